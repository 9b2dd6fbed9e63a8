use jiff::Timestamp;
use standin_core::observation::{Absence, EventLoop, Expected, ProcessStatus, Respawn, StopCause};

use super::super::event::{Ending, Event, Happened, ProcessEvent};
use super::super::lines::Line;
use super::super::list::{Listed, Pulse};
use super::super::memory::Memory;
use super::super::proc::DaemonId;
use super::{Heard, MAX_RESTARTS, SavedApps, SavedFact, Tidied, Tracker};

const BOOT: &str = "boot-1";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
}

fn daemon(pid: u32) -> DaemonId {
    DaemonId { pid, ticks: 5, boot: BOOT.to_owned() }
}

fn tracker() -> Tracker {
    let mut tracker = Tracker::new(BOOT.to_owned(), Memory::default());
    tracker.daemon_up(&daemon(1));
    tracker
}

/// Process 0 of `web`.
fn web(status: ProcessStatus, uptime_stamp: i64) -> Listed {
    Listed {
        pm_id: 0,
        name: "web".to_owned(),
        pid: 9,
        status,
        uptime_stamp,
        restarts: 0,
        memory_bytes: 1,
        respawn: Respawn::ByPm2,
        cron_restart: String::new(),
        pulse: Pulse::None,
        exec_path: "/a/web.js".to_owned(),
        cwd: "/a".to_owned(),
        exit_code: None,
        kill_timeout_ms: 1600,
    }
}

fn happened(happened: Happened, uptime_stamp: i64, restarts: u32) -> Event {
    let (name, pm_id) = ("web".to_owned(), 0);
    Event::Process(ProcessEvent { happened, name, pm_id, uptime_stamp, restarts, exit_code: 0 })
}

fn exited(code: i32, signal: &str) -> Event {
    Event::Line(Line::Exited { name: "web".to_owned(), pm_id: 0, code, signal: signal.to_owned() })
}

fn stopping() -> Event {
    Event::Line(Line::Stopping { name: "web".to_owned(), pm_id: 0 })
}

fn starting() -> Event {
    Event::Line(Line::Starting { name: "web".to_owned(), pm_id: 0 })
}

fn hear(tracker: &mut Tracker, events: &[Event], ms: i64) {
    for event in events {
        tracker.hear(event, at(ms));
    }
}

#[test]
fn a_death_by_signal_is_told_at_once_with_its_signal_and_time() {
    let mut t = tracker();
    t.fact(&web(ProcessStatus::Online, 7), at(0));
    t.hear(&exited(0, "SIGKILL"), at(10));
    let heard = t.hear(&happened(Happened::Exit, 7, 0), at(10));
    assert_eq!(heard, Heard::Exit { name: "web".to_owned(), pm_id: 0 });
    let fact = t.fact(&web(ProcessStatus::Stopped, 7), at(12));
    assert_eq!(fact.stop, StopCause::Killed { signal: "SIGKILL".to_owned() });
    assert_eq!((fact.status, fact.stopped_at, fact.pid), (ProcessStatus::Stopped, Some(at(10)), 0));
}

#[test]
fn an_exit_code_counts_whatever_signal_pm2_writes_beside_it() {
    for (code, signal, cause) in [
        (3, "SIGINT", StopCause::Exited { code: 3 }),
        (0, "SIGINT", StopCause::Exited { code: 0 }),
        (0, "SIGSEGV", StopCause::Killed { signal: "SIGSEGV".to_owned() }),
    ] {
        let mut t = tracker();
        hear(&mut t, &[exited(code, signal), happened(Happened::Exit, 7, 0)], 0);
        assert_eq!(t.fact(&web(ProcessStatus::Stopped, 7), at(1)).stop, cause);
    }
}

#[test]
fn a_stop_by_hand_is_told_once_it_has_lasted() {
    let mut t = tracker();
    t.fact(&web(ProcessStatus::Online, 7), at(0));
    let end =
        [stopping(), exited(0, "SIGINT"), happened(Happened::Exit, 7, 0), happened(Happened::Exit, 7, 0)];
    hear(&mut t, &end, 10);
    let early = t.fact(&web(ProcessStatus::Stopped, 7), at(20));
    assert_eq!((early.status, early.stop), (ProcessStatus::Stopping, StopCause::None));
    assert_eq!(t.take_recheck(), Some(at(410)));
    let late = t.fact(&web(ProcessStatus::Stopped, 7), at(410));
    assert_eq!((late.status, late.stop), (ProcessStatus::Stopped, StopCause::ByHand));
    assert_eq!(t.take_recheck(), None);
}

