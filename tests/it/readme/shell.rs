//! A shell that is told the lines of a page one by one, as a reader types them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long one line may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(150);
/// What the shell says after each line, with the line's exit code.
const END: &str = "the-line-has-ended";

pub(super) struct Shell {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
}

/// What came of one line.
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) text: String,
}

/// A folder for the PATH, with these programs under these names.
pub(super) fn programs(folder: &Path, programs: &[(&str, PathBuf)]) -> String {
    std::fs::create_dir_all(folder).unwrap();
    for (name, program) in programs {
        assert!(program.exists(), "no {}: run bin/test, which sets it up", program.display());
        symlink(program, folder.join(name)).unwrap();
    }
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// The lines of a block that are commands; one that ends with a backslash goes on in the next.
pub(super) fn lines(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    let is_command = |line: &&str| !line.is_empty() && !line.starts_with('#');
    joined.lines().map(str::trim).filter(is_command).map(str::to_owned).collect()
}

impl Shell {
    /// In this folder, with this environment and no other.
    pub(super) fn new(folder: &Path, env: &BTreeMap<&str, String>) -> Self {
        let mut child = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(folder)
            .env_clear()
            .envs(env)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"exec 2>&1\n").unwrap();
        let (to, output) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Ends with the shell, or when nobody listens any more.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if to.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, input, output }
    }

    /// Types one line, and waits until the next could be typed.
    pub(super) fn run(&mut self, line: &str) -> Said {
        // Nothing that it starts reads what is typed next.
        let typed = format!("{{ {line}\n}} </dev/null; printf '\\n%s %s\\n' {END} $?\n");
        self.input.write_all(typed.as_bytes()).unwrap();
        let (deadline, mut text) = (Instant::now() + LIMIT, String::new());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(next) = self.output.recv_timeout(left) else { panic!("`{line}` does not end: {text}") };
            if let Some(code) = next.strip_prefix(END) {
                return Said { code: code.trim().parse().unwrap(), text };
            }
            text.push_str(&next);
            text.push('\n');
        }
    }

    /// The same, and it has to end well.
    #[track_caller]
    pub(super) fn must(&mut self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(said.code, 0, "`{line}` says: {}", said.text);
        said.text
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // With what it has left in the background.
        let _gone = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
        let _ended = self.child.wait();
    }
}
