use super::*;
use crate::observation::{Absence, Expected};
use crate::run::RunEnd;

#[track_caller]
fn says(process: ProcessFact, rules: &ProcessRules, health: Health, reason: Reason) {
    let seen = Seen::pm2(listed(&[process]));
    let judged = judged(&seen, &Expectation::Process(rules.clone()), at("12:00:00"));
    assert_eq!(judged, (health, reason));
}

fn is(status: ProcessStatus) -> ProcessFact {
    ProcessFact { status, ..process() }
}

#[test]
fn what_pm2_says_of_a_live_process() {
    let loops = Reason::RestartLoop { restarts: 3, window_s: 60 };
    let thrice = vec![at("11:59:10"), at("11:59:30"), at("11:59:50")];
    says(process(), &rules(), Health::Healthy, Reason::Online);
    says(is(ProcessStatus::Launching), &rules(), Health::Late, Reason::Starting);
    says(is(ProcessStatus::WaitingRestart), &rules(), Health::Late, Reason::Starting);
    says(is(ProcessStatus::Stopping), &rules(), Health::Late, Reason::Stopping);
    let gave_up = ProcessFact { restarts: 16, ..is(ProcessStatus::Errored) };
    says(gave_up, &rules(), Health::Failed, Reason::GaveUp { restarts: 16 });
    let why = "PM2 gave it a status that is not known here".to_owned();
    says(is(ProcessStatus::Unrecognised), &rules(), Health::Unknown, Reason::NotReadable { why });
    for status in [ProcessStatus::Online, ProcessStatus::WaitingRestart] {
        let again = ProcessFact { recent_restarts: thrice.clone(), ..is(status) };
        says(again, &rules(), Health::Unhealthy, loops.clone());
    }
}

#[test]
fn a_loop_is_counted_within_its_window_and_to_its_number() {
    let restarts = |times: &[&str]| ProcessFact {
        recent_restarts: times.iter().map(|time| at(time)).collect(),
        ..process()
    };
    let loops = Reason::RestartLoop { restarts: 3, window_s: 60 };
    let edge = restarts(&["11:59:00", "11:59:30", "11:59:50"]);
    says(edge.clone(), &rules(), Health::Unhealthy, loops);
    let past = restarts(&["11:58:59.999", "11:59:30", "11:59:50"]);
    says(past, &rules(), Health::Healthy, Reason::Online);
    says(edge, &ProcessRules { loop_restarts: 0, ..rules() }, Health::Healthy, Reason::Online);
}

#[test]
fn memory_counts_over_its_limit_and_not_at_it() {
    let uses = |bytes| ProcessFact { memory_bytes: bytes, ..process() };
    let limit = 100 << 20;
    says(uses(limit), &rules(), Health::Healthy, Reason::Online);
    let over = Reason::OverMemory { bytes: limit + 1, limit };
    says(uses(limit + 1), &rules(), Health::Unhealthy, over);
    says(uses(u64::MAX), &ProcessRules { memory_limit: 0, ..rules() }, Health::Healthy, Reason::Online);
}

#[test]
fn a_hang_is_silence_that_the_watcher_itself_listened_to() {
    let reported = |time| ProcessFact { event_loop: EventLoop::Yes { last_report: at(time) }, ..process() };
    says(reported("11:59:30"), &rules(), Health::Healthy, Reason::Online);
    let hung = Reason::Hung { last_report: at("11:59:29.999") };
    says(reported("11:59:29.999"), &rules(), Health::Failed, hung);
    let mut seen = Seen::pm2(listed(&[reported("11:59:00")]));
    seen.pm2.at = at("11:59:20");
    let judged = judged(&seen, &Expectation::Process(rules()), at("12:00:00"));
    assert_eq!(judged, (Health::Healthy, Reason::Online), "the last look is older than the silence");
}

#[test]
fn how_a_process_ended_decides_what_its_end_means() {
    use Respawn::{ByPm2, Never};
    let always = ProcessRules { long_running: LongRunning::Yes, ..rules() };
    let died = |cause| Reason::Died { cause };
    let left = |cause| Reason::NotRestarted { cause };
    let cases = [
        (exited(0), Never, &rules(), Health::Stopped, Reason::Finished),
        (exited(0), Never, &always, Health::Failed, died(exited(0))),
        (exited(1), Never, &rules(), Health::Failed, died(exited(1))),
        (killed(), Never, &rules(), Health::Failed, died(killed())),
        (exited(0), ByPm2, &rules(), Health::Stopped, Reason::Finished),
        (exited(0), ByPm2, &always, Health::Failed, left(exited(0))),
        (exited(1), ByPm2, &rules(), Health::Failed, left(exited(1))),
        (killed(), ByPm2, &rules(), Health::Failed, left(killed())),
        (StopCause::ByHand, Never, &always, Health::Stopped, Reason::StoppedByHand),
        (StopCause::ByHand, ByPm2, &always, Health::Stopped, Reason::StoppedByHand),
        (StopCause::NotSeen, ByPm2, &rules(), Health::Stopped, Reason::StoppedByHand),
        (StopCause::NotSeen, Never, &rules(), Health::Unknown, Reason::EndNotSeen),
        (StopCause::None, Never, &rules(), Health::Unknown, Reason::EndNotSeen),
    ];
    for (cause, respawn, rules, health, reason) in cases {
        says(ended(cause, respawn), rules, health, reason);
    }
}

