//! What a tick did and saw, in sentences for people.

use standin_config::mesh::Remedy;
use standin_core::mesh::cell::Refusal;
use standin_core::mesh::claim::End;
use standin_engine::mesh::Deed;
use standin_engine::ports::mesh::{Notice, Number};

use crate::alerts::Level;
use crate::setup::{DOMAINS, Joined};

/// A sentence, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// How bad it is.
    pub level: Level,
    /// In one stable word.
    pub what: &'static str,
    /// An automation's id, `peer:NAME` or `platform:NAME`.
    pub about: String,
    /// The key, where there is one.
    pub key: String,
    /// The sentence.
    pub text: String,
}

impl Joined {
    /// The name of a target.
    pub fn target(&self, number: Number) -> String {
        self.setup.targets.get(number).map_or_else(|| format!("target {number}"), |t| t.target.to_string())
    }

    /// The name of a watcher.
    pub fn peer(&self, number: Number) -> String {
        self.setup.peers.get(number).map_or_else(|| format!("{number}"), |peer| peer.id.to_string())
    }

    fn platform(number: Number) -> String {
        let domain = DOMAINS.get(number);
        domain.map_or_else(|| format!("platform:{number}"), |domain| format!("platform:{domain}"))
    }

    /// The remedy of an attempt, counted from 1.
    pub fn remedy(&self, target: Number, attempt: u8) -> Option<&Remedy> {
        let ladder = self.ladders.get(target)?;
        let place = usize::from(attempt.saturating_sub(1)).min(ladder.len().saturating_sub(1));
        ladder.get(place)
    }

    /// What a notice says.
    pub fn notice(&self, notice: &Notice) -> Said {
        let said = |level, what, about: String, text: String| Said {
            level,
            what,
            key: format!("{what}/{about}"),
            about,
            text,
        };
        match notice {
            Notice::PeerSilent(peer) => {
                let name = self.peer(*peer);
                said(
                    Level::Critical,
                    "peer_silent",
                    format!("peer:{name}"),
                    format!("the watcher `{name}` has been silent for too long"),
                )
            }
            Notice::PeerBack(peer) => {
                let name = self.peer(*peer);
                let text = format!("the watcher `{name}` gives signs of life again");
                said(Level::Good, "peer_back", format!("peer:{name}"), text)
            }
            Notice::NoArbiter(target) => {
                let name = self.target(*target);
                let text = format!(
                    "{name} needs help, and the store that decides about it cannot be reached: nothing was done"
                );
                said(Level::Critical, "no_arbiter", name, text)
            }
            Notice::Exhausted(target) => {
                let name = self.target(*target);
                let text = format!(
                    "{name} was tried to be helped as often as may be, and is not well: a person is needed"
                );
                said(Level::Critical, "exhausted", name, text)
            }
            Notice::Garbage(target) => {
                let name = self.target(*target);
                let text = format!(
                    "what the store holds about {name} cannot be believed: nothing was done, a person has to look"
                );
                said(Level::Critical, "garbage", name, text)
            }
            Notice::MassFailure { platform, members } => {
                let names: Vec<_> = members.iter().map(|member| self.target(*member)).collect();
                let name = Self::platform(*platform);
                let text = format!(
                    "most of {name} is down at once; its members are helped a few at a time: {}",
                    names.join(", ")
                );
                said(Level::Critical, "mass_failure", name, text)
            }
            Notice::Recovered(target) => {
                let name = self.target(*target);
                let text = format!("{name} is well again");
                said(Level::Good, "well_again", name, text)
            }
            Notice::Serving(target) => {
                let name = self.target(*target);
                let text = format!("the backup of {name} does its work");
                said(Level::Warning, "serving", name, text)
            }
            Notice::HandedBack(target) => {
                let name = self.target(*target);
                let text = format!("{name} does its work again, and its backup has stopped");
                said(Level::Good, "handed_back", name, text)
            }
            Notice::PlatformWell(platform) => {
                let name = Self::platform(*platform);
                let text = format!("most of {name} is well again");
                said(Level::Good, "platform_well", name, text)
            }
            Notice::NoBrake(platform) => {
                let name = Self::platform(*platform);
                let text =
                    format!("something on {name} needs help, and its brake cannot be read: nothing was done");
                said(Level::Critical, "no_brake", name, text)
            }
        }
    }

    /// What a deed says; `None` when nobody has to know.
    pub fn deed(&self, deed: &Deed) -> Option<Said> {
        let (target, key, end) = match deed {
            Deed::Tried { target, key, end } => (*target, key, end),
            Deed::Asked { target, peer } => {
                let (name, peer) = (self.target(*target), self.peer(*peer));
                let text = format!("{name} needs help that only `{peer}` can give: it was asked");
                return Some(Said {
                    level: Level::Warning,
                    what: "asked",
                    about: name,
                    key: String::new(),
                    text,
                });
            }
            Deed::Served { target, key } => {
                let name = self.target(*target);
                let text = format!("{name} was helped, as another watcher asked");
                return Some(Said {
                    level: Level::Warning,
                    what: "served",
                    about: name,
                    key: key.0.clone(),
                    text,
                });
            }
            // The first is told by its notice, the others are no news by themselves.
            Deed::Blocked { .. } | Deed::Woke(_) | Deed::Suspects(_) | Deed::HandedBack(_) => return None,
        };
        let name = self.target(target);
        let (level, what, text) = match end {
            End::Executed => (Level::Warning, "recovered", format!("{name} was helped, and is well")),
            End::Recovered => (
                Level::Good,
                "recovered_by_itself",
                format!("{name} is well again by itself: nothing was done"),
            ),
            End::Failed => {
                (Level::Critical, "failed", format!("{name} was tried to be helped, and is not well yet"))
            }
            End::Braked => (
                Level::Warning,
                "braked",
                format!("{name} needs help, and waits its turn: much is down at once"),
            ),
            End::Unconfirmed => (
                Level::Warning,
                "unconfirmed",
                format!("{name} was sent help; whether it is well is not known yet"),
            ),
            End::Unrecorded => (
                Level::Warning,
                "unrecorded",
                format!("{name} was looked after, and that could not be written down"),
            ),
            End::CannotTell => (
                Level::Warning,
                "cannot_tell",
                format!("{name} seems to need help, and could not be asked: nothing was done"),
            ),
            End::TooLate => (
                Level::Warning,
                "too_late",
                format!("{name} needs help; this watcher was too slow, and did nothing"),
            ),
            End::Unclear => (
                Level::Warning,
                "unclear",
                format!(
                    "{name} needs help; whether this watcher has the claim is not known, so it did nothing"
                ),
            ),
            // Another has it, or it is over: whoever has it tells.
            End::Lost
            | End::Refused(
                Refusal::Held { .. } | Refusal::NotBefore { .. } | Refusal::Over | Refusal::NotYours,
            ) => return None,
            // These are told by their notices.
            End::Serving | End::Refused(Refusal::AttemptsUsed | Refusal::Garbage(_)) => return None,
        };
        Some(Said { level, what, about: name, key: key.0.clone(), text })
    }
}
