//! What a call of a library is given, and what that says of its zone and of what it runs.

use super::super::calls::{Call, known};
use super::super::lex::{Placed, Token};
use super::super::objects::{Entry, Object};
use super::super::zones::Zone;
use super::{Library, Source, Written};
use crate::limits::MAX_CALL_TOKENS;

/// What a call is given, as far as it is spelled out.
#[derive(Default)]
pub(super) struct Given<'t> {
    /// The texts among its own arguments, in order, with their offsets.
    pub(super) texts: Vec<(usize, &'t str)>,
    /// The words that are arguments by themselves: names of functions, `true`.
    pub(super) words: Vec<&'t str>,
    /// The objects among its own arguments.
    pub(super) objects: Vec<Object<'t, 't>>,
    /// Its own arguments.
    pub(super) arguments: Vec<&'t [Placed<'t>]>,
    /// Something stands where the first argument belongs that is no text.
    pub(super) computed: bool,
}

impl<'t> Given<'t> {
    fn entry(&self, names: &[&str]) -> Entry<'t, 't> {
        let mut entry = Entry::Absent;
        for object in &self.objects {
            match object.get(names) {
                Entry::Is(value) => return Entry::Is(value),
                Entry::Unknown => entry = Entry::Unknown,
                Entry::Absent => {}
            }
        }
        entry
    }

    pub(super) fn option(&self, names: &[&str]) -> Option<&'t [Placed<'t>]> {
        match self.entry(names) {
            Entry::Is(value) => Some(value),
            Entry::Absent | Entry::Unknown => None,
        }
    }

    pub(super) fn is(&self, names: &[&str], wanted: &str) -> bool {
        matches!(self.option(names), Some([(_, Token::Word(word))]) if *word == wanted)
    }

    /// An argument that is neither left out nor said to be nothing.
    pub(super) fn argument(&self, place: usize) -> Option<&'t [Placed<'t>]> {
        let argument = self.arguments.get(place).copied();
        argument.filter(|argument| !matches!(argument, [(_, Token::Word("null" | "undefined"))]))
    }
}

impl<'a> Source<'a> {
    /// The zone of a call. What is not understood is not said to be none.
    pub(super) fn zone(&self, library: &Library, given: &Given<'a>) -> Zone {
        let is_job = library.call == "CronJob";
        match given.entry(&["timezone", "timeZone", "tz"]) {
            Entry::Is(value) => return Zone::of(self.all, value),
            Entry::Unknown => return Zone::Computed,
            Entry::Absent => {}
        }
        // `new CronJob(time, tick, complete, start, zone, context, now, offset)`.
        if let Some(zone) = given.argument(4).filter(|_| is_job) {
            return Zone::of(self.all, zone);
        }
        if given.argument(7).is_some() && is_job || given.option(&["utcOffset"]).is_some() {
            return Zone::Computed;
        }
        let place = if library.modules.contains(&"@nestjs/schedule") { 1 } else { 2 };
        let takes_options = match library.call {
            "schedule" | "createTask" => true,
            "Cron" => given.arguments.len() > place,
            _ => false,
        };
        // Options that another file has, or that are handed in.
        let is_handed = takes_options && given.objects.is_empty() && given.argument(place).is_some();
        if is_handed { Zone::Computed } else { Zone::Local }
    }

    /// Whether an argument of this name may be what is run.
    pub(super) fn may_run(&self, library: &Library, given: &Given<'a>, name: &str) -> bool {
        let at = given.arguments.iter().position(|argument| argument_is(argument, name));
        let is_behind = at.is_some_and(|at| at > 1);
        let is_object = at
            .and_then(|at| given.arguments.get(at))
            .is_some_and(|argument| Object::of(self.all, argument).is_some());
        let is_option = is_behind && matches!(library.call, "CronJob" | "schedule" | "createTask");
        !(is_object || is_option)
    }

    /// Whether a job of croner has something to run: without, it only counts.
    pub(super) fn has_function(&self, at: usize, given: &Given<'a>, written: Option<&Written>) -> bool {
        let is_function = |argument: &&[Placed<'a>]| {
            let is_time = matches!(argument, [(_, Token::Text(_))])
                || written.is_some() && known(self.all, argument).is_some();
            !is_time && Object::of(self.all, argument).is_none()
        };
        let functions = given.arguments.iter().filter(|argument| is_function(argument)).count();
        // An expression that is computed is no function.
        functions > usize::from(written.is_none() && given.texts.is_empty())
            || self.is_called(at, &["schedule"])
    }

    /// Reads the arguments from behind the opening parenthesis on.
    pub(super) fn given(&self, start: usize) -> Given<'a> {
        let arguments = Call::read(self.all, start).arguments().to_vec();
        let objects = arguments.iter().filter_map(|argument| Object::of(self.all, argument)).collect();
        let mut given = Given { arguments, objects, ..Given::default() };
        let mut open = 0_usize;
        let mut before = &Token::Sign('(');
        for at in start..start.saturating_add(MAX_CALL_TOKENS) {
            let Some(token) = self.token(at) else { break };
            match token {
                Token::Sign(')' | ']' | '}') => match open.checked_sub(1) {
                    Some(less) => open = less,
                    None => break,
                },
                Token::Sign('(' | '[' | '{') => open = open.saturating_add(1),
                Token::Text(text) if open == 0 => {
                    given.texts.push((at, text));
                    given.computed = given.computed || (given.texts.len() == 1 && text.contains("${"));
                }
                Token::Word(word) if open == 0 => self.word(at, word, before, &mut given),
                Token::Word(_) | Token::Text(_) | Token::Number(_) | Token::Sign(_) => {}
            }
            before = token;
        }
        given
    }

    fn word(&self, at: usize, word: &'a str, before: &Token<'a>, given: &mut Given<'a>) {
        let next = self.token(at.saturating_add(1));
        let begins = matches!(before, Token::Sign('(' | ','));
        let ends = matches!(next, Some(Token::Sign(')' | ',')));
        if begins && given.texts.is_empty() && given.words.is_empty() && *before == Token::Sign('(') {
            given.computed = !matches!(word, "async" | "function");
        }
        if begins && ends {
            given.words.push(word);
        }
    }
}

/// Whether an argument is nothing but this name.
fn argument_is(argument: &[Placed<'_>], name: &str) -> bool {
    matches!(argument, [(_, Token::Word(word))] if *word == name)
}
