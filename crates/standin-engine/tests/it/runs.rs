//! Runs in their slots, across restarts of the agent.

use std::sync::Arc;

use standin_core::health::Health;
use standin_core::run::RunEnd;
use standin_core::verdict::Reason;
use standin_engine::ports::Journal;
use standin_stores::memory::Memory;

use super::pm2::Pm2;
use super::runner::Ends;
use super::stage::{Stage, id, setup};

async fn at_its_slot() -> (Stage, standin_core::effect::PlannedEffect) {
    let mut stage = Stage::new(&["job"]).await;
    stage.tick(1).await;
    let run = stage.tick(60).await.effects.remove(0);
    (stage, run)
}

#[tokio::test]
async fn a_run_in_flight_is_taken_up_by_the_next_life_and_started_once() {
    for begun in [false, true] {
        let (stage, run) = at_its_slot().await;
        if begun {
            stage.carry_and_die(run.clone()).await;
        }
        let mut stage = stage.restart(61).await;
        assert_eq!(stage.left, std::slice::from_ref(&run));
        assert!(stage.tick(62).await.effects.is_empty(), "its slot is settled");
        assert_eq!(stage.engine.verdicts()[&id("job")].reason, Reason::Running);
        let left = stage.left.remove(0);
        stage.carry(left, 63).await.unwrap();
        assert_eq!(stage.runner.started(), 1);
        let mut stage = stage.restart(64).await;
        assert!(stage.left.is_empty());
        stage.tick(64).await;
        assert_eq!(stage.health("job"), Health::Healthy);
    }
}

#[tokio::test]
async fn a_run_of_which_nothing_is_known_is_lost_and_tried_again() {
    let (stage, run) = at_its_slot().await;
    let runs = stage.journal.memory.load().await.unwrap().runs.into_iter().collect();
    // The intent was answered and the state of the run was not written: a store of an older version.
    let journal = Memory::new();
    let change = standin_engine::ports::Change { runs, ..Default::default() };
    journal.commit(change).await.unwrap();
    let stage = Stage::on(stage.pm2, journal, stage.runner, setup(&["job"]), 61).await;
    let ended = stage.journal.load().await.unwrap().runs[&id("job")].clone();
    assert_eq!(ended.last_end.map(|(_, end)| end), Some(RunEnd::Lost));
    let mut stage = stage.restart(70).await;
    let again = stage.tick(70).await.effects.remove(0);
    assert_eq!((again.key, again.attempt), (run.key, 2));
}

#[tokio::test]
async fn a_failed_run_is_written_judged_and_tried_again_once() {
    let runner = Arc::new(Ends::with(RunEnd::Exited { code: 3 }));
    let pm2 = Arc::new(Pm2::default());
    let mut stage = Stage::on(pm2, Memory::new(), runner, setup(&["job"]), 0).await;
    stage.tick(1).await;
    let mut begun = Vec::new();
    for now in 60..119 {
        for planned in stage.tick(now).await.effects {
            begun.push(planned.attempt);
            stage.carry(planned, now).await.unwrap();
        }
    }
    assert_eq!(begun, [1, 2]);
    let end = RunEnd::Exited { code: 3 };
    assert_eq!(stage.engine.verdicts()[&id("job")].reason, Reason::RunFailed { end });
    assert_eq!(stage.journal.load().await.unwrap().runs[&id("job")].failures, 2);
}

#[tokio::test]
async fn the_end_of_a_run_that_could_not_be_written_is_written_later() {
    let (mut stage, run) = at_its_slot().await;
    stage.refuse(1);
    assert!(stage.carry(run, 61).await.is_err());
    stage.tick(62).await;
    let remembered = stage.journal.load().await.unwrap();
    assert!(remembered.pending.is_empty());
    assert_eq!(remembered.runs[&id("job")].running_since, None);
    let written = stage.written();
    stage.tick(63).await;
    assert_eq!(stage.written(), written, "once");
}

#[tokio::test]
async fn a_person_may_run_a_command_between_its_slots() {
    let mut stage = Stage::new(&["job"]).await;
    let asked = stage.ask("job", 5).await.effects.remove(0);
    stage.carry(asked, 6).await.unwrap();
    let again = stage.ask("job", 7).await.effects.remove(0);
    stage.carry(again, 8).await.unwrap();
    assert_eq!((stage.runner.started(), stage.tick(60).await.effects.len()), (2, 1));
}
