//! What coverage is reckoned from: settings, inventory and mesh together, one subject for each automation that runs by
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{Automation, Detail, Effort, Inventory, Standing};
use standin_core::coverage::{Acts, Backup, Flaw, Start, Subject, Watcher, Work, Writable};
use standin_core::drill::{self, Drill};
use standin_core::ident::{AutomationId, Domain, Kind, Starter};
use standin_core::watch::{Expectation, Recovery, Watch};

use crate::mesh::{Mesh, PeerKind, PeerSettings, Remedy, Target};
use crate::settings::{BackupMode, Settings, Subject as Said};

/// What brings an agent to life.
const START: &str = "start the agent: `standin up --detach`";

/// What neither the file nor the scan says.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Whether an agent has looked after this repository here.
    pub agent: Agent,
    /// The watchers of which the mesh's stores hold a sign of life, by name.
    pub seen: BTreeSet<String>,
    /// Backups whose primary has changed since they were written.
    pub outdated: BTreeSet<AutomationId>,
    /// What does nothing but print, wait and answer, and the place that shows it.
    pub hollow: BTreeMap<AutomationId, String>,
    /// What Standin can write no backup of, or not all of them, and why.
    pub refused: BTreeMap<AutomationId, String>,
    /// Every drill that is on record, in any order.
    pub drills: Vec<Drill>,
}

/// Whether an agent has looked after a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Agent {
    /// Its state is here.
    HasRun,
    /// There is no trace of one.
    #[default]
    Never,
}

/// What is counted, and what is not.
#[derive(Debug, Clone, Default)]
pub struct Covering {
    /// One for each automation that runs by itself, ordered by id.
    pub subjects: Vec<Subject>,
    /// The others, ordered by id, with the reason.
    pub left_out: Vec<(AutomationId, LeftOut)>,
}

/// Why an automation is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It is a backup: it counts for its primary.
    Backup,
    /// It is one of Standin's own watchers.
    Watcher,
    /// Nothing starts it by the clock: people and events do.
    NoClock,
}

impl LeftOut {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "a backup: it counts for its primary",
            Self::Watcher => "a watcher of this mesh",
            Self::NoClock => "people and events start it, not the clock",
        }
    }
}

/// Whether a command, or an app of PM2's, is nothing but `standin run` of the primary: it reads the primary's own files
/// each time, so that a drill of either proves the other.
pub fn is_run_of(
    settings: &Settings,
    inventory: &Inventory,
    backup: &AutomationId,
    primary: &AutomationId,
) -> bool {
    let found = inventory.get(backup);
    let is_written = |found: &Automation| found.backup_of.as_ref() == Some(primary);
    if backup.kind() == Kind::Command && found.is_some_and(is_written) {
        return true;
    }
    if found.is_some_and(|found| found.detail.is_run_of(primary)) {
        return true;
    }
    let entry = settings.automations.iter().find(|entry| entry.id == *backup);
    entry.is_some_and(|entry| match &entry.subject {
        Said::Command(text) => text.command.trim() == format!("standin run {primary}"),
        Said::Heartbeat | Said::Found => false,
    })
}

/// Joins everything. `watches` are those of [`crate::Resolved`], in the order of its inventory.
pub fn covering(
    settings: &Settings,
    (inventory, watches): (&Inventory, &[Watch]),
    mesh: &Mesh,
    known: &Known,
) -> Covering {
    let joint = Joint { settings, inventory, mesh, known };
    let mut covering = Covering::default();
    for (automation, watch) in inventory.automations.iter().zip(watches) {
        match joint.left_out(automation, watch) {
            Some(why) => covering.left_out.push((automation.id.clone(), why)),
            None => covering.subjects.push(joint.subject(automation, watch)),
        }
    }
    covering
}

struct Joint<'a> {
    settings: &'a Settings,
    inventory: &'a Inventory,
    mesh: &'a Mesh,
    known: &'a Known,
}

