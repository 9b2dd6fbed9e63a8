//! Libraries for schedules in JavaScript and TypeScript.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{Severity, Standing};

use super::calls::{Call, Known, known};
use super::lex::{Language, Placed, Token, tokens};
use super::numbers::Constants;
use super::program;
use super::program::When;
use super::zones::Zone;
use super::{Expression, intervals, nest, runs_by_itself, say_default, schedule, sql, task};
use crate::contents::{File, Names};
use crate::findings::Gathered;
use crate::limits::MAX_CALL_TOKENS;
use crate::lines::{Lines, quote};

mod bree;
mod given;
mod queues;
mod spans;
mod told;

use given::Given;

/// What makes a call one of a library.
struct Library {
    /// The modules, any of which the file names.
    modules: &'static [&'static str],
    /// The function or class that is called.
    call: &'static str,
    starts: Starts,
}

/// When a task of a library begins to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Starts {
    AtOnce,
    /// Unless an option says otherwise.
    UnlessOff,
    /// Only when it is told to.
    WhenTold,
}

const LIBRARIES: [Library; 8] = [
    Library { modules: &["node-cron"], call: "schedule", starts: Starts::UnlessOff },
    Library { modules: &["node-cron"], call: "createTask", starts: Starts::WhenTold },
    Library { modules: &["cron"], call: "CronJob", starts: Starts::WhenTold },
    Library { modules: &["cron"], call: "from", starts: Starts::WhenTold },
    Library { modules: &["node-schedule"], call: "scheduleJob", starts: Starts::AtOnce },
    Library { modules: &["croner"], call: "Cron", starts: Starts::UnlessOff },
    Library { modules: &["@nestjs/schedule"], call: "Cron", starts: Starts::AtOnce },
    Library { modules: &["agenda", "@hokify/agenda", "agenda/es"], call: "every", starts: Starts::AtOnce },
];

/// Longest way from a decorator to its method, in tokens.
const MAX_DECORATORS: usize = 100;

/// Libraries that take their jobs as objects.
const BY_OBJECT: [&str; 5] = ["bree", "bullmq", "bull", "@nestjs/bullmq", "@nestjs/bull"];

/// Adds the tasks of a file, and those that it hands to pg_cron.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let all = tokens(file.text, Language::JavaScript);
    let lines = Lines::new(file.text);
    let modules = LIBRARIES.iter().flat_map(|one| one.modules).chain(&BY_OBJECT);
    let wanted: BTreeSet<&str> = modules.copied().collect();
    let named =
        all.iter().filter_map(|(_, token)| if let Token::Text(text) = token { Some(*text) } else { None });
    let is_start = |three: &[Placed<'_>]| {
        matches!(three, [(_, Token::Sign('.')), (_, Token::Word("start" | "resume")), (_, Token::Sign('('))])
    };
    let told = if all.windows(3).any(is_start) { Told::ToStart } else { Told::Nothing };
    let modules = named.filter(|text| wanted.contains(text)).collect();
    let (aliases, constants) = (aliases(&all), Constants::new(&all));
    let mut source =
        Source { file, all: &all, lines: &lines, modules, told, aliases, constants, names: Names::default() };
    for at in 0..all.len() {
        source.call(at, gathered);
        if let Some((offset, Token::Text(text))) = all.get(at)
            && text.contains("cron.schedule")
        {
            let before = lines.at(offset.saturating_add(1)).saturating_sub(1);
            sql::read(file, (text, sql::From::Code), before, gathered);
        }
    }
    source.queues(gathered);
    source.bree(gathered);
    intervals::read(file, &all, &lines, gathered);
}

struct Source<'a> {
    file: &'a File<'a>,
    all: &'a [Placed<'a>],
    lines: &'a Lines,
    /// The libraries that the file names.
    modules: BTreeSet<&'a str>,
    told: Told,
    /// Other names of a library's functions, and those that it has for them.
    aliases: BTreeMap<&'a str, &'a str>,
    constants: Constants<'a, 'a>,
    names: Names,
}

