#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use standin_core::health::Priority;
use standin_core::ident::Domain;
use standin_core::mesh::arbiter::{ConfiguredStore, Conformance, StoreKind};
use standin_core::schedule::Schedule;
use standin_core::watch::{CatchUp, Recovery};

use super::answer::tenths;
use super::*;

const MINUTES: Duration = Duration::from_secs(60);
const HOURS: Duration = Duration::from_secs(3_600);

fn asked(id: &str, domain: Domain, runs: Runs) -> Asked {
    Asked {
        id: id.parse().unwrap(),
        domain,
        runs,
        deadline: 30 * MINUTES,
        in_time: 45 * MINUTES,
        ladder: Vec::new(),
        known: Known::Unknown,
        guard: Guard::None,
        recovery: Recovery::Act,
        priority: Priority::Normal,
        file: ".github/workflows/x.yml".to_owned(),
        entry: Entry::Missing,
    }
}

fn slots(cron: &str) -> Arc<[Schedule]> {
    Arc::from([Schedule::parse(cron, "UTC").unwrap()])
}

fn workflow(id: &str, cron: &str) -> Asked {
    asked(id, Domain::Github, Runs::Slots(slots(cron)))
}

fn question(automations: Vec<Asked>, outages: Vec<Outage>) -> Question {
    Question {
        from: "2026-11-23T00:00:00Z".parse().unwrap(),
        days: 1,
        seed: 1,
        automations,
        mesh: None,
        outages,
        left_out: Vec::new(),
    }
}

fn gone(what: What, from: Duration, length: Duration) -> Outage {
    Outage { what, from, length }
}

fn github(from: u32, hours: u32) -> Outage {
    gone(What::Place(Place::Github), HOURS * from, HOURS * hours)
}

fn store(name: &str, kind: StoreKind) -> ConfiguredStore {
    ConfiguredStore { name: name.to_owned(), kind, conformance: Conformance::Passed }
}

fn peer(name: &str, kind: PeerKind, every: Duration, silent_after: Duration) -> AskedPeer {
    AskedPeer { name: name.parse().unwrap(), kind, every, silent_after }
}

/// Three watchers and three stores that decide together.
fn mesh() -> AskedMesh {
    AskedMesh {
        peers: vec![
            peer("agent", PeerKind::Agent, MINUTES, Duration::from_secs(90)),
            peer("function", PeerKind::Netlify, 5 * MINUTES, 5 * MINUTES),
            peer("action", PeerKind::Action, HOURS, 6 * HOURS),
        ],
        stores: vec![
            store("github", StoreKind::GithubRefs),
            store("gcs", StoreKind::Gcs),
            store("dynamodb", StoreKind::DynamoDb),
            store("agent", StoreKind::Sqlite),
        ],
        stores_from: Entry::Written,
        quorum: Some(["github", "gcs", "dynamodb"].map(str::to_owned).into()),
    }
}

/// An hourly workflow whose work the agent can do too.
fn helped(guard: Guard) -> Asked {
    Asked {
        ladder: vec![Remedy::Again, Remedy::Other("command:hourly-here".parse().unwrap())],
        known: Known::Heartbeats { grace: 30 * MINUTES },
        guard,
        ..workflow("workflow:hourly.yml", "17 * * * *")
    }
}

fn meshed(guard: Guard, outages: Vec<Outage>) -> Question {
    Question { mesh: Some(mesh()), ..question(vec![helped(guard)], outages) }
}

fn moments(answer: &AnswerV1, kind: MomentKind) -> Vec<String> {
    let of = answer.timeline.iter().filter(|m| m.kind == kind);
    of.map(|m| format!("{} {}", m.who, m.what)).collect()
}

#[test]
fn the_same_question_has_the_same_answer() {
    let question = meshed(Guard::None, vec![github(12, 4)]);
    let first = answer(&question).unwrap();
    assert_eq!(first, answer(&question).unwrap());
    assert_ne!(first, answer(&Question { seed: 2, ..question }).unwrap());
}

#[test]
fn without_a_mesh_a_workflow_is_late_and_nobody_notices() {
    let question = question(vec![workflow("workflow:nightly.yml", "17 3 * * *")], vec![github(2, 12)]);
    let answer = answer(&question).unwrap();
    assert_eq!(answer.outages[0].noticed, None);
    let served = &answer.automations[0];
    assert_eq!((served.slots, served.with.in_time, served.with.late), (1, 0, 1));
    assert_eq!(Some(served.with), served.without, "nobody helps");
    assert_eq!(moments(&answer, MomentKind::DoesNotStart).len(), 1);
    let lines: Vec<&str> = answer.advice.iter().flat_map(|a| &a.lines).map(String::as_str).collect();
    for line in ["kind = \"agent\"", "kind = \"gcs\"", "heartbeats = true"] {
        assert!(lines.contains(&line), "{line}: {lines:#?}");
    }
    assert!(lines.contains(&"backup = [\"again\", \"command:nightly-here\"]"), "{lines:#?}");
    let then = &answer.advice[1].then;
    assert!(then.contains("100.0 %") && then.contains("instead of 0.0 %"), "{then}");
}

