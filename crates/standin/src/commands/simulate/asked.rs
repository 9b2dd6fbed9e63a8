//! From the repository to what is simulated.

use std::sync::Arc;
use std::time::Duration;

use standin_core::automation::{Automation, Standing};
use standin_core::ident::Kind;
use standin_core::schedule::Schedule;
use standin_core::watch::{Cadence, Expectation, Watch};
use standin_sim::sim::ask::{Asked, AskedMesh, Entry, Guard, Known, Runs};

use crate::project::Project;

/// How long after a slot of a workflow something else may run it, where nothing is said.
const WORKFLOW: Duration = Duration::from_secs(30 * 60);
/// The same for a function.
const FUNCTION: Duration = Duration::from_secs(5 * 60);

/// What is simulated, and what is not and why, both ordered by id.
pub(super) fn automations(project: &Project) -> (Vec<Asked>, Vec<(String, String)>) {
    let (mut asked, mut left_out) = (Vec::new(), Vec::new());
    for automation in &project.resolved.inventory.automations {
        let watch = project.resolved.watches.iter().find(|watch| watch.id == automation.id);
        match watch.map(|watch| one(project, automation, watch)) {
            Some(Ok(one)) => asked.push(one),
            Some(Err(why)) => left_out.push((automation.id.to_string(), why.to_owned())),
            None => {}
        }
    }
    (asked, left_out)
}

/// The watchers that are configured.
pub(super) fn mesh(_project: &Project) -> Option<AskedMesh> {
    None
}

fn one(project: &Project, automation: &Automation, watch: &Watch) -> Result<Asked, &'static str> {
    let kind = automation.id.kind();
    if automation.state == Standing::Declared {
        return Err("it would not run");
    }
    let (runs, deadline) = match kind {
        Kind::Workflow => (by_platform(automation)?, WORKFLOW),
        Kind::Netlify => (by_platform(automation)?, FUNCTION),
        Kind::Pm2 | Kind::Npm | Kind::Command => here(watch)?,
        Kind::Heartbeat => return Err("it runs elsewhere"),
    };
    let entries = &project.settings.automations;
    let is_written = entries.iter().any(|entry| entry.id == automation.id);
    Ok(Asked {
        id: automation.id.clone(),
        domain: automation.domain,
        runs,
        deadline,
        ladder: Vec::new(),
        known: known(watch),
        guard: guard(project, automation),
        recovery: watch.recovery,
        priority: watch.priority,
        file: automation.source.path.clone(),
        entry: if is_written { Entry::Written } else { Entry::Missing },
    })
}

fn by_platform(automation: &Automation) -> Result<Runs, &'static str> {
    let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
    let read =
        |cron: &str, name: &str| Schedule::parse(cron, if name == "local" { &zone } else { name }).ok();
    let schedules: Arc<[Schedule]> =
        automation.schedules.iter().filter_map(|s| read(&s.cron, &s.timezone)).collect();
    if schedules.is_empty() { Err("it has no schedule") } else { Ok(Runs::Slots(schedules)) }
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
    let runs = by_agent.or(by_pm2).or(always).ok_or("nothing runs it by itself")?;
    Ok((runs, grace / 2))
}

/// Without a mesh nobody asks the platforms of workflows and functions.
fn known(watch: &Watch) -> Known {
    let beats = watch.expectations.iter().find_map(|expectation| match expectation {
        Expectation::Beats(rules) if !matches!(rules.cadence, Cadence::Whenever) => Some(rules.grace),
        Expectation::Beats(_)
        | Expectation::Nothing { .. }
        | Expectation::NotEffective { .. }
        | Expectation::Process(_)
        | Expectation::Slots(_) => None,
    });
    beats.map_or(Known::Unknown, |grace| Known::Heartbeats { grace })
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