#[test]
fn the_first_half_of_a_restart_is_no_stop() {
    let mut t = tracker();
    t.fact(&web(ProcessStatus::Online, 7), at(0));
    hear(&mut t, &[stopping(), exited(0, "SIGINT"), happened(Happened::Exit, 7, 0), starting()], 10);
    hear(&mut t, &[happened(Happened::Online, 8, 1)], 12);
    let fact = t.fact(&web(ProcessStatus::Online, 8), at(500));
    assert_eq!((fact.status, fact.stop), (ProcessStatus::Online, StopCause::None));
    // Its next death is its own.
    hear(&mut t, &[exited(2, "SIGINT"), happened(Happened::Exit, 8, 1)], 600);
    assert_eq!(t.fact(&web(ProcessStatus::Stopped, 8), at(601)).stop, StopCause::Exited { code: 2 });
}

#[test]
fn a_restart_that_fails_halfway_is_not_a_stop_by_hand() {
    let ours = |t: &mut Tracker| t.about_to_restart(0, at(5));
    let cron = |t: &mut Tracker| hear(t, &[Event::Line(Line::CronDropped { pm_id: 0 })], 5);
    let memory = |t: &mut Tracker| hear(t, &[Event::Line(Line::MemoryRestart { pm_id: 0 })], 5);
    let watch = |t: &mut Tracker| hear(t, &[Event::Line(Line::WatchRestart { name: "web".to_owned() })], 5);
    for prelude in [&ours as &dyn Fn(&mut Tracker), &cron, &memory, &watch] {
        let mut t = tracker();
        t.fact(&web(ProcessStatus::Online, 7), at(0));
        prelude(&mut t);
        hear(&mut t, &[stopping(), exited(0, "SIGINT"), happened(Happened::Exit, 7, 0)], 10);
        assert_eq!(t.fact(&web(ProcessStatus::Stopped, 7), at(900)).stop, StopCause::NotSeen);
    }
}

#[test]
fn stopping_what_is_dead_already_leaves_it_alone_from_then_on() {
    let mut t = tracker();
    hear(&mut t, &[exited(1, "SIGINT"), happened(Happened::Exit, 7, 0)], 0);
    assert_eq!(t.fact(&web(ProcessStatus::Stopped, 7), at(1)).stop, StopCause::Exited { code: 1 });
    hear(&mut t, &[happened(Happened::StopByHand, 7, 0)], 5);
    assert_eq!(t.fact(&web(ProcessStatus::Stopped, 7), at(6)).stop, StopCause::ByHand);
}

#[test]
fn an_end_that_nobody_heard_is_not_seen_and_a_given_up_app_tells_its_code() {
    let mut t = tracker();
    assert_eq!(t.fact(&web(ProcessStatus::Stopped, 7), at(0)).stop, StopCause::NotSeen);
    let errored = Listed { exit_code: Some(4), ..web(ProcessStatus::Errored, 8) };
    assert_eq!(t.fact(&errored, at(0)).stop, StopCause::Exited { code: 4 });
}

#[test]
fn an_end_that_nobody_heard_is_looked_up_once_and_kept() {
    let mut t = tracker();
    let killed = StopCause::Killed { signal: "SIGKILL".to_owned() };
    let stopped = web(ProcessStatus::Stopped, 7);
    let fact = t.fact(&stopped, at(0));
    assert_eq!(t.complete(fact, || Some(killed.clone())).stop, killed);
    let fact = t.fact(&stopped, at(1));
    assert_eq!(t.complete(fact, || panic!("it is known")).stop, killed);
    // One that was heard, as the first half of a restart, is not asked about.
    let mut t = tracker();
    t.about_to_restart(0, at(0));
    hear(&mut t, &[stopping(), exited(0, "SIGINT"), happened(Happened::Exit, 7, 0)], 1);
    let fact = t.fact(&stopped, at(900));
    assert_eq!(t.complete(fact, || panic!("it was heard")).stop, StopCause::NotSeen);
}

#[test]
fn the_list_may_run_ahead_of_the_bus() {
    let mut t = tracker();
    t.fact(&web(ProcessStatus::Online, 7), at(0));
    let early = t.fact(&web(ProcessStatus::Stopped, 7), at(10));
    assert_eq!((early.status, early.stop), (ProcessStatus::Stopping, StopCause::None));
    hear(&mut t, &[exited(0, "SIGKILL"), happened(Happened::Exit, 7, 0)], 11);
    let told = t.fact(&web(ProcessStatus::Stopped, 7), at(12)).stop;
    assert_eq!(told, StopCause::Killed { signal: "SIGKILL".to_owned() });
}

