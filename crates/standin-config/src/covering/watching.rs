//! Who would notice, and what would make somebody notice.

use standin_core::automation::{Automation, Standing};
use standin_core::coverage::{Acts, Watcher};
use standin_core::ident::{Domain, Kind};
use standin_core::watch::{Expectation, Recovery, Watch};

use super::{Agent, Joint, is_watching};
use crate::mesh::{PeerKind, PeerSettings, Target, Timing};

/// What brings an agent to life.
pub(super) const START: &str = "start the agent: `standin up --detach`";

/// What brings the Action to life.
fn advice_on(file: &str) -> String {
    format!("write the watcher's workflow .github/workflows/{file}: docs/action.md shows one")
}

impl Joint<'_> {
    pub(super) fn watchers(&self, target: Option<&Target>, watch: &Watch) -> Vec<Watcher> {
        let acts = |is_in_mesh: bool| match watch.recovery {
            Recovery::Act if is_in_mesh => Acts::Yes,
            Recovery::Act | Recovery::AlertOnly => Acts::No,
        };
        let mut watchers = Vec::new();
        if let Some(target) = target
            && self.is_seen(target)
        {
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

    /// Whether any watcher can look at it. What runs on a machine only the agent there sees, which tells the others; what
    /// is known by heartbeats alone only the agent, or else a function, hears.
    fn is_seen(&self, target: &Target) -> bool {
        let is_heard = target.id.kind() == Kind::Netlify && matches!(target.timing, Timing::Slots { .. });
        let is_function =
            |peer: &PeerSettings| matches!(peer.kind, PeerKind::Netlify { .. } | PeerKind::Lambda { .. });
        match target.domain {
            Domain::Host => self.agents().any(|peer| self.is_there(peer)),
            Domain::Github | Domain::Aws | Domain::Netlify if !is_heard => true,
            Domain::Github | Domain::Aws | Domain::Netlify | Domain::Elsewhere => {
                let listeners = || self.mesh.peers.iter().filter(|peer| is_function(peer));
                let mut listeners = self.agents().chain(listeners());
                listeners.next().is_some_and(|first| self.is_there(first))
            }
        }
    }

    pub(super) fn agents(&self) -> impl Iterator<Item = &PeerSettings> {
        self.mesh.peers.iter().filter(|peer| matches!(peer.kind, PeerKind::Agent { .. }))
    }

    /// Whether a watcher that is named can run at all, as far as the repository says. What is deployed elsewhere is
    /// believed. An agent is only a line in the file until somebody has started it.
    pub(super) fn is_there(&self, peer: &PeerSettings) -> bool {
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

    pub(super) fn hint(&self, automation: &Automation, watch: &Watch) -> String {
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
            return advice_on(file);
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

    /// What brings the agent or the Action to life that `standin.toml` names, where that would act from outside.
    pub(super) fn awaited(&self, automation: &Automation, watch: &Watch) -> Option<String> {
        if watch.recovery != Recovery::Act {
            return None;
        }
        if automation.domain != Domain::Host && self.is_agent_awaited(automation) {
            return Some(START.to_owned());
        }
        let file = self.awaited_workflow(automation).filter(|_| automation.domain != Domain::Github)?;
        Some(advice_on(file))
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
}
