//! The quorum: two watchers, three stores, messages that come whenever they like or never.
//!
//! Each store keeps the core's [`Register`], each watcher runs the core's [`Round`]. What they agree on is a claim:
//! each takes the current cell and claims over it, as if its lease had always just run out.

use standin_core::effect::EffectKey;
use standin_core::incident::IncidentId;
use standin_core::mesh::cell::{Bid, Cell, Holder, acquire};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::quorum::{Ballot, MAJORITY, Promise, Register, Round, SEATS, Step};
use standin_core::mesh::terms::Terms;
use stateright::{Model, Property};

use super::claim::TERMS;

/// Whether the first half of a round is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparing {
    /// It is.
    Done,
    /// The stores are not asked: the watcher makes promises up.
    Skipped,
}

/// When a watcher begins its next round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// Whenever it likes, also in the middle of a round.
    AnyTime,
    /// When it knows how the last one ended.
    WhenOver,
}

/// Three stores and a few watchers.
#[derive(Debug, Clone)]
pub struct Quorum {
    /// Rounds of each watcher.
    pub rounds: Vec<u8>,
    /// Watchers that may crash.
    pub crashes: u8,
    /// Stores that may go down for good.
    pub outages: u8,
    /// Answers of stores that are lost.
    pub lost_answers: u8,
    /// See [`Begins`].
    pub begins: Begins,
    /// See [`Preparing`].
    pub preparing: Preparing,
    /// Stores, from the first seat on, that read and write in two steps with nothing to guard them.
    pub without_swap: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Watcher {
    round: Option<Round<Cell>>,
    ballot: Ballot,
    rounds: u8,
    crashed: bool,
}

/// A request on its way to a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Message {
    seat: usize,
    from: usize,
    ballot: Ballot,
    /// The second half carries a value.
    value: Option<Cell>,
    /// What a store without compare-and-swap has read, before it writes.
    read: Option<Register<Cell>>,
}

/// A state of watchers, stores and messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    stores: [Register<Cell>; SEATS],
    down: [bool; SEATS],
    outages: u8,
    crashes: u8,
    lost_answers: u8,
    watchers: Vec<Watcher>,
    messages: Vec<Message>,
    /// Who was told that it holds which epoch.
    chosen: Vec<(u64, Holder)>,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A watcher begins a round.
    Begin(usize),
    /// A store with compare-and-swap does a request, and its answer arrives.
    Serve(usize),
    /// It does, and the answer is lost.
    ServeUnheard(usize),
    /// A store without reads.
    Read(usize),
    /// A watcher ends without a word.
    Crash(usize),
    /// A store goes down for good.
    Down(usize),
}

fn claim_over(current: Option<&Cell>, ballot: Ballot) -> Option<Cell> {
    let terms: Terms = TERMS;
    let now = current.map_or(StoreTime(0), |c| c.expires().plus(u64::from(terms.epsilon) + 1));
    let peer: PeerId = "w".parse().ok()?;
    let bid = Bid {
        incident: IncidentId("i".into()),
        key: EffectKey("k".into()),
        opened: StoreTime(0),
        well_at: None,
        holder: Holder { peer, run: ballot.round * 10 + ballot.proposer },
    };
    acquire(current, &bid, &terms, now).ok()
}

impl Quorum {
    /// Sends what the watcher's round asks for, until it waits for answers.
    fn send(&self, s: &mut State, w: usize) {
        loop {
            let Some(watcher) = s.watchers.get_mut(w) else { return };
            let (ballot, Some(round)) = (watcher.ballot, watcher.round.as_mut()) else { return };
            let value = match round.step() {
                Step::Prepare(_) if self.preparing == Preparing::Skipped => {
                    for seat in 0..MAJORITY {
                        round.promised(seat, Ok(Promise { accepted: Ballot::default(), value: None }));
                    }
                    continue;
                }
                Step::Prepare(_) => None,
                Step::Choose(current) => match claim_over(current.as_ref(), ballot) {
                    Some(next) => {
                        round.propose(next);
                        continue;
                    }
                    None => {
                        watcher.round = None;
                        return;
                    }
                },
                Step::Accept(_, value) => Some(value),
                Step::Chosen(cell) => {
                    watcher.round = None;
                    s.chosen.push((cell.epoch, cell.holder));
                    s.chosen.sort();
                    return;
                }
                Step::Beaten(by) => {
                    watcher.ballot.round = by.round;
                    watcher.round = None;
                    return;
                }
            };
            for seat in 0..SEATS {
                s.messages.push(Message { seat, from: w, ballot, value: value.clone(), read: None });
            }
            return;
        }
    }

