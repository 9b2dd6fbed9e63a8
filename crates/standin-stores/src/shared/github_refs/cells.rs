//! Cells: a ref each, and a chain of commits behind it.
//!
//! The first state is a ref that is created, which GitHub does at most once for a name. Each further state is a commit
//! whose only parent is the state that was expected, and the ref is moved to it without force. GitHub refuses that
//! unless the new commit comes after the one that the ref points at; our commit comes after the expected one and what
//! lies behind that, and heads never go back, so it is refused exactly when the ref has moved on. Each commit holds a
//! random word, so two writers never make the same one, and an answer that names ours was won by us.
//!
//! A removal is a swap too: to a commit that says "removed", after which nobody can write, and then the ref is deleted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};

use super::api::{Move, Repo, Sha, is_sha, lock};
use super::fault::{Failed, GithubFault};
use super::note::Note;
use crate::shared::escape::{decode, encode};
use crate::shared::{Cells, Listed, MAX_NAME_BYTES, Object};

/// Of no more cells than this is the last state remembered; then all are forgotten, which costs a request each.
const MAX_REMEMBERED: usize = 1_000;

/// The cells of one folder of refs.
#[derive(Debug)]
pub struct GithubCells {
    repo: Arc<Repo>,
    folder: &'static str,
    known: Mutex<BTreeMap<String, Known>>,
}

/// The newest state of a cell that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    sha: Sha,
    note: Note,
}

impl Known {
    fn object(&self) -> Option<Object> {
        let bytes = self.note.bytes.clone()?;
        Some(Object { version: Version(self.sha.clone()), bytes })
    }
}

impl GithubCells {
    pub(super) const fn new(repo: Arc<Repo>, folder: &'static str) -> Self {
        Self { repo, folder, known: Mutex::new(BTreeMap::new()) }
    }

    /// Why the last request that failed did, while none has gone well since.
    pub fn last_fault(&self) -> Option<GithubFault> {
        self.repo.last_fault()
    }

    fn path(&self, name: &str) -> String {
        format!("{}{}", self.folder, encode(name))
    }

    fn knows(&self, name: &str) -> Option<Known> {
        lock(&self.known).get(name).cloned()
    }

    fn remember(&self, name: &str, known: Known) {
        let mut all = lock(&self.known);
        if all.len() >= MAX_REMEMBERED && !all.contains_key(name) {
            all.clear();
        }
        all.insert(name.to_owned(), known);
    }

    async fn look(&self, name: &str) -> Result<Stamped<Option<Object>>, GithubFault> {
        let path = self.path(name);
        // What was known before this read began: what others learn meanwhile does not make this answer old.
        let before = self.knows(name);
        let (at, head) = self.repo.head(&path).await?;
        let Some(sha) = head else {
            self.confirm(&path, None).await?;
            lock(&self.known).remove(name);
            return Ok(Stamped { at, value: None });
        };
        if let Some(known) = before.as_ref().filter(|known| known.sha == sha) {
            return Ok(Stamped { at, value: known.object() });
        }
        let foreign = || GithubFault::Foreign(format!("refs/{path}"));
        let is_foreign = |fault: &GithubFault| matches!(fault, GithubFault::Foreign(_));
        let written = self.repo.commit(&sha).await;
        let written = written.map_err(|fault| if is_foreign(&fault) { foreign() } else { fault })?;
        let is_back = before.is_some_and(|known| written.note.link <= known.note.link);
        if is_back {
            // An old answer, or the cell was removed and made anew.
            self.confirm(&path, Some(&sha)).await?;
        }
        let known = Known { sha, note: written.note };
        let value = known.object();
        self.remember(name, known);
        Ok(Stamped { at, value })
    }

    /// Whether another call says the same of where a ref points. For answers that would be believed too easily.
    async fn confirm(&self, path: &str, head: Option<&Sha>) -> Result<(), GithubFault> {
        let listing = self.repo.matching(path, None).await?;
        let refs = listing.refs.unwrap_or_default();
        let found = refs.iter().find(|(name, _)| name == path).map(|(_, sha)| sha);
        if found == head { Ok(()) } else { Err(GithubFault::Stale) }
    }

