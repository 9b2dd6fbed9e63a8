//! When something is due: a cron expression read in a time zone, with the meaning that POSIX and Vixie cron give it.
//!
//! The `cron` crate does the search, on wall time only and on fields that were rewritten for it, because its own
//! reading differs from POSIX (it counts Sunday as 1 and joins the two day fields by AND) and because it goes back
//! in time where clocks do. The parts: `field` and `fields` read the text, `wall` searches in wall time, `zone` says
//! which instants show a wall time, and this file joins them.
//!
//! Where clocks change: when neither the minutes nor the hours begin with `*`, a slot that the clocks skip fires once
//! at the end of the gap, and a slot that they show twice fires the first time only. When one of them begins with
//! `*`, the slots follow the clock on the wall: skipped ones do not fire, repeated ones fire twice.

mod error;
mod field;
mod fields;
mod wall;
mod window;
mod zone;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use error::ScheduleError;
use fields::{Clock, Fields};
use wall::WallSlots;
pub use wall::{FIRST_YEAR, LAST_YEAR};
use window::Window;
use zone::{Reading, Zone};

/// The longest expression that is read, in bytes. Sixty listed minutes take 169.
pub const MAX_EXPRESSION_BYTES: usize = 1024;

/// How many wall times are tried for one answer. Two are enough for every clock change on record; the limit only
/// makes sure that a strange time zone ends in `None` instead of a loop.
const MAX_READINGS: usize = 16;

/// How many gaps between slots the nominal period is the median of.
const PERIOD_SAMPLES: usize = 9;

/// A cron expression in its time zone. A clone is a pointer; two are equal when text and zone are.
#[derive(Clone)]
pub struct Schedule {
    parts: Arc<Parts>,
}

struct Parts {
    expression: Box<str>,
    zone: Zone,
    slots: WallSlots,
    clock: Clock,
    facts: fields::Facts,
    window: Window,
}

