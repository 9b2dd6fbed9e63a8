//! A slot belongs to whoever claims its key first: the first thing that a primary or a backup does.
//!
//! The primary by its own schedule is attempt 0, a recovery the attempt of its order. A higher attempt takes a slot
//! over, because its order was given after the one before was seen to fail; anybody else steps aside. So a schedule that
//! fires hours late finds its slot taken, and ends without doing its work a second time. The other way round an order
//! that was given before the primary came after all steps aside for it.

use serde::{Deserialize, Serialize};
use standin_engine::ports::mesh::SwapAnswer;
use standin_stores::shared::{Cells, Object};

/// A primary that claimed less than this before an order was given, in milliseconds, may not have been seen by it.
const UNSEEN_MS: i64 = 30_000;

/// How often a lost race is looked at again.
const TRIES: usize = 4;

/// Who works, or has worked, for a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotClaim {
    /// Always 1.
    pub version: u32,
    /// 0 for the primary by its own schedule, else the attempt of the order, 1 to 3.
    pub attempt: u8,
    /// The run, in its platform's words, such as `github/4711/1`.
    pub run: String,
    /// When it was claimed, in milliseconds since 1970, by the clock of who claimed.
    pub at: i64,
    /// How the run is.
    pub state: SlotState,
    /// When it has last said that it works, by the same clock; 0 for one that has never said so.
    #[serde(default)]
    pub alive: i64,
}

impl SlotClaim {
    /// For how long it has given no sign of life, in milliseconds.
    pub fn silence(&self, now: i64) -> i64 {
        now.saturating_sub(self.at.max(self.alive))
    }
}

/// How a run is, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// It works, or has ended without a word.
    Working,
    /// It has failed.
    Failed,
    /// It has done its work.
    Done,
}

/// Who wants a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimant<'a> {
    /// 0 for the primary by its own schedule, else the attempt of its order.
    pub attempt: u8,
    /// The run.
    pub run: &'a str,
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// When its order was given, in milliseconds since 1970; `None` without an order.
    pub ordered: Option<i64>,
}

impl Claimant<'_> {
    /// Whether this claim is over, as far as whoever gave the order could see.
    fn may_succeed(&self, claim: &SlotClaim) -> bool {
        let seen = |ordered: i64| claim.at.saturating_add(UNSEEN_MS) < ordered;
        match (claim.state, claim.attempt) {
            (SlotState::Done, _) => false,
            (SlotState::Failed, held) => held < self.attempt,
            (SlotState::Working, 0) => self.attempt > 0 && self.ordered.is_some_and(seen),
            (SlotState::Working, held) => held < self.attempt,
        }
    }
}

/// What came of claiming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The slot is this run's: work.
    Go,
    /// It is another's: end without working, and without failing.
    StepAside(SlotClaim),
    /// The store cannot be asked. A primary in time may work, since nobody has an order yet; everyone else does not.
    CannotTell,
}

/// Claims the slot whose cell is `name`.
pub async fn claim(cells: &impl Cells, name: &str, who: Claimant<'_>) -> Claimed {
    let Claimant { attempt, run, now, .. } = who;
    let wanted =
        SlotClaim { version: 1, attempt, run: run.to_owned(), at: now, state: SlotState::Working, alive: 0 };
    let Ok(bytes) = serde_json::to_vec(&wanted) else { return Claimed::CannotTell };
    let mut held: Option<Object> = None;
    for _ in 0..TRIES {
        let version = held.as_ref().map(|object| &object.version);
        match cells.swap(name, version, bytes.clone().into()).await {
            SwapAnswer::Won(_) => return Claimed::Go,
            // Who has won, or whether an answer was only lost, stands in the cell.
            SwapAnswer::Lost | SwapAnswer::Unknown => {}
        }
        let Ok(read) = cells.read(name).await else { return Claimed::CannotTell };
        held = read.value;
        let Some(object) = &held else { continue };
        let Ok(claim) = serde_json::from_slice::<SlotClaim>(&object.bytes) else {
            return Claimed::CannotTell;
        };
        if claim.run == run && claim.attempt == attempt && claim.state == SlotState::Working {
            return Claimed::Go;
        }
        if !who.may_succeed(&claim) {
            return Claimed::StepAside(claim);
        }
    }
    Claimed::CannotTell
}

/// Says how the run that holds a slot has ended. Nothing is lost if it cannot: the platform knows as well.
pub async fn end(cells: &impl Cells, name: &str, run: &str, state: SlotState) {
    let Ok(read) = cells.read(name).await else { return };
    let Some(object) = read.value else { return };
    let Ok(claim) = serde_json::from_slice::<SlotClaim>(&object.bytes) else { return };
    if claim.run == run
        && let Ok(bytes) = serde_json::to_vec(&SlotClaim { state, ..claim })
    {
        let _ = cells.swap(name, Some(&object.version), bytes.into()).await;
    }
}

