//! What every journal must do, as one suite. It panics at the first thing that a journal gets wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use jiff::Timestamp;
use standin_core::beat::{Beat, Signal};
use standin_core::effect::{Effect, EffectKey, Outcome, PlannedEffect};
use standin_core::health::Health;
use standin_core::ident::AutomationId;
use standin_core::incident::{Incident, Phase, Target};
use standin_core::run::{RunEnd, RunState};
use standin_core::verdict::{Life, Reason, Verdict};
use standin_engine::ports::{Arrival, Change, Journal, JournalError, Remembered};

/// Runs the whole suite; `fresh` gives an empty journal each time.
///
/// # Panics
/// When the journal does something else than it must.
pub async fn journal<J: Journal, F: Future<Output = J>>(fresh: impl Fn() -> F) {
    starts_empty(&fresh().await).await;
    sums_beats(&fresh().await).await;
    takes_a_beat_twice_as_one(&fresh().await).await;
    moves_nothing_back(&fresh().await).await;
    gives_back_a_change(&fresh().await).await;
    writes_a_duplicate_not_at_all(&fresh().await).await;
    refuses_an_outcome_without_intent(&fresh().await).await;
    keeps_its_own_marks(&fresh().await).await;
    forgets_what_was_answered(&fresh().await).await;
    keeps_incidents_of_use(&fresh().await).await;
}

/// `seconds` after a fixed moment, with nanoseconds: nothing may be rounded.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_700_000_000 + seconds, 123_456_789).unwrap()
}

/// The id `pm2:name`.
pub fn id(name: &str) -> AutomationId {
    format!("pm2:{name}").parse().unwrap()
}

/// A heartbeat on its way.
pub fn arrival(name: &str, seconds: i64, signal: Signal) -> Arrival {
    let beat = Beat { at: at(seconds), signal, rid: String::new(), exit: None };
    Arrival { id: id(name), beat, via: "GET".into(), agent: "curl".into(), body: b"body".to_vec() }
}

/// The intent of a restart.
pub fn planned(key: &str, attempt: u8) -> PlannedEffect {
    let effect =
        Effect::RestartProcess { automation: id("web"), lives: vec![Life { pm_id: 3, uptime_stamp: 17 }] };
    PlannedEffect { key: EffectKey(key.into()), attempt, incident: None, effect, why: "it died".into() }
}

/// A verdict.
pub fn verdict(name: &str, health: Health, seconds: i64) -> Verdict {
    let reason = Reason::GaveUp { restarts: 16 };
    Verdict {
        automation: id(name),
        health,
        reason,
        since: at(seconds),
        due: None,
        last_success: Some(at(0)),
        lives: Vec::new(),
    }
}

/// A change that holds something of everything.
pub fn full_change() -> Change {
    Change {
        at: at(10),
        flips: vec![verdict("web", Health::Failed, 9)],
        incidents: vec![Incident::open(Target::Automation(id("web")), Reason::NeverStarted, at(9))],
        intents: vec![planned("k", 1), planned("k", 2)],
        outcomes: vec![(EffectKey("k".into()), 1, Outcome::Refused { why: "no".into() })],
        runs: vec![(id("job"), run())],
        marks: vec![("pm2".into(), "{}".into())],
    }
}

fn run() -> RunState {
    let mut run = RunState { known_since: Some(at(1)), settled_slot: Some(at(2)), ..RunState::default() };
    run.ended(at(3), RunEnd::Killed { signal: "SIGKILL".into() });
    run
}

async fn starts_empty<J: Journal>(journal: &J) {
    assert_eq!(journal.load().await.unwrap(), Remembered::default());
}

async fn sums_beats<J: Journal>(journal: &J) {
    journal.arrive(arrival("a", 1, Signal::Start)).await.unwrap();
    let state = journal.arrive(arrival("a", 2, Signal::Success)).await.unwrap();
    assert_eq!((state.count, state.first, state.last_success), (2, Some(at(1)), Some(at(2))));
    journal.arrive(arrival("b", 3, Signal::Log)).await.unwrap();
    let loaded = journal.load().await.unwrap();
    assert_eq!(loaded.beats.get(&id("a")), Some(&state), "load gives what arrive gave");
    assert_eq!(loaded.beats.get(&id("b")).map(|s| s.count), Some(0), "a log is known and counts for nothing");
}

async fn takes_a_beat_twice_as_one<J: Journal>(journal: &J) {
    let once = journal.arrive(arrival("a", 1, Signal::Fail)).await.unwrap();
    let twice = journal.arrive(arrival("a", 1, Signal::Fail)).await.unwrap();
    assert_eq!(once, twice);
    let other = journal.arrive(arrival("a", 1, Signal::Success)).await.unwrap();
    assert_eq!(other.count, 2, "another signal of the same moment is another beat");
    let mut with_rid = arrival("a", 1, Signal::Success);
    with_rid.beat.rid = "r".into();
    assert_eq!(journal.arrive(with_rid).await.unwrap().count, 3, "another run's beat is another beat");
}