    /// Moves a cell on by one commit.
    async fn append(
        &self,
        name: &str,
        expect: &Version,
        bytes: Option<Bytes>,
    ) -> Result<(StoreTime, Sha), Failed> {
        if !is_sha(&expect.0) {
            return Err(Failed::Lost);
        }
        let link = match self.knows(name).filter(|known| known.sha == expect.0) {
            Some(known) => known.note.link,
            None => self.repo.commit(&expect.0).await.map_err(Failed::Before)?.note.link,
        };
        let note = Note { link: link.saturating_add(1), bytes };
        let sha = self.repo.make(&note, Some(&expect.0)).await.map_err(Failed::Before)?;
        let at = match self.repo.update(&self.path(name), &sha, Move::Forward).await {
            Ok(at) => at,
            Err(fault) if fault.says(&["fast", "forward"]) => self.look_again(name, &sha).await?,
            Err(fault) if fault.says(&["not exist"]) => return Err(Failed::Lost),
            Err(fault) => return Err(Failed::of(fault)),
        };
        self.remember(name, Known { sha: sha.clone(), note });
        Ok((at, sha))
    }

    /// A refusal may be the answer to a second copy of the request, which something on the way has made: then the ref
    /// points at our commit, and it was won.
    async fn look_again(&self, name: &str, ours: &Sha) -> Result<StoreTime, Failed> {
        match self.repo.head(&self.path(name)).await {
            Ok((at, Some(head))) if head == *ours => Ok(at),
            Ok(_) => Err(Failed::Lost),
            Err(fault) => Err(Failed::After(fault)),
        }
    }

    async fn create(&self, name: &str, bytes: Bytes) -> Result<(StoreTime, Sha), Failed> {
        let note = Note { link: 1, bytes: Some(bytes) };
        let sha = self.repo.make(&note, None).await.map_err(Failed::Before)?;
        let at = match self.repo.create(&self.path(name), &sha).await {
            Ok(at) => at,
            Err(fault) if fault.says(&["already exists"]) => self.look_again(name, &sha).await?,
            Err(fault) => return Err(Failed::of(fault)),
        };
        self.remember(name, Known { sha: sha.clone(), note });
        Ok((at, sha))
    }

    /// Keeps the reason of a fault, and tells what is certain.
    fn failed(&self, failed: &Failed) -> Certainty {
        match failed {
            Failed::Lost => {
                self.repo.praise();
                Certainty::Not
            }
            Failed::Before(fault) => {
                self.repo.blame(fault);
                Certainty::Not
            }
            Failed::After(fault) => {
                self.repo.blame(fault);
                Certainty::None
            }
        }
    }
}

/// What is certain of a write that failed.
enum Certainty {
    /// It was not made.
    Not,
    /// Nothing.
    None,
}

impl Cells for GithubCells {
    async fn read(&self, name: &str) -> Result<Stamped<Option<Object>>, ReadError> {
        let seen = match self.look(name).await {
            // Somebody else may have moved the cell on between the two answers: what is there now says which it was.
            Err(GithubFault::Stale) => self.look(name).await,
            seen => seen,
        };
        match &seen {
            Ok(_) => self.repo.praise(),
            Err(fault) => self.repo.blame(fault),
        }
        seen.map_err(|fault| fault.read_error())
    }

    async fn swap(&self, name: &str, expect: Option<&Version>, bytes: Bytes) -> SwapAnswer {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return SwapAnswer::Lost;
        }
        let done = match expect {
            Some(expect) => self.append(name, expect, Some(bytes)).await,
            None => self.create(name, bytes).await,
        };
        match done {
            Ok((at, sha)) => {
                self.repo.praise();
                SwapAnswer::Won(Stamped { at, value: Version(sha) })
            }
            Err(failed) => match self.failed(&failed) {
                Certainty::Not => SwapAnswer::Lost,
                Certainty::None => SwapAnswer::Unknown,
            },
        }
    }

    async fn list(&self, prefix: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
        let listing = self.repo.matching(&self.path(prefix), None).await.map_err(|fault| {
            self.repo.blame(&fault);
            fault.read_error()
        })?;
        self.repo.praise();
        let listed = listing.refs.unwrap_or_default().into_iter().filter_map(|(path, sha)| {
            let name = decode(path.strip_prefix(self.folder)?)?;
            Some(Listed { name, version: Version(sha) })
        });
        Ok(Stamped { at: listing.at, value: listed.collect() })
    }

    async fn remove(&self, name: &str, expect: &Version) -> Result<StoreTime, WriteError> {
        let certain = |failed: &Failed| match self.failed(failed) {
            Certainty::Not => WriteError::Refused,
            Certainty::None => WriteError::Unknown,
        };
        self.append(name, expect, None).await.map_err(|failed| certain(&failed))?;
        lock(&self.known).remove(name);
        // It is gone for every reader by now; until the ref is deleted as well, the name cannot be used again.
        let deleted = self.repo.delete(&self.path(name)).await;
        deleted.map_err(|fault| {
            self.repo.blame(&fault);
            WriteError::Unknown
        })
    }
}
