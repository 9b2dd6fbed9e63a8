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
            _ => match spelled_out(arguments) {
                Some((name, time)) => self.refused((name, time, line), gathered),
                None => {
                    let message = "the schedule of this pg_cron job is computed";
                    let fix = "Write the expression itself in quotes.";
                    self.file.say(("script-computed", Severity::Note, line), message, fix, gathered);
                }
            },
        }
    }

    /// A job whose schedule pg_cron would not take.
    fn refused(&mut self, (name, time, line): (Option<&str>, &str, u32), gathered: &mut Gathered) {
        let name = match name {
            Some(name) => {
                self.forget(&quote(name), gathered);
                quote(name)
            }
            None => self.names.unique("job"),
        };
        let mut found = task(name, line);
        found.trigger("schedule");
        let message =
            format!("`{}` is no schedule of pg_cron: it takes five fields, or 1 to 59 seconds", quote(time));
        found.fall_short(Standing::Declared, &message);
        let fix = "Write five fields, such as '0 3 * * *', or '30 seconds'.";
        self.file.say(("cron-invalid", Severity::Error, line), message, fix, gathered);
        self.file.add(found, gathered);
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

/// The name and the schedule of a call where nothing of either is computed.
fn spelled_out<'a>(arguments: &[Placed<'a>]) -> Option<(Option<&'a str>, &'a str)> {
    let mut depth = 0_usize;
    let end = arguments.iter().position(|(_, token)| {
        match token {
            Token::Sign('(') => depth = depth.saturating_add(1),
            Token::Sign(')') if depth == 0 => return true,
            Token::Sign(')') => depth = depth.saturating_sub(1),
            Token::Text(_) | Token::Word(_) | Token::Number(_) | Token::Sign(_) => {}
        }
        false
    })?;
    let given: Vec<Option<&str>> = arguments
        .get(..end)?
        .split(|(_, token)| *token == Token::Sign(','))
        .map(|one| match one {
            // With or without the name of the argument, or its kind.
            [(_, Token::Text(text))]
            | [(_, Token::Word(_)), (_, Token::Sign(_)), (_, Token::Sign(_)), (_, Token::Text(text))]
            | [(_, Token::Text(text)), (_, Token::Sign(':')), (_, Token::Sign(':')), (_, Token::Word(_))] => {
                Some(*text)
            }
            _ => None,
        })
        .collect();
    let is_plain = |text: &str| !text.contains(['$', '{', '%']);
    let (name, time) = match given.as_slice() {
        [Some(time), _] => (None, *time),
        [Some(name), Some(time), _, ..] => (Some(*name), *time),
        _ => return None,
    };
    (is_plain(time) && name.is_none_or(is_plain)).then_some((name, time))
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
    let number: u32 = number.parse().ok().filter(|number| (1..=59).contains(number))?;
    matches!(unit.trim(), "second" | "seconds").then_some(number)
}

#[cfg(test)]
mod tests {
    use crate::tests::{rules, scan_of};

    #[test]
    fn a_schedule_that_pg_cron_refuses_is_declared() {
        let call = |arguments: &str| scan_of(&[("a.sql", &format!("select cron.schedule({arguments});\n"))]);
        for time in ["0 0 3 * * *", "every day", "rate(5 minutes)", "90 seconds", "5 minutes", ""] {
            let inventory = call(&format!("'six', '{time}', 'select f()'"));
            assert_eq!(rules(&inventory, "a.sql"), [("cron-invalid", 1)], "{time}");
            let seen: Vec<(&str, String)> =
                inventory.automations.iter().map(|a| (a.name.as_str(), a.state.to_string())).collect();
            assert_eq!(seen, [("six", "declared".to_owned())], "{time}");
        }
        let named = call("job_name => 'x', schedule => 'daily', command => $$select f()$$");
        assert_eq!((named.automations.len(), rules(&named, "a.sql")), (1, vec![("cron-invalid", 1)]));
        assert_eq!(call("'daily', 'select f()'").automations[0].state.to_string(), "declared");
        for computed in
            ["'x', expression, 'select f()'", "'x', 'a' || b, 'select f()'", "'x', '${TIME}', 'select f()'"]
        {
            let inventory = call(computed);
            assert_eq!(rules(&inventory, "a.sql"), [("script-computed", 1)], "{computed}");
        }
    }
}
