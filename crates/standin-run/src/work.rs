//! What there is to run of an automation.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use standin_core::automation::{Automation, Detail, Flavour, Workflow};
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
    /// A program with its arguments.
    Program {
        /// The program and its arguments; never empty.
        argv: Vec<String>,
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
    /// Labels of runners that its jobs ask for.
    pub labels: Vec<String>,
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
        (Detail::Pm2App { script, cwd, interpreter, args, .. }, _) => {
            let mut argv = with_interpreter(script, interpreter.as_deref());
            argv.extend(args.iter().cloned());
            Ok(Work::Program { argv, dir: cwd.clone(), ends: Ends::Itself })
        }
        (Detail::Plain, Kind::Script) if automation.domain == Domain::Elsewhere => {
            elsewhere("work of another platform")
        }
        (Detail::Plain, Kind::Script) => {
            let script = root.join(&automation.source.path).to_string_lossy().into_owned();
            let dir = root.to_string_lossy().into_owned();
            Ok(Work::Program { argv: with_interpreter(&script, None), dir, ends: Ends::Never })
        }
        (Detail::Plain, Kind::Workflow | Kind::Netlify | Kind::Pm2 | Kind::Npm | Kind::Command) => {
            let why = match automation.reason.as_str() {
                "" => "the scan could not read what it does".to_owned(),
                reason => reason.to_owned(),
            };
            Err(NotHere::NotLoadable { id, why })
        }
        (Detail::Plain, Kind::Aws) => elsewhere("a function on AWS"),
        (Detail::Plain, Kind::Crontab) => elsewhere("a line of a crontab"),
        (Detail::Plain, Kind::Systemd) => elsewhere("a systemd timer"),
        (Detail::Plain, Kind::Kubernetes) => elsewhere("a CronJob of Kubernetes"),
        (Detail::Plain, Kind::Heartbeat) => elsewhere("only a sender of heartbeats"),
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
        labels: workflow.labels.clone(),
        workflow: Some(workflow.clone()),
        event,
        payload,
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

/// As PM2 does: by the file's ending, unless it says.
fn with_interpreter(script: &str, interpreter: Option<&str>) -> Vec<String> {
    let by_ending = match script.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "js" | "cjs" | "mjs" => Some("node"),
        "py" => Some("python3"),
        "sh" => Some("bash"),
        "rb" => Some("ruby"),
        "php" => Some("php"),
        "pl" => Some("perl"),
        _ => None,
    };
    match interpreter.or(by_ending) {
        Some("none") | None => vec![script.to_owned()],
        Some(program) => vec![program.to_owned(), script.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
    use standin_core::automation::{ScheduleSpec, Source, Standing};
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
            other @ (Work::Function(_) | Work::Npm { .. } | Work::Shell(_) | Work::Program { .. }) => {
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
    fn a_function_is_told_its_next_slot_as_netlify_tells_it() {
        let detail =
            Detail::NetlifyFunction { flavour: Flavour::V2, background: false, main: "/r/f.mjs".into() };
        let one = automation("netlify:f", &["@hourly"], &["schedule"], detail);
        let now = "2026-11-22T04:30:00Z".parse().unwrap();
        let Work::Function(work) = work_of(&one, None, Path::new("/r"), now).unwrap() else { panic!() };
        assert_eq!(work.call, Call::Schedule { next_run: "2026-11-22T05:00:00.000Z".into() });
    }

    #[test]
    fn programs_are_started_as_pm2_starts_them() {
        assert_eq!(with_interpreter("/r/a.mjs", None), ["node", "/r/a.mjs"]);
        assert_eq!(with_interpreter("/r/a.py", Some("/venv/python")), ["/venv/python", "/r/a.py"]);
        assert_eq!(with_interpreter("/r/a.js", Some("none")), ["/r/a.js"]);
        assert_eq!(with_interpreter("/r/tool", None), ["/r/tool"]);
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
            args: vec![],
            env_names: vec![],
            known: standin_core::automation::Known::Read,
        };
        assert!(not(automation("pm2:a", &[], &[], app.clone())).contains("standin recover pm2:a"));
        let started_anew = automation("pm2:a", &["0 3 * * *"], &["always", "schedule"], app.clone());
        assert!(not(started_anew).contains("runs all the time"), "its schedule ends no work of its own");
        for (crons, trigger) in [(&["0 3 * * *"][..], "schedule"), (&[], "once")] {
            let job = automation("pm2:a", crons, &[trigger], app.clone());
            assert!(matches!(work_of(&job, None, Path::new("/r"), now), Ok(Work::Program { .. })));
        }
    }
}
