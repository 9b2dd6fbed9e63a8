#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use standin_core::automation::{Automation, Detail, Inventory, ScheduleSpec, Source, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::mesh::arbiter::StoreKind;

use super::*;
use crate::{ConfigError, Place, parse, resolve};

fn found(id: &str, domain: Domain, cron: Option<&str>, triggers: &[&str]) -> Automation {
    let id: AutomationId = id.parse().unwrap();
    Automation {
        name: id.name().into(),
        id,
        domain,
        source: Source { path: "x".into(), line: 1 },
        schedules: cron
            .map(|cron| ScheduleSpec { cron: cron.into(), timezone: "UTC".into() })
            .into_iter()
            .collect(),
        triggers: triggers.iter().map(|&t| t.into()).collect(),
        state: Standing::Effective,
        reason: String::new(),
        detail: Detail::Plain,
        backup_of: None,
    }
}

fn inventory() -> Inventory {
    let automations = vec![
        found("netlify:digest", Domain::Netlify, Some("0 6 * * *"), &["schedule"]),
        found("netlify:standin", Domain::Netlify, Some("*/5 * * * *"), &["schedule"]),
        found("pm2:worker", Domain::Host, None, &["always"]),
        found("workflow:ci.yml", Domain::Github, None, &["push"]),
        found("workflow:nightly-backup.yml", Domain::Github, None, &["workflow_dispatch"]),
        found("workflow:nightly.yml", Domain::Github, Some("17 3 * * *"), &["schedule", "workflow_dispatch"]),
        found("workflow:standin.yml", Domain::Github, Some("5 * * * *"), &["schedule"]),
        found("workflow:weekly.yml", Domain::Github, Some("0 3 * * 1"), &["schedule"]),
    ];
    Inventory { automations, findings: Vec::new() }
}

fn joined(text: &str) -> Result<Mesh, Vec<ConfigError>> {
    let settings = parse(text)?;
    let resolved = resolve(&settings, inventory(), Place { root: "/r", zone: "Europe/Berlin" });
    assert_eq!(resolved.errors, []);
    mesh(&settings, &resolved.inventory, "Europe/Berlin")
}

const THREE: &str = r#"
[[peer]]
kind = "action"
[[peer]]
kind = "netlify"
[[peer]]
kind = "agent"
"#;

fn target<'m>(mesh: &'m Mesh, id: &str) -> &'m Target {
    mesh.targets.iter().find(|t| t.id.as_str() == id).unwrap_or_else(|| panic!("{id} is no target"))
}

#[test]
fn what_was_written_for_an_automation_stands_in_its_ladder() {
    let settings = parse(THREE).unwrap();
    let mut inventory = inventory();
    for (id, domain) in [("workflow:weekly-stands-in.yml", Domain::Github), ("pm2:weekly-here", Domain::Host)]
    {
        let backup = found(id, domain, None, &["workflow_dispatch"]);
        inventory.automations.push(Automation { backup_of: "workflow:weekly.yml".parse().ok(), ..backup });
    }
    let mesh = mesh(&settings, &inventory, "UTC").unwrap();
    // PM2 was never asked to run the app, so that nobody could restart it.
    let written: AutomationId = "workflow:weekly-stands-in.yml".parse().unwrap();
    assert_eq!(target(&mesh, "workflow:weekly.yml").backup, [Remedy::Other(written)]);
}

#[test]
fn a_backup_on_another_platform_goes_before_one_that_fails_with_its_primary() {
    let settings =
        parse(&format!("{THREE}[[automation]]\nid = \"netlify:digest\"\nheartbeats = true\n")).unwrap();
    let mut inventory = inventory();
    let backups =
        [("netlify:digest-backup", Domain::Netlify), ("workflow:netlify-digest-backup.yml", Domain::Github)];
    for (id, domain) in backups {
        let backup = found(id, domain, None, &["workflow_dispatch"]);
        inventory.automations.push(Automation { backup_of: "netlify:digest".parse().ok(), ..backup });
    }
    let mesh = mesh(&settings, &inventory, "UTC").unwrap();
    let workflow: AutomationId = "workflow:netlify-digest-backup.yml".parse().unwrap();
    assert_eq!(
        target(&mesh, "netlify:digest").backup,
        [Remedy::Again, Remedy::Restore, Remedy::Other(workflow)]
    );
}

