#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use standin_core::health::Priority;
use standin_core::watch::{Cadence, Expectation, LongRunning, Recovery};

use super::*;

const PLACE: Place<'static> = Place { root: "/srv/shop", zone: "Europe/Berlin" };

fn automation(id: &str, cron: &[&str], state: Standing) -> Automation {
    let id: AutomationId = id.parse().unwrap();
    let (kind, name) = id.as_str().split_once(':').unwrap();
    let detail = match kind {
        "npm" => Detail::NpmScript {
            dir: "/srv/shop/web".into(),
            script: "re'port".into(),
            command: "node r.js".into(),
        },
        "pm2" => Detail::Pm2App {
            script: "/srv/shop/a.js".into(),
            cwd: "/srv/shop".into(),
            interpreter: None,
            interpreter_args: Vec::new(),
            args: Vec::new(),
            env_names: Vec::new(),
            known: standin_core::automation::Known::Read,
        },
        _ => Detail::Plain,
    };
    Automation {
        name: name.into(),
        domain: Domain::Host,
        source: Source { path: "x".into(), line: 1 },
        schedules: cron
            .iter()
            .map(|c| ScheduleSpec { cron: (*c).into(), timezone: "local".into() })
            .collect(),
        triggers: Vec::new(),
        state,
        reason: if state == Standing::Effective { String::new() } else { "no rights".into() },
        detail,
        backup_of: None,
        id,
    }
}

fn shop() -> Inventory {
    let e = Standing::Effective;
    let automations = vec![
        automation("npm:web#re'port", &[], e),
        automation("pm2:broken", &[], Standing::Declared),
        automation("pm2:cron", &["0 3 * * *", "*/5 * * * *"], e),
        automation("pm2:web", &[], Standing::Loadable),
        automation("workflow:nightly.yml", &["0 3 * * *"], e),
    ];
    Inventory { automations, findings: Vec::new() }
}

fn resolved(text: &str) -> Resolved {
    resolve(&crate::parse(text).unwrap(), shop(), PLACE)
}

fn expected<'a>(resolved: &'a Resolved, id: &str) -> &'a [Expectation] {
    &resolved.watches.iter().find(|w| w.id.as_str() == id).unwrap().expectations
}

#[test]
fn without_a_file_everything_has_its_one_watch() {
    let r = resolved("");
    assert_eq!(r.watches.len(), shop().automations.len());
    assert!(r.watches.iter().zip(&r.inventory.automations).all(|(w, a)| w.id == a.id));
    assert!(r.watches.iter().all(|w| !w.expectations.is_empty() && w.recovery == Recovery::Act));
    assert!(matches!(expected(&r, "pm2:web"), [Expectation::Process(p)] if p.schedule.is_none()));
    assert!(matches!(expected(&r, "pm2:broken"), [Expectation::NotEffective { why }] if why == "no rights"));
    assert!(matches!(expected(&r, "npm:web#re'port"), [Expectation::Nothing { .. }]));
    let [Expectation::Nothing { hint }] = expected(&r, "workflow:nightly.yml") else { panic!() };
    assert!(
        hint.contains("standin beat workflow:nightly.yml") && hint.contains("heartbeats = true"),
        "{hint}"
    );
}

#[test]
fn a_cron_app_is_expected_in_each_of_its_schedules_in_the_local_zone() {
    let r = resolved("");
    let zone = |e: &Expectation| {
        let Expectation::Process(p) = e else { panic!("{e:?}") };
        p.schedule.as_ref().unwrap().timezone().to_owned()
    };
    let zones: Vec<_> = expected(&r, "pm2:cron").iter().map(zone).collect();
    assert_eq!(zones, ["Europe/Berlin", "Europe/Berlin"]);
}

#[test]
fn an_entry_refines_an_app() {
    let r = resolved(
        "[[automation]]\nid = \"pm2:web\"\nlong_running = true\nmemory_limit = \"300MB\"\npriority = \"critical\"\n\
         recovery = \"alert\"\nevery = \"1h\"\ngrace = \"7m\"\n",
    );
    let watch = r.watches.iter().find(|w| w.id.as_str() == "pm2:web").unwrap();
    assert_eq!((watch.priority, watch.recovery), (Priority::Critical, Recovery::AlertOnly));
    let [Expectation::Process(p), Expectation::Beats(b)] = &watch.expectations[..] else {
        panic!("{watch:?}")
    };
    assert_eq!((p.long_running, p.memory_limit, p.grace.as_secs()), (LongRunning::Yes, 300_000_000, 90));
    assert_eq!((&b.cadence, b.grace.as_secs()), (&Cadence::Every(Duration::from_secs(3_600)), 420));
}

