#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use standin_core::automation::{
    Call, Detail, Effort, Finding, Need, ScheduleSpec, Severity, Source, Workflow,
};
use standin_core::coverage::{Flaw, Level, Step, Terms, Work, judge};
use standin_core::drill;

use super::watching::START;
use super::*;
use crate::{Place, parse, resolve};

fn found(id: &str, cron: Option<&str>) -> Automation {
    let id: AutomationId = id.parse().unwrap();
    Automation {
        name: id.name().into(),
        domain: id.kind().domain(),
        id,
        source: Source { path: "x".into(), line: 1 },
        schedules: cron.iter().map(|c| ScheduleSpec { cron: (*c).into(), timezone: "UTC".into() }).collect(),
        triggers: vec!["workflow_dispatch".into()],
        state: Standing::Effective,
        reason: String::new(),
        detail: Detail::Plain,
        backup_of: None,
    }
}

fn written_for(id: &str, cron: Option<&str>, primary: &str) -> Automation {
    Automation { backup_of: Some(primary.parse().unwrap()), ..found(id, cron) }
}

fn joined(text: &str, automations: Vec<Automation>, known: &Known) -> Covering {
    found_with(text, Inventory { automations, findings: Vec::new() }, known)
}

fn found_with(text: &str, inventory: Inventory, known: &Known) -> Covering {
    let settings = parse(text).unwrap();
    let resolved = resolve(&settings, inventory, Place { root: "/r", zone: "UTC" });
    assert_eq!(resolved.errors, []);
    let mesh = crate::mesh::mesh(&settings, &resolved.inventory, "UTC").unwrap();
    covering(&settings, (&resolved.inventory, &resolved.watches), &mesh, known)
}

fn terms() -> Terms {
    Terms {
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
        drilled_within: std::time::Duration::from_secs(30 * 86_400),
    }
}

fn levels(covering: &Covering) -> Vec<(String, Level)> {
    covering.subjects.iter().map(|s| (s.id.to_string(), judge(s, terms()).level)).collect()
}

fn level(text: &str, automations: Vec<Automation>) -> Level {
    levels(&joined(text, automations, &running()))[0].1
}

const AGENT: &str = "[[peer]]\nkind = \"agent\"\n";
const ACTION: &str = "[[peer]]\nkind = \"action\"\n";

fn nightly() -> Automation {
    found("workflow:nightly.yml", Some("17 3 * * *"))
}

/// An agent has looked after the repository here.
fn running() -> Known {
    Known { agent: Agent::HasRun, ..Known::default() }
}

#[test]
fn a_repository_that_nobody_watches_is_covered_by_nothing() {
    let list = vec![nightly(), written_for("workflow:nightly-backup.yml", None, "workflow:nightly.yml")];
    let covering = joined("", list, &running());
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::Unwatched)]);
    assert_eq!(covering.left_out[0].1, LeftOut::Backup);
}

#[test]
fn a_watcher_counts_only_where_it_would_run() {
    // Its workflow is not there.
    assert_eq!(level(ACTION, vec![nightly()]), Level::Unwatched);
    let next = judge(&joined(ACTION, vec![nightly()], &running()).subjects[0], terms()).next.unwrap();
    assert!(matches!(&next.step, Step::Watch(hint) if hint.contains("workflows/standin.yml")), "{next:?}");
    let mut watcher = found("workflow:standin.yml", Some("7 * * * *"));
    let covering = joined(ACTION, vec![nightly(), watcher.clone()], &running());
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::Watched)]);
    assert_eq!(covering.left_out, [(watcher.id.clone(), LeftOut::Watcher)]);
    watcher.state = Standing::Declared;
    assert_eq!(level(ACTION, vec![nightly(), watcher]), Level::Unwatched);
    // An app of PM2 needs an agent that was ever there.
    let app = || vec![found("pm2:web", None)];
    assert_eq!(levels(&joined("", app(), &Known::default()))[0].1, Level::Unwatched);
    assert_eq!(level("", app()), Level::Watched);
}

