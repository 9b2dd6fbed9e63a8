//! Records: a ref each, which its one writer moves as it likes. One call lists them all; only what has changed since
//! the last look is fetched, one request each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, Version, WriteError};

use super::api::{Move, Repo, Sha, lock};
use super::fault::{Failed, GithubFault};
use super::note::Note;
use crate::shared::escape::{decode, encode};
use crate::shared::{MAX_NAME_BYTES, Object, Shelf};

/// More records than this are not read: they are counted in ones.
const MAX_RECORDS: usize = 200;

/// The records of one folder of refs.
#[derive(Debug)]
pub struct GithubShelf {
    repo: Arc<Repo>,
    folder: &'static str,
    memory: Mutex<Memory>,
}

/// What was there at the last look.
#[derive(Debug, Clone, Default)]
struct Memory {
    etag: Option<String>,
    heads: Vec<(String, Sha)>,
    /// By commit; `None` for one that nobody here can read.
    records: BTreeMap<Sha, Option<Bytes>>,
}

impl GithubShelf {
    pub(super) fn new(repo: Arc<Repo>, folder: &'static str) -> Self {
        Self { repo, folder, memory: Mutex::new(Memory::default()) }
    }

    /// Why the last request that failed did, while none has gone well since.
    pub fn last_fault(&self) -> Option<GithubFault> {
        self.repo.last_fault()
    }

    async fn look(&self) -> Result<Stamped<Vec<(String, Object)>>, GithubFault> {
        let etag = lock(&self.memory).etag.clone();
        let listing = self.repo.matching(self.folder, etag.as_deref()).await?;
        let heads = match listing.refs {
            None => lock(&self.memory).heads.clone(),
            Some(refs) => {
                let named =
                    |(path, sha): (String, Sha)| Some((decode(path.strip_prefix(self.folder)?)?, sha));
                let heads: Vec<(String, Sha)> =
                    refs.into_iter().filter_map(named).take(MAX_RECORDS).collect();
                let mut memory = lock(&self.memory);
                memory.heads.clone_from(&heads);
                memory.etag = listing.etag;
                memory.records.retain(|sha, _| heads.iter().any(|(_, head)| head == sha));
                heads
            }
        };
        let mut value = Vec::with_capacity(heads.len());
        for (name, sha) in heads {
            if let Some(bytes) = self.fetch(&name, &sha).await? {
                value.push((name, Object { version: Version(sha), bytes }));
            }
        }
        Ok(Stamped { at: listing.at, value })
    }

    /// The bytes of one record. One that cannot be read is left out: its peer is then silent, which is unknown. One
    /// that does not come makes the whole look fail, so that nobody is taken for silent because of it.
    async fn fetch(&self, name: &str, sha: &Sha) -> Result<Option<Bytes>, GithubFault> {
        if let Some(known) = lock(&self.memory).records.get(sha) {
            return Ok(known.clone());
        }
        let bytes = match self.repo.commit(sha).await {
            Ok(written) => written.note.bytes,
            Err(GithubFault::Foreign(_)) => {
                let fault = GithubFault::Foreign(format!("refs/{}{}", self.folder, encode(name)));
                tracing::warn!(target: "store", store = "github refs", "{fault}");
                None
            }
            Err(fault) => return Err(fault),
        };
        lock(&self.memory).records.insert(sha.clone(), bytes.clone());
        Ok(bytes)
    }

    async fn put(&self, name: &str, bytes: Bytes) -> Result<StoreTime, Failed> {
        let note = Note { link: 1, bytes: Some(bytes.clone()) };
        let sha = self.repo.make(&note, None).await.map_err(Failed::Before)?;
        let path = format!("{}{}", self.folder, encode(name));
        let at = match self.repo.update(&path, &sha, Move::Anywhere).await {
            Err(GithubFault::Missing | GithubFault::Refused { status: 422, .. }) => {
                self.repo.create(&path, &sha).await
            }
            moved => moved,
        };
        let at = at.map_err(Failed::of)?;
        // The own record need not be fetched.
        lock(&self.memory).records.insert(sha, Some(bytes));
        Ok(at)
    }
}

impl Shelf for GithubShelf {
    async fn read_all(&self) -> Result<Stamped<Vec<(String, Object)>>, ReadError> {
        let seen = self.look().await;
        match &seen {
            Ok(_) => self.repo.praise(),
            Err(fault) => self.repo.blame(fault),
        }
        seen.map_err(|fault| fault.read_error())
    }

    async fn write(&self, name: &str, bytes: Bytes) -> Result<StoreTime, WriteError> {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(WriteError::Refused);
        }
        let failed = match self.put(name, bytes).await {
            Ok(at) => {
                self.repo.praise();
                return Ok(at);
            }
            Err(failed) => failed,
        };
        match failed {
            Failed::Lost => Err(WriteError::Refused),
            Failed::Before(fault) => {
                self.repo.blame(&fault);
                Err(WriteError::Refused)
            }
            Failed::After(fault) => {
                self.repo.blame(&fault);
                Err(WriteError::Unknown)
            }
        }
    }
}