#[test]
fn a_command_becomes_an_automation_that_the_agent_runs() {
    let r = resolved(
        "[[automation]]\nname = \"backup\"\ncommand = \"./b.sh\"\ndir = \"./ops/\"\nschedule = \"0 3 * * *\"\n\
         timezone = \"local\"\nenv = { A = \"1\" }\nenv_from = [\"TOKEN\"]\n",
    );
    let id: AutomationId = "command:backup".parse().unwrap();
    let spec = &r.commands[&id];
    assert_eq!((spec.command.as_str(), spec.dir.as_str()), ("./b.sh", "/srv/shop/ops"));
    assert_eq!((spec.env.len(), spec.env_from.len(), spec.time_limit.as_secs()), (1, 1, 3_600));
    let added = r.inventory.get(&id).unwrap();
    assert_eq!(
        (added.source.path.as_str(), added.source.line, added.domain),
        ("standin.toml", 2, Domain::Host)
    );
    let [Expectation::Slots(s)] = expected(&r, "command:backup") else { panic!() };
    assert_eq!(s.schedule.timezone(), "Europe/Berlin");
    assert!(s.jitter < s.grace);
}

#[test]
fn a_scheduled_npm_script_is_run_by_its_name_whatever_is_in_it() {
    let r = resolved("[[automation]]\nid = \"npm:web#re'port\"\nschedule = \"@daily\"\n");
    assert!(matches!(expected(&r, "npm:web#re'port"), [Expectation::Slots(_)]));
    let spec = r.commands.values().next().unwrap();
    assert_eq!(
        (spec.command.as_str(), spec.dir.as_str()),
        (r"exec npm run --silent -- 're'\''port'", "/srv/shop/web")
    );
}

#[test]
fn heartbeats_are_due_as_the_file_says() {
    let r = resolved(
        "[[automation]]\nid = \"workflow:nightly.yml\"\nheartbeats = true\n[[automation]]\nname = \"far\"\n\
         [[automation]]\nname = \"near\"\nevery = \"1m\"\n",
    );
    let [Expectation::Beats(b)] = expected(&r, "workflow:nightly.yml") else { panic!() };
    assert!(matches!(&b.cadence, Cadence::Slots(s) if s.expression() == "0 3 * * *"));
    assert_eq!(b.grace.as_secs(), 6 * 3_600);
    assert!(
        matches!(expected(&r, "heartbeat:far"), [Expectation::Beats(b)] if b.cadence == Cadence::Whenever)
    );
    let [Expectation::Beats(b)] = expected(&r, "heartbeat:near") else { panic!() };
    assert_eq!(b.early.as_secs(), 15);
    assert!(r.commands.is_empty());
}

#[test]
fn an_entry_that_cannot_be_used_leaves_the_rest() {
    let r = resolved(
        "[[automation]]\nid = \"pm2:webb\"\n[[automation]]\nid = \"workflow:nightly.yml\"\nschedule = \"0 25 * * *\"\n\
         [[automation]]\nname = \"x\"\nschedule = \"@daily\"\ntimezone = \"Mars/Base\"\n[[automation]]\nname = \"y\"\nevery = \"1h\"\n",
    );
    let shown: Vec<_> = r.errors.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!(shown[0], "standin.toml:2:6: `pm2:webb` is not in this repository; did you mean `pm2:web`?");
    assert!(
        shown[1].starts_with("standin.toml:5:12: the schedule of `workflow:nightly.yml`"),
        "{}",
        shown[1]
    );
    assert!(shown[2].starts_with("standin.toml:8:12:") && shown[2].contains("Mars/Base"), "{}", shown[2]);
    assert!(matches!(expected(&r, "workflow:nightly.yml"), [Expectation::Nothing { .. }]));
    assert!(r.inventory.get(&"heartbeat:y".parse().unwrap()).is_some());
    assert!(r.inventory.get(&"heartbeat:x".parse().unwrap()).is_none());
}

#[test]
fn pm2_that_is_not_watched_has_no_expectations() {
    let r = resolved("[pm2]\nwatch = false\n");
    let [Expectation::Nothing { hint }] = expected(&r, "pm2:web") else { panic!() };
    assert!(hint.contains("watch = false"));
}
