//! The agent under PM2: each watches the other.

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use standin_agent::state_dir::{StateDir, write_whole};
use standin_config::CommandSpec;
use standin_core::ident::AutomationId;
use standin_platforms::pm2::{HostError, HostedAgent, PASSED_ON, Pm2, Unhosted, hosted_name};

use crate::commands::parts;
use crate::exit::Failure;
use crate::project::{Project, Root};

/// How long an agent that PM2 has started may take until it can be asked.
const START: Duration = Duration::from_secs(30);
/// How often that is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How much of what a failing agent has said is read.
const MAX_SAID_BYTES: u64 = 64 << 10;

/// Lets PM2 host the agent of this repository, adds it to PM2's saved list, and waits until the agent can be asked. One
/// that fails is taken out again. Gives PM2's name for it.
pub(crate) async fn host(project: &Project, start: bool) -> Result<String, Failure> {
    let root = &project.root;
    root.state.create().map_err(Failure::io(format!("{} cannot be made", root.state.root().display())))?;
    let name = hosted_name(&root.path);
    let mut args = vec!["up".to_owned(), root.path.to_string_lossy().into_owned()];
    args.extend(["--hosted-as".to_owned(), name.clone()]);
    if start {
        args.push("--start".to_owned());
    }
    let app = HostedAgent {
        name: name.clone(),
        exe: write_launcher(root)?,
        args,
        cwd: root.path.clone(),
        out_log: log(&root.state, "pm2-out"),
        err_log: log(&root.state, "pm2-err"),
        env: pointers(project),
    };
    let pm2 = parts::pm2_of(root, &project.settings, String::new(), None);
    host_app(&pm2, &root.state, app).await?;
    Ok(name)
}

async fn host_app(pm2: &Pm2, state: &StateDir, app: HostedAgent) -> Result<(), Failure> {
    let said_before = std::fs::metadata(&app.err_log).map_or(0, |file| file.len());
    pm2.host_agent(app.clone()).await.map_err(|error| failure(&error))?;
    let Err(why) = wait_until_ready(pm2, state, &app).await else { return Ok(()) };
    let said = std::fs::File::open(&app.err_log).ok().and_then(|log| first_error(log, said_before));
    let why = said.unwrap_or(why);
    let left = match pm2.unhost_agent(&app.name, &app.exe, &app.cwd).await {
        Ok(Unhosted::Released | Unhosted::NotThere) => "PM2 no longer hosts it".to_owned(),
        Err(error) => format!("it is still in PM2's list: {error}"),
    };
    Err(Failure::Platform(format!("{why}; see {}; {left}", app.err_log.display())))
}