#[test]
fn what_a_machine_starts_and_tells_of_is_helped_by_what_was_written_for_it() {
    let mut inventory = inventory();
    let line = found("crontab:crontab#r", Domain::Host, Some("0 3 * * *"), &["schedule"]);
    let backup = found("workflow:crontab-r-backup.yml", Domain::Github, None, &["workflow_dispatch"]);
    inventory.automations.push(Automation { backup_of: Some(line.id.clone()), ..backup });
    inventory.automations.push(line);
    let text = "[[peer]]\nkind = \"action\"\n[[automation]]\nid = \"crontab:crontab#r\"\nheartbeats = true\n";
    let settings = parse(text).unwrap();
    let planned = mesh(&settings, &inventory, "UTC").unwrap();
    let target = target(&planned, "crontab:crontab#r");
    assert_eq!(target.backup, [Remedy::Other("workflow:crontab-r-backup.yml".parse().unwrap())]);
    assert_eq!(target.heartbeats, Beats::Sent);
    let Timing::Slots { schedules, .. } = &target.timing else { panic!("{target:?}") };
    assert_eq!(schedules[0].cron, "0 3 * * *");
    // Without a word of its own nobody sees whether it ran.
    let settings = parse("[[peer]]\nkind = \"action\"\n").unwrap();
    let mesh = mesh(&settings, &inventory, "UTC").unwrap();
    assert!(mesh.targets.iter().all(|target| target.id.as_str() != "crontab:crontab#r"));
}

#[test]
fn three_words_make_a_mesh() {
    let mesh = joined(THREE).unwrap();
    let names: Vec<_> = mesh.peers.iter().map(|p| (p.name.as_str(), p.every.as_secs())).collect();
    assert_eq!(names, [("action", 3_600), ("function", 300), ("agent", 60)]);
    assert_eq!(mesh.stores.iter().map(|s| s.kind).collect::<Vec<_>>(), [StoreKind::GithubRefs]);
    let ids: Vec<_> = mesh.targets.iter().map(|t| t.id.as_str()).collect();
    // A peer is no target, what has no schedule is none, and a function's slots cannot be seen without heartbeats.
    assert_eq!(ids, ["pm2:worker", "workflow:nightly.yml", "workflow:weekly.yml"]);
    let nightly = target(&mesh, "workflow:nightly.yml");
    let backup: AutomationId = "workflow:nightly-backup.yml".parse().unwrap();
    assert_eq!(nightly.backup, [Remedy::Again, Remedy::Other(backup)]);
    let Timing::Slots { schedules, deadline } = &nightly.timing else { panic!("{:?}", nightly.timing) };
    assert_eq!((schedules[0].cron.as_str(), *deadline), ("17 3 * * *", 6 * 3_600_000));
    // GitHub would refuse to dispatch it.
    assert_eq!(target(&mesh, "workflow:weekly.yml").backup, []);
}

#[test]
fn nobody_else_is_a_mesh_of_targets_alone() {
    let mesh = joined("").unwrap();
    assert!(mesh.peers.is_empty() && mesh.stores.is_empty());
    assert_eq!(mesh.targets.len(), 4);
}

#[test]
fn an_entry_says_what_helps_and_when() {
    let text = format!(
        r#"{THREE}
        [[automation]]
        id = "workflow:nightly.yml"
        grace = "30m"
        heartbeats = true
        backup = ["again", "workflow:nightly-backup.yml", "command:nightly-local"]
        [[automation]]
        name = "nightly-local"
        command = "make nightly"
        [[automation]]
        id = "netlify:digest"
        url = "https://shop.example/digest/"
        [[automation]]
        name = "sweep"
        command = "make sweep"
        schedule = "0 4 * * *"
        timezone = "local"
        backup = ["workflow:nightly-backup.yml"]
        "#
    );
    let mesh = joined(&text).unwrap();
    let nightly = target(&mesh, "workflow:nightly.yml");
    assert_eq!(
        nightly.backup.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["again", "workflow:nightly-backup.yml", "command:nightly-local"]
    );
    assert!(matches!(nightly.timing, Timing::Slots { deadline: 1_800_000, .. }));
    assert_eq!(nightly.heartbeats, Beats::Sent);
    assert_eq!(target(&mesh, "workflow:weekly.yml").heartbeats, Beats::None);
    let digest = target(&mesh, "netlify:digest");
    assert_eq!(
        (&digest.timing, digest.url.as_deref()),
        (&Timing::Standing, Some("https://shop.example/digest"))
    );
    let Timing::Slots { schedules, deadline } = &target(&mesh, "command:sweep").timing else { panic!() };
    assert_eq!((schedules[0].timezone.as_str(), *deadline), ("Europe/Berlin", 90_000));
}

#[test]
fn what_a_function_carries_reads_back_the_same_and_knows_a_change() {
    let mesh = joined(THREE).unwrap();
    let text = serde_json::to_string(&mesh).unwrap();
    let back: Mesh = serde_json::from_str(&text).unwrap();
    assert_eq!((&back, back.hash()), (&mesh, mesh.hash()));
    let other = joined(&THREE.replace("kind = \"agent\"", "kind = \"agent\"\nevery = \"30s\"")).unwrap();
    assert_eq!(other.peers[2].every, Duration::from_secs(30));
    assert_ne!(other.hash(), mesh.hash());
}

