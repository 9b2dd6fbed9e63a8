//! Go: robfig/cron and gocron.

use super::calls::{Call, Known, known, last_name, number, stands, text};
use super::dialect::Dialect;
use super::lex::{Language, Placed, Token};
use super::program::{Program, Runs, Task, When};
use super::zones::Zone;
use crate::contents::File;
use crate::findings::Gathered;

mod schedulers;

use schedulers::Schedulers;

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
    let is_old = is_robfig && !file.text.contains("robfig/cron/v3");
    let schedulers = Schedulers::of(&program.all, dialect, if is_old { dialect } else { Dialect::Robfig });
    for at in 1..program.all.len() {
        let before = at.saturating_sub(1);
        let Some([(_, Token::Sign('.')), (_, Token::Word(word)), (_, Token::Sign('(')), ..]) =
            program.all.get(before..)
        else {
            continue;
        };
        let word = *word;
        let call = Call::read(&program.all, at.saturating_add(2));
        let (dialect, zone) = schedulers.of_call(&program.all, at);
        let found = match word {
            "AddFunc" | "AddJob" if is_robfig => call.positional(0).map(|spec| {
                let name = call.positional(1).and_then(name_of);
                (cron(&program.all, spec, (dialect, &zone)), name.map(str::to_owned))
            }),
            "CronJob" | "Cron" | "CronWithSeconds" if is_gocron => call.positional(0).map(|spec| {
                let is_seconds = word == "CronWithSeconds"
                    || matches!(call.positional(1), Some([(_, Token::Word("true"))]));
                let dialect = if is_seconds { Dialect::RobfigSeconds } else { Dialect::Robfig };
                (cron(&program.all, spec, (dialect, &zone)), done(&program.all, call.end))
            }),
            "Every" if is_gocron => every(&program.all, &call, &zone),
            "DailyJob" | "WeeklyJob" | "MonthlyJob" if is_gocron => {
                Some((calendar(word, &call, &zone), done(&program.all, call.end)))
            }
            "DurationJob" if is_gocron => call.positional(0).map(|span| {
                let words = duration(span).map_or(When::Computed, When::Every);
                (words, done(&program.all, call.end))
            }),
            _ => None,
        };
        let Some((when, name)) = found else { continue };
        // A text that is no schedule is another's call of this name.
        if matches!(&when, When::Fields { text, .. } | When::Zoneless(text, _) if !looks_like_spec(text)) {
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
fn cron(all: &[Placed<'_>], spec: &[Placed<'_>], (dialect, zone): (Dialect, &Zone)) -> When {
    let text = match known(all, spec) {
        Some(Known::Text(text) | Known::ByDefault(text)) => text,
        None => return When::Computed,
    };
    let with_zone = text.strip_prefix("CRON_TZ=").or(text.strip_prefix("TZ="));
    match with_zone.and_then(|rest| rest.split_once(' ')) {
        Some((zone, text)) => When::Fields { text: text.to_owned(), zone: zone.to_owned(), dialect },
        None => zone.when(text, dialect),
    }
}

/// gocron's `DailyJob(1, NewAtTimes(NewAtTime(10, 30, 0)))` and `WeeklyJob(1, NewWeekdays(time.Monday), …)`.
fn calendar(word: &str, call: &Call<'_, '_>, zone: &Zone) -> When {
    let tokens: Vec<Placed<'_>> =
        call.arguments().iter().flat_map(|argument| argument.iter().cloned()).collect();
    let times: Option<Vec<(u32, u32)>> = (0..tokens.len())
        .filter(|at| stands(&tokens, *at, &["NewAtTime", "("]))
        .map(|at| {
            let made = Call::read(&tokens, at.saturating_add(2));
            let part = |place: usize| u32::try_from(made.positional(place).and_then(number)?).ok();
            Some((part(0)?, part(1)?))
        })
        .collect();
    let days: Vec<String> = tokens
        .iter()
        .filter_map(|(_, token)| match token {
            Token::Word(day) if day.ends_with("day") => super::spans::weekdays(day),
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => None,
        })
        .collect();
    let (unit, days) = match (word, days.is_empty()) {
        ("DailyJob", _) => ("days", "* * *".to_owned()),
        ("WeeklyJob", false) => ("weeks", format!("* * {}", days.join(","))),
        (_, _) => return When::Computed,
    };
    match (call.positional(0).and_then(number), times, zone.name()) {
        (Some(1), Some(times), Some(zone)) if !times.is_empty() => {
            super::spans::at_times(&times, &days, zone)
        }
        (Some(count), _, _) if count > 1 => When::Every(format!("{count} {unit}")),
        (_, _, _) => When::Computed,
    }
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
fn every(all: &[Placed<'_>], call: &Call<'_, '_>, zone: &Zone) -> Option<(When, Option<String>)> {
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
        (Some(1), Some(moment)) => zone.name().map_or(When::Computed, |zone| {
            super::spans::python_schedule(&unit.to_ascii_lowercase(), moment, zone)
        }),
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