#[test]
fn how_it_ended_survives_a_restart_of_the_watcher_for_that_life_only() {
    let mut t = tracker();
    t.fact(&web(ProcessStatus::Online, 7), at(0));
    hear(&mut t, &[stopping(), happened(Happened::Exit, 7, 0)], 10);
    t.fact(&web(ProcessStatus::Stopped, 7), at(900));
    t.prune(&[web(ProcessStatus::Stopped, 7)]);
    let mut next = Tracker::new(BOOT.to_owned(), Memory::read(&t.memory().write()));
    next.daemon_up(&daemon(1));
    let fact = next.fact(&web(ProcessStatus::Stopped, 7), at(2000));
    assert_eq!((fact.stop, fact.stopped_at), (StopCause::ByHand, Some(at(10))));
    assert_eq!(next.fact(&web(ProcessStatus::Stopped, 8), at(2000)).stop, StopCause::NotSeen);
    next.prune(&[web(ProcessStatus::Online, 9)]);
    assert!(next.memory().ends.is_empty(), "a running app needs no memory of its ends");
}

#[test]
fn restarts_are_counted_from_events_and_from_the_list_but_not_twice() {
    let mut t = tracker();
    let listed = |restarts| Listed { restarts, ..web(ProcessStatus::Online, 7) };
    assert!(t.fact(&listed(40), at(0)).recent_restarts.is_empty(), "what was before is not known");
    hear(&mut t, &[happened(Happened::Online, 8, 41)], 10);
    assert_eq!(t.fact(&listed(41), at(20)).recent_restarts, [at(10)]);
    assert_eq!(t.fact(&listed(43), at(30)).recent_restarts, [at(10), at(30), at(30)]);
    assert_eq!(t.fact(&listed(0), at(40)).recent_restarts.len(), 3, "a reset is no restart");
    let late = Listed { uptime_stamp: listed(1).uptime_stamp - 1, ..listed(0) };
    assert_eq!(t.fact(&listed(1), at(41)).recent_restarts.len(), 4);
    assert_eq!(t.fact(&late, at(42)).recent_restarts.len(), 4);
    assert_eq!(t.fact(&listed(1), at(43)).recent_restarts.len(), 4, "a list that came late is no reset");
    assert_eq!(t.fact(&listed(900), at(50)).recent_restarts.len(), MAX_RESTARTS);
    assert!(t.fact(&listed(900), at(3_700_000)).recent_restarts.is_empty(), "old ones are forgotten");
}

#[test]
fn an_event_loop_is_as_fresh_as_its_last_new_measurement() {
    let mut t = tracker();
    let beat = |beat| Listed { pulse: Pulse::Beat(beat), ..web(ProcessStatus::Online, 7) };
    let report = |t: &mut Tracker, b, ms| t.fact(&beat(b), at(ms)).event_loop;
    assert_eq!(report(&mut t, 1, 0), EventLoop::Yes { last_report: at(0) });
    assert_eq!(report(&mut t, 2, 1000), EventLoop::Yes { last_report: at(1000) });
    assert_eq!(report(&mut t, 2, 9000), EventLoop::Yes { last_report: at(1000) });
    let restarted = Listed { pulse: Pulse::Beat(2), ..web(ProcessStatus::Online, 8) };
    assert_eq!(t.fact(&restarted, at(9500)).event_loop, EventLoop::Yes { last_report: at(9500) });
    assert_eq!(t.fact(&web(ProcessStatus::Online, 8), at(9600)).event_loop, EventLoop::No);
}

#[test]
fn a_gap_in_which_nobody_looked_is_no_silence_of_the_event_loop() {
    let mut t = tracker();
    let still = Listed { pulse: Pulse::Beat(1), ..web(ProcessStatus::Online, 7) };
    let mut report = |ms| t.fact(&still, at(ms)).event_loop;
    assert_eq!(report(0), EventLoop::Yes { last_report: at(0) });
    for ms in [30_000, 60_000] {
        assert_eq!(report(ms), EventLoop::Yes { last_report: at(0) }, "it was looked at all the time");
    }
    assert_eq!(report(90_001), EventLoop::Yes { last_report: at(90_001) }, "the machine slept");
    assert_eq!(report(120_000), EventLoop::Yes { last_report: at(90_001) });
}

const NAMED: SavedFact = SavedFact::Named { at: None };

