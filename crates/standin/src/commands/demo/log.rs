//! The timeline: what happened when and who did it, printed as it comes and kept for whoever waits for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use standin_body::drive::Clocks;
use standin_core::mesh::clock::StoreTime;
use standin_engine::render::Colour;
use tokio::sync::Notify;

use crate::output;

/// More than this never happens in a demo.
const MAX_EVENTS: usize = 1_000;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Nobody: what the demo does to the world.
    Story,
    /// GitHub, and what runs there.
    Github,
    Agent,
    Function,
    Action,
}

impl Who {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Story => "",
            Self::Github => "GitHub",
            Self::Agent => "agent",
            Self::Function => "function",
            Self::Action => "action",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Story => "1",
            Self::Github => "33",
            Self::Agent => "36",
            Self::Function => "32",
            Self::Action => "35",
        }
    }
}

/// What others wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A watch cycle has ended.
    Looked,
    /// An order was sent.
    Sent,
    /// A target was helped, and is well.
    Recovered,
    /// A run found its slot taken.
    SteppedAside,
    /// A watcher is silent.
    Silent,
    /// A backup does the work.
    Serving,
    /// The primary does it again.
    HandedBack,
    /// The work of a slot was done.
    Worked,
    /// The backup has stopped.
    Stopped,
    /// Something else.
    Other,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) at: Duration,
    pub(super) what: What,
}

/// The timeline. Clones are the same one.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) clocks: Clocks,
    colour: Colour,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    events: Mutex<Vec<Event>>,
    more: Notify,
}

impl Log {
    pub(super) fn new(clocks: Clocks) -> Self {
        Self { clocks, colour: output::colour(), kept: Arc::default() }
    }

    /// How long the demo has gone on, by its own clock.
    pub(super) fn elapsed(&self) -> Duration {
        Duration::from_millis(self.clocks.now().mono)
    }

    /// The time by the demo's clock.
    pub(super) fn now(&self) -> StoreTime {
        self.clocks.now().wall
    }

    /// Waits so long by the demo's clock.
    pub(super) async fn wait(&self, time: Duration) {
        tokio::time::sleep(self.clocks.wait(time)).await;
    }

    /// Notes what happened without a line.
    pub(super) fn note(&self, what: What) {
        let mut events = self.kept.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < MAX_EVENTS {
            events.push(Event { at: self.elapsed(), what });
        }
        drop(events);
        self.kept.more.notify_waiters();
    }

    /// Prints a line, and notes it.
    pub(super) fn say(&self, who: Who, what: What, text: &str) {
        let seconds = self.elapsed().as_secs();
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let line = match (self.colour, who) {
            (Colour::Off, Who::Story) => format!("\n{minutes:02}:{seconds:02}  {text}\n"),
            (Colour::Off, who) => format!("{minutes:02}:{seconds:02}  {:<8}  {text}\n", who.name()),
            (Colour::On, Who::Story) => {
                format!("\n\x1b[2m{minutes:02}:{seconds:02}\x1b[0m  \x1b[{}m{text}\x1b[0m\n", who.colour())
            }
            (Colour::On, who) => format!(
                "\x1b[2m{minutes:02}:{seconds:02}\x1b[0m  \x1b[{}m{:<8}\x1b[0m  {text}\n",
                who.colour(),
                who.name()
            ),
        };
        // Whoever does not read any more is no reason to break off in the middle of a claim.
        let _ = output::write(&line);
        self.note(what);
    }

    /// The first of these that happened at or after `since`, once it has.
    pub(super) async fn first(&self, what: What, since: Duration) -> Event {
        loop {
            let more = self.kept.more.notified();
            tokio::pin!(more);
            // Registered before looking: what happens in between is not missed.
            more.as_mut().enable();
            if let Some(event) = self.find(what, since) {
                return event;
            }
            more.await;
        }
    }

    fn find(&self, what: What, since: Duration) -> Option<Event> {
        let events = self.kept.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().find(|event| event.what == what && event.at >= since).cloned()
    }

    /// How often something happened.
    pub(super) fn count(&self, what: What) -> usize {
        let events = self.kept.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event.what == what).count()
    }
}
