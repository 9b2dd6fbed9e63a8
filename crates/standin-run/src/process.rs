//! Running: a process group with a limit, its output passed on without secrets, and nothing of it left when it is stopped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use standin_core::run::RunEnd;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::mask::Masks;
use crate::prepare::Ready;

mod reason;
pub use reason::reason;

/// How long a run that is asked to end is given.
pub const TERM_GRACE: Duration = Duration::from_secs(10);

/// How long output is still awaited when the run has ended: what it left behind may hold its pipes open.
const DRAIN: Duration = Duration::from_secs(1);

/// A longer line is passed on in pieces.
const MAX_LINE: usize = 64 * 1024;

/// So much of the end of the output is kept.
pub const MAX_TAIL: usize = 10_000;

/// Most processes that are followed when a run is stopped.
const MAX_PROCESSES: usize = 10_000;

/// Which of its two streams a line is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub end: RunEnd,
    /// How long it took.
    pub took: Duration,
    /// The end of its output, both streams as they came, without secrets.
    pub tail: String,
}

/// What shows that a run did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Its exit status.
    Status,
    /// A job of `act` that came to its end: it ends well also where every job was skipped.
    Jobs,
}

/// What `act` has said of its jobs.
#[derive(Debug, Default)]
struct Jobs {
    ended: usize,
    without_runner: usize,
}

impl Jobs {
    fn hear(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        // What a step prints stands behind a bar.
        let own = line.split("]   | ").next().unwrap_or_default();
        if own.len() < line.len() {
            return;
        }
        self.ended += usize::from(own.contains("🏁  Job "));
        self.without_runner += usize::from(own.contains("Skipping unsupported platform"));
    }

    /// Why an end that looks good is none.
    fn lacking(&self) -> Option<&'static str> {
        if self.without_runner > 0 {
            Some("standin: a job was not run: nothing here has the label that it asks for\n")
        } else if self.ended == 0 {
            Some("standin: no job ran: the condition of each (`if`) was false here, or what it needs was\n")
        } else {
            None
        }
    }
}

/// Runs it until it ends, until `limit` is over or until `stop` resolves. Each line of output goes to `to`, without
/// secrets. Must be called within a Tokio runtime with time.
pub async fn run(
    ready: Ready,
    limit: Duration,
    stop: impl Future<Output = ()>,
    mut to: impl FnMut(Stream, &[u8]),
) -> Ended {
    let began = Instant::now();
    let mut tail = Tail::default();
    let Ready { program, args, dir, env, input, masks, folder, proof, .. } = ready;
    let mut command = Command::new(&program);
    command.args(args).current_dir(dir).env_clear().envs(env.0);
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let why = format!("{} cannot be started: {error}", program.display());
            return Ended { end: RunEnd::NotStarted { why }, took: began.elapsed(), tail: String::new() };
        }
    };
    if let Some(mut pipe) = child.stdin.take() {
        tokio::spawn(async move { drop(pipe.write_all(&input).await) });
    }
    let mut lines = lines(&mut child, masks);
    let mut jobs = Jobs::default();
    let mut print = |(stream, line): (Stream, Vec<u8>)| {
        jobs.hear(&line);
        tail.add(&line);
        to(stream, &line);
    };
    tokio::pin!(stop);
    let until = tokio::time::sleep(limit);
    tokio::pin!(until);
    let end = loop {
        tokio::select! {
            Some(line) = lines.recv() => print(line),
            status = child.wait() => break end_of(status.ok()),
            () = &mut until => {
                end(&mut child, &mut lines, &mut print).await;
                break RunEnd::TimedOut;
            }
            () = &mut stop => {
                end(&mut child, &mut lines, &mut print).await;
                break RunEnd::Killed { signal: Signal::SIGTERM.as_str().into() };
            }
        }
    };
    let took = began.elapsed();
    while let Ok(Some(line)) = timeout(DRAIN, lines.recv()).await {
        print(line);
    }
    drop(folder);
    let end = match (proof, jobs.lacking()) {
        (Proof::Jobs, Some(why)) if end.is_success() => {
            tail.add(why.as_bytes());
            to(Stream::Err, why.as_bytes());
            RunEnd::Exited { code: 1 }
        }
        (Proof::Jobs | Proof::Status, _) => end,
    };
    Ended { end, took, tail: tail.text() }
}

