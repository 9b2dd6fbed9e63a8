//! `standin run`: an automation on this host, in place of its platform.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use standin_agent::api::BeatRequest;
use standin_core::beat::{Beat, Signal};
use standin_core::ident::AutomationId;
use standin_core::run::RunEnd;
use standin_run::process::{self, Ended, Stream};
use standin_run::work::{Ends, NotHere, ShellWork, Work, work_of};
use standin_run::{Flag, Means, PrepareError, Ready, Trial, prepare};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{MeansArgs, RunArgs};
use crate::commands::beat::send;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::{Project, Root};

/// As long as GitHub lets a job run.
const WORKFLOW: Duration = Duration::from_secs(6 * 3_600);
/// As long as Netlify lets a background function run.
const FUNCTION: Duration = Duration::from_secs(900);
/// As long as the agent lets a command run where nothing is said.
const OTHER: Duration = Duration::from_secs(3_600);
/// For what keeps its own schedule.
const NO_LIMIT: Duration = Duration::from_secs(366 * 86_400);

/// What the flag of a drill says in which nothing works.
const DRY: &str = "dry";

/// What `timeout` ends with.
const TIMED_OUT: u8 = 124;
/// What a shell ends with when a command cannot be started.
const NOT_STARTED: u8 = 127;

/// Something that can be run here.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) limit: Duration,
}

/// Runs it, and sends heartbeats of how that went. What cannot be run is no run: its health stays as it is.
pub(crate) async fn run(repository: Option<&Path>, args: RunArgs) -> Result<Exit, Failure> {
    let project = Project::load(repository)?;
    let id: AutomationId = args.id.parse()?;
    let (flag, trial) = asked(args.check);
    let mut job = job(&project, &id, &args.means, Timestamp::now())?;
    given(&mut job.work, &args.inputs)?;
    let means = means(&project.root, &args.means, flag, trial)?;
    let ready = prepare(&job.work, &means).map_err(failure)?;
    say_differences(&ready);
    if ready.is_stopped() && !args.means.anyway {
        let said = "was not run here: something is too different (`standin run --check` says what)";
        if trial == Trial::Real {
            tell(&project.root, &id, Signal::Log, "", None, said).await;
        }
        eprintln!("error: `{id}` {said}; --anyway runs it all the same");
        return Ok(if args.check { Exit::Found } else { Exit::Platform });
    }
    if trial == Trial::Dry {
        return checked(&id, ready, job.limit).await;
    }
    if flag == Flag::Drill {
        // Part of somebody's drill, it never hides a primary that is dead.
        let ended = kept(&job.work, carry(ready, job.limit).await?);
        say_end(&id, &ended);
        return Ok(Exit::Wrapped(code_of(&ended.end)));
    }
    let rid = uuid::Uuid::new_v4().to_string();
    tell(&project.root, &id, Signal::Start, &rid, None, "").await;
    let ended = kept(&job.work, carry(ready, job.limit).await?);
    let code = code_of(&ended.end);
    let signal = if code == 0 { Signal::Success } else { Signal::Fail };
    tell(&project.root, &id, signal, &rid, Some(code), &ended.tail).await;
    say_end(&id, &ended);
    Ok(Exit::Wrapped(code))
}

/// What a check comes to. Of a check that finds nothing, what its tools print says nothing.
async fn checked(id: &AutomationId, ready: Ready, limit: Duration) -> Result<Exit, Failure> {
    let is_same = ready.differences.is_empty();
    let ended = process::run(ready, limit, asked_to_end()?, |_, _| {}).await;
    if !ended.end.is_success() {
        eprint!("{}", ended.tail);
        let why = process::reason(&ended.tail).unwrap_or_else(|| words(&ended.end));
        eprintln!("error: `{id}` cannot be run here: {why}");
        return Ok(Exit::Found);
    }
    output::write(&if is_same {
        format!("`{id}` can be run here, and nothing differs\n")
    } else {
        format!("`{id}` can be run here, with the differences above\n")
    })?;
    Ok(Exit::Fine)
}

/// What keeps its own schedule has failed when it ends, however that looks.
fn kept(work: &Work, ended: Ended) -> Ended {
    match (work, &ended.end) {
        (Work::Program { ends: Ends::Never, .. }, RunEnd::Exited { code: 0 }) => {
            const WHY: &str = "standin: it ended, and so keeps no schedule\n";
            eprint!("{WHY}");
            Ended { end: RunEnd::Exited { code: 1 }, tail: format!("{}{WHY}", ended.tail), ..ended }
        }
        (_, _) => ended,
    }
}