/// `import { schedule as plan }`, `const { schedule: plan } = require(…)`.
fn aliases<'a>(all: &[Placed<'a>]) -> BTreeMap<&'a str, &'a str> {
    let is_call = |word: &str| LIBRARIES.iter().any(|one| one.call == word);
    let named = all.windows(4).filter_map(|four| match four {
        [(_, Token::Word(name)), (_, Token::Word("as")), (_, Token::Word(alias)), _] if is_call(name) => {
            Some((*alias, *name))
        }
        [
            (_, Token::Word(name)),
            (_, Token::Sign(':')),
            (_, Token::Word(alias)),
            (_, Token::Sign('}' | ',')),
        ] if is_call(name) => Some((*alias, *name)),
        _ => None,
    });
    named.collect()
}

/// An expression, and where it is from.
enum Written {
    Text(String),
    ByDefault(String),
}

/// Whether the file calls `start` on anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    ToStart,
    Nothing,
}

impl<'a> Source<'a> {
    fn token(&self, at: usize) -> Option<&'a Token<'a>> {
        self.all.get(at).map(|(_, token)| token)
    }

    fn names_module(&self, modules: &[&str]) -> bool {
        modules.iter().any(|module| self.modules.contains(module))
    }

    fn call(&mut self, at: usize, gathered: &mut Gathered) {
        let Some(Token::Word(word)) = self.token(at) else { return };
        if self.token(at.saturating_add(1)) != Some(&Token::Sign('(')) {
            return;
        }
        let before = at.checked_sub(1).and_then(|at| self.token(at));
        if *word == "cron" && before == Some(&Token::Sign('.')) && self.is_word(at, 2, "Deno") {
            if !self.file.more(self.line(at), gathered) {
                return;
            }
            let given = self.given(at.saturating_add(2));
            return self.deno(at, &given, gathered);
        }
        // A definition of the same name is no call.
        if before == Some(&Token::Word("function")) {
            return;
        }
        if *word == "Interval"
            && before == Some(&Token::Sign('@'))
            && self.names_module(&["@nestjs/schedule"])
        {
            return self.interval(at, gathered);
        }
        let word = self.aliases.get(word).unwrap_or(word);
        let library = LIBRARIES.iter().find(|one| one.call == *word && self.names_module(one.modules));
        let Some(library) = library else { return };
        if *word == "from" && !self.is_word(at, 2, "CronJob") {
            return;
        }
        if !self.file.more(self.line(at), gathered) {
            return;
        }
        let given = self.given(at.saturating_add(2));
        self.task(at, library, &given, gathered);
    }

    /// Whether this word stands some tokens before a place.
    fn is_word(&self, at: usize, before: usize, word: &str) -> bool {
        at.checked_sub(before).and_then(|at| self.token(at)) == Some(&Token::Word(word))
    }

