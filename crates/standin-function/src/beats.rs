//! Heartbeats: taken over HTTP, kept in a small note for each automation, and read as what they say of slots.
//!
//! A heartbeat is kept, then answered. Two that come at the same time are both in the note.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use standin_body::host::Host;
use standin_body::setup::{DOMAINS, Subject};
use standin_body::world::World;
use standin_config::mesh::{Mesh, Timing};
use standin_core::beat::{Beat, BeatState};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::schedule::Schedule;
use standin_engine::ports::mesh::Fact;
use standin_stores::checks::slug_of;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

mod ping;

use self::ping::{Answer, Ping};
use crate::event::Reply;
use crate::limits::end;
use crate::part::Function;

/// A run that begins so much before its slot is the slot's: clocks differ.
const EARLY: Duration = Duration::from_secs(60);

/// How often a heartbeat is tried to be kept: many may come at the same moment.
const TRIES: usize = 3;

/// The note that the heartbeats of an automation are kept in.
fn note(id: &AutomationId) -> String {
    format!("beat/{}/{}", id.kind(), slug_of(id.name()))
}

/// Takes one heartbeat.
pub(crate) async fn take(
    function: &Function,
    method: &str,
    path: &str,
    query: &str,
    left: Duration,
) -> Reply {
    let key = function.env.secret("STANDIN_PING_KEY");
    let answer = match ping::read(method, path, query, key.as_ref()) {
        Ok(ping) => match named(&function.mesh, ping.slug) {
            Named::Nobody => Answer::NotFound,
            Named::Several => Answer::Ambiguous,
            Named::One(id) => keep(function, id, &ping, left).await,
        },
        Err(answer) => answer,
    };
    answer.into()
}

/// Whom a slug names.
#[derive(Debug, PartialEq, Eq)]
enum Named<'m> {
    One(&'m AutomationId),
    Several,
    Nobody,
}

fn named<'m>(mesh: &'m Mesh, slug: &str) -> Named<'m> {
    let mut found = mesh.targets.iter().filter(|target| slug_of(target.id.name()) == slug);
    match (found.next(), found.next()) {
        (None, _) => Named::Nobody,
        (Some(target), None) => Named::One(&target.id),
        (Some(_), Some(_)) => Named::Several,
    }
}

async fn keep(function: &Function, id: &AutomationId, ping: &Ping<'_>, left: Duration) -> Answer {
    let at = Timestamp::now();
    let rid = ping.rid.map(|rid| rid.to_string()).unwrap_or_default();
    let beat = Beat { at, signal: ping.signal, rid, exit: ping.exit };
    let kept = async {
        let world = function.world(left).await.map_err(|error| format!("{error:#}"))?;
        let number = number(&world, id).ok_or("it is not watched here")?;
        let store = world.store_of(number).ok_or("no store decides about it")?;
        let change = move |held: Option<&[u8]>| {
            // What cannot be read is nobody's heartbeat any more: it begins anew.
            let mut state: BeatState =
                held.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
            state.record(&beat);
            serde_json::to_vec(&state).ok().map(Bytes::from)
        };
        let name = note(id);
        let mut kept = store.change_note(&name, &change).await;
        for _ in 1..TRIES {
            if kept.is_ok() {
                break;
            }
            // One that is kept twice says nothing else than once.
            kept = store.change_note(&name, &change).await;
        }
        kept.map_err(|error| error.to_string())
    };
    match tokio::time::timeout(end(left), kept).await {
        Ok(Ok(())) => Answer::Ok,
        Ok(Err(why)) => {
            tracing::warn!("a heartbeat of {id} was not kept: {why}");
            Answer::NotKept
        }
        Err(_) => Answer::NotKept,
    }
}

fn number<H: Host>(world: &World<H>, id: &AutomationId) -> Option<usize> {
    let is_it = |subject: &Subject| match subject {
        Subject::Automation(place) => world.mesh().targets.get(*place).is_some_and(|t| t.id == *id),
        Subject::Peer(_) => false,
    };
    world.joined().subjects.iter().position(is_it)
}

/// What the heartbeats that functions have kept say: the only machine that a function has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    world: Arc<OnceLock<Weak<World<Heard>>>>,
    /// One event reads each note once.
    facts: Arc<OnceCell<BTreeMap<AutomationId, Fact>>>,
}

impl Heard {
    /// The notes are in this world's stores.
    pub(crate) fn listen(&self, world: &Arc<World<Self>>) {
        let _ = self.world.set(Arc::downgrade(world));
    }

    fn world(&self) -> Option<Arc<World<Self>>> {
        self.world.get()?.upgrade()
    }

    async fn read(&self) -> BTreeMap<AutomationId, Fact> {
        let mut facts = BTreeMap::new();
        let Some(world) = self.world() else { return facts };
        let mut under_way = JoinSet::new();
        for (number, id) in by_heartbeat(&world) {
            let (world, id) = (Arc::clone(&world), id.clone());
            under_way.spawn(async move {
                let fact = fact(&world, number, &id).await;
                (id, fact)
            });
        }
        while let Some(read) = under_way.join_next().await {
            facts.extend(read.ok());
        }
        facts
    }
}