/// A run inside of a drill is part of it; a dry drill runs nothing.
fn asked(check: bool) -> (Flag, Trial) {
    let word = std::env::var(standin_run::DRILL_FLAG).unwrap_or_default();
    let flag = if word.is_empty() { Flag::Run } else { Flag::Drill };
    (flag, if check || word == DRY { Trial::Dry } else { Trial::Real })
}

/// What a workflow is dispatched with: with inputs it is run as that, and not for its schedule.
fn given(work: &mut Work, inputs: &[String]) -> Result<(), Failure> {
    if inputs.is_empty() {
        return Ok(());
    }
    let Work::Workflow(workflow) = work else {
        return Err(Failure::Usage("--input is for workflows only".to_owned()));
    };
    let known = workflow.workflow.as_ref().map(|known| known.inputs.as_slice()).unwrap_or_default();
    let mut values = serde_json::Map::new();
    for text in inputs {
        let (name, value) =
            text.split_once('=').ok_or_else(|| Failure::Usage("--input takes NAME=VALUE".to_owned()))?;
        if known.is_empty() {
            let file = &workflow.file;
            return Err(Failure::Usage(format!("{file} declares no inputs under `workflow_dispatch`")));
        }
        if !known.iter().any(|input| input.name == name) {
            let names: Vec<&str> = known.iter().map(|input| input.name.as_str()).collect();
            return Err(Failure::Usage(format!(
                "{} has no input `{name}`; it has: {}",
                workflow.file,
                names.join(", ")
            )));
        }
        values.insert(name.to_owned(), value.into());
    }
    workflow.event = "workflow_dispatch".to_owned();
    workflow.payload = serde_json::json!({ "inputs": values });
    Ok(())
}

/// What there is to run of an automation.
pub(super) fn job(
    project: &Project,
    id: &AutomationId,
    args: &MeansArgs,
    now: Timestamp,
) -> Result<Job, Failure> {
    let known = project.resolved.inventory.get(id);
    let automation = known.ok_or_else(|| {
        Failure::Usage(format!("`{id}` is not here: `standin scan` lists what runs by itself"))
    })?;
    let program = std::env::current_exe().ok().map(|path| path.to_string_lossy().into_owned());
    let command = project.resolved.commands.get(id).map(|spec| {
        let mut env = spec.env.clone();
        // As the agent does: a command that Standin wrote finds this program where it is not on the path.
        if let Some(program) = &program {
            env.entry(standin_config::PROGRAM.to_owned()).or_insert_with(|| program.clone().into());
        }
        ShellWork {
            command: spec.command.clone(),
            dir: spec.dir.clone(),
            env,
            env_from: spec.env_from.clone(),
        }
    });
    let mut work = work_of(automation, command, &project.root.path, now)
        .map_err(|error: NotHere| Failure::Usage(error.to_string()))?;
    if let Work::Workflow(workflow) = &mut work {
        workflow.follow(&project.resolved.inventory);
    }
    let entry = project.settings.automations.iter().find(|entry| &entry.id == id);
    let limit = match (&args.time_limit, entry.and_then(|entry| entry.time_limit)) {
        (Some(text), _) => duration("--time-limit", text)?,
        (None, Some(limit)) => limit,
        (None, None) => match &work {
            Work::Workflow(_) => WORKFLOW,
            Work::Function(_) => FUNCTION,
            Work::Program { ends: Ends::Never, .. } => NO_LIMIT,
            Work::Npm { .. } | Work::Shell(_) | Work::Pm2(_) | Work::Program { ends: Ends::Itself, .. } => {
                OTHER
            }
        },
    };
    Ok(Job { work, limit })
}

/// A length of time as it is typed.
pub(super) fn duration(option: &str, text: &str) -> Result<Duration, Failure> {
    standin_config::duration(text).map_err(|fix| Failure::Usage(format!("{option} {text}: {fix}")))
}

