//! Java, Kotlin and C#: Spring's, Quarkus' and Micronaut's `@Scheduled`, Quartz, Hangfire, Azure's timers.

use std::cell::Cell;

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Domain;

use super::calls::{Call, Known, known, last_name, named, number, text};
use super::dialect::Dialect;
use super::lex::{Language, Placed, Token};
use super::program::{Program, Runs, Task, When};
use crate::contents::{File, is_aside};
use crate::files;
use crate::findings::Gathered;
use crate::registry::Repository;
use crate::walk::Nature;

/// Longest way from an annotation to the method below it, in tokens.
const MAX_ANNOTATIONS: usize = 200;

/// Words without which a file has no schedule.
const WORDS: [&str; 6] =
    ["@Scheduled", "cronSchedule", "CronSchedule", "TimerTrigger", "RecurringJob", "@CronTrigger"];

/// Adds the tasks of every program. Spring's begin only where something of the repository says so.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    let mut spring: Vec<Gathered> = Vec::new();
    let mut is_enabled = false;
    for entry in repository.entries {
        let is_program = [".java", ".kt", ".cs"].iter().any(|ending| entry.path.ends_with(ending));
        if !is_program || entry.nature != Nature::File || is_aside(&entry.path) {
            continue;
        }
        let Ok(text) = files::read(repository.root, &entry.path) else { continue };
        is_enabled = is_enabled || text.contains("@EnableScheduling");
        if !WORDS.iter().any(|word| text.contains(word)) {
            continue;
        }
        let file = File { repository, path: &entry.path, text: &text, tasks: Cell::new(0) };
        if text.contains("org.springframework.scheduling") {
            let mut apart = Gathered::default();
            apart.automations.clone_from(&gathered.automations);
            let known = apart.automations.len();
            read(&file, &mut apart);
            apart.automations.drain(..known.min(apart.automations.len()));
            spring.push(apart);
        } else {
            read(&file, gathered);
        }
    }
    for apart in spring {
        add_spring(apart, is_enabled, gathered);
    }
}

fn add_spring(mut apart: Gathered, is_enabled: bool, gathered: &mut Gathered) {
    for mut automation in apart.automations.drain(..) {
        if !is_enabled {
            let message = "nothing in the repository has @EnableScheduling: Spring passes over @Scheduled";
            let source = automation.source.clone();
            let fix = "Put @EnableScheduling on a configuration of the application.";
            let rule = "script-not-enabled";
            gathered.find(crate::findings::finding(
                rule,
                Severity::Error,
                &source.path,
                source.line,
                message,
                fix,
            ));
            if automation.state > Standing::Declared {
                automation.state = Standing::Loadable;
                message.clone_into(&mut automation.reason);
            }
        }
        gathered.automation(automation);
    }
    for found in apart.into_inventory().findings {
        gathered.find(found);
    }
}

fn read(file: &File<'_>, gathered: &mut Gathered) {
    let mut program = Program::new(file, Language::Java);
    for at in 0..program.all.len() {
        let Some([(_, Token::Word(word)), (_, Token::Sign('(')), ..]) = program.all.get(at..) else {
            continue;
        };
        let word = *word;
        let before = at.checked_sub(1).and_then(|before| program.all.get(before)).map(|(_, token)| token);
        let call = Call::read(&program.all, at.saturating_add(2));
        let one = match (word, before) {
            ("Scheduled", Some(Token::Sign('@'))) => scheduled(file, &program.all, &call),
            ("cronSchedule" | "WithCronSchedule" | "CronTrigger", Some(Token::Sign('.' | '@'))) => {
                let cron =
                    call.positional(0).map(|cron| expression(&program.all, cron, "local", Dialect::Quartz));
                cron.map(|when| (when, "Quartz", Runs::WithItsFile))
            }
            ("TimerTrigger", Some(Token::Sign('[' | ',' | '@'))) => {
                let cron = call.positional(0).or(call.named("schedule"));
                let when = cron.map(|cron| expression(&program.all, cron, "UTC", Dialect::Ncrontab));
                when.map(|when| (when, "Azure", Runs::Deployed(Domain::Elsewhere)))
            }
            ("AddOrUpdate", Some(_)) if file.text.contains("RecurringJob") => {
                hangfire(&call).map(|when| (when, "Hangfire", Runs::WithItsFile))
            }
            _ => None,
        };
        let Some((when, reader, runs)) = one else { continue };
        let id = if reader == "Hangfire" { call.positional(0).and_then(text) } else { None };
        let name = id.or(method(&program.all, call.end)).unwrap_or_default();
        program.add(Task { at, name, reader, when, runs }, gathered);
    }
}

/// `@Scheduled` with a cron, a rate or a delay.
fn scheduled(file: &File<'_>, all: &[Placed<'_>], call: &Call<'_, '_>) -> Option<(When, &'static str, Runs)> {
    let is_spring = file.text.contains("org.springframework");
    let is_quarkus = file.text.contains("io.quarkus");
    let zone = call.named("zone").or(call.named("timeZone")).and_then(text).unwrap_or("local");
    let when = if let Some(cron) = call.named("cron") {
        let dialect = if is_quarkus { Dialect::Quartz } else { Dialect::Spring };
        let plain =
            text(cron).filter(|text| text.split_ascii_whitespace().count() == 5 && !is_spring && !is_quarkus);
        match (text(cron).map(str::trim), plain) {
            // Spring's and Quarkus' words for one that is switched off.
            (Some("-" | "off" | "disabled"), _) => return None,
            // Micronaut takes five fields as well.
            (_, Some(five)) => When::cron(five, zone),
            (_, None) => expression(all, cron, zone, dialect),
        }
    } else {
        let spans = ["fixedRate", "fixedDelay", "fixedRateString", "fixedDelayString", "every", "delay"];
        let value = spans.iter().find_map(|name| call.named(name))?;
        let unit = call.named("timeUnit").and_then(last_name).map(str::to_ascii_lowercase);
        match (number(value), text(value)) {
            (Some(count), _) => counted(count, unit.as_deref()),
            (None, Some(text)) => span(text, unit.as_deref()),
            (None, None) => When::Computed,
        }
    };
    Some((when, "the program", Runs::WithItsFile))
}

