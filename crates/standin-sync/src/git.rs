//! Running git: arguments only, no questions, a limit, and no secret in what is passed on of its words.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::error::SyncError;

/// More than this of git's answer is not read: the call counts as failed.
const MAX_ANSWER: u64 = 256 * 1024 * 1024;

/// So much of git's complaints is passed on.
const MAX_COMPLAINT: usize = 600;

/// What would lead git to another repository or index than the one at its working directory.
const MISLEADING: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
];

/// Nobody is there to answer, and messages are to be understood.
const SILENT: [(&str, &str); 10] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GCM_INTERACTIVE", "never"),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("GIT_EDITOR", "true"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("GIT_MERGE_AUTOEDIT", "no"),
    ("GIT_PAGER", "cat"),
    ("GIT_ADVICE", "0"),
    ("LC_ALL", "C"),
    // A file that was looked at and is unchanged is to be noted so: a reset would write it anew.
    ("GIT_OPTIONAL_LOCKS", "1"),
];

/// Whose name stands on commits where git knows none.
const NOBODY: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "standin"),
    ("GIT_AUTHOR_EMAIL", "standin@localhost"),
    ("GIT_COMMITTER_NAME", "standin"),
    ("GIT_COMMITTER_EMAIL", "standin@localhost"),
];

/// Git in one checkout.
#[derive(Debug)]
pub(crate) struct Git {
    root: PathBuf,
    dir: PathBuf,
    env: Vec<(&'static str, OsString)>,
    limit: Duration,
}

/// What a call came to.
pub(crate) struct Answer {
    pub(crate) success: bool,
    pub(crate) out: Vec<u8>,
    /// Its complaints, without secrets.
    pub(crate) said: String,
}

impl Git {
    /// Git in the checkout that `path` is in.
    pub(crate) fn at(path: &Path, limit: Duration) -> Result<Self, SyncError> {
        let mut git = Self { root: path.to_owned(), dir: path.to_owned(), env: Vec::new(), limit };
        let no_checkout = |why: String| SyncError::NoCheckout { path: path.to_owned(), why };
        let answer = git.ask(&["rev-parse", "--show-toplevel"])?;
        if !answer.success {
            return Err(no_checkout(answer.said));
        }
        git.root = path_of(&answer.out);
        git.dir = path_of(&git.run(&["rev-parse", "--absolute-git-dir"])?);
        let own_ssh = ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| std::env::var_os(name).is_some())
            || git.ask(&["config", "--get", "core.sshCommand"])?.success;
        if !own_ssh {
            git.env.push(("GIT_SSH_COMMAND", "ssh -oBatchMode=yes".into()));
        }
        if !git.ask(&["var", "GIT_COMMITTER_IDENT"])?.success {
            git.env.extend(NOBODY.map(|(name, value)| (name, value.into())));
        }
        Ok(git)
    }

    /// The same with another index, so that the user's stays as it is.
    pub(crate) fn with_index(&self, index: &Path) -> Self {
        let mut env = self.env.clone();
        env.push(("GIT_INDEX_FILE", index.as_os_str().to_owned()));
        Self { root: self.root.clone(), dir: self.dir.clone(), env, limit: self.limit }
    }

    /// The root of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The checkout's own folder of git.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its answer, also when it refuses.
    pub(crate) fn ask(&self, args: &[&str]) -> Result<Answer, SyncError> {
        self.call(&args.iter().map(OsStr::new).collect::<Vec<_>>(), Vec::new())
    }

    /// What it prints; a refusal is an error.
    pub(crate) fn run(&self, args: &[&str]) -> Result<Vec<u8>, SyncError> {
        self.fed(args, Vec::new())
    }

    /// The same, with something on its standard input.
    pub(crate) fn fed(&self, args: &[&str], input: Vec<u8>) -> Result<Vec<u8>, SyncError> {
        let answer = self.call(&args.iter().map(OsStr::new).collect::<Vec<_>>(), input)?;
        if answer.success {
            return Ok(answer.out);
        }
        Err(SyncError::Git { what: name(args), why: answer.said })
    }

    /// One line.
    pub(crate) fn line(&self, args: &[&str]) -> Result<String, SyncError> {
        Ok(String::from_utf8_lossy(&self.run(args)?).trim_end().to_owned())
    }