/// Says that the run that holds a slot works on.
pub async fn go_on(cells: &impl Cells, name: &str, run: &str, now: i64) {
    let Ok(read) = cells.read(name).await else { return };
    let Some(object) = read.value else { return };
    let Ok(claim) = serde_json::from_slice::<SlotClaim>(&object.bytes) else { return };
    if claim.run == run
        && claim.state == SlotState::Working
        && let Ok(bytes) = serde_json::to_vec(&SlotClaim { alive: now, ..claim })
    {
        let _ = cells.swap(name, Some(&object.version), bytes.into()).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use standin_stores::shared::memory::Memory;

    use super::*;

    const MINUTE: i64 = 60_000;

    const KEY: &str = "k1";

    fn primary(run: &str, now: i64) -> Claimant<'_> {
        Claimant { attempt: 0, run, now, ordered: None }
    }

    fn order(attempt: u8, run: &str, ordered: i64) -> Claimant<'_> {
        Claimant { attempt, run, now: ordered + 5_000, ordered: Some(ordered) }
    }

    fn aside(claimed: Claimed) -> String {
        match claimed {
            Claimed::StepAside(claim) => claim.run,
            Claimed::Go | Claimed::CannotTell => format!("{claimed:?}"),
        }
    }

    #[tokio::test]
    async fn the_first_has_the_slot_and_a_late_primary_steps_aside() {
        let cells = Memory::new();
        assert_eq!(claim(&cells, KEY, order(1, "github/7/1", 0)).await, Claimed::Go);
        assert_eq!(aside(claim(&cells, KEY, primary("github/8/1", 240 * MINUTE)).await), "github/7/1");
        end(&cells, KEY, "github/7/1", SlotState::Done).await;
        assert_eq!(aside(claim(&cells, KEY, order(2, "github/9/1", 300 * MINUTE)).await), "github/7/1");
    }

    #[tokio::test]
    async fn an_order_steps_aside_for_a_primary_that_it_did_not_see() {
        let cells = Memory::new();
        assert_eq!(claim(&cells, KEY, primary("github/1/1", 10 * MINUTE)).await, Claimed::Go);
        assert_eq!(aside(claim(&cells, KEY, order(1, "github/2/1", 10 * MINUTE - 1)).await), "github/1/1");
        assert_eq!(
            aside(claim(&cells, KEY, order(1, "github/2/1", 10 * MINUTE + UNSEEN_MS)).await),
            "github/1/1"
        );
        // One that was given later was given because the primary was looked at and found dead.
        assert_eq!(
            claim(&cells, KEY, order(1, "github/3/1", 10 * MINUTE + UNSEEN_MS + 1)).await,
            Claimed::Go
        );
    }

    #[tokio::test]
    async fn a_primary_that_says_that_it_failed_is_followed_at_once() {
        let cells = Memory::new();
        assert_eq!(claim(&cells, KEY, primary("github/1/1", 10 * MINUTE)).await, Claimed::Go);
        end(&cells, KEY, "github/1/1", SlotState::Failed).await;
        assert_eq!(claim(&cells, KEY, order(1, "github/2/1", 10 * MINUTE)).await, Claimed::Go);
    }

    #[tokio::test]
    async fn a_later_attempt_takes_over_and_an_earlier_one_does_not_come_back() {
        let cells = Memory::new();
        assert_eq!(claim(&cells, KEY, order(1, "github/2/1", 0)).await, Claimed::Go);
        assert_eq!(claim(&cells, KEY, order(2, "box/3", MINUTE)).await, Claimed::Go);
        assert_eq!(aside(claim(&cells, KEY, order(1, "github/2/1", 0)).await), "box/3");
        // Its own claim read again is no other's.
        assert_eq!(claim(&cells, KEY, order(2, "box/3", MINUTE)).await, Claimed::Go);
    }

    #[tokio::test]
    async fn a_run_that_works_on_says_so_until_it_has_ended_or_another_has_the_slot() {
        let cells = Memory::new();
        let held = async || -> SlotClaim {
            serde_json::from_slice(&cells.read(KEY).await.unwrap().value.unwrap().bytes).unwrap()
        };
        assert_eq!(claim(&cells, KEY, order(1, "host/k1/1", 0)).await, Claimed::Go);
        let at = held().await.at;
        assert_eq!(held().await.silence(at + MINUTE), MINUTE);
        go_on(&cells, KEY, "host/k1/1", at + 40 * MINUTE).await;
        assert_eq!((held().await.at, held().await.silence(at + 41 * MINUTE)), (at, MINUTE));
        assert_eq!(claim(&cells, KEY, order(2, "github/2/1", 50 * MINUTE)).await, Claimed::Go);
        go_on(&cells, KEY, "host/k1/1", 51 * MINUTE).await;
        assert_eq!(held().await.run, "github/2/1");
        end(&cells, KEY, "github/2/1", SlotState::Done).await;
        go_on(&cells, KEY, "github/2/1", 52 * MINUTE).await;
        assert_eq!((held().await.state, held().await.alive), (SlotState::Done, 0));
    }

    #[tokio::test]
    async fn of_many_at_once_one_goes() {
        let cells = std::sync::Arc::new(Memory::new());
        let mut all = tokio::task::JoinSet::new();
        for run in 0..16 {
            let cells = std::sync::Arc::clone(&cells);
            all.spawn(async move { claim(&*cells, KEY, order(1, &format!("github/{run}/1"), 0)).await });
        }
        let ends = all.join_all().await;
        assert_eq!(ends.iter().filter(|end| **end == Claimed::Go).count(), 1, "{ends:?}");
    }
}
