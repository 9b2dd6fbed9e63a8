//! What the agent remembers of the mesh from one life to the next, in its own database.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use standin_body::alerts::Alert;
use standin_core::effect::EffectKey;
use standin_core::ident::AutomationId;
use standin_core::mesh::peer::BeatNumber;
use standin_engine::mesh::record::Carry;
use standin_engine::ports::mesh::SwapAnswer;
use standin_stores::shared::Cells;
use standin_stores::shared::sqlite::Local;

/// The cell of what a tick leaves to the next.
const TICK: &str = "memory";
/// What the cells of runs begin with.
const RUN: &str = "run/";
/// So long a run is remembered: much longer than an order for it may come again.
const RUN_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Most runs that are looked at when a life begins.
const MAX_RUNS: usize = 1_000;

/// What a tick leaves to the next.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) carry: Carry,
    pub(crate) number: BeatNumber,
    /// What people were told of late.
    #[serde(default)]
    pub(crate) alerts: Vec<Alert>,
}

/// One run that was started for the mesh.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) automation: AutomationId,
    pub(crate) key: EffectKey,
    pub(crate) attempt: u8,
    /// When it was ordered.
    pub(crate) at: Timestamp,
    pub(crate) state: RunIs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunIs {
    Ordered,
    Over,
}

/// What became of writing down a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It is the first of its name.
    New,
    /// It was ordered before.
    Known,
    /// Nobody can tell.
    CannotTell,
}

/// The memory; without a database nothing is remembered, and the agent is a watcher like the Action.
#[derive(Debug, Clone)]
pub(crate) struct Memory(pub(crate) Option<Local>);

impl Memory {
    /// Begins a life: its number is on the disk before its first beat is anywhere else. `None` without a database.
    pub(crate) async fn begin_life(&self) -> Option<Kept> {
        let cells = self.0.as_ref()?;
        let last: Kept = match cells.read(TICK).await {
            Ok(read) => read.value.and_then(|object| parse(&object.bytes)).unwrap_or_default(),
            Err(error) => {
                tracing::warn!(target: "mesh", %error, "what the agent remembers of the mesh cannot be read");
                return None;
            }
        };
        let number = BeatNumber { incarnation: last.number.incarnation.saturating_add(1), seq: 0 };
        let life = Kept { number, ..last };
        self.keep(&life).await;
        Some(life)
    }

    /// Keeps what a tick has left.
    pub(crate) async fn keep(&self, kept: &Kept) {
        let Some(cells) = &self.0 else { return };
        if !put(cells, TICK, kept).await {
            tracing::warn!(target: "mesh", "what the agent remembers of the mesh could not be written");
        }
    }

    /// Writes down that a run is ordered, before it is started.
    pub(crate) async fn order(&self, run: &Run) -> Noted {
        let Some(cells) = &self.0 else { return Noted::CannotTell };
        let Ok(bytes) = serde_json::to_vec(run) else { return Noted::CannotTell };
        let name = name(run);
        match cells.swap(&name, None, bytes.into()).await {
            SwapAnswer::Won(_) => Noted::New,
            SwapAnswer::Lost | SwapAnswer::Unknown => match cells.read(&name).await {
                Ok(read) if read.value.is_some() => Noted::Known,
                Ok(_) | Err(_) => Noted::CannotTell,
            },
        }
    }

    /// Writes down that a run is over.
    pub(crate) async fn over(&self, run: &Run) {
        let Some(cells) = &self.0 else { return };
        let run = Run { state: RunIs::Over, ..run.clone() };
        if !put(cells, &name(&run), &run).await {
            tracing::warn!(target: "mesh", automation = %run.automation, "that a run is over could not be written");
        }
    }

    /// The runs that an earlier life has ordered and not seen the end of. What is old is forgotten.
    pub(crate) async fn unfinished(&self) -> Vec<Run> {
        let Some(cells) = &self.0 else { return Vec::new() };
        let Ok(listed) = cells.list(RUN).await else { return Vec::new() };
        let old = Timestamp::now().checked_sub(RUN_AGE).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut left = Vec::new();
        for entry in listed.value.into_iter().take(MAX_RUNS) {
            let Ok(read) = cells.read(&entry.name).await else { continue };
            let run: Option<Run> = read.value.and_then(|object| parse(&object.bytes));
            match run {
                Some(run) if run.at < old => drop(cells.remove(&entry.name, &entry.version).await),
                Some(run) if run.state == RunIs::Ordered => left.push(run),
                Some(_) | None => {}
            }
        }
        left
    }
}

fn name(run: &Run) -> String {
    format!("{RUN}{}/{}", run.key, run.attempt)
}

fn parse<T: DeserializeOwned>(bytes: &Bytes) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// Writes over what was there. There is one writer: the agent that holds the lock.
async fn put(cells: &Local, name: &str, value: &impl Serialize) -> bool {
    let (Ok(bytes), Ok(read)) = (serde_json::to_vec(value), cells.read(name).await) else { return false };
    let version = read.value.map(|object| object.version);
    matches!(cells.swap(name, version.as_ref(), bytes.into()).await, SwapAnswer::Won(_))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn memory(dir: &std::path::Path) -> Memory {
        Memory(Some(Local::open(&dir.join("mesh.db")).unwrap()))
    }

    #[tokio::test]
    async fn each_life_has_a_greater_number_than_all_beats_of_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let first = memory(dir.path()).begin_life().await.unwrap();
        assert_eq!(first.number, BeatNumber { incarnation: 1, seq: 0 });
        // Killed before it kept anything.
        let second = memory(dir.path()).begin_life().await.unwrap();
        let kept = Kept { number: second.number.next().next(), ..Kept::default() };
        memory(dir.path()).keep(&kept).await;
        let third = memory(dir.path()).begin_life().await.unwrap();
        assert_eq!((second.number.incarnation, third.number.incarnation, third.number.seq), (2, 3, 0));
        assert!(third.number > kept.number);
        assert!(Memory(None).begin_life().await.is_none());
    }

    #[tokio::test]
    async fn a_run_is_ordered_once_and_left_until_it_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let run = |attempt| Run {
            automation: "command:restore".parse().unwrap(),
            key: EffectKey("k".to_owned()),
            attempt,
            at: Timestamp::now(),
            state: RunIs::Ordered,
        };
        let one = memory(dir.path());
        assert_eq!(one.order(&run(1)).await, Noted::New);
        assert_eq!(memory(dir.path()).order(&run(1)).await, Noted::Known);
        assert_eq!(one.order(&run(2)).await, Noted::New);
        assert_eq!(memory(dir.path()).unfinished().await.len(), 2);
        one.over(&run(1)).await;
        let left: Vec<_> = memory(dir.path()).unfinished().await.into_iter().map(|run| run.attempt).collect();
        assert_eq!(left, [2]);
        assert_eq!(one.order(&run(1)).await, Noted::Known, "what is over is not done again");
        assert_eq!(Memory(None).order(&run(1)).await, Noted::CannotTell);
    }
}