/// Waits until the process that PM2 lists can be asked; says why it cannot.
async fn wait_until_ready(pm2: &Pm2, state: &StateDir, app: &HostedAgent) -> Result<(), String> {
    let deadline = Instant::now() + START;
    loop {
        let listed = pm2.hosted_agent(&app.name, &app.cwd).await.map_err(|error| error.to_string())?;
        let Some(process) = listed else { return Err("PM2 does not list the agent".to_owned()) };
        if process.restarts > 0 {
            return Err("the agent ended right after its start".to_owned());
        }
        let file = state.read_agent_file();
        if file.is_some_and(|file| Some(file.pid) == process.pid) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("the agent could not be asked within {} s", START.as_secs()));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The first error that an agent has written to its log beyond this many bytes.
fn first_error(mut log: impl Read + Seek, beyond: u64) -> Option<String> {
    log.seek(SeekFrom::Start(beyond)).ok()?;
    let mut said = Vec::new();
    log.take(MAX_SAID_BYTES).read_to_end(&mut said).ok()?;
    let said = String::from_utf8_lossy(&said);
    said.lines().find_map(|line| line.strip_prefix("error: ")).map(ToOwned::to_owned)
}

/// Takes the agent out of PM2 and out of its saved list; PM2 ends it first.
pub(crate) async fn release(root: &Root, name: &str) -> Result<Unhosted, Failure> {
    let pm2 = parts::pm2_of(root, &root.settings()?, String::new(), None);
    pm2.unhost_agent(name, &launcher(root), &root.path).await.map_err(|error| failure(&error))
}

/// The same for an agent that has not left word that PM2 hosts it, such as one that fails at each start. A PM2 that
/// cannot be asked then is worth a warning and no more: mostly it hosts none.
pub(crate) async fn release_silent(root: &Root) -> Result<Unhosted, Failure> {
    // Wrong settings are a reason for an agent to fail at each start; without them PM2 is where it is for everybody.
    let settings = root.settings().unwrap_or_default();
    let pm2 = parts::pm2_of(root, &settings, String::new(), None);
    let released = pm2.unhost_agent(&hosted_name(&root.path), &launcher(root), &root.path).await;
    Ok(released.unwrap_or_else(|error| {
        eprintln!("warning: whether PM2 hosts an agent of this repository is not known: {error}");
        Unhosted::NotThere
    }))
}

fn failure(error: &HostError) -> Failure {
    Failure::Platform(error.to_string())
}

/// Where PM2 is must be the same for the agent as for this command; nothing else is passed on, since PM2 stores it.
fn pointers(project: &Project) -> Vec<(String, String)> {
    let home = parts::pm2_home(&project.root, &project.settings);
    let mut list = vec![("PM2_HOME".to_owned(), home.to_string_lossy().into_owned())];
    if let Ok(binary) = std::env::var("STANDIN_PM2") {
        list.push(("STANDIN_PM2".to_owned(), binary));
    }
    list
}

/// What an agent under PM2 will miss, one line for each automation: its environment is what PM2 stores.
pub(crate) fn missing_variables(project: &Project) -> Vec<String> {
    let passed = pointers(project).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let passes = |name: &String| PASSED_ON.contains(&name.as_str()) || passed.contains(name);
    project.resolved.commands.iter().filter_map(|(id, spec)| missing_for(id, spec, passes)).collect()
}

fn missing_for(id: &AutomationId, spec: &CommandSpec, passes: impl Fn(&String) -> bool) -> Option<String> {
    let names: Vec<&str> = spec.env_from.iter().filter(|name| !passes(name)).map(String::as_str).collect();
    if names.is_empty() {
        return None;
    }
    Some(format!(
        "{id} gets {} by `env_from`, which an agent under PM2 does not have, so that each of its runs will fail: let \
         the command read it from a file, or run the agent with `standin up --detach`",
        names.join(", ")
    ))
}

fn log(state: &StateDir, name: &str) -> std::path::PathBuf {
    state.logs().join(format!("{name}.log"))
}

/// What PM2 starts: it belongs to the repository, so that it is known again whichever binary asks, and its name has no
/// blank, which PM2 would take for the end of a command's name.
fn launcher(root: &Root) -> std::path::PathBuf {
    root.state.root().join("agent.sh")
}

/// Has the launcher become this program.
fn write_launcher(root: &Root) -> Result<std::path::PathBuf, Failure> {
    let (path, program) = (launcher(root), this_program()?);
    let quoted = program.to_string_lossy().replace('\'', r"'\''");
    let script = format!("#!/bin/sh\nexec '{quoted}' \"$@\"\n");
    let own = || std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700));
    let what = format!("{} cannot be written", path.display());
    write_whole(&path, script.as_bytes()).and_then(|()| own()).map_err(Failure::io(what))?;
    Ok(path)
}

/// The path of this program.
pub(crate) fn this_program() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe().map_err(Failure::io("the path of this program is not known"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Cursor;

    use standin_core::ident::Kind;

    #[test]
    fn the_first_error_of_this_start_is_found_and_none_of_an_earlier_one() {
        let earlier = "error: an old one\n";
        let log = format!("{earlier}warning: x\nerror: the port is taken\nerror: later\n");
        let found = first_error(Cursor::new(&log), earlier.len() as u64);
        assert_eq!(found.unwrap(), "the port is taken");
        assert_eq!(first_error(Cursor::new(&log), 10_000), None, "it was emptied meanwhile");
    }

    #[test]
    fn variables_that_pm2_does_not_pass_on_are_named() {
        let id = AutomationId::new(Kind::Command, "backup").unwrap();
        let spec = |names: &[&str]| CommandSpec {
            command: "true".to_owned(),
            dir: "/".to_owned(),
            env: std::collections::BTreeMap::new(),
            env_from: names.iter().map(|name| (*name).to_owned()).collect(),
            time_limit: Duration::from_secs(1),
        };
        let passes = |name: &String| name == "HOME";
        let said = missing_for(&id, &spec(&["TOKEN", "HOME", "KEY"]), passes).unwrap();
        assert!(said.starts_with("command:backup gets TOKEN, KEY by `env_from`"), "{said}");
        assert_eq!(missing_for(&id, &spec(&["HOME"]), passes), None);
    }
}
