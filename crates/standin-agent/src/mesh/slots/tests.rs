#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::SignedDuration;
use standin_body::store::{OutOfReach, Slots, Whole};
use standin_stores::shared::memory::Memory;

use super::*;

const DEADLINE: u64 = 90_000;

pub(in crate::mesh) fn store() -> Arc<dyn Store> {
    Arc::new(Whole::new(Memory::new(), Memory::new(), Slots::Among))
}

fn sweep() -> AutomationId {
    "command:sweep".parse().unwrap()
}

/// An own command with a backup elsewhere, and who decides about its slots.
fn late(store: &Arc<dyn Store>) -> LateSlots {
    let shared = Shared { deadline: DEADLINE, store: Arc::clone(store) };
    LateSlots { of: BTreeMap::from([(sweep(), shared)]) }
}

/// A run for a slot of so many seconds ago.
fn run(automation: &AutomationId, seconds: i64) -> PlannedEffect {
    PlannedEffect {
        key: EffectKey("run".to_owned()),
        attempt: 1,
        incident: None,
        effect: Effect::Run {
            automation: automation.clone(),
            slot: Timestamp::now() - SignedDuration::from_secs(seconds),
        },
        why: String::new(),
    }
}

fn key(planned: &PlannedEffect) -> EffectKey {
    let Effect::Run { automation, slot } = &planned.effect else { unreachable!() };
    slot_key(automation, *slot)
}

async fn backup_claims(store: &Arc<dyn Store>, planned: &PlannedEffect) -> Claimed {
    let now = Timestamp::now().as_millisecond();
    let backup = Claimant { attempt: 1, run: "github/7/1", now, ordered: Some(now) };
    store.claim(&key(planned), backup).await
}

#[tokio::test]
async fn a_slot_in_time_and_one_that_nobody_else_does_are_begun_without_asking() {
    let nobody: Arc<dyn Store> = Arc::new(OutOfReach);
    let late = late(&nobody);
    assert!(matches!(late.ask(&run(&sweep(), 80), || false).await, Leave::Go(None)));
    let other = "command:other".parse().unwrap();
    assert!(matches!(late.ask(&run(&other, 9_000), || false).await, Leave::Go(None)));
    let restart =
        PlannedEffect { effect: Effect::StartSaved { automation: sweep() }, ..run(&sweep(), 9_000) };
    assert!(matches!(late.ask(&restart, || false).await, Leave::Go(None)));
}

#[tokio::test]
async fn a_late_slot_is_claimed_first_and_left_out_when_another_has_it_or_nobody_can_tell() {
    let (store, planned) = (store(), run(&sweep(), 100));
    let Leave::Go(Some(hold)) = late(&store).ask(&planned, || false).await else { panic!("it is free") };
    assert!(matches!(backup_claims(&store, &planned).await, Claimed::StepAside(_)), "it is held");
    hold.end(&RunEnd::Exited { code: 0 }).await;
    assert_eq!(store.holder(&hold.key).await.unwrap().state, SlotState::Done);

    let taken = run(&sweep(), 200);
    assert_eq!(backup_claims(&store, &taken).await, Claimed::Go);
    let Leave::Out(why) = late(&store).ask(&taken, || false).await else { panic!("another has it") };
    assert!(why.contains("github/7/1"), "{why}");
    // An earlier life has begun it: it goes on, whoever has the slot.
    assert!(matches!(late(&store).ask(&taken, || true).await, Leave::Go(Some(_))));

    let nobody: Arc<dyn Store> = Arc::new(OutOfReach);
    let Leave::Out(why) = late(&nobody).ask(&planned, || false).await else { panic!("nobody can tell") };
    assert!(why.contains("could not be asked"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_run_says_that_it_works_on_and_another_that_has_the_slot_is_left_alone() {
    let (store, planned) = (store(), run(&sweep(), 100));
    let Leave::Go(Some(hold)) = late(&store).ask(&planned, || false).await else { panic!("it is free") };
    hold.during(tokio::time::sleep(WORKS_ON / 2)).await;
    assert_eq!(store.holder(&hold.key).await.unwrap().alive, 0);
    hold.during(tokio::time::sleep(WORKS_ON * 2)).await;
    let claim = store.holder(&hold.key).await.unwrap();
    assert!(claim.alive >= claim.at && claim.state == SlotState::Working);
    store.end(&hold.key, &hold.run, SlotState::Failed).await;
    assert_eq!(backup_claims(&store, &planned).await, Claimed::Go);
    hold.during(tokio::time::sleep(WORKS_ON * 2)).await;
    let claim = store.holder(&hold.key).await.unwrap();
    assert_eq!((claim.run.as_str(), claim.alive), ("github/7/1", 0));
}
