//! A repository on GitHub as a shared store: every user has one, and there is nothing to pay for.
//!
//! ```text
//! refs/standin/peer/<peer>   the record of one peer: a commit that its one writer replaces each time
//! refs/standin/cell/<cell>   one decision: a chain of commits, moved forward only (see `cells`)
//! refs/standin/slot/<key>    who has claimed one slot: created once, thrown away after 30 days
//! ```
//!
//! **What is kept is the message of a commit.** Of the three things that a ref can point at, a commit is the only one of
//! which GitHub's documentation says that its REST calls create and move refs to it, and moving "forward only" needs
//! commits anyway. With the bytes in the message, a write is two requests (commit, ref) and a read of what has changed
//! is one; bytes in a file would be three requests and two. All commits share one tree, of one file that says what they
//! are. None of it is in a branch or a tag, so no clone fetches it and no page shows it.
//!
//! **The clock** is the `Date` header of the answers, to the second. Dates of commits are set by clients, and used only
//! to throw old slots away.
//!
//! GitHub's GraphQL has a mutation with an expected value for each ref (`updateRefs`). It would need no chain, but
//! a second limit to keep, a number of the repository to look up first, and refusals that are texts within an answer
//! that says "200". The chain costs about half a kilobyte for each decision instead, in a place that nobody fetches.

mod api;
mod budget;
mod cells;
mod fault;
mod note;
mod shelf;
mod sweep;

use std::sync::Arc;

use standin_http::Http;

pub use api::Repository;
pub use budget::{Budget, PERSONAL_TOKEN_HOURLY, Remembers, WORKFLOW_TOKEN_HOURLY, budget};
pub use cells::GithubCells;
pub use fault::{GithubFault, RepositoryError};
pub use shelf::GithubShelf;
pub use sweep::{SLOT_AGE, Swept, TRIAL_AGE};

const PEERS: &str = "standin/peer/";
const CELLS: &str = "standin/cell/";
const SLOTS: &str = "standin/slot/";

/// What the conformance suite writes in [`CELLS`], and its records.
const TRIALS: [&str; 2] = ["standin/cell/conformance=2f", TRIAL_PEERS];
const TRIAL_PEERS: &str = "standin/trial/peer/";

/// A repository as a store. Cheap to clone; clones share what the server said about its limits.
#[derive(Debug, Clone)]
pub struct GithubRefs {
    repo: Arc<api::Repo>,
}

impl GithubRefs {
    /// On this repository.
    ///
    /// # Errors
    /// [`RepositoryError`] when the settings cannot be right. Nothing was sent.
    pub fn new(http: Http, repository: &Repository) -> Result<Self, RepositoryError> {
        Ok(Self { repo: Arc::new(api::Repo::new(http, repository)?) })
    }

    /// The decisions.
    pub fn cells(&self) -> GithubCells {
        GithubCells::new(Arc::clone(&self.repo), CELLS)
    }

    /// The claims of single slots, by their keys.
    pub fn slots(&self) -> GithubCells {
        GithubCells::new(Arc::clone(&self.repo), SLOTS)
    }

    /// The records of the peers.
    pub fn shelf(&self) -> GithubShelf {
        GithubShelf::new(Arc::clone(&self.repo), PEERS)
    }

    /// Records that nobody believes: for trying the store out. [`Self::sweep`] throws them away after a day.
    pub fn trial_shelf(&self) -> GithubShelf {
        GithubShelf::new(Arc::clone(&self.repo), TRIAL_PEERS)
    }

    /// Why the last request that failed did, while none has gone well since. For a person; it holds no secret.
    pub fn last_fault(&self) -> Option<GithubFault> {
        self.repo.last_fault()
    }

    /// Throws away slots older than 30 days, and what trials of the store have left, with at most `most` requests.
    ///
    /// # Errors
    /// [`GithubFault`]. What was thrown away until then is gone; the next sweep goes on.
    pub async fn sweep(&self, most: u32) -> Result<Swept, GithubFault> {
        let swept = sweep::sweep(&self.repo, most).await;
        match &swept {
            Ok(_) => self.repo.praise(),
            Err(fault) => self.repo.blame(fault),
        }
        swept
    }
}
