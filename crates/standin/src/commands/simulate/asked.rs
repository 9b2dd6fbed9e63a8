//! From the repository to what is simulated.

use std::sync::Arc;
use std::time::Duration;

use standin_config::mesh::{Mesh, PeerKind as PeerSort, Proved, Remedy as SaidRemedy, StoreSettings, Timing};
use standin_core::automation::{Automation, Standing};
use standin_core::ident::{Domain, Kind, Starter};
use standin_core::mesh::arbiter::{ConfiguredStore, Conformance, StoreKind};
use standin_core::schedule::Schedule;
use standin_core::watch::{Cadence, Expectation, Watch};
use standin_sim::sim::ask::{Asked, AskedMesh, AskedPeer, Entry, Guard, Known, PeerKind, Remedy, Runs};

use crate::exit::Failure;
use crate::project::Project;

/// How late a workflow may be where nothing is said: GitHub starts scheduled ones hours late.
const WORKFLOW: Duration = Duration::from_secs(6 * 3_600);
/// The same for a function.
const FUNCTION: Duration = Duration::from_secs(5 * 60);
/// What runs instead is in time this long after it may.
const HELP: Duration = Duration::from_secs(15 * 60);

/// What is simulated, and what is not and why, both ordered by id.
pub(super) fn automations(project: &Project, mesh: Option<&Mesh>) -> (Vec<Asked>, Vec<(String, String)>) {
    let (mut asked, mut left_out) = (Vec::new(), Vec::new());
    for automation in &project.resolved.inventory.automations {
        let watch = project.resolved.watches.iter().find(|watch| watch.id == automation.id);
        match watch.map(|watch| one(project, mesh, automation, watch)) {
            Some(Ok(one)) => asked.push(one),
            Some(Err(why)) => left_out.push((automation.id.to_string(), why.to_owned())),
            None => {}
        }
    }
    (asked, left_out)
}

/// The watchers that are configured; `None` when there are none.
///
/// # Errors
/// What the configuration of the mesh has wrong.
pub(super) fn mesh(project: &Project) -> Result<Option<Mesh>, Failure> {
    let zone = zone();
    let mesh = standin_config::mesh::mesh(&project.settings, &project.resolved.inventory, &zone);
    let mesh = mesh.map_err(Failure::Configuration)?;
    Ok((!mesh.peers.is_empty()).then_some(mesh))
}

/// The same for the simulator, with the agent's own database behind the stores of the file.
pub(super) fn watchers(project: &Project, mesh: &Mesh) -> AskedMesh {
    let peers = mesh.peers.iter().map(|peer| AskedPeer {
        name: peer.name.clone(),
        kind: match peer.kind {
            PeerSort::Action { .. } => PeerKind::Action,
            PeerSort::Netlify { .. } => PeerKind::Netlify,
            PeerSort::Lambda { .. } => PeerKind::Lambda,
            PeerSort::Agent { .. } => PeerKind::Agent,
        },
        every: peer.every,
        silent_after: peer.silent_after,
    });
    let peers: Vec<AskedPeer> = peers.collect();
    let store = |store: &StoreSettings| ConfiguredStore {
        name: store.name.clone(),
        kind: store.kind,
        conformance: match store.proved {
            Proved::Yes => Conformance::Passed,
            Proved::No => Conformance::NotPassed,
        },
    };
    let mut stores: Vec<ConfiguredStore> = mesh.stores.iter().map(store).collect();
    if peers.iter().any(|peer| peer.kind == PeerKind::Agent) {
        let conformance = Conformance::Passed;
        stores.push(ConfiguredStore { name: "agent".to_owned(), kind: StoreKind::Sqlite, conformance });
    }
    let stores_from = if project.settings.mesh.stores.is_empty() { Entry::Missing } else { Entry::Written };
    AskedMesh { peers, stores, stores_from, quorum: mesh.quorum.clone() }
}

