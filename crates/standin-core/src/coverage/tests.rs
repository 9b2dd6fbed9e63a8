#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use jiff::SignedDuration;

use super::*;
use crate::drill::Outcome;
use crate::ident::Kind;

fn id(text: &str) -> AutomationId {
    text.parse().unwrap()
}

fn terms() -> Terms {
    Terms {
        now: Timestamp::from_second(1_800_000_000).unwrap(),
        drilled_within: Duration::from_secs(30 * 86_400),
    }
}

fn watcher(name: &str, domain: Domain) -> Watcher {
    Watcher { name: name.into(), domain, acts: Acts::Yes }
}

fn backup(text: &str, domain: Domain) -> Backup {
    let drilled_as = drill::Backup::Automation(id(text));
    Backup {
        id: id(text),
        domain,
        start: Start::Watcher,
        work: Work::Generated,
        said: Said::ByItself,
        drilled_as,
        flaw: None,
    }
}

/// A workflow that an agent watches, with a backup on the agent's machine that was drilled a day ago.
fn whole() -> Subject {
    let at = terms().now - SignedDuration::from_hours(24);
    let drill = Drill {
        id: id("workflow:nightly.yml"),
        backup: drill::Backup::Automation(id("command:nightly-here")),
        at,
        took: Duration::from_millis(1500),
        outcome: Outcome::Passed,
        dry: false,
    };
    Subject {
        id: id("workflow:nightly.yml"),
        domain: Domain::Github,
        priority: Priority::Normal,
        broken: String::new(),
        watchers: vec![watcher("agent", Domain::Host)],
        hint: "watch it".into(),
        awaited: None,
        backups: vec![backup("command:nightly-here", Domain::Host)],
        writable: Writable::Yes,
        drills: vec![drill],
    }
}

fn judged(change: impl FnOnce(&mut Subject)) -> (Level, Option<Step>) {
    let mut subject = whole();
    change(&mut subject);
    let covered = judge(&subject, terms());
    (covered.level, covered.next.map(|next| next.step))
}

#[test]
fn with_every_condition_met_the_highest_level_is_reached_and_each_is_said() {
    let covered = judge(&whole(), terms());
    assert_eq!((covered.level, covered.next), (Level::Drilled, None));
    assert_eq!(
        covered.evidence,
        [
            "watched by agent",
            "command:nightly-here on host was written from it and is started by a watcher",
            "command:nightly-here was drilled on 2027-01-14, in 1.5 s",
        ]
    );
}

#[test]
fn each_condition_that_is_not_met_keeps_the_level_down_and_names_the_step() {
    let here = id("command:nightly-here");
    assert_eq!(judged(|s| s.broken = "bad cron".into()), (Level::Unwatched, Some(Step::Mend)));
    assert_eq!(judged(|s| s.watchers.clear()), (Level::Unwatched, Some(Step::Watch("watch it".into()))));
    assert_eq!(judged(|s| s.backups.clear()), (Level::Watched, Some(Step::Back)));
    for (flaw, step) in [
        (Flaw::Missing, Step::Back),
        (Flaw::DoesNothing("a.js:3 it prints".into()), Step::Back),
        (Flaw::Outdated, Step::Renew),
        (Flaw::NotEffective("x".into()), Step::MendBackup(here)),
        (Flaw::NobodyStartsIt, Step::WatchElsewhere(Domain::Host)),
        (Flaw::NotNamed, Step::Name(id("command:nightly-here"))),
        (Flaw::NotHere("a job runs in a container".into()), Step::BackByHand),
        (Flaw::AgentNeverRan, Step::Watch("watch it".into())),
    ] {
        assert_eq!(judged(|s| s.backups[0].flaw = Some(flaw)), (Level::Watched, Some(step)));
    }
    // What Standin cannot write is nothing that it advises to have written.
    let by_hand = |s: &mut Subject| {
        s.writable = Writable::No("it runs all the time".into());
        s.backups.clear();
    };
    assert_eq!(judged(by_hand), (Level::Watched, Some(Step::BackByHand)));
    let alert_only = |s: &mut Subject| s.watchers[0].acts = Acts::No;
    assert_eq!(judged(alert_only), (Level::Watched, Some(Step::WatchElsewhere(Domain::Github))));
    let same_domain = |s: &mut Subject| s.backups[0].domain = Domain::Github;
    assert_eq!(judged(same_domain), (Level::BackedUp, Some(Step::BackElsewhere(Domain::Github))));
    let watched_within = |s: &mut Subject| s.watchers[0].domain = Domain::Github;
    assert_eq!(judged(watched_within), (Level::BackedUp, Some(Step::WatchElsewhere(Domain::Github))));
}