/// The targets that are seen by their heartbeats alone.
fn by_heartbeat<H: Host>(world: &World<H>) -> Vec<(usize, &AutomationId)> {
    let joined = world.joined();
    let all = joined.subjects.iter().zip(&joined.setup.targets).enumerate();
    all.filter_map(|(number, (subject, target))| match subject {
        Subject::Automation(place) if DOMAINS.get(target.platform) == Some(&Domain::Elsewhere) => {
            Some((number, &world.mesh().targets.get(*place)?.id))
        }
        Subject::Automation(_) | Subject::Peer(_) => None,
    })
    .collect()
}

/// What the note of one target says. Nothing to read says nothing.
async fn fact<H: Host>(world: &World<H>, number: usize, id: &AutomationId) -> Fact {
    let target = world.mesh().targets.iter().find(|target| target.id == *id);
    let (Some(store), Some(target)) = (world.store_of(number), target) else { return Fact::Unknown };
    let Ok(Some(text)) = store.note(&note(id)).await else { return Fact::Unknown };
    match serde_json::from_slice::<BeatState>(&text) {
        Ok(state) => covered(&state, &target.timing),
        Err(_) => Fact::Unknown,
    }
}

/// The newest slot that has a run which has not failed.
fn covered(state: &BeatState, timing: &Timing) -> Fact {
    let Timing::Slots { schedules, .. } = timing else { return Fact::Unknown };
    if state.count == 0 {
        return Fact::Unknown;
    }
    let Some(good) = state.last_success.max(state.started) else { return Fact::Covered(StoreTime(0)) };
    let at = good.checked_add(EARLY).unwrap_or(good);
    let newest = |spec: &standin_core::automation::ScheduleSpec| {
        Schedule::parse(&spec.cron, &spec.timezone).ok()?.previous_at_or_before(at)
    };
    let slot = schedules.iter().filter_map(newest).max();
    Fact::Covered(slot.map_or(StoreTime(0), StoreTime::from))
}

impl Host for Heard {
    async fn facts(&self) -> Option<BTreeMap<AutomationId, Fact>> {
        Some(self.facts.get_or_init(|| self.read()).await.clone())
    }

    async fn probe(&self, id: &AutomationId, slot: Option<StoreTime>) -> Probed {
        // Of what runs on a machine nobody here has heard; whether the silence of its agent counts, the tick knows.
        if matches!(id.kind(), Kind::Pm2 | Kind::Npm | Kind::Command) {
            return Probed::Down;
        }
        let Some(world) = self.world() else { return Probed::Unknown };
        let Some(number) = number(&world, id) else { return Probed::Unknown };
        match (fact(&world, number, id).await, slot) {
            (Fact::Covered(newest), Some(slot)) if newest >= slot => Probed::Well,
            (Fact::Covered(_) | Fact::Down, _) => Probed::Down,
            (Fact::Well, _) => Probed::Well,
            (Fact::Unknown | Fact::Stopped, _) => Probed::Unknown,
        }
    }

    async fn heard(&self, id: &AutomationId, slot: Option<StoreTime>) -> Probed {
        self.probe(id, slot).await
    }

    async fn start(&self, _: &AutomationId, _: Option<StoreTime>, _: &Order) -> Sent {
        Sent::Refused
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use standin_core::automation::ScheduleSpec;
    use standin_core::beat::Signal;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-02T{text}Z").parse().unwrap()
    }

    fn after(beats: &[(&str, Signal)]) -> Fact {
        let mut state = BeatState::default();
        for (time, signal) in beats {
            state.record(&Beat { at: at(time), signal: *signal, rid: String::new(), exit: None });
        }
        let hourly = ScheduleSpec { cron: "0 * * * *".to_owned(), timezone: "UTC".to_owned() };
        covered(&state, &Timing::Slots { schedules: vec![hourly], deadline: 60_000 })
    }

    fn slot(time: &str) -> Fact {
        Fact::Covered(StoreTime::from(at(time)))
    }

    #[test]
    fn a_slot_is_covered_by_a_run_that_began_or_ended_well_in_it() {
        assert_eq!(after(&[("10:05:00", Signal::Success)]), slot("10:00:00"));
        assert_eq!(after(&[("10:05:00", Signal::Success), ("11:00:02", Signal::Start)]), slot("11:00:00"));
        assert_eq!(after(&[("10:59:30", Signal::Start)]), slot("11:00:00"), "clocks differ");
        assert_eq!(after(&[("10:58:00", Signal::Start)]), slot("10:00:00"));
    }

    #[test]
    fn a_failed_run_covers_nothing_and_silence_from_the_beginning_says_nothing() {
        assert_eq!(after(&[]), Fact::Unknown);
        assert_eq!(after(&[("10:05:00", Signal::Log)]), Fact::Unknown);
        assert_eq!(after(&[("10:05:00", Signal::Fail)]), Fact::Covered(StoreTime(0)));
        let failed = [("10:01:00", Signal::Success), ("11:00:00", Signal::Start), ("11:01:00", Signal::Fail)];
        assert_eq!(after(&failed), slot("10:00:00"));
    }
}