impl Schedule {
    /// Reads five fields (minute, hour, day of the month, month, day of the week) or one of `@hourly`, `@daily`,
    /// `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`, and an IANA time zone or `UTC`.
    ///
    /// # Errors
    ///
    /// Anything else is refused with its column and what to write, and so are a schedule that can never fire and
    /// the zone `local`, which only the caller can resolve.
    pub fn parse(cron: &str, timezone: &str) -> Result<Self, ScheduleError> {
        let fields = Fields::parse(cron)?;
        let zone = Zone::named(timezone)?;
        let slots = WallSlots::build(&fields)?;
        let parts = Parts {
            expression: cron.trim_ascii().into(),
            zone,
            slots,
            clock: fields.clock(),
            facts: fields.facts(),
            window: Window::default(),
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The expression as it was written, without the blanks around it.
    pub fn expression(&self) -> &str {
        &self.parts.expression
    }

    /// The time zone's name as the zone database spells it.
    pub fn timezone(&self) -> &str {
        self.parts.zone.name()
    }

    /// The first slot strictly after an instant. `None` when no slot is left until the end of [`LAST_YEAR`].
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.parts.window.next(after, || match self.parts.clock {
            Clock::Fixed => self.next_fixed(after),
            Clock::Starred => self.next_starred(after),
        })
    }

    /// The last slot that is not after an instant. `None` when there is none since the start of [`FIRST_YEAR`].
    pub fn previous_at_or_before(&self, at: Timestamp) -> Option<Timestamp> {
        self.parts.window.previous(at, || match self.parts.clock {
            Clock::Fixed => self.previous_fixed(at),
            Clock::Starred => self.previous_starred(at),
        })
    }

    /// The usual time between two slots: the median of the gaps between the next few slots after an instant, so
    /// that nights and weekends of an office-hours schedule do not count. It costs about ten [`Self::next_after`].
    /// `None` when fewer than two slots are left.
    pub fn nominal_period(&self, from: Timestamp) -> Option<Duration> {
        let mut gaps = Vec::with_capacity(PERIOD_SAMPLES);
        let mut last = self.next_after(from)?;
        for _ in 0..PERIOD_SAMPLES {
            let Some(next) = self.next_after(last) else { break };
            gaps.push(next.duration_since(last).unsigned_abs());
            last = next;
        }
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }

    /// Whether Sunday is written as 7, which GitHub does not document.
    pub fn uses_day_seven(&self) -> bool {
        self.parts.facts.day_seven
    }

    /// Whether the expression is a name such as `@daily`, which GitHub does not document.
    pub fn uses_macro(&self) -> bool {
        self.parts.facts.named
    }

    /// Whether cron implementations disagree about the days, as for `0 12 */2 * 1`: Vixie cron, and so this type,
    /// wants both day fields to match because one begins with `*`; others are content with either.
    pub fn ambiguous_day_fields(&self) -> bool {
        self.parts.facts.ambiguous_days
    }

    fn next_fixed(&self, after: Timestamp) -> Option<Timestamp> {
        let Parts { zone, slots, .. } = &*self.parts;
        let here = zone.wall(after);
        let mut from = here.next_minute();
        if let Reading::Fold { at, closes, .. } = zone.read(here)?
            && after >= at
        {
            from = closes;
        }
        for _ in 0..MAX_READINGS {
            let slot = slots.at_or_after(from)?;
            let instant = zone.read(slot)?.fixed();
            if instant > after {
                return Some(instant);
            }
            from = slot.next_minute();
        }
        None
    }

    fn previous_fixed(&self, at_or_before: Timestamp) -> Option<Timestamp> {
        let Parts { zone, slots, .. } = &*self.parts;
        let mut until = zone.wall(at_or_before);
        if let Reading::Fold { at, closes, .. } = zone.read(until)?
            && at_or_before >= at
        {
            until = closes.second_before();
        }
        for _ in 0..MAX_READINGS {
            let slot = slots.at_or_before(until)?;
            let instant = zone.read(slot)?.fixed();
            if instant <= at_or_before {
                return Some(instant);
            }
            until = slot.second_before();
        }
        None
    }

    fn next_starred(&self, after: Timestamp) -> Option<Timestamp> {
        let Parts { zone, slots, .. } = &*self.parts;
        let here = zone.wall(after);
        let mut from = here.next_minute();
        if let Reading::Fold { at, opens, closes, .. } = zone.read(here)?
            && after < at
            && slots.at_or_after(from).is_none_or(|slot| slot >= closes)
        {
            // Nothing is left before the clocks go back, so the repeated hour is next.
            from = opens;
        }
        for _ in 0..MAX_READINGS {
            let slot = slots.at_or_after(from)?;
            from = match zone.read(slot)? {
                Reading::Once(instant) if instant > after => return Some(instant),
                Reading::Fold { first, .. } if first > after => return Some(first),
                Reading::Fold { second, .. } if second > after => return Some(second),
                Reading::Gap { closes, .. } => closes,
                Reading::Once(_) | Reading::Fold { .. } => slot.next_minute(),
            };
        }
        None
    }

    fn previous_starred(&self, at_or_before: Timestamp) -> Option<Timestamp> {
        let Parts { zone, slots, .. } = &*self.parts;
        let mut until = zone.wall(at_or_before);
        if let Reading::Fold { at, opens, closes, .. } = zone.read(until)?
            && at_or_before >= at
            && slots.at_or_before(until).is_none_or(|slot| slot < opens)
        {
            // Nothing came since the clocks went back, so the end of the hour's first showing is next.
            until = closes.second_before();
        }
        for _ in 0..MAX_READINGS {
            let slot = slots.at_or_before(until)?;
            until = match zone.read(slot)? {
                Reading::Once(instant) if instant <= at_or_before => return Some(instant),
                Reading::Fold { second, .. } if second <= at_or_before => return Some(second),
                Reading::Fold { first, .. } if first <= at_or_before => return Some(first),
                Reading::Gap { opens, .. } => opens.second_before(),
                Reading::Once(_) | Reading::Fold { .. } => slot.second_before(),
            };
        }
        None
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({:?} in {})", self.expression(), self.timezone())
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.expression() == other.expression() && self.timezone() == other.timezone()
    }
}

impl Eq for Schedule {}