#[test]
fn pm2_gets_its_grace_to_start_again_and_no_more() {
    let stopped_at = |at| ProcessFact { stopped_at: at, ..ended(killed(), Respawn::ByPm2) };
    let left = Reason::NotRestarted { cause: killed() };
    says(stopped_at(Some(at("11:59:58"))), &rules(), Health::Late, Reason::Starting);
    says(stopped_at(Some(at("11:59:57.999"))), &rules(), Health::Failed, left.clone());
    // The end was seen after the tick had read its clock.
    says(stopped_at(Some(at("12:00:00.5"))), &rules(), Health::Late, Reason::Starting);
    // The clock went back by an hour: PM2 is not given that hour.
    says(stopped_at(Some(at("13:00:00"))), &rules(), Health::Failed, left.clone());
    says(stopped_at(None), &rules(), Health::Failed, left);
    let never = ProcessFact { respawn: Respawn::Never, ..stopped_at(Some(at("11:59:59"))) };
    says(never, &rules(), Health::Failed, Reason::Died { cause: killed() });
}

#[test]
fn a_cron_app_must_start_in_its_slot() {
    let hourly = on_schedule("0 * * * *");
    let started = |time| {
        let uptime_stamp = at(time).as_millisecond();
        ProcessFact { uptime_stamp, ..ended(exited(0), Respawn::Never) }
    };
    let judge = |time, now| {
        judged(&Seen::pm2(listed(&[started(time)])), &Expectation::Process(hourly.clone()), at(now))
    };
    let slot = at("11:00:00");
    assert_eq!(judge("10:00:00", "10:59:59"), (Health::Healthy, Reason::OnTime));
    assert_eq!(judge("10:00:00", "11:00:00"), (Health::Late, Reason::SlotDue { slot }));
    assert_eq!(judge("10:00:00", "11:01:30"), (Health::Late, Reason::SlotDue { slot }));
    assert_eq!(judge("10:00:00", "11:01:30.001"), (Health::Failed, Reason::MissedSlot { slot }));
    assert_eq!(judge("11:00:00", "11:30:00"), (Health::Healthy, Reason::OnTime));
    assert_eq!(
        judge("10:59:59.5", "11:30:00"),
        (Health::Healthy, Reason::OnTime),
        "a timer that fired early"
    );
    assert_eq!(judge("10:59:58", "11:30:00").0, Health::Failed);
}

#[test]
fn a_cron_app_that_ended_badly_is_a_job_or_a_server_by_who_starts_it_again() {
    let hourly = on_schedule("0 11 * * *");
    let run_failed = |end| Reason::RunFailed { end };
    says(ended(exited(2), Respawn::Never), &hourly, Health::Failed, run_failed(RunEnd::Exited { code: 2 }));
    let signal = "SIGKILL".to_owned();
    says(ended(killed(), Respawn::Never), &hourly, Health::Failed, run_failed(RunEnd::Killed { signal }));
    let left = Reason::NotRestarted { cause: killed() };
    says(ended(killed(), Respawn::ByPm2), &hourly, Health::Failed, left);
    says(ended(exited(0), Respawn::ByPm2), &hourly, Health::Healthy, Reason::OnTime);
    says(ended(StopCause::NotSeen, Respawn::Never), &hourly, Health::Healthy, Reason::OnTime);
    says(ended(StopCause::NotSeen, Respawn::ByPm2), &hourly, Health::Stopped, Reason::StoppedByHand);
    let always = ProcessRules { long_running: LongRunning::Yes, ..hourly.clone() };
    says(ended(exited(0), Respawn::Never), &always, Health::Failed, Reason::Died { cause: exited(0) });
    says(ended(StopCause::ByHand, Respawn::Never), &hourly, Health::Stopped, Reason::StoppedByHand);
    says(process(), &hourly, Health::Healthy, Reason::Online);
}

#[test]
fn what_is_due_is_the_next_slot_and_nothing_for_what_is_stopped() {
    let seen = |stop| Seen::pm2(listed(&[ended(stop, Respawn::Never)]));
    let watch = watch(vec![Expectation::Process(on_schedule("0 11 * * *"))]);
    let tomorrow = at("11:00:00").checked_add(Duration::from_secs(86_400)).unwrap();
    assert_eq!(seen(exited(0)).verdict(&watch, at("12:00:00")).due, Some(tomorrow));
    assert_eq!(seen(StopCause::ByHand).verdict(&watch, at("12:00:00")).due, None);
}

