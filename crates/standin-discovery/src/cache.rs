//! What an earlier scan found, so that what has not changed since is not read again.
//!
//! A cache holds the inventory of a whole repository with everything that the scan asked the disk, and what was found in
//! each workflow by itself. When every answer would be the same the inventory is handed out as it is; when not, only the
//! workflows that have changed are parsed. What was written just before the scan began is not trusted, as it could be
//! written again before the disk's clock moves on.
//!
//! A cache is bytes: a line with the version, a checksum, and the two parts. Whoever scans keeps them wherever it likes.
//! Whatever is damaged, or of another version, is an empty cache. [`FORMAT`] grows whenever a rule or the format changes,
//! so that nothing of an older one is kept.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use standin_core::automation::{Automation, Finding, Inventory};

use crate::ScanOptions;
use crate::asked::Question;
use crate::limits::MAX_CACHE_BYTES;

mod bytes;
mod codec;
mod stamp;
mod whole;

use bytes::{Bytes, checksum, put_piece, put_text};
use codec::Kept as _;

pub(crate) use stamp::Stamp;

/// The version of the cache, and of the rules whose findings are in it.
pub const FORMAT: u32 = 6;

const NAME: &str = "standin-scan-cache";

/// What was found in one file by itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    pub(crate) automations: Vec<Automation>,
    pub(crate) findings: Vec<Finding>,
}

/// What earlier scans found. The default knows nothing, and makes a scan read everything.
#[derive(Debug, Clone)]
pub struct Cache {
    /// When the scan begins that it is used for.
    now: Duration,
    /// What was read.
    bytes: Vec<u8>,
    /// The inventory and what it rests on: where it is in what was read, or a new one, if there is any.
    whole: Whole,
    /// What was found in each file, in what was read, as long as nobody has looked.
    unread: Range<usize>,
    /// By path: the stamp, and what was found.
    files: BTreeMap<String, (Stamp, Vec<u8>)>,
    state: State,
}

/// An inventory and what it rests on.
#[derive(Debug, Clone)]
enum Whole {
    Read(Range<usize>),
    New(Vec<u8>),
}

/// Whether a cache holds something that its bytes did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    AsRead,
    Changed,
}

impl Default for Cache {
    fn default() -> Self {
        Self::new(Duration::ZERO)
    }
}

impl Cache {
    /// A cache that knows nothing, for a scan that begins `now`, which counts from 1970. Where the clock is behind that
    /// of the disk, nothing is kept.
    pub const fn new(now: Duration) -> Self {
        Self {
            now,
            bytes: Vec::new(),
            whole: Whole::Read(0..0),
            unread: 0..0,
            files: BTreeMap::new(),
            state: State::AsRead,
        }
    }

    /// Reads a cache for a scan that begins now. One that is damaged, or another version's, is empty.
    pub fn from_bytes(bytes: Vec<u8>, now: Duration) -> Self {
        let Some((whole, unread)) = parts(&bytes) else { return Self::new(now) };
        Self { bytes, whole: Whole::Read(whole), unread, ..Self::new(now) }
    }

    fn whole(&self) -> &[u8] {
        match &self.whole {
            Whole::Read(range) => self.bytes.get(range.clone()).unwrap_or_default(),
            Whole::New(bytes) => bytes,
        }
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.unread.clone()).unwrap_or_default()
    }

    /// The cache as [`Cache::from_bytes`] reads it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        put_piece(&mut parts, self.whole());
        parts.extend_from_slice(self.unread());
        for (path, (stamp, found)) in &self.files {
            let room = found.len().saturating_add(path.len()).saturating_add(parts.len());
            if room > MAX_CACHE_BYTES {
                break;
            }
            put_text(&mut parts, path);
            whole::put_stamp(&mut parts, stamp);
            put_piece(&mut parts, found);
        }
        let mut out = first_line().into_bytes();
        out.extend_from_slice(&checksum(&parts).to_le_bytes());
        out.extend_from_slice(&parts);
        out
    }

    /// Whether it holds anything else than when it was read, so that it is worth writing.
    pub fn is_changed(&self) -> bool {
        self.state == State::Changed
    }

    /// The whole inventory, if nothing that it rests on has changed, and how many files it rests on.
    pub(crate) fn inventory(&self, root: &Path, options: &ScanOptions) -> Option<(Inventory, usize)> {
        whole::take(self.whole(), root, options)
    }

    /// Keeps a whole inventory with what it rests on, if all of that can be trusted.
    pub(crate) fn keep_inventory(
        &mut self,
        root: &Path,
        options: &ScanOptions,
        asked: Option<&[Question]>,
        inventory: &Inventory,
    ) {
        let whole = asked.and_then(|asked| whole::put(root, options, asked, inventory, self.now));
        let whole = whole.filter(|whole| whole.len() < MAX_CACHE_BYTES).unwrap_or_default();
        if whole != self.whole() {
            self.whole = Whole::New(whole);
            self.state = State::Changed;
        }
    }

    /// Looks at what is known of the files one by one, which a scan needs when something has changed.
    pub(crate) fn open(&mut self) {
        let unread = std::mem::take(&mut self.unread);
        let mut from = Bytes::new(self.bytes.get(unread).unwrap_or_default());
        let entry =
            || Some((from.text()?.to_owned(), (whole::take_stamp(&mut from)?, from.piece()?.to_vec())));
        self.files.extend(std::iter::from_fn(entry));
    }

    /// What is known of a file with this stamp.
    pub(crate) fn get(&self, path: &str, stamp: &Stamp) -> Option<Kept> {
        let (_, found) = self.files.get(path).filter(|(known, _)| known == stamp)?;
        let mut from = Bytes::new(found);
        Some(Kept { automations: Vec::take(&mut from)?, findings: Vec::take(&mut from)? })
    }

    /// Keeps what was found in a file, unless it was written so lately that it may be written again without a trace.
    pub(crate) fn keep(&mut self, path: &str, stamp: &Stamp, found: &Kept) {
        if !stamp.is_settled(self.now) {
            return;
        }
        let mut out = Vec::new();
        found.automations.put(&mut out);
        found.findings.put(&mut out);
        self.files.insert(path.to_owned(), (*stamp, out));
        self.state = State::Changed;
    }

    /// Forgets the files of a folder that are not there any more.
    pub(crate) fn retain(&mut self, folder: &str, is_there: impl Fn(&str) -> bool) {
        let before = self.files.len();
        self.files.retain(|path, _| !path.starts_with(folder) || is_there(path));
        if self.files.len() != before {
            self.state = State::Changed;
        }
    }
}

/// Where the two parts are of a cache of this version that is whole.
fn parts(bytes: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let rest = bytes.strip_prefix(first_line().as_bytes())?;
    let (sum, parts) = rest.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*sum) != checksum(parts) {
        return None;
    }
    let mut from = Bytes::new(parts);
    let whole = from.piece()?.len();
    let files = bytes.len().checked_sub(from.rest().len())?;
    Some((files.checked_sub(whole)?..files, files..bytes.len()))
}

fn first_line() -> String {
    format!("{NAME} {FORMAT} {}\n", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests;