#[test]
fn gone_from_the_same_daemon_is_deleted_and_gone_with_it_is_lost() {
    let mut t = tracker();
    t.listed("web", &daemon(1));
    assert_eq!(t.absence("web", &daemon(1), at(-60_000), &NAMED, at(0)), None, "a reload takes it out too");
    assert_eq!(t.absence("web", &daemon(1), at(-60_000), &NAMED, at(700)), Some(Absence::DeletedByHand));
    t.daemon_up(&daemon(2));
    assert_eq!(t.absence("web", &daemon(2), at(0), &NAMED, at(60_000)), Some(Absence::DeletedByHand));
    t.listed("web", &daemon(2));
    t.daemon_up(&daemon(3));
    for saved in [NAMED, SavedFact::Unnamed] {
        assert_eq!(t.absence("web", &daemon(3), at(0), &saved, at(60_000)), Some(Absence::LostByDaemon));
    }
    assert!(t.was_running("web"));
}

#[test]
fn a_resurrection_is_given_time_to_come_to_the_app() {
    let mut t = tracker();
    let lost = |t: &mut Tracker, ms| t.absence("web", &daemon(1), at(0), &NAMED, at(ms));
    assert_eq!(lost(&mut t, 4000), None);
    t.hear(&happened(Happened::Start, 7, 0), at(4000));
    assert_eq!(lost(&mut t, 6000), None);
    assert_eq!(t.take_recheck(), Some(at(5000)));
    assert_eq!(lost(&mut t, 7000), Some(Absence::LostByDaemon));
}

#[test]
fn what_was_never_seen_is_told_from_the_saved_list() {
    let mut t = tracker();
    let mut absence = |saved| t.absence("web", &daemon(1), at(0), &saved, at(60_000));
    assert_eq!(absence(SavedFact::Unnamed), Some(Absence::NeverStarted));
    assert_eq!(absence(SavedFact::Named { at: Some(at(-5)) }), Some(Absence::LostByDaemon));
    assert_eq!(absence(SavedFact::Named { at: Some(at(5)) }), Some(Absence::NotSeen));
}

#[test]
fn a_daemon_that_dies_is_expected_back_and_one_that_was_ended_is_not() {
    let gone = |t: &mut Tracker, tidied| t.daemon_gone(tidied, SavedApps::Some, at(100));
    let mut died = tracker();
    assert_eq!(gone(&mut died, Tidied::No), (at(100), Expected::Yes));
    assert_eq!(died.daemon_gone(Tidied::No, SavedApps::None, at(900)), (at(100), Expected::Yes));
    let mut ended = tracker();
    ended.listed("web", &daemon(1));
    ended.hear(&Event::DaemonEnds(Ending::ByCommand), at(0));
    assert!(ended.is_ending());
    assert_eq!(gone(&mut ended, Tidied::No).1, Expected::No);
    assert!(!ended.was_running("web"));
    let mut signalled = tracker();
    signalled.hear(&Event::DaemonEnds(Ending::BySignal), at(0));
    assert_eq!(gone(&mut signalled, Tidied::No).1, Expected::Yes);
    // Nobody listened, but only `pm2 kill` tidies up like that.
    let mut unheard = tracker();
    assert_eq!(gone(&mut unheard, Tidied::Yes).1, Expected::No);
}

#[test]
fn after_a_reboot_the_saved_list_decides() {
    let mut t = tracker();
    t.listed("web", &daemon(1));
    t.hear(&Event::DaemonEnds(Ending::ByCommand), at(0));
    let memory = t.memory().write();
    let rebooted = || Tracker::new("boot-2".to_owned(), Memory::read(&memory));
    // A service manager's way to end PM2 at a shutdown is `pm2 kill`.
    assert_eq!(rebooted().daemon_gone(Tidied::Yes, SavedApps::Some, at(0)).1, Expected::Yes);
    assert_eq!(rebooted().daemon_gone(Tidied::Yes, SavedApps::None, at(0)).1, Expected::No);
    let next = DaemonId { boot: "boot-2".to_owned(), ..daemon(1) };
    let mut t = rebooted();
    t.daemon_up(&next);
    assert_eq!(t.absence("web", &next, at(0), &NAMED, at(60_000)), Some(Absence::LostByDaemon));
    assert_eq!(t.absence("web", &next, at(0), &SavedFact::Unnamed, at(60_000)), Some(Absence::NeverStarted));
}

#[test]
fn a_daemon_that_lives_and_does_not_listen_is_looked_at_again_less_and_less_often() {
    let mut t = tracker();
    for (now, next) in [(0, 50), (50, 100), (100, 200), (200, 400), (60_000, 70_000)] {
        t.unclear(at(now));
        assert_eq!(t.take_recheck(), Some(at(next)));
    }
    t.daemon_up(&daemon(1));
    t.unclear(at(90_000));
    assert_eq!(t.take_recheck(), Some(at(90_050)));
}
