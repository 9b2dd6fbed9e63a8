//! What the heartbeats that were kept say of slots.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use standin_body::host::Host;
use standin_body::setup::{DOMAINS, Subject};
use standin_body::world::World;
use standin_config::mesh::Timing;
use standin_core::beat::BeatState;
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::schedule::Schedule;
use standin_engine::ports::mesh::Fact;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use super::note::{self, Note};
use super::number;

/// A run that begins so much before its slot is the slot's: clocks differ.
const EARLY: Duration = Duration::from_secs(60);

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
    let Ok(Some(text)) = store.note(&note::name(id)).await else { return Fact::Unknown };
    Note::read(&text).map_or(Fact::Unknown, |note| covered(&note.beats, &target.timing))
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
    use jiff::Timestamp;
    use standin_core::automation::ScheduleSpec;
    use standin_core::beat::{Beat, Signal};

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
