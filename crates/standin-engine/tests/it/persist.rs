//! Remember, then act; and nothing is written that is known already.

use standin_core::effect::Outcome;
use standin_core::health::Health;
use standin_core::incident::{Phase, Target};
use standin_engine::ports::{Change, Journal};

use super::stage::{Stage, at, id};

#[tokio::test]
async fn what_is_handed_out_is_written_before() {
    let mut stage = Stage::new(&["web"]).await;
    stage.tick(0).await;
    stage.pm2.kill("web");
    let step = stage.tick(1).await;
    let attempts = stage.journal.memory.attempts();
    assert_eq!(attempts.iter().map(|a| a.planned.clone()).collect::<Vec<_>>(), step.effects);
    assert_eq!((attempts.len(), stage.pm2.applied()), (1, 0), "written, and not done yet");
    stage.carry(step.effects[0].clone(), 1).await.unwrap();
    assert_eq!(stage.journal.memory.attempts()[0].ended, Some((at(1), Outcome::Done)));
}

#[tokio::test]
async fn a_journal_that_refuses_stops_every_effect_and_the_next_tick_decides_anew() {
    let mut stage = Stage::new(&["web"]).await;
    stage.tick(0).await;
    stage.pm2.kill("web");
    stage.refuse(1);
    assert!(stage.try_tick(1).await.is_err());
    assert_eq!(stage.health("web"), Health::Failed, "the status tells the truth all the same");
    assert!(stage.engine.in_flight().is_empty() && stage.engine.incidents().is_empty());
    let step = stage.tick(2).await;
    assert_eq!((step.effects.len(), step.effects[0].attempt), (1, 1));
}

#[tokio::test]
async fn a_flip_that_could_not_be_written_is_written_later() {
    let mut stage = Stage::new(&["web"]).await;
    stage.tick(0).await;
    stage.pm2.kill("web");
    stage.refuse(1);
    assert!(stage.try_tick(1).await.is_err());
    stage.tick(2).await;
    let healths: Vec<_> = stage.journal.memory.flips().iter().map(|f| f.verdict.health).collect();
    assert_eq!(healths, [Health::Healthy, Health::Failed]);
    let written = stage.written();
    stage.tick(3).await;
    assert_eq!(stage.written(), written, "once");
}

#[tokio::test]
async fn an_outcome_that_could_not_be_written_is_written_later() {
    let mut stage = Stage::new(&["web"]).await;
    stage.tick(0).await;
    stage.pm2.kill("web");
    let step = stage.tick(1).await;
    stage.refuse(1);
    assert!(stage.carry(step.effects[0].clone(), 2).await.is_err());
    assert!(stage.engine.in_flight().is_empty(), "it counts in memory");
    assert_eq!(stage.journal.memory.attempts()[0].ended, None);
    stage.tick(3).await;
    assert_eq!(stage.journal.memory.attempts()[0].ended, Some((at(3), Outcome::Done)));
    let stage = stage.restart(4).await;
    assert!(stage.journal.load().await.unwrap().pending.is_empty());
}

#[tokio::test]
async fn a_quiet_tick_writes_nothing() {
    let mut stage = Stage::new(&["web", "api", "job"]).await;
    stage.tick(1).await;
    let written = stage.written();
    assert!(written > 0);
    for second in 2..59 {
        assert!(stage.tick(second).await.effects.is_empty());
    }
    assert_eq!(stage.written(), written);
    let mut stage = stage.restart(59).await;
    stage.tick(59).await;
    assert_eq!(stage.written(), 0, "nor does a start of the agent");
}

#[tokio::test]
async fn the_memory_of_an_adapter_is_written_when_it_changes() {
    let mut stage = Stage::new(&["web"]).await;
    stage.pm2.remember("{\"1\":\"exit 1\"}");
    stage.refuse(1);
    assert!(stage.try_tick(0).await.is_err());
    stage.tick(1).await;
    let mark = stage.journal.load().await.unwrap().marks.get("pm2").cloned();
    assert_eq!(mark.as_deref(), Some("{\"1\":\"exit 1\"}"));
    let written = stage.written();
    stage.tick(2).await;
    assert_eq!(stage.written(), written);
}

#[tokio::test]
async fn what_is_recorded_already_is_not_done_and_keeps_nothing_else_from_being_done() {
    let mut stage = Stage::new(&["web", "api", "job"]).await;
    stage.tick(0).await;
    stage.pm2.kill("web");
    stage.pm2.kill("api");
    // Another life of the agent has planned the same for one of them, and the same slot.
    let mut twin = Stage::new(&["web", "api", "job"]).await;
    twin.tick(0).await;
    twin.pm2.kill("web");
    let intents = twin.tick(60).await.effects;
    assert_eq!(intents.len(), 2, "a restart and a run");
    stage.journal.memory.commit(Change { at: at(60), intents, ..Change::default() }).await.unwrap();

    let step = stage.tick(60).await;
    let names: Vec<_> = step.effects.iter().map(|p| p.effect.automation().unwrap().clone()).collect();
    assert_eq!(names, [id("api")]);
    assert_eq!(stage.engine.in_flight().iter().collect::<Vec<_>>(), [&Target::Automation(id("api"))]);
    stage.carry(step.effects[0].clone(), 60).await.unwrap();
    let later = stage.tick(63).await;
    assert_eq!(later.effects[0].attempt, 2, "the next attempt has a name of its own");
    assert_eq!(
        stage.tick(120).await.effects.iter().filter(|p| p.incident.is_none()).count(),
        1,
        "the next slot"
    );
}

#[tokio::test]
async fn incidents_of_what_is_watched_no_longer_are_over() {
    let mut stage = Stage::new(&["web", "api"]).await;
    stage.tick(0).await;
    stage.pm2.kill("web");
    stage.tick(1).await;
    let mut stage = stage.restart_with(super::stage::setup(&["api"]), 2).await;
    assert!(stage.engine.incidents().is_empty());
    assert_eq!(stage.journal.memory.incidents()[0].phase, Phase::Resolved);
    stage.tick(3).await;
    assert_eq!(stage.engine.verdicts().len(), 1);
}
