//! The claim: several watchers, one target that is down, one arbiter.
//!
//! Each watcher runs the core's [`Claimant`]. The model decides when each of its steps happens, when time passes, who
//! crashes, which answers are lost and when a request arrives. One unit of time here is a millisecond there.

use standin_core::effect::EffectKey;
use standin_core::incident::IncidentId;
use standin_core::mesh::cell::{Bid, Cell, ClaimPhase, Holder, MAX_ATTEMPTS};
use standin_core::mesh::claim::{Claimant, End, Order, Probed, Sent, Step};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::swap::Swapped;
use standin_core::mesh::terms::Terms;
use stateright::{Model, Property};

/// Lease 3, sending 1, tolerance 1, start latency 2, next attempt after 1.
pub const TERMS: Terms = Terms { ttl: 3, serving: 0, send: 1, epsilon: 1, confirm: 2, retry: 1 };

/// Whether time may pass between the last look at the clock and the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Never.
    Never,
    /// For any time.
    Any,
}

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// At most what the terms say.
    Timely,
    /// Any time.
    Unbounded,
}

/// What the target does with a key that it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// It executes each request.
    Ignored,
    /// It executes each key once.
    Deduplicated,
}

/// What a watcher hears when it probes after winning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probing {
    /// How the target is.
    Honest,
    /// That it is down, without asking it: the step is skipped.
    Skipped,
}

/// The arbiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Compares before it swaps.
    Swaps,
    /// Writes whatever it is given, and says that it compared.
    Overwrites,
}

/// One mesh with one failure.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Each watcher's reading of the arbiter's clock, off by this.
    pub skews: Vec<i64>,
    /// When time ends.
    pub until: i64,
    /// Tries of each watcher.
    pub runs: u8,
    /// Crashes in all.
    pub crashes: u8,
    /// Answers of the store that are lost.
    pub lost_answers: u8,
    /// Requests to the target that are lost.
    pub lost_requests: u8,
    /// Recoveries of the target by itself.
    pub heals: u8,
    /// See [`Pause`].
    pub pause: Pause,
    /// See [`Network`].
    pub network: Network,
    /// See [`Keys`].
    pub keys: Keys,
    /// See [`Probing`].
    pub probing: Probing,
    /// See [`Store`].
    pub store: Store,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Watcher {
    claimant: Option<Claimant>,
    /// Cleared to send and not yet sent.
    pocket: Option<Order>,
    runs: u8,
    /// The epoch for which it has asked the target and heard that it is down.
    asked: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Request {
    key: EffectKey,
    /// When it has arrived at the latest.
    by: Option<i64>,
}

/// What has gone wrong so far, as seen from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Wrongs {
    two_holders: bool,
    epoch_fell: bool,
    sent_unasked: bool,
    taken_early: bool,
}

/// A state of the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    now: i64,
    cell: Option<Cell>,
    /// Who has won each epoch, from 1.
    winners: Vec<(u64, Holder)>,
    well: Well,
    executed: u8,
    seen: Vec<EffectKey>,
    watchers: Vec<Watcher>,
    requests: Vec<Request>,
    crashes: u8,
    lost_answers: u8,
    lost_requests: u8,
    wrongs: Wrongs,
    done_while_down: bool,
    /// Somebody won, asked, and sent nothing.
    found_well: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Well {
    No,
    /// By an effect.
    Helped,
    /// By itself.
    ByItself,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Time passes.
    Tick,
    /// A watcher begins a try and reads the cell.
    Begin(usize),
    /// A watcher does its next step.
    Step(usize),
    /// The store does the swap, and the answer is lost.
    SwapUnheard(usize),
    /// The swap is lost on its way.
    SwapGone(usize),
    /// A watcher hands over what it was cleared to send.
    Send(usize),
    /// A watcher ends without a word.
    Crash(usize),
    /// A request arrives.
    Arrive(usize),
    /// A request is lost.
    Lose(usize),
    /// The target recovers by itself.
    Heal,
}

impl Claims {
    fn bid(&self, watcher: usize, run: u8) -> Bid {
        let name = |what: &str| format!("{what}{watcher}");
        let peer: PeerId = name("w").parse().unwrap_or_else(|_| unreachable!("a plain name"));
        let run = u64::from(run) * 10 + watcher as u64;
        // Each watcher names the same failure by itself. What makes the names one is the cell.
        let (incident, key) = (IncidentId(name("incident")), EffectKey(name("key")));
        Bid { incident, key, opened: StoreTime(0), well_at: None, holder: Holder { peer, run } }
    }

    fn clock(&self, state: &State, watcher: usize) -> StoreTime {
        StoreTime(state.now + self.skews.get(watcher).copied().unwrap_or_default())
    }

