//! Ruby: whenever's `config/schedule.rb`, Clockwork, rufus-scheduler, and crons that are handed to Sidekiq or GoodJob.

use super::calls::{Call, named, text};
use super::lex::{Language, Placed, Token};
use super::program::{Program, Runs, Task, When};
use crate::contents::File;
use crate::findings::Gathered;

const WHENEVER: &str =
    "cron runs it once `whenever --update-crontab` has put it there, and nothing here says that it has";
const WORKERS: &str =
    "it lives only while the workers of this program run, and nothing here says what runs them";

/// Longest way from `every … do` to what runs, in tokens.
const MAX_BLOCK: usize = 60;

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

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
    let call = Call::read(head, 0);
    let mut arguments: Vec<&[Placed<'_>]> = head.split(|(_, token)| *token == Token::Sign(',')).collect();
    drop(call);
    arguments.retain(|argument| !argument.is_empty());
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
    let time = match moment.map(text) {
        None => None,
        Some(Some(text)) => match clock(text) {
            Some(time) => Some(time),
            None => return When::Beyond(format!("at {text}")),
        },
        Some(None) => return When::Computed,
    };
    let (hour, minute) = time.unwrap_or((0, 0));
    let daily = |days: &str| When::cron(format!("{minute} {hour} {days}"), zone);
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
            other => match DAYS.iter().position(|day| *day == other) {
                Some(day) => daily(&format!("* * {day}")),
                None => When::Beyond(other.to_owned()),
            },
        },
        [(_, Token::Number(count)), rest @ ..] => {
            let unit = rest
                .iter()
                .find_map(|(_, token)| if let Token::Word(word) = token { Some(*word) } else { None });
            // The lexer takes `1.` for a number.
            span(count.trim_end_matches('.'), unit, is_whenever, time.is_some()).map_or(
                When::Computed,
                |span| match span {
                    Span::Daily => daily("* * *"),
                    Span::Fields(fields) => When::cron(fields, zone),
                    Span::Words(words) => When::Every(words),
                },
            )
        }
        _ => When::Computed,
    }
}

enum Span {
    Daily,
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
        (1, "day") if has_time || is_whenever => Span::Daily,
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

/// `4:30 am`, `12pm`, `16:05`.
fn clock(text: &str) -> Option<(u32, u32)> {
    let lower = text.trim().to_ascii_lowercase();
    let (digits, add) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(digits), _) => (digits.trim(), Some(0)),
        (None, Some(digits)) => (digits.trim(), Some(12)),
        (None, None) => (lower.as_str(), None),
    };
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let hour = match add {
        Some(add) => (hour % 12).saturating_add(add),
        None => hour,
    };
    (hour < 24 && minute < 60).then_some((hour, minute))
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