#[test]
fn a_heartbeat_that_does_not_come_is_noticed_where_nobody_may_act() {
    let mut nightly = workflow("workflow:nightly.yml", "17 3 * * *");
    nightly.known = Known::Heartbeats { grace: HOURS };
    let answer = answer(&question(vec![nightly], vec![github(2, 12)])).unwrap();
    let noticed = answer.outages[0].noticed.clone().unwrap();
    assert_eq!((noticed.by.as_str(), noticed.after), ("agent", 2 * 3_600 + 17 * 60));
    assert_eq!(answer.automations[0].with.in_time, 0, "it is only said");
}

#[test]
fn a_mesh_has_the_work_done_elsewhere_while_github_is_gone() {
    let answer = answer(&meshed(Guard::StepsAside, vec![github(12, 4)])).unwrap();
    assert_eq!(answer.faults, Vec::<String>::new());
    let instead = moments(&answer, MomentKind::RunsInstead);
    assert!(instead[0].starts_with("agent runs command:hourly-here, for the 12:17 slot"), "{instead:#?}");
    assert!(!moments(&answer, MomentKind::TriesInVain).is_empty(), "once more comes first");
    let served = &answer.automations[0];
    assert_eq!((served.with.percent, served.with.twice), (Some(100.0), 0));
    assert!(served.without.unwrap().percent < Some(90.0), "{served:#?}");
    assert!(served.with.by_backup >= 4);
    assert!(!moments(&answer, MomentKind::StepsAside).is_empty(), "late runs see that they are late");
    assert_eq!(answer.advice, []);
}

#[test]
fn while_two_of_three_answer_nobody_says_that_none_does() {
    for seed in 1..=6 {
        let answer = answer(&Question { seed, ..meshed(Guard::StepsAside, vec![github(12, 4)]) }).unwrap();
        let told = moments(&answer, MomentKind::Tells);
        let wrong: Vec<_> = told.iter().filter(|what| what.contains("cannot re")).collect();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
    }
}

#[test]
fn a_late_run_without_a_guard_runs_twice_and_that_is_said() {
    let answer = answer(&meshed(Guard::None, vec![github(12, 4)])).unwrap();
    assert!(answer.automations[0].with.twice > 0);
    assert!(!moments(&answer, MomentKind::RunsTwice).is_empty());
    let advice = answer.advice.iter().find(|a| a.file.ends_with("x.yml")).unwrap();
    assert!(advice.because.contains("workflow:hourly.yml"), "{advice:#?}");
}

#[test]
fn what_decides_has_to_stay_while_something_is_gone() {
    // Only refs decide, and they are gone with the workflow.
    let mut question = meshed(Guard::StepsAside, vec![github(12, 4)]);
    let mesh = question.mesh.as_mut().unwrap();
    mesh.quorum = None;
    mesh.stores = vec![store("github", StoreKind::GithubRefs), store("agent", StoreKind::Sqlite)];
    mesh.stores_from = Entry::Missing;
    let answer = answer(&question).unwrap();
    assert!(answer.automations[0].with.percent < Some(100.0));
    let lines: Vec<&String> = answer.advice.iter().flat_map(|a| &a.lines).collect();
    assert!(lines.iter().any(|line| *line == "kind = \"gcs\""), "{lines:#?}");
    assert!(answer.advice.iter().any(|a| a.then.contains("100.0 % are")), "{:#?}", answer.advice);
}

#[test]
fn watchers_that_are_gone_are_suspected_and_the_others_go_on() {
    let agent = gone(What::Peer("agent".to_owned()), HOURS * 12, HOURS * 4);
    let answer = answer(&meshed(Guard::StepsAside, vec![agent])).unwrap();
    let suspects = moments(&answer, MomentKind::Suspects);
    assert!(suspects.contains(&"function suspects agent".to_owned()), "{suspects:?}");
    let noticed = answer.outages[0].noticed.clone().unwrap();
    assert!(noticed.after < 15 * 60, "{noticed:?}");
    assert_eq!(answer.faults, Vec::<String>::new());
}

