use super::*;

#[test]
fn a_person_waits_for_no_backoff_no_brake_and_no_count() {
    let mut desk = Desk::one_down();
    for second in 0..60 {
        desk.step(f64::from(second));
    }
    let old = desk.incident("web").clone();
    assert_eq!(old.phase, Phase::Exhausted);
    desk.ask("web", Request::Recover);
    desk.brake = Brake::On { limit: 1, canaries: vec![target("other")] };
    let plan = desk.step(60.0);
    assert_eq!(plan.decisions.last().map(|d| &d.choice), Some(&Choice::Attempt { number: 1 }));
    let ended = plan.incidents.iter().find(|i| i.id == old.id).map(|i| i.phase);
    assert_eq!(ended, Some(Phase::Resolved), "the old incident is over");
    assert_ne!(plan.effects[0].key.0, old.id.0, "and the new attempts have a name of their own");
    assert_eq!(choices(&desk.step(62.6)), [Choice::Attempt { number: 2 }], "then it goes on by itself");
}

#[test]
fn a_person_too_waits_for_what_is_under_way() {
    let mut desk = Desk::one_down();
    desk.step(0.0);
    desk.in_flight.insert(target("web"));
    desk.ask("web", Request::Recover);
    let plan = desk.step(1.0);
    assert_eq!((choices(&plan), plan.effects.len()), (vec![Choice::UnderWay], 0));
    assert!(plan.incidents.is_empty());
}

#[test]
fn a_person_may_start_what_was_stopped_and_never_a_stranger() {
    let restart = Some("restart pm2:web (PM2 id 3)");
    let declared = Some("start pm2:web from its ecosystem file");
    let path = "/srv/x.js".to_owned();
    let cases = [
        (Request::Recover, Health::Stopped, Reason::StoppedByHand, restart),
        (Request::Recover, Health::Stopped, Reason::Finished, restart),
        (Request::Recover, Health::Stopped, Reason::DeletedByHand, declared),
        (Request::Recover, Health::Stopped, Reason::NeverStarted, declared),
        (Request::Recover, Health::Unknown, Reason::EndNotSeen, restart),
        (Request::Recover, Health::Unhealthy, Reason::RestartLoop { restarts: 9, window_s: 1 }, restart),
        (Request::Recover, Health::Unknown, Reason::Foreign { path: path.clone() }, None),
        (Request::Recover, Health::Healthy, Reason::Online, None),
        (Request::StartIfNew, Health::Stopped, Reason::NeverStarted, declared),
        (Request::StartIfNew, Health::Stopped, Reason::DaemonStopped, declared),
        (Request::StartIfNew, Health::Stopped, Reason::StoppedByHand, None),
        (Request::StartIfNew, Health::Stopped, Reason::DeletedByHand, None),
        (Request::StartIfNew, Health::Unknown, Reason::Foreign { path }, None),
        (Request::StartIfNew, Health::Healthy, Reason::Online, None),
    ];
    for (request, health, reason, effect) in cases {
        let mut desk = Desk::new(vec![app("web")]);
        desk.judge(verdict("web", health, reason));
        desk.ask("web", request);
        let plan = desk.step(0.0);
        let effects: Vec<_> = plan.effects.iter().map(|p| p.effect.to_string()).collect();
        assert_eq!(effects.first().map(String::as_str), effect);
        if effect.is_none() {
            assert_eq!(choices(&plan), [Choice::NothingToDo]);
        }
    }
}

#[test]
fn without_a_daemon_a_stopped_app_is_started_from_its_file() {
    let mut desk = Desk::new(vec![app("web")]);
    desk.judge(Verdict { lives: Vec::new(), ..verdict("web", Health::Stopped, Reason::StoppedByHand) });
    desk.ask("web", Request::Recover);
    assert_eq!(desk.step(0.0).effects[0].effect, Effect::StartDeclared { automation: id("web") });
}

#[test]
fn a_request_that_comes_to_nothing_takes_nothing_away() {
    let mut desk = Desk::one_down();
    desk.ask("web", Request::StartIfNew);
    assert_eq!(choices(&desk.step(0.0)), [Choice::Attempt { number: 1 }]);
    desk.judge(fine("web"));
    desk.ask("web", Request::Recover);
    assert_eq!(choices(&desk.step(1.0)), [Choice::Settling]);
}

#[test]
fn a_start_under_way_keeps_its_incident_open() {
    let mut desk = Desk::new(vec![app("web")]);
    desk.judge(verdict("web", Health::Stopped, Reason::StoppedByHand));
    desk.ask("web", Request::Recover);
    desk.step(0.0);
    desk.in_flight.insert(target("web"));
    assert_eq!(choices(&desk.step(1.0)), [Choice::UnderWay]);
    desk.in_flight.clear();
    assert_eq!(choices(&desk.step(2.0)), [Choice::GaveUp], "the start came to nothing, and that is not over");
    assert_eq!(desk.incident("web").phase, Phase::Exhausted);
    desk.judge(fine("web"));
    assert_eq!(choices(&desk.step(3.0)), [Choice::Settling]);
    desk.judge(verdict("web", Health::Stopped, Reason::StoppedByHand));
    assert_eq!(choices(&desk.step(4.0)), [Choice::Resolved], "stopped again, and nobody has asked for more");
}
