//! Whether something starts a task that does not start by itself.

use super::super::calls::{Call, stands};
use super::super::lex::Token;
use super::{Given, Library, Source, Starts, Told};

impl<'a> Source<'a> {
    pub(super) fn is_off(&self, at: usize, library: &Library, given: &Given<'a>) -> bool {
        match library.starts {
            Starts::AtOnce => false,
            Starts::UnlessOff => {
                (given.is(&["scheduled"], "false") || given.is(&["paused"], "true")) && !self.is_told(at)
            }
            Starts::WhenTold => {
                !given.is(&["start"], "true") && !given.words.contains(&"true") && !self.is_told(at)
            }
        }
    }

    /// Whether something tells the task of a call to start. One that only its own name holds has to be told by it.
    fn is_told(&self, at: usize) -> bool {
        let end = Call::read(self.all, at.saturating_add(2)).end;
        if stands(self.all, end, &[".", "start", "("]) || stands(self.all, end, &[".", "resume", "("]) {
            return true;
        }
        let mut before = at;
        // `cron.` and `new` stand before the call.
        while let Some(Token::Sign('.') | Token::Word("new" | "cron" | "CronJob" | "schedule" | "nodeCron")) =
            before.checked_sub(1).and_then(|at| self.token(at))
        {
            before = before.saturating_sub(1);
        }
        let held =
            before.checked_sub(2).and_then(|at| match (self.token(at), self.token(at.saturating_add(1))) {
                (Some(Token::Word(name)), Some(Token::Sign('='))) => Some(*name),
                _ => None,
            });
        let Some(name) = held else { return self.told == Told::ToStart };
        let uses = (0..self.all.len()).filter(|at| self.token(*at) == Some(&Token::Word(name)));
        let mut is_handed_on = false;
        for here in uses {
            let next = here.saturating_add(1);
            if stands(self.all, next, &[".", "start", "("]) || stands(self.all, next, &[".", "resume", "("]) {
                return true;
            }
            // As an argument, in a list, or exported, it may be started under another name.
            let next = self.token(next);
            let is_own = next == Some(&Token::Sign('=')) || next == Some(&Token::Sign('.'));
            let is_exported =
                here.checked_sub(2).is_some_and(|at| self.token(at) == Some(&Token::Word("export")));
            is_handed_on |= !is_own || is_exported;
        }
        is_handed_on && self.told == Told::ToStart
    }
}
