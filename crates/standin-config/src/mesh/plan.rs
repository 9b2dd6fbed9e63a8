//! Settings and inventory together: what all watchers share.

use serde::{Deserialize, Serialize};
use standin_core::automation::{Automation, Inventory, ScheduleSpec};
use standin_core::health::Priority;
use standin_core::ident::{AutomationId, Domain, Kind, Starter};
use standin_core::mesh::arbiter::StoreKind;
use standin_core::mesh::terms::Keeping;

use super::settings::{
    AlertSettings, AwsSettings, GithubSettings, NetlifySettings, PeerKind, PeerSettings, Proved, Remedy,
    StoreSettings,
};
use crate::check::HOUR;
use crate::error::ConfigError;
use crate::expect;
use crate::nearest::nearest;
use crate::settings::{Entry, Settings, Timing as EntryTiming};
use crate::watch_recovery_is_act;

/// Most rungs of a ladder that nobody has written: each is one attempt.
const MAX_USUAL: usize = 3;

/// The version of the form in which a mesh is kept.
pub(crate) const VERSION: u32 = 1;

/// What all watchers share: the same for all of them, and without a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    /// Always 1.
    pub version: u32,
    /// Three stores that decide by majority, by name.
    pub quorum: Option<Vec<String>>,
    /// The repository on GitHub.
    pub github: GithubSettings,
    /// The site on Netlify.
    pub netlify: NetlifySettings,
    /// The account on AWS.
    pub aws: AwsSettings,
    /// Whom to tell.
    pub alerts: AlertSettings,
    /// The stores that are shared.
    pub stores: Vec<StoreSettings>,
    /// The watchers.
    pub peers: Vec<PeerSettings>,
    /// What they watch, ordered by id.
    pub targets: Vec<Target>,
}

/// One automation as the mesh sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its id.
    pub id: AutomationId,
    /// What it fails together with.
    pub domain: Domain,
    /// Its weight.
    pub priority: Priority,
    /// When it is to be well.
    pub timing: Timing,
    /// Where it answers, if it does.
    pub url: Option<String>,
    /// What helps, in order; empty when only a person can.
    pub backup: Vec<Remedy>,
    /// Whether its runs send heartbeats for its own slots.
    #[serde(default)]
    pub heartbeats: Beats,
    /// The inputs that its `workflow_dispatch` takes are not known to all bodies: whether it takes one is.
    pub dispatchable: bool,
}

impl Target {
    /// The workflow that does its work until it is back: of something that is always there on a machine.
    pub fn served_by(&self) -> Option<&AutomationId> {
        let is_standing = self.timing == Timing::Standing && self.domain == Domain::Host;
        let mut backup = self.backup.iter().filter(|_| is_standing);
        backup.find_map(|remedy| match remedy {
            Remedy::Other(id) if id.kind() == Kind::Workflow => Some(id),
            Remedy::Again
            | Remedy::Restore
            | Remedy::Redeploy
            | Remedy::RollBack
            | Remedy::Ssh
            | Remedy::Other(_) => None,
        })
    }
}

/// Whether runs say themselves that they ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beats {
    /// Only the platform does.
    #[default]
    None,
    /// They do: the entry says `heartbeats = true`.
    Sent,
}

/// When a target is to be well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Timing {
    /// In slots: one without a run at its deadline is missed.
    Slots {
        /// Any of them; the zones are names, never `local`.
        schedules: Vec<ScheduleSpec>,
        /// How long after its slot a backup may claim it, in milliseconds.
        deadline: u64,
    },
    /// All the time.
    Standing,
}

/// Why there is no mesh. Nothing was started; the user corrects the file.
pub type MeshError = ConfigError;