/// A number of the unit that is given, else of milliseconds.
fn counted(count: u64, unit: Option<&str>) -> When {
    match unit {
        None | Some("milliseconds") if count.is_multiple_of(1_000) => {
            When::Every(format!("{}s", count / 1_000))
        }
        None => When::Every(format!("{count}ms")),
        Some(unit) => When::Every(format!("{count} {unit}")),
    }
}

/// `60000`, `PT5M`, `10s`. `${name:default}` is the default.
fn span(text: &str, unit: Option<&str>) -> When {
    match property(text) {
        Some(Some(default)) => When::ByDefault(Box::new(span_of(default, unit))),
        Some(None) => When::Computed,
        None => span_of(text, unit),
    }
}

fn span_of(text: &str, unit: Option<&str>) -> When {
    match text.trim().parse() {
        Ok(count) => counted(count, unit),
        Err(_) if text.contains(['$', '{', '#']) => When::Computed,
        Err(_) => When::Every(text.trim().to_owned()),
    }
}

/// The default of `${name:default}`, where it has one. `None` for what is no property.
#[allow(clippy::option_option, reason = "a text may be no property, and a property without a default")]
fn property(text: &str) -> Option<Option<&str>> {
    let property = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    Some(property.split_once(':').map(|(_, default)| default).filter(|default| !default.contains('$')))
}

/// A text of fields. `${name:default}` is the default.
fn expression(all: &[Placed<'_>], cron: &[Placed<'_>], zone: &str, dialect: Dialect) -> When {
    let (text, is_default) = match known(all, cron) {
        Some(Known::Text(text)) => (text, false),
        Some(Known::ByDefault(text)) => (text, true),
        None => return When::Computed,
    };
    let fields = |text: &str| When::Fields { text: text.to_owned(), zone: zone.to_owned(), dialect };
    match property(text) {
        // By default it is off.
        Some(Some("-" | "off" | "disabled") | None) => When::Computed,
        Some(Some(default)) => When::ByDefault(Box::new(fields(default))),
        None if text.contains("#{") || text.contains("${") || text.contains('%') || text.starts_with('{') => {
            When::Computed
        }
        None if is_default => When::ByDefault(Box::new(fields(text))),
        None => fields(text),
    }
}

/// `RecurringJob.AddOrUpdate("id", () => …, Cron.Daily)`, or with a text.
fn hangfire(call: &Call<'_, '_>) -> Option<When> {
    let arguments = call.arguments();
    let fields = |text: &&str| text.split_ascii_whitespace().count() == 5;
    if let Some(text) = arguments.iter().skip(1).filter_map(|one| text(one)).find(fields) {
        return Some(When::cron(text, "UTC"));
    }
    let named = arguments.iter().find_map(|argument| match argument {
        [(_, Token::Word("Cron")), (_, Token::Sign('.')), (_, Token::Word(name)), rest @ ..] => {
            Some((*name, *argument, rest))
        }
        _ => None,
    });
    let Some((name, _, rest)) = named else {
        return arguments.get(2).map(|_| When::Computed);
    };
    let made = Call::read(rest, 1);
    let numbers: Vec<u64> = made.arguments().iter().filter_map(|one| number(one)).collect();
    if numbers.len() != made.arguments().len() || made.arguments().iter().any(|one| named_anyhow(one)) {
        return Some(When::Computed);
    }
    let at = |place: usize| numbers.get(place).copied().unwrap_or(0);
    Some(match name {
        "Minutely" => When::cron("* * * * *", "UTC"),
        "Hourly" => When::cron(format!("{} * * * *", at(0)), "UTC"),
        "Daily" => When::cron(format!("{} {} * * *", at(1), at(0)), "UTC"),
        "Weekly" if numbers.is_empty() => When::cron("0 0 * * 1", "UTC"),
        "Monthly" if numbers.is_empty() => When::cron("0 0 1 * *", "UTC"),
        "Yearly" if numbers.is_empty() => When::cron("0 0 1 1 *", "UTC"),
        "Never" => return None,
        _ => When::Computed,
    })
}

fn named_anyhow(argument: &[Placed<'_>]) -> bool {
    named(argument).is_some()
}

/// The method below an annotation that ends at a place: the first name before a parenthesis that is no annotation.
fn method<'t>(all: &[Placed<'t>], end: usize) -> Option<&'t str> {
    let rest = all.get(end..)?;
    let mut before = None;
    for (at, (_, token)) in rest.iter().take(MAX_ANNOTATIONS).enumerate() {
        match token {
            Token::Sign('{' | ';') => return None,
            Token::Word(name) => {
                let calls = rest.get(at.saturating_add(1)).map(|(_, token)| token) == Some(&Token::Sign('('));
                let is_annotation = matches!(before, Some(Token::Sign('@' | '[')));
                if calls && !is_annotation {
                    return Some(name);
                }
            }
            Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        before = Some(token.clone());
    }
    None
}
