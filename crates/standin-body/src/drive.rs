//! Carrying out a tick: its requests side by side, each with its time limit.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;
use standin_engine::mesh::record::Carry;
use standin_engine::mesh::{Input, Now, Report, Setup, Tick};
use standin_engine::ports::mesh::{Answer, Request, Ticket};
use tokio::task::JoinSet;

/// Whatever carries requests to stores, platforms and people. Each is tried once.
pub trait Carrier: Send + Sync + 'static {
    /// Carries one request, and answers what came of it.
    fn carry(&self, request: Request) -> impl Future<Output = Answer> + Send;
}

/// This machine's clocks, or for a demonstration ones that go faster.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    start: Instant,
    pace: Pace,
}

/// How fast clocks go.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// As time does.
    Real,
    /// So many times as fast, from this moment on.
    Times(u32, Timestamp),
}

impl Default for Clocks {
    fn default() -> Self {
        Self { start: Instant::now(), pace: Pace::Real }
    }
}

impl Clocks {
    /// Clocks that go `pace` times as fast from now on: every wait is as much shorter, and nothing else is different.
    /// For demonstrations, against stores whose clocks do the same.
    pub fn faster(pace: u32) -> Self {
        Self { start: Instant::now(), pace: Pace::Times(pace.max(1), Timestamp::now()) }
    }

    /// Both of them, now.
    pub fn now(&self) -> Now {
        let elapsed = self.start.elapsed();
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match self.pace {
            Pace::Real => Now { mono: ms(elapsed), wall: StoreTime(Timestamp::now().as_millisecond()) },
            Pace::Times(pace, from) => {
                let mono = ms(elapsed.saturating_mul(pace));
                Now { mono, wall: StoreTime(from.as_millisecond()).plus(mono) }
            }
        }
    }

    /// How long a wait is on this machine.
    pub fn wait(&self, time: Duration) -> Duration {
        match self.pace {
            Pace::Real => time,
            Pace::Times(pace, _) => time / pace,
        }
    }
}

/// Runs one tick to its end.
///
/// `brought` is what the last one left to a body with memory. A request whose time is over, or whose carrier has
/// failed, counts as unanswered: what may have happened, may have happened.
pub async fn drive<C: Carrier>(
    setup: Arc<Setup>,
    brought: Option<(Carry, BeatNumber)>,
    carrier: Arc<C>,
) -> Option<Report> {
    drive_by(Clocks::default(), setup, brought, carrier).await
}

/// The same by other clocks than this machine's.
pub async fn drive_by<C: Carrier>(
    clocks: Clocks,
    setup: Arc<Setup>,
    brought: Option<(Carry, BeatNumber)>,
    carrier: Arc<C>,
) -> Option<Report> {
    let limits = Limits::of(&setup);
    // Drawn anew for each run: two runs of one watcher that overlap must be told apart.
    let run = uuid::Uuid::new_v4().as_u64_pair().0;
    let mut tick = Tick::new(setup, run, brought, clocks.now());
    let mut asked = Vec::new();
    tick.step(Input::Begin, clocks.now(), &mut asked);
    let mut under_way = JoinSet::new();
    let mut requests: HashMap<tokio::task::Id, (Ticket, Answer)> = HashMap::new();
    loop {
        for (ticket, request) in asked.drain(..) {
            let unanswered = request.unanswered();
            let task = under_way.spawn(limited(Arc::clone(&carrier), request, limits, clocks));
            requests.insert(task.id(), (ticket, unanswered));
        }
        let (id, answer) = match under_way.join_next_with_id().await {
            None => return tick.report(),
            Some(Ok((id, answer))) => (id, Some(answer)),
            // A carrier that has panicked is an adapter's fault, and nobody knows what it had done before.
            Some(Err(error)) => (error.id(), None),
        };
        if let Some((ticket, unanswered)) = requests.remove(&id) {
            tick.step(Input::Answer(ticket, answer.unwrap_or(unanswered)), clocks.now(), &mut asked);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    request: Duration,
    send: Duration,
}

impl Limits {
    fn of(setup: &Setup) -> Self {
        let ms = |ms: u32| Duration::from_millis(u64::from(ms));
        Self { request: ms(setup.body.request), send: ms(setup.body.send) }
    }

    fn of_request(self, request: &Request) -> Option<Duration> {
        match request {
            Request::Sleep(_) => None,
            // It is over when the lease says that it must have arrived.
            Request::Send { .. } | Request::Stop { .. } => Some(self.send),
            Request::ReadEvidence(_)
            | Request::WriteEvidence(..)
            | Request::ReadDecision { .. }
            | Request::SwapDecision { .. }
            | Request::Survey(_)
            | Request::Probe { .. }
            | Request::ProbeBackup(_)
            | Request::Wake(_)
            | Request::Notify(_) => Some(self.request),
        }
    }
}

async fn limited<C: Carrier>(carrier: Arc<C>, request: Request, limits: Limits, clocks: Clocks) -> Answer {
    if let Request::Sleep(time) = request {
        tokio::time::sleep(clocks.wait(time)).await;
        return Answer::Over;
    }
    let unanswered = request.unanswered();
    match limits.of_request(&request) {
        Some(limit) => tokio::time::timeout(limit, carrier.carry(request)).await.unwrap_or(unanswered),
        None => carrier.carry(request).await,
    }
}
