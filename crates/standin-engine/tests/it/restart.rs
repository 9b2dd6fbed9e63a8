//! The agent is killed at each step of a recovery: nothing is lost, and nothing is done twice.

use standin_core::effect::Outcome;
use standin_core::health::Health;
use standin_core::incident::{Phase, Target};

use super::stage::{Stage, id};

async fn with_one_dead() -> Stage {
    let mut stage = Stage::new(&["web"]).await;
    stage.tick(0).await;
    stage.pm2.kill("web");
    stage
}

/// Goes on until the incident is over, and gives how often the app was restarted.
async fn until_well(mut stage: Stage, from: i64) -> (Stage, usize) {
    for now in from..from + 30 {
        for planned in stage.tick(now).await.effects {
            stage.carry(planned, now).await.unwrap();
        }
    }
    assert_eq!(stage.health("web"), Health::Healthy);
    assert_eq!(stage.engine.incidents()[&Target::Automation(id("web"))].phase, Phase::Resolved);
    let restarts = stage.pm2.applied();
    (stage, restarts)
}

fn outcomes(stage: &Stage) -> Vec<Option<Outcome>> {
    stage.journal.memory.attempts().into_iter().map(|a| a.ended.map(|(_, outcome)| outcome)).collect()
}

#[tokio::test]
async fn before_the_intent() {
    let stage = with_one_dead().await.restart(1).await;
    let (stage, restarts) = until_well(stage, 1).await;
    assert_eq!((restarts, outcomes(&stage)), (1, vec![Some(Outcome::Done)]));
}

#[tokio::test]
async fn between_the_intent_and_the_effect() {
    let mut stage = with_one_dead().await;
    assert_eq!(stage.tick(1).await.effects.len(), 1);
    let mut stage = stage.restart(1).await;
    assert!(stage.left.is_empty(), "a restart that may have been sent is not sent again unseen");
    assert!(matches!(outcomes(&stage)[..], [Some(Outcome::Unknown { .. })]));
    assert!(stage.tick(1).await.effects.is_empty(), "the wait after the first attempt holds");
    let (stage, restarts) = until_well(stage, 2).await;
    assert_eq!((restarts, stage.journal.memory.attempts()[1].planned.attempt), (1, 2));
}

#[tokio::test]
async fn between_the_effect_and_the_outcome() {
    let mut stage = with_one_dead().await;
    let planned = stage.tick(1).await.effects.remove(0);
    stage.carry_and_die(planned).await;
    let (stage, restarts) = until_well(stage.restart(2).await, 2).await;
    assert_eq!((restarts, stage.pm2.life("web").number), (1, 2), "what is well is not restarted again");
    assert!(matches!(outcomes(&stage)[..], [Some(Outcome::Unknown { .. })]));
}

#[tokio::test]
async fn after_the_outcome() {
    let mut stage = with_one_dead().await;
    let planned = stage.tick(1).await.effects.remove(0);
    stage.carry(planned, 1).await.unwrap();
    let (stage, restarts) = until_well(stage.restart(2).await, 2).await;
    assert_eq!((restarts, outcomes(&stage)), (1, vec![Some(Outcome::Done)]));
}

#[tokio::test]
async fn while_it_settles_and_after_it_was_given_up() {
    let mut stage = with_one_dead().await;
    let planned = stage.tick(1).await.effects.remove(0);
    stage.carry(planned, 1).await.unwrap();
    stage.tick(2).await;
    let (stage, restarts) = until_well(stage.restart(3).await, 3).await;
    assert_eq!(restarts, 1);
    let mut stage = stage.restart(500).await;
    stage.pm2.kill("web");
    let mut attempts = 0;
    for now in 500..560 {
        // Carried out by nobody: each is lost with the agent that planned it.
        let step = stage.tick(now).await;
        attempts += step.effects.len();
        stage = stage.restart(now).await;
    }
    let phase = stage.engine.incidents()[&Target::Automation(id("web"))].phase;
    assert_eq!((attempts, phase), (3, Phase::Exhausted), "the count outlives the agent");
}
