use super::*;

fn gone(names: &[&str]) -> Desk {
    let mut desk = Desk::new(names.iter().map(|name| app(name)).collect());
    desk.pm2.daemon = Daemon::Gone { since: at(0.0), expected: Expected::Yes };
    for name in names {
        desk.judge(verdict(name, Health::Failed, Reason::DaemonGone));
    }
    desk
}

#[test]
fn a_platform_that_is_down_is_one_incident_with_its_members() {
    let mut desk = gone(&["a", "b", "c", "d", "e"]);
    let plan = desk.step(0.0);
    let members: Vec<_> = ["a", "b", "c", "d", "e"].map(id).into();
    assert_eq!(plan.incidents.len(), 1);
    assert_eq!((&plan.incidents[0].target, &plan.incidents[0].members), (&Target::Pm2, &members));
    assert_eq!(plan.effects.len(), 1);
    assert_eq!(plan.effects[0].effect, Effect::Resurrect { members });
    assert_eq!(choice(&plan, &Target::Pm2), Choice::Attempt { number: 1 });
    assert_eq!(choice(&plan, &target("c")), Choice::WithPlatform);
    desk.pm2.daemon = Daemon::Up { pid: 2, started: at(1.0) };
    for name in ["a", "b", "c", "d", "e"] {
        desk.judge(fine(name));
    }
    assert_eq!(choice(&desk.step(1.0), &Target::Pm2), Choice::Settling);
    assert_eq!(choice(&desk.step(4.0), &Target::Pm2), Choice::Resolved);
}

#[test]
fn a_platform_too_gets_three_attempts() {
    let mut desk = gone(&["a"]);
    let mut attempts = 0;
    for second in 0..60 {
        attempts += desk.step(f64::from(second)).effects.len();
    }
    assert_eq!((attempts, desk.incidents[&Target::Pm2].phase), (3, Phase::Exhausted));
}

#[test]
fn what_may_only_be_told_of_is_not_brought_back_with_the_others() {
    let mut desk = gone(&["a", "b"]);
    desk.watches[0].recovery = Recovery::AlertOnly;
    let plan = desk.step(0.0);
    assert_eq!(plan.effects[0].effect, Effect::Resurrect { members: vec![id("b")] });
    assert_eq!(plan.incidents[0].members, [id("a"), id("b")]);
    let mut desk = gone(&["a"]);
    desk.watches[0].recovery = Recovery::AlertOnly;
    let plan = desk.step(0.0);
    assert_eq!((choice(&plan, &Target::Pm2), plan.effects.len()), (Choice::AlertOnly, 0));
}

#[test]
fn a_daemon_that_nothing_of_ours_needs_is_left_alone() {
    let mut desk = gone(&["a"]);
    desk.judge(verdict("a", Health::Stopped, Reason::StoppedByHand));
    let plan = desk.step(0.0);
    assert!(plan.effects.is_empty() && plan.incidents.is_empty());
    let mut desk = gone(&["a"]);
    desk.step(0.0);
    desk.pm2.daemon = Daemon::Gone { since: at(0.0), expected: Expected::No };
    desk.judge(verdict("a", Health::Stopped, Reason::DaemonStopped));
    assert_eq!(choices(&desk.step(1.0)), [Choice::Resolved]);
}

#[test]
fn a_daemon_that_cannot_be_asked_decides_nothing() {
    let mut desk = gone(&["a"]);
    desk.step(0.0);
    desk.pm2.daemon = Daemon::Unknown { why: "no answer".into() };
    desk.judge(verdict("a", Health::Unknown, Reason::NotReadable { why: "no answer".into() }));
    let plan = desk.step(1.0);
    assert!(plan.decisions.is_empty() && plan.incidents.is_empty());
}

#[test]
fn a_person_who_asks_for_many_gets_one_daemon() {
    let mut desk = gone(&["a", "b", "c"]);
    for second in 0..60 {
        desk.step(f64::from(second));
    }
    let old = desk.incidents[&Target::Pm2].id.clone();
    desk.requests = ["a", "b", "c"].map(|name| (id(name), Request::Recover)).into();
    let plan = desk.step(60.0);
    assert_eq!(plan.effects.len(), 1);
    assert_eq!((plan.effects[0].attempt, choice_of_attempt(&plan)), (1, 1));
    assert_ne!(desk.incidents[&Target::Pm2].id, old);
}

fn choice_of_attempt(plan: &Plan) -> usize {
    choices(plan).iter().filter(|c| matches!(c, Choice::Attempt { .. })).count()
}