/// Both streams, line by line.
fn lines(child: &mut Child, masks: Masks) -> mpsc::Receiver<(Stream, Vec<u8>)> {
    let (to, from) = mpsc::channel(256);
    let masks = std::sync::Arc::new(masks);
    if let Some(out) = child.stdout.take() {
        tokio::spawn(pass_on(out, Stream::Out, to.clone(), masks.clone()));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(pass_on(err, Stream::Err, to, masks));
    }
    from
}

async fn pass_on(
    from: impl AsyncRead + Unpin,
    stream: Stream,
    to: mpsc::Sender<(Stream, Vec<u8>)>,
    masks: std::sync::Arc<Masks>,
) {
    let mut from = BufReader::with_capacity(MAX_LINE, from);
    while let Some(line) = next_line(&mut from).await {
        if to.send((stream, masks.masked(line))).await.is_err() {
            return;
        }
    }
}

/// A line with its end, or the next piece of one that is longer than [`MAX_LINE`].
async fn next_line(from: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while line.len() < MAX_LINE {
        let (taken, is_whole) = {
            let bytes = from.fill_buf().await.ok()?;
            if bytes.is_empty() {
                break;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(bytes.len()).min(MAX_LINE.saturating_sub(line.len()));
            line.extend_from_slice(bytes.get(..taken).unwrap_or_default());
            (taken, end == Some(taken))
        };
        from.consume(taken);
        if is_whole {
            break;
        }
    }
    (!line.is_empty()).then_some(line)
}

/// Asks everything of the run to end, and ends what has not after a while.
///
/// What a run starts may be in groups of its own (the steps of `act` are), so those are found by who started them, while
/// they still have somebody above them who is known.
async fn end(
    child: &mut Child,
    lines: &mut mpsc::Receiver<(Stream, Vec<u8>)>,
    print: &mut impl FnMut((Stream, Vec<u8>)),
) {
    let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()) else { return };
    let mut family = descendants(pid);
    // A group that is empty by now is what was wanted; so it is below.
    let _gone = killpg(Pid::from_raw(pid), Signal::SIGTERM);
    let gone = async {
        loop {
            tokio::select! {
                Some(line) = lines.recv() => print(line),
                _ = child.wait() => return,
            }
        }
    };
    let _in_time = timeout(TERM_GRACE, gone).await;
    family.extend(descendants(pid));
    let _gone = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    for (pid, start) in family {
        if start_of(pid) == Some(start) {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
    let _status = child.wait().await;
}

/// The processes below this one, each with the time of its start: a number alone may be somebody else's a moment later.
fn descendants(of: i32) -> BTreeMap<i32, u64> {
    let mut all: BTreeMap<i32, (i32, u64)> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten().take(MAX_PROCESSES) {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some((pid, (parent, start))) = pid.and_then(|pid| Some((pid, stat(pid)?))) {
            all.insert(pid, (parent, start));
        }
    }
    let mut family = BTreeSet::from([of]);
    let mut open = VecDeque::from([of]);
    while let Some(next) = open.pop_front() {
        for (pid, _) in all.iter().filter(|(_, (parent, _))| *parent == next) {
            if family.insert(*pid) {
                open.push_back(*pid);
            }
        }
    }
    family.remove(&of);
    all.into_iter().filter(|(pid, _)| family.contains(pid)).map(|(pid, (_, start))| (pid, start)).collect()
}

fn start_of(pid: i32) -> Option<u64> {
    stat(pid).map(|(_, start)| start)
}

/// A process's parent and when it started, in ticks since the machine did.
fn stat(pid: i32) -> Option<(i32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
}

fn end_of(status: Option<ExitStatus>) -> RunEnd {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => RunEnd::Exited { code },
        Some((None, Some(number))) => {
            let name =
                Signal::try_from(number).map_or_else(|_| number.to_string(), |s| s.as_str().to_owned());
            RunEnd::Killed { signal: name }
        }
        Some((None, None)) | None => RunEnd::Lost,
    }
}

/// The end of an output.
#[derive(Default)]
struct Tail {
    bytes: VecDeque<u8>,
}

impl Tail {
    fn add(&mut self, line: &[u8]) {
        self.bytes.extend(line);
        let over = self.bytes.len().saturating_sub(MAX_TAIL);
        self.bytes.drain(..over);
    }

    fn text(self) -> String {
        String::from_utf8_lossy(&Vec::from(self.bytes)).into_owned()
    }
}

#[cfg(test)]
mod tests;
