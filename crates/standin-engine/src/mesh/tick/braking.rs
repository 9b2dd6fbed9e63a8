//! Before anything is recovered on a platform: how most of it is, and what its brake lets through.

use std::cmp::Reverse;

use standin_core::mesh::brake::Outcome;
use standin_core::mesh::cell::Holder;
use standin_core::mesh::claim::End;

use super::{Purpose, Tick, Unwritten};
use crate::mesh::brake::{Gate, Opened, View};
use crate::mesh::clocks::Now;
use crate::mesh::judge::{Case, Judged};
use crate::mesh::outcome::Deed;
use crate::mesh::register::{Asked, Place};
use crate::mesh::setup::{BrakeSetup, Setup, TargetSetup};
use crate::ports::mesh::{Answer, Number, Request, Ticket};

/// What was judged, by platform.
pub(super) struct Assembly {
    platforms: Vec<Tally>,
}

#[derive(Default)]
struct Tally {
    well: usize,
    down: Vec<Number>,
    cases: Vec<(Reverse<standin_core::health::Priority>, Case)>,
}

impl Assembly {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { platforms: setup.platforms.iter().map(|_| Tally::default()).collect() }
    }

    fn of(&mut self, target: &TargetSetup) -> Option<&mut Tally> {
        self.platforms.get_mut(target.platform)
    }

    pub(super) fn count(&mut self, target: &TargetSetup, number: Number, judged: Judged) {
        let Some(tally) = self.of(target) else { return };
        match judged {
            Judged::Unknown => {}
            Judged::Well => tally.well = tally.well.saturating_add(1),
            Judged::Down { .. } => tally.down.push(number),
        }
    }

    pub(super) fn case(&mut self, target: &TargetSetup, case: Case) {
        if let Some(tally) = self.of(target) {
            tally.cases.push((Reverse(target.priority), case));
        }
    }
}

impl Tally {
    fn view(&self, brake: BrakeSetup) -> View {
        let known = self.well.saturating_add(self.down.len());
        let is_low = self.well.saturating_mul(100) < known.saturating_mul(brake.percent);
        match (known, is_low) {
            (0, _) => View::Unknown,
            (_, false) => View::Fine,
            (known, true) if known < brake.minimum => View::Unknown,
            (_, true) => View::Mass(self.down.as_slice().into()),
        }
    }
}

impl Tick {
    /// One gate for each platform on which something needs help, or whose brake is on as far as is known.
    pub(super) fn build_gates(&mut self, all: Assembly) {
        for (platform, mut tally) in all.platforms.into_iter().enumerate() {
            self.views.push(tally.view(self.setup.brake));
            if tally.cases.is_empty() && !self.carry.braked.contains(&platform) {
                continue;
            }
            tally.cases.sort_by_key(|(priority, case)| (*priority, case.target));
            let waiting = tally.cases.into_iter().map(|(_, case)| case).collect();
            let gate = self.gate(platform, waiting);
            self.gates.extend(gate);
        }
    }

    fn gate(&self, platform: Number, waiting: Vec<Case>) -> Option<Gate> {
        let view = self.views.get(platform).cloned().unwrap_or(View::Unknown);
        let holder = Holder { peer: self.setup.own_id()?.clone(), run: self.run };
        Gate::new(&self.setup, platform, holder, (view, waiting))
    }

    /// Lets one more case wait at its gate.
    pub(super) fn submit(&mut self, case: Option<Case>, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let Some(case) = case else { return };
        let Some(platform) = self.setup.targets.get(case.target).map(|target| target.platform) else {
            return;
        };
        let index = match self.gates.iter().position(|gate| gate.platform == platform) {
            Some(index) => index,
            None => {
                let gate = self.gate(platform, Vec::new());
                self.gates.extend(gate);
                self.gates.len().saturating_sub(1)
            }
        };
        if let Some(gate) = self.gates.get_mut(index).filter(|gate| gate.platform == platform) {
            gate.wait(case, &self.setup);
            let asked = gate.go_on();
            self.ask_gate(index, asked, now, out);
        }
    }

    pub(super) fn open_gates(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        for index in 0..self.gates.len() {
            let asked = self.gates.get_mut(index).map(Gate::go_on).unwrap_or_default();
            self.ask_gate(index, asked, now, out);
        }
    }

    fn ask_gate(&mut self, index: usize, asked: Asked, now: Now, out: &mut Vec<(Ticket, Request)>) {
        for (place, request) in asked {
            self.ask(Purpose::Gate(index, place), request, now, out);
        }
    }

    pub(super) fn answer_gate(
        &mut self,
        (index, place): (usize, Place),
        answer: Answer,
        asked: u64,
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        let store = self.gates.get(index).and_then(|gate| gate.store_at(place));
        self.hear_clock(store, &answer, asked, now);
        let Some(gate) = self.gates.get_mut(index) else { return };
        let Opened { asked, through, notices } = gate.answer(place, answer, &self.setup, &self.clocks, now);
        let (platform, is_on) = (gate.platform, gate.is_on);
        if is_on != self.carry.braked.contains(&platform) {
            self.carry.braked.retain(|known| *known != platform);
            if is_on {
                self.carry.braked.push(platform);
            }
            self.unwritten = Unwritten::Something;
        }
        self.ask_gate(index, asked, now, out);
        for notice in notices {
            self.ask(Purpose::Nothing, Request::Notify(notice), now, out);
        }
        if !through.is_empty() {
            self.queue.extend(through);
            self.fill(now, out);
        }
    }

    /// An errand is over: if it had a place at the brake, that is told what came of it.
    pub(super) fn report_to_gate(&mut self, index: usize, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let Some(errand) = self.errands.get(index).filter(|errand| errand.has_place()) else { return };
        let Some(outcome) = errand.over().and_then(outcome) else { return };
        let Some(target) = self.setup.targets.get(errand.case.target) else { return };
        let (name, platform) = (target.target.clone(), target.platform);
        let Some(index) = self.gates.iter().position(|gate| gate.platform == platform) else { return };
        if let Some(gate) = self.gates.get_mut(index) {
            gate.report(name, outcome);
            let asked = gate.go_on();
            self.ask_gate(index, asked, now, out);
        }
    }
}

/// What became of a canary; `None` when nobody knows: its place then stays taken until its time is over.
fn outcome(deed: &Deed) -> Option<Outcome> {
    match deed {
        Deed::Tried { end: End::Executed | End::Recovered | End::Serving, .. } => Some(Outcome::Recovered),
        Deed::Tried { end: End::Failed, .. } => Some(Outcome::Lost),
        // The arbiter may have fallen silent after something was sent.
        Deed::Blocked { .. } | Deed::Tried { end: End::Unconfirmed | End::Unrecorded, .. } => None,
        Deed::Tried {
            end: End::Refused(_) | End::Lost | End::Unclear | End::CannotTell | End::TooLate | End::Braked,
            ..
        }
        | Deed::Woke(_)
        | Deed::Suspects(_)
        | Deed::Asked { .. }
        | Deed::Served { .. }
        | Deed::HandedBack(_) => Some(Outcome::Unused),
    }
}
