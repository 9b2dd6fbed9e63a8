//! The timeline: what a person would want to hear, in order.

use std::collections::BTreeMap;

use standin_core::ident::Domain;
use standin_engine::ports::mesh::Notice;

use super::answer::MomentKind;
use super::fate::{epoch, length};
use super::local::{Local, takes_agent};
use super::outage::{AGENT, What, ms};
use super::stage::Stage;
use super::tally::{Row, Slot, is_local};
use super::{Asked, Known, PeerKind, Question, Remedy};
use crate::sim::scene::{By, Story, Told};
use crate::sim::world::{HOUR, MINUTE};

/// What happens so long after an outage is still told.
const AFTER: u64 = 8 * HOUR;
/// The same said again within this time is not told again.
const AGAIN: u64 = 2 * HOUR;
/// So many moments of one sort about one automation are told one by one; the rest are counted.
const EACH: usize = 3;
/// At most so many moments are told.
const MAX_MOMENTS: usize = 5_000;

/// One moment, in milliseconds from the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: u64,
    pub(super) kind: MomentKind,
    pub(super) who: String,
    pub(super) what: String,
    pub(super) automation: Option<usize>,
    pub(super) slot: Option<u64>,
}

/// Which watcher, what sort of moment, what, and the automation and slot that it is about.
type Said = (usize, MomentKind, String, Option<(usize, u64)>);

struct Teller<'a> {
    question: &'a Question,
    stage: Option<&'a Stage>,
    moments: Vec<Moment>,
}

/// Tells everything.
pub(super) fn tell(
    question: &Question,
    rows: &[Row],
    locals: &[Local],
    stage: Option<&Stage>,
    story: &Story,
) -> Vec<Moment> {
    let mut teller = Teller { question, stage, moments: Vec::new() };
    teller.outages();
    for (number, asked) in question.automations.iter().enumerate() {
        if let Some((row, local)) = rows.get(number).zip(locals.get(number)) {
            teller.automation(number, asked, row, local);
        }
    }
    teller.watchers(story);
    teller.asides(story);
    let mut moments = teller.moments;
    moments.retain(|moment| is_near(question, moment.at));
    // Within a minute in the order in which one thing leads to the other.
    moments.sort_by_key(|moment| (moment.at / MINUTE, moment.kind, moment.at));
    let mut moments = few(question, moments);
    moments.truncate(MAX_MOMENTS);
    moments
}

/// Whether this is in an outage or soon after it; everything is when there is none.
fn is_near(question: &Question, at: u64) -> bool {
    let outages = &question.outages;
    let near = |o: &super::Outage| o.begins_at() <= at && at <= o.ends_at().saturating_add(AFTER);
    (outages.is_empty() && at < length(question)) || outages.iter().any(near)
}

/// Counts the moments of which there are many.
fn few(question: &Question, moments: Vec<Moment>) -> Vec<Moment> {
    let mut many: BTreeMap<(MomentKind, String, Option<usize>), (usize, u64)> = BTreeMap::new();
    let key = |m: &Moment| (m.kind, m.who.clone(), m.automation);
    for moment in &moments {
        let count = many.entry(key(moment)).or_default();
        *count = (count.0 + 1, moment.at);
    }
    let mut seen: BTreeMap<(MomentKind, String, Option<usize>), usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for mut moment in moments {
        let key = key(&moment);
        let seen = seen.entry(key.clone()).or_default();
        *seen += 1;
        let (all, last) = many.get(&key).copied().unwrap_or_default();
        if moment.automation.is_some() && *seen == EACH && all > EACH {
            let until = clock(question, last);
            moment.what = format!("{}; {} more like this until {until}", moment.what, all - EACH);
        }
        if moment.automation.is_none() || *seen <= EACH {
            kept.push(moment);
        }
    }
    kept
}

