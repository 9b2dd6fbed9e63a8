//! What many see at once.

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures_util::future::{join, join_all};
use standin_engine::ports::mesh::Version;

use super::bench::{Answer, Bench, Removal, value};
use super::{Finding, Seen, broken, unclear};
use crate::shared::{Cells, Object};

/// How many clients read while another one writes.
const READERS: usize = 4;

/// Of so many rounds one must have had a winner: fewer, and the store lets nobody work.
const IDLE_SHARE: u32 = 2;

/// How one round went.
enum Round {
    /// One won.
    Won,
    /// Nobody can say, or nobody won; what is there is one of the values that may be.
    Open,
}

/// All writers create the same cell at once.
pub(super) async fn creates<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let mut won = 0;
    for round in 0..bench.extent.rounds {
        let name = format!("{folder}{round}");
        if let (Round::Won, _) = race(bench, &name, None, round, &mut Vec::new()).await? {
            won += 1;
        }
    }
    enough(bench, won)
}

/// All writers swap the same cell at once, on top of the last round.
pub(super) async fn swaps<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let name = format!("{folder}cell");
    bench.put(0, &name, None, &value("race", usize::MAX, 0)).await?;
    let (mut won, mut seen) = (0, Vec::new());
    let mut held = bench.read(0, &name).await?;
    for round in 0..bench.extent.rounds {
        let (went, now) = race(bench, &name, held.as_ref(), round, &mut seen).await?;
        if let Round::Won = went {
            won += 1;
        }
        held = now;
    }
    enough(bench, won)
}

fn enough<C: Cells>(bench: &Bench<'_, C>, won: u32) -> Seen {
    let (rounds, writers) = (bench.extent.rounds, bench.extent.writers);
    if won.saturating_mul(IDLE_SHARE) < rounds {
        return unclear(format!("only {won} of {rounds} rounds of {writers} writers had a winner"));
    }
    Ok(format!("{won} of {rounds} rounds of {writers} writers had exactly one winner, the others none"))
}

/// One round, on top of `before`. Gives what is there afterwards.
async fn race<C: Cells>(
    bench: &Bench<'_, C>,
    name: &str,
    before: Option<&Object>,
    round: u32,
    seen: &mut Vec<Version>,
) -> Result<(Round, Option<Object>), Finding> {
    let expect = before.map(|object| &object.version);
    let bodies: Vec<Bytes> = (0..bench.extent.writers).map(|writer| value("race", writer, round)).collect();
    let swaps =
        bodies.iter().enumerate().map(|(writer, body)| bench.swap(writer, name, expect, body.clone()));
    let answers = join_all(swaps).await;
    let mut winners = answers.iter().zip(&bodies).filter_map(|(answer, body)| match answer {
        Answer::Won(version) => Some((version, body)),
        Answer::Lost | Answer::Unknown => None,
    });
    let (winner, others) = (winners.next(), winners.count());
    if others > 0 {
        return broken(format!("in round {round}, {} of {} writers won", others + 1, bodies.len()));
    }
    let after = bench.read(0, name).await?;
    let may_be_there: Vec<&Bytes> = answers
        .iter()
        .zip(&bodies)
        .filter(|(answer, _)| match answer {
            Answer::Won(_) | Answer::Unknown => true,
            Answer::Lost => false,
        })
        .map(|(_, body)| body)
        .collect();
    if let Some((version, body)) = winner {
        return match after {
            Some(object) if object.bytes == *body && object.version == *version => {
                if seen.contains(version) {
                    return broken("a version that was there before came again");
                }
                seen.push(version.clone());
                Ok((Round::Won, Some(object)))
            }
            Some(_) => broken(format!("in round {round}, another value was read than the winner's")),
            None => broken(format!("in round {round}, nothing was read after a win")),
        };
    }
    let is_as_before = after.as_ref() == before;
    let is_unknown_ones = after.as_ref().is_some_and(|object| may_be_there.contains(&&object.bytes));
    if is_as_before || is_unknown_ones {
        return Ok((Round::Open, after));
    }
    broken(format!("in round {round}, a swap was written that was said to be lost"))
}

