//! Targets that are served by their backup.

use std::sync::Arc;

use standin_core::mesh::cell::Cell;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::handback::{Ack, Streak};

use super::{Memory, Purpose, Tick, Unwritten};
use crate::mesh::clocks::Now;
use crate::mesh::judge::Case;
use crate::mesh::outcome::Deed;
use crate::mesh::record::{Alert, Carry, ClaimSeen, Found, MAX_ACKS, Seen};
use crate::mesh::serving::{Keep, KeepAsks, KeepPart, Kept, Known};
use crate::mesh::setup::Serving;
use crate::ports::mesh::{Answer, Fact, Notice, Number, Request, Ticket};

/// A claim that nobody holds, as far as is known, is looked at again after so long, in milliseconds.
const LOOK_AGAIN_MS: u64 = 600_000;

impl Tick {
    /// Looks at the claims of all targets that a backup may serve and this watcher has a part in.
    pub(super) fn keep(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        for (number, target) in setup.targets.iter().enumerate() {
            let Some(serving) = target.serving() else { continue };
            if serving.primary != setup.own && !target.able().contains(&setup.own) {
                continue;
            }
            let fact = self.fact_of(number).unwrap_or(Fact::Unknown);
            if !self.is_worth_a_look(number, fact, now) {
                continue;
            }
            let seen = self.carry.seen.get(number).copied().unwrap_or_default();
            let known = Known { fact, acked: self.acked(number, serving), seen };
            let index = self.keeps.len();
            // Far from the numbers of the errands of the same run.
            let run = self.run.rotate_left(16) ^ u64::try_from(number).unwrap_or(0);
            self.keeps.push(Keep::new((number, target), run, &setup.body, known));
            let asks = self.keeps.get_mut(index).map(Keep::begin).unwrap_or_default();
            self.follow_keep(index, asks, now, out);
        }
    }

    /// Whether to look at a claim: when there is something to do, when a backup works as far as anybody knows, and now
    /// and then.
    fn is_worth_a_look(&self, number: Number, fact: Fact, now: Now) -> bool {
        let is_held = |carry: &Carry| {
            let claim = carry.seen.get(number).and_then(|seen| seen.claim);
            claim.is_some_and(|claim| claim.found == Found::Held)
        };
        let claim = self.carry.seen.get(number).and_then(|seen| seen.claim);
        let is_fresh =
            claim.is_some_and(|claim| claim.at <= now.wall && now.wall.since(claim.at) < LOOK_AGAIN_MS);
        let records = self.gathered.peers.iter().filter_map(|view| view.newest.as_ref());
        let mut alike = records.filter(|record| record.beat.config_hash == self.setup.config_hash);
        fact == Fact::Down || !is_fresh || is_held(&self.carry) || alike.any(|record| is_held(&record.carry))
    }

    /// The highest epoch that the primary of a target is known to have agreed to.
    fn acked(&self, number: Number, serving: Serving) -> u64 {
        let own = &self.carry.acks;
        let theirs = self.gathered.peers.get(serving.primary).and_then(|view| view.newest.as_ref());
        let acks = if serving.primary == self.setup.own {
            own.as_slice()
        } else {
            theirs.map_or(&[][..], |record| record.carry.acks.as_slice())
        };
        let target = self.setup.targets.get(number).map(|target| &target.target);
        let of_it = acks.iter().take(MAX_ACKS).filter(|ack| Some(&ack.target) == target);
        of_it.map(|ack| ack.epoch).max().unwrap_or(0)
    }

    pub(super) fn answer_keep(
        &mut self,
        (index, part): (usize, KeepPart),
        answer: Answer,
        asked: u64,
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        let store = self.keeps.get(index).and_then(|keep| keep.store_at(part));
        self.hear_clock(store, &answer, asked, now);
        let Some(own) = self.setup.own_id().cloned() else { return };
        let own = standin_core::mesh::cell::Holder { peer: own, run: self.run };
        let Some(keep) = self.keeps.get_mut(index) else { return };
        let asks = keep.answer(&own, part, answer, &self.clocks, now);
        self.follow_keep(index, asks, now, out);
    }