#[test]
fn slots_keep_to_the_wall_clock_when_it_changes() {
    // In New York the clocks go from 02:00 to 03:00 on 8 March 2026, and back from 02:00 to 01:00 on 1 November.
    let schedule = Schedule::parse("30 2 * * *", "America/New_York").unwrap();
    let rules = ProcessRules { schedule: Some(schedule), ..rules() };
    let judge = |started: &str, now: &str| {
        let uptime_stamp = started.parse::<Timestamp>().unwrap().as_millisecond();
        let fact = ProcessFact { uptime_stamp, ..ended(exited(0), Respawn::Never) };
        judged(&Seen::pm2(listed(&[fact])), &Expectation::Process(rules.clone()), now.parse().unwrap())
    };
    let slot = "2026-03-08T07:00:00Z".parse().unwrap();
    let before = "2026-03-07T07:30:00Z";
    assert_eq!(judge(before, "2026-03-08T06:59:59Z"), (Health::Healthy, Reason::OnTime));
    assert_eq!(judge(before, "2026-03-08T07:01:30Z"), (Health::Late, Reason::SlotDue { slot }));
    assert_eq!(judge(before, "2026-03-08T07:01:31Z"), (Health::Failed, Reason::MissedSlot { slot }));
    let slot = "2026-11-01T07:30:00Z".parse().unwrap();
    let before = "2026-10-31T06:30:00Z";
    assert_eq!(judge(before, "2026-11-01T07:29:59Z"), (Health::Healthy, Reason::OnTime));
    assert_eq!(judge(before, "2026-11-01T07:30:00Z"), (Health::Late, Reason::SlotDue { slot }));
}

#[test]
fn in_a_cluster_a_stopped_process_hides_no_dead_one() {
    let dead = ProcessFact { pm_id: 4, ..ended(killed(), Respawn::Never) };
    let stopped = ended(StopCause::ByHand, Respawn::Never);
    let live = ProcessFact { pm_id: 5, ..process() };
    let judge = |processes: &[ProcessFact]| {
        let verdict =
            Seen::pm2(listed(processes)).verdict(&watch(vec![Expectation::Process(rules())]), at("12:00:00"));
        (verdict.health, verdict.reason, verdict.lives.iter().map(|life| life.pm_id).collect::<Vec<_>>())
    };
    let died = (Health::Failed, Reason::Died { cause: killed() }, vec![4]);
    assert_eq!(judge(&[stopped.clone(), dead.clone()]), died);
    assert_eq!(judge(&[dead.clone(), stopped.clone(), live.clone()]), died);
    let also_dead = ProcessFact { pm_id: 6, ..dead.clone() };
    assert_eq!(
        judge(&[dead, live.clone(), also_dead]).2,
        [4, 6],
        "all that are dead are brought back together"
    );
    assert_eq!(judge(&[stopped.clone(), live]), (Health::Healthy, Reason::Online, vec![5]));
    assert_eq!(judge(&[stopped.clone(), stopped]).1, Reason::StoppedByHand);
}

#[test]
fn what_is_not_listed_is_judged_by_why() {
    let absent = |absence| up(Pm2App::Absent { absence });
    let path = "/srv/other.js".to_owned();
    let silent = Pm2View { apps: BTreeMap::new(), ..up(Pm2App::Absent { absence: Absence::NotSeen }) };
    let why = "PM2 said nothing of it".to_owned();
    let cases = [
        (absent(Absence::NeverStarted), Health::Stopped, Reason::NeverStarted),
        (absent(Absence::DeletedByHand), Health::Stopped, Reason::DeletedByHand),
        (absent(Absence::LostByDaemon), Health::Failed, Reason::LostByDaemon),
        (absent(Absence::NotSeen), Health::Unknown, Reason::EndNotSeen),
        (up(Pm2App::Foreign { path: path.clone() }), Health::Unknown, Reason::Foreign { path }),
        (up(Pm2App::Listed { processes: Vec::new() }), Health::Unknown, Reason::EndNotSeen),
        (silent, Health::Unknown, Reason::NotReadable { why }),
        (
            Pm2View::unknown(at("12:00:00"), "no answer"),
            Health::Unknown,
            Reason::NotReadable { why: "no answer".into() },
        ),
    ];
    for (pm2, health, reason) in cases {
        let judged = judged(&Seen::pm2(pm2), &Expectation::Process(rules()), at("12:00:00"));
        assert_eq!(judged, (health, reason));
    }
}

#[test]
fn with_the_daemon_goes_all_but_what_was_stopped_before() {
    let gone = |expected| Pm2View {
        daemon: Daemon::Gone { since: at("11:59:59"), expected },
        ..listed(&[process()])
    };
    let watch = watch(vec![Expectation::Process(rules())]);
    let judge = |seen: &Seen| {
        let verdict = seen.verdict(&watch, at("12:00:00"));
        (verdict.health, verdict.reason)
    };
    assert_eq!(judge(&Seen::pm2(gone(Expected::Yes))), (Health::Failed, Reason::DaemonGone));
    assert_eq!(judge(&Seen::pm2(gone(Expected::No))), (Health::Stopped, Reason::DaemonStopped));
    let stopped = Seen::pm2(listed(&[ended(StopCause::ByHand, Respawn::ByPm2)]));
    let before = stopped.verdict(&watch, at("11:00:00"));
    let seen = Seen { verdicts: [(id(), before)].into(), ..Seen::pm2(gone(Expected::Yes)) };
    assert_eq!(judge(&seen), (Health::Stopped, Reason::StoppedByHand));
}
