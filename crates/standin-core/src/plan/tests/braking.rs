use super::*;

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn all_down() -> Desk {
    let mut desk = Desk::new(NAMES.map(app).into());
    NAMES.iter().for_each(|name| desk.judge(down(name)));
    desk
}

fn begun(plan: &Plan) -> Vec<String> {
    plan.effects.iter().filter_map(|p| p.effect.automation()).map(|id| id.name().to_owned()).collect()
}

/// Recovers what was begun, and steps on.
fn recover(desk: &mut Desk, begun: &[String], seconds: f64) -> Plan {
    begun.iter().for_each(|name| desk.judge(fine(name)));
    desk.step(seconds)
}

#[test]
fn one_canary_then_two_then_four_and_then_all() {
    let mut desk = all_down();
    let first = desk.step(0.0);
    assert_eq!((begun(&first), choice(&first, &target("b"))), (vec!["a".into()], Choice::Held));
    assert!(begun(&desk.step(0.1)).is_empty(), "the canary has not recovered yet");
    let second = recover(&mut desk, &begun(&first), 0.2);
    assert_eq!(begun(&second), ["b", "c"]);
    desk.judge(fine("b"));
    assert!(begun(&desk.step(0.3)).is_empty(), "a stage ends as a whole");
    // With a, b and c it is three of eight: still under a half.
    let third = recover(&mut desk, &begun(&second), 0.4);
    assert_eq!(
        (begun(&third), &desk.brake),
        (
            vec!["d".into(), "e".into(), "f".into(), "g".into()],
            &Brake::On { limit: 4, canaries: ["d", "e", "f", "g"].map(target).into() },
        )
    );
    desk.judge(fine("d"));
    let last = desk.step(0.5);
    assert_eq!((begun(&last), &desk.brake), (vec!["h".into()], &Brake::Off), "at a half the brake is off");
}

#[test]
fn the_weightiest_goes_first() {
    let mut desk = all_down();
    desk.watches[5].priority = Priority::Critical;
    desk.watches[6].priority = Priority::High;
    desk.watches[0].priority = Priority::Low;
    let first = desk.step(0.0);
    assert_eq!(begun(&first), ["f"]);
    assert_eq!(begun(&recover(&mut desk, &begun(&first), 1.0)), ["g", "b"]);
}

#[test]
fn a_failed_canary_lets_others_go_but_no_more_at_a_time() {
    let mut desk = all_down();
    let (mut order, mut most) = (Vec::new(), 0);
    for second in 0..600 {
        let plan = desk.step(f64::from(second));
        most = most.max(plan.effects.len());
        order.extend(begun(&plan));
    }
    order.dedup();
    assert_eq!((order, most), (NAMES.map(str::to_owned).into(), 1), "each in its turn, one at a time");
}

#[test]
fn a_canary_that_nothing_more_is_tried_for_holds_up_nobody() {
    let stuck = [
        verdict("a", Health::Unhealthy, Reason::RestartLoop { restarts: 9, window_s: 60 }),
        verdict("a", Health::Failed, Reason::Silent { due: at(0.0) }),
        verdict("a", Health::Stopped, Reason::StoppedByHand),
        verdict("a", Health::Unknown, Reason::EndNotSeen),
    ];
    for verdict in stuck {
        let mut desk = all_down();
        assert_eq!(begun(&desk.step(0.0)), ["a"]);
        desk.judge(verdict);
        assert_eq!(begun(&desk.step(1.0)), ["b"]);
    }
    let mut desk = all_down();
    desk.step(0.0);
    desk.judge(verdict("a", Health::Late, Reason::Starting));
    assert!(begun(&desk.step(60.0)).is_empty());
    assert_eq!(begun(&desk.step(60.1)), ["b"], "waiting has an end");
    let mut desk = all_down();
    desk.brake = Brake::On { limit: 1, canaries: vec![target("gone")] };
    assert_eq!(begun(&desk.step(0.0)), ["a"], "one that is watched no longer");
    let mut desk = all_down();
    desk.brake = Brake::On { limit: 1, canaries: vec![target("a")] };
    desk.watches[0].recovery = Recovery::AlertOnly;
    assert_eq!(begun(&desk.step(0.0)), ["b"], "one that may no longer be recovered");
}

#[test]
fn what_is_under_way_takes_up_a_place() {
    let mut desk = all_down();
    desk.in_flight.insert(target("h"));
    assert!(begun(&desk.step(0.0)).is_empty());
    desk.in_flight.clear();
    assert_eq!(begun(&desk.step(1.0)), ["a"]);
}

#[test]
fn there_is_no_brake_for_a_few_or_above_the_threshold() {
    let mut desk = Desk::new(["a", "b", "c"].map(app).into());
    ["a", "b", "c"].iter().for_each(|name| desk.judge(down(name)));
    assert_eq!(begun(&desk.step(0.0)).len(), 3);
    let mut desk = all_down();
    ["a", "b", "c", "d"].iter().for_each(|name| desk.judge(fine(name)));
    assert_eq!(begun(&desk.step(0.0)).len(), 4);
    let mut desk = Desk::new(["a", "b", "c", "d", "e", "f", "g"].map(app).into());
    ["a", "b"].iter().for_each(|name| desk.judge(down(name)));
    for name in ["c", "d", "e", "f", "g"] {
        desk.judge(verdict(name, Health::Failed, Reason::NotEffective { why: "no".into() }));
    }
    assert_eq!(begun(&desk.step(0.0)).len(), 2, "what never could have run is no mass failure");
}
