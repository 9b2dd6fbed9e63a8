//! What needs help, whose turn it is, and what comes of it.

use std::sync::Arc;

use standin_core::mesh::cell::{Holder, Refusal};
use standin_core::mesh::claim::End;

use super::braking::Assembly;
use super::look::Why;
use super::{Purpose, Tick};
use crate::mesh::clocks::Now;
use crate::mesh::errand::{Asks, Errand};
use crate::mesh::judge::{self, Judged};
use crate::mesh::outcome::Deed;
use crate::mesh::record::Alert;
use crate::ports::mesh::{Notice, Request, Ticket};

/// So many targets are recovered at a time in one tick.
const MAX_ERRANDS: usize = 8;

impl Tick {
    /// What needs help, and whose turn it is.
    pub(super) fn judge(&mut self, now: Now) {
        let setup = Arc::clone(&self.setup);
        let mut all = Assembly::new(&setup);
        for (number, target) in setup.targets.iter().enumerate() {
            let Some((fact, time)) = self.fact_of(number).zip(self.time_of(number, now)) else { continue };
            let Some(seen) = self.carry.seen.get_mut(number) else { continue };
            let judged = judge::judge(target, fact, seen, time);
            all.count(target, number, judged);
            if judged == Judged::Well {
                self.well.push(number);
            }
            if let Judged::Down { since, slot } = judged
                && let Some(case) = judge::case(&setup, number, since, slot, seen, time)
                && self.may_claim(number)
            {
                match target.serving() {
                    Some(_) => self.held_back.push(case),
                    None => all.case(target, case),
                }
            }
        }
        self.build_gates(all);
    }

    /// Begins as many of the waiting cases as there is room for.
    pub(super) fn fill(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        let Some(peer) = setup.own_id() else { return };
        while self.errands.iter().filter(|errand| errand.over().is_none()).count() < MAX_ERRANDS
            && self.budget_left(now) > 0
        {
            let Some((case, pass)) = self.queue.pop_front() else { return };
            let Some(target) = setup.targets.get(case.target) else { continue };
            // Two tries of one run at two targets are two holders, so that no two cells are alike.
            let run = self.run.wrapping_add(u64::try_from(self.errands.len()).unwrap_or(0));
            let holder = Holder { peer: peer.clone(), run };
            let mut errand =
                Errand::new((case, pass), target, setup.own, holder, setup.body.send.max(target.terms.send));
            let mut asks = Asks::new();
            errand.go_on(&self.clocks, now, &mut asks);
            self.errands.push(errand);
            self.follow(self.errands.len().saturating_sub(1), asks, now, out);
        }
    }

    /// Passes on what an errand asks for, and notes its end.
    pub(super) fn follow(&mut self, index: usize, asks: Asks, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let budget = self.budget_left(now);
        for (part, request) in asks {
            if let Request::Probe { target, slot } = &request
                && self.is_looked_at(*target)
            {
                let is_confirming = self.errands.get(index).is_some_and(Errand::is_confirming);
                let why = if is_confirming { Why::Sent } else { Why::Claimed };
                self.look((index, why), (*target, *slot), now, out);
                continue;
            }
            if let Request::Send { target, .. } = &request {
                self.tell_of_peer(*target, now, out);
            }
            // A wait that does not end within the tick is not begun: the lease runs out by itself.
            let is_too_long =
                matches!(&request, Request::Sleep(wait) if wait.as_millis() > u128::from(budget));
            if is_too_long {
                self.leave_unconfirmed(index, now, out);
            } else {
                self.ask(Purpose::Errand(index, part), request, now, out);
            }
        }
        if let Some(posting) = self.errands.get_mut(index).and_then(Errand::take_posting) {
            return self.post(index, posting, now, out);
        }
        let Some(deed) = self.errands.get(index).and_then(|errand| errand.over().cloned()) else { return };
        if self.deeds.contains(&deed) {
            return;
        }
        self.learn(&deed, now, out);
        if matches!(deed, Deed::Tried { end: End::Refused(Refusal::Over), .. }) {
            // A body without memory reads at its next tick what it has written in this one.
            self.number = self.number.next();
            self.write(Purpose::Nothing, now, out);
        }
        self.deeds.push(deed);
        self.report_to_gate(index, now, out);
        self.fill(now, out);
    }

    /// Something was sent, and this tick is over before that can be seen: people are told now, and again once it is well.
    fn leave_unconfirmed(&mut self, index: usize, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let Some(errand) = self.errands.get(index).filter(|errand| errand.is_own()) else { return };
        let (target, key) = (errand.case.target, errand.case.key.clone());
        self.deeds.push(Deed::Tried { target, key, end: End::Unconfirmed });
        self.alert(target, Alert::Unconfirmed, now, out);
    }

    fn learn(&mut self, deed: &Deed, now: Now, out: &mut Vec<(Ticket, Request)>) {
        match deed {
            Deed::Blocked { target } => self.alert(*target, Alert::NoArbiter, now, out),
            Deed::Tried { target, end: End::Refused(Refusal::Over), .. } => {
                // What this watcher knew is older than the cell: if the target is still down, that is news.
                if let Some(seen) = self.carry.seen.get_mut(*target) {
                    seen.down_since = None;
                }
            }
            Deed::Tried { target, end: End::Refused(Refusal::AttemptsUsed), .. } => {
                self.alert(*target, Alert::Exhausted, now, out);
            }
            Deed::Tried { target, end: End::Refused(Refusal::Garbage(_)), .. } => {
                self.alert(*target, Alert::Garbage, now, out);
            }
            Deed::Tried { target, end: End::Serving, .. } => {
                self.begins_to_serve(*target, now);
                self.ask(Purpose::Nothing, Request::Notify(Notice::Serving(*target)), now, out);
            }
            Deed::Tried { .. }
            | Deed::Woke(_)
            | Deed::Suspects(_)
            | Deed::Asked { .. }
            | Deed::Served { .. }
            | Deed::HandedBack(_) => {}
        }
    }
}
