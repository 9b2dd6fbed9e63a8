//! What there is to run of an automation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use standin_core::automation::{Automation, Detail, Flavour, Handover, Inventory, Standing, Workflow};
use standin_core::ident::{Domain, Kind};
use standin_core::schedule::Schedule;

/// What there is to run.
#[derive(Debug, Clone)]
pub enum Work {
    /// A workflow, by `act`.
    Workflow(Box<WorkflowWork>),
    /// A Netlify function, bundled by Netlify's own bundler and called in Node.
    Function(FunctionWork),
    /// A script of a `package.json`.
    Npm {
        /// The folder of the `package.json`, absolute.
        dir: String,
        /// The script's name.
        script: String,
    },
    /// A command of `standin.toml`.
    Shell(ShellWork),
    /// An app of PM2's that ends by itself.
    Pm2(Pm2Work),
    /// A script of the repository.
    Program {
        /// The script, absolute.
        script: String,
        /// Where it runs, absolute.
        dir: String,
        /// Whether it keeps its own schedule, and so never ends by itself.
        ends: Ends,
    },
}

/// Whether something ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// After its work.
    Itself,
    /// It keeps its own schedule.
    Never,
}

/// A workflow.
#[derive(Debug, Clone)]
pub struct WorkflowWork {
    /// Relative to the repository.
    pub file: String,
    /// What is known of it; `None` for a file that could not be read.
    pub workflow: Option<Workflow>,
    /// The event that it is run for.
    pub event: String,
    /// The event's payload, as `github.event`.
    pub payload: Value,
    /// The workflows of this repository that it calls, and that those call.
    pub called: Vec<Called>,
}

/// A workflow that another one calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Relative to the repository.
    pub file: String,
    /// What is known of it.
    pub workflow: Workflow,
    /// Whether its secrets are those of whoever calls it, all the way up, or values that its caller names.
    pub secrets: Passed,
}

/// Where the secrets of a called workflow come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passed {
    /// From whoever calls it, under their names.
    Whole,
    /// Only what its caller hands over by name.
    Named,
}

/// Most workflows that are followed from one, each way of calling counted.
const MAX_CALLED: usize = 100;

impl WorkflowWork {
    /// Finds what it calls among everything of its repository.
    pub fn follow(&mut self, inventory: &Inventory) {
        let mut seen = BTreeSet::new();
        let calls = |workflow: &Workflow, above: Passed| -> Vec<(String, Passed)> {
            let calls = workflow.calls.iter();
            let local = calls.filter_map(|call| Some((call.local()?.to_owned(), &call.secrets)));
            local
                .map(|(file, handover)| match handover {
                    Handover::Inherited => (file, above),
                    Handover::Named(_) => (file, Passed::Named),
                })
                .collect()
        };
        let first = self.workflow.iter().flat_map(|workflow| calls(workflow, Passed::Whole));
        let mut open: VecDeque<(String, Passed)> = first.collect();
        while let Some((file, secrets)) = open.pop_front() {
            if self.called.len() >= MAX_CALLED || !seen.insert((file.clone(), secrets)) {
                continue;
            }
            let found = inventory.automations.iter().find_map(|one| match &one.detail {
                Detail::Workflow(workflow) if one.source.path == file => Some(workflow),
                Detail::Workflow(_)
                | Detail::Plain
                | Detail::Pm2App { .. }
                | Detail::NetlifyFunction { .. }
                | Detail::NpmScript { .. } => None,
            });
            // One that is not there is a finding of the scan, and act says so too.
            let Some(workflow) = found else { continue };
            open.extend(calls(workflow, secrets));
            self.called.push(Called { file, workflow: (**workflow).clone(), secrets });
        }
    }
}

/// A Netlify function.
#[derive(Debug, Clone)]
pub struct FunctionWork {
    /// Its name.
    pub name: String,
    /// The file that is bundled, absolute.
    pub main: String,
    /// Whether it is called by the clock; otherwise with an empty POST.
    pub call: Call,
    /// Whether it answers at once and works on.
    pub background: bool,
}

/// An app of PM2's.
#[derive(Debug, Clone)]
pub struct Pm2Work {
    /// Its name.
    pub name: String,
    /// The file that it is written in, relative to the repository.
    pub file: String,
    /// An absolute path, a program's name, or a command with blanks.
    pub script: String,
    /// Where it runs, absolute.
    pub dir: String,
    /// What runs the script, where its file says so.
    pub interpreter: Option<String>,
    /// What comes before the script.
    pub interpreter_args: Vec<String>,
    /// What comes after it; empty also where only running the file would tell.
    pub args: Vec<String>,
    /// The names of variables that its file sets.
    pub env_names: Vec<String>,
}