    /// The store is asked to swap.
    fn swap(&self, s: &mut State, expect: Option<&Cell>, next: &Cell, reading: StoreTime) -> Swapped {
        if self.store == Store::Swaps && s.cell.as_ref() != expect {
            return Swapped::Lost;
        }
        if let Some(before) = &s.cell {
            s.wrongs.epoch_fell |= next.epoch < before.epoch;
            let is_lease = matches!(before.phase, ClaimPhase::Held);
            let barred = before.expires().plus(u64::from(TERMS.epsilon));
            s.wrongs.taken_early |= is_lease && next.holder != before.holder && reading <= barred;
        }
        s.done_while_down |= next.phase == ClaimPhase::Done && s.well == Well::No;
        s.cell = Some(next.clone());
        Swapped::Won
    }

    fn act(&self, s: &mut State, w: usize, fate: Fate) -> Option<()> {
        let now = self.clock(s, w);
        let mut claimant = s.watchers.get_mut(w)?.claimant.take()?;
        match claimant.step() {
            Step::Read => claimant.read(s.cell.clone(), now),
            Step::Swap { expect, next } => {
                let answer = match fate {
                    Fate::Heard => self.swap(s, expect, next, now),
                    Fate::Unheard => {
                        self.swap(s, expect, next, now);
                        Swapped::Unknown
                    }
                    Fate::Gone => Swapped::Unknown,
                };
                claimant.swapped(answer);
            }
            Step::Probe => {
                let heard = match (self.probing, s.well) {
                    (Probing::Skipped, _) | (Probing::Honest, Well::No) => Probed::Down,
                    (Probing::Honest, Well::Helped | Well::ByItself) => Probed::Well,
                };
                let epoch = claimant.held().map(|cell| cell.epoch);
                claimant.probed(heard, now);
                if self.probing == Probing::Honest && heard == Probed::Down {
                    s.watchers.get_mut(w)?.asked = epoch;
                }
            }
            Step::Send => {
                if let Some(order) = claimant.clear_to_send(now) {
                    let watcher = s.watchers.get_mut(w)?;
                    s.wrongs.sent_unasked |= watcher.asked != Some(order.epoch);
                    watcher.pocket = Some(order);
                }
            }
            Step::Confirm { .. } => {
                let heard = if s.well == Well::No { Probed::Down } else { Probed::Well };
                claimant.probed(heard, now);
            }
            Step::End(_) => return None,
        }
        if let Some(held) = claimant.held() {
            let (epoch, own) = (held.epoch, claimant.holder().clone());
            match s.winners.iter().find(|(won, _)| *won == epoch) {
                Some((_, holder)) => s.wrongs.two_holders |= *holder != own,
                None => s.winners.push((epoch, own)),
            }
        }
        s.found_well |= claimant.step() == Step::End(End::Recovered);
        let is_over = matches!(claimant.step(), Step::End(_));
        let watcher = s.watchers.get_mut(w)?;
        watcher.claimant = (!is_over).then_some(claimant);
        if watcher.pocket.is_some() || is_over {
            watcher.asked = None;
        }
        if self.pause == Pause::Never {
            self.send(s, w);
        }
        Some(())
    }

    fn send(&self, s: &mut State, w: usize) -> Option<()> {
        let (now, clock) = (s.now, self.clock(s, w));
        let watcher = s.watchers.get_mut(w)?;
        let order = watcher.pocket.take()?;
        if let Some(claimant) = &mut watcher.claimant {
            claimant.sent(Sent::Unknown, clock);
        }
        let by = match self.network {
            Network::Timely => Some(now + i64::from(TERMS.send)),
            Network::Unbounded => None,
        };
        s.requests.push(Request { key: order.key, by });
        s.requests.sort_by(|a, b| (a.by, &a.key).cmp(&(b.by, &b.key)));
        Some(())
    }

    fn arrive(&self, s: &mut State, request: usize) {
        let request = s.requests.remove(request);
        let is_new = !s.seen.contains(&request.key);
        if self.keys == Keys::Ignored || is_new {
            s.executed += 1;
            s.well = if s.well == Well::No { Well::Helped } else { s.well };
        }
        if is_new {
            s.seen.push(request.key);
        }
    }
}

/// What becomes of the message of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Heard,
    Unheard,
    Gone,
}

