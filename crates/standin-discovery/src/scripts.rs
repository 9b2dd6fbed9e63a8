//! Loose automation: programs that keep their own schedule. Only what is spelled out counts as evidence.

use standin_core::automation::{ScheduleSpec, Severity, Standing};
use standin_core::ident::Kind;

use crate::contents::{Claim, File, Found, is_aside, is_test, name_and_ending};
use crate::cron;
use crate::findings::Gathered;
use crate::lines::quote;
use crate::steps;

use started::Starter;

pub(crate) mod calls;
pub(crate) mod dialect;
mod firebase;
mod go;
mod hosts;
mod intervals;
pub(crate) mod jvm;
pub(crate) mod lex;
mod libraries;
mod nest;
mod numbers;
mod objects;
mod php;
pub(crate) mod program;
mod python;
mod recurrence;
mod ruby;
pub(crate) mod shell;
pub(crate) mod spans;
mod sql;
pub(crate) mod started;
mod zones;

#[cfg(test)]
mod tests;

pub(crate) fn claim(path: &str) -> Claim {
    let (name, ending) = name_and_ending(path);
    if is_test(path) || is_aside(path) || name.contains(".min.") || name.contains(".d.") {
        return Claim::No;
    }
    if name.starts_with("dockerfile") {
        return Claim::Content;
    }
    match ending.as_str() {
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "jsx" | "tsx" | "sh" | "bash" | "zsh" | "sql"
        | "py" | "rb" | "php" | "go" => Claim::Content,
        _ => Claim::No,
    }
}

/// Adds what a program starts by itself.
pub(crate) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let (name, ending) = name_and_ending(file.path);
    if is_minified(file.text) {
        return;
    }
    match ending.as_str() {
        _ if name.starts_with("dockerfile") => shell::read(file, gathered),
        "sh" | "bash" | "zsh" => shell::read(file, gathered),
        "sql" => sql::read(file, (file.text, sql::From::File), 0, gathered),
        "py" => python::read(file, gathered),
        "rb" => ruby::read(file, gathered),
        "php" => php::read(file, gathered),
        "go" => go::read(file, gathered),
        _ => {
            firebase::read(file, gathered);
            // Cheap for the many files that speak of none of it.
            if ["cron", "Cron", "schedule", "every", "pattern", "bree", "JobScheduler"]
                .iter()
                .any(|word| file.text.contains(word))
                || intervals::may_have(file.text)
            {
                libraries::read(file, gathered);
            }
        }
    }
}

/// Longest average line of what a person has written, in bytes.
const LONGEST_LINE: usize = 400;

/// Whether a tool has written it: what it was made from says the same.
pub(crate) fn is_minified(text: &str) -> bool {
    text.len() > LONGEST_LINE.saturating_mul(4) && text.len() / text.lines().count().max(1) > LONGEST_LINE
}

/// An expression, and who reads it.
struct Expression<'e> {
    text: &'e str,
    /// `None` where only running the program tells.
    zone: Option<&'e str>,
    line: u32,
    /// The library or extension, in a person's words.
    reader: &'e str,
}

/// Gives a program's task its schedule, or says why it has none.
fn schedule(file: &File<'_>, found: &mut Found, expression: &Expression<'_>, gathered: &mut Gathered) {
    found.trigger("schedule");
    let Expression { text, zone, line, reader } = expression;
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let five = match fields.as_slice() {
        // A task in the first second of a minute is a task of the minute.
        ["0" | "00", rest @ ..] if rest.len() == 5 => rest.join(" "),
        [_, rest @ ..] if rest.len() == 5 => {
            let message =
                format!("{reader} takes the first of six fields for seconds, which cannot be watched here");
            let fix = "Write five fields, such as '0 3 * * *', or 0 for the seconds.";
            found.trigger(quote(text));
            return file.say(("cron-seconds", Severity::Warning, *line), message, fix, gathered);
        }
        _ => (*text).to_owned(),
    };
    match cron::check(&five, zone.unwrap_or("UTC")) {
        Ok(_) => {
            steps::too_large(&five, file.path, *line).into_iter().for_each(|one| gathered.find(one));
            match zone {
                Some(zone) => {
                    found.schedules.push(ScheduleSpec { cron: five, timezone: (*zone).to_owned() });
                }
                None => {
                    found.trigger(quote(&five));
                    let message =
                        format!("the time zone of `{}` is computed: only running it tells", quote(&five));
                    let fix = "Write it out, or send heartbeats from the task.";
                    file.say(("script-zone-computed", Severity::Note, *line), message, fix, gathered);
                }
            }
        }
        Err(flaw) if flaw.rule == "cron-invalid" && text.contains(['L', '?', '#', 'W']) => {
            found.trigger(quote(text));
            let message = format!("`{}` has no equal among five cron fields", quote(text));
            let fix = "Watch it by heartbeats, or give it a schedule in standin.toml.";
            file.say(("schedule-beyond-cron", Severity::Note, *line), message, fix, gathered);
        }
        Err(flaw) => {
            let never = flaw.rule == "cron-never-fires";
            found.fall_short(if never { Standing::Loadable } else { Standing::Declared }, &flaw.message);
            let fix = "Correct the expression at this line.";
            file.say((flaw.rule, Severity::Error, *line), flaw.message, fix, gathered);
        }
    }
}

/// A task lives only as long as its program runs: it is effective where the repository says who runs that.
pub(crate) fn runs_by_itself(file: &File<'_>, found: &mut Found, gathered: &Gathered) {
    match file.repository.programs(gathered).starter(file.path) {
        Some(Starter::Host(host)) => found.trigger(format!("within {host}")),
        Some(Starter::Script(script)) => {
            found.trigger(format!("within {script}"));
            let reason =
                format!("it lives only while `{script}` runs, and nothing here says what starts that");
            found.fall_short(Standing::Loadable, reason);
        }
        None => found.fall_short(
            Standing::Loadable,
            "it lives only while something runs this file, and nothing here says what",
        ),
    }
}

/// Says that what counts by default is what is listed.
fn say_default(file: &File<'_>, line: u32, gathered: &mut Gathered) {
    let message = "its schedule is the one that counts where nothing else is set from outside";
    let fix = "Nothing, if it runs with this one.";
    file.say(("script-by-default", Severity::Note, line), message, fix, gathered);
}

/// A finished task of this file.
fn task(name: impl Into<String>, line: u32) -> Found {
    Found::new(Kind::Script, name, line)
}
