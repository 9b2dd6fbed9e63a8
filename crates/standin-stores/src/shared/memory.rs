//! A store in memory: what every other one is held against, and its bad twins, which the suite must refuse.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};

use super::{Cells, Listed, MAX_LISTED, MAX_NAME_BYTES, Object, Shelf};

/// What a twin gets wrong. Each is a thing that a real store or a real client was seen to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    #[default]
    None,
    /// It ignores what is expected, as a store does that does not know conditional writes.
    BlindOverwrite,
    /// It looks, and writes a moment later, as servers do that are not atomic.
    CheckThenAct,
    /// Its versions are made of the bytes alone, as an MD5 is.
    VersionReuse,
    /// Its versions begin anew when a cell was removed, as a plain counter does.
    CounterReuse,
    /// Every other read comes from a copy that is one write behind.
    StaleReads,
    /// It removes whatever is there.
    BlindRemoval,
    /// It lists one page.
    OnePage,
    /// Its names know no capital letters.
    FoldsNames,
    /// It cuts values off.
    CutsValues,
    /// It answers a won swap with something else than it keeps.
    WrongVersion,
    /// It lets nobody write.
    NobodyWins,
    /// Its clock runs a minute fast with every hundredth reading.
    LeapingClock,
}

/// How many cells the twin with one page lists.
const PAGE: usize = 3;

/// Where the twin that cuts values off does so.
const CUT: usize = 64 * 1024;

/// A store in memory. Clones are further clients of the same store.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
    flaw: Flaw,
}

#[derive(Debug, Default)]
struct Inner {
    cells: BTreeMap<String, Object>,
    /// What each cell was one write ago.
    before: BTreeMap<String, Object>,
    shelf: BTreeMap<String, Object>,
    writes: u64,
    reads: u64,
    now: Option<StoreTime>,
}

impl Memory {
    /// An empty store on this machine's clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// A bad twin.
    pub fn flawed(flaw: Flaw) -> Self {
        Self { flaw, ..Self::default() }
    }

    /// From now on the store's clock stands at this.
    pub fn set_now(&self, now: StoreTime) {
        self.lock().now = Some(now);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, name: &str) -> String {
        if self.flaw == Flaw::FoldsNames { name.to_ascii_lowercase() } else { name.to_owned() }
    }

    fn now(&self, inner: &mut Inner) -> StoreTime {
        inner.reads = inner.reads.wrapping_add(1);
        let now = inner.now.unwrap_or_else(|| StoreTime::from(Timestamp::now()));
        if self.flaw == Flaw::LeapingClock { now.plus(inner.reads / 100 * 60_000) } else { now }
    }

    fn is_expected(&self, inner: &Inner, key: &str, expect: Option<&Version>) -> bool {
        self.flaw == Flaw::BlindOverwrite || inner.cells.get(key).map(|object| &object.version) == expect
    }

    fn version(&self, inner: &mut Inner, key: &str, bytes: &Bytes) -> Version {
        inner.writes = inner.writes.wrapping_add(1);
        if self.flaw == Flaw::VersionReuse {
            return Version(String::from_utf8_lossy(bytes).into());
        }
        if self.flaw == Flaw::CounterReuse {
            let last = inner.cells.get(key).and_then(|object| object.version.0.parse::<u64>().ok());
            return Version(last.map_or(0, |last| last.wrapping_add(1)).to_string().into());
        }
        Version(inner.writes.to_string().into())
    }

    fn write_cell(&self, inner: &mut Inner, key: String, mut bytes: Bytes) -> Version {
        let version = self.version(inner, &key, &bytes);
        if self.flaw == Flaw::CutsValues {
            bytes.truncate(CUT);
        }
        let object = Object { version: version.clone(), bytes };
        if let Some(before) = inner.cells.insert(key.clone(), object) {
            inner.before.insert(key, before);
        }
        if self.flaw == Flaw::WrongVersion { Version(format!("{}!", version.0).into()) } else { version }
    }
}

impl Cells for Memory {
    async fn read(&self, name: &str) -> Result<Stamped<Option<Object>>, ReadError> {
        let key = self.key(name);
        let mut inner = self.lock();
        let at = self.now(&mut inner);
        let mut value = inner.cells.get(&key).cloned();
        if self.flaw == Flaw::StaleReads && inner.reads.is_multiple_of(2) {
            value = inner.before.get(&key).cloned().or(value);
        }
        Ok(Stamped { at, value })
    }

    async fn swap(&self, name: &str, expect: Option<&Version>, bytes: Bytes) -> SwapAnswer {
        let key = self.key(name);
        let is_fit = name.len() <= MAX_NAME_BYTES && self.flaw != Flaw::NobodyWins;
        if !is_fit || !self.is_expected(&self.lock(), &key, expect) {
            return SwapAnswer::Lost;
        }
        if self.flaw == Flaw::CheckThenAct {
            tokio::task::yield_now().await;
        }
        let mut inner = self.lock();
        if self.flaw != Flaw::CheckThenAct && !self.is_expected(&inner, &key, expect) {
            return SwapAnswer::Lost;
        }
        let value = self.write_cell(&mut inner, key, bytes);
        SwapAnswer::Won(Stamped { at: self.now(&mut inner), value })
    }

    async fn list(&self, prefix: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
        let key = self.key(prefix);
        let mut inner = self.lock();
        let at = self.now(&mut inner);
        let page = if self.flaw == Flaw::OnePage { PAGE } else { MAX_LISTED };
        let found = inner.cells.iter().filter(|(name, _)| name.starts_with(&key)).take(page);
        let value = found
            .map(|(name, object)| Listed { name: name.clone(), version: object.version.clone() })
            .collect();
        Ok(Stamped { at, value })
    }

    async fn remove(&self, name: &str, expect: &Version) -> Result<StoreTime, WriteError> {
        let key = self.key(name);
        let mut inner = self.lock();
        if self.flaw != Flaw::BlindRemoval && !self.is_expected(&inner, &key, Some(expect)) {
            return Err(WriteError::Refused);
        }
        inner.cells.remove(&key);
        inner.before.remove(&key);
        Ok(self.now(&mut inner))
    }
}

impl Shelf for Memory {
    async fn read_all(&self) -> Result<Stamped<Vec<(String, Object)>>, ReadError> {
        let mut inner = self.lock();
        let at = self.now(&mut inner);
        let page = if self.flaw == Flaw::OnePage { PAGE } else { MAX_LISTED };
        let value =
            inner.shelf.iter().take(page).map(|(name, object)| (name.clone(), object.clone())).collect();
        Ok(Stamped { at, value })
    }

    async fn write(&self, name: &str, mut bytes: Bytes) -> Result<StoreTime, WriteError> {
        let key = self.key(name);
        let mut inner = self.lock();
        let version = self.version(&mut inner, &key, &bytes);
        if self.flaw == Flaw::CutsValues {
            bytes.truncate(CUT);
        }
        inner.shelf.insert(key, Object { version, bytes });
        Ok(self.now(&mut inner))
    }
}
