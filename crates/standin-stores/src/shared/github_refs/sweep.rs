//! Throwing away what nobody needs any more.

use jiff::{SignedDuration, Timestamp};
use standin_core::mesh::clock::StoreTime;

use super::api::Repo;
use super::fault::GithubFault;
use super::{SLOTS, TRIALS};

/// The key of a slot is kept for so long. No run is so late.
pub const SLOT_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a trial of the store has left behind is kept for so long.
pub const TRIAL_AGE: SignedDuration = SignedDuration::from_hours(24);

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Refs deleted.
    pub removed: usize,
    /// Refs looked at that are too young.
    pub young: usize,
    /// Refs not looked at, because the requests were used up. The next sweep begins somewhere else.
    pub left: usize,
}

/// Deletes old slots and what trials have left, with at most `most` requests.
///
/// When something was written is a request each, so a sweep begins at a random place and ends when its requests are
/// used. A slot is written once and never again, so that deleting it without a condition deletes what was looked at.
pub(super) async fn sweep(repo: &Repo, most: u32) -> Result<Swept, GithubFault> {
    let mut swept = Swept::default();
    let mut requests = most;
    let [cells, peers] = TRIALS;
    for (folder, age) in [(cells, TRIAL_AGE), (peers, TRIAL_AGE), (SLOTS, SLOT_AGE)] {
        if requests == 0 {
            break;
        }
        requests -= 1;
        let listing = repo.matching(folder, None).await?;
        let mut refs = listing.refs.unwrap_or_default();
        let start = start(refs.len());
        refs.rotate_left(start);
        for (path, sha) in refs {
            if requests < 2 {
                swept.left += 1;
                continue;
            }
            requests -= 1;
            let made = match repo.commit(&sha).await {
                Ok(written) => written.made,
                // Deleted meanwhile, or not ours: it is left alone.
                Err(GithubFault::Missing | GithubFault::Foreign(_)) => None,
                Err(fault) => return Err(fault),
            };
            if !made.is_some_and(|made| is_older(made, listing.at, age)) {
                swept.young += 1;
                continue;
            }
            requests -= 1;
            match repo.delete(&path).await {
                Ok(_) => swept.removed += 1,
                // Another sweep was faster.
                Err(GithubFault::Missing | GithubFault::Refused { status: 422, .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
    }
    Ok(swept)
}

fn is_older(made: Timestamp, now: StoreTime, age: SignedDuration) -> bool {
    let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    now.since(StoreTime::from(made)) > age
}

/// Somewhere among so many.
fn start(count: usize) -> usize {
    let word = uuid::Uuid::new_v4().as_u64_pair().0;
    usize::try_from(word).unwrap_or(0).checked_rem(count).unwrap_or(0)
}