/// What a function is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Netlify's event of a schedule, with the slot after this one.
    Schedule {
        /// As Netlify writes it: UTC, with milliseconds.
        next_run: String,
    },
    /// A POST without a body.
    Request,
}

/// A command for `sh -c`.
#[derive(Debug, Clone)]
pub struct ShellWork {
    /// The command.
    pub command: String,
    /// Where it runs, absolute.
    pub dir: String,
    /// Variables that are set for it.
    pub env: BTreeMap<String, SecretString>,
    /// Variables that it gets from the environment, beside those that every command gets.
    pub env_from: Vec<String>,
}

/// Why an automation cannot be run on this host. Nothing was done; the text says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHere {
    /// Its platform would not load it either.
    #[error("`{id}` cannot be run: {why}")]
    NotLoadable {
        /// Which.
        id: String,
        /// What the scan says.
        why: String,
    },
    /// Nothing starts it by itself.
    #[error("`{0}` only runs when another workflow calls it: run one that does")]
    CalledOnly(String),
    /// It runs all the time.
    #[error("`{0}` runs all the time: PM2 keeps it running, and `standin recover {0}` brings it back")]
    Always(String),
    /// Nothing here can do what its platform does.
    #[error(
        "`{id}` is {what}, which nothing on this host can run: give it a command as its backup, with [[automation]] id = \"{id}\" backup = [\"command:NAME\"] in standin.toml"
    )]
    Elsewhere {
        /// Which.
        id: String,
        /// What it is.
        what: &'static str,
    },
}

/// What there is to run of `automation`. `command` is what `standin.toml` says, where it says anything; `root` is the
/// repository, and `now` chooses among several schedules the one whose slot was last.
///
/// # Errors
/// [`NotHere`]; nothing was done.
pub fn work_of(
    automation: &Automation,
    command: Option<ShellWork>,
    root: &Path,
    now: Timestamp,
) -> Result<Work, NotHere> {
    let id = automation.id.to_string();
    let elsewhere = |what| Err(NotHere::Elsewhere { id: id.clone(), what });
    if let (Kind::Command, Some(command)) = (automation.id.kind(), command) {
        return Ok(Work::Shell(command));
    }
    match (&automation.detail, automation.id.kind()) {
        (Detail::Workflow(_), _) if automation.state == Standing::Declared => {
            Err(NotHere::NotLoadable { id, why: unread(automation) })
        }
        (Detail::Workflow(_), _) if automation.triggers == ["workflow_call"] => Err(NotHere::CalledOnly(id)),
        (Detail::Workflow(workflow), _) => {
            Ok(Work::Workflow(Box::new(of_workflow(automation, workflow, now))))
        }
        (Detail::NetlifyFunction { flavour: Flavour::Go, .. }, _) => elsewhere("a function in Go"),
        (Detail::NetlifyFunction { main, background, .. }, _) => Ok(Work::Function(FunctionWork {
            name: automation.id.name().to_owned(),
            main: main.clone(),
            call: call(automation, now),
            background: *background,
        })),
        (Detail::NpmScript { dir, script, .. }, _) => {
            Ok(Work::Npm { dir: dir.clone(), script: script.clone() })
        }
        (Detail::Pm2App { .. }, _) if is_kept_running(automation) => Err(NotHere::Always(id)),
        (Detail::Pm2App { script, .. }, _) if script.is_empty() => {
            let why = "its script is computed, and only running its file would tell".to_owned();
            Err(NotHere::NotLoadable { id, why })
        }
        (Detail::Pm2App { script, cwd, interpreter, interpreter_args, args, env_names, .. }, _) => {
            Ok(Work::Pm2(Pm2Work {
                name: automation.name.clone(),
                file: automation.source.path.clone(),
                script: script.clone(),
                dir: cwd.clone(),
                interpreter: interpreter.clone(),
                interpreter_args: interpreter_args.clone(),
                args: args.clone(),
                env_names: env_names.clone(),
            }))
        }
        (Detail::Plain, Kind::Script) if automation.domain == Domain::Elsewhere => {
            elsewhere("work of another platform")
        }
        (Detail::Plain, Kind::Script) => {
            let script = root.join(&automation.source.path).to_string_lossy().into_owned();
            let dir = root.to_string_lossy().into_owned();
            Ok(Work::Program { script, dir, ends: Ends::Never })
        }
        (Detail::Plain, Kind::Workflow | Kind::Netlify | Kind::Pm2 | Kind::Npm | Kind::Command) => {
            Err(NotHere::NotLoadable { id, why: unread(automation) })
        }
        (Detail::Plain, Kind::Aws) => elsewhere("a function on AWS"),
        (Detail::Plain, Kind::Crontab) => elsewhere("a line of a crontab"),
        (Detail::Plain, Kind::Systemd) => elsewhere("a systemd timer"),
        (Detail::Plain, Kind::Kubernetes) => elsewhere("a CronJob of Kubernetes"),
        (Detail::Plain, Kind::Heartbeat) => elsewhere("only a sender of heartbeats"),
    }
}

