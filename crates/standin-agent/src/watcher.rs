//! The loop: waits for something to happen, ticks, hands out what is to be done, takes in what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use nix::unistd::Pid;
use standin_core::effect::{EffectKey, Outcome, PlannedEffect};
use standin_core::ident::AutomationId;
use standin_core::observation::Daemon;
use standin_core::plan::Request;
use standin_engine::carry::carry_out;
use standin_engine::json_v1::{AgentV1, EffectV1, RecoverV1, StatusV1};
use standin_engine::ports::mesh::Fact;
use standin_engine::ports::{Journal, Processes, Runner};
use standin_engine::recover;
use standin_engine::tick::{Engine, Finished, Step};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::control::{Command, RecoverReply, Rehearsal, Stop};
use crate::mesh::facts::facts;
use crate::mesh::{LateSlots, Leave};
use crate::pings::BeatBoard;
use crate::sources::Sources;
use crate::status::status_of;

/// Events that come in a burst share a tick.
const SPACING: Duration = Duration::from_millis(20);
/// Heartbeats come in floods, and no deadline is finer than this.
const BEAT_SPACING: Duration = Duration::from_millis(500);
/// After a journal that could not be written, the next try.
const RETRY: Duration = Duration::from_secs(1);
/// How long a graceful end waits for what is under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// The ports and channels of a loop.
#[derive(Debug)]
pub struct Wiring<P, R> {
    /// The host of processes.
    pub processes: Arc<P>,
    /// The runner of commands.
    pub runner: Arc<R>,
    /// Where heartbeats are noted once they are kept.
    pub board: Arc<BeatBoard>,
    /// What is asked of the loop.
    pub commands: mpsc::Receiver<Command>,
    /// Where the status is published after each tick.
    pub published: watch::Sender<Arc<StatusV1>>,
    /// What the loop says of its agent.
    pub agent: AgentV1,
    /// Who hosts the agent.
    pub host: Host,
    /// The files that it has read.
    pub sources: Sources,
    /// The slots that others may have done.
    pub(crate) late: Arc<LateSlots>,
}

/// Who hosts an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Nobody: a terminal, systemd, the background.
    None,
    /// PM2, whose daemon is its parent process as long as it lives.
    Pm2 {
        /// The daemon that started it.
        parent: Pid,
    },
}

/// Why a loop has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Asked,
    /// PM2 hosts the agent, its daemon has died and another one runs: that one should host the agent from now on.
    HandOver,
}

/// Somebody who waits for the end of what they asked for.
struct Waiting {
    left: BTreeSet<(EffectKey, u8)>,
    answer: RecoverV1,
    reply: RecoverReply,
}

enum Event {
    Changed,
    Beat,
    Asked(Command),
    Finished(Box<Finished>),
    Time,
    Closed,
}

/// The loop.
pub struct Watcher<P, J, R> {
    engine: Engine<P, J>,
    wiring: Wiring<P, R>,
    under_way: JoinSet<Finished>,
    waiting: Vec<Waiting>,
    wake: Instant,
    /// Why the journal could not be written at the last tick; empty when it could.
    fault: String,
}

