//! Whether something starts a task that does not start by itself.

use super::super::calls::{Call, stands};
use super::super::lex::Token;
use super::given::Given;
use super::{Library, Source, Starts, Told};

/// Who holds the task that a call makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder<'a> {
    /// A name.
    Name(&'a str),
    /// It is an argument, or a part of something else: who gets it may start it.
    Other,
    /// Nothing: only what stands behind the call can reach it.
    Nobody,
}

impl<'a> Source<'a> {
    pub(super) fn is_off(&self, at: usize, library: &Library, given: &Given<'a>) -> bool {
        match library.starts {
            Starts::AtOnce => false,
            Starts::UnlessOff => {
                (given.is(&["scheduled"], "false") || given.is(&["paused"], "true")) && !self.is_told(at)
            }
            Starts::WhenTold => !may_start(library, given) && !self.is_told(at),
        }
    }

    /// Whether something tells the task of a call to start. One that only its own name holds has to be told by it.
    fn is_told(&self, at: usize) -> bool {
        if self.is_called(at, &["start", "resume"]) {
            return true;
        }
        match self.holder_of(at) {
            Holder::Nobody => false,
            Holder::Other => self.told == Told::ToStart,
            Holder::Name(name) => self.is_handed_on(name) && self.told == Told::ToStart,
        }
    }

    /// Whether one of these methods of what a call makes is called, behind the call or by its name.
    pub(super) fn is_called(&self, at: usize, methods: &[&str]) -> bool {
        let is_method = |at: usize| methods.iter().any(|method| stands(self.all, at, &[".", method, "("]));
        let end = Call::read(self.all, at.saturating_add(2)).end;
        if is_method(end) {
            return true;
        }
        let Holder::Name(name) = self.holder_of(at) else { return false };
        (0..self.all.len())
            .any(|at| self.token(at) == Some(&Token::Word(name)) && is_method(at.saturating_add(1)))
    }

    /// Who holds what a call makes.
    fn holder_of(&self, at: usize) -> Holder<'a> {
        let mut start = at;
        // `this.cron.` and `new` stand before the call.
        while let Some(Token::Sign('.')) = start.checked_sub(1).and_then(|at| self.token(at)) {
            start = start.saturating_sub(2);
        }
        while let Some(Token::Word("new" | "await" | "void")) =
            start.checked_sub(1).and_then(|at| self.token(at))
        {
            start = start.saturating_sub(1);
        }
        let Some(before) = start.checked_sub(1) else { return Holder::Nobody };
        match self.token(before) {
            Some(Token::Sign('=')) => self.name_before(before).map_or(Holder::Other, Holder::Name),
            Some(Token::Sign(';' | '{' | '}' | ')')) => Holder::Nobody,
            Some(Token::Word("return" | "yield" | "default" | "in" | "of" | "typeof")) => Holder::Other,
            // A line that ends without a sign.
            Some(Token::Word(_) | Token::Text(_) | Token::Number(_)) => Holder::Nobody,
            Some(Token::Sign(_)) | None => Holder::Other,
        }
    }

    /// The name that stands before a `=`, with its type if it has one.
    fn name_before(&self, equals: usize) -> Option<&'a str> {
        let word = |back: usize| match equals.checked_sub(back).and_then(|at| self.token(at)) {
            Some(Token::Word(word)) => Some(*word),
            Some(_) | None => None,
        };
        match equals.checked_sub(2).and_then(|at| self.token(at)) {
            Some(Token::Sign(':')) => word(3),
            Some(_) | None => word(1),
        }
    }

    /// As an argument, in a list, or exported, it may be started under another name.
    fn is_handed_on(&self, name: &str) -> bool {
        let uses = (0..self.all.len()).filter(|at| self.token(*at) == Some(&Token::Word(name)));
        let mut uses = uses.map(|here| {
            let next = self.token(here.saturating_add(1));
            let is_own = matches!(next, Some(Token::Sign('=' | '.' | ':')));
            let is_exported =
                here.checked_sub(2).is_some_and(|at| self.token(at) == Some(&Token::Word("export")));
            !is_own || is_exported
        });
        uses.any(|is_handed_on| is_handed_on)
    }
}

/// Whether a job of cron starts by what it is given, or may: `start: true`, and what only running it tells.
fn may_start(library: &Library, given: &Given<'_>) -> bool {
    let is_no =
        |value: &[(usize, Token<'_>)]| matches!(value, [(_, Token::Word("false" | "null" | "undefined"))]);
    if given.option(&["start"]).is_some_and(|start| !is_no(start)) {
        return true;
    }
    library.call == "CronJob" && given.argument(3).is_some_and(|start| !is_no(start))
}