/// Why its platform does not load it.
fn unread(automation: &Automation) -> String {
    match automation.reason.as_str() {
        "" => "the scan could not read what it does".to_owned(),
        reason => reason.to_owned(),
    }
}

/// Whether PM2 does not let it end: it has no schedule, or one that only starts it anew. What PM2 starts once may end.
pub fn is_kept_running(app: &Automation) -> bool {
    let has = |name: &str| app.triggers.iter().any(|trigger| trigger == name);
    has("always") || (app.schedules.is_empty() && !has("once"))
}

/// A workflow with a schedule is run for its schedule, so that what asks for the cron expression finds it.
fn of_workflow(automation: &Automation, workflow: &Workflow, now: Timestamp) -> WorkflowWork {
    let has = |name: &str| automation.triggers.iter().any(|trigger| trigger == name);
    let (event, payload) = match last_slot(automation, now) {
        Some((cron, _)) => ("schedule".to_owned(), json!({ "schedule": cron })),
        None if has("workflow_dispatch") => ("workflow_dispatch".to_owned(), json!({ "inputs": {} })),
        None => {
            let first = automation.triggers.iter().find(|name| name.as_str() != "workflow_call");
            (first.cloned().unwrap_or_else(|| "workflow_dispatch".to_owned()), json!({}))
        }
    };
    WorkflowWork {
        file: automation.source.path.clone(),
        workflow: Some(workflow.clone()),
        event,
        payload,
        called: Vec::new(),
    }
}

fn call(automation: &Automation, now: Timestamp) -> Call {
    match last_slot(automation, now) {
        Some((_, next)) => Call::Schedule { next_run: next.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string() },
        None => Call::Request,
    }
}