#[test]
fn an_agent_that_nobody_has_started_watches_nothing_and_starts_nothing() {
    let text = format!("{AGENT}[backup]\nhere = true\n");
    let covering = joined(&text, vec![nightly()], &Known::default());
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::Unwatched)]);
    let judged = judge(&covering.subjects[0], terms());
    assert_eq!(judged.next.unwrap().step, Step::Watch(START.to_owned()));
    // Another watcher is there, and only an agent starts the backup.
    let watcher = found("workflow:standin.yml", Some("7 * * * *"));
    let covering = joined(&format!("{ACTION}{text}"), vec![nightly(), watcher], &Known::default());
    let judged = judge(&covering.subjects[0], terms());
    assert_eq!((judged.level, judged.next.unwrap().step), (Level::Watched, Step::Watch(START.to_owned())));
    assert_eq!(covering.subjects[0].backups[0].flaw, Some(Flaw::AgentNeverRan));
    // A sign of life in the mesh is one, wherever it was given.
    let known = Known { seen: ["agent".to_owned()].into(), ..Known::default() };
    assert_eq!(levels(&joined(&text, vec![nightly()], &known))[0].1, Level::CrossDomain);
    let known = Known { seen: ["another".to_owned()].into(), ..Known::default() };
    assert_eq!(levels(&joined(&text, vec![nightly()], &known))[0].1, Level::Unwatched);
}

#[test]
fn a_backup_counts_where_it_is_loadable_current_and_started() {
    let backup = || written_for("workflow:nightly-backup.yml", None, "workflow:nightly.yml");
    assert_eq!(level(AGENT, vec![nightly(), backup()]), Level::BackedUp);
    let broken = Automation { state: Standing::Declared, reason: "line 3".into(), ..backup() };
    assert_eq!(level(AGENT, vec![nightly(), broken]), Level::Watched);
    let known = Known { outdated: [backup().id].into(), ..running() };
    assert_eq!(levels(&joined(AGENT, vec![nightly(), backup()], &known))[0].1, Level::Watched);
    let alert = format!("{AGENT}[recovery]\nmode = \"alert\"\n");
    assert_eq!(level(&alert, vec![nightly(), backup()]), Level::Watched);
}

#[test]
fn the_same_work_on_the_agents_machine_is_another_failure_domain() {
    let text = format!(
        "{AGENT}[[automation]]\nname = \"here\"\ncommand = \"standin run workflow:nightly.yml\"\n\
         [[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"again\", \"command:here\"]\n"
    );
    let covering = joined(&text, vec![nightly()], &running());
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::CrossDomain)]);
    assert_eq!(covering.subjects[0].backups[0].work, Work::Generated);
    assert_eq!(covering.left_out.len(), 1);
    // Without an agent nobody would start it.
    let nobody = text.replace("agent", "lambda");
    assert_eq!(levels(&joined(&nobody, vec![nightly()], &running()))[0].1, Level::Watched);
}

#[test]
fn with_here_every_scheduled_workflow_has_a_backup_on_the_agents_machine() {
    let text = format!("{AGENT}[backup]\nhere = true\n");
    let covering = joined(&text, vec![nightly()], &running());
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::CrossDomain)]);
    let backup = &covering.subjects[0].backups[0];
    assert_eq!(backup.id.as_str(), "command:here/workflow:nightly.yml");
    assert_eq!(backup.drilled_as, drill::Backup::Here);
    // Somebody has to be there who would run it.
    let lonely = joined("[backup]\nhere = true\n", vec![nightly()], &running());
    assert_eq!(levels(&lonely)[0].1, Level::Unwatched);
}

#[test]
fn a_backup_that_only_prints_counts_for_nothing() {
    let hollow = Workflow { effort: Effort::None, ..Workflow::default() };
    let backup = Automation {
        detail: Detail::Workflow(Box::new(hollow)),
        ..found("workflow:nightly-backup.yml", None)
    };
    let covering = joined(AGENT, vec![nightly(), backup], &running());
    let shown = "x all that its steps do is to check the code out, print and end".to_owned();
    assert_eq!(covering.subjects[0].backups[0].flaw, Some(Flaw::DoesNothing(shown)));
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::Watched)]);
}