    fn task(&mut self, at: usize, library: &Library, given: &Given<'a>, gathered: &mut Gathered) {
        let line = self.line(at);
        let written = self.expression(at, library, given);
        if library.modules.contains(&"croner")
            && !self.is_word_sign(at, '@')
            && !self.has_function(at, given, written.as_ref())
        {
            return;
        }
        let is_run = given.words.iter().find(|word| {
            !matches!(**word, "true" | "false" | "null" | "undefined")
                && !self.is_expression(written.as_ref(), word)
                && self.may_run(library, given, word)
        });
        let decorated =
            if library.call == "Cron" && self.is_word_sign(at, '@') { self.method(at) } else { None };
        let name = decorated.or(is_run.copied());
        if written.is_none()
            && library.call == "scheduleJob"
            && let Some(when) = self.rule(at)
        {
            // The function stands last; a rule may have a name too.
            let name = given.words.last().copied().or(name);
            let mut found = task(self.name(name), line);
            program::apply(self.file, &mut found, when, "node-schedule", gathered);
            runs_by_itself(self.file, &mut found, gathered);
            return self.file.add(found, gathered);
        }
        let Some(written) = written else {
            return self.computed(at, (library, given), name, gathered);
        };
        let mut found = task(self.name(name), line);
        let reader = library.modules.first().copied().unwrap_or_default();
        let (text, from) = match written {
            Written::Text(text) => (text, None),
            Written::ByDefault(text) => (text, Some(())),
        };
        let zone = self.zone(library, given);
        if from.is_some() || matches!(zone, Zone::ByDefault(_)) {
            say_default(self.file, line, gathered);
        }
        if looks_like_fields(&text) {
            let expression = Expression { text: &text, zone: zone.name(), line, reader };
            schedule(self.file, &mut found, &expression, gathered);
        } else {
            found.trigger(format!("every {}", quote(&text)));
        }
        if library.modules.contains(&"@nestjs/schedule") && given.is(&["disabled"], "true") {
            found.fall_short(Standing::Loadable, "it is disabled");
        }
        if self.is_off(at, library, given) {
            let message = "nothing in this file starts the task";
            found.fall_short(Standing::Loadable, message);
            let fix = "Call `.start()`, or say that it is to start.";
            self.file.say(("script-not-started", Severity::Warning, line), message, fix, gathered);
        }
        runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }

    /// The expression of a call: an option, the first text that is a time, or what a constant or a default says.
    fn expression(&self, at: usize, library: &Library, given: &Given<'a>) -> Option<Written> {
        if let Some(value) = given.option(&["cronTime", "rule"]) {
            return self.written(library, value);
        }
        let is_time = |text: &&str| looks_like_time(text);
        if let (false, Some(text)) = (given.computed, given.texts.iter().map(|(_, text)| *text).find(is_time))
        {
            return Some(Written::Text(text.to_owned()));
        }
        let call = Call::read(self.all, at.saturating_add(2));
        // A name may stand before the expression.
        call.arguments().iter().take(2).find_map(|argument| self.written(library, argument))
    }