impl Model for Claims {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let watcher = Watcher { claimant: None, pocket: None, runs: self.runs, asked: None };
        vec![State {
            now: 0,
            cell: None,
            winners: Vec::new(),
            well: Well::No,
            executed: 0,
            seen: Vec::new(),
            watchers: vec![watcher; self.skews.len()],
            requests: Vec::new(),
            crashes: self.crashes,
            lost_answers: self.lost_answers,
            lost_requests: self.lost_requests,
            wrongs: Wrongs::default(),
            done_while_down: false,
            found_well: false,
        }]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        let all_in_time = s.requests.iter().all(|r| r.by.is_none_or(|by| by > s.now));
        if s.now < self.until && all_in_time {
            actions.push(Action::Tick);
        }
        for (w, watcher) in s.watchers.iter().enumerate() {
            let step = watcher.claimant.as_ref().map(Claimant::step);
            let ready = match step {
                None | Some(Step::End(_)) => {
                    if watcher.runs > 0 && watcher.pocket.is_none() {
                        actions.push(Action::Begin(w));
                    }
                    false
                }
                Some(Step::Confirm { not_before }) => {
                    watcher.pocket.is_none() && self.clock(s, w) >= not_before
                }
                Some(Step::Read | Step::Probe | Step::Send) => true,
                Some(Step::Swap { .. }) => {
                    if s.lost_answers > 0 {
                        actions.extend([Action::SwapUnheard(w), Action::SwapGone(w)]);
                    }
                    true
                }
            };
            if ready {
                actions.push(Action::Step(w));
            }
            if watcher.pocket.is_some() {
                actions.push(Action::Send(w));
            }
            let is_busy = step.is_some_and(|step| !matches!(step, Step::End(_)));
            if is_busy && s.crashes > 0 {
                actions.push(Action::Crash(w));
            }
        }
        for r in 0..s.requests.len() {
            actions.push(Action::Arrive(r));
            if s.lost_requests > 0 {
                actions.push(Action::Lose(r));
            }
        }
        if s.well == Well::No && self.heals > 0 {
            actions.push(Action::Heal);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Tick => s.now += 1,
            Action::Begin(w) => {
                let now = self.clock(&s, w);
                let watcher = s.watchers.get_mut(w)?;
                let mut claimant = Claimant::new(self.bid(w, watcher.runs), TERMS);
                claimant.read(s.cell.clone(), now);
                // A refusal changes nothing: trying again later is this same step, later.
                if matches!(claimant.step(), Step::End(_)) {
                    return None;
                }
                watcher.runs -= 1;
                watcher.claimant = Some(claimant);
            }
            Action::Step(w) => self.act(&mut s, w, Fate::Heard)?,
            Action::SwapUnheard(w) | Action::SwapGone(w) => {
                s.lost_answers -= 1;
                let fate = if action == Action::SwapGone(w) { Fate::Gone } else { Fate::Unheard };
                self.act(&mut s, w, fate)?;
            }
            Action::Send(w) => self.send(&mut s, w)?,
            Action::Crash(w) => {
                s.crashes -= 1;
                let watcher = s.watchers.get_mut(w)?;
                watcher.claimant = None;
                watcher.pocket = None;
                watcher.asked = None;
            }
            Action::Arrive(r) => self.arrive(&mut s, r),
            Action::Lose(r) => {
                s.lost_requests -= 1;
                s.requests.remove(r);
            }
            Action::Heal => s.well = Well::ByItself,
        }
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_HOLDER, |_, s: &State| !s.wrongs.two_holders),
            Property::always("I2 epochs never fall", |_, s: &State| !s.wrongs.epoch_fell),
            Property::always(ONE_EXECUTION, |_, s: &State| s.executed <= 1),
            Property::always(ASKED, |_, s: &State| !s.wrongs.sent_unasked),
            Property::always("I5 no lease is taken early", |_, s: &State| !s.wrongs.taken_early),
            Property::always("I6 at most three attempts", |_, s: &State| {
                s.cell.as_ref().is_none_or(|cell| cell.attempt <= MAX_ATTEMPTS)
            }),
            Property::always("I7 done means recovered", |_, s: &State| !s.done_while_down),
            Property::sometimes("an effect helps and is recorded", |_, s: &State| {
                s.well == Well::Helped && s.cell.as_ref().is_some_and(|c| c.phase == ClaimPhase::Done)
            }),
            Property::sometimes("a lease is taken over", |_, s: &State| {
                s.cell.as_ref().is_some_and(|c| c.epoch > 1)
            }),
            Property::sometimes("one who won finds the target well", |_, s: &State| s.found_well),
        ]
    }
}

/// Two watchers never hold one epoch.
pub const ONE_HOLDER: &str = "I1 one holder for each epoch";
/// The failure is acted upon once, with effect.
pub const ONE_EXECUTION: &str = "I3 one effective execution";
/// Nobody sends who has not won and then asked the target.
pub const ASKED: &str = "I4 the target was asked after winning";
