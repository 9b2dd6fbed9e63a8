use super::*;
use crate::beat::{Beat, Signal};

fn beats(signal: Signal) -> BTreeMap<AutomationId, BeatState> {
    let mut state = BeatState::default();
    state.record(&Beat { at: at("11:59:00"), signal, rid: String::new(), exit: None });
    [(id(), state)].into()
}

fn both() -> Watch {
    let beats = beat_rules(Cadence::Every(secs(3_600)));
    watch(vec![Expectation::Process(rules()), Expectation::Beats(beats)])
}

#[track_caller]
fn says(process: ProcessFact, signal: Signal, health: Health, reason: &Reason) {
    let seen = Seen { beats: beats(signal), ..Seen::pm2(listed(&[process])) };
    let mut turned = both();
    turned.expectations.reverse();
    for watch in [both(), turned] {
        let verdict = seen.verdict(&watch, at("12:00:00"));
        assert_eq!((verdict.health, &verdict.reason), (health, reason));
    }
}

#[test]
fn the_worst_counts_and_a_stop_by_hand_outranks_it() {
    let failure = Reason::ReportedFailure { exit: None };
    says(process(), Signal::Fail, Health::Failed, &failure);
    let by_hand = ended(StopCause::ByHand, Respawn::ByPm2);
    says(by_hand, Signal::Fail, Health::Stopped, &Reason::StoppedByHand);
    let died = Reason::Died { cause: killed() };
    says(ended(killed(), Respawn::Never), Signal::Success, Health::Failed, &died);
    let unseen = ended(StopCause::NotSeen, Respawn::Never);
    says(unseen, Signal::Success, Health::Healthy, &Reason::OnTime);
}

#[test]
fn a_process_that_has_finished_hides_no_heartbeat() {
    let finished = || ended(exited(0), Respawn::Never);
    says(finished(), Signal::Fail, Health::Failed, &Reason::ReportedFailure { exit: None });
    says(finished(), Signal::Success, Health::Healthy, &Reason::OnTime);
    says(finished(), Signal::Log, Health::Stopped, &Reason::Finished);
}

#[test]
fn what_is_not_watched_or_would_not_run_says_so() {
    let hint = "put it into standin.toml".to_owned();
    let nothing = Expectation::Nothing { hint: hint.clone() };
    let now = at("12:00:00");
    let unknown = (Health::Unknown, Reason::NotWatched { hint });
    assert_eq!(judged(&Seen::nothing(), &nothing, now), unknown);
    let why = "its cron can never fire".to_owned();
    let broken = Expectation::NotEffective { why: why.clone() };
    assert_eq!(judged(&Seen::nothing(), &broken, now), (Health::Failed, Reason::NotEffective { why }));
    assert_eq!(Seen::nothing().verdict(&watch(Vec::new()), now).health, Health::Unknown);
}

#[test]
fn missing_data_is_unknown_never_failed() {
    let all = watch(vec![
        Expectation::Process(on_schedule("* * * * *")),
        Expectation::Beats(beat_rules(Cadence::Every(secs(1)))),
        Expectation::Slots(slot_rules("* * * * *")),
    ]);
    assert_eq!(Seen::nothing().verdict(&all, at("12:00:00")).health, Health::Unknown);
}

#[test]
fn a_health_keeps_its_beginning_and_its_last_success() {
    let watch = watch(vec![Expectation::Process(rules())]);
    let mut seen = Seen::pm2(listed(&[process()]));
    let mut times = Vec::new();
    let dead = listed(&[ended(exited(1), Respawn::Never)]);
    for (now, pm2) in [("12:00:00", None), ("12:00:05", None), ("12:00:10", Some(dead)), ("12:00:15", None)] {
        seen.pm2 = pm2.unwrap_or(seen.pm2);
        seen.pm2.at = at(now);
        let verdict = seen.verdict(&watch, at(now));
        times.push((verdict.health, verdict.since, verdict.last_success));
        seen.verdicts = [(id(), verdict)].into();
    }
    let expected = [
        (Health::Healthy, "12:00:00", "12:00:00"),
        (Health::Healthy, "12:00:00", "12:00:05"),
        (Health::Failed, "12:00:10", "12:00:05"),
        (Health::Failed, "12:00:10", "12:00:05"),
    ];
    assert_eq!(times, expected.map(|(health, since, last)| (health, at(since), Some(at(last)))));
}

#[test]
fn what_was_known_before_changes_neither_whom_nor_how_it_judges() {
    let named = |name: &str| Watch { id: format!("pm2:{name}").parse().unwrap(), ..both() };
    let seen = Seen::nothing();
    let view = View { pm2: &seen.pm2, beats: &seen.beats, runs: &seen.runs };
    let now = at("12:00:00");
    let assess = |watches: &[Watch], before| assess(watches, &view, before, &Policy::default(), now);
    let sorted = ["a", "b", "c", "d"].map(named);
    let turned = ["d", "a", "c", "b"].map(named);
    let fresh = assess(&sorted, BTreeMap::new());
    assert_eq!(fresh.flips, sorted.clone().map(|w| w.id), "everything is new");
    let others = assess(&["0", "b", "bb", "d", "e"].map(named), BTreeMap::new()).verdicts;
    for (watches, before, flips) in [
        (&turned, BTreeMap::new(), 4),
        (&sorted, fresh.verdicts.clone(), 0),
        (&turned, fresh.verdicts.clone(), 0),
        (&sorted, others.clone(), 2),
        (&turned, others, 2),
    ] {
        let again = assess(watches, before);
        assert_eq!((again.flips.len(), &again.verdicts), (flips, &fresh.verdicts));
    }
}

#[test]
fn a_flip_is_another_health_or_another_kind_of_reason() {
    let watch = watch(vec![Expectation::Beats(beat_rules(Cadence::Whenever))]);
    let mut seen = Seen { beats: beats(Signal::Success), ..Seen::nothing() };
    seen.verdicts = seen.assess(&watch, at("12:00:00")).verdicts;
    for (signal, is_flip) in [(Signal::Success, false), (Signal::Start, true), (Signal::Fail, true)] {
        seen.beats = beats(signal);
        let assessment = seen.assess(&watch, at("12:00:01"));
        assert_eq!(!assessment.flips.is_empty(), is_flip, "{signal}");
    }
}

#[test]
fn the_ends_of_time_do_no_harm() {
    let all = watch(vec![
        Expectation::Process(on_schedule("30 2 * * *")),
        Expectation::Beats(BeatRules { grace: Duration::MAX, ..beat_rules(Cadence::Every(Duration::MAX)) }),
        Expectation::Slots(SlotRules {
            jitter: Duration::MAX,
            grace: Duration::MAX,
            ..slot_rules("* * * * *")
        }),
    ]);
    for now in [Timestamp::MIN, at("12:00:00"), Timestamp::MAX] {
        for then in [Timestamp::MIN, at("12:00:00"), Timestamp::MAX] {
            let mut fact = ended(killed(), Respawn::ByPm2);
            fact.stopped_at = Some(then);
            fact.recent_restarts = vec![then];
            fact.uptime_stamp = i64::MIN;
            let mut state = BeatState::default();
            state.record(&Beat { at: then, signal: Signal::Start, rid: String::new(), exit: None });
            let run = RunState { known_since: Some(then), ..RunState::default() };
            let (beats, runs) = ([(id(), state)].into(), [(id(), run)].into());
            let seen = Seen { beats, runs, ..Seen::pm2(listed(&[fact])) };
            assert_eq!(seen.assess(&all, now), seen.assess(&all, now));
        }
    }
}
