//! What becomes of each slot by itself: how late its platform is, and what the outages do to it.

use jiff::Timestamp;
use standin_core::ident::{AutomationId, Domain};
use standin_core::schedule::Schedule;

use super::outage::{Place, What};
use super::{Asked, Question, Runs};
use crate::sim::lateness::Lateness;
use crate::sim::rng::Rng;
use crate::sim::world::{HOUR, MINUTE};

/// The runs that begin after the last day are followed for so long.
pub(super) const TAIL: u64 = 12 * HOUR;

/// At most so many slots of one automation: one a minute for [`super::MAX_DAYS`] and the tail.
const MAX_SLOTS: usize = 50_000;

/// A run that falls into one outage after another is looked at so often.
const MAX_DELAYS: usize = super::MAX_OUTAGES + 1;

/// What becomes of a slot by itself. All in milliseconds from the first moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// The slot.
    pub(super) slot: u64,
    /// When its run begins; `None` when it never does.
    pub(super) begins: Option<u64>,
}

/// The first moment, in milliseconds since 1970.
pub(super) fn epoch(question: &Question) -> u64 {
    u64::try_from(question.from.as_millisecond()).unwrap_or(0)
}

/// How long is simulated, in milliseconds.
pub(super) fn length(question: &Question) -> u64 {
    u64::from(question.days) * 24 * HOUR
}

/// The slots of these schedules, from the first moment to the end of the tail, in order.
pub(super) fn slots(question: &Question, schedules: &[Schedule]) -> Vec<u64> {
    let (epoch, end) = (epoch(question), length(question) + TAIL);
    let mut all = Vec::new();
    for schedule in schedules {
        let mut at =
            question.from.saturating_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(question.from);
        while let Some(next) = schedule.next_after(at)
            && let Ok(slot) = u64::try_from(next.as_millisecond())
            && slot.saturating_sub(epoch) < end
            && all.len() < MAX_SLOTS
        {
            all.push(slot.saturating_sub(epoch));
            at = next;
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// What becomes of each slot of an automation by itself.
pub(super) fn fates(question: &Question, asked: &Asked) -> Vec<Fate> {
    let schedules = match &asked.runs {
        Runs::Slots(schedules) => schedules,
        Runs::ByAgent { schedules, .. } => {
            let never = |slot| Fate { slot, begins: None };
            return slots(question, schedules).into_iter().map(never).collect();
        }
        Runs::Always => return Vec::new(),
    };
    let punctual = Punctuality::of(asked.domain, period(question.from, schedules));
    let fate = |slot| {
        let mut rng = Rng::new(question.seed ^ digest(&asked.id, slot));
        let calm = punctual.late(&mut rng).map(|late| slot + late);
        let begins = calm.and_then(|at| punctual.among(question, asked, at, &mut rng));
        Fate { slot, begins }
    };
    slots(question, schedules).into_iter().map(fate).collect()
}

/// The usual time between two slots, in milliseconds.
pub(super) fn period(from: Timestamp, schedules: &[Schedule]) -> u64 {
    let shortest = schedules.iter().filter_map(|schedule| schedule.nominal_period(from)).min();
    shortest.map_or(24 * HOUR, super::outage::ms).max(MINUTE)
}

/// FNV, so that each slot has its own chance, whatever else is simulated.
fn digest(id: &AutomationId, slot: u64) -> u64 {
    let bytes = id.as_str().bytes().chain(slot.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// How punctual a platform is with a schedule.
struct Punctuality {
    domain: Domain,
    period: u64,
    lateness: Lateness,
}

impl Punctuality {
    fn of(domain: Domain, period: u64) -> Self {
        let lateness = if period > HOUR { Lateness::sparse() } else { Lateness::default() };
        Self { domain, period, lateness }
    }

    /// How late a run begins; `None` when the platform leaves the slot out.
    fn late(&self, rng: &mut Rng) -> Option<u64> {
        match self.domain {
            Domain::Github => {
                let skips = self.lateness.skips(rng);
                // GitHub starts about as many runs of a schedule that is faster than hourly as of an hourly one.
                let skips = skips || (self.period < HOUR && !rng.percent(self.period * 100 / HOUR));
                let late = self.lateness.draw(rng);
                let late = if self.period < HOUR { late * self.period / HOUR } else { late };
                (!skips).then_some(late)
            }
            Domain::Netlify | Domain::Aws => Some(rng.between(100, 5_000)),
            Domain::Host | Domain::Elsewhere => Some(rng.between(10, 1_000)),
        }
    }

    /// When a run that would begin at `at` does: GitHub starts it after the outage, the others never do.
    fn among(&self, question: &Question, asked: &Asked, mut at: u64, rng: &mut Rng) -> Option<u64> {
        for _ in 0..MAX_DELAYS {
            let hit = |o: &&super::Outage| o.covers(at) && stops(&o.what, asked);
            let Some(outage) = question.outages.iter().find(hit) else { return Some(at) };
            if self.domain != Domain::Github || matches!(outage.what, What::Automation(_)) {
                return None;
            }
            at = outage.ends_at() + self.lateness.draw(rng);
        }
        None
    }
}

/// Whether an automation does not begin by itself while this is gone.
pub(super) fn stops(what: &What, asked: &Asked) -> bool {
    match what {
        What::Automation(id) => *id == asked.id,
        What::Place(place) => {
            let is_pm2 = asked.id.kind() == standin_core::ident::Kind::Pm2;
            match (place, asked.domain) {
                (Place::Github, Domain::Github)
                | (Place::Netlify, Domain::Netlify)
                | (Place::Aws, Domain::Aws)
                | (Place::Host, Domain::Host) => true,
                (Place::Pm2, Domain::Host) => is_pm2,
                (Place::Github | Place::Netlify | Place::Aws | Place::Host | Place::Pm2, _) => false,
            }
        }
        What::Store(_) | What::Peer(_) => false,
    }
}
