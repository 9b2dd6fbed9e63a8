//! The brake of the mesh: two watchers without memory, and one cell that says how many may be recovered at once.
//!
//! The cell is the core's. A watcher reads it, changes what it has read, and swaps it in if nobody was faster. How many
//! may be under way is counted by a rule of the model's own.

use standin_core::incident::Target;
use standin_core::mesh::brake::{Brake, BrakeState, Outcome, STAGES, Told};
use standin_core::mesh::cell::Holder;
use standin_core::mesh::clock::StoreTime;
use stateright::{Model, Property};

use super::brake::FEW_AT_A_TIME;

/// Where the brake is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In one cell, which all swap.
    InOneCell,
    /// Each watcher has its own.
    ByEachWatcher,
    /// In one cell, which takes whatever is written.
    Overwritten,
}

/// A platform whose targets are all down, and whose brake is on.
#[derive(Debug, Clone)]
pub struct BrakeCell {
    /// How many targets.
    pub targets: usize,
    /// How many watchers.
    pub watchers: usize,
    /// How often a recovery changes nothing, in all.
    pub fizzles: u8,
    /// See [`Kept`].
    pub kept: Kept,
}

/// What one watcher is at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Watcher {
    read: Option<Brake>,
    under_way: Vec<usize>,
    ended: Vec<(usize, bool)>,
}

/// The brakes, the watchers, and which targets are well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    brakes: Vec<Brake>,
    watchers: Vec<Watcher>,
    well: Vec<bool>,
    fizzles: u8,
    lost: bool,
}

/// What may happen; the first number is a watcher, the second a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It reads the brake.
    Read(usize),
    /// It reports what has ended, or asks for places, and begins with those it gets.
    Swap(usize),
    /// A recovery succeeds.
    Succeed(usize, usize),
    /// A recovery changes nothing.
    Fizzle(usize, usize),
}

const NOW: StoreTime = StoreTime(1_000);

fn target(n: usize) -> Target {
    Target::Automation(format!("pm2:app{n}").parse().unwrap_or_else(|_| unreachable!("a plain name")))
}

fn holder(n: usize) -> Holder {
    let peer = format!("watcher{n}").parse().unwrap_or_else(|_| unreachable!("a plain name"));
    Holder { peer, run: 1 }
}

/// One until one has recovered, two until three have, then four.
const fn allowed(recovered: usize) -> usize {
    match recovered {
        0 => 1,
        1 | 2 => 2,
        _ => 4,
    }
}

impl State {
    fn under_way(&self) -> usize {
        self.watchers.iter().map(|watcher| watcher.under_way.len()).sum()
    }

    fn recovered(&self) -> usize {
        self.well.iter().filter(|well| **well).count()
    }
}

impl BrakeCell {
    const fn cell_of(&self, watcher: usize) -> usize {
        match self.kept {
            Kept::InOneCell | Kept::Overwritten => 0,
            Kept::ByEachWatcher => watcher,
        }
    }

    fn swap(&self, s: &mut State, n: usize) -> Option<()> {
        let down: Vec<Target> =
            (0..self.targets).filter(|t| s.well.get(*t) == Some(&false)).map(target).collect();
        let cell = s.brakes.get_mut(self.cell_of(n))?;
        let watcher = s.watchers.get_mut(n)?;
        let read = watcher.read.take()?;
        let is_first = read.epoch == cell.epoch || self.kept == Kept::Overwritten;
        if let Some((of, is_well)) = watcher.ended.first().copied() {
            let outcome = if is_well { Outcome::Recovered } else { Outcome::Lost };
            let next = read.report(&target(of), &holder(n), outcome, NOW).ok()?;
            if is_first {
                *cell = next;
                watcher.ended.remove(0);
            }
            return Some(());
        }
        // One at a time, so that the places of a stage are shared.
        let places = match &read.state {
            BrakeState::On { canaries, .. } => canaries.as_slice(),
            BrakeState::Off => &[],
        };
        let is_free = |name: &&Target| places.iter().all(|place| place.target != name.to_string());
        let wanted: Vec<&Target> = down.iter().filter(is_free).take(1).collect();
        let (next, admitted) = read.admit(&wanted, &holder(n), 1_000, NOW).ok()?;
        if is_first {
            *cell = next;
            let names = admitted.iter().filter_map(|place| wanted.get(*place));
            let numbers = names.filter_map(|name| (0..self.targets).find(|t| target(*t) == **name));
            watcher.under_way.extend(numbers);
        }
        Some(())
    }

    fn end(s: &mut State, (n, of): (usize, usize), is_well: bool) -> Option<()> {
        let watcher = s.watchers.get_mut(n)?;
        watcher.under_way.retain(|other| *other != of);
        watcher.ended.push((of, is_well));
        *s.well.get_mut(of)? |= is_well;
        Some(())
    }
}

impl Model for BrakeCell {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let [limit, ..] = STAGES;
        let state =
            BrakeState::On { since: NOW, frozen_until: NOW, told: Told::Yes, limit, canaries: Vec::new() };
        let brake = Brake { epoch: 1, granted: NOW, state };
        vec![State {
            brakes: vec![brake; self.watchers],
            watchers: vec![Watcher::default(); self.watchers],
            well: vec![false; self.targets],
            fizzles: self.fizzles,
            lost: false,
        }]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        for (n, watcher) in s.watchers.iter().enumerate() {
            actions.push(if watcher.read.is_some() { Action::Swap(n) } else { Action::Read(n) });
            for of in &watcher.under_way {
                actions.push(Action::Succeed(n, *of));
                if s.fizzles > 0 {
                    actions.push(Action::Fizzle(n, *of));
                }
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Read(n) => {
                let brake = s.brakes.get(self.cell_of(n))?.clone();
                s.watchers.get_mut(n)?.read = Some(brake);
            }
            Action::Swap(n) => {
                let before = s.watchers.get(n)?.clone();
                // What cannot be changed is read again.
                let _ = self.swap(&mut s, n);
                s.lost |= s
                    .watchers
                    .get(n)
                    .is_some_and(|after| after.under_way == before.under_way && after.ended == before.ended);
            }
            Action::Succeed(n, of) => Self::end(&mut s, (n, of), true)?,
            Action::Fizzle(n, of) => {
                s.fizzles -= 1;
                Self::end(&mut s, (n, of), false)?;
            }
        }
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(FEW_AT_A_TIME, |_, s: &State| s.under_way() <= allowed(s.recovered())),
            Property::sometimes("all are well again", |_, s: &State| s.recovered() == s.well.len()),
            Property::sometimes("both recover at once", |_, s: &State| {
                s.watchers.iter().all(|watcher| !watcher.under_way.is_empty())
            }),
            Property::sometimes("a swap is lost", |_, s: &State| s.lost),
        ]
    }
}