/// Joins the settings with the inventory of the scan; `zone` is what `local` means on this machine.
///
/// # Errors
/// Remedies that are in no inventory, or that nobody could carry out; all of them at once.
pub fn mesh(settings: &Settings, inventory: &Inventory, zone: &str) -> Result<Mesh, Vec<MeshError>> {
    let said = &settings.mesh;
    let mut errors = Vec::new();
    let mut targets = Vec::new();
    for automation in &inventory.automations {
        let entry = settings.automations.iter().find(|entry| entry.id == automation.id);
        if let Some(entry) = entry {
            errors.extend(unknown_remedies(entry, inventory));
        }
        if !said.peers.iter().any(|peer| peer.runs_in(&automation.id)) {
            let target = target(settings, automation, entry, inventory, zone);
            errors.extend(target.iter().zip(entry).filter_map(|(t, entry)| unkept(t, entry, &said.peers)));
            targets.extend(target);
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let stores = if said.stores.is_empty() && !said.peers.is_empty() {
        vec![github_store()]
    } else {
        said.stores.clone()
    };
    Ok(Mesh {
        version: VERSION,
        quorum: said.quorum.clone(),
        github: said.github.clone(),
        netlify: said.netlify.clone(),
        aws: said.aws.clone(),
        alerts: said.alerts.clone(),
        stores,
        peers: said.peers.clone(),
        targets,
    })
}

/// What a mesh that names no store shares: every user of it has a repository.
pub(super) fn github_store() -> StoreSettings {
    StoreSettings {
        name: "github".to_owned(),
        kind: StoreKind::GithubRefs,
        place: String::new(),
        prefix: "standin".to_owned(),
        region: None,
        endpoint: None,
        proved: Proved::Yes,
    }
}

fn unknown_remedies(entry: &Entry, inventory: &Inventory) -> Vec<ConfigError> {
    let wrong =
        |message: String, fix: String| ConfigError { line: entry.line, column: entry.column, message, fix };
    let check = |remedy: &Remedy| match remedy {
        Remedy::Other(id) if inventory.get(id).is_none() => {
            let ids = inventory.automations.iter().map(|a| a.id.as_str());
            let fix = match nearest(id.as_str(), ids) {
                Some(id) => format!("did you mean `{id}`?"),
                None => "`standin scan` lists the ids".to_owned(),
            };
            Some(wrong(format!("the backup `{id}` of `{}` is not in this repository", entry.id), fix))
        }
        Remedy::Other(id) if *id == entry.id => {
            Some(wrong(format!("`{id}` is its own backup"), "write \"again\"".to_owned()))
        }
        Remedy::Other(id) if id.kind().started_by() == Starter::Nobody => Some(wrong(
            format!("nobody that Standin can ask starts the backup `{id}`"),
            "name something that runs".to_owned(),
        )),
        Remedy::Again
        | Remedy::Restore
        | Remedy::Redeploy
        | Remedy::RollBack
        | Remedy::Ssh
        | Remedy::Other(_) => None,
    };
    entry.backup.iter().flatten().filter_map(check).collect()
}

/// A backup that works until its primary is back is kept at work by a watcher that comes again in time. While the
/// machine is gone that is one of the others.
fn unkept(target: &Target, entry: &Entry, peers: &[PeerSettings]) -> Option<ConfigError> {
    let backup = target.served_by()?;
    let host = peers.iter().position(|peer| matches!(peer.kind, PeerKind::Agent { .. }))?;
    let others = || peers.iter().enumerate().filter(|(number, _)| *number != host).map(|(_, peer)| peer);
    let (first, agent) = (others().next()?, peers.get(host)?);
    if others().any(|peer| peer.keeping() != Keeping::Never) {
        return None;
    }
    Some(ConfigError {
        line: entry.line,
        column: entry.column,
        message: format!(
            "nobody could keep `{backup}` at work for `{}` while `{}` is gone: the other watchers look too seldom",
            entry.id, agent.name
        ),
        fix: format!(
            "give `{}` an `every` of at most 28m, or an `every` and a `silent_after` of at most 5h each; or add a \
             [[peer]] kind = \"netlify\" or \"lambda\"",
            first.name
        ),
    })
}

fn target(
    settings: &Settings,
    automation: &Automation,
    entry: Option<&Entry>,
    inventory: &Inventory,
    zone: &str,
) -> Option<Target> {
    let url = entry.and_then(|entry| entry.url.clone());
    let timing = timing(automation, entry, url.as_deref(), zone)?;
    let is_dispatchable = automation.triggers.iter().any(|trigger| trigger == "workflow_dispatch");
    let said = entry.and_then(|entry| entry.backup.clone());
    let may_act = watch_recovery_is_act(settings, entry);
    let backup = if may_act { said.unwrap_or_else(|| usual(automation, inventory)) } else { Vec::new() };
    Some(Target {
        id: automation.id.clone(),
        domain: automation.domain,
        priority: entry.and_then(|entry| entry.priority).unwrap_or(Priority::Normal),
        timing,
        url,
        backup,
        heartbeats: match entry.map(|entry| &entry.timing) {
            Some(EntryTiming::OwnSlots) => Beats::Sent,
            Some(EntryTiming::Unsaid | EntryTiming::Slots { .. } | EntryTiming::Every(_)) | None => {
                Beats::None
            }
        },
        dispatchable: is_dispatchable,
    })
}

/// When it is to be well; `None` for what nobody can see or expect anything of.
fn timing(automation: &Automation, entry: Option<&Entry>, url: Option<&str>, zone: &str) -> Option<Timing> {
    let own = || automation.schedules.clone();
    let schedules = match (automation.id.kind(), entry.map(|entry| &entry.timing)) {
        (Kind::Workflow, Some(EntryTiming::Unsaid) | None) => own(),
        (Kind::Pm2, _) => Vec::new(),
        (_, Some(EntryTiming::OwnSlots)) => own(),
        (Kind::Netlify, Some(EntryTiming::Unsaid) | None) if url.is_some() => Vec::new(),
        (_, Some(EntryTiming::Slots { cron, timezone, .. })) => {
            vec![ScheduleSpec { cron: cron.clone(), timezone: timezone.clone() }]
        }
        (_, Some(EntryTiming::Unsaid | EntryTiming::Every(_)) | None) => return None,
    };
    let is_readable = |spec: &ScheduleSpec| expect::schedule(&spec.cron, &spec.timezone, zone).is_ok();
    let named = |spec: ScheduleSpec| match spec.timezone.as_str() {
        "local" => ScheduleSpec { timezone: zone.to_owned(), ..spec },
        _ => spec,
    };
    let schedules: Vec<_> = schedules.into_iter().filter(is_readable).map(named).collect();
    match (automation.id.kind(), schedules.is_empty()) {
        (Kind::Workflow, true) => None,
        // Its slots cannot be read, so nobody can tell that it missed one.
        (_, true) if url.is_none() && matches!(entry.map(|e| &e.timing), Some(EntryTiming::OwnSlots)) => None,
        (_, true) => Some(Timing::Standing),
        (kind, false) => {
            let grace = entry.and_then(|entry| entry.grace).unwrap_or_else(|| expect::grace(kind));
            Some(Timing::Slots { schedules, deadline: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX) })
        }
    }
}

/// What helps where nothing is said: the same once more, then what was written to stand in for it, or is there under
/// the usual name.
fn usual(automation: &Automation, inventory: &Inventory) -> Vec<Remedy> {
    let mut ladder = match automation.id.kind().started_by() {
        Starter::Github => {
            let again = automation.triggers.iter().any(|t| t == "workflow_dispatch").then_some(Remedy::Again);
            let backup = backup_workflow(&automation.id).filter(|id| inventory.get(id).is_some());
            again.into_iter().chain(backup.map(Remedy::Other)).collect()
        }
        Starter::Netlify => vec![Remedy::Again, Remedy::Restore],
        // The agent looks after these itself, at once and without asking anybody.
        Starter::Agent => return Vec::new(),
        Starter::Nobody => Vec::new(),
    };
    let mut backups: Vec<&Automation> = inventory
        .automations
        .iter()
        .filter(|other| other.backup_of.as_ref() == Some(&automation.id))
        .collect();
    // What does not fail together with its primary goes before what does: there is room for few.
    backups.sort_by_key(|backup| backup.domain == automation.domain);
    for backup in backups {
        let remedy = Remedy::Other(backup.id.clone());
        // An app that PM2 was never asked to run cannot be restarted.
        let can_start = match backup.id.kind().started_by() {
            Starter::Github | Starter::Netlify => true,
            Starter::Agent => backup.id.kind() != Kind::Pm2,
            Starter::Nobody => false,
        };
        if can_start && !ladder.contains(&remedy) && ladder.len() < MAX_USUAL {
            ladder.push(remedy);
        }
    }
    ladder
}

/// `nightly.yml` is backed up by `nightly-backup.yml`.
fn backup_workflow(id: &AutomationId) -> Option<AutomationId> {
    let (stem, extension) = id.name().rsplit_once('.')?;
    AutomationId::new(Kind::Workflow, &format!("{stem}-backup.{extension}")).ok()
}

impl Mesh {
    /// A mesh that names nobody is one Action alone, which shares its refs with whoever comes later.
    pub fn ensure_action(&mut self, workflow: &str) {
        if !self.peers.is_empty() {
            return;
        }
        let Ok(name) = "action".parse() else { return };
        self.peers.push(PeerSettings {
            name,
            kind: PeerKind::Action { workflow: workflow.to_owned() },
            every: HOUR,
            silent_after: 6 * HOUR,
            backup: vec![Remedy::Again],
        });
        let is_own = |target: &Target| target.id.kind() == Kind::Workflow && target.id.name() == workflow;
        self.targets.retain(|target| !is_own(target));
        if self.stores.is_empty() {
            self.stores.push(github_store());
        }
    }

    /// A number that differs when anything in it does, so that watchers of different configurations know each other.
    pub fn hash(&self) -> u64 {
        // Written as JSON, because that is what a function carries: what is not written does not count.
        let text = serde_json::to_vec(self).unwrap_or_default();
        text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
