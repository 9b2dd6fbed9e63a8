//! `cron.schedule(…)` of pg_cron.

use standin_core::automation::{Severity, Standing};

use super::lex::{Language, Token, tokens};
use super::{Expression, schedule, task};
use crate::contents::{File, Names};
use crate::crontab::entries::looks_like_fields;
use crate::findings::Gathered;
use crate::lines::{Lines, quote};

/// Adds the jobs of a text with this many lines before it.
pub(super) fn read(file: &File<'_>, text: &str, before: u32, gathered: &mut Gathered) {
    if !text.contains("cron") {
        return;
    }
    let all = tokens(text, Language::Sql);
    let lines = Lines::new(text);
    let mut names = Names::default();
    for (at, window) in all.windows(4).enumerate() {
        let [
            (offset, Token::Word(schema)),
            (_, Token::Sign('.')),
            (_, Token::Word(call)),
            (_, Token::Sign('(')),
        ] = window
        else {
            continue;
        };
        let is_call = ["schedule", "schedule_in_database"].iter().any(|name| call.eq_ignore_ascii_case(name));
        if !schema.eq_ignore_ascii_case("cron") || !is_call {
            continue;
        }
        let line = lines.at(*offset).saturating_add(before);
        if !file.more(line, gathered) {
            return;
        }
        let arguments = all.get(at.saturating_add(4)..).unwrap_or_default();
        let texts: Vec<&str> = arguments
            .iter()
            .take_while(|(_, token)| *token != Token::Sign(')') && *token != Token::Sign(';'))
            .filter_map(|(_, token)| if let Token::Text(text) = token { Some(*text) } else { None })
            .collect();
        match texts.as_slice() {
            [name, time, _, ..] if is_time(time) => job(file, (name, time, line), &mut names, gathered),
            [time, ..] if is_time(time) => job(file, ("job", time, line), &mut names, gathered),
            _ => {
                let message = "the schedule of this pg_cron job is computed, or is none";
                let fix = "Write the expression itself in quotes.";
                file.say(("script-computed", Severity::Note, line), message, fix, gathered);
            }
        }
    }
}

fn job(file: &File<'_>, (name, time, line): (&str, &str, u32), names: &mut Names, gathered: &mut Gathered) {
    let mut found = task(names.unique(&quote(name)), line);
    if seconds(time).is_some() || time.contains('$') {
        found.trigger(format!("every {}", quote(time)));
    } else {
        let expression = Expression { text: time, zone: "UTC", line, reader: "pg_cron" };
        schedule(file, &mut found, &expression, gathered);
    }
    found.fall_short(Standing::Loadable, "it runs in the database once this statement has been run there");
    file.add(found, gathered);
}

fn is_time(text: &str) -> bool {
    let fields = text.split_ascii_whitespace().count();
    seconds(text).is_some()
        || text.starts_with('@')
        || (fields == 5 && looks_like_fields(&text.replace('$', "1")))
}

/// `30 seconds`, which pg_cron takes from 1 to 59.
fn seconds(text: &str) -> Option<u32> {
    let (number, unit) = text.trim().split_once(' ')?;
    number.parse().ok().filter(|_| matches!(unit.trim(), "second" | "seconds"))
}