#[test]
fn a_function_that_answers_without_doing_anything_counts_for_nothing() {
    let digest = || found("netlify:digest", Some("0 6 * * *"));
    let backup = || found("netlify:digest-backup", Some("0 9 * * *"));
    let text = format!(
        "{AGENT}[[automation]]\nid = \"netlify:digest\"\nheartbeats = true\nbackup = [\"again\", \"netlify:digest-backup\"]\n"
    );
    assert_eq!(level(&text, vec![digest(), backup()]), Level::BackedUp);
    let hollow = |ids: &[&str]| {
        let shown = |id: &&str| (id.parse().unwrap(), format!("{id}.js:3 it calls nothing"));
        Known { hollow: ids.iter().map(shown).collect(), ..running() }
    };
    let known = hollow(&["netlify:digest-backup"]);
    let covering = joined(&text, vec![digest(), backup()], &known);
    assert_eq!(levels(&covering), [("netlify:digest".into(), Level::Watched)]);
    let next = judge(&covering.subjects[0], terms()).next.unwrap();
    assert_eq!(
        next.because,
        "netlify:digest-backup does not count: it does nothing but say that it ran: netlify:digest-backup.js:3 it calls nothing"
    );
    // What stands in for nothing does the same by doing nothing.
    let known = hollow(&["netlify:digest-backup", "netlify:digest"]);
    assert_eq!(levels(&joined(&text, vec![digest(), backup()], &known))[0].1, Level::BackedUp);
}

#[test]
fn the_same_app_under_a_second_name_fails_with_the_first() {
    let text =
        format!("{AGENT}[[automation]]\nid = \"pm2:mailer\"\nbackup = [\"again\", \"pm2:mailer-backup\"]\n");
    let list = vec![found("pm2:mailer", Some("*/5 * * * *")), found("pm2:mailer-backup", None)];
    let covering = joined(&text, list, &running());
    assert_eq!(levels(&covering), [("pm2:mailer".into(), Level::BackedUp)]);
    let next = judge(&covering.subjects[0], terms()).next.unwrap();
    assert_eq!(next.because, "its backup fails together with it: both are on host");
}

#[test]
fn what_people_and_events_start_is_not_counted() {
    let ci = Automation { triggers: vec!["push".into()], ..found("workflow:ci.yml", None) };
    let covering = joined(AGENT, vec![ci], &running());
    assert!(covering.subjects.is_empty());
    assert_eq!(covering.left_out[0].1, LeftOut::NoClock);
}

#[test]
fn the_name_of_a_backup_is_nobodys_word_for_what_it_does() {
    let by_name = || found("workflow:nightly-backup.yml", Some("47 3 * * *"));
    let covering = joined(AGENT, vec![nightly(), by_name()], &running());
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::Watched)]);
    assert_eq!(covering.subjects[0].backups[0].flaw, Some(Flaw::OnlyItsName));
    let said = "[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"workflow:nightly-backup.yml\"]\n";
    let text = format!("{AGENT}{said}");
    assert_eq!(level(&text, vec![nightly(), by_name()]), Level::BackedUp);
    // What skips every job does nothing by anybody's word.
    let idle = Automation { state: Standing::Loadable, reason: "every job is skipped".into(), ..by_name() };
    let covering = joined(&text, vec![nightly(), idle], &running());
    assert_eq!(levels(&covering), [("workflow:nightly.yml".into(), Level::Watched)]);
}

/// What the first backup of the first automation is said to lack.
fn flaw(covering: &Covering) -> Option<Flaw> {
    covering.subjects[0].backups[0].flaw.clone()
}

fn with(workflow: Workflow) -> Automation {
    Automation { detail: Detail::Workflow(Box::new(workflow)), ..nightly() }
}

