//! What the readers of programs have in common: from a place among tokens to an automation.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Domain;

use super::dialect::{self, Dialect, Reading};
use super::lex::{Language, Placed, tokens};
use super::{Expression, runs_by_itself, schedule, task};
use crate::contents::{File, Found, Names};
use crate::findings::Gathered;
use crate::lines::{Lines, quote};

/// A program in tokens.
pub(super) struct Program<'a> {
    pub(super) file: &'a File<'a>,
    pub(super) all: Vec<Placed<'a>>,
    lines: Lines,
    names: Names,
}

/// When a task runs, as its program says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    /// Fields of a dialect, and their zone.
    Fields { text: String, zone: String, dialect: Dialect },
    /// Fields of cron and their zone, under a condition of the program.
    Sometimes(String, String),
    /// A span, or something else that is no point of a calendar: `5 minutes`.
    Every(String),
    /// Valid, and beyond what five fields say: the words of the program.
    Beyond(String),
    /// Words that are not read here.
    Unread(String),
    /// Fields of a dialect whose zone only running the program would tell.
    Zoneless(String, Dialect),
    /// What counts where nothing else is set from outside.
    ByDefault(Box<When>),
    /// Whenever one of these says so.
    Together(Vec<When>),
    /// Several expressions of cron, in one zone.
    Several(Vec<String>, String),
    /// Only running the program would tell.
    Computed,
}

impl When {
    /// Fields as cron reads them.
    pub(crate) fn cron(text: impl Into<String>, zone: impl Into<String>) -> Self {
        Self::Fields { text: text.into(), zone: zone.into(), dialect: Dialect::Vixie }
    }
}

/// Who runs a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Runs {
    /// Whatever runs the file: an app of the repository, or nothing that is known.
    WithItsFile,
    /// Nothing that is known, for this reason.
    Nowhere(String),
    /// Something that the repository names.
    Within(String),
    /// A platform to which it is deployed.
    Deployed(Domain),
}

/// A task as its reader found it.
pub(super) struct Task<'n> {
    /// The place of the token at which it stands.
    pub(super) at: usize,
    pub(super) name: &'n str,
    /// The library, in a person's words.
    pub(super) reader: &'n str,
    pub(super) when: When,
    pub(super) runs: Runs,
}

impl<'a> Program<'a> {
    pub(super) fn new(file: &'a File<'a>, language: Language) -> Self {
        let all = tokens(file.text, language);
        Self { file, all, lines: Lines::new(file.text), names: Names::default() }
    }

    /// The line of a token.
    pub(super) fn line(&self, at: usize) -> u32 {
        self.all.get(at).map_or(1, |(offset, _)| self.lines.at(*offset))
    }

    /// The line of an offset.
    pub(super) fn line_of(&self, offset: usize) -> u32 {
        self.lines.at(offset)
    }

    /// Adds a task.
    pub(super) fn add(&mut self, one: Task<'_>, gathered: &mut Gathered) {
        let name = if one.name.trim().is_empty() { "task" } else { one.name };
        let name = self.names.unique(&quote(name));
        let found = task(name, self.line(one.at));
        self.add_as(found, one, gathered);
    }

    /// Adds a task that is an automation of this form; its name and line are those of the form.
    pub(super) fn add_as(&mut self, mut found: Found, one: Task<'_>, gathered: &mut Gathered) {
        let line = found.line;
        if !self.file.more(line, gathered) {
            return;
        }
        apply(self.file, &mut found, one.when, one.reader, gathered);
        match one.runs {
            Runs::WithItsFile => runs_by_itself(self.file, &mut found, gathered),
            Runs::Nowhere(reason) => found.fall_short(Standing::Loadable, reason),
            Runs::Within(host) => found.trigger(format!("within {}", quote(&host))),
            Runs::Deployed(domain) => found.domain = domain,
        }
        self.file.add(found, gathered);
    }
}

/// Gives an automation its schedule, or says why it has none. The line of what is said is the automation's.
pub(crate) fn apply(file: &File<'_>, found: &mut Found, when: When, reader: &str, gathered: &mut Gathered) {
    let line = found.line;
    match when {
        When::Fields { text, zone, dialect } => {
            fields(file, found, (&text, &zone, dialect, line), reader, gathered);
        }
        When::Zoneless(text, dialect) => {
            read(file, found, (&text, None, dialect, line), reader, gathered);
        }
        When::ByDefault(when) => {
            super::say_default(file, line, gathered);
            apply(file, found, *when, reader, gathered);
        }
        When::Together(all) => {
            for when in all {
                apply(file, found, when, reader, gathered);
            }
        }
        When::Sometimes(text, zone) => {
            fields(file, found, (&text, &zone, Dialect::Vixie, line), reader, gathered);
            found.trigger("conditional");
        }
        When::Every(span) => found.trigger(format!("every {}", quote(&span))),
        When::Beyond(words) => {
            found.trigger("schedule");
            found.trigger(quote(&words));
            beyond(file, &words, line, gathered);
        }
        When::Unread(words) => {
            found.trigger("schedule");
            found.trigger(quote(&words));
            let message = format!("Standin does not read `{}`", quote(&words));
            let fix = "Watch it by heartbeats, or give it a schedule in standin.toml.";
            file.say(("schedule-not-read", Severity::Note, line), message, fix, gathered);
        }
        When::Several(texts, zone) => {
            for text in texts {
                fields(file, found, (&text, &zone, Dialect::Vixie, line), reader, gathered);
            }
        }
        When::Computed => {
            found.trigger("schedule");
            let message = format!("its schedule is computed: only running {reader} tells");
            let fix = "Write it out, or send heartbeats from the task.";
            file.say(("script-computed", Severity::Note, line), message, fix, gathered);
        }
    }
}

/// Gives an automation the schedule of an expression at a line.
pub(crate) fn fields(
    file: &File<'_>,
    found: &mut Found,
    (text, zone, dialect, line): (&str, &str, Dialect, u32),
    reader: &str,
    gathered: &mut Gathered,
) {
    read(file, found, (text, Some(zone), dialect, line), reader, gathered);
}

fn read(
    file: &File<'_>,
    found: &mut Found,
    (text, zone, dialect, line): (&str, Option<&str>, Dialect, u32),
    reader: &str,
    gathered: &mut Gathered,
) {
    match dialect::read(text, dialect) {
        Reading::Five(five) => {
            schedule(file, found, &Expression { text: &five, zone, line, reader }, gathered);
        }
        Reading::Every(span) => found.trigger(format!("every {}", quote(&span))),
        Reading::Beyond => {
            found.trigger("schedule");
            found.trigger(quote(text));
            beyond(file, text, line, gathered);
        }
        Reading::Wrong(why) => {
            found.trigger("schedule");
            let message = format!("`{}`: {why}", quote(text));
            found.fall_short(Standing::Declared, &message);
            let fix = "Correct the expression at this line.";
            file.say(("cron-invalid", Severity::Error, line), message, fix, gathered);
        }
    }
}

/// Says of a schedule that five fields do not say the same.
fn beyond(file: &File<'_>, words: &str, line: u32, gathered: &mut Gathered) {
    let message = format!("`{}` has no equal among five cron fields", quote(words));
    let fix = "Watch it by heartbeats, or give it a schedule in standin.toml.";
    file.say(("schedule-beyond-cron", Severity::Note, line), message, fix, gathered);
}
