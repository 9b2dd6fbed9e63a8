//! `cron.schedule(…)` of pg_cron.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::lex::{Language, Placed, Token, tokens};
use super::{Expression, schedule, task};
use crate::contents::{File, Names};
use crate::crontab::entries::looks_like_fields;
use crate::findings::Gathered;
use crate::lines::{Lines, quote};

/// Bodies of functions within one another that are read.
const MAX_DEPTH: usize = 3;

/// Where a text in SQL is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// A file of SQL.
    File,
    /// A text of a program: it may be code of another language, or a sentence.
    Code,
}

/// Adds the jobs of a text with this many lines before it.
pub(super) fn read(file: &File<'_>, (text, from): (&str, From), before: u32, gathered: &mut Gathered) {
    let mut jobs = Jobs { file, names: Names::default() };
    jobs.text((text, from), before, 0, gathered);
}

struct Jobs<'a> {
    file: &'a File<'a>,
    names: Names,
}

impl Jobs<'_> {
    fn text(&mut self, (text, from): (&str, From), before: u32, depth: usize, gathered: &mut Gathered) {
        if !text.contains("cron") {
            return;
        }
        let all = tokens(text, Language::Sql);
        let lines = Lines::new(text);
        let mut has_statement = from == From::File;
        for at in 0..all.len() {
            match all.get(at..).unwrap_or_default() {
                [(_, Token::Word(word)), ..] if is_statement(word) => has_statement = true,
                // The body of a function or of DO.
                [(offset, Token::Text(inner)), ..]
                    if depth < MAX_DEPTH && inner.contains("cron.") && is_code(inner) =>
                {
                    let line = lines.at(*offset).saturating_add(before).saturating_sub(1);
                    self.text((inner, From::Code), line, depth.saturating_add(1), gathered);
                }
                _ => {}
            }
            let [
                (offset, Token::Word(schema)),
                (_, Token::Sign('.')),
                (_, Token::Word(call)),
                (_, Token::Sign('(')),
                rest @ ..,
            ] = all.get(at..).unwrap_or_default()
            else {
                continue;
            };
            if !schema.eq_ignore_ascii_case("cron") || !has_statement {
                continue;
            }
            let line = lines.at(*offset).saturating_add(before);
            if call.eq_ignore_ascii_case("unschedule") {
                self.end(rest, gathered);
            } else if ["schedule", "schedule_in_database"].iter().any(|name| call.eq_ignore_ascii_case(name))
            {
                if !self.file.more(line, gathered) {
                    return;
                }
                self.call(rest, line, gathered);
            }
        }
    }

    fn call(&mut self, arguments: &[Placed<'_>], line: u32, gathered: &mut Gathered) {
        let texts: Vec<&str> = arguments
            .iter()
            .take_while(|(_, token)| *token != Token::Sign(')') && *token != Token::Sign(';'))
            .filter_map(|(_, token)| if let Token::Text(text) = token { Some(*text) } else { None })
            .collect();
        match texts.as_slice() {
            [name, time, _, ..] if is_time(time) => self.job((Some(name), time, line), gathered),
            [time, ..] if is_time(time) => self.job((None, time, line), gathered),
            _ => {
                let message = "the schedule of this pg_cron job is computed, or is none";
                let fix = "Write the expression itself in quotes.";
                self.file.say(("script-computed", Severity::Note, line), message, fix, gathered);
            }
        }
    }

    fn job(&mut self, (name, time, line): (Option<&str>, &str, u32), gathered: &mut Gathered) {
        // Of a name there is one job: who schedules it anew takes the place of the one before.
        let name = match name {
            Some(name) => {
                self.forget(&quote(name), gathered);
                quote(name)
            }
            None => self.names.unique("job"),
        };
        let mut found = task(name, line);
        if seconds(time).is_some() || time.contains('$') {
            found.trigger(format!("every {}", quote(time)));
        } else {
            let expression = Expression { text: time, zone: Some("UTC"), line, reader: "pg_cron" };
            schedule(self.file, &mut found, &expression, gathered);
        }
        found
            .fall_short(Standing::Loadable, "it runs in the database once this statement has been run there");
        self.file.add(found, gathered);
    }

    /// `cron.unschedule('x')`, and `cron.unschedule(jobid) … where jobname = 'x'`. One that takes a migration back ends
    /// nothing.
    fn end(&self, rest: &[Placed<'_>], gathered: &mut Gathered) {
        let name = self.file.path.to_ascii_lowercase();
        if ["down", "rollback", "revert", "undo"].iter().any(|word| name.contains(word)) {
            return;
        }
        let statement = rest.iter().take_while(|(_, token)| *token != Token::Sign(';'));
        let texts: Vec<&str> = statement
            .filter_map(|(_, token)| if let Token::Text(text) = token { Some(*text) } else { None })
            .collect();
        // A pattern, or a condition with more than one text, is not followed.
        if let [name] = texts.as_slice()
            && !name.contains('%')
        {
            self.forget(&quote(name), gathered);
        }
    }

    /// Takes away the job of a name that an earlier statement made, in this file or in one before it in its folder.
    fn forget(&self, name: &str, gathered: &mut Gathered) {
        let folder = self.file.folder();
        let is_sql = |path: &str| path.ends_with(".sql");
        gathered.automations.retain(|a| {
            let path = a.source.path.as_str();
            let is_beside = is_sql(path)
                && is_sql(self.file.path)
                && path.rsplit_once('/').map_or("", |(folder, _)| folder) == folder;
            let is_it =
                a.id.kind() == Kind::Script && a.name == name && (path == self.file.path || is_beside);
            !is_it
        });
    }
}

fn is_statement(word: &str) -> bool {
    ["select", "perform", "call", "execute"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a text is of statements.
fn is_code(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("perform") || lower.contains("select") || lower.contains(":=")
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
