use proptest::prelude::*;

use super::*;

/// A command that runs each minute.
fn command(change: impl FnOnce(&mut SlotRules)) -> Watch {
    let mut rules = SlotRules {
        schedule: Schedule::parse("* * * * *", "UTC").unwrap(),
        grace: secs(30),
        jitter: Duration::ZERO,
        catch_up: CatchUp::Once,
        overlap: Overlap::Forbid,
        retries: 0,
    };
    change(&mut rules);
    Watch { expectations: vec![Expectation::Slots(rules)], ..app("job") }
}

/// A desk that has known the command since 30 s before the first slot, at 60 s.
fn desk(change: impl FnOnce(&mut SlotRules)) -> Desk {
    let mut desk = Desk::new(vec![command(change)]);
    desk.judge(fine("job"));
    assert!(desk.step(30.0).effects.is_empty());
    desk
}

impl Desk {
    fn run(&mut self) -> &mut RunState {
        self.runs.get_mut(&id("job")).unwrap()
    }

    fn end(&mut self, seconds: f64, end: RunEnd) {
        self.run().ended(at(seconds), end);
    }
}

const BAD: RunEnd = RunEnd::Exited { code: 1 };
const GOOD: RunEnd = RunEnd::Exited { code: 0 };

#[test]
fn a_slot_is_run_when_it_comes_and_only_once() {
    let mut desk = desk(|_| {});
    assert_eq!(desk.look(at(30.0)).next_wake, at(45.0), "the longest wait");
    assert_eq!(desk.look(at(50.0)).next_wake, at(60.0), "the slot");
    assert!(desk.step(59.999).effects.is_empty());
    let plan = desk.step(60.0);
    assert_eq!(choices(&plan), [Choice::RunSlot { slot: at(60.0) }]);
    let run = Effect::Run { automation: id("job"), slot: at(60.0) };
    assert_eq!((&plan.effects[0].effect, plan.effects[0].attempt), (&run, 1));
    assert_eq!(plan.effects[0].key.0, format!("pm2:job@{}", at(60.0).as_millisecond()));
    assert_eq!(desk.run().running_since, Some(at(60.0)));
    desk.end(61.0, GOOD);
    assert!(desk.step(62.0).effects.is_empty());
    assert_eq!(choices(&desk.step(120.5)), [Choice::RunSlot { slot: at(120.0) }]);
}

#[test]
fn a_slot_from_before_the_command_was_known_is_not_owed() {
    let mut fresh = Desk::new(vec![command(|_| {})]);
    fresh.judge(fine("job"));
    assert!(fresh.step(60.001).effects.is_empty());
    assert!(fresh.step(61.0).effects.is_empty());
    assert_eq!(fresh.step(120.0).effects.len(), 1);
}

#[test]
fn of_missed_slots_the_newest_is_caught_up_or_none() {
    let mut once = desk(|_| {});
    assert_eq!(choices(&once.step(331.0)), [Choice::CatchUp { slot: at(300.0) }]);
    once.end(332.0, GOOD);
    assert!(once.step(333.0).effects.is_empty(), "the older ones are settled with it");
    let mut skip = desk(|rules| rules.catch_up = CatchUp::Skip);
    let plan = skip.step(331.0);
    assert_eq!((choices(&plan), plan.effects.len()), (vec![Choice::SkipMissed { slot: at(300.0) }], 0));
    assert!(skip.step(332.0).decisions.is_empty());
    let mut in_time = desk(|rules| rules.catch_up = CatchUp::Skip);
    assert_eq!(choices(&in_time.step(90.0)), [Choice::RunSlot { slot: at(60.0) }], "at the end of its grace");
}

#[test]
fn a_slot_during_a_run_is_left_out_or_runs_beside_it() {
    let mut forbid = desk(|rules| rules.retries = 3);
    forbid.step(60.0);
    let plan = forbid.step(120.0);
    assert_eq!((choices(&plan), plan.effects.len()), (vec![Choice::SkipOverlap { slot: at(120.0) }], 0));
    assert_eq!(forbid.run().running_since, Some(at(60.0)));
    forbid.run().ended_for(at(60.0), at(130.0), BAD);
    assert_eq!(forbid.run().running_since, None);
    assert!(forbid.step(140.0).effects.is_empty(), "its next slot has come: it is not tried again");
    let mut allow = desk(|rules| rules.overlap = Overlap::Allow);
    allow.step(60.0);
    assert_eq!(allow.step(120.0).effects.len(), 1);
}

#[test]
fn where_runs_overlap_the_end_of_an_older_one_ends_no_newer_one() {
    let mut desk = desk(|rules| (rules.overlap, rules.retries) = (Overlap::Allow, 1));
    desk.step(60.0);
    desk.step(120.0);
    desk.run().ended_for(at(60.0), at(121.0), BAD);
    assert_eq!((desk.run().running_since, desk.run().failures), (Some(at(120.0)), 1));
    assert!(desk.step(130.0).effects.is_empty(), "the newer run still runs");
    desk.run().ended_for(at(120.0), at(131.0), GOOD);
    assert_eq!((desk.run().running_since, desk.run().last_success), (None, Some(at(131.0))));
}

