//! Which instants show a wall time.

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::error::ScheduleError;
use super::wall::Wall;

/// How many clock changes before an instant are looked at to find the one that a wall time belongs to. The newest is
/// nearly always the one; others only renamed the zone.
const MAX_CHANGES_BACK: usize = 4;

/// How many names of zones a message proposes.
const MAX_PROPOSALS: usize = 3;

/// A time zone with its name.
pub(super) struct Zone {
    rules: TimeZone,
    name: Box<str>,
}

/// The instants at which a wall shows a time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// One.
    Once(Timestamp),
    /// None: the clocks are put forward over it.
    Gap {
        /// When they are.
        at: Timestamp,
        /// The first wall time that is left out.
        opens: Wall,
        /// The first that is shown again.
        closes: Wall,
    },
    /// Two: the clocks are put back over it.
    Fold {
        /// When they are.
        at: Timestamp,
        /// The instant before it.
        first: Timestamp,
        /// The instant at it or after it.
        second: Timestamp,
        /// The first wall time that is repeated.
        opens: Wall,
        /// The first after those that are repeated.
        closes: Wall,
    },
}

impl Reading {
    /// When a fixed time fires: at the end of a gap, and only the first time in a fold.
    pub(super) fn fixed(self) -> Timestamp {
        match self {
            Self::Once(instant) => instant,
            Self::Gap { at, .. } => at,
            Self::Fold { first, .. } => first,
        }
    }
}

impl Zone {
    /// Finds `UTC` or an IANA name.
    pub(super) fn named(name: &str) -> Result<Self, ScheduleError> {
        if name.eq_ignore_ascii_case("UTC") {
            return Ok(Self { rules: TimeZone::UTC, name: "UTC".into() });
        }
        if name == "local" {
            return Err(ScheduleError::LocalTimeZone);
        }
        match TimeZone::get(name) {
            Ok(rules) => {
                let name = rules.iana_name().unwrap_or(name).into();
                Ok(Self { rules, name })
            }
            Err(_) => Err(unknown(name)),
        }
    }

    /// The name as the zone database spells it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the wall shows at an instant, without fractions of the second.
    pub(super) fn wall(&self, instant: Timestamp) -> Wall {
        let borrowed = i64::from(instant.subsec_nanosecond() < 0);
        let offset = self.rules.to_offset(instant);
        Wall(instant.as_second() - borrowed + i64::from(offset.seconds()))
    }

    /// The instants that show a wall time. `None` outside the years -9999 to 9999.
    pub(super) fn read(&self, wall: Wall) -> Option<Reading> {
        let civil = Offset::UTC.to_datetime(Timestamp::from_second(wall.0).ok()?);
        match self.rules.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => instant(wall, offset).map(Reading::Once),
            AmbiguousOffset::Gap { before, after } => {
                let late = instant(wall, before)?;
                let Some(at) = self.change(late, before, after, wall) else {
                    return Some(Reading::Once(late));
                };
                Some(Reading::Gap { at, opens: shown(at, before), closes: shown(at, after) })
            }
            AmbiguousOffset::Fold { before, after } => {
                let first = instant(wall, before)?;
                let second = instant(wall, after)?;
                let Some(at) = self.change(second, before, after, wall) else {
                    return Some(Reading::Once(first));
                };
                Some(Reading::Fold { at, first, second, opens: shown(at, after), closes: shown(at, before) })
            }
        }
    }

    /// The clock change at an instant or shortly before it that leaves out or repeats a wall time.
    fn change(&self, until: Timestamp, before: Offset, after: Offset, wall: Wall) -> Option<Timestamp> {
        let later = Timestamp::from_second(until.as_second() + 1).ok()?;
        self.rules.preceding(later).take(MAX_CHANGES_BACK).map(|change| change.timestamp()).find(|at| {
            let (one, other) = (shown(*at, before), shown(*at, after));
            self.rules.to_offset(*at) == after && one.min(other) <= wall && wall < one.max(other)
        })
    }
}

fn instant(wall: Wall, offset: Offset) -> Option<Timestamp> {
    Timestamp::from_second(wall.0 - i64::from(offset.seconds())).ok()
}

fn shown(at: Timestamp, offset: Offset) -> Wall {
    Wall(at.as_second() + i64::from(offset.seconds()))
}

fn unknown(name: &str) -> ScheduleError {
    let known = jiff::tz::db();
    if known.is_definitively_empty() {
        return ScheduleError::NoTimeZoneData { name: name.to_owned() };
    }
    let city = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
    let proposals: Vec<String> = known
        .available()
        .map(|zone| zone.as_str().to_owned())
        .filter(|zone| zone.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&city)))
        .take(MAX_PROPOSALS)
        .collect();
    let fix = match proposals.is_empty() {
        true => "name an IANA zone such as Europe/Berlin, or UTC".to_owned(),
        false => format!("did you mean {}?", proposals.join(" or ")),
    };
    ScheduleError::UnknownTimeZone { name: name.to_owned(), fix }
}
