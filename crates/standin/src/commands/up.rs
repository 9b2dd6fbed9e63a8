//! `standin up`: in the foreground, in the background, or under PM2.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use standin_agent::lock::Lock;
use standin_agent::logs::{self, LogGuard, LogOptions, Terminal};
use standin_agent::serve::{Parts, Port, serve};
use standin_agent::sources::Sources;
use standin_agent::state_dir::{AgentFile, StateDir};
use standin_agent::watcher::Ended;
use standin_config::{Listen, Settings};
use standin_core::effect::Outcome;
use standin_core::ident::{AutomationId, Kind};
use standin_core::plan::Request;
use standin_platforms::pm2::notify_ready;
use tracing::level_filters::LevelFilter;

use crate::cli::UpArgs;
use crate::commands::{block_on, host, part, parts};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// A command that only asks whether an agent runs holds the lock for less than this.
const GLANCE: Duration = Duration::from_millis(300);
/// How long an agent that PM2 starts waits for the one before it to end.
const HAND_OVER: Duration = Duration::from_secs(30);
/// How long an agent in the background may take until it can be asked.
const START: Duration = Duration::from_secs(30);
/// How often that is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Starts the agent.
pub(crate) fn up(args: UpArgs) -> Result<Exit, Failure> {
    let project = Project::load(args.path.as_deref())?;
    if args.pm2 {
        return block_on(under_pm2(project, args.start));
    }
    if args.detach { in_background(&project, args.start) } else { block_on(in_foreground(project, args)) }
}

async fn under_pm2(project: Project, start: bool) -> Result<Exit, Failure> {
    // An agent outside PM2 would hold the lock.
    drop(lock(&project.root.state, Duration::ZERO)?);
    for missing in host::missing_variables(&project) {
        eprintln!("warning: {missing}");
    }
    let name = host::host(&project, start).await?;
    output::write(&format!(
        "PM2 hosts the agent as {name}, and its saved list names it\n{}",
        next_steps(&project)
    ))?;
    Ok(Exit::Fine)
}

fn in_background(project: &Project, start: bool) -> Result<Exit, Failure> {
    let state = &project.root.state;
    drop(lock(state, Duration::ZERO)?);
    let out = state.logs().join("background.log");
    let what = format!("{} cannot be written", out.display());
    let log = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&out)
        .map_err(Failure::io(what.clone()))?;
    let err = log.try_clone().map_err(Failure::io(what))?;
    let mut command = Command::new(host::this_program()?);
    command.arg("up").arg("--background").arg(&project.root.path);
    command.stdin(Stdio::null()).stdout(log).stderr(err).process_group(0);
    if start {
        command.arg("--start");
    }
    let mut child = command.spawn().map_err(Failure::io("the agent cannot be started"))?;
    let file = wait_until_ready(state, &mut child, &out)?;
    output::write(&format!("{}{}", running(project, &file), next_steps(project)))?;
    Ok(Exit::Fine)
}

fn wait_until_ready(state: &StateDir, child: &mut Child, out: &Path) -> Result<AgentFile, Failure> {
    let deadline = Instant::now() + START;
    loop {
        if let Some(file) = state.read_agent_file().filter(|file| file.pid == child.id()) {
            return Ok(file);
        }
        let ended = child.try_wait().map_err(Failure::io("the agent cannot be watched"))?;
        if ended.is_some() || Instant::now() > deadline {
            let said = std::fs::read_to_string(out).unwrap_or_default();
            let why = said.lines().find(|l| l.starts_with("error")).unwrap_or("the agent did not start");
            return Err(Failure::Platform(format!(
                "{}; see {}",
                why.trim_start_matches("error: "),
                out.display()
            )));
        }
        std::thread::sleep(POLL);
    }
}

async fn in_foreground(project: Project, args: UpArgs) -> Result<Exit, Failure> {
    let hosted = args.hosted_as.unwrap_or_default();
    let patience = if hosted.is_empty() { GLANCE } else { HAND_OVER };
    let held = lock(&project.root.state, patience)?;
    // What is said besides the logs would grow without end in a file that nobody rotates.
    let terminal = if hosted.is_empty() && !args.background { Terminal::Text } else { Terminal::Off };
    let logs = log(&project.root.state, &project.settings, terminal)?;
    let chosen = parts::choose(&project, Some(hosted.clone()).filter(|name| !name.is_empty())).await?;
    let pm2 = Arc::clone(&chosen.pm2);
    let mesh = Box::pin(part::of_agent(&project)).await?;
    let parts = Parts {
        state: project.root.state.clone(),
        journal: chosen.journal,
        processes: chosen.pm2,
        runner: chosen.runner,
        setup: chosen.setup,
        listen: match project.settings.agent.listen {
            Listen::Default(address) => (address, Port::Preferred),
            Listen::Chosen(address) => (address, Port::Chosen),
        },
        pm2_app: hosted,
        sources: Sources::of(&project.root.path, project.files()),
        first: if args.start { start_requests(&project) } else { BTreeMap::new() },
        mesh,
        ready: Box::new(move |file| {
            let _ = output::write(&format!("{}{}", running(&project, file), next_steps(&project)));
            tokio::spawn(notify_ready());
        }),
    };
    let ended = serve(parts).await?;
    drop(held);
    let handed_over = match ended {
        Ended::Asked => Ok(Exit::Fine),
        Ended::HandOver => match pm2.rehost_agent().await {
            Outcome::Done | Outcome::NotNeeded { .. } => Ok(Exit::Fine),
            Outcome::Refused { why } | Outcome::Unknown { why } => {
                Err(Failure::Platform(format!("PM2 did not take the agent back: {why}")))
            }
        },
    };
    drop(logs);
    handed_over
}

fn lock(state: &StateDir, patience: Duration) -> Result<Lock, Failure> {
    state.create().map_err(Failure::io(format!("{} cannot be made", state.root().display())))?;
    Ok(Lock::take(&state.lock(), patience)?)
}

fn log(state: &StateDir, settings: &Settings, terminal: Terminal) -> Result<LogGuard, Failure> {
    let options = LogOptions {
        dir: state.logs(),
        level: settings.logs.level.as_str().parse().unwrap_or(LevelFilter::INFO),
        keep_days: settings.logs.keep_days,
        rotate_bytes: settings.logs.rotate_at,
        terminal,
    };
    Ok(logs::init(options)?)
}

fn start_requests(project: &Project) -> BTreeMap<AutomationId, Request> {
    let apps = project.resolved.watches.iter().filter(|w| w.id.kind() == Kind::Pm2);
    apps.map(|watch| (watch.id.clone(), Request::StartIfNew)).collect()
}

fn running(project: &Project, file: &AgentFile) -> String {
    let watched = project.resolved.watches.len();
    format!("the agent (process {}) watches {watched} automations and listens on {}\n", file.pid, file.listen)
}

fn next_steps(project: &Project) -> String {
    let path = project.root.path.display();
    format!("look: standin status {path}\nend:  standin down {path}\n")
}
