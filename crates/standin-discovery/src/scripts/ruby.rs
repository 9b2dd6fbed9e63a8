//! Ruby: whenever's `config/schedule.rb`, Clockwork, rufus-scheduler, and crons that are handed to Sidekiq or GoodJob.

use super::calls::{named, text};
use super::lex::{Language, Placed, Token};
use super::program::{Program, Runs, Task, When};
use super::spans::{at_times, time_of_day, weekdays};
use crate::contents::File;
use crate::findings::Gathered;

const WHENEVER: &str =
    "cron runs it once `whenever --update-crontab` has put it there, and nothing here says that it has";
const WORKERS: &str =
    "it lives only while the workers of this program run, and nothing here says what runs them";

/// Longest way from `every … do` to what runs, in tokens.
const MAX_BLOCK: usize = 60;

/// Adds the tasks of a file.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let is_whenever = file.path.ends_with("config/schedule.rb") || file.path == "schedule.rb";
    let is_clock = file.text.contains("Clockwork") || file.text.contains("clockwork");
    let is_rufus = file.text.contains("rufus-scheduler") || file.text.contains("Rufus::Scheduler");
    let has_jobs = ["Sidekiq::Cron", "good_job", "Resque.schedule", "Sidekiq.schedule"]
        .iter()
        .any(|word| file.text.contains(word));
    if !(is_whenever || is_clock || is_rufus || has_jobs) {
        return;
    }
    let mut program = Program::new(file, Language::Ruby);
    for at in 0..program.all.len() {
        let Some((_, Token::Word(word))) = program.all.get(at) else { continue };
        let found = match *word {
            "every" if is_whenever || is_clock || is_rufus => {
                every(&program.all, at, is_whenever).map(|(name, when)| {
                    let runs =
                        if is_whenever { Runs::Nowhere(WHENEVER.to_owned()) } else { Runs::WithItsFile };
                    (name, when, runs)
                })
            }
            "cron" if is_rufus => rufus(&program.all, at).map(|(name, when)| (name, when, Runs::WithItsFile)),
            "cron" if has_jobs => {
                keyed(&program.all, at).map(|(name, when)| (name, when, Runs::Nowhere(WORKERS.to_owned())))
            }
            _ => None,
        };
        let Some((name, when, runs)) = found else { continue };
        program.add(Task { at, name: &name, reader: "the program", when, runs }, gathered);
    }
}

/// The arguments of `every 1.day, at: '4:30 am' do`, with or without parentheses.
fn every(all: &[Placed<'_>], at: usize, is_whenever: bool) -> Option<(String, When)> {
    let mut start = at.saturating_add(1);
    if matches!(all.get(start), Some((_, Token::Sign('(')))) {
        start = start.saturating_add(1);
    }
    let rest = all.get(start..)?;
    let end = rest
        .iter()
        .take(MAX_BLOCK)
        .position(|(_, token)| matches!(token, Token::Word("do") | Token::Sign('{')));
    let end = end.or(rest.iter().take(MAX_BLOCK).position(|(_, token)| *token == Token::Sign(')')))?;
    let mut head = rest.get(..end)?;
    if let [inner @ .., (_, Token::Sign(')'))] = head {
        head = inner;
    }
    let arguments = arguments(head);
    let (first, others) = arguments.split_first()?;
    let moment =
        others.iter().filter_map(|one| named(one)).find(|(name, _)| *name == "at").map(|(_, value)| value);
    let zone = others
        .iter()
        .filter_map(|one| named(one))
        .find(|(name, _)| *name == "tz")
        .and_then(|(_, value)| text(value));
    let given = others.iter().find_map(|argument| text(argument)).map(str::to_owned);
    let name = given.or_else(|| runs(all, start.saturating_add(end))).unwrap_or_default();
    let when = when(first, moment, zone.unwrap_or("local"), is_whenever);
    Some((name, when))
}

/// What stands between the commas that are in no brackets.
fn arguments<'a, 't>(head: &'a [Placed<'t>]) -> Vec<&'a [Placed<'t>]> {
    let (mut depth, mut from) = (0_usize, 0_usize);
    let mut all = Vec::new();
    for (at, (_, token)) in head.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 0 => {
                all.extend(head.get(from..at));
                from = at.saturating_add(1);
            }
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
    }
    all.extend(head.get(from..));
    all.retain(|argument| !argument.is_empty());
    all
}