/// What a run may use, as it was typed.
pub(super) fn means(root: &Root, args: &MeansArgs, flag: Flag, trial: Trial) -> Result<Means, Failure> {
    let mut variables = BTreeMap::new();
    for text in &args.variables {
        let (name, value) =
            text.split_once('=').ok_or_else(|| Failure::Usage("--var takes NAME=VALUE".to_owned()))?;
        variables.insert(name.to_owned(), value.to_owned());
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    Ok(Means {
        root: root.path.clone(),
        env: std::env::vars_os().collect(),
        secrets: args.secrets.as_ref().map(absolute),
        variables,
        flag,
        trial,
    })
}

/// What a run that cannot be prepared is to the caller.
pub(super) fn failure(error: PrepareError) -> Failure {
    match error {
        PrepareError::Tool(_)
        | PrepareError::Secrets(_)
        | PrepareError::NoProgram(_)
        | PrepareError::NotAProgram(_)
        | PrepareError::NoInterpreter(_) => Failure::Platform(error.to_string()),
        PrepareError::NoVariable(_)
        | PrepareError::Gone(_)
        | PrepareError::NoScript { .. }
        | PrepareError::Inputs { .. } => Failure::Usage(error.to_string()),
        PrepareError::Io { path, source } => Failure::Io { what: path.display().to_string(), source },
    }
}

/// On standard error, each with its weight.
pub(super) fn say_differences(ready: &Ready) {
    for difference in &ready.differences {
        let weight = match difference.weight {
            standin_run::fidelity::Weight::Stops => "stops",
            standin_run::fidelity::Weight::Differs => "differs",
        };
        eprintln!("{weight}: {difference}");
    }
}

/// Runs it; its output goes where this command's goes, and a signal that ends this command ends the run.
pub(super) async fn carry(ready: Ready, limit: Duration) -> Result<Ended, Failure> {
    Ok(process::run(ready, limit, asked_to_end()?, print).await)
}

/// The same, with all of its output on standard error: standard output is for what comes of it.
pub(super) async fn carry_aside(ready: Ready, limit: Duration) -> Result<Ended, Failure> {
    Ok(process::run(ready, limit, asked_to_end()?, |_, line| print(Stream::Err, line)).await)
}

fn print(stream: Stream, line: &[u8]) {
    // A reader that has gone away is no reason to end the run.
    let _unread = match stream {
        Stream::Out => std::io::stdout().lock().write_all(line),
        Stream::Err => std::io::stderr().lock().write_all(line),
    };
}

/// Resolves when somebody ends this command.
fn asked_to_end() -> Result<impl Future<Output = ()>, Failure> {
    let listen = |kind| signal(kind).map_err(Failure::io("signals cannot be listened to"));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

/// As shells count.
fn code_of(end: &RunEnd) -> u8 {
    match end {
        RunEnd::Exited { code } => u8::try_from(*code).unwrap_or(255),
        RunEnd::Killed { signal } => signal
            .parse::<nix::sys::signal::Signal>()
            .ok()
            .and_then(|signal| u8::try_from(128 + signal as i32).ok())
            .unwrap_or(255),
        RunEnd::TimedOut => TIMED_OUT,
        RunEnd::NotStarted { .. } => NOT_STARTED,
        RunEnd::Lost => 255,
    }
}

fn say_end(id: &AutomationId, ended: &Ended) {
    if !ended.end.is_success() {
        eprintln!("error: `{id}` {} after {}", words(&ended.end), seconds(ended.took));
    }
}

/// How a run ended, after its name.
pub(super) fn words(end: &RunEnd) -> String {
    match end {
        RunEnd::Exited { code: 0 } => "did its work".to_owned(),
        RunEnd::Exited { code } => format!("exited with {code}"),
        RunEnd::Killed { signal } => format!("was ended by {signal}"),
        RunEnd::TimedOut => "ran longer than its limit and was stopped".to_owned(),
        RunEnd::NotStarted { why } => format!("could not be started: {why}"),
        RunEnd::Lost => "ended, and nobody saw how".to_owned(),
    }
}

/// A length of time for people.
pub(super) fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// A heartbeat that cannot be sent is said, and keeps nothing from running.
pub(super) async fn tell(
    root: &Root,
    id: &AutomationId,
    signal: Signal,
    rid: &str,
    exit: Option<u8>,
    body: &str,
) {
    let beat = Beat { at: Timestamp::now(), signal, rid: rid.to_owned(), exit };
    let request = BeatRequest { id: id.clone(), beat, body: body.to_owned() };
    if let Err(failure) = send(root, request).await {
        eprintln!("warning: no heartbeat was sent: {failure}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_schedule_has_failed_when_it_ends() {
        let of = |ends, code| {
            let work = Work::Program { script: "/r/a.js".into(), dir: "/r".into(), ends };
            let ended = Ended { end: RunEnd::Exited { code }, took: Duration::ZERO, tail: "began\n".into() };
            let ended = kept(&work, ended);
            (ended.end, ended.tail)
        };
        let (end, tail) = of(Ends::Never, 0);
        assert!(end == RunEnd::Exited { code: 1 } && tail.ends_with("keeps no schedule\n"), "{tail}");
        assert_eq!(of(Ends::Never, 3), (RunEnd::Exited { code: 3 }, "began\n".into()));
        assert_eq!(of(Ends::Itself, 0), (RunEnd::Exited { code: 0 }, "began\n".into()));
    }
}
