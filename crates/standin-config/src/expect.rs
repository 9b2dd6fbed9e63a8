//! What is expected of one automation.

use std::time::Duration;

use standin_core::automation::{Automation, Standing};
use standin_core::ident::Kind;
use standin_core::schedule::{Schedule, ScheduleError};
use standin_core::watch::{
    BeatRules, Cadence, CatchUp, Expectation, LongRunning, Overlap, ProcessRules, SlotRules, Watch,
};

use crate::resolve::RUN_GRACE;
use crate::settings::{BackupMode, Entry, Pm2Watching, Settings, Timing};

/// How early a heartbeat already counts for its slot.
const EARLY: Duration = Duration::from_secs(60);

/// How long a run may take from its `start` heartbeat: as long as GitHub lets a job run.
const MAX_RUN: Duration = Duration::from_secs(6 * 3_600);

/// Over how much time the starts of commands are spread.
const JITTER: Duration = Duration::from_secs(5);

/// Reads a cron expression where `local` means the machine's own zone.
pub(crate) fn schedule(cron: &str, timezone: &str, local: &str) -> Result<Schedule, ScheduleError> {
    Schedule::parse(cron, if timezone == "local" { local } else { timezone })
}

/// What is expected of this automation; never without an expectation.
pub(crate) fn watch(
    settings: &Settings,
    automation: &Automation,
    entry: Option<&Entry>,
    zone: &str,
) -> Watch {
    let mut expectations = Vec::new();
    match automation.id.kind() {
        Kind::Pm2 if settings.pm2.watch == Pm2Watching::Off => {}
        // It stands by: that it does not run is as it should be.
        Kind::Pm2 if automation.backup_of.is_some() && settings.backup.mode == BackupMode::Standby => {}
        Kind::Pm2 if automation.state == Standing::Declared => {
            expectations.push(Expectation::NotEffective { why: automation.reason.clone() });
        }
        Kind::Pm2 => expectations.extend(processes(settings, automation, entry, zone)),
        Kind::Npm | Kind::Command => expectations.extend(slots(entry, zone)),
        Kind::Workflow
        | Kind::Netlify
        | Kind::Aws
        | Kind::Crontab
        | Kind::Systemd
        | Kind::Kubernetes
        | Kind::Script
        | Kind::Heartbeat => {
            if automation.state == Standing::Declared {
                expectations.push(Expectation::NotEffective { why: automation.reason.clone() });
            }
        }
    }
    let runs_here = expectations.iter().any(|e| matches!(e, Expectation::Slots(_)));
    if let (Some(entry), false) = (entry, runs_here) {
        expectations.extend(beats(automation, entry, zone));
    }
    if expectations.is_empty() {
        expectations.push(nothing(settings, automation));
    }
    Watch {
        id: automation.id.clone(),
        priority: entry.and_then(|e| e.priority).unwrap_or_default(),
        recovery: entry.and_then(|e| e.recovery).unwrap_or(settings.recovery.mode),
        expectations,
    }
}

/// One expectation for each `cron_restart`, and one in any case.
fn processes(
    settings: &Settings,
    automation: &Automation,
    entry: Option<&Entry>,
    zone: &str,
) -> Vec<Expectation> {
    let d = &settings.process;
    // Heartbeats have a grace of their own: an entry's `grace` is for them if it asks for any.
    let own_grace = entry.filter(|e| matches!(e.timing, Timing::Unsaid)).and_then(|e| e.grace);
    let rules = ProcessRules {
        long_running: entry.and_then(|e| e.long_running).unwrap_or(LongRunning::Auto),
        schedule: None,
        grace: own_grace.unwrap_or(d.grace),
        memory_limit: entry.and_then(|e| e.memory_limit).unwrap_or(d.memory_limit),
        hang_after: entry.and_then(|e| e.hang_after).unwrap_or(d.hang_after),
        loop_restarts: entry.and_then(|e| e.loop_restarts).unwrap_or(d.loop_restarts),
        loop_window: entry.and_then(|e| e.loop_window).unwrap_or(d.loop_window),
    };
    let schedules = own_schedules(automation, zone);
    if schedules.is_empty() {
        return vec![Expectation::Process(rules)];
    }
    schedules
        .into_iter()
        .map(|schedule| Expectation::Process(ProcessRules { schedule: Some(schedule), ..rules.clone() }))
        .collect()
}

