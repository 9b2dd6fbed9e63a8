//! Tasks that recur by a rule or by a span: of node-schedule, Nest and bullmq.

use super::super::calls::Call;
use super::super::lex::Token;
use super::super::program::When;
use super::super::{intervals, recurrence, runs_by_itself, task};
use super::Source;
use crate::findings::Gathered;

/// Longest way from the name of a job to how often it runs, in tokens.
const MAX_BEFORE: usize = 60;

impl Source<'_> {
    /// The rule of node-schedule among the arguments; a name may stand before it.
    pub(super) fn rule(&self, at: usize) -> Option<When> {
        let call = Call::read(self.all, at.saturating_add(2));
        call.arguments().iter().take(2).find_map(|argument| recurrence::rule(self.all, argument))
    }

    /// `@Interval(10000)`, `@Interval('name', 2500)` of Nest.
    pub(super) fn interval(&mut self, at: usize, gathered: &mut Gathered) {
        if !self.file.more(self.line(at), gathered) {
            return;
        }
        let call = Call::read(self.all, at.saturating_add(2));
        let time = call.arguments().last().and_then(|time| self.constants.whole(time));
        let method = self.method(at);
        let mut found = task(self.name(method), self.line(at));
        match time {
            Some(ms) => found.trigger(intervals::every(ms)),
            None => found.trigger("schedule"),
        }
        runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }

    /// `repeat: { every: 10000 }` and `upsertJobScheduler(id, { every: 10000 })` of bullmq.
    pub(super) fn repeated(&mut self, at: usize, gathered: &mut Gathered) {
        if !self.names_module(&["bullmq", "bull"]) || self.token(at) != Some(&Token::Word("every")) {
            return;
        }
        let before = self.all.get(at.saturating_sub(MAX_BEFORE)..at).unwrap_or_default();
        let is_option = before.iter().any(|(_, token)| {
            matches!(token, Token::Word("repeat" | "upsertJobScheduler" | "RepeatOptions"))
        });
        if self.token(at.saturating_add(1)) != Some(&Token::Sign(':')) || !is_option {
            return;
        }
        let rest = Call::read(self.all, at.saturating_add(2));
        let Some(ms) = rest.arguments().first().and_then(|time| self.constants.whole(time)) else {
            return;
        };
        let line = self.line(at);
        if !self.file.more(line, gathered) {
            return;
        }
        let named = before.windows(3).rev().find_map(|three| match three {
            [
                (_, Token::Word("add" | "upsertJobScheduler")),
                (_, Token::Sign('(')),
                (_, Token::Text(name)),
            ] => Some(*name),
            _ => None,
        });
        let mut found = task(self.name(named), line);
        found.trigger(intervals::every(ms));
        runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }
}