#[test]
fn a_step_names_nothing_that_is_done_already() {
    // What stands elsewhere and waits for the agent needs the agent, and nothing new in standin.toml.
    let awaited = |s: &mut Subject| {
        s.awaited = Some("start it".into());
        s.backups.insert(0, backup("workflow:nightly-backup.yml", Domain::Github));
        s.backups[1].flaw = Some(Flaw::AgentNeverRan);
        s.watchers = vec![watcher("action", Domain::Github)];
    };
    assert_eq!(judged(awaited), (Level::BackedUp, Some(Step::Watch("start it".into()))));
    // A watcher that stands in the file is not to be written into it.
    let unstarted = |s: &mut Subject| {
        s.awaited = Some("start it".into());
        s.watchers = vec![watcher("action", Domain::Github)];
    };
    assert_eq!(judged(unstarted), (Level::BackedUp, Some(Step::Watch("start it".into()))));
    // What standin.toml names only its author changes.
    let named = |s: &mut Subject| {
        s.writable = Writable::Decided;
        s.backups[0].said = Said::InSettings;
        s.backups[0].flaw = Some(Flaw::DoesNothing("a.js:3 it prints".into()));
    };
    assert_eq!(judged(named), (Level::Watched, Some(Step::Replace(id("command:nightly-here")))));
    let decided = |s: &mut Subject| {
        s.writable = Writable::Decided;
        s.backups.clear();
    };
    assert_eq!(judged(decided), (Level::Watched, Some(Step::BackByHand)));
}

#[test]
fn only_a_drill_that_ran_passed_and_is_recent_counts() {
    let with = |change: fn(&mut Drill)| judged(|s| s.drills.iter_mut().for_each(change));
    let undrilled = (Level::CrossDomain, Some(Step::Drill));
    assert_eq!(judged(|s| s.drills.clear()), undrilled);
    assert_eq!(with(|d| d.dry = true), undrilled);
    assert_eq!(with(|d| d.outcome = Outcome::Failed { why: "it ended with 1".into() }), undrilled);
    assert_eq!(with(|d| d.at = Timestamp::UNIX_EPOCH), undrilled);
    // What worked once and failed later does not work; a dry drill in between changes nothing.
    let failed_later = |s: &mut Subject| {
        let later =
            Drill { at: terms().now, outcome: Outcome::Failed { why: String::new() }, ..s.drills[0].clone() };
        s.drills.insert(0, later);
    };
    assert_eq!(judged(failed_later), undrilled);
    let dry_later =
        |s: &mut Subject| s.drills.push(Drill { at: terms().now, dry: true, ..s.drills[0].clone() });
    assert_eq!(judged(dry_later).0, Level::Drilled);
    // A drill of a backup that fails together with the primary proves nothing of another domain.
    let other = |s: &mut Subject| {
        let beside = backup("workflow:nightly-backup.yml", Domain::Github);
        s.drills[0].backup = beside.drilled_as.clone();
        s.backups.push(beside);
    };
    assert_eq!(judged(other), undrilled);
}

#[test]
fn a_backup_with_its_own_schedule_needs_no_watcher_to_start_it() {
    let scheduled = |s: &mut Subject| {
        s.backups[0].start = Start::Schedule;
        s.watchers[0].acts = Acts::No;
    };
    assert_eq!(judged(scheduled).0, Level::Drilled);
}

#[test]
fn percentages_are_weighted_and_never_rounded_up() {
    let mut list: Vec<Covered> = Vec::new();
    for n in 0..999 {
        let subject = Subject { id: id(&format!("workflow:{n}.yml")), ..whole() };
        list.push(judge(&subject, terms()));
    }
    let mut bare = Subject { id: id("pm2:web"), ..whole() };
    bare.watchers.clear();
    bare.priority = Priority::Low;
    list.push(judge(&bare, terms()));
    let totals = totals(&list);
    assert_eq!(totals.reached(Level::Unwatched), Some(1000));
    // 1998 of 1999: 99.95 percent is not 100.
    assert_eq!(totals.reached(Level::Drilled), Some(999));
    let counts: Vec<(Kind, usize)> = totals.platforms.iter().map(|p| (p.kind, p.count)).collect();
    assert_eq!(counts, [(Kind::Workflow, 999), (Kind::Pm2, 1)]);
    assert_eq!(super::totals(&[]).reached(Level::Watched), None);
}

#[test]
fn a_step_that_many_share_comes_once_and_first() {
    let mut list = Vec::new();
    for (n, priority) in [Priority::Normal, Priority::Normal].into_iter().enumerate() {
        let mut subject = Subject { id: id(&format!("workflow:{n}.yml")), priority, ..whole() };
        subject.backups.clear();
        list.push(judge(&subject, terms()));
    }
    let mut one = Subject { id: id("pm2:web"), ..whole() };
    one.drills.clear();
    list.push(judge(&one, terms()));
    let steps = steps(&list);
    assert_eq!(steps[0], (Step::Back, vec![id("workflow:0.yml"), id("workflow:1.yml")]));
    assert_eq!(steps[1], (Step::Drill, vec![id("pm2:web")]));
}