    fn follow_keep(&mut self, index: usize, asks: KeepAsks, now: Now, out: &mut Vec<(Ticket, Request)>) {
        for (part, request) in asks {
            self.ask(Purpose::Keep(index, part), request, now, out);
        }
        let Some(keep) = self.keeps.get(index) else { return };
        let Some(kept) = keep.over().cloned() else { return };
        let (target, awaited, streak) = (keep.target, keep.awaited, keep.streak());
        self.agree(target, awaited, now, out);
        let case = self.held_back.iter().position(|case| case.target == target);
        let case = case.map(|place| self.held_back.swap_remove(place));
        let found = match kept {
            Kept::Free | Kept::HandedBack if case.is_none() => Found::Free,
            // Free, and about to be claimed.
            Kept::Free | Kept::HandedBack => Found::Held,
            Kept::Away | Kept::Garbage | Kept::Lapsed(_) | Kept::Begun | Kept::Ours => Found::Held,
        };
        let claim = Some(ClaimSeen { found, at: now.wall });
        self.change(target, |seen| (seen.streak, seen.claim) = (streak, claim));
        match kept {
            Kept::Free => self.submit(case, now, out),
            Kept::Lapsed(cell) => {
                let case = case.or_else(|| self.case_of(target, &cell, now));
                self.submit(case, now, out);
            }
            Kept::Garbage => self.alert(target, Alert::Garbage, now, out),
            Kept::Away | Kept::Ours => {}
            Kept::Begun => {
                self.begins_to_serve(target, now);
                self.ask(Purpose::Nothing, Request::Notify(Notice::Serving(target)), now, out);
            }
            Kept::HandedBack => {
                self.deeds.push(Deed::HandedBack(target));
                self.ask(Purpose::Nothing, Request::Notify(Notice::HandedBack(target)), now, out);
            }
        }
    }

    /// The case of a claim whose holder is gone, for the watcher whose turn it is: the primary may be well by now, and
    /// waits for somebody to say so.
    fn case_of(&self, number: Number, cell: &Cell, now: Now) -> Option<Case> {
        let target = self.setup.targets.get(number)?;
        let seen = self.carry.seen.get(number)?;
        if self.fact_of(number) != Some(Fact::Well) || !target.able().contains(&self.setup.own) {
            return None;
        }
        let time = self.clocks.earliest(target.decider.stores(), now)?;
        crate::mesh::judge::case(&self.setup, number, cell.expires(), None, seen, time)
    }

    /// The primary, hosted by this peer, is ready to take its work back.
    fn agree(&mut self, number: Number, awaited: Option<u64>, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        let Some((target, epoch)) = setup.targets.get(number).zip(awaited) else { return };
        let Some(serving) = target.serving().filter(|serving| serving.primary == setup.own) else { return };
        if self.fact_of(number) != Some(Fact::Well) || self.acked(number, serving) >= epoch {
            return;
        }
        let acks = &mut self.carry.acks;
        acks.retain(|ack| ack.target != target.target);
        acks.push(Ack { target: target.target.clone(), epoch });
        acks.drain(..acks.len().saturating_sub(MAX_ACKS));
        self.number = self.number.next();
        self.write(Purpose::Nothing, now, out);
    }

    /// A backup begins to work.
    pub(super) fn begins_to_serve(&mut self, number: Number, now: Now) {
        let Some(target) = self.setup.targets.get(number) else { return };
        let time = self.clocks.earliest(target.decider.stores(), now).unwrap_or_default();
        self.change(number, |seen| {
            (seen.streak, seen.damping) = (Streak::default(), seen.damping.flap(time))
        });
    }

    pub(super) fn change(&mut self, number: Number, change: impl FnOnce(&mut Seen)) {
        if let Some(seen) = self.carry.seen.get_mut(number) {
            let before = *seen;
            change(seen);
            if *seen != before {
                self.unwritten = Unwritten::Something;
            }
        }
    }

    /// All is done: what a body without memory has learned since its record was written goes into a newer one.
    pub(super) fn close(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        if self.memory == Memory::Record && self.unwritten == Unwritten::Something {
            self.number = self.number.next();
            self.write(Purpose::Nothing, now, out);
        }
    }

    /// When a target was seen, on its arbiter's clock.
    pub(super) fn time_of(&self, number: Number, now: Now) -> Option<StoreTime> {
        let target = self.setup.targets.get(number)?;
        let clock = self.clocks.earliest(target.decider.stores(), now);
        clock.or_else(|| self.clocks.earliest(&self.setup.evidence, now))
    }
}