/// A cell is swapped and removed by the same version at once: one of the two must find it gone.
pub(super) async fn removals<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let mut removed = 0;
    for round in 0..bench.extent.rounds {
        let name = format!("{folder}{round}");
        let version = bench.put(0, &name, None, &value("removal", 0, round)).await?;
        let body = value("removal", 1, round);
        // Whichever is asked first has the better chance, so they take turns.
        let (removal, swap) = if round % 2 == 0 {
            join(bench.remove(0, &name, &version), bench.swap(1, &name, Some(&version), body.clone())).await
        } else {
            let swap = bench.swap(1, &name, Some(&version), body.clone());
            let (swap, removal) = join(swap, bench.remove(0, &name, &version)).await;
            (removal, swap)
        };
        let after = bench.read(0, &name).await?;
        match (removal, swap) {
            (Removal::Removed, Answer::Won(_)) => {
                return broken("a cell was removed by a version that had been swapped");
            }
            (Removal::Refused | Removal::Unknown, Answer::Won(_))
                if after.as_ref().is_none_or(|object| object.bytes != body) =>
            {
                return broken("a swap was won and its value is not there");
            }
            (Removal::Removed, Answer::Lost) if after.is_some() => {
                return broken("a cell is there after it was removed");
            }
            (Removal::Removed, Answer::Lost | Answer::Unknown) => removed += 1,
            (Removal::Refused | Removal::Unknown, _) => {}
        }
    }
    Ok(format!("{removed} of {} removals were first, and no swap was lost with them", bench.extent.rounds))
}

/// While one writes, the others read: nobody reads what is older than what was won before he asked, or than what he
/// has read himself.
pub(super) async fn time_never_goes_back<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let name = format!("{folder}cell");
    bench.put(0, &name, None, &value("time", 0, 0)).await?;
    let (won, done) = (AtomicU32::new(0), AtomicU32::new(0));
    let writing = async {
        let mut held = bench.read(0, &name).await?.map(|object| object.version);
        for round in 1..=bench.extent.rounds {
            held = Some(bench.put(0, &name, held.as_ref(), &value("time", 0, round)).await?);
            won.store(round, Ordering::SeqCst);
        }
        Ok::<(), Finding>(())
    };
    let writing = async {
        let written = writing.await;
        done.store(1, Ordering::SeqCst);
        written
    };
    let reading = join_all((0..READERS).map(|reader| follow(bench, reader, &name, &won, &done)));
    let (written, read) = join(writing, reading).await;
    let mut reads = 0;
    for read in read {
        reads += read?;
    }
    written?;
    Ok(format!("{reads} reads beside {} swaps, none of them old", bench.extent.rounds))
}

/// Reads until the writer is done, and gives how often.
async fn follow<C: Cells>(
    bench: &Bench<'_, C>,
    reader: usize,
    name: &str,
    won: &AtomicU32,
    done: &AtomicU32,
) -> Result<u32, Finding> {
    let (mut reads, mut newest) = (0_u32, 0_u32);
    loop {
        let is_last = done.load(Ordering::SeqCst) == 1;
        let at_least = won.load(Ordering::SeqCst).max(newest);
        let Some(object) = bench.read(reader, name).await? else {
            return broken("a cell was gone while it was swapped");
        };
        let Some(round) =
            (at_least..=bench.extent.rounds).find(|round| value("time", 0, *round) == object.bytes)
        else {
            return broken(format!("a read went back behind swap {at_least}"));
        };
        newest = round;
        reads = reads.saturating_add(1);
        if is_last {
            return Ok(reads);
        }
        // A store in memory answers without waiting: the writer must have its turn.
        tokio::task::yield_now().await;
    }
}