#[test]
fn the_agent_brings_back_what_runs_on_its_machine() {
    let web = asked("pm2:web", Domain::Host, Runs::Always);
    let out = |what| vec![gone(what, HOURS * 12, HOURS)];
    let stopped = answer(&question(vec![web.clone()], out(What::Automation(web.id.clone())))).unwrap();
    assert_eq!(stopped.automations[0].with.down, 1);
    assert_eq!(stopped.automations[0].without.unwrap().down, 3_600);
    assert_eq!(stopped.outages[0].noticed.clone().unwrap().after, 1);
    assert_eq!(stopped.advice, []);
    let host = answer(&question(vec![web.clone()], out(What::Place(Place::Host)))).unwrap();
    assert_eq!(host.automations[0].with.down, 3_600, "nobody is there");
    assert!(host.advice[0].lines.is_empty() && host.advice[0].because.contains("pm2:web"));
    let quiet = Asked { recovery: Recovery::AlertOnly, ..web.clone() };
    let quiet = answer(&question(vec![quiet], out(What::Automation(web.id)))).unwrap();
    assert_eq!(quiet.automations[0].with.down, 3_600);
    assert_eq!(quiet.advice[0].lines.last().unwrap(), "recovery = \"act\"");
}

#[test]
fn of_the_slots_that_pass_while_the_agent_is_gone_the_newest_is_caught_up() {
    let runs = |catch_up| Runs::ByAgent { schedules: slots("*/10 * * * *"), catch_up };
    let agent = || vec![gone(What::Peer("agent".to_owned()), HOURS * 12, HOURS)];
    let count = |catch_up| {
        let automations = vec![asked("command:tidy", Domain::Host, runs(catch_up))];
        let answer = answer(&question(automations, agent())).unwrap();
        let with = answer.automations[0].with;
        assert_eq!(answer.automations[0].without, None, "nothing else would run it");
        (with.in_time, with.late, with.lost)
    };
    // The newest of the six began to be due ten minutes before the agent was back.
    assert_eq!(count(CatchUp::Once), (139, 0, 5));
    assert_eq!(count(CatchUp::Skip), (138, 0, 6));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let web = asked("pm2:web", Domain::Host, Runs::Always);
    let refused = |days, outages| {
        let question = Question { days, ..question(vec![web.clone()], outages) };
        answer(&question).unwrap_err().to_string()
    };
    assert_eq!(refused(0, vec![]), "0 days cannot be simulated: write --days 1 to 31");
    assert!(refused(32, vec![]).contains("write --days 1 to 31"));
    assert!(refused(1, vec![github(20, 5)]).contains("write --days 2"));
    assert!(refused(1, vec![github(1, 0)]).contains("write 1m or more"));
    assert!(refused(1, vec![github(1, 4), github(3, 4)]).contains("join them into one"));
    let (host, pm2) = (What::Place(Place::Host), What::Place(Place::Pm2));
    let part = refused(1, vec![gone(pm2, HOURS, HOURS), gone(host.clone(), HOURS, HOURS)]);
    assert!(part.contains("pm2 is gone with host anyway"), "{part}");
    let agent = What::Peer("agent".to_owned());
    assert!(refused(1, vec![gone(agent, HOURS, HOURS), gone(host, HOURS, HOURS)]).contains("leave out"));
    assert!(refused(1, vec![github(1, 1); 17]).contains("more than the 16"));
    let fine = Question { days: 31, ..question(vec![web.clone()], vec![github(1, 1), github(2, 1)]) };
    assert!(answer(&fine).is_ok(), "one after the other is no overlap");
}

#[test]
fn no_law_is_broken_whatever_is_gone() {
    let what = [
        What::Place(Place::Github),
        What::Place(Place::Netlify),
        What::Place(Place::Aws),
        What::Place(Place::Host),
        What::Store("gcs".to_owned()),
        What::Peer("function".to_owned()),
        What::Automation("workflow:hourly.yml".parse().unwrap()),
    ];
    for (seed, what) in (1..).zip(what) {
        let outage = gone(what.clone(), HOURS * 6, HOURS * 9);
        let question = Question { seed, ..meshed(Guard::StepsAside, vec![outage]) };
        let answer = answer(&question).unwrap();
        assert_eq!(answer.faults, Vec::<String>::new(), "{what}");
        assert_eq!(answer.automations[0].with.twice, 0, "{what}");
        assert!(answer.automations[0].with.percent > Some(70.0), "{what}: {:#?}", answer.automations);
    }
}

#[test]
fn what_is_not_all_is_never_a_hundred_percent() {
    assert_eq!(tenths(9_999, 10_000), Some(99.9));
    assert_eq!(tenths(3, 3), Some(100.0));
    assert_eq!(tenths(0, 0), None);
}
