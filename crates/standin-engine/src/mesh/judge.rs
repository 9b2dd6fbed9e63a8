//! From what was seen to what is to be tried.

use jiff::Timestamp;
use standin_core::effect::EffectKey;
use standin_core::incident::{IncidentId, Target};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::rank::{incident_key, rank, rank_wait, slot_key};

use super::record::Seen;
use super::setup::{Heartbeats, Setup, TargetSetup, Watching};
use crate::ports::mesh::{Fact, Number};

/// One target that needs help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) target: Number,
    pub(super) incident: IncidentId,
    pub(super) key: EffectKey,
    pub(super) opened: StoreTime,
    pub(super) well_at: Option<StoreTime>,
}

/// How a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    Unknown,
    Well,
    /// It needs help; `since` is what the rank's wait counts from.
    Down {
        since: StoreTime,
        slot: Option<StoreTime>,
    },
}

/// Judges one fact, and remembers it in `seen`.
pub(super) fn judge(target: &TargetSetup, fact: Fact, seen: &mut Seen, now: StoreTime) -> Judged {
    match fact {
        Fact::Stopped => seen.stopped = seen.stopped.or(Some(now)),
        Fact::Well | Fact::Down | Fact::Covered(_) => seen.stopped = None,
        Fact::Unknown => {}
    }
    if seen.stopped.is_some() {
        return Judged::Unknown;
    }
    let judged = match &target.watching {
        Watching::Standing => match fact {
            Fact::Unknown | Fact::Stopped | Fact::Covered(_) => Judged::Unknown,
            Fact::Well => Judged::Well,
            Fact::Down => Judged::Down { since: *seen.down_since.get_or_insert(now), slot: None },
        },
        Watching::Slots { slots, deadline } => {
            let Some(slot) = slots.due(*deadline, now) else { return Judged::Unknown };
            let missed = Judged::Down { since: slot.plus(*deadline), slot: Some(slot) };
            match (fact, target.heartbeats) {
                (Fact::Covered(newest), _) if newest >= slot => Judged::Well,
                (Fact::Covered(_) | Fact::Down, _) | (Fact::Unknown, Heartbeats::Elsewhere) => missed,
                (Fact::Unknown, Heartbeats::None) | (Fact::Stopped, _) => Judged::Unknown,
                (Fact::Well, _) => Judged::Well,
            }
        }
    };
    if judged == Judged::Well {
        (seen.well_at, seen.down_since) = (Some(now), None);
    }
    judged
}

/// The case to claim with, once this watcher's turn has come; `None` before, and when it cannot help.
pub(super) fn case(
    setup: &Setup,
    number: Number,
    since: StoreTime,
    slot: Option<StoreTime>,
    seen: &Seen,
    now: StoreTime,
) -> Option<Case> {
    let target = setup.targets.get(number)?;
    let able: Vec<_> = setup
        .claimants(number)
        .into_iter()
        .filter_map(|peer| setup.peers.get(peer))
        .map(|p| p.id.clone())
        .collect();
    let place = rank(&target.target, setup.own_id()?, &able)?;
    if now < since.plus(rank_wait(place)) {
        return None;
    }
    let (incident, key, opened) = match slot {
        // The slot is in the name, so what this watcher knows is as new as its look.
        Some(slot) => (slot_incident(&target.target, slot), key_of_slot(&target.target, slot)?, now),
        None => {
            let incident = IncidentId::of(&target.target, Timestamp::from_millisecond(since.0).ok()?);
            let key = incident_key(&target.target, &incident);
            (incident, key, since)
        }
    };
    Some(Case { target: number, incident, key, opened, well_at: seen.well_at })
}

fn key_of_slot(target: &Target, slot: StoreTime) -> Option<EffectKey> {
    match target {
        Target::Automation(id) => Some(slot_key(id, Timestamp::from_millisecond(slot.0).ok()?)),
        Target::Pm2 | Target::Peer(_) => None,
    }
}

const SLOT: &str = "@slot-";

fn slot_incident(target: &Target, slot: StoreTime) -> IncidentId {
    IncidentId(format!("{target}{SLOT}{}", slot.0))
}

/// The slot that an incident is about; a takeover keeps the slot of whoever claimed first.
pub(super) fn slot_of(incident: &IncidentId) -> Option<StoreTime> {
    incident.0.rsplit_once(SLOT)?.1.parse().ok().map(StoreTime)
}