#[test]
fn a_run_that_the_host_would_refuse_is_no_backup() {
    let text = format!("{AGENT}[backup]\nhere = true\n");
    let services = || Workflow { needs: vec![Need::Services], ..Workflow::default() };
    let covering = joined(&text, vec![with(services())], &running());
    assert_eq!(flaw(&covering), Some(Flaw::NotHere("a job has service containers".into())));
    let judged = judge(&covering.subjects[0], terms());
    assert_eq!((judged.level, judged.next.unwrap().step), (Level::Watched, Step::BackByHand));
    // So it is where a workflow that it calls asks for it.
    let call = Call { uses: "./w/b.yml".into(), line: 1, inputs: vec![], secrets: Default::default() };
    let calling = with(Workflow { calls: vec![call], ..Workflow::default() });
    let called = Automation {
        detail: Detail::Workflow(Box::new(services())),
        source: Source { path: "w/b.yml".into(), line: 1 },
        ..found("workflow:b.yml", None)
    };
    assert!(matches!(flaw(&joined(&text, vec![called, calling], &running())), Some(Flaw::NotHere(_))));
    // macOS stops a run on Linux, and nobody knows it of a machine elsewhere.
    let mac = || with(Workflow { labels: vec!["macos-14".into()], ..Workflow::default() });
    assert_eq!(flaw(&joined(&text, vec![mac()], &running())), None);
    let known = Known { system: Some("linux"), ..running() };
    assert!(matches!(flaw(&joined(&text, vec![mac()], &known)), Some(Flaw::NotHere(_))));
    let known = Known { system: Some("macos"), ..running() };
    assert_eq!(flaw(&joined(&text, vec![mac()], &known)), None);
}

#[test]
fn a_command_that_runs_what_is_not_there_or_not_for_hosts_is_no_backup() {
    let text = |command: &str| {
        format!(
            "{AGENT}[[automation]]\nname = \"x\"\ncommand = \"{command}\"\n\
             [[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"again\", \"command:x\"]\n"
        )
    };
    let services = || with(Workflow { needs: vec![Need::Services], ..Workflow::default() });
    let of = |command: &str| flaw(&joined(&text(command), vec![services()], &running()));
    let gone = "there is no workflow:gone.yml that it could run".to_owned();
    assert_eq!(of("standin run workflow:gone.yml"), Some(Flaw::NotEffective(gone)));
    assert!(matches!(of("standin run workflow:nightly.yml --time-limit 1h"), Some(Flaw::NotHere(_))));
    // Somebody insists, and another repository is another's.
    assert_eq!(of("standin run --anyway workflow:nightly.yml"), None);
    assert_eq!(of("standin run -C ../other workflow:gone.yml"), None);
    assert_eq!(of("make nightly"), None);
}

#[test]
fn what_calls_a_file_that_is_not_there_is_no_backup() {
    let text =
        format!("{AGENT}[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"again\", \"npm:.#b\"]\n");
    let script = |command: &str| Automation {
        state: Standing::Loadable,
        reason: "the file gone.js does not exist".into(),
        detail: Detail::NpmScript { dir: "/r".into(), script: "b".into(), command: command.into() },
        ..found("npm:.#b", None)
    };
    let said = |severity| Finding {
        rule: "npm-file-missing".into(),
        severity,
        path: "x".into(),
        line: 1,
        message: "`b`: the file gone.js does not exist".into(),
        fix: String::new(),
    };
    let of = |command: &str, findings| {
        let inventory = Inventory { automations: vec![script(command), nightly()], findings };
        flaw(&found_with(&text, inventory, &running()))
    };
    let broken = Some(Flaw::NotEffective("the file gone.js does not exist".into()));
    assert_eq!(of("node gone.js", vec![said(Severity::Error)]), broken);
    assert_eq!(of("node gone.js", vec![said(Severity::Note)]), None);
    assert_eq!(of("node gone.js || node there.js", vec![said(Severity::Error)]), None);
    // What only the files tell is known from outside.
    let stopped = [("npm:.#b".parse().unwrap(), "package.json:3 it is gone".to_owned())].into();
    let known = Known { stopped, ..running() };
    let inventory = Inventory { automations: vec![script("npm run c"), nightly()], findings: vec![] };
    let gone = Some(Flaw::NotEffective("package.json:3 it is gone".into()));
    assert_eq!(flaw(&found_with(&text, inventory, &known)), gone);
}

