#![allow(clippy::unwrap_used)]

use standin_core::automation::{ScheduleSpec, Source};
use standin_core::ident::{Domain, Kind};

use super::*;
use crate::json_v1::DetailV1;
use crate::render::{Colour, text};

fn automation(name: &str, kind: Kind, state: Standing, triggers: &[&str]) -> AutomationV1 {
    AutomationV1 {
        id: format!("{kind}:{name}"),
        kind,
        name: name.to_owned(),
        domain: Domain::Host,
        source: Source { path: "package.json".to_owned(), line: 1 },
        schedules: Vec::new(),
        triggers: triggers.iter().map(|trigger| (*trigger).to_owned()).collect(),
        state,
        reason: String::new(),
        backup_of: None,
        detail: DetailV1::Plain,
    }
}

fn finding(rule: &str, severity: Severity, line: u32) -> FindingV1 {
    FindingV1 {
        rule: rule.to_owned(),
        severity,
        path: "package.json".to_owned(),
        line,
        message: format!("{rule} at {line}"),
        fix: "Mend it.".to_owned(),
    }
}

fn shown(scan: &ScanV1, extent: Extent) -> String {
    text(&super::scan(scan, extent), 160, Colour::Off)
}

#[test]
fn a_short_scan_shows_everything_and_counts_in_words() {
    let one = ScanV1 {
        version: 1,
        automations: vec![automation("a", Kind::Npm, Standing::Loadable, &["manual"])],
        findings: vec![finding("gone", Severity::Error, 3)],
    };
    let page = shown(&one, Extent::Short);
    assert!(page.starts_with("1 automation, 1 finding\n"), "{page}");
    assert!(page.contains("npm:a") && page.contains("package.json:3"), "{page}");
    assert_eq!(page, shown(&one, Extent::Whole));
}

#[test]
fn a_long_scan_shows_what_runs_and_what_never_would_and_counts_the_rest() {
    let mut many: Vec<_> = (0..90)
        .map(|n| automation(&format!("by-hand-{n}"), Kind::Npm, Standing::Loadable, &["manual"]))
        .collect();
    many.push(automation("forever", Kind::Pm2, Standing::Effective, &["always"]));
    many.push(automation("broken", Kind::Workflow, Standing::Declared, &[]));
    many.extend((0..43).map(|n| AutomationV1 {
        schedules: vec![ScheduleSpec { cron: "0 3 * * *".into(), timezone: "UTC".into() }],
        ..automation(&format!("nightly-{n:02}"), Kind::Workflow, Standing::Effective, &["schedule"])
    }));
    let scan = ScanV1 { version: 1, automations: many, findings: Vec::new() };
    let page = shown(&scan, Extent::Short);
    assert!(page.starts_with("135 automations, 0 findings\n"), "{page}");
    assert!(!page.contains("by-hand"), "{page}");
    for said in
        ["Runs by itself", "pm2:forever", "Would never run", "workflow:broken", "90 automations (npm)"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains("workflow:nightly-38") && !page.contains("workflow:nightly-39"), "{page}");
    assert!(page.contains("and 4 more: `standin scan --all` lists each"), "{page}");
    assert_eq!(shown(&scan, Extent::Whole).matches("by-hand").count(), 90);
}

#[test]
fn many_findings_are_told_by_their_rule_and_the_worst_first() {
    let mut findings: Vec<_> = (1..=60).map(|line| finding("worth-knowing", Severity::Note, line)).collect();
    findings.extend((1..=2).map(|line| finding("gone", Severity::Error, line)));
    findings.push(finding("odd", Severity::Warning, 9));
    let scan = ScanV1 { version: 1, automations: Vec::new(), findings };
    let page = shown(&scan, Extent::Short);
    assert!(page.starts_with("0 automations, 63 findings: 2 errors, 1 warning, 60 notes\n"), "{page}");
    let at = |what: &str| page.find(what).unwrap();
    assert!(at("gone at 1, and so on (gone)") < at("odd at 9") && at("odd at 9") < at("worth-knowing at 1"));
    assert!(page.contains("and 57 more") && !page.contains("worth-knowing at 4"), "{page}");
    assert!(shown(&scan, Extent::Whole).contains("worth-knowing at 60"));
}
