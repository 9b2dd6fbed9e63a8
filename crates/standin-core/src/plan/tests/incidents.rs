use super::*;

/// Steps at each wake until nothing is attempted any more; gives the times of the attempts in seconds.
fn attempts_until_exhausted(desk: &mut Desk) -> Vec<f64> {
    let (mut now, mut times) = (0.0, Vec::new());
    for _ in 0..100 {
        let plan = desk.step(now);
        assert_eq!(
            plan.effects.len(),
            choices(&plan).iter().filter(|c| matches!(c, Choice::Attempt { .. })).count()
        );
        if !plan.effects.is_empty() {
            times.push(now);
        }
        if desk.incident("web").phase == Phase::Exhausted {
            times.push(now);
            return times;
        }
        now = plan.next_wake.duration_since(at(0.0)).as_secs_f64();
    }
    panic!("it never ended: {times:?}");
}

#[test]
fn three_attempts_at_doubling_distances_and_then_a_person() {
    let mut desk = Desk::one_down();
    let times = attempts_until_exhausted(&mut desk);
    assert_eq!(times.len(), 4, "three attempts and the giving up: {times:?}");
    assert!(times[0] == 0.0, "the first attempt comes at once");
    for (gap, base) in times.windows(2).map(|w| w[1] - w[0]).zip([2.0, 4.0, 8.0]) {
        assert!((base..base * 1.25).contains(&gap), "{gap} s, not {base} s and up to a quarter more");
    }
    assert_eq!(desk.incident("web").attempts, 3);
    let plan = desk.step(3_600.0);
    assert_eq!((choices(&plan), plan.effects.len()), (vec![Choice::GaveUp], 0));
    assert!(plan.incidents.is_empty(), "what has not changed is not written again");
}

#[test]
fn jitter_keeps_two_targets_apart_and_each_the_same() {
    let gaps = |name: &str| {
        let mut desk = Desk::new(vec![app(name)]);
        desk.judge(down(name));
        desk.step(0.0);
        desk.step(1.0).next_wake
    };
    assert_eq!(gaps("a"), gaps("a"));
    assert_ne!(gaps("a"), gaps("b"));
}

#[test]
fn each_attempt_carries_the_life_that_was_seen_and_one_key() {
    let mut desk = Desk::one_down();
    let first = desk.step(0.0).effects.remove(0);
    let expected =
        Effect::RestartProcess { automation: id("web"), lives: vec![Life { pm_id: 3, uptime_stamp: 5 }] };
    assert_eq!((first.effect, first.attempt), (expected, 1));
    assert_eq!(first.incident, Some(desk.incident("web").id.clone()));
    let second = desk.step(2.6).effects.remove(0);
    assert_eq!((second.key, second.attempt), (first.key, 2));
}

#[test]
fn one_that_is_well_again_settles_before_its_incident_is_over() {
    let mut desk = Desk::one_down();
    desk.step(0.0);
    desk.judge(fine("web"));
    let plan = desk.step(1.0);
    assert_eq!((choices(&plan), plan.next_wake), (vec![Choice::Settling], at(4.0)));
    assert_eq!(choices(&desk.step(3.999)), [Choice::Settling]);
    assert_eq!(choices(&desk.step(4.0)), [Choice::Resolved]);
    let incident = desk.incident("web");
    assert_eq!((incident.phase, incident.resolved), (Phase::Resolved, Some(at(4.0))));
    assert!(desk.step(5.0).decisions.is_empty(), "what is well needs no decision");
}

#[test]
fn settling_begins_anew_after_a_break() {
    for verdict in
        [verdict("web", Health::Late, Reason::Starting), verdict("web", Health::Unknown, Reason::EndNotSeen)]
    {
        let mut desk = Desk::one_down();
        desk.step(0.0);
        desk.judge(fine("web"));
        desk.step(1.0);
        desk.judge(verdict);
        desk.step(2.0);
        desk.judge(fine("web"));
        desk.step(3.0);
        assert_eq!(choices(&desk.step(5.9)), [Choice::Settling]);
        assert_eq!(choices(&desk.step(6.0)), [Choice::Resolved]);
        assert_eq!(desk.incident("web").attempts, 1);
    }
}