#[test]
fn a_wrong_value_is_refused_with_its_place_and_a_fix() {
    let cases = [
        ("[[peer]]\nname = \"x\"", "has no `kind`"),
        ("[[peer]]\nkind = \"agent\"\nworkflow = \"a.yml\"", "`workflow` does nothing here"),
        ("[[peer]]\nkind = \"agent\"\nname = \"-x\"", "`name` cannot be used"),
        ("[[peer]]\nkind = \"agent\"\n[[peer]]\nkind = \"agent\"", "two [[peer]] called `agent`"),
        ("[[peer]]\nkind = \"agent\"\nssh = \"a@b\"", "without `ssh_host_key`"),
        ("[[peer]]\nkind = \"agent\"\nssh = \"-oProxyCommand=x@b\"\nssh_host_key = \"k\"", "not USER@HOST"),
        ("[[peer]]\nkind = \"robot\"", "`robot`"),
        ("[[store]]\nkind = \"s3\"", "needs a `bucket`"),
        ("[[store]]\nkind = \"netlify-blobs\"\ndecides = true", "cannot decide"),
        ("[mesh]\nquorum = [\"a\", \"b\"]", "exactly three stores"),
        ("[mesh]\nquorum = [\"a\", \"b\", \"c\"]", "no [[store]] is called `a`"),
        ("[github]\nrepository = \"shop\"", "not OWNER/NAME"),
        ("[github]\ntoken_env = \"ghp_1234 5678\"", "not the name of a variable"),
        ("[netlify]\nurl = \"https://user:pw@x\"", "not an address"),
        ("[githb]\n", "did you mean `github`"),
        ("[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"agin\"]", "neither a remedy nor the id"),
        ("[[automation]]\nname = \"x\"\ncommand = \"true\"", "would never run"),
    ];
    for (text, expected) in cases {
        let errors = parse(text).unwrap_err();
        let said: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|e| e.contains(expected)), "{text}: {said:?}");
        assert!(!said.iter().any(|e| e.contains("ghp_")), "{said:?}");
    }
}

#[test]
fn a_backup_that_is_not_there_is_refused_with_the_nearest() {
    let text = "[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"workflow:nightly-backp.yml\"]";
    let errors = joined(text).unwrap_err();
    assert!(errors[0].to_string().contains("did you mean `workflow:nightly-backup.yml`"), "{errors:?}");
    let own = "[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"workflow:nightly.yml\"]";
    assert!(joined(own).unwrap_err()[0].to_string().contains("its own backup"));
    let beats = "[[automation]]\nname = \"b\"\nevery = \"1d\"\n[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"heartbeat:b\"]";
    assert!(joined(beats).unwrap_err()[0].to_string().contains("nobody that Standin can ask starts"));
}

#[test]
fn who_may_only_alert_has_no_ladder() {
    let mesh = joined("[recovery]\nmode = \"alert\"").unwrap();
    assert!(mesh.targets.iter().all(|t| t.backup.is_empty()));
}

#[test]
fn a_store_at_another_address_decides_only_when_somebody_says_so() {
    let text = |more: &str| format!("[[store]]\nkind = \"dynamodb\"\ntable = \"t\"\n{more}");
    let proved = |more: &str| parse(&text(more)).unwrap().mesh.stores[0].proved;
    assert_eq!(proved(""), Proved::Yes);
    assert_eq!(proved("endpoint = \"http://127.0.0.1:4566\""), Proved::No);
    assert_eq!(proved("endpoint = \"http://127.0.0.1:4566\"\ndecides = true"), Proved::Yes);
}

#[test]
fn kinds_have_names_of_their_own() {
    let kinds = "[[peer]]\nkind = \"lambda\"\nfunction = \"watch\"\n[[peer]]\nkind = \"agent\"\nname = \"box-2\"\nssh = \"deploy@box.example:2222\"\nssh_host_key = \"ssh-ed25519 AAAA\"";
    let mesh = joined(kinds).unwrap();
    assert_eq!(mesh.peers[0].kind, PeerKind::Lambda { function: "watch".into() });
    let PeerKind::Agent { ssh: Some(ssh) } = &mesh.peers[1].kind else { panic!() };
    assert_eq!(
        (ssh.user.as_str(), ssh.host.as_str(), ssh.port, ssh.command.as_str()),
        ("deploy", "box.example", 2222, "pm2 resurrect")
    );
    assert_eq!(mesh.peers[1].backup, [Remedy::Ssh]);
    assert_eq!(Kind::Workflow.as_str(), "workflow");
}
