//! Drills: failovers on purpose, that prove a backup works. What is recorded of them, and what that proves.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ident::{AutomationId, Domain, IdError};
use crate::time::later;

/// What [`Backup::Here`] is called where it is written down. No id, since those have a colon.
const HERE: &str = "here";

/// What was run instead of an automation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Backup {
    /// The automation itself, on the machine of the drill: `standin run`.
    Here,
    /// Another automation, such as the backup that Standin wrote for it.
    Automation(AutomationId),
}

impl Backup {
    /// What the backup fails together with.
    pub const fn domain(&self) -> Domain {
        match self {
            Self::Here => Domain::Host,
            Self::Automation(id) => id.kind().domain(),
        }
    }
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Here => HERE,
            Self::Automation(id) => id.as_str(),
        })
    }
}

impl TryFrom<String> for Backup {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        if text == HERE { Ok(Self::Here) } else { text.parse().map(Self::Automation) }
    }
}

impl From<Backup> for String {
    fn from(backup: Backup) -> Self {
        backup.to_string()
    }
}

/// How a drill ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum Outcome {
    /// Every criterion of success was met.
    Passed,
    /// One was not, or the backup could not be run.
    Failed {
        /// Which, for people: one line, without secrets.
        why: String,
    },
}

impl Outcome {
    /// Whether every criterion was met.
    pub const fn is_passed(&self) -> bool {
        matches!(self, Self::Passed)
    }
}

/// One drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// The automation whose backup was tried; its primary was left alone.
    pub id: AutomationId,
    /// What ran instead of it.
    pub backup: Backup,
    /// When the drill began.
    pub at: Timestamp,
    /// The time to recover: from the beginning of the drill until the last criterion was checked.
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether everything was tried but the run itself, because a run has effects elsewhere. Such a drill proves less.
    pub dry: bool,
}

/// The newest drills of one automation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latest<'a> {
    /// The newest in which the backup ran.
    pub real: Option<&'a Drill>,
    /// The newest in which it did not.
    pub dry: Option<&'a Drill>,
}

impl<'a> Latest<'a> {
    /// The drill that proves that the backup works: the newest in which it ran, unless that one failed.
    pub fn proof(&self) -> Option<&'a Drill> {
        self.real.filter(|drill| drill.outcome.is_passed())
    }

    /// The newest of both.
    pub fn newest(&self) -> Option<&'a Drill> {
        match (self.real, self.dry) {
            (Some(real), Some(dry)) => Some(if dry.at > real.at { dry } else { real }),
            (one, other) => one.or(other),
        }
    }

    /// Whether another drill is due, where one is wanted `every` so often: the newest failed, or is older, or there is
    /// none. Where a dry one is wanted, one with a run is worth as much.
    pub fn is_due(&self, wanted: Wanted, every: Duration, now: Timestamp) -> bool {
        let newest = match wanted {
            Wanted::Real => self.real,
            Wanted::Dry => self.newest(),
        };
        newest.is_none_or(|drill| !drill.outcome.is_passed() || later(drill.at, every) <= now)
    }
}

/// Which drill an automation wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// One in which its backup runs.
    Real,
    /// One without the run: its effects cannot be taken back.
    Dry,
}

/// The newest drills of each automation that was ever drilled. The order of `drills` does not matter; of two at the same
/// time the later in the list counts.
pub fn latest(drills: &[Drill]) -> BTreeMap<&AutomationId, Latest<'_>> {
    let mut found: BTreeMap<&AutomationId, Latest<'_>> = BTreeMap::new();
    for drill in drills {
        let latest = found.entry(&drill.id).or_default();
        let newest = if drill.dry { &mut latest.dry } else { &mut latest.real };
        if newest.is_none_or(|before| before.at <= drill.at) {
            *newest = Some(drill);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn drill(id: &str, second: i64, outcome: Outcome, dry: bool) -> Drill {
        let id = id.parse().unwrap();
        Drill { id, backup: Backup::Here, at: at(second), took: Duration::from_secs(3), outcome, dry }
    }

    fn failed() -> Outcome {
        Outcome::Failed { why: "it exited with 1".into() }
    }

    #[test]
    fn only_the_newest_drill_with_a_run_proves_anything() {
        let id: AutomationId = "workflow:a.yml".parse().unwrap();
        let mut drills = vec![
            drill("workflow:a.yml", 5, Outcome::Passed, false),
            drill("workflow:a.yml", 9, Outcome::Passed, true),
            drill("workflow:a.yml", 1, failed(), false),
        ];
        assert_eq!(
            latest(&drills)[&id].proof(),
            Some(&drills[0]),
            "a dry one proves nothing, an older one neither"
        );
        assert_eq!(latest(&drills)[&id].newest(), Some(&drills[1]));
        drills.push(drill("workflow:a.yml", 7, failed(), false));
        assert_eq!(latest(&drills)[&id].proof(), None, "what worked once does not work any more");
        let only_dry = [drill("npm:.#a", 1, Outcome::Passed, true)];
        assert_eq!(latest(&only_dry)[&only_dry[0].id].proof(), None);
    }

    #[test]
    fn a_drill_is_due_when_the_last_is_old_or_failed_or_was_only_dry() {
        let every = Duration::from_secs(100);
        let due = |drills: &[Drill], wanted, now| {
            latest(drills).values().next().copied().unwrap_or_default().is_due(wanted, every, at(now))
        };
        let real = [drill("npm:.#a", 0, Outcome::Passed, false)];
        assert!(!due(&real, Wanted::Real, 99) && due(&real, Wanted::Real, 100));
        assert!(!due(&real, Wanted::Dry, 99), "one with a run is worth a dry one");
        assert!(due(&[drill("npm:.#a", 0, failed(), false)], Wanted::Real, 1));
        let dry = [drill("npm:.#a", 0, Outcome::Passed, true)];
        assert!(due(&dry, Wanted::Real, 1) && !due(&dry, Wanted::Dry, 1));
        assert!(due(&[], Wanted::Dry, 0));
    }

    #[test]
    fn what_is_written_reads_back_and_names_its_domain() {
        let other = Backup::Automation("netlify:a-backup".parse().unwrap());
        assert_eq!((Backup::Here.domain(), other.domain()), (Domain::Host, Domain::Netlify));
        let one = Drill { backup: other, ..drill("workflow:a.yml", 3, failed(), true) };
        let text = serde_json::to_string(&one).unwrap();
        assert!(text.contains(r#""backup":"netlify:a-backup""#), "{text}");
        assert_eq!(serde_json::from_str::<Drill>(&text).unwrap(), one);
        assert!(serde_json::from_str::<Backup>(r#""there""#).is_err());
        assert_eq!(serde_json::from_str::<Backup>(r#""here""#).unwrap(), Backup::Here);
    }
}