#[test]
fn within_the_quiet_time_the_count_goes_on_and_after_it_begins_anew() {
    let resolved_at_4 = || {
        let mut desk = Desk::one_down();
        desk.step(0.0);
        desk.judge(fine("web"));
        desk.step(1.0);
        desk.step(4.0);
        desk.judge(down("web"));
        desk
    };
    let (mut soon, mut late) = (resolved_at_4(), resolved_at_4());
    let opened = soon.incident("web").id.clone();
    let plan = soon.step(34.0);
    assert_eq!(choices(&plan), [Choice::Attempt { number: 2 }]);
    assert_eq!(soon.incident("web").id, opened);
    let plan = late.step(34.001);
    assert_eq!(choices(&plan), [Choice::Attempt { number: 1 }]);
    assert_ne!(late.incident("web").id, opened);
}

#[test]
fn an_exhausted_incident_ends_when_the_target_is_well_and_a_new_one_is_armed_again() {
    let mut desk = Desk::one_down();
    attempts_until_exhausted(&mut desk);
    desk.judge(fine("web"));
    desk.step(100.0);
    desk.judge(down("web"));
    assert_eq!(choices(&desk.step(101.0)), [Choice::GaveUp], "still the same incident");
    desk.judge(fine("web"));
    desk.step(102.0);
    assert_eq!(choices(&desk.step(105.0)), [Choice::Resolved]);
    desk.judge(down("web"));
    assert_eq!(choices(&desk.step(200.0)), [Choice::Attempt { number: 1 }]);
}

#[test]
fn what_may_not_or_cannot_be_done_is_said_and_left() {
    let mut desk = Desk::one_down();
    desk.watches[0].recovery = Recovery::AlertOnly;
    let plan = desk.step(0.0);
    assert_eq!((choices(&plan), plan.effects.len()), (vec![Choice::AlertOnly], 0));
    let mut desk = Desk::one_down();
    desk.judge(verdict("web", Health::Failed, Reason::Silent { due: at(0.0) }));
    let plan = desk.step(0.0);
    assert_eq!((choices(&plan), plan.effects.len()), (vec![Choice::NoRemedy], 0));
    assert_eq!(desk.incident("web").phase, Phase::Open);
    let mut desk = Desk::one_down();
    desk.in_flight.insert(target("web"));
    assert_eq!(choices(&desk.step(0.0)), [Choice::UnderWay]);
}

#[test]
fn a_stop_by_hand_ends_the_incident_at_once() {
    let mut desk = Desk::one_down();
    desk.step(0.0);
    desk.judge(verdict("web", Health::Stopped, Reason::StoppedByHand));
    let plan = desk.step(1.0);
    assert_eq!((choices(&plan), plan.effects.len()), (vec![Choice::Resolved], 0));
    assert!(desk.step(2.0).decisions.is_empty());
}

#[test]
fn what_cannot_be_told_opens_nothing() {
    for health in [Health::Unknown, Health::Late, Health::Stopped, Health::Healthy] {
        let mut desk = Desk::new(vec![app("web")]);
        desk.judge(verdict("web", health, Reason::EndNotSeen));
        let plan = desk.step(0.0);
        assert!(plan.decisions.is_empty() && plan.incidents.is_empty() && plan.effects.is_empty());
    }
}

