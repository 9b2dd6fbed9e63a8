//! Tasks that recur by a rule or by a span: of node-schedule and Nest.

use super::super::calls::Call;
use super::super::program::When;
use super::super::{intervals, recurrence, runs_by_itself, task};
use super::Source;
use crate::findings::Gathered;

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
}