impl Teller<'_> {
    fn say(
        &mut self,
        at: u64,
        kind: MomentKind,
        who: impl Into<String>,
        what: String,
        about: Option<(usize, u64)>,
    ) {
        let (automation, slot) =
            about.map_or((None, None), |(automation, slot)| (Some(automation), Some(slot)));
        self.moments.push(Moment { at, kind, who: who.into(), what, automation, slot });
    }

    fn outages(&mut self) {
        for outage in &self.question.outages {
            let until = clock(self.question, outage.ends_at());
            let who = outage.what.to_string();
            let is_one = matches!(outage.what, What::Automation(_));
            let what = if is_one { "does not run any more, until" } else { "is gone, until" };
            self.say(outage.begins_at(), MomentKind::Gone, &who, format!("{what} {until}"), None);
            let what = if is_one { "would run again by itself" } else { "is back" };
            self.say(outage.ends_at(), MomentKind::Back, &who, what.to_owned(), None);
        }
    }

    fn automation(&mut self, number: usize, asked: &Asked, row: &Row, local: &Local) {
        for (at, gone) in &local.restarts {
            let what = format!("starts {} again, {} after it stopped", asked.id, span(*gone));
            self.say(*at, MomentKind::Restarts, AGENT, what, Some((number, *at)));
        }
        let mut struck: Vec<&Slot> = row.slots.iter().filter(|slot| slot.is_struck(asked)).collect();
        // What is faster than hourly on GitHub misses most of its slots on any day: that is no news.
        if self.question.outages.is_empty() && asked.domain == Domain::Github {
            struck.retain(|slot| !slot.ran.is_empty() || row.with.lost <= row.with.slots / 3);
        }
        for slot in struck {
            self.slot(number, asked, slot);
            if !self.is_played(number) {
                self.heartbeat(number, asked, slot);
            }
        }
    }

    /// Whether the watchers look after it together.
    fn is_played(&self, number: usize) -> bool {
        self.stage.is_some_and(|stage| stage.targets.contains(&number))
    }

    /// A slot that is not as it would be.
    fn slot(&mut self, number: usize, asked: &Asked, slot: &Slot) {
        let (at, about) = (slot.fate.slot, Some((number, slot.fate.slot)));
        let name = self.name(at, asked);
        let place = asked.domain.to_string();
        if !slot.is_in_time(asked, slot.fate.begins) && !matches!(asked.runs, super::Runs::ByAgent { .. }) {
            let never = if slot.ran.is_empty() { ", and never will" } else { "" };
            self.say(at, MomentKind::DoesNotStart, &place, format!("does not start {name}{never}"), about);
        }
        if slot.ran.is_empty() && matches!(asked.runs, super::Runs::ByAgent { .. }) {
            self.say(
                at,
                MomentKind::DoesNotStart,
                AGENT,
                format!("does not run {name}, and never will"),
                about,
            );
        }
        let first = slot.first();
        for ran in &slot.ran {
            let late = ran.at.saturating_sub(at);
            match ran.by {
                By::Itself if first.is_some_and(|first| first < ran.at) => {
                    let what = format!("starts {name} again, {} late: it ran before", span(late));
                    self.say(ran.at, MomentKind::RunsTwice, &place, what, about);
                }
                By::Itself if !slot.is_in_time(asked, Some(ran.at)) => {
                    let who = if matches!(asked.runs, super::Runs::ByAgent { .. }) { AGENT } else { &*place };
                    self.say(
                        ran.at,
                        MomentKind::RunsLate,
                        who,
                        format!("starts {name}, {} late", span(late)),
                        about,
                    );
                }
                By::Itself => {}
                By::Backup { .. } if is_local(asked) && !self.is_played(number) => {
                    self.say(ran.at, MomentKind::Restarts, AGENT, format!("has {name} run"), about);
                }
                By::Backup { watcher, attempt } => {
                    let done = remedy(asked, attempt);
                    let what = format!("{done}, for {name}");
                    let who = self.peer(watcher);
                    self.say(ran.at, MomentKind::RunsInstead, who, what, about);
                }
            }
        }
    }

    /// Where nobody may act, a heartbeat that does not come is at least seen.
    fn heartbeat(&mut self, number: usize, asked: &Asked, slot: &Slot) {
        let Known::Heartbeats { grace } = asked.known else { return };
        let at = super::local::agent_from(self.question, slot.fate.slot.saturating_add(ms(grace)));
        if slot.first().is_none_or(|first| first > at) {
            let what = format!("says that {} has sent no heartbeat", self.name(slot.fate.slot, asked));
            self.say(at, MomentKind::Notices, AGENT, what, Some((number, slot.fate.slot)));
        }
    }

    /// What the watchers say of one another, and what they try in vain.
    fn watchers(&mut self, story: &Story) {
        let mut last: BTreeMap<(usize, String), u64> = BTreeMap::new();
        for (at, told) in &story.told {
            let Some((watcher, kind, what, about)) = self.said(*at, told) else { continue };
            let before = last.insert((watcher, what.clone()), *at);
            if before.is_none_or(|before| at.saturating_sub(before) > AGAIN) {
                let who = self.peer(watcher);
                self.say(*at, kind, who, what, about);
            }
        }
    }

    /// Late runs that find their slots served.
    fn asides(&mut self, story: &Story) {
        for (at, told) in &story.told {
            let Told::StepsAside { target, slot } = told else { continue };
            let number = self.stage.and_then(|stage| stage.targets.get(*target)).copied();
            let asked = number.and_then(|number| self.question.automations.get(number));
            let Some((number, asked)) = number.zip(asked) else { continue };
            let slot = slot.saturating_sub(epoch(self.question));
            let what = format!(
                "starts {}, {} late: it was served, and the run steps aside",
                self.name(slot, asked),
                span(at.saturating_sub(slot))
            );
            self.say(*at, MomentKind::StepsAside, asked.domain.to_string(), what, Some((number, slot)));
        }
    }

    fn said(&self, at: u64, told: &Told) -> Option<Said> {
        let target = |target: usize| {
            let number = *self.stage?.targets.get(target)?;
            Some((number, self.question.automations.get(number)?))
        };
        match told {
            Told::Suspects { watcher, peer } => {
                let is_right = self.is_peer_gone(*peer, at);
                is_right
                    .then(|| (*watcher, MomentKind::Suspects, format!("suspects {}", self.peer(*peer)), None))
            }
            Told::Notice { watcher, notice } => {
                let (what, about) = match notice {
                    Notice::PeerSilent(peer) if self.is_peer_gone(*peer, at) => {
                        (format!("tells a person that {} is silent", self.peer(*peer)), None)
                    }
                    Notice::PeerSilent(_) => return None,
                    Notice::NoArbiter(number) => {
                        let (number, asked) = target(*number)?;
                        let what = format!(
                            "cannot reach who decides for {}, does nothing, tells a person",
                            asked.id
                        );
                        (what, Some((number, at)))
                    }
                    Notice::Exhausted(number) => {
                        let (number, asked) = target(*number)?;
                        (format!("gives {} up and tells a person", asked.id), Some((number, at)))
                    }
                    Notice::Garbage(number) => {
                        let (number, asked) = target(*number)?;
                        (
                            format!("cannot read what is stored for {}, tells a person", asked.id),
                            Some((number, at)),
                        )
                    }
                    Notice::MassFailure { members, .. } => {
                        (format!("holds back: {} are down at once; tells a person", members.len()), None)
                    }
                    Notice::NoBrake(_) => (
                        "cannot read how many may be helped at once, does nothing, tells a person".to_owned(),
                        None,
                    ),
                    Notice::PeerBack(_)
                    | Notice::PlatformWell(_)
                    | Notice::Recovered(_)
                    | Notice::Serving(_)
                    | Notice::HandedBack(_) => return None,
                };
                Some((*watcher, MomentKind::Tells, what, about))
            }
            Told::Asks { watcher, target: number, peer } => {
                let (number, asked) = target(*number)?;
                let what = format!("claims {} and asks {} to act", asked.id, self.peer(*peer));
                Some((*watcher, MomentKind::Asks, what, Some((number, at))))
            }
            Told::Fails { watcher, target: number, attempt } => {
                let (number, asked) = target(*number)?;
                let what = format!("{}, in vain", remedy(asked, *attempt));
                Some((*watcher, MomentKind::TriesInVain, what, Some((number, at))))
            }
            Told::StepsAside { .. } | Told::Runs { .. } => None,
        }
    }

    fn is_peer_gone(&self, peer: usize, at: u64) -> bool {
        let Some(peer) = self.question.mesh.as_ref().and_then(|mesh| mesh.peers.get(peer)) else {
            return false;
        };
        self.question.outages.iter().filter(|o| o.covers(at)).any(|o| match &o.what {
            What::Place(place) => *place == peer.kind.place(),
            What::Peer(name) => peer.name.as_str() == name,
            What::Store(_) | What::Automation(_) => {
                peer.kind == PeerKind::Agent && takes_agent(self.question, &o.what)
            }
        })
    }

    fn peer(&self, number: usize) -> String {
        let peer = self.question.mesh.as_ref().and_then(|mesh| mesh.peers.get(number));
        peer.map_or_else(String::new, |peer| peer.name.to_string())
    }

    fn name(&self, slot: u64, asked: &Asked) -> String {
        format!("the {} slot of {}", clock(self.question, slot), asked.id)
    }
}

/// What an attempt does, in words.
fn remedy(asked: &Asked, attempt: u8) -> String {
    let place = usize::from(attempt.saturating_sub(1)).min(asked.ladder.len().saturating_sub(1));
    match asked.ladder.get(place) {
        Some(Remedy::Other(id)) => format!("runs {id}"),
        Some(Remedy::OfPlatform { domain, word }) => format!("does `{word}` on {domain}"),
        Some(Remedy::Again) => format!("starts {} once more", asked.id),
        None => "does nothing".to_owned(),
    }
}

/// A time of the run as people read it, in UTC.
pub(super) fn clock(question: &Question, at: u64) -> String {
    let day = at / (24 * HOUR) + 1;
    let time = format!("{:02}:{:02}", at / HOUR % 24, at / MINUTE % 60);
    if question.days > 1 || day > 1 { format!("day {day} {time}") } else { time }
}

/// A length of time as people read it.
pub(super) fn span(length: u64) -> String {
    let (hours, minutes) = (length / HOUR, length / MINUTE % 60);
    match (hours, minutes) {
        (0, 0) => format!("{} s", (length / 1_000).max(1)),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
