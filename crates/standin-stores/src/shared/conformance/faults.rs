//! What a store says when its answers are lost.

use standin_engine::ports::mesh::Version;

use super::bench::{Answer, Bench, value};
use super::{Conformance, Extent, Finding, Seen, broken, told, unclear};
use crate::shared::Cells;

/// In one of so many rounds the swap is lost for true. A prime, so that it meets every one of a series of faults.
const RIVALS: u32 = 7;

/// Whether a client tells the truth about its swaps when answers are lost on the way.
///
/// `faulty` and `clean` are clients of the same store; between `faulty` and the store something loses answers, after
/// the store has written or before. Won must have been written, lost must not, and what is not known must be called so.
/// It is for tests: on the user's own store nothing loses answers on request.
pub async fn lost_answers<C: Cells, F: Cells>(clean: &C, faulty: &F, extent: &Extent) -> Conformance {
    let mut found = Conformance::default();
    let (clean, faulty) = (std::slice::from_ref(clean), std::slice::from_ref(faulty));
    let (Some(clean), Some(faulty)) = (Bench::new(clean, extent), Bench::new(faulty, extent)) else {
        return found;
    };
    let seen = clean.in_time(truth(&clean, &faulty)).await.unwrap_or_else(|| unclear("the time was over"));
    found.checks.push(told("lost-answers", seen));
    found
}

async fn truth<C: Cells, F: Cells>(clean: &Bench<'_, C>, faulty: &Bench<'_, F>) -> Seen {
    let (mut won, mut lost, mut unknown) = (0, 0, 0);
    for round in 0..clean.extent.rounds {
        let name = format!("{}lost-answers/{}", clean.prefix(), round % 5);
        // In some rounds another one comes first, so that a true loss meets the faults as well.
        let held = clean.read(0, &name).await?.map(|object| object.version);
        if round % RIVALS == 2 {
            clean.put(0, &name, held.as_ref(), &value("clean", 0, round)).await?;
        }
        match one(clean, faulty, &name, held.as_ref(), round).await? {
            Answer::Won(_) => won += 1,
            Answer::Lost => lost += 1,
            Answer::Unknown => unknown += 1,
        }
    }
    let told = format!("{won} won, {lost} lost, {unknown} unknown, and all of it true");
    if unknown == 0 { unclear(format!("no answer was lost: {told}")) } else { Ok(told) }
}

/// One swap through the faults, and the truth about it.
async fn one<C: Cells, F: Cells>(
    clean: &Bench<'_, C>,
    faulty: &Bench<'_, F>,
    name: &str,
    expect: Option<&Version>,
    round: u32,
) -> Result<Answer, Finding> {
    let body = value("faulty", 0, round);
    let answer = faulty.swap(0, name, expect, body.clone()).await;
    let after = clean.read(0, name).await?;
    let is_written = after.as_ref().is_some_and(|object| object.bytes == body);
    match &answer {
        Answer::Won(_) if !is_written => broken("a swap was said to be won and was not written"),
        Answer::Won(version) if after.is_some_and(|object| object.version != *version) => {
            broken("a won swap was told another version than is read")
        }
        Answer::Lost if is_written => broken("a swap was said to be lost and was written"),
        Answer::Won(_) | Answer::Lost | Answer::Unknown => Ok(answer),
    }
}
