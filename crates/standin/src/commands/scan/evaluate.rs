//! `standin scan --evaluate`: runs the configurations of PM2 that cannot be read without running them, each in a process
//! of its own that knows nothing of this environment, for a bounded time and with bounded output.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use standin_discovery::Evaluated;

use crate::exit::Failure;

/// What loads a configuration.
const SCRIPT: &str = include_str!("evaluate.cjs");
/// How long one may take.
const LONGEST: Duration = Duration::from_secs(10);
/// How much one may print, its answer included.
const MOST_BYTES: u64 = 4 << 20;
/// How many are run.
const MOST_FILES: usize = 50;

/// What the script prints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    /// What the configuration exports.
    Value(serde_json::Value),
    /// Why it exports nothing.
    Error(String),
}

/// Runs these files of a repository, by their paths relative to its root.
///
/// # Errors
/// [`Failure::Usage`] where there is no Node.js. What a file does wrong is in its own answer.
pub(super) fn run(root: &Path, files: &[String]) -> Result<BTreeMap<String, Evaluated>, Failure> {
    let mut answers = BTreeMap::new();
    if files.is_empty() {
        return Ok(answers);
    }
    let node = node()?;
    for (at, file) in files.iter().enumerate() {
        let answer = if at < MOST_FILES {
            one(&node, root, file)
        } else {
            Evaluated::Failed(format!("more than {MOST_FILES} files would have to be run"))
        };
        answers.insert(file.clone(), answer);
    }
    Ok(answers)
}

/// Node.js, where `PATH` has it.
fn node() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("node")).find(|file| file.is_file());
    found.ok_or_else(|| {
        Failure::Usage("--evaluate runs configurations with Node.js, and no folder of PATH has `node`: install it, or scan without --evaluate".to_owned())
    })
}

fn one(node: &Path, root: &Path, file: &str) -> Evaluated {
    match started(node, root, file) {
        Ok((child, home, mark)) => {
            let answer = heard(child, &mark);
            drop(home);
            answer
        }
        Err(error) => Evaluated::Failed(format!("node does not start: {error}")),
    }
}

/// A process with an empty home of its own, and the mark before its answer.
fn started(node: &Path, root: &Path, file: &str) -> std::io::Result<(Child, tempfile::TempDir, String)> {
    let home = tempfile::tempdir()?;
    let mark = format!("{}:", uuid::Uuid::new_v4());
    let whole = root.join(file);
    let mut command = Command::new(node);
    command.args(["--no-warnings", "-e", SCRIPT, "--"]).arg(&whole).arg(&mark);
    command.env_clear().env("PATH", node.parent().unwrap_or(root)).env("HOME", home.path());
    command.current_dir(whole.parent().unwrap_or(root)).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Ok((command.spawn()?, home, mark))
}

/// Waits for the answer, and ends the process and whatever it has started.
fn heard(mut child: Child, mark: &str) -> Evaluated {
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let (tell, told) = mpsc::channel();
    let output = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(MOST_BYTES).read_to_end(&mut bytes));
        // Nobody listens any more where the time is over.
        let _ = tell.send((read, bytes));
    });
    let said = told.recv_timeout(LONGEST);
    if let Ok(group) = group {
        // It may be gone already.
        let _ = killpg(group, Signal::SIGKILL);
    }
    let ended = child.wait();
    drop(reader.join());
    match (said, ended) {
        (Ok((Some(Ok(_)), bytes)), Ok(_)) => answer(&bytes, mark),
        (Ok(_), _) => Evaluated::Failed("its output cannot be read".to_owned()),
        (Err(_), _) => Evaluated::Failed(format!("it had not ended after {} s", LONGEST.as_secs())),
    }
}

fn answer(bytes: &[u8], mark: &str) -> Evaluated {
    let text = String::from_utf8_lossy(bytes);
    let Some(line) = text.lines().rev().find_map(|line| line.strip_prefix(mark)) else {
        let why = match u64::try_from(bytes.len()) {
            Ok(length) if length >= MOST_BYTES => "it printed without end",
            Ok(_) | Err(_) => "it ended before it had exported anything",
        };
        return Evaluated::Failed(why.to_owned());
    };
    match serde_json::from_str(line) {
        Ok(Answer::Value(value)) => Evaluated::Said(value.to_string()),
        Ok(Answer::Error(why)) => Evaluated::Failed(why),
        Err(error) => Evaluated::Failed(format!("its answer is no JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn evaluated(text: &str) -> Evaluated {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.config.js"), text).unwrap();
        run(root.path(), &["a.config.js".to_owned()]).unwrap().remove("a.config.js").unwrap()
    }

    #[test]
    fn a_configuration_is_run_without_this_environment() {
        let text = "console.log('x'); const n = Object.keys(process.env).sort().join();
            module.exports = { apps: [{ name: n, script: __dirname.length ? 'a.js' : '', env: { KEY: 'hush' } }] };";
        let Evaluated::Said(json) = evaluated(text) else { panic!("it failed") };
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["apps"][0]["name"], "HOME,PATH");
        assert_eq!(value["apps"][0]["env"]["KEY"], "");
        assert!(!json.contains("hush"));
    }

    #[test]
    fn one_that_fails_says_why() {
        for (text, why) in [
            ("require('no-such-module')", "MODULE_NOT_FOUND"),
            ("process.exit(0)", "before it had exported"),
            ("module.exports = 1", "nothing that PM2"),
            ("throw new Error('broken\\nsecond')", "broken"),
            ("for (;;) require('fs').writeSync(1, 'x'.repeat(65536))", "without end"),
        ] {
            match evaluated(text) {
                Evaluated::Failed(said) => assert!(said.contains(why) && !said.contains("second"), "{said}"),
                Evaluated::Said(said) => panic!("{text}: {said}"),
            }
        }
    }
}