/// The cron expression whose slot was last, as it is written, and its next slot.
fn last_slot(automation: &Automation, now: Timestamp) -> Option<(String, Timestamp)> {
    let of = |spec: &standin_core::automation::ScheduleSpec| {
        let schedule = Schedule::parse(&spec.cron, &spec.timezone).ok()?;
        let last = schedule.previous_at_or_before(now)?;
        Some((last, spec.cron.clone(), schedule.next_after(now)?))
    };
    let newest = automation.schedules.iter().filter_map(of).max_by_key(|(last, ..)| *last);
    newest.map(|(_, cron, next)| (cron, next))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
    use standin_core::automation::{Call as Calls, ScheduleSpec, Source};
    use standin_core::ident::Domain;

    use super::*;

    fn automation(id: &str, crons: &[&str], triggers: &[&str], detail: Detail) -> Automation {
        let schedule = |cron: &&str| ScheduleSpec { cron: (*cron).into(), timezone: "UTC".into() };
        Automation {
            id: id.parse().unwrap(),
            name: id.into(),
            domain: Domain::Github,
            source: Source { path: ".github/workflows/a.yml".into(), line: 1 },
            schedules: crons.iter().map(schedule).collect(),
            triggers: triggers.iter().map(|t| (*t).into()).collect(),
            state: Standing::Effective,
            reason: String::new(),
            detail,
            backup_of: None,
        }
    }

    fn event(crons: &[&str], triggers: &[&str], now: &str) -> (String, Value) {
        let one = automation("workflow:a.yml", crons, triggers, Detail::Workflow(Box::default()));
        match work_of(&one, None, Path::new("/r"), now.parse().unwrap()).unwrap() {
            Work::Workflow(work) => (work.event, work.payload),
            other @ (Work::Function(_)
            | Work::Npm { .. }
            | Work::Shell(_)
            | Work::Pm2(_)
            | Work::Program { .. }) => {
                panic!("{other:?}")
            }
        }
    }

    #[test]
    fn of_several_schedules_the_one_counts_whose_slot_was_last() {
        let crons = ["0 3 * * *", "0 15 * * *"];
        let at = |now| event(&crons, &["schedule", "workflow_dispatch"], now);
        assert_eq!(at("2026-11-22T04:00:00Z"), ("schedule".into(), json!({ "schedule": "0 3 * * *" })));
        assert_eq!(at("2026-11-22T15:00:00Z").1, json!({ "schedule": "0 15 * * *" }));
        assert_eq!(event(&[], &["push", "workflow_dispatch"], "2026-11-22T04:00:00Z").0, "workflow_dispatch");
        assert_eq!(event(&[], &["workflow_call", "push"], "2026-11-22T04:00:00Z").0, "push");
    }

    #[test]
    fn what_github_would_not_start_by_itself_is_refused() {
        let now = "2026-11-22T04:30:00Z".parse().unwrap();
        let workflow = || Detail::Workflow(Box::default());
        let called = automation("workflow:a.yml", &[], &["workflow_call"], workflow());
        let error = work_of(&called, None, Path::new("/r"), now).unwrap_err().to_string();
        assert!(error.contains("another workflow calls it"), "{error}");
        let mut broken = automation("workflow:a.yml", &[], &["push"], workflow());
        (broken.state, broken.reason) = (Standing::Declared, "`on` has a stray key".into());
        let error = work_of(&broken, None, Path::new("/r"), now).unwrap_err().to_string();
        assert!(error.contains("`on` has a stray key"), "{error}");
    }

    #[test]
    fn what_is_called_is_followed_all_the_way_and_its_secrets_only_while_they_are_inherited() {
        let workflow = |calls: &[(&str, bool)]| {
            let call = |(file, is_inherited): &(&str, bool)| Calls {
                uses: format!("./.github/workflows/{file}"),
                line: 1,
                inputs: vec![],
                secrets: if *is_inherited { Handover::Inherited } else { Handover::Named(vec!["A".into()]) },
            };
            Workflow { calls: calls.iter().map(call).collect(), ..Workflow::default() }
        };
        let list = [
            ("a.yml", workflow(&[("b.yml", true), ("c.yml", false), ("gone.yml", true)])),
            ("b.yml", workflow(&[("d.yml", true), ("a.yml", true)])),
            ("c.yml", workflow(&[("e.yml", true)])),
            ("d.yml", Workflow::default()),
            ("e.yml", Workflow::default()),
        ];
        let found = list.map(|(file, workflow)| {
            let mut one =
                automation(&format!("workflow:{file}"), &[], &[], Detail::Workflow(workflow.into()));
            one.source.path = format!(".github/workflows/{file}");
            one
        });
        let inventory = Inventory { automations: found.into(), findings: vec![] };
        let now = "2026-11-22T04:30:00Z".parse().unwrap();
        let Ok(Work::Workflow(mut work)) = work_of(&inventory.automations[0], None, Path::new("/r"), now)
        else {
            panic!()
        };
        work.follow(&inventory);
        let got: Vec<(&str, Passed)> =
            work.called.iter().map(|one| (one.file.rsplit('/').next().unwrap(), one.secrets)).collect();
        let wanted = [
            ("b.yml", Passed::Whole),
            ("c.yml", Passed::Named),
            ("d.yml", Passed::Whole),
            ("a.yml", Passed::Whole),
            ("e.yml", Passed::Named),
        ];
        assert_eq!(got, wanted);
    }

    #[test]
    fn a_function_is_told_its_next_slot_as_netlify_tells_it() {
        let detail =
            Detail::NetlifyFunction { flavour: Flavour::V2, background: false, main: "/r/f.mjs".into() };
        let one = automation("netlify:f", &["@hourly"], &["schedule"], detail);
        let now = "2026-11-22T04:30:00Z".parse().unwrap();
        let Work::Function(work) = work_of(&one, None, Path::new("/r"), now).unwrap() else { panic!() };
        assert_eq!(work.call, Call::Schedule { next_run: "2026-11-22T05:00:00.000Z".into() });
    }

    #[test]
    fn what_cannot_be_run_here_says_what_to_do() {
        let now = "2026-11-22T04:30:00Z".parse().unwrap();
        let not = |one: Automation| work_of(&one, None, Path::new("/r"), now).unwrap_err().to_string();
        assert!(not(automation("aws:f", &[], &[], Detail::Plain)).contains("backup = [\"command:NAME\"]"));
        let mut broken = automation("workflow:a.yml", &[], &[], Detail::Plain);
        broken.reason = "line 3 is no YAML".into();
        assert!(not(broken).contains("line 3 is no YAML"));
        let app = Detail::Pm2App {
            script: "/r/a.js".into(),
            cwd: "/r".into(),
            interpreter: None,
            interpreter_args: vec![],
            args: vec![],
            env_names: vec![],
            known: standin_core::automation::Known::Read,
        };
        assert!(not(automation("pm2:a", &[], &[], app.clone())).contains("standin recover pm2:a"));
        let started_anew = automation("pm2:a", &["0 3 * * *"], &["always", "schedule"], app.clone());
        assert!(not(started_anew).contains("runs all the time"), "its schedule ends no work of its own");
        for (crons, trigger) in [(&["0 3 * * *"][..], "schedule"), (&[], "once")] {
            let job = automation("pm2:a", crons, &[trigger], app.clone());
            assert!(matches!(work_of(&job, None, Path::new("/r"), now), Ok(Work::Pm2(_))));
        }
    }
}