    /// A store does a request; `answered` says whether the watcher hears of it.
    fn serve(&self, s: &mut State, message: usize, answer: Answer) -> Option<()> {
        let message = s.messages.remove(message);
        let store = s.stores.get_mut(message.seat)?;
        let before = message.read.as_ref().unwrap_or(store).clone();
        let watcher = s.watchers.get_mut(message.from)?;
        let hears = answer == Answer::Heard && !watcher.crashed && watcher.ballot == message.ballot;
        let round = watcher.round.as_mut().filter(|_| hears);
        let was = round.as_ref().map(|round| round.step());
        match message.value {
            None => {
                let answer = before.prepare(message.ballot).map(|(next, promise)| {
                    *store = next;
                    promise
                });
                round?.promised(message.seat, answer);
            }
            Some(value) => {
                let answer = before.accept(message.ballot, value).map(|next| *store = next);
                round?.accepted(message.seat, answer);
            }
        }
        let is = s.watchers.get(message.from)?.round.as_ref().map(Round::step);
        if was != is {
            self.send(s, message.from);
        }
        Some(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Heard,
    Lost,
}

/// Messages to a store that is down are lost, and the order in which the others wait says nothing.
///
/// A first half whose round is past it is lost too: all that it could still do is make a store refuse, and every
/// message may fail to arrive anyway. A second half stays, however late: it must do no harm.
fn sweep(s: &mut State) {
    let State { messages, down, watchers, .. } = s;
    let prepares = |w: &Watcher, ballot| w.round.as_ref().map(Round::step) == Some(Step::Prepare(ballot));
    messages.retain(|m| {
        let is_down = down.get(m.seat).copied().unwrap_or(true);
        !is_down && (m.value.is_some() || watchers.get(m.from).is_some_and(|w| prepares(w, m.ballot)))
    });
    messages.sort_by(|a, b| {
        let key = |m: &Message| (m.seat, m.from, m.ballot, m.value.is_some(), m.read.is_some());
        key(a).cmp(&key(b))
    });
}

impl Model for Quorum {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let watcher = |(proposer, rounds): (usize, &u8)| Watcher {
            round: None,
            ballot: Ballot { round: 0, proposer: proposer as u64 + 1 },
            rounds: *rounds,
            crashed: false,
        };
        vec![State {
            stores: Default::default(),
            down: [false; SEATS],
            outages: self.outages,
            crashes: self.crashes,
            lost_answers: self.lost_answers,
            watchers: self.rounds.iter().enumerate().map(watcher).collect(),
            messages: Vec::new(),
            chosen: Vec::new(),
        }]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        for (w, watcher) in s.watchers.iter().enumerate() {
            let is_ready = watcher.round.is_none() || self.begins == Begins::AnyTime;
            if !watcher.crashed && watcher.rounds > 0 && is_ready {
                actions.push(Action::Begin(w));
            }
            if !watcher.crashed && s.crashes > 0 && watcher.round.is_some() {
                actions.push(Action::Crash(w));
            }
        }
        for (m, message) in s.messages.iter().enumerate() {
            if message.seat < self.without_swap && message.read.is_none() {
                actions.push(Action::Read(m));
                continue;
            }
            actions.push(Action::Serve(m));
            let from = s.watchers.get(message.from);
            if s.lost_answers > 0 && from.is_some_and(|w| w.round.is_some() && w.ballot == message.ballot) {
                actions.push(Action::ServeUnheard(m));
            }
        }
        if s.outages > 0 {
            // Later outages, and those of other seats, are orders in which messages are never served: seats are alike.
            let has_begun = s.watchers.iter().zip(&self.rounds).any(|(w, all)| w.rounds < *all);
            actions.extend((!has_begun).then_some(Action::Down(SEATS - 1)));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Begin(w) => {
                let watcher = s.watchers.get_mut(w)?;
                watcher.rounds -= 1;
                watcher.ballot = watcher.ballot.above(watcher.ballot.proposer);
                watcher.round = Some(Round::new(watcher.ballot));
                self.send(&mut s, w);
            }
            // An answer that nobody waits for changes the store all the same.
            Action::Serve(m) => self.serve(&mut s, m, Answer::Heard).unwrap_or_default(),
            Action::ServeUnheard(m) => {
                s.lost_answers -= 1;
                self.serve(&mut s, m, Answer::Lost).unwrap_or_default();
            }
            Action::Read(m) => {
                let seat = s.messages.get(m)?.seat;
                let register = s.stores.get(seat)?.clone();
                s.messages.get_mut(m)?.read = Some(register);
            }
            Action::Crash(w) => {
                s.crashes -= 1;
                let watcher = s.watchers.get_mut(w)?;
                watcher.crashed = true;
                watcher.round = None;
            }
            Action::Down(seat) => {
                s.outages -= 1;
                *s.down.get_mut(seat)? = true;
            }
        }
        sweep(&mut s);
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(super::claim::ONE_HOLDER, |_, s: &State| {
                s.chosen.windows(2).all(|pair| match pair {
                    [(a, _), (b, _)] => a != b,
                    _ => true,
                })
            }),
            Property::sometimes("a claim is chosen over another", |_, s: &State| {
                s.chosen.last().is_some_and(|(epoch, _)| *epoch > 1)
            }),
            Property::sometimes("a claim is chosen with a store down", |m: &Self, s: &State| {
                m.outages == 0 || (s.down.contains(&true) && !s.chosen.is_empty())
            }),
        ]
    }
}