async fn moves_nothing_back<J: Journal>(journal: &J) {
    journal.arrive(arrival("a", 9, Signal::Success)).await.unwrap();
    let state = journal.arrive(arrival("a", 2, Signal::Fail)).await.unwrap();
    assert_eq!((state.last_success, state.failed, state.first), (Some(at(9)), None, Some(at(2))));
}

async fn gives_back_a_change<J: Journal>(journal: &J) {
    let change = full_change();
    journal.commit(change.clone()).await.unwrap();
    let loaded = journal.load().await.unwrap();
    assert_eq!(loaded.verdicts.get(&id("web")), change.flips.first());
    assert_eq!(loaded.incidents, change.incidents);
    assert_eq!(loaded.pending, [(at(10), planned("k", 2))], "the answered intent is not pending");
    assert_eq!(loaded.runs.get(&id("job")), Some(&run()));
    assert_eq!(loaded.marks.get("pm2").map(String::as_str), Some("{}"));

    let better = verdict("web", Health::Healthy, 20);
    let marks = vec![("pm2".into(), "[]".into())];
    let next = Change { at: at(21), flips: vec![better.clone()], marks, ..Change::default() };
    journal.commit(next).await.unwrap();
    let loaded = journal.load().await.unwrap();
    assert_eq!(
        loaded.verdicts.get(&id("web")),
        Some(&better),
        "the newer verdict takes the older one's place"
    );
    assert_eq!(loaded.marks.get("pm2").map(String::as_str), Some("[]"));
    assert_eq!(loaded.incidents.len(), 1, "what a change does not name stays");
}

async fn writes_a_duplicate_not_at_all<J: Journal>(journal: &J) {
    journal.commit(full_change()).await.unwrap();
    let before = journal.load().await.unwrap();
    let mut again = full_change();
    again.flips = vec![verdict("other", Health::Failed, 1)];
    again.marks = vec![("new".into(), "1".into())];
    again.runs = vec![(id("other"), run())];
    again.incidents = vec![Incident::open(Target::Pm2, Reason::DaemonGone, at(50))];
    again.intents = vec![planned("fresh", 1), planned("k", 2)];
    again.outcomes = Vec::new();
    match journal.commit(again).await {
        Err(JournalError::Duplicate { key, attempt }) => assert_eq!((key.0.as_str(), attempt), ("k", 2)),
        other => panic!("a duplicate was answered with {other:?}"),
    }
    assert_eq!(journal.load().await.unwrap(), before, "nothing of the refused change is there");
    let twins = Change { intents: vec![planned("t", 1), planned("t", 1)], ..Change::default() };
    assert!(matches!(journal.commit(twins).await, Err(JournalError::Duplicate { .. })));
    let third = Change { intents: vec![planned("k", 3)], ..Change::default() };
    journal.commit(third).await.expect("another attempt of the same key is another effect");
}

async fn refuses_an_outcome_without_intent<J: Journal>(journal: &J) {
    let outcomes = vec![(EffectKey("never".into()), 1, Outcome::Done)];
    let marks = vec![("new".into(), "1".into())];
    let result = journal.commit(Change { outcomes, marks, ..Change::default() }).await;
    assert!(matches!(result, Err(JournalError::Storage(_))), "{result:?}");
    assert_eq!(journal.load().await.unwrap(), Remembered::default());
}

async fn keeps_its_own_marks<J: Journal>(journal: &J) {
    let marks = vec![(format!("{}ping_key", crate::RESERVED_MARKS), "guess".into())];
    let result = journal.commit(Change { marks, ..Change::default() }).await;
    assert!(matches!(result, Err(JournalError::Storage(_))), "{result:?}");
    assert!(journal.load().await.unwrap().marks.is_empty());
}

async fn forgets_what_was_answered<J: Journal>(journal: &J) {
    let intents = vec![planned("b", 1), planned("a", 1)];
    journal.commit(Change { at: at(1), intents, ..Change::default() }).await.unwrap();
    let pending = journal.load().await.unwrap().pending;
    assert_eq!(pending, [(at(1), planned("b", 1)), (at(1), planned("a", 1))], "oldest first, as planned");
    let outcomes = vec![(EffectKey("b".into()), 1, Outcome::Done)];
    journal.commit(Change { at: at(2), outcomes, ..Change::default() }).await.unwrap();
    assert_eq!(journal.load().await.unwrap().pending, [(at(1), planned("a", 1))]);
}

async fn keeps_incidents_of_use<J: Journal>(journal: &J) {
    let incident = |name: &str, seconds: i64, phase: Phase| {
        let mut one = Incident::open(Target::Automation(id(name)), Reason::NeverStarted, at(seconds));
        one.phase = phase;
        one
    };
    let incidents = vec![
        incident("a", 3, Phase::Resolved),
        incident("a", 1, Phase::Resolved),
        incident("a", 2, Phase::Exhausted),
        incident("b", 4, Phase::Settling),
    ];
    journal.commit(Change { incidents, ..Change::default() }).await.unwrap();
    let expected = [
        incident("a", 2, Phase::Exhausted),
        incident("a", 3, Phase::Resolved),
        incident("b", 4, Phase::Settling),
    ];
    assert_eq!(journal.load().await.unwrap().incidents, expected);
}