impl<P, J, R> Watcher<P, J, R>
where
    P: Processes + 'static,
    J: Journal + 'static,
    R: Runner + 'static,
{
    /// A loop around an engine. `left` is what an earlier life left without an outcome.
    pub fn new(engine: Engine<P, J>, wiring: Wiring<P, R>, left: Vec<PlannedEffect>) -> Self {
        let mut watcher = Self {
            engine,
            wiring,
            under_way: JoinSet::new(),
            waiting: Vec::new(),
            wake: Instant::now(),
            fault: String::new(),
        };
        watcher.hand_out(left);
        watcher
    }

    /// Runs until it is told to stop. `first` are the requests of the first tick.
    pub async fn run(mut self, first: BTreeMap<AutomationId, Request>) -> Ended {
        self.tick(&first).await;
        loop {
            if self.is_orphan() {
                self.stop(Stop::Graceful).await;
                return Ended::HandOver;
            }
            match self.next_event().await {
                Event::Asked(Command::Stop { how }) => {
                    self.stop(how).await;
                    return Ended::Asked;
                }
                Event::Closed => {
                    self.stop(Stop::Graceful).await;
                    return Ended::Asked;
                }
                Event::Asked(Command::Look { reply }) => {
                    self.tick(&BTreeMap::new()).await;
                    let _ = reply.send(());
                }
                Event::Asked(Command::Facts { reply }) => {
                    self.tick(&BTreeMap::new()).await;
                    let _ = reply.send(facts(&self.engine, Timestamp::now()));
                }
                Event::Asked(Command::Restart { id, reply }) => self.restart(id, reply).await,
                Event::Asked(Command::Recover { ids, rehearsal, reply }) => {
                    self.recover(&ids, rehearsal, reply).await;
                }
                Event::Finished(finished) => {
                    self.take_in(*finished).await;
                    self.tick(&BTreeMap::new()).await;
                }
                Event::Beat => self.wake = self.wake.min(Instant::now() + BEAT_SPACING),
                Event::Changed | Event::Time => {
                    self.tick(&BTreeMap::new()).await;
                }
            }
        }
    }

    fn is_orphan(&self) -> bool {
        let daemon_is_up = matches!(self.engine.pm2().daemon, Daemon::Up { .. });
        match self.wiring.host {
            Host::None => false,
            Host::Pm2 { parent } => daemon_is_up && nix::unistd::getppid() != parent,
        }
    }

    async fn next_event(&mut self) -> Event {
        let watches_pm2 = !self.engine.setup().apps.is_empty();
        let beats_matter = self.wake > Instant::now() + BEAT_SPACING;
        tokio::select! {
            biased;
            command = self.wiring.commands.recv() => command.map_or(Event::Closed, Event::Asked),
            Some(joined) = self.under_way.join_next() => match joined {
                Ok(finished) => Event::Finished(Box::new(finished)),
                Err(error) => {
                    tracing::error!(target: "agent", %error, "an effect ended without an outcome");
                    Event::Time
                }
            },
            () = self.wiring.processes.changed(), if watches_pm2 => Event::Changed,
            () = self.wiring.board.changed(), if beats_matter => Event::Beat,
            () = tokio::time::sleep_until(self.wake) => Event::Time,
        }
    }

    /// One tick; gives what it decided, or nothing when the journal refused and so nothing may be done.
    async fn tick(&mut self, requests: &BTreeMap<AutomationId, Request>) -> Option<Step> {
        let now = Timestamp::now();
        let step = match self.engine.tick(now, self.wiring.board.snapshot(), requests).await {
            Ok(step) => step,
            Err(error) => {
                tracing::error!(target: "agent", %error, "nothing is done until the journal can be written");
                self.wake = Instant::now() + RETRY;
                self.fault = error.to_string();
                self.publish(now);
                return None;
            }
        };
        self.fault.clear();
        if !step.effects.is_empty() {
            crate::crash::point("after-intent");
        }
        self.hand_out(step.effects.clone());
        let until = step.next_wake.duration_since(Timestamp::now());
        self.wake = Instant::now() + Duration::try_from(until).unwrap_or_default().max(SPACING);
        self.publish(now);
        Some(step)
    }

    fn publish(&mut self, now: Timestamp) {
        let (fault, stale) = (self.fault.clone(), self.wiring.sources.changed());
        let agent = AgentV1 { last_tick: Some(now), fault, stale, ..self.wiring.agent.clone() };
        self.wiring.published.send_replace(Arc::new(status_of(&self.engine, agent)));
    }

    fn hand_out(&mut self, effects: Vec<PlannedEffect>) {
        for planned in effects {
            tracing::info!(target: "recovery", effect = %planned.effect, attempt = planned.attempt, why = %planned.why, "effect begins");
            let (processes, runner) = (Arc::clone(&self.wiring.processes), Arc::clone(&self.wiring.runner));
            let (apps, late) = (self.engine.setup().apps.clone(), Arc::clone(&self.wiring.late));
            self.under_way.spawn(async move {
                let has_begun = || runner.has_begun(&planned.key, planned.attempt);
                let hold = match late.ask(&planned, has_begun).await {
                    Leave::Go(hold) => hold,
                    Leave::Out(why) => {
                        return Finished { planned, outcome: Outcome::NotNeeded { why }, end: None };
                    }
                };
                let carried = carry_out(&*processes, &*runner, &apps, planned);
                let finished = match &hold {
                    Some(hold) => hold.during(carried).await,
                    None => carried.await,
                };
                crate::crash::point("after-effect");
                if let Some((hold, end)) = hold.zip(finished.end.clone()) {
                    tokio::spawn(async move { hold.end(&end).await });
                }
                finished
            });
        }
    }

    async fn take_in(&mut self, finished: Finished) {
        for waiting in &mut self.waiting {
            let key = (finished.planned.key.clone(), finished.planned.attempt);
            if waiting.left.remove(&key) {
                waiting.answer.effects.push(EffectV1::ended(&finished));
            }
        }
        let (answered, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w| w.left.is_empty());
        self.waiting = waiting;
        if let Err(error) = self.engine.finish(finished, Timestamp::now()).await {
            tracing::error!(target: "agent", %error, "an outcome was not kept");
        }
        crate::crash::point("after-outcome");
        let answered: Vec<Waiting> = answered;
        for one in answered {
            let _ = one.reply.send(Ok(one.answer));
        }
    }

    async fn recover(&mut self, ids: &[AutomationId], rehearsal: Rehearsal, reply: RecoverReply) {
        let requests = recover::requests(ids, self.engine.verdicts());
        match rehearsal {
            Rehearsal::Yes => {
                let (_, plan) = self.engine.rehearse(Timestamp::now(), &requests).await;
                let _ = reply.send(Ok(recover::rehearsed(&plan, &requests)));
            }
            Rehearsal::No => {
                let Some(Step { decisions, effects, .. }) = self.tick(&requests).await else {
                    let _ = reply.send(Err(self.fault.clone()));
                    return;
                };
                let asked = effects.iter().filter(|p| recover::is_asked_for(p, &requests));
                let left: BTreeSet<_> = asked.map(|p| (p.key.clone(), p.attempt)).collect();
                let answer = recover::decided(&decisions, &requests);
                if left.is_empty() {
                    let _ = reply.send(Ok(answer));
                } else {
                    self.waiting.push(Waiting { left, answer, reply });
                }
            }
        }
    }

    /// What a person has stopped, and what belongs to another, is not down here.
    async fn restart(&mut self, id: AutomationId, reply: RecoverReply) {
        self.tick(&BTreeMap::new()).await;
        if facts(&self.engine, Timestamp::now()).get(&id) == Some(&Fact::Down) {
            return self.recover(&[id], Rehearsal::No, reply).await;
        }
        let why = self.engine.verdicts().get(&id).map_or("it is not watched here".to_owned(), |verdict| {
            format!("it is not seen to be down: {}", verdict.reason)
        });
        let _ = reply.send(Err(why));
    }

    async fn stop(&mut self, how: Stop) {
        let patience = match how {
            Stop::Graceful => PATIENCE,
            Stop::Now => Duration::ZERO,
        };
        let deadline = Instant::now() + patience;
        while !self.under_way.is_empty() {
            tokio::select! {
                biased;
                joined = self.under_way.join_next() => {
                    if let Some(Ok(finished)) = joined {
                        self.take_in(finished).await;
                    }
                }
                () = told_not_to_wait(&mut self.wiring.commands) => break,
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        let left = self.under_way.len();
        if left > 0 {
            tracing::warn!(target: "agent", left, "left under way, on record for the next agent");
        }
        self.under_way.detach_all();
    }
}

/// Resolves when an agent that is ending is told to do so at once. Whatever else is asked of it gets no answer.
async fn told_not_to_wait(commands: &mut mpsc::Receiver<Command>) {
    loop {
        match commands.recv().await {
            Some(Command::Stop { how: Stop::Now }) => return,
            Some(
                Command::Stop { how: Stop::Graceful }
                | Command::Look { .. }
                | Command::Facts { .. }
                | Command::Restart { .. }
                | Command::Recover { .. },
            ) => {}
            None => std::future::pending().await,
        }
    }
}