/// What the block runs: the text behind `rake`, `runner`, `command` or `script`.
fn runs(all: &[Placed<'_>], block: usize) -> Option<String> {
    let rest = all.get(block..)?;
    let inner = rest.iter().take(MAX_BLOCK).collect::<Vec<_>>();
    let end =
        inner.iter().skip(1).position(|(_, token)| *token == Token::Word("every")).unwrap_or(inner.len());
    let text = inner.windows(2).take(end).find_map(|two| match two {
        [(_, Token::Word(_)), (_, Token::Text(text))] => Some(*text),
        _ => None,
    })?;
    let short = text.split([' ', '(', '#']).next().unwrap_or(text);
    Some(short.trim_end_matches('.').to_owned())
}

fn when(first: &[Placed<'_>], moment: Option<&[Placed<'_>]>, zone: &str, is_whenever: bool) -> When {
    let moments = match moment.map(moments) {
        None => Vec::new(),
        Some(Some(texts)) => texts,
        Some(None) => return When::Computed,
    };
    let unread = || When::Unread(format!("at {}", moments.join(", ")));
    let mut times = Vec::new();
    let mut days_of_moments = None;
    for text in &moments {
        // Clockwork's day of the week, and its every hour.
        let (day, time) = match text.split_once(' ').map(|(day, time)| (weekdays(day), time)) {
            Some((Some(day), time)) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                (Some(day), time)
            }
            Some(_) | None => (None, text.as_str()),
        };
        if let Some(minute) = time.strip_prefix("**:").and_then(|minute| minute.parse::<u32>().ok()) {
            return When::cron(format!("{minute} * * * *"), zone);
        }
        let time = time.strip_prefix("start of the month at ").unwrap_or(time);
        let Some(time) = time_of_day(time) else { return unread() };
        times.push(time);
        if let Some(day) = day {
            match &days_of_moments {
                Some(known) if *known != day => return unread(),
                Some(_) | None => days_of_moments = Some(day),
            }
        }
    }
    let has_time = !times.is_empty();
    if times.is_empty() {
        times.push((0, 0));
    }
    if let Some(days) = days_of_moments {
        return at_times(&times, &format!("* * {days}"), zone);
    }
    let daily = |days: &str| at_times(&times, days, zone);
    match first {
        [(_, Token::Text(fields))] if fields.split_ascii_whitespace().count() == 5 => {
            When::cron(*fields, zone)
        }
        [(_, Token::Text(span))] => When::Every((*span).to_owned()),
        [(_, Token::Sign(':')), (_, Token::Word(name))] => match *name {
            "minute" => When::cron("* * * * *", zone),
            "hour" => When::cron("0 * * * *", zone),
            "day" => daily("* * *"),
            "weekday" => daily("* * 1-5"),
            "weekend" => daily("* * 6,0"),
            "week" => daily("* * 0"),
            "month" => daily("1 * *"),
            "year" => daily("1 1 *"),
            "reboot" => When::Every("reboot".to_owned()),
            other => match weekdays(other) {
                Some(day) => daily(&format!("* * {day}")),
                None => When::Unread(other.to_owned()),
            },
        },
        // `[:monday, :wednesday]`.
        [(_, Token::Sign('[')), inner @ .., (_, Token::Sign(']'))] => {
            let names: Vec<&str> = inner
                .iter()
                .filter_map(|(_, token)| if let Token::Word(name) = token { Some(*name) } else { None })
                .collect();
            weekdays(&names.join(",")).map_or(When::Computed, |days| daily(&format!("* * {days}")))
        }
        [(_, Token::Number(count)), rest @ ..] => {
            let unit = rest
                .iter()
                .find_map(|(_, token)| if let Token::Word(word) = token { Some(*word) } else { None });
            // The lexer takes `1.` for a number.
            span(count.trim_end_matches('.'), unit, is_whenever, has_time).map_or(When::Computed, |span| {
                match span {
                    Span::Days(days) => daily(&days),
                    Span::Fields(fields) => When::cron(fields, zone),
                    Span::Words(words) => When::Every(words),
                }
            })
        }
        _ => When::Computed,
    }
}