/// What the agent runs itself: a command, or an npm script that has a schedule in the file.
fn slots(entry: Option<&Entry>, zone: &str) -> Option<Expectation> {
    let entry = entry?;
    let Timing::Slots { cron, timezone, .. } = &entry.timing else { return None };
    let grace = entry.grace.unwrap_or(RUN_GRACE);
    Some(Expectation::Slots(SlotRules {
        // An expression that cannot be read was refused before, with its line.
        schedule: schedule(cron, timezone, zone).ok()?,
        grace,
        jitter: entry.jitter.unwrap_or_else(|| JITTER.min(grace / 2)),
        catch_up: entry.catch_up.unwrap_or(CatchUp::Once),
        overlap: entry.overlap.unwrap_or(Overlap::Forbid),
        retries: entry.retries.unwrap_or(0),
    }))
}

/// The heartbeats that an entry asks for.
fn beats(automation: &Automation, entry: &Entry, zone: &str) -> Vec<Expectation> {
    let cadences = match &entry.timing {
        Timing::Unsaid if automation.id.kind() == Kind::Heartbeat => vec![Cadence::Whenever],
        Timing::Unsaid => Vec::new(),
        Timing::Every(period) => vec![Cadence::Every(*period)],
        Timing::Slots { cron, timezone, .. } => {
            schedule(cron, timezone, zone).ok().map(Cadence::Slots).into_iter().collect()
        }
        Timing::OwnSlots => {
            let own: Vec<_> = own_schedules(automation, zone).into_iter().map(Cadence::Slots).collect();
            if own.is_empty() { vec![Cadence::Whenever] } else { own }
        }
    };
    let rules = |cadence: Cadence| {
        // One that counts for the period before it as well would count twice.
        let early = match &cadence {
            Cadence::Every(period) => EARLY.min(*period / 4),
            Cadence::Slots(_) | Cadence::Whenever => EARLY,
        };
        Expectation::Beats(BeatRules {
            cadence,
            grace: entry.grace.unwrap_or_else(|| grace(automation.id.kind())),
            early: entry.early.unwrap_or(early),
            max_run: entry.max_run.unwrap_or(MAX_RUN),
        })
    };
    cadences.into_iter().map(rules).collect()
}

/// How late each kind is without anything being wrong: GitHub starts scheduled workflows hours late.
pub(crate) const fn grace(kind: Kind) -> Duration {
    match kind {
        Kind::Workflow => Duration::from_secs(6 * 3_600),
        Kind::Netlify | Kind::Aws | Kind::Kubernetes | Kind::Heartbeat | Kind::Npm => {
            Duration::from_secs(300)
        }
        Kind::Pm2 | Kind::Command | Kind::Crontab | Kind::Systemd | Kind::Script => RUN_GRACE,
    }
}

/// The schedules that the automation declares itself; what cannot be read is a finding of the scan already.
fn own_schedules(automation: &Automation, zone: &str) -> Vec<Schedule> {
    automation.schedules.iter().filter_map(|s| schedule(&s.cron, &s.timezone, zone).ok()).collect()
}

/// What would make it known how this automation is.
fn nothing(settings: &Settings, automation: &Automation) -> Expectation {
    let id = &automation.id;
    let hint = match id.kind() {
        Kind::Workflow
        | Kind::Netlify
        | Kind::Aws
        | Kind::Crontab
        | Kind::Systemd
        | Kind::Kubernetes
        | Kind::Script => {
            let timing = if automation.schedules.is_empty() { "every = \"1d\"" } else { "heartbeats = true" };
            format!(
                "let it call its ping URL or `standin beat {id}` when it ends, and put [[automation]] id = \"{id}\" with {timing} into standin.toml"
            )
        }
        Kind::Npm => format!(
            "put [[automation]] id = \"{id}\" with a schedule into standin.toml, and the agent runs it"
        ),
        Kind::Pm2 if automation.backup_of.is_some() => {
            "it stands by; mode = \"active\" under [backup] in standin.toml has it run at once".to_owned()
        }
        Kind::Pm2 if settings.pm2.watch == Pm2Watching::Off => {
            "[pm2] watch = false in standin.toml: take that out".to_owned()
        }
        Kind::Pm2 | Kind::Command | Kind::Heartbeat => {
            format!("give [[automation]] `{id}` a schedule in standin.toml")
        }
    };
    Expectation::Nothing { hint }
}
