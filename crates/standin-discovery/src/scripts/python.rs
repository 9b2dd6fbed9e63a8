//! Python: endless loops that sleep, APScheduler's crontab triggers, and pg_cron in texts.

use super::lex::{Language, Token, tokens};
use super::{Expression, runs_by_itself, schedule, sql, task};
use crate::contents::{File, Names};
use crate::findings::Gathered;
use crate::lines::Lines;

/// Adds the tasks of a file.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    if !["from_crontab", "sleep", "cron.schedule"].iter().any(|word| file.text.contains(word)) {
        return;
    }
    let all = tokens(file.text, Language::Python);
    let lines = Lines::new(file.text);
    let mut names = Names::default();
    for (at, window) in all.windows(3).enumerate() {
        if let [(offset, Token::Word("from_crontab")), (_, Token::Sign('(')), (_, Token::Text(text))] = window
        {
            let line = lines.at(*offset);
            if !file.more(line, gathered) {
                return;
            }
            let mut found = task(names.unique("task"), line);
            let zone = zone(all.get(at..).unwrap_or_default()).unwrap_or("local");
            let expression = Expression { text, zone, line, reader: "APScheduler" };
            schedule(file, &mut found, &expression, gathered);
            runs_by_itself(file, &mut found, gathered);
            file.add(found, gathered);
        }
    }
    for (offset, token) in &all {
        if let Token::Text(text) = token
            && text.contains("cron.schedule")
        {
            sql::read(file, text, lines.at(*offset).saturating_sub(1), gathered);
        }
    }
    endless(file, &mut names, gathered);
}

/// `timezone="…"` within the call.
fn zone<'t>(rest: &[(usize, Token<'t>)]) -> Option<&'t str> {
    let call = rest.iter().take_while(|(_, token)| *token != Token::Sign(')')).collect::<Vec<_>>();
    call.windows(3).find_map(|three| match three {
        [(_, Token::Word("timezone")), (_, Token::Sign('=')), (_, Token::Text(zone))] => Some(*zone),
        _ => None,
    })
}

/// `while True:` with a `sleep` of so many seconds in its block, and no way out of it.
fn endless(file: &File<'_>, names: &mut Names, gathered: &mut Gathered) {
    let all: Vec<(u32, &str)> = (1_u32..).zip(file.text.lines()).collect();
    for (at, (line, text)) in all.iter().enumerate() {
        let head = text.trim();
        if !(head.starts_with("while True:") || head.starts_with("while 1:")) {
            continue;
        }
        if !file.more(*line, gathered) {
            return;
        }
        let depth = indent(text);
        let block = all.iter().skip(at.saturating_add(1)).map(|(_, text)| *text);
        let block: Vec<&str> =
            block.take_while(|text| text.trim().is_empty() || indent(text) > depth).map(str::trim).collect();
        let leaves = block.iter().any(|text| *text == "break" || text.starts_with("return"));
        let seconds = block.iter().find_map(|text| {
            let (_, rest) = text.split_once("sleep(")?;
            let (number, _) = rest.split_once(')')?;
            product(number)
        });
        if let (Some(seconds), false) = (seconds, leaves) {
            let mut found = task(names.unique("loop"), *line);
            found.trigger(format!("every {seconds}s"));
            runs_by_itself(file, &mut found, gathered);
            file.add(found, gathered);
        }
    }
}

/// A number, or numbers times one another.
fn product(text: &str) -> Option<u64> {
    text.split('*').try_fold(1_u64, |product, number| {
        number.trim().parse::<u64>().ok().map(|number| product.saturating_mul(number))
    })
}

fn indent(text: &str) -> usize {
    text.len().saturating_sub(text.trim_start().len())
}
