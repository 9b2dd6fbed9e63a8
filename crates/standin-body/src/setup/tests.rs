#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use standin_config::{Place, parse, resolve};
use standin_core::automation::{Automation, Detail, Inventory, Source, Standing};

use super::*;

fn found(id: &str, domain: Domain) -> Automation {
    let id: AutomationId = id.parse().unwrap();
    Automation {
        name: id.name().into(),
        id,
        domain,
        source: Source { path: "x".into(), line: 1 },
        schedules: Vec::new(),
        triggers: vec!["workflow_dispatch".into()],
        state: Standing::Effective,
        reason: String::new(),
        detail: Detail::Plain,
        backup_of: None,
    }
}

/// A process that a workflow serves, and these watchers.
fn mesh(peers: &str) -> Result<Mesh, String> {
    let text = format!("{peers}\n[[automation]]\nid = \"pm2:web\"\nbackup = [\"workflow:web-backup.yml\"]");
    let automations = vec![found("pm2:web", Domain::Host), found("workflow:web-backup.yml", Domain::Github)];
    let settings = parse(&text).unwrap();
    let inventory = Inventory { automations, findings: Vec::new() };
    let resolved = resolve(&settings, inventory, Place { root: "/r", zone: "UTC" });
    standin_config::mesh::mesh(&settings, &resolved.inventory, "UTC").map_err(|errors| errors[0].to_string())
}

fn web(mesh: &Mesh, own: usize) -> TargetSetup {
    let peer = &mesh.peers[own];
    let period = u32::try_from(peer.every.as_millis()).unwrap();
    let body = Body { tick: 75_000, request: 10_000, period, punctual: 90_000, send: 20_000 };
    let joined = join(mesh, &peer.name, body).unwrap();
    joined.setup.targets.into_iter().find(|t| t.target.to_string() == "pm2:web").unwrap()
}

const AGENT: &str = "[[peer]]\nkind = \"agent\"\n";
const ACTION: &str = "[[peer]]\nkind = \"action\"\n";
const FUNCTION: &str = "[[peer]]\nkind = \"netlify\"\n";

#[test]
fn where_there_are_two_who_look_often_these_keep_backups_at_work() {
    let mesh = mesh(&[AGENT, ACTION, FUNCTION].concat()).unwrap();
    for own in 0..3 {
        let web = web(&mesh, own);
        assert_eq!(web.rungs, [Rung { able: vec![0, 2] }]);
        assert_eq!(web.terms.ttl, 750_000, "two looks of the function");
    }
    assert_eq!(web(&mesh, 0).terms.serving_ttl(), 750_000);
}

#[test]
fn an_action_that_is_alone_while_the_machine_is_gone_keeps_them_with_a_long_lease() {
    let mesh = mesh(&[AGENT, ACTION].concat()).unwrap();
    let (agents, actions) = (web(&mesh, 0), web(&mesh, 1));
    assert_eq!(agents.rungs, [Rung { able: vec![0, 1] }]);
    assert_eq!(actions.rungs, agents.rungs);
    assert_eq!((agents.terms.serving_ttl(), actions.terms.ttl), (270_000, 270_000));
    // An hour, and the six in which its silence says nothing.
    assert_eq!(actions.terms.serving_ttl(), 7 * 3_600_000 + 150_000);
}

#[test]
fn one_that_looks_too_seldom_is_refused_with_what_to_write() {
    let seldom = format!("{AGENT}{ACTION}every = \"8h\"\n");
    let said = mesh(&seldom).unwrap_err();
    assert!(said.contains("nobody could keep `workflow:web-backup.yml` at work for `pm2:web`"), "{said}");
    assert!(said.contains("give `action` an `every` of at most 28m"), "{said}");
    // What it says helps.
    for fix in [
        "every = \"28m\"",
        "every = \"5h\"\nsilent_after = \"5h\"",
        "every = \"8h\"\n[[peer]]\nkind = \"netlify\"",
    ] {
        assert!(mesh(&format!("{AGENT}{ACTION}{fix}\n")).is_ok(), "{fix}");
    }
    assert!(mesh(AGENT).is_ok(), "with one watcher nobody is left who could");
}
