//! Other libraries of Python whose schedules stand in one call each.

use standin_core::ident::Domain;

use super::super::calls::{Call, text};
use super::super::dialect::Dialect;
use super::super::lex::Token;
use super::super::numbers::Constants;
use super::super::program::{Program, Runs, Task, When};
use super::super::spans;
use super::super::zones::Zone;
use super::{decorated, imports, span, spelled, zone_of};
use crate::findings::Gathered;

/// A call with a schedule in it.
struct Keyed {
    /// What the file has to name.
    module: &'static str,
    call: &'static str,
    /// The argument: by its name, else the first.
    argument: &'static str,
    dialect: Dialect,
    host: Host,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    File,
    Cloud,
    /// A service that has to be told of the program, in these words.
    Service(&'static str),
}

const CALLS: [Keyed; 12] = [
    Keyed {
        module: "azure",
        call: "timer_trigger",
        argument: "schedule",
        dialect: Dialect::Ncrontab,
        host: Host::Cloud,
    },
    Keyed {
        module: "azure",
        call: "schedule",
        argument: "schedule",
        dialect: Dialect::Ncrontab,
        host: Host::Cloud,
    },
    Keyed {
        module: "firebase",
        call: "on_schedule",
        argument: "schedule",
        dialect: Dialect::Vixie,
        host: Host::Cloud,
    },
    Keyed { module: "chalice", call: "Cron", argument: "", dialect: Dialect::Vixie, host: Host::File },
    Keyed { module: "modal", call: "Cron", argument: "", dialect: Dialect::Vixie, host: Host::Cloud },
    Keyed {
        module: "dagster",
        call: "ScheduleDefinition",
        argument: "cron_schedule",
        dialect: Dialect::Vixie,
        host: Host::Service(
            "Dagster's daemon starts it once the schedule is switched on, and nothing here says that it is",
        ),
    },
    Keyed {
        module: "dagster",
        call: "schedule",
        argument: "cron_schedule",
        dialect: Dialect::Vixie,
        host: Host::Service(
            "Dagster's daemon starts it once the schedule is switched on, and nothing here says that it is",
        ),
    },
    Keyed { module: "prefect", call: "serve", argument: "cron", dialect: Dialect::Vixie, host: Host::File },
    Keyed {
        module: "prefect",
        call: "deploy",
        argument: "cron",
        dialect: Dialect::Vixie,
        host: Host::Service("Prefect starts it once this program has deployed it"),
    },
    Keyed {
        module: "prefect",
        call: "CronSchedule",
        argument: "cron",
        dialect: Dialect::Vixie,
        host: Host::Service("Prefect starts it once this program has deployed it"),
    },
    Keyed {
        module: "rq_scheduler",
        call: "cron",
        argument: "cron_string",
        dialect: Dialect::Vixie,
        host: Host::Service("RQ's scheduler starts it once this program has told it to"),
    },
    Keyed { module: "aiocron", call: "crontab", argument: "", dialect: Dialect::Vixie, host: Host::File },
];

/// Adds the schedules of a file.
pub(super) fn read(program: &mut Program<'_>, gathered: &mut Gathered) {
    let file_text = program.file.text;
    if file_text.contains("schedule") && imports(&program.all).contains("schedule") {
        spelled::read(program, gathered);
    }
    for at in 0..program.all.len() {
        let Some([(_, Token::Word(word)), next, ..]) = program.all.get(at..) else { continue };
        let word = *word;
        match &next.1 {
            Token::Sign('(') => {}
            Token::Sign('=') if word == "CRONJOBS" => {
                django_crontab(program, at, gathered);
                continue;
            }
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => continue,
        }
        let known = CALLS.iter().find(|one| one.call == word && file_text.contains(one.module));
        let before = at.checked_sub(1).and_then(|before| program.all.get(before)).map(|(_, token)| token);
        let two_before = at.checked_sub(2).and_then(|before| program.all.get(before)).map(|(_, token)| token);
        if before == Some(&Token::Word("def")) || before == Some(&Token::Word("class")) {
            continue;
        }
        if let Some(known) = known {
            call(program, (at, known), gathered);
        } else if word == "loop" && two_before == Some(&Token::Word("tasks")) && file_text.contains("discord")
            || word == "repeat_every"
        {
            every(program, at, gathered);
        }
    }
}

fn call(program: &mut Program<'_>, (at, known): (usize, &Keyed), gathered: &mut Gathered) {
    let call = Call::read(&program.all, at.saturating_add(2));
    let value = call.named(known.argument).or(if known.argument.is_empty() || known.call == "on_schedule" {
        call.positional(0)
    } else {
        None
    });
    let Some(value) = value else { return };
    let zone = zone_of(&program.all, &call).unwrap_or_else(|| Zone::Named("UTC".to_owned()));
    let when = match text(value) {
        Some(text) if known.call == "on_schedule" => match &zone {
            Zone::Named(zone) | Zone::ByDefault(zone) => spans::appengine(text, zone),
            Zone::Local | Zone::Computed => When::Computed,
        },
        Some(text) if text.starts_with('%') => When::Computed,
        Some(text) => zone.when(text, known.dialect),
        // Several, or a calculation.
        None => When::Computed,
    };
    let name = call.named("name").and_then(text).or(decorated(&program.all, call.end)).unwrap_or_default();
    let runs = match known.host {
        Host::File => Runs::WithItsFile,
        Host::Cloud => Runs::Deployed(Domain::Elsewhere),
        Host::Service(why) => Runs::Nowhere(why.to_owned()),
    };
    program.add(Task { at, name, reader: known.module, when, runs }, gathered);
}

/// `@tasks.loop(minutes=5)` of discord.py, `@repeat_every(seconds=60)` of FastAPI.
fn every(program: &mut Program<'_>, at: usize, gathered: &mut Gathered) {
    let call = Call::read(&program.all, at.saturating_add(2));
    // Only what is not spelled out has to be looked up.
    let none = Constants::new(&[]);
    let when = match span(&call, &none).or_else(|| span(&call, &Constants::new(&program.all))) {
        Some(span) => When::Every(span),
        None if call.named("time").is_some() || !call.arguments().is_empty() => When::Computed,
        None => return,
    };
    let name = decorated(&program.all, call.end).unwrap_or_default();
    program.add(Task { at, name, reader: "the program", when, runs: Runs::WithItsFile }, gathered);
}

/// `CRONJOBS = [('*/5 * * * *', 'app.cron.job'), …]` of django-crontab.
fn django_crontab(program: &mut Program<'_>, at: usize, gathered: &mut Gathered) {
    let list = Call::read(&program.all, at.saturating_add(3));
    let jobs: Vec<(usize, String, String)> = list
        .arguments()
        .iter()
        .filter_map(|job| match job {
            [
                (_, Token::Sign('(' | '[')),
                (offset, Token::Text(time)),
                (_, Token::Sign(',')),
                (_, Token::Text(run)),
                ..,
            ] => {
                let place = program.all.iter().position(|(known, _)| known == offset)?;
                Some((place, (*time).to_owned(), (*run).to_owned()))
            }
            _ => None,
        })
        .collect();
    for (at, time, run) in jobs {
        let name = run.rsplit('.').next().unwrap_or(&run).to_owned();
        let runs = Runs::Nowhere("cron runs it once `manage.py crontab add` has put it there".to_owned());
        let when = When::cron(time, "local");
        program.add(Task { at, name: &name, reader: "django-crontab", when, runs }, gathered);
    }
}