fn zone() -> String {
    jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

fn remedy(remedy: &SaidRemedy) -> Remedy {
    let on = |domain| Remedy::OfPlatform { domain, word: remedy.to_string() };
    match remedy {
        SaidRemedy::Again => Remedy::Again,
        SaidRemedy::Other(id) => Remedy::Other(id.clone()),
        SaidRemedy::Restore | SaidRemedy::Redeploy => on(Domain::Netlify),
        SaidRemedy::RollBack => on(Domain::Aws),
        SaidRemedy::Ssh => on(Domain::Host),
    }
}

fn one(
    project: &Project,
    mesh: Option<&Mesh>,
    automation: &Automation,
    watch: &Watch,
) -> Result<Asked, &'static str> {
    let kind = automation.id.kind();
    if automation.state == Standing::Declared {
        return Err("because it would not run");
    }
    let target = mesh.and_then(|mesh| mesh.targets.iter().find(|target| target.id == automation.id));
    let (runs, grace) = match kind.started_by() {
        Starter::Github => (by_platform(automation)?, WORKFLOW),
        Starter::Netlify => (by_platform(automation)?, FUNCTION),
        Starter::Agent => here(watch)?,
        Starter::Nobody => return Err("because Standin cannot start it"),
    };
    let entry = project.settings.automations.iter().find(|entry| entry.id == automation.id);
    let grace = entry.and_then(|entry| entry.grace).unwrap_or(grace);
    let beats = beats(watch);
    let deadline = match target.map(|target| &target.timing) {
        Some(Timing::Slots { deadline, .. }) => Duration::from_millis(*deadline),
        Some(Timing::Standing) | None => beats.unwrap_or(grace),
    };
    let is_here = kind.started_by() == Starter::Agent;
    Ok(Asked {
        id: automation.id.clone(),
        domain: automation.domain,
        runs,
        deadline,
        in_time: if is_here { deadline } else { deadline + HELP },
        ladder: target.map(|t| t.backup.iter().map(remedy).collect()).unwrap_or_default(),
        known: match (beats, target.is_some()) {
            (Some(grace), _) => Known::Heartbeats { grace },
            (None, true) => Known::Platform,
            (None, false) => Known::Unknown,
        },
        guard: guard(project, automation),
        recovery: watch.recovery,
        priority: watch.priority,
        file: automation.source.path.clone(),
        entry: if entry.is_some() { Entry::Written } else { Entry::Missing },
    })
}

fn by_platform(automation: &Automation) -> Result<Runs, &'static str> {
    let zone = zone();
    let read =
        |cron: &str, name: &str| Schedule::parse(cron, if name == "local" { &zone } else { name }).ok();
    let schedules: Arc<[Schedule]> =
        automation.schedules.iter().filter_map(|s| read(&s.cron, &s.timezone)).collect();
    if schedules.is_empty() {
        Err("because it has no schedule that ever comes")
    } else {
        Ok(Runs::Slots(schedules))
    }
}

/// What PM2 or the agent runs on this machine. A slot is in time within its grace.
fn here(watch: &Watch) -> Result<(Runs, Duration), &'static str> {
    let (mut slots, mut always, mut by_agent) = (Vec::new(), None, None);
    let mut grace = Duration::ZERO;
    for expectation in &watch.expectations {
        match expectation {
            Expectation::Process(rules) => match &rules.schedule {
                Some(schedule) => {
                    slots.push(schedule.clone());
                    grace = rules.grace;
                }
                None => always = Some(Runs::Always),
            },
            Expectation::Slots(rules) => {
                grace = rules.grace;
                let schedules = Arc::from([rules.schedule.clone()]);
                by_agent = Some(Runs::ByAgent { schedules, catch_up: rules.catch_up });
            }
            Expectation::Nothing { .. } | Expectation::NotEffective { .. } | Expectation::Beats(_) => {}
        }
    }
    let by_pm2 = (!slots.is_empty()).then(|| Runs::Slots(slots.into()));
    let runs = by_agent.or(by_pm2).or(always).ok_or("because nothing runs it by itself")?;
    Ok((runs, grace))
}

/// How long after a slot its heartbeat is missed; `None` when none is expected.
fn beats(watch: &Watch) -> Option<Duration> {
    watch.expectations.iter().find_map(|expectation| match expectation {
        Expectation::Beats(rules) if !matches!(rules.cadence, Cadence::Whenever) => Some(rules.grace),
        Expectation::Beats(_)
        | Expectation::Nothing { .. }
        | Expectation::NotEffective { .. }
        | Expectation::Process(_)
        | Expectation::Slots(_) => None,
    })
}

/// Most of a workflow's file that is looked at.
const MAX_WORKFLOW: u64 = 1 << 20;

/// Whether a workflow's own run looks for its slot's key before it works.
fn guard(project: &Project, automation: &Automation) -> Guard {
    use std::io::Read as _;
    if automation.id.kind() != Kind::Workflow {
        return Guard::None;
    }
    let mut text = String::new();
    let file = std::fs::File::open(project.root.path.join(&automation.source.path));
    let read = file.and_then(|file| file.take(MAX_WORKFLOW).read_to_string(&mut text));
    let uses = |line: &str| {
        line.trim_start().trim_start_matches("- ").starts_with("uses:") && line.contains("/standin@")
    };
    if read.is_ok() && text.lines().any(uses) { Guard::StepsAside } else { Guard::None }
}