impl Joint<'_> {
    fn left_out(&self, automation: &Automation, watch: &Watch) -> Option<LeftOut> {
        if automation.backup_of.is_some() || self.is_named_as_backup_alone(automation) {
            return Some(LeftOut::Backup);
        }
        if self.mesh.peers.iter().any(|peer| peer.runs_in(&automation.id)) {
            return Some(LeftOut::Watcher);
        }
        let is_watched = watch.expectations.iter().any(is_watching);
        let is_standing = matches!(automation.id.kind(), Kind::Pm2 | Kind::Netlify | Kind::Script);
        // What cannot be read may well be meant to run by the clock.
        let is_unread = automation.id.kind() == Kind::Workflow
            && automation.state == Standing::Declared
            && automation.triggers.is_empty();
        let counts = is_standing
            || is_unread
            || is_watched
            || !automation.schedules.is_empty()
            || automation.triggers.iter().any(|trigger| trigger == "schedule");
        (!counts).then_some(LeftOut::NoClock)
    }

    /// It stands in somebody's ladder, and nothing stands in its own: it is there for another.
    fn is_named_as_backup_alone(&self, automation: &Automation) -> bool {
        let others = |target: &&Target| target.backup.iter().any(|remedy| names(remedy).is_some());
        let own = self.mesh.targets.iter().find(|target| target.id == automation.id);
        let is_named = || {
            let ladders = self.mesh.targets.iter().flat_map(|target| &target.backup);
            ladders.filter_map(names).any(|id| *id == automation.id)
        };
        own.filter(others).is_none() && is_named()
    }

    fn subject(&self, automation: &Automation, watch: &Watch) -> Subject {
        let target = self.mesh.targets.iter().find(|target| target.id == automation.id);
        let broken = match automation.state {
            Standing::Declared => automation.reason.clone(),
            // A script of a package, and an app that nobody has started, are loadable and no worse for it.
            Standing::Loadable if never_runs(automation) => automation.reason.clone(),
            Standing::Loadable | Standing::Effective => String::new(),
        };
        Subject {
            id: automation.id.clone(),
            domain: automation.domain,
            priority: watch.priority,
            broken,
            watchers: self.watchers(target, watch),
            hint: self.hint(automation, watch),
            backups: self.backups(automation, target),
            writable: self.writable(automation),
            drills: self.known.drills.iter().filter(|drill| drill.id == automation.id).cloned().collect(),
        }
    }

    fn writable(&self, automation: &Automation) -> Writable {
        if let Some(why) = self.known.refused.get(&automation.id) {
            return Writable::No(why.clone());
        }
        match automation.id.kind() {
            Kind::Workflow | Kind::Netlify | Kind::Npm | Kind::Crontab => Writable::Yes,
            Kind::Pm2 if automation.triggers.iter().any(|trigger| trigger == "always") => {
                Writable::No("it runs all the time".to_owned())
            }
            Kind::Pm2 | Kind::Command if !automation.schedules.is_empty() => Writable::Yes,
            Kind::Pm2 | Kind::Command => Writable::No("it has no schedule".to_owned()),
            Kind::Aws | Kind::Systemd | Kind::Kubernetes | Kind::Script | Kind::Heartbeat => {
                Writable::No(format!("what a {} does is not known here", automation.id.kind()))
            }
        }
    }

    fn watchers(&self, target: Option<&Target>, watch: &Watch) -> Vec<Watcher> {
        let acts = |is_in_mesh: bool| match watch.recovery {
            Recovery::Act if is_in_mesh => Acts::Yes,
            Recovery::Act | Recovery::AlertOnly => Acts::No,
        };
        let mut watchers = Vec::new();
        if target.is_some() {
            let peers = self.mesh.peers.iter().filter(|peer| self.is_there(peer));
            watchers.extend(peers.map(|peer| Watcher {
                name: peer.name.as_str().to_owned(),
                domain: peer.kind.domain(),
                acts: acts(true),
            }));
        }
        let has_agent = watchers.iter().any(|watcher| watcher.domain == Domain::Host);
        let is_watched_here = watch.expectations.iter().any(is_watching);
        if !has_agent && is_watched_here && self.known.agent == Agent::HasRun {
            // An agent by itself brings back what runs on its machine; only the mesh starts backups.
            watchers.push(Watcher { name: "agent".to_owned(), domain: Domain::Host, acts: acts(false) });
        }
        watchers
    }

    fn agents(&self) -> impl Iterator<Item = &PeerSettings> {
        self.mesh.peers.iter().filter(|peer| matches!(peer.kind, PeerKind::Agent { .. }))
    }

    /// Whether a watcher that is named can run at all, as far as the repository says. What is deployed elsewhere is
    /// believed. An agent is only a line in the file until somebody has started it.
    fn is_there(&self, peer: &PeerSettings) -> bool {
        match &peer.kind {
            PeerKind::Action { .. } => self
                .inventory
                .automations
                .iter()
                .any(|automation| peer.runs_in(&automation.id) && automation.state == Standing::Effective),
            PeerKind::Netlify { .. } => self
                .inventory
                .automations
                .iter()
                .filter(|automation| peer.runs_in(&automation.id))
                .all(|automation| automation.state == Standing::Effective),
            PeerKind::Lambda { .. } => true,
            PeerKind::Agent { .. } => {
                self.known.agent == Agent::HasRun || self.known.seen.contains(peer.name.as_str())
            }
        }
    }

    fn hint(&self, automation: &Automation, watch: &Watch) -> String {
        let hint = watch.expectations.iter().find_map(|expectation| match expectation {
            Expectation::Nothing { hint } => Some(hint.clone()),
            Expectation::NotEffective { .. }
            | Expectation::Process(_)
            | Expectation::Beats(_)
            | Expectation::Slots(_) => None,
        });
        if self.is_agent_awaited(automation) {
            return START.to_owned();
        }
        if let Some(file) = self.awaited_workflow(automation) {
            return format!(
                "write the watcher's workflow .github/workflows/{file}: docs/action.md shows one"
            );
        }
        match hint {
            Some(_) if automation.id.kind() == Kind::Workflow && !automation.schedules.is_empty() => {
                "name watchers in standin.toml: [[peer]] kind = \"agent\" is one; docs/mesh.md has the others"
                    .to_owned()
            }
            Some(hint) => hint,
            None => START.to_owned(),
        }
    }

    /// Whether the mesh would watch it, if the agent that it names were started.
    fn is_agent_awaited(&self, automation: &Automation) -> bool {
        self.is_target(automation) && self.agents().any(|peer| !self.is_there(peer))
    }

    /// The workflow with which the mesh would watch it.
    fn awaited_workflow(&self, automation: &Automation) -> Option<&str> {
        let mut missing = self.mesh.peers.iter().filter(|peer| !self.is_there(peer));
        missing.find_map(|peer| match &peer.kind {
            PeerKind::Action { workflow, .. } if self.is_target(automation) => Some(workflow.as_str()),
            PeerKind::Action { .. }
            | PeerKind::Netlify { .. }
            | PeerKind::Lambda { .. }
            | PeerKind::Agent { .. } => None,
        })
    }

    fn is_target(&self, automation: &Automation) -> bool {
        self.mesh.targets.iter().any(|target| target.id == automation.id)
    }

    fn backups(&self, automation: &Automation, target: Option<&Target>) -> Vec<Backup> {
        let ladder = target.map(|target| target.backup.as_slice()).unwrap_or_default();
        let mut ids: Vec<&AutomationId> = ladder.iter().filter_map(names).collect();
        let is_written_for = |other: &&Automation| other.backup_of.as_ref() == Some(&automation.id);
        let written = self.inventory.automations.iter().filter(is_written_for).map(|other| &other.id);
        let named = ids.len();
        ids.extend(written);
        let mut backups: Vec<Backup> = Vec::new();
        for (place, id) in ids.into_iter().enumerate() {
            if !backups.iter().any(|backup| backup.id == *id) {
                let is_in_ladder = if place < named { Rung::Yes } else { Rung::No };
                backups.push(self.backup(automation, id, is_in_ladder));
            }
        }
        backups
    }

    fn backup(&self, primary: &Automation, id: &AutomationId, rung: Rung) -> Backup {
        let found = self.inventory.get(id);
        let is_written = found.is_some_and(|backup| backup.backup_of.as_ref() == Some(&primary.id));
        let runs_the_same = is_run_of(self.settings, self.inventory, id, &primary.id);
        // A function's backup that stands by does nothing by its own schedule unless a watcher is asked.
        let stands_by =
            id.kind() == Kind::Netlify && is_written && self.settings.backup.mode == BackupMode::Standby;
        let has_clock = found.is_some_and(|backup| !backup.schedules.is_empty()) && !stands_by;
        let can_be_started = match id.kind().started_by() {
            Starter::Github | Starter::Netlify => true,
            Starter::Agent => self.agents().any(|peer| self.is_there(peer)),
            Starter::Nobody => false,
        };
        let is_awaited = id.kind().started_by() == Starter::Agent && self.agents().next().is_some();
        let flaw = match found {
            None => Some(Flaw::Missing),
            Some(backup) if backup.state == Standing::Declared || never_runs(backup) => {
                Some(Flaw::NotEffective(backup.reason.clone()))
            }
            Some(_) if self.known.outdated.contains(id) => Some(Flaw::Outdated),
            Some(backup) if self.hollow(primary).is_none() && self.hollow(backup).is_some() => {
                self.hollow(backup).map(Flaw::DoesNothing)
            }
            Some(_) if !has_clock && !can_be_started && is_awaited => Some(Flaw::AgentNeverRan),
            Some(_) if !has_clock && !can_be_started => Some(Flaw::NobodyStartsIt),
            Some(_) if !has_clock && rung == Rung::No => Some(Flaw::NotNamed),
            Some(_) if !is_written && !runs_the_same && !self.is_said(primary, id) => Some(Flaw::OnlyItsName),
            Some(_) => None,
        };
        Backup {
            id: id.clone(),
            domain: found.map_or(id.kind().domain(), |backup| backup.domain),
            start: if has_clock && is_written { Start::Schedule } else { Start::Watcher },
            work: if is_written || runs_the_same { Work::Generated } else { Work::Named },
            drilled_as: if runs_the_same {
                drill::Backup::Here
            } else {
                drill::Backup::Automation(id.clone())
            },
            flaw,
        }
    }

    /// What shows that an automation does nothing: as a backup it would answer for work that nobody does.
    fn hollow(&self, automation: &Automation) -> Option<String> {
        let known = self.known.hollow.get(&automation.id).cloned();
        known.or_else(|| match &automation.detail {
            Detail::Workflow(workflow) if workflow.effort == Effort::None => {
                let path = &automation.source.path;
                Some(format!("{path} all that its steps do is to check the code out, print and end"))
            }
            Detail::Workflow(_)
            | Detail::Plain
            | Detail::Pm2App { .. }
            | Detail::NpmScript { .. }
            | Detail::NetlifyFunction { .. } => None,
        })
    }

    /// Whether standin.toml names the one as the backup of the other; the usual name alone is nobody's word.
    fn is_said(&self, primary: &Automation, id: &AutomationId) -> bool {
        let entry = self.settings.automations.iter().find(|entry| entry.id == primary.id);
        entry.is_some_and(|entry| entry.backup.iter().flatten().filter_map(names).any(|named| named == id))
    }
}

/// Whether its platform loads it and never brings it to work: that every job is skipped, say.
fn never_runs(automation: &Automation) -> bool {
    automation.state == Standing::Loadable && matches!(automation.id.kind(), Kind::Workflow | Kind::Netlify)
}

/// What else does the work; the other remedies bring the primary itself back.
const fn names(remedy: &Remedy) -> Option<&AutomationId> {
    match remedy {
        Remedy::Other(id) => Some(id),
        Remedy::Again | Remedy::Restore | Remedy::Redeploy | Remedy::RollBack | Remedy::Ssh => None,
    }
}

/// Whether a backup stands in the ladder of its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rung {
    Yes,
    No,
}

const fn is_watching(expectation: &Expectation) -> bool {
    match expectation {
        Expectation::Process(_) | Expectation::Beats(_) | Expectation::Slots(_) => true,
        Expectation::Nothing { .. } | Expectation::NotEffective { .. } => false,
    }
}

#[cfg(test)]
mod tests;