#[test]
fn what_runs_on_a_machine_is_seen_by_nobody_until_an_agent_has_run_there() {
    let list = || vec![found("pm2:web", None), found("workflow:standin.yml", Some("7 * * * *"))];
    let covering = joined(ACTION, list(), &Known::default());
    assert_eq!(levels(&covering), [("pm2:web".into(), Level::Unwatched)]);
    assert_eq!(judge(&covering.subjects[0], terms()).next.unwrap().step, Step::Watch(START.to_owned()));
    // The Action looks after the agent, once that is one of the watchers.
    let text = format!("{ACTION}{AGENT}");
    assert_eq!(levels(&joined(&text, list(), &Known::default()))[0].1, Level::Unwatched);
    let watchers: Vec<String> = joined(&text, list(), &running()).subjects[0]
        .watchers
        .iter()
        .map(|watcher| watcher.name.clone())
        .collect();
    assert_eq!(watchers, ["action", "agent"]);
    // An agent that no watcher is told of watches for itself alone.
    let alone = joined(ACTION, list(), &running());
    assert_eq!(alone.subjects[0].watchers.len(), 1);
    assert_eq!(alone.subjects[0].watchers[0].name, "agent");
}

#[test]
fn heartbeats_of_a_function_are_heard_by_an_agent_or_by_a_function() {
    let digest =
        || vec![found("netlify:digest", Some("0 6 * * *")), found("workflow:standin.yml", Some("7 * * * *"))];
    let beats = "[[automation]]\nid = \"netlify:digest\"\nheartbeats = true\n";
    let of = |peer: &str| levels(&joined(&format!("{peer}{beats}"), digest(), &Known::default()))[0].1;
    assert_eq!(of(ACTION), Level::Unwatched);
    assert_eq!(of("[[peer]]\nkind = \"netlify\"\n"), Level::Watched);
    assert_eq!(of("[[peer]]\nkind = \"agent\"\n"), Level::Unwatched);
}

#[test]
fn the_next_step_is_none_that_is_done_already() {
    // The file has all that it takes, and nobody has started the agent.
    let text = format!("{ACTION}{AGENT}[backup]\nhere = true\n");
    let list = vec![
        nightly(),
        written_for("workflow:nightly-backup.yml", None, "workflow:nightly.yml"),
        found("workflow:standin.yml", Some("7 * * * *")),
    ];
    let covering = joined(&text, list, &Known::default());
    let judged = judge(&covering.subjects[0], terms());
    assert_eq!((judged.level, judged.next.unwrap().step), (Level::BackedUp, Step::Watch(START.to_owned())));
    // What standin.toml names, Standin writes nothing beside.
    let text = format!(
        "{AGENT}[[automation]]\nname = \"nb\"\ncommand = \"echo ok\"\n\
         [[automation]]\nid = \"pm2:nightly\"\nbackup = [\"again\", \"command:nb\"]\n"
    );
    let app = || vec![found("pm2:nightly", Some("0 3 * * *"))];
    let hollow = [("command:nb".parse().unwrap(), "standin.toml:4 it prints".to_owned())].into();
    let covering = joined(&text, app(), &Known { hollow, ..running() });
    let next = judge(&covering.subjects[0], terms()).next.unwrap();
    assert_eq!(next.step, Step::Replace("command:nb".parse().unwrap()));
    let text = format!("{AGENT}[[automation]]\nid = \"pm2:nightly\"\nbackup = [\"again\"]\n");
    let next = judge(&joined(&text, app(), &running()).subjects[0], terms()).next.unwrap();
    assert_eq!(next.step, Step::BackByHand);
}