/// The texts of `at:`: one, a list of them, or several in one text.
fn moments(value: &[Placed<'_>]) -> Option<Vec<String>> {
    let texts: Vec<&str> = match value {
        [(_, Token::Sign('[')), inner @ .., (_, Token::Sign(']'))] => {
            let parts = inner.split(|(_, token)| *token == Token::Sign(',')).filter(|part| !part.is_empty());
            parts.map(text).collect::<Option<_>>()?
        }
        one => vec![text(one)?],
    };
    Some(texts.iter().flat_map(|text| text.split(',')).map(|text| text.trim().to_owned()).collect())
}

enum Span {
    /// On these days, at the times that stand beside it.
    Days(String),
    Fields(String),
    Words(String),
}

/// `1.day`, `10.minutes`: whenever writes these as lines of a crontab.
fn span(count: &str, unit: Option<&str>, is_whenever: bool, has_time: bool) -> Option<Span> {
    let (count, unit) = match (count.split_once('.'), unit) {
        (Some((count, unit)), None) => (count, unit),
        (_, Some(unit)) => (count, unit),
        (None, None) => return None,
    };
    let number: u32 = count.parse().ok()?;
    let words = Span::Words(format!("{number} {unit}"));
    Some(match (number, unit.trim_end_matches('s')) {
        (1, "day") if has_time || is_whenever => Span::Days("* * *".to_owned()),
        (1, "week") if is_whenever => Span::Days("* * 0".to_owned()),
        (1, "month") if is_whenever => Span::Days("1 * *".to_owned()),
        (1, "year") if is_whenever => Span::Days("1 1 *".to_owned()),
        (1, "minute") if is_whenever => Span::Fields("* * * * *".to_owned()),
        (1, "hour") if is_whenever => Span::Fields("0 * * * *".to_owned()),
        (number @ 2..=30, "minute") if is_whenever && 60 % number == 0 => {
            Span::Fields(format!("*/{number} * * * *"))
        }
        (number @ 2..=12, "hour") if is_whenever && 24 % number == 0 => {
            Span::Fields(format!("0 */{number} * * *"))
        }
        (_, _) => words,
    })
}

/// `scheduler.cron '5 0 * * *' do`.
fn rufus(all: &[Placed<'_>], at: usize) -> Option<(String, When)> {
    match all.get(at.saturating_add(1)..)? {
        [(_, Token::Text(fields)), ..] | [(_, Token::Sign('(')), (_, Token::Text(fields)), ..] => {
            Some((String::new(), When::cron(*fields, "local")))
        }
        _ => None,
    }
}

/// `cron: '…'`, `'cron' => '…'` of a job that is a map; its name is that of the nearest `name:` or `class:`.
fn keyed(all: &[Placed<'_>], at: usize) -> Option<(String, When)> {
    let fields = match all.get(at.saturating_add(1)..)? {
        [(_, Token::Sign(':')), (_, Token::Text(fields)), ..]
        | [(_, Token::Sign('=')), (_, Token::Sign('>')), (_, Token::Text(fields)), ..] => *fields,
        _ => return None,
    };
    let start = at.saturating_sub(12);
    let near = all.get(start..at.saturating_add(24).min(all.len()))?;
    let name = near.windows(3).find_map(|three| match three {
        [
            (_, Token::Word("name" | "class")),
            (_, Token::Sign(':')),
            (_, Token::Text(name) | Token::Word(name)),
        ] => Some((*name).to_owned()),
        _ => None,
    });
    Some((name.unwrap_or_default(), When::cron(fields, "local")))
}