#[test]
fn a_failed_run_is_tried_again_as_often_as_configured() {
    let mut desk = desk(|rules| rules.retries = 2);
    let first = desk.step(60.0).effects.remove(0);
    desk.end(61.0, BAD);
    let plan = desk.step(61.5);
    assert_eq!((choices(&plan), plan.next_wake), (vec![Choice::Wait { until: at(63.0) }], at(63.0)));
    let second = desk.step(63.0).effects.remove(0);
    assert_eq!((&second.key, second.attempt), (&first.key, 2));
    desk.end(64.0, RunEnd::TimedOut);
    assert!(desk.step(67.9).effects.is_empty());
    assert_eq!(desk.step(68.0).effects[0].attempt, 3);
    desk.end(69.0, BAD);
    assert!(desk.step(100.0).effects.is_empty(), "once and two more");
    let mut good = self::desk(|rules| rules.retries = 2);
    good.step(60.0);
    good.end(61.0, GOOD);
    assert!(good.step(100.0).effects.is_empty());
}

#[test]
fn what_was_skipped_is_not_tried_again_for_an_older_failure() {
    let mut desk = desk(|rules| (rules.retries, rules.catch_up) = (1, CatchUp::Skip));
    desk.step(60.0);
    desk.end(61.0, BAD);
    desk.step(63.0);
    desk.end(64.0, BAD);
    assert_eq!(choices(&desk.step(160.0)), [Choice::SkipMissed { slot: at(120.0) }]);
    let plan = desk.step(170.0);
    assert!(plan.effects.is_empty() && plan.decisions.is_empty(), "{:?}", plan.decisions);
}

#[test]
fn starts_are_spread_and_each_has_its_own_place() {
    let share = spread("pm2:job", secs(20));
    let begin = later(at(60.0), share);
    let mut desk = desk(|rules| rules.jitter = secs(20));
    assert_eq!(desk.look(at(59.0)).next_wake, begin.min(at(74.0)));
    let plan = desk.step(60.0);
    assert_eq!((plan.effects.len(), plan.next_wake), (0, begin.min(at(75.0))));
    let plan = desk.look(begin);
    assert_eq!(plan.effects.len(), 1);
    let places: BTreeSet<_> = (0..100).map(|n| spread(&format!("npm:.#{n}"), secs(20)).as_secs()).collect();
    assert!(places.len() > 15, "a hundred names fall on nearly all of twenty seconds");
}

#[test]
fn a_person_may_run_a_command_and_no_name_is_used_twice() {
    let mut desk = desk(|rules| rules.retries = 3);
    desk.ask("job", Request::Recover);
    let asked = desk.step(60.0);
    assert_eq!((choices(&asked), asked.effects.len()), (vec![Choice::RunSlot { slot: at(60.0) }], 1));
    desk.ask("job", Request::Recover);
    let plan = desk.step(60.0);
    assert_eq!((choices(&plan), plan.runs.len()), (vec![Choice::UnderWay], 0));
    desk.end(60.0, BAD);
    desk.ask("job", Request::Recover);
    let again = desk.step(60.0);
    assert_ne!(again.effects[0].key, asked.effects[0].key);
    desk.end(61.0, BAD);
    let retry = desk.step(70.0);
    assert_eq!((&retry.effects[0].key, retry.effects[0].attempt), (&again.effects[0].key, 2));
    let mut fresh = Desk::new(vec![command(|_| {})]);
    fresh.judge(fine("job"));
    fresh.ask("job", Request::Recover);
    assert_eq!(fresh.step(1.0).effects.len(), 1, "also when the command is new");
}

#[test]
fn a_slot_settled_under_a_wrong_clock_stops_no_schedule() {
    let mut desk = desk(|_| {});
    desk.step(1_000_000.0);
    desk.end(1_000_001.0, GOOD);
    assert!(desk.step(61.0).effects.is_empty());
    assert_eq!(desk.step(120.0).effects.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the clock and the runs do: no name is used twice, none runs beside another, none is owed too early.
    #[test]
    fn no_slot_is_run_twice(
        steps in prop::collection::vec((-600_i64..1_200, 0_u8..5, prop::bool::ANY), 1..120),
        retries in 0_u8..=3,
        catch_up in prop::sample::select(vec![CatchUp::Once, CatchUp::Skip]),
        jitter in 0_u64..30,
    ) {
        let mut desk = desk(|rules| {
            (rules.retries, rules.catch_up, rules.jitter) = (retries, catch_up, secs(jitter));
        });
        let (mut now, mut highest, mut used) = (30_i64, 30_i64, BTreeSet::new());
        for (by, event, asked) in steps {
            // Mostly forwards; a clock is set back by minutes, in all not by an hour: beyond that what was settled
            // counts as settled under a wrong clock, and it is the journal that refuses a name that was used.
            now = (now + by).max(highest - 3_000).max(0);
            highest = highest.max(now);
            if desk.run().running_since.is_some() && event > 1 {
                desk.end(now as f64, if event == 2 { GOOD } else { BAD });
            }
            if asked && event == 4 {
                desk.ask("job", Request::Recover);
            }
            let was_running = desk.run().running_since.is_some();
            let plan = desk.step(now as f64);
            for effect in &plan.effects {
                prop_assert!(!was_running, "one at a time");
                prop_assert!(effect.attempt <= retries + 1);
                prop_assert!(used.insert((effect.key.clone(), effect.attempt)), "{:?} twice", effect.key);
            }
            prop_assert!(plan.next_wake > at(now as f64));
        }
    }
}
