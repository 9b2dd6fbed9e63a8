//! What the store costs in requests, of which GitHub allows so many.

/// How many requests an hour the token of a workflow run may send, for each repository.
pub const WORKFLOW_TOKEN_HOURLY: u32 = 1_000;

/// How many a person's own token may.
pub const PERSONAL_TOKEN_HOURLY: u32 = 5_000;

/// Listing the records. One that answers "nothing has changed" is not counted by GitHub.
const LIST: u32 = 1;

/// Fetching one record that has changed, or one state of a cell.
const FETCH: u32 = 1;

/// Writing: a commit, and moving a ref to it. The very first time that a repository is written to, two more.
const WRITE: u32 = 2;

/// Looking at one cell: where its ref points, and a second opinion when there is none or it went back; else the commit.
const LOOK: u32 = 1 + FETCH;

/// Whether a body remembers what it has fetched from one check to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembers {
    /// A process that goes on, such as the agent.
    Always,
    /// One that starts anew for each check, such as the Action.
    Nothing,
}

/// What checks cost, in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// A check in which nothing has to be done, however many targets there are.
    pub quiet: u32,
    /// What each target adds that is recovered in a check: looking at its cell, claiming it, and saying that it is done.
    pub recovery: u32,
    /// A check in which every target is recovered. The brake keeps it from happening at once.
    pub worst: u32,
    /// How many quiet checks an hour of 1,000 requests has room for, when half of them are left to others.
    pub hourly: u32,
}

/// What one check of `targets` targets costs a body that has `peers` other peers beside it.
///
/// It does not hold the requests that look at the targets themselves.
pub const fn budget(targets: u32, peers: u32, remembers: Remembers) -> Budget {
    let own = match remembers {
        // Its own record it knows.
        Remembers::Always => 0,
        Remembers::Nothing => FETCH,
    };
    let quiet = LIST.saturating_add(own).saturating_add(peers.saturating_mul(FETCH)).saturating_add(WRITE);
    let recovery = LOOK + WRITE + WRITE;
    let worst = quiet.saturating_add(targets.saturating_mul(recovery));
    Budget { quiet, recovery, worst, hourly: WORKFLOW_TOKEN_HOURLY / 2 / quiet }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_cost_nothing_while_all_is_well() {
        let few = budget(1, 2, Remembers::Always);
        let many = budget(500, 2, Remembers::Always);
        assert_eq!((few.quiet, many.quiet), (5, 5));
        assert_eq!(many.worst, 5 + 500 * 6);
        assert_eq!(budget(1, 2, Remembers::Nothing).quiet, 6);
        assert!(many.hourly >= 60, "a check each minute fits");
        assert_eq!(budget(u32::MAX, u32::MAX, Remembers::Nothing).worst, u32::MAX);
    }
}
