//! Reading the log files back: the last lines, and what comes after them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::Part;
use super::files::{Name, Packed, list};

/// Most lines that [`tail`] gives.
pub const MAX_TAIL_LINES: usize = 10_000;

/// Most bytes that are read of one file, unpacked: ten times what it is rotated at.
const MAX_FILE_BYTES: u64 = 100_000_000;

/// Most bytes that one [`Follow::poll`] reads of a file; the rest comes with the next.
const MAX_POLL_BYTES: u64 = 4 << 20;

/// One line of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The part whose file it is from.
    pub part: Part,
    /// The line as it was written: one JSON object, without its newline.
    pub json: String,
}

impl LogLine {
    /// When it was written, as text that sorts by time; empty when the line is not one of ours.
    fn timestamp(&self) -> &str {
        let written = self.json.strip_prefix("{\"timestamp\":\"");
        written.and_then(|rest| rest.split('"').next()).unwrap_or("")
    }
}

/// Time, level, part, message and fields, for people. Control characters are shown as escapes.
impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(Value::Object(mut fields)) = serde_json::from_str(&self.json) else {
            return write!(f, "{}", self.json.escape_debug());
        };
        let mut take = |key: &str| match fields.remove(key) {
            Some(Value::String(text)) => text,
            Some(value) => value.to_string(),
            None => String::new(),
        };
        let (time, level, message) = (take("timestamp"), take("level"), take("message"));
        let second = time.get(..19).unwrap_or(&time);
        fields.remove("target");
        write!(f, "{second}Z {level:>5} {:<8} {}", self.part, shown(&message))?;
        for (key, value) in fields {
            match value {
                Value::String(text) => write!(f, " {key}={}", shown(&text))?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    write!(f, " {key}={value}")?;
                }
            }
        }
        Ok(())
    }
}

/// The text without what a terminal would obey; line breaks stay, set in.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match c {
            '\n' => out.push_str("\n    "),
            '\t' => out.push(c),
            c if c.is_control() => out.extend(c.escape_debug()),
            c => out.push(c),
        }
    }
    out
}

/// The last `lines` lines, of one part or of all of them in the order of time; at most [`MAX_TAIL_LINES`].
///
/// A folder that is not there has no lines; a file that cannot be read, or vanishes meanwhile, is left out.
pub fn tail(dir: &Path, part: Option<Part>, lines: usize) -> Vec<LogLine> {
    let most = lines.min(MAX_TAIL_LINES);
    let names = list(dir);
    let mut found: Vec<LogLine> = Vec::new();
    for part in Part::ALL.into_iter().filter(|p| part.is_none_or(|wanted| wanted == *p)) {
        let mut of_part = VecDeque::new();
        for name in names.iter().rev().filter(|n| n.part == part) {
            let missing = most.saturating_sub(of_part.len());
            if missing == 0 {
                break;
            }
            for json in last_lines(dir, name, missing).into_iter().rev() {
                of_part.push_front(LogLine { part, json });
            }
        }
        found.extend(of_part);
    }
    found.sort_by(|a, b| a.timestamp().cmp(b.timestamp()));
    found.split_off(found.len().saturating_sub(most))
}

/// The last lines of one file.
fn last_lines(dir: &Path, name: &Name, most: usize) -> VecDeque<String> {
    let mut kept = VecDeque::new();
    let Ok(file) = File::open(name.path(dir)) else { return kept };
    let reader: Box<dyn Read> = match name.packed {
        Packed::No => Box::new(file),
        Packed::Gzip => Box::new(MultiGzDecoder::new(file)),
    };
    for line in BufReader::new(reader.take(MAX_FILE_BYTES)).lines().map_while(Result::ok) {
        if kept.len() == most {
            kept.pop_front();
        }
        kept.push_back(line);
    }
    kept
}

/// Lines that are written from now on, across rotations and days.
#[derive(Debug)]
pub struct Follow {
    dir: PathBuf,
    part: Option<Part>,
    files: BTreeMap<Part, Followed>,
}

#[derive(Debug)]
struct Followed {
    file: File,
    inode: u64,
    /// A line whose end is not written yet.
    rest: Vec<u8>,
}

impl Follow {
    /// Begins after what is written now.
    pub fn new(dir: &Path, part: Option<Part>) -> Self {
        let mut follow = Self { dir: dir.to_owned(), part, files: BTreeMap::new() };
        for (part, path) in follow.current() {
            if let Ok(mut followed) = Followed::open(&path)
                && followed.file.seek(SeekFrom::End(0)).is_ok()
            {
                follow.files.insert(part, followed);
            }
        }
        follow
    }

    /// The lines that have come since the last call. Never waits: the caller asks again a few times a second.
    pub fn poll(&mut self) -> Vec<LogLine> {
        let mut lines = Vec::new();
        for (part, path) in self.current() {
            let inode = std::fs::metadata(&path).map(|m| m.ino());
            let followed = self.files.get_mut(&part);
            let same = followed.as_ref().is_some_and(|f| inode.as_ref().is_ok_and(|inode| *inode == f.inode));
            // Whoever writes moves on only when the file is complete, so it is read to its end after the look above.
            let more = followed.is_some_and(|f| f.read(part, &mut lines));
            if same || more {
                continue;
            }
            if let Ok(mut next) = Followed::open(&path) {
                next.read(part, &mut lines);
                self.files.insert(part, next);
            }
        }
        lines.sort_by(|a, b| a.timestamp().cmp(b.timestamp()));
        lines
    }

    /// The file of each wanted part that is written now.
    fn current(&self) -> BTreeMap<Part, PathBuf> {
        list(&self.dir)
            .iter()
            .filter(|n| n.packed == Packed::No && n.number == u32::MAX)
            .filter(|n| self.part.is_none_or(|wanted| wanted == n.part))
            // The newest day comes last, and stays.
            .map(|n| (n.part, n.path(&self.dir)))
            .collect()
    }
}

impl Followed {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let inode = file.metadata()?.ino();
        Ok(Self { file, inode, rest: Vec::new() })
    }

    /// Reads what is new; whether there may be more.
    fn read(&mut self, part: Part, lines: &mut Vec<LogLine>) -> bool {
        let read = (&mut self.file).take(MAX_POLL_BYTES).read_to_end(&mut self.rest).unwrap_or(0);
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let json = String::from_utf8_lossy(&line).trim_end().to_owned();
            lines.push(LogLine { part, json });
        }
        read as u64 == MAX_POLL_BYTES
    }
}
