//! The queue and the thread behind it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use jiff::Timestamp;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::files::Files;
use super::{Part, redact};

/// A longer line is left out, and said to be.
pub const MAX_LINE_BYTES: usize = 65_536;

/// Lines that wait for the disk, in bytes of all of them together.
pub const MAX_QUEUED_BYTES: usize = 1 << 20;

/// Lines that wait for the disk.
const MAX_QUEUED_LINES: usize = 1_024;

enum Message {
    Line(Part, Box<str>),
    /// Writes what came before, and ends.
    End,
}

/// What the writers and the thread share.
#[derive(Debug, Default)]
struct Shared {
    queued_bytes: AtomicUsize,
    dropped: AtomicU64,
}

/// Where lines are handed in.
#[derive(Clone)]
pub(super) struct Queue {
    sender: SyncSender<Message>,
    shared: Arc<Shared>,
}

impl Queue {
    fn new() -> (Self, Receiver<Message>) {
        let (sender, receiver) = sync_channel(MAX_QUEUED_LINES);
        (Self { sender, shared: Arc::new(Shared::default()) }, receiver)
    }

    /// Whether a line of this size would be dropped anyway. It saves the work of preparing it during a flood.
    fn is_full_for(&self, size: usize) -> bool {
        self.shared.queued_bytes.load(Ordering::Relaxed) + size > MAX_QUEUED_BYTES
    }

    /// Hands in a line, or counts it as dropped. Never waits.
    fn push(&self, part: Part, line: Box<str>) {
        let size = line.len();
        let before = self.shared.queued_bytes.fetch_add(size, Ordering::Relaxed);
        let full =
            before + size > MAX_QUEUED_BYTES || self.sender.try_send(Message::Line(part, line)).is_err();
        if full {
            self.shared.queued_bytes.fetch_sub(size, Ordering::Relaxed);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Keeps the logs going. When it is dropped, what is in the queue is written and the thread ends.
#[derive(Debug)]
pub struct LogGuard {
    sender: SyncSender<Message>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl LogGuard {
    /// How many lines were dropped so far and are not yet said to be.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        // Only a thread that has ended already does not take it.
        if self.sender.send(Message::End).is_ok()
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}

/// Starts the thread.
pub(super) fn start(files: Files) -> io::Result<(LogGuard, Queue)> {
    let (queue, receiver) = Queue::new();
    let Queue { sender, shared } = queue.clone();
    let of_thread = Arc::clone(&shared);
    let write = move || write_all(files, &receiver, &of_thread);
    let thread = std::thread::Builder::new().name("standin-logs".into()).spawn(write)?;
    Ok((LogGuard { sender, shared, thread: Some(thread) }, queue))
}

fn write_all(mut files: Files, receiver: &Receiver<Message>, shared: &Shared) {
    files.tidy(Timestamp::now());
    // Ends with the guard, or when nobody is left who could log.
    while let Ok(Message::Line(part, line)) = receiver.recv() {
        let now = Timestamp::now();
        if files.write(part, &line, now).is_err() {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        shared.queued_bytes.fetch_sub(line.len(), Ordering::Relaxed);
        say_dropped(&mut files, shared, now);
    }
    say_dropped(&mut files, shared, Timestamp::now());
}

/// Logs how many lines were dropped since it was last logged.
fn say_dropped(files: &mut Files, shared: &Shared, now: Timestamp) {
    let dropped = shared.dropped.load(Ordering::Relaxed);
    if dropped == 0 {
        return;
    }
    let line = format!(
        "{{\"timestamp\":\"{now:.6}\",\"level\":\"WARN\",\"message\":\"{dropped} log lines were dropped: the disk was too slow or full\",\"target\":\"agent\"}}\n"
    );
    if files.write(Part::Agent, &line, now).is_ok() {
        shared.dropped.fetch_sub(dropped, Ordering::Relaxed);
    }
}

/// Gives the formatter a buffer for each line of the files.
pub(super) struct FileLines(pub(super) Queue);

impl<'a> MakeWriter<'a> for FileLines {
    type Writer = FileLine<'a>;

    fn make_writer(&'a self) -> FileLine<'a> {
        FileLine { queue: &self.0, part: Part::Other, text: Vec::new() }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> FileLine<'a> {
        FileLine { queue: &self.0, part: Part::of_target(metadata.target()), text: Vec::new() }
    }
}

/// One line on its way to a file.
pub(super) struct FileLine<'a> {
    queue: &'a Queue,
    part: Part,
    text: Vec<u8>,
}

impl Write for FileLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for FileLine<'_> {
    fn drop(&mut self) {
        let size = self.text.len();
        if self.queue.is_full_for(size) {
            self.queue.shared.dropped.fetch_add(1, Ordering::Relaxed);
        } else if size > MAX_LINE_BYTES {
            let now = Timestamp::now();
            let line = format!(
                "{{\"timestamp\":\"{now:.6}\",\"level\":\"WARN\",\"message\":\"a log line of {size} bytes is left out\",\"target\":\"{}\"}}\n",
                self.part
            );
            self.queue.push(self.part, line.into());
        } else if let Ok(text) = std::str::from_utf8(&self.text)
            && !text.is_empty()
        {
            self.queue.push(self.part, redact(text).into());
        }
    }
}

/// Gives the formatter a buffer for each line of the terminal.
pub(super) struct TerminalLines;

impl MakeWriter<'_> for TerminalLines {
    type Writer = TerminalLine;

    fn make_writer(&self) -> TerminalLine {
        TerminalLine(Vec::new())
    }
}

/// One line on its way to standard error.
pub(super) struct TerminalLine(Vec<u8>);

impl Write for TerminalLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for TerminalLine {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.0);
        // A terminal that is closed is no reason to stop.
        let _ = io::stderr().write_all(redact(&text).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::tail;
    use super::*;

    #[test]
    fn a_flood_is_bounded_and_what_it_drops_is_said() {
        let dir = tempfile::TempDir::new().unwrap();
        let (queue, receiver) = Queue::new();
        // Nobody writes yet, as when the disk hangs.
        let size = MAX_QUEUED_BYTES / 16;
        for _ in 0..20 {
            queue.push(Part::Runs, ("x".repeat(size - 1) + "\n").into());
        }
        assert_eq!(queue.shared.queued_bytes.load(Ordering::Relaxed), MAX_QUEUED_BYTES);
        queue.sender.send(Message::End).unwrap();
        write_all(Files::open(dir.path(), 30, 10_000_000).unwrap(), &receiver, &queue.shared);
        assert_eq!(tail(dir.path(), Some(Part::Runs), 100).len(), 16);
        let said = tail(dir.path(), Some(Part::Agent), 100);
        assert!(said.len() == 1 && said[0].to_string().contains("4 log lines were dropped"), "{said:?}");
        assert_eq!(queue.shared.queued_bytes.load(Ordering::Relaxed), 0);
    }
}