    /// The expression that a value is.
    fn written(&self, library: &Library, value: &[Placed<'a>]) -> Option<Written> {
        match value {
            [(_, Token::Word("CronExpression")), (_, Token::Sign('.')), (_, Token::Word(name))]
                if library.modules.contains(&"@nestjs/schedule") =>
            {
                nest::expression(name).map(Written::Text)
            }
            _ => match known(self.all, value) {
                Some(Known::Text(text)) if looks_like_time(text) => Some(Written::Text(text.to_owned())),
                Some(Known::ByDefault(text)) if looks_like_time(text) => {
                    Some(Written::ByDefault(text.to_owned()))
                }
                Some(Known::Text(_) | Known::ByDefault(_)) | None => None,
            },
        }
    }

    /// Says of a task that only running the program tells when it runs. Without a function it may be no task at all.
    fn computed(
        &mut self,
        at: usize,
        (library, given): (&Library, &Given<'a>),
        name: Option<&str>,
        gathered: &mut Gathered,
    ) {
        let call = Call::read(self.all, at.saturating_add(2));
        let is_task = call.arguments().len() > 1
            || given.option(&["cronTime", "rule"]).is_some()
            || self.is_word_sign(at, '@');
        let is_written = given.texts.first().is_some_and(|(_, text)| !text.contains("${"))
            && !given.computed
            && library.call != "scheduleJob";
        if !is_task
            || is_written
            || given.option(&["cronTime", "rule"]).is_none() && call.arguments().is_empty()
        {
            return;
        }
        let line = self.line(at);
        let message = format!("the schedule of this call of `{}` is computed", library.call);
        let fix = "Write it out, or send heartbeats from the task.";
        self.file.say(("script-computed", Severity::Note, line), message, fix, gathered);
        let mut found = task(self.name(name), line);
        // It fires, whenever that may be.
        found.trigger("schedule");
        runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }

    /// Whether a name of an argument is that of the expression itself.
    fn is_expression(&self, written: Option<&Written>, name: &str) -> bool {
        let argument = [(0, Token::Word(name))];
        written.is_some() && known(self.all, &argument).is_some()
    }

    /// Whether this sign stands before a place.
    fn is_word_sign(&self, at: usize, sign: char) -> bool {
        at.checked_sub(1).and_then(|at| self.token(at)) == Some(&Token::Sign(sign))
    }

    /// The method below a decorator; other decorators and words such as `async` may stand between.
    fn method(&self, at: usize) -> Option<&'a str> {
        let mut here = Call::read(self.all, at.saturating_add(2)).end;
        let end = here.saturating_add(MAX_DECORATORS);
        while here < end {
            match (self.token(here)?, self.token(here.saturating_add(1))) {
                (Token::Sign('@'), _) => {
                    here = here.saturating_add(2);
                    while self.token(here) == Some(&Token::Sign('.')) {
                        here = here.saturating_add(2);
                    }
                    if self.token(here) == Some(&Token::Sign('(')) {
                        here = Call::read(self.all, here.saturating_add(1)).end;
                    }
                }
                (Token::Word(_), Some(Token::Word(_))) => here = here.saturating_add(1),
                (Token::Word(name), Some(Token::Sign('(' | '=' | '<' | ':'))) => return Some(name),
                _ => return None,
            }
        }
        None
    }

    /// `Deno.cron("name", "expression", …)`, which Deno reads in UTC.
    fn deno(&mut self, at: usize, given: &Given<'a>, gathered: &mut Gathered) {
        let line = self.line(at);
        let [(_, name), (_, text), ..] = given.texts.as_slice() else { return };
        let mut found = task(self.name(Some(name)), line);
        let expression = Expression { text, zone: Some("UTC"), line, reader: "Deno" };
        schedule(self.file, &mut found, &expression, gathered);
        runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }

    /// Adds a task of a library that takes its jobs as objects.
    fn add(&mut self, at: usize, name: Option<&str>, (when, reader): (When, &str), gathered: &mut Gathered) {
        let line = self.line(at);
        if !self.file.more(line, gathered) {
            return;
        }
        let mut found = task(self.name(name), line);
        program::apply(self.file, &mut found, when, reader, gathered);
        runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }

    /// The place of the innermost bracket of this sign that is open at a place.
    fn opened(&self, at: usize, sign: char) -> Option<usize> {
        let mut depth = 0_usize;
        for back in 1..MAX_CALL_TOKENS {
            let at = at.checked_sub(back)?;
            match self.token(at)? {
                Token::Sign(')' | ']' | '}') => depth = depth.saturating_add(1),
                Token::Sign(open @ ('(' | '[' | '{')) if depth == 0 => {
                    if *open == sign {
                        return Some(at);
                    }
                }
                Token::Sign('(' | '[' | '{') => depth = depth.saturating_sub(1),
                Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
            }
        }
        None
    }

    fn name(&mut self, name: Option<&str>) -> String {
        self.names.unique(&name.filter(|name| !name.is_empty()).map_or_else(|| "task".to_owned(), quote))
    }

    fn line(&self, at: usize) -> u32 {
        self.all.get(at).map_or(1, |(offset, _)| self.lines.at(*offset))
    }
}

/// Five or six fields, or a name.
fn looks_like_fields(text: &str) -> bool {
    let fields = text.split_ascii_whitespace().count();
    let is_cron = (5..=6).contains(&fields)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " */,-?#\t".contains(c))
        && text.starts_with(|c: char| c.is_ascii_digit() || c == '*');
    is_cron
        || ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"].contains(&text)
}

/// Fields, or a span such as `3 minutes`.
fn looks_like_time(text: &str) -> bool {
    let units = ["second", "minute", "hour", "day", "week", "month"];
    let is_span =
        text.starts_with(|c: char| c.is_ascii_digit()) && units.iter().any(|unit| text.contains(unit));
    looks_like_fields(text) || is_span
}
