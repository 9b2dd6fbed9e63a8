//! What coverage is reckoned from: settings, inventory and mesh together, one subject for each automation that runs by
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{Automation, Inventory, Standing};
use standin_core::coverage::{Subject, Writable};
use standin_core::drill::Drill;
use standin_core::ident::{AutomationId, Kind};
use standin_core::watch::{Expectation, Watch};

use crate::mesh::{Mesh, Remedy, Target};
use crate::settings::{Settings, Subject as Said};

mod backups;
mod runs;
mod watching;

pub use runs::run_in;

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
    /// What runs a file or a script that is not there, and the place that shows it.
    pub stopped: BTreeMap<AutomationId, String>,
    /// The system of the agent's machine, as Rust names it; `None` where the agent is elsewhere.
    pub system: Option<&'static str>,
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

    /// Whether `standin.toml` says what helps, and names nothing that Standin has written.
    fn is_decided(&self, automation: &Automation) -> bool {
        let entry = self.settings.automations.iter().find(|entry| entry.id == automation.id);
        let is_ours =
            |id: &AutomationId| self.inventory.get(id).is_none_or(|backup| backup.backup_of.is_some());
        let said = entry.and_then(|entry| entry.backup.as_ref());
        said.is_some_and(|ladder| !ladder.iter().filter_map(names).any(is_ours))
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
            awaited: self.awaited(automation, watch),
            backups: self.backups(automation, target),
            writable: self.writable(automation),
            drills: self.known.drills.iter().filter(|drill| drill.id == automation.id).cloned().collect(),
        }
    }

    fn writable(&self, automation: &Automation) -> Writable {
        if self.is_decided(automation) {
            return Writable::Decided;
        }
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

const fn is_watching(expectation: &Expectation) -> bool {
    match expectation {
        Expectation::Process(_) | Expectation::Beats(_) | Expectation::Slots(_) => true,
        Expectation::Nothing { .. } | Expectation::NotEffective { .. } => false,
    }
}

#[cfg(test)]
mod tests;