    /// Paths that end with a zero byte.
    pub(crate) fn paths(&self, args: &[&str]) -> Result<Vec<PathBuf>, SyncError> {
        Ok(zero_ended(&self.run(args)?).map(|path| PathBuf::from(OsStr::from_bytes(path))).collect())
    }

    pub(crate) fn call(&self, args: &[&OsStr], input: Vec<u8>) -> Result<Answer, SyncError> {
        let mut command = Command::new("git");
        // What somebody set for commands by hand must not change what these do.
        command.args(["-c", "submodule.recurse=false", "-c", "core.quotePath=false", "-c", "gc.auto=0"]);
        command.args(["-c", "core.fsmonitor=false", "-c", "core.ignoreStat=false"]);
        command.args(["-c", "log.showSignature=false"]);
        command.args(args).current_dir(&self.root);
        for name in MISLEADING {
            command.env_remove(name);
        }
        command.envs(SILENT).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn().map_err(SyncError::NoGit)?;
        self.wait(child, input, args)
    }

    fn wait(&self, mut child: Child, input: Vec<u8>, args: &[&OsStr]) -> Result<Answer, SyncError> {
        let until = Instant::now() + self.limit;
        if let Some(mut pipe) = child.stdin.take() {
            // Whoever does not read it to its end says so by its exit status.
            std::thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let out = reader(child.stdout.take());
        let said = reader(child.stderr.take());
        let read = |from: &mpsc::Receiver<Vec<u8>>| {
            from.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
        };
        let (Some(out), Some(said)) = (read(&out), read(&said)) else {
            if let Ok(pid) = i32::try_from(child.id()) {
                // Git's helpers are in its group; one that is gone already is what was wanted.
                let _gone = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
            let _status = child.wait();
            let what = name(&args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect::<Vec<_>>());
            return Err(SyncError::TooLong { what, seconds: self.limit.as_secs() });
        };
        let status = child.wait().map_err(SyncError::NoGit)?;
        let complete = (out.len() as u64) < MAX_ANSWER;
        let said = complaint(&String::from_utf8_lossy(&said));
        Ok(Answer { success: status.success() && complete, out, said })
    }
}

/// Reads a pipe to its end beside the caller.
fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (to, from) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read until an error is what there is.
            let _read = pipe.take(MAX_ANSWER).read_to_end(&mut bytes);
        }
        drop(to.send(bytes));
    });
    from
}

/// Which of git's commands it is: what is set for one call stands before it.
fn name(args: &[&str]) -> String {
    let mut rest = args;
    while let ["-c", _, after @ ..] = rest {
        rest = after;
    }
    rest.first().copied().unwrap_or_default().to_owned()
}

fn path_of(line: &[u8]) -> PathBuf {
    OsString::from_vec(line.strip_suffix(b"\n").unwrap_or(line).to_vec()).into()
}

/// The parts before each zero byte.
pub(crate) fn zero_ended(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty())
}

/// A name as it can be printed.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// Git's words in one line, without its hints and without who may log in where.
fn complaint(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
    let words = lines.collect::<Vec<_>>().join("; ");
    let mut told = String::new();
    let mut rest = words.as_str();
    while let Some((before, after)) = rest.split_once("://") {
        told.push_str(before);
        told.push_str("://");
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '\'').unwrap_or(after.len());
        let (host, path) = after.split_at_checked(end).unwrap_or((after, ""));
        told.push_str(host.rsplit('@').next().unwrap_or_default());
        rest = path;
    }
    told.push_str(rest);
    let cut: String = told.chars().filter(|c| !c.is_control()).take(MAX_COMPLAINT).collect();
    if cut.is_empty() { "it did not say why".to_owned() } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_named_by_its_command() {
        assert_eq!(name(&["-c", "a=b", "-c", "c=d", "rebase", "-c"]), "rebase");
        assert_eq!(name(&["fetch"]), "fetch");
        assert_eq!(name(&["-c", "a=b"]), "");
    }

    #[test]
    fn what_git_says_is_passed_on_without_who_may_log_in() {
        let said = "fatal: unable to access 'https://joe:s3cret@example.org/a/b.git/': Could not resolve\nhint: try\n";
        assert_eq!(
            complaint(said),
            "fatal: unable to access 'https://example.org/a/b.git/': Could not resolve"
        );
        assert_eq!(complaint("https://s3cret@h and http://x:y@z/p"), "https://h and http://z/p");
        assert_eq!(complaint(" \n"), "it did not say why");
    }
}
