//! Collects what the detectors find, within limits.

use standin_core::automation::{Automation, Finding, Inventory, Severity, Standing};
use standin_core::ident::{AutomationId, Kind};

use crate::contents::is_aside;
use crate::limits::{MAX_AUTOMATIONS, MAX_FINDINGS};

/// A finding out of its parts.
pub(crate) fn finding(
    rule: &str,
    severity: Severity,
    path: &str,
    line: u32,
    message: impl Into<String>,
    fix: impl Into<String>,
) -> Finding {
    let path = if path.is_empty() { "." } else { path };
    Finding { rule: rule.into(), severity, path: path.into(), line, message: message.into(), fix: fix.into() }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// What is wrong with a test or an example keeps nothing of the repository itself from running.
    pub(crate) fn add(&mut self, found: Finding) {
        if self.list.len() < MAX_FINDINGS {
            let severity = if is_only_shown(&found.path) { Severity::Note } else { found.severity };
            self.list.push(Finding { severity, ..found });
        }
    }
}

/// What the detectors hand back: automations in any order, two of one id included, and findings.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) automations: Vec<Automation>,
    pub(crate) findings: Findings,
}

impl Gathered {
    pub(crate) fn find(&mut self, found: Finding) {
        self.findings.add(found);
    }

    pub(crate) fn automation(&mut self, automation: Automation) {
        if self.automations.len() < MAX_AUTOMATIONS {
            self.automations.push(automation);
        }
    }

    /// Takes over what was found by itself.
    pub(crate) fn take_in(&mut self, other: Self) {
        other.findings.list.into_iter().for_each(|found| self.find(found));
        other.automations.into_iter().for_each(|automation| self.automation(automation));
    }

    /// Orders everything, and keeps of two automations with one id the one that counts: an app of the repository itself
    /// goes before one of an example in it, one that its platform loads before one that it passes over, and one less
    /// deep in the tree before one deeper.
    pub(crate) fn into_inventory(mut self) -> Inventory {
        self.say_what_was_cut();
        let mut automations = self.automations;
        automations.sort_by_cached_key(|a| {
            let path = &a.source.path;
            let is_unloaded = a.state == Standing::Declared;
            let depth = path.matches('/').count();
            (a.id.clone(), is_aside(path), is_unloaded, depth, is_second(&a.id, path), a.source.clone())
        });
        let mut kept: Vec<Automation> = Vec::with_capacity(automations.len());
        for automation in automations {
            match kept.last() {
                Some(first) if first.id == automation.id => {
                    self.findings.list.push(twice(first, &automation))
                }
                Some(_) | None => kept.push(automation),
            }
        }
        let mut findings = self.findings.list;
        findings.sort_by(|a, b| {
            (&a.path, a.line, &a.rule, &a.message).cmp(&(&b.path, b.line, &b.rule, &b.message))
        });
        findings.dedup();
        Inventory { automations: kept, findings }
    }

    fn say_what_was_cut(&mut self) {
        let fix = "Scan the parts of the repository one by one.";
        if self.automations.len() >= MAX_AUTOMATIONS {
            let message = format!("there are {MAX_AUTOMATIONS} automations or more: the rest was left out");
            self.findings.list.push(finding("too-many-automations", Severity::Error, "", 1, message, fix));
        }
        if self.findings.list.len() >= MAX_FINDINGS {
            let message = format!("there are {MAX_FINDINGS} findings or more: the rest was left out");
            self.findings.list.push(finding("too-many-findings", Severity::Error, "", 1, message, fix));
        }
    }
}

/// Whether a path lies in a folder of tests or examples. Documentation is a site of its own in many a repository.
fn is_only_shown(path: &str) -> bool {
    let Some((folders, _)) = path.rsplit_once('/') else { return false };
    is_aside(&format!("{folders}/_"))
        && !folders.split('/').any(|part| matches!(part, "docs" | "doc" | "documentation"))
}

/// Whether `pm2 start` takes another name where both are there: the first of these.
fn is_second(id: &AutomationId, path: &str) -> usize {
    const FIRST: [&str; 4] =
        ["ecosystem.config.js", "ecosystem.config.cjs", "ecosystem.config.mjs", "ecosystem.config.json"];
    let name = path.rsplit('/').next().unwrap_or(path);
    let place = FIRST.iter().position(|first| *first == name);
    if id.kind() == Kind::Pm2 { place.unwrap_or(FIRST.len()) } else { 0 }
}

fn twice(first: &Automation, second: &Automation) -> Finding {
    let message = format!(
        "`{}` is also at {}:{}, which is the one that counts",
        first.id, first.source.path, first.source.line
    );
    // One manifest for each cluster is how Kubernetes is used; elsewhere the second is lost, or takes the first's place.
    let is_usual = second.id.kind() == Kind::Kubernetes;
    let is_note = is_usual || is_only_shown(&second.source.path);
    let severity = if is_note { Severity::Note } else { Severity::Error };
    let fix = if is_usual {
        "Nothing, if they are for different clusters; else delete one."
    } else {
        "Delete it, if it is a copy; else give one of the two another name."
    };
    finding("duplicate-id", severity, &second.source.path, second.source.line, message, fix)
}