#[test]
fn a_clock_that_goes_back_stops_nothing() {
    let mut desk = Desk::one_down();
    desk.step(100_000.0);
    assert_eq!(choices(&desk.step(0.0)), [Choice::Attempt { number: 2 }]);
    desk.judge(fine("web"));
    desk.step(200_000.0);
    assert_eq!(choices(&desk.step(1.0)), [Choice::Settling]);
    assert_eq!(choices(&desk.step(4.0)), [Choice::Resolved], "the settling began anew");
    desk.incidents.values_mut().for_each(|i| i.resolved = Some(at(300_000.0)));
    let before = desk.incident("web").clone();
    desk.judge(down("web"));
    assert_eq!(choices(&desk.step(5.0)), [Choice::Attempt { number: 1 }]);
    assert!(desk.incident("web").opened > before.opened, "no two incidents share a name");
}

#[test]
fn every_remedy_is_the_one_for_its_reason() {
    let cause = crate::observation::StopCause::Exited { code: 1 };
    let restart = Some("restart pm2:web (PM2 id 3)");
    let cases = [
        (Reason::Died { cause: cause.clone() }, restart),
        (Reason::GaveUp { restarts: 1 }, restart),
        (Reason::NotRestarted { cause }, restart),
        (Reason::OverMemory { bytes: 2, limit: 1 }, restart),
        (Reason::Hung { last_report: at(0.0) }, restart),
        (Reason::MissedSlot { slot: at(0.0) }, restart),
        (Reason::LostByDaemon, Some("start pm2:web from PM2's saved list")),
        (Reason::RestartLoop { restarts: 9, window_s: 1 }, None),
        (Reason::RunFailed { end: RunEnd::TimedOut }, None),
        (Reason::ReportedFailure { exit: None }, None),
        (Reason::RunTooLong { started: at(0.0) }, None),
        (Reason::Silent { due: at(0.0) }, None),
        (Reason::NotEffective { why: String::new() }, None),
    ];
    for (reason, effect) in cases {
        let mut desk = Desk::one_down();
        desk.judge(verdict("web", Health::Failed, reason));
        let effects: Vec<_> = desk.step(0.0).effects.iter().map(|p| p.effect.to_string()).collect();
        assert_eq!(effects.first().map(String::as_str), effect);
    }
}

#[test]
fn the_limits_of_numbers_and_time_do_no_harm() {
    for policy in [
        Policy {
            backoff: Duration::MAX,
            settle: Duration::MAX,
            max_wake: Duration::MAX,
            ..Policy::default()
        },
        Policy {
            backoff: Duration::ZERO,
            settle: Duration::ZERO,
            max_wake: Duration::ZERO,
            ..Policy::default()
        },
    ] {
        for now in [Timestamp::MIN, at(0.0), Timestamp::MAX] {
            for then in [Timestamp::MIN, Timestamp::MAX] {
                let mut desk = Desk::one_down();
                desk.policy = policy.clone();
                let mut incident = Incident::open(target("web"), Reason::Online, then);
                incident.attempts = u8::MAX;
                incident.last_attempt = Some(then);
                incident.resolved = Some(then);
                for phase in [Phase::Open, Phase::Settling, Phase::Exhausted, Phase::Resolved] {
                    desk.incidents = [(target("web"), Incident { phase, ..incident.clone() })].into();
                    for verdict in [down("web"), fine("web")] {
                        desk.judge(verdict);
                        desk.look(now);
                        desk.ask("web", Request::Recover);
                        desk.look(now);
                    }
                }
            }
        }
    }
}

#[test]
fn a_daemon_that_stays_unreadable_is_for_a_person_and_nothing_is_done() {
    let mut desk = Desk::new(vec![app("web"), app("worker")]);
    desk.pm2.daemon = Daemon::Unknown { why: "no answer".into() };
    for name in ["web", "worker"] {
        desk.judge(verdict(name, Health::Unknown, Reason::NotReadable { why: "no answer".into() }));
    }
    assert!(desk.step(29.9).incidents.is_empty());
    let plan = desk.step(30.0);
    assert_eq!(choice(&plan, &Target::Pm2), Choice::NoRemedy);
    assert!(plan.effects.is_empty());
    assert_eq!(desk.incidents[&Target::Pm2].members, [id("web"), id("worker")]);
}
