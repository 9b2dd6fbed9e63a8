//! Go: robfig/cron and gocron.

use super::calls::{Call, Known, known, last_name, number, text};
use super::dialect::Dialect;
use super::lex::{Language, Placed, Token};
use super::program::{Program, Runs, Task, When};
use crate::contents::File;
use crate::findings::Gathered;

/// Adds the jobs of a file.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let is_robfig = file.text.contains("robfig/cron");
    let is_gocron = file.text.contains("gocron");
    if !is_robfig && !is_gocron {
        return;
    }
    let mut program = Program::new(file, Language::Go);
    // Before its third version the first field was the seconds.
    let has_seconds = file.text.contains("WithSeconds()")
        || file.text.contains("cron.Second |")
        || file.text.contains("cron.SecondOptional")
        || (is_robfig && !file.text.contains("robfig/cron/v3") && !file.text.contains("NewWithParser"));
    let dialect = if has_seconds { Dialect::RobfigSeconds } else { Dialect::Robfig };
    for at in 1..program.all.len() {
        let before = at.saturating_sub(1);
        let Some([(_, Token::Sign('.')), (_, Token::Word(word)), (_, Token::Sign('(')), ..]) =
            program.all.get(before..)
        else {
            continue;
        };
        let word = *word;
        let call = Call::read(&program.all, at.saturating_add(2));
        let found = match word {
            "AddFunc" | "AddJob" if is_robfig => call.positional(0).map(|spec| {
                let name = call.positional(1).and_then(name_of);
                (cron(&program.all, spec, dialect), name.map(str::to_owned))
            }),
            "CronJob" | "Cron" | "CronWithSeconds" if is_gocron => call.positional(0).map(|spec| {
                let is_seconds = word == "CronWithSeconds"
                    || matches!(call.positional(1), Some([(_, Token::Word("true"))]));
                let dialect = if is_seconds { Dialect::RobfigSeconds } else { Dialect::Robfig };
                (cron(&program.all, spec, dialect), done(&program.all, call.end))
            }),
            "Every" if is_gocron => every(&program.all, &call),
            "DurationJob" if is_gocron => call.positional(0).map(|span| {
                let words = duration(span).map_or(When::Computed, When::Every);
                (words, done(&program.all, call.end))
            }),
            _ => None,
        };
        let Some((when, name)) = found else { continue };
        // A text that is no schedule is another's call of this name.
        if matches!(&when, When::Fields { text, .. } if !looks_like_spec(text)) {
            continue;
        }
        let name = name.unwrap_or_default();
        let reader = if is_robfig { "robfig/cron" } else { "gocron" };
        program.add(Task { at, name: &name, reader, when, runs: Runs::WithItsFile }, gathered);
    }
}

fn looks_like_spec(text: &str) -> bool {
    text.starts_with('@') || text.contains('*') || text.split_ascii_whitespace().count() >= 5
}

/// A spec, with `CRON_TZ=…` before it if one likes.
fn cron(all: &[Placed<'_>], spec: &[Placed<'_>], dialect: Dialect) -> When {
    let text = match known(all, spec) {
        Some(Known::Text(text) | Known::ByDefault(text)) => text,
        None => return When::Computed,
    };
    let with_zone = text.strip_prefix("CRON_TZ=").or(text.strip_prefix("TZ="));
    let (zone, text) = with_zone.and_then(|rest| rest.split_once(' ')).unwrap_or(("local", text));
    When::Fields { text: text.to_owned(), zone: zone.to_owned(), dialect }
}

/// The function that is run, where it has a name.
fn name_of<'t>(argument: &[Placed<'t>]) -> Option<&'t str> {
    match argument {
        [(_, Token::Word("func")), ..] => None,
        _ => last_name(argument),
    }
}

/// The function of the `Do(…)` or the `NewTask(…)` behind a place.
fn done(all: &[Placed<'_>], end: usize) -> Option<String> {
    let rest = all.get(end..)?;
    let at = rest.iter().take(40).position(|(_, token)| matches!(token, Token::Word("Do" | "NewTask")))?;
    let call = Call::read(rest, at.saturating_add(2));
    call.positional(0).and_then(name_of).map(str::to_owned)
}

/// `Every(5).Minutes().Do(task)`, `Every(1).Day().At("10:30").Do(task)`, `Every("5m")`.
fn every(all: &[Placed<'_>], call: &Call<'_, '_>) -> Option<(When, Option<String>)> {
    let name = done(all, call.end)?;
    let count = call.positional(0)?;
    if let Some(span) = text(count).map(str::to_owned).or_else(|| duration(count)) {
        return Some((When::Every(span), Some(name)));
    }
    let count = number(count);
    let (unit, moment) = match all.get(call.end..)? {
        [
            (_, Token::Sign('.')),
            (_, Token::Word(unit)),
            (_, Token::Sign('(')),
            (_, Token::Sign(')')),
            rest @ ..,
        ] => match rest {
            [
                (_, Token::Sign('.')),
                (_, Token::Word("At")),
                (_, Token::Sign('(')),
                (_, Token::Text(moment)),
                ..,
            ] => (*unit, Some(*moment)),
            _ => (*unit, None),
        },
        _ => return None,
    };
    let when = match (count, moment) {
        (Some(1), Some(moment)) => super::spans::python_schedule(&unit.to_ascii_lowercase(), moment, "local"),
        (Some(count), None) => When::Every(format!("{count} {}", unit.to_ascii_lowercase())),
        (Some(count), Some(moment)) => When::Beyond(format!("every {count} {unit} at {moment}")),
        (None, _) => When::Computed,
    };
    Some((when, Some(name)))
}

/// `10 * time.Second`, `time.Hour`.
fn duration(argument: &[Placed<'_>]) -> Option<String> {
    let words: Vec<&str> = argument
        .iter()
        .filter_map(|(_, token)| match token {
            Token::Number(text) | Token::Word(text) if *text != "time" => Some(*text),
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => None,
        })
        .collect();
    let unit = words.iter().find(|word| matches!(**word, "Second" | "Minute" | "Hour" | "Millisecond"))?;
    let count =
        words.iter().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).copied().unwrap_or("1");
    (words.len() <= 2).then(|| format!("{count} {}", unit.to_ascii_lowercase()))
}
