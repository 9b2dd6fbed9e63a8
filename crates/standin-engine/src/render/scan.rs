//! The page of a scan: everything where there is little, and what matters first where there is much.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use standin_core::automation::{Severity, Standing};

use super::{Cell, Doc, Part, Tone};
use crate::json_v1::{AutomationV1, FindingV1, ScanV1};

#[cfg(test)]
mod tests;

/// From how many automations, and from how many findings, on a list is too long to be read.
const LONG: usize = 50;

/// Most automations of one part of a long list.
const SHOWN: usize = 40;

/// Most places that a kind of finding names.
const PLACES: usize = 3;

/// Most kinds of findings in words; every kind is a rule, and there are fewer.
const MOST_RULES: usize = 200;

/// How much of a scan the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Of a long list what matters, and how much the rest is.
    Short,
    /// Everything, one by one.
    Whole,
}

/// What runs by itself, and what is the matter with it.
pub fn scan(scan: &ScanV1, extent: Extent) -> Doc {
    let mut parts = vec![Part::Line(summary(scan))];
    if extent == Extent::Whole || scan.automations.len() <= LONG {
        parts.extend(table(scan.automations.iter()));
    } else {
        parts.push(platforms(&scan.automations));
        parts.extend(in_parts(&scan.automations));
    }
    parts.extend(findings(&scan.findings, extent));
    Doc { title: "What runs by itself here".to_owned(), parts }
}

fn summary(scan: &ScanV1) -> String {
    let of = |severity| scan.findings.iter().filter(|found| found.severity == severity).count();
    let severities = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let found: Vec<String> = severities
        .iter()
        .map(|(severity, word)| (of(*severity), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| counted(count, word))
        .collect();
    let sum = format!(
        "{}, {}",
        counted(scan.automations.len(), "automation"),
        counted(scan.findings.len(), "finding")
    );
    if found.len() > 1 { format!("{sum}: {}", found.join(", ")) } else { sum }
}

/// `1 finding`, `2 findings`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// How many of each kind have come how far.
fn platforms(list: &[AutomationV1]) -> Part {
    let mut kinds: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for automation in list {
        let [effective, loadable, declared] = kinds.entry(automation.kind.to_string()).or_default();
        let count = match automation.state {
            Standing::Effective => effective,
            Standing::Loadable => loadable,
            Standing::Declared => declared,
        };
        *count = count.saturating_add(1);
    }
    let rows = kinds.into_iter().map(|(kind, [effective, loadable, declared])| {
        let sum = effective.saturating_add(loadable).saturating_add(declared);
        let bad = if declared > 0 { Tone::Warn } else { Tone::Dim };
        vec![
            Cell::plain(kind),
            Cell::plain(sum.to_string()),
            Cell::toned(effective.to_string(), Tone::Good),
            Cell::plain(loadable.to_string()),
            Cell::toned(declared.to_string(), bad),
        ]
    });
    let head = vec!["platform", "automations", "effective", "loadable", "declared"];
    Part::Table { head, rows: rows.collect() }
}

/// A long list: what runs, what never would, and how many only people and events start.
fn in_parts(list: &[AutomationV1]) -> Vec<Part> {
    let (declared, loaded): (Vec<_>, Vec<_>) = list.iter().partition(|a| a.state == Standing::Declared);
    let (by_hand, by_itself): (Vec<_>, Vec<_>) = loaded.into_iter().partition(|a| is_by_hand(a));
    let mut parts = part("Runs by itself", &by_itself);
    parts.extend(part("Would never run", &declared));
    if !by_hand.is_empty() {
        let kinds: BTreeSet<String> = by_hand.iter().map(|a| a.kind.to_string()).collect();
        let kinds: Vec<String> = kinds.into_iter().collect();
        parts.push(Part::Heading("Only people and events start it".to_owned()));
        parts.push(Part::Line(format!(
            "{} ({}): `standin scan --all` lists each",
            counted(by_hand.len(), "automation"),
            kinds.join(", ")
        )));
    }
    parts
}

/// Whether neither the clock nor a process that is always there keeps an automation going.
fn is_by_hand(automation: &AutomationV1) -> bool {
    const ITSELF: [&str; 4] = ["schedule", "always", "reboot", "loop"];
    let goes = |trigger: &String| {
        ITSELF.contains(&trigger.as_str()) || trigger.starts_with("every ") || trigger.starts_with("rate(")
    };
    automation.schedules.is_empty() && !automation.triggers.iter().any(goes)
}

fn part(title: &str, list: &[&AutomationV1]) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(rows) = table(list.iter().take(SHOWN).copied()) {
        parts.push(Part::Heading(title.to_owned()));
        parts.push(rows);
    }
    if let Some(more @ 1..) = list.len().checked_sub(SHOWN) {
        parts.push(Part::Line(format!("and {more} more: `standin scan --all` lists each")));
    }
    parts
}

fn table<'a>(list: impl Iterator<Item = &'a AutomationV1>) -> Option<Part> {
    let rows: Vec<_> = list
        .map(|a| {
            let tone = match a.state {
                Standing::Effective => Tone::Good,
                Standing::Loadable => Tone::Plain,
                Standing::Declared => Tone::Warn,
            };
            vec![
                Cell::plain(&a.id),
                Cell::plain(a.domain.to_string()),
                Cell::plain(schedules(a)),
                Cell::toned(a.state.to_string(), tone),
                Cell::toned(format!("{}:{}", a.source.path, a.source.line), Tone::Dim),
                Cell::plain(&a.reason),
            ]
        })
        .collect();
    let head = vec!["automation", "domain", "runs", "state", "source", "reason"];
    (!rows.is_empty()).then_some(Part::Table { head, rows })
}

fn schedules(a: &AutomationV1) -> String {
    let by_clock = a
        .schedules
        .iter()
        .map(|s| if s.timezone == "UTC" { s.cron.clone() } else { format!("{} {}", s.cron, s.timezone) });
    by_clock.chain(a.triggers.iter().filter(|t| *t != "schedule").cloned()).collect::<Vec<_>>().join(", ")
}

/// The findings: each by itself, or, of many, those of one rule together, the worst first.
pub(super) fn findings(list: &[FindingV1], extent: Extent) -> Vec<Part> {
    if list.is_empty() {
        return Vec::new();
    }
    if extent == Extent::Whole || list.len() <= LONG {
        let rows = list
            .iter()
            .map(|f| vec![severity(f), Cell::plain(place(f)), Cell::plain(&f.message), Cell::plain(&f.fix)]);
        let head = vec!["severity", "place", "finding", "fix"];
        return vec![Part::Heading("Findings".to_owned()), Part::Table { head, rows: rows.collect() }];
    }
    let mut kinds: BTreeMap<(&str, Severity), Vec<&FindingV1>> = BTreeMap::new();
    for found in list {
        kinds.entry((found.rule.as_str(), found.severity)).or_default().push(found);
    }
    let mut kinds: Vec<Vec<&FindingV1>> = kinds.into_values().collect();
    kinds.sort_by_key(|of| (std::cmp::Reverse(of.first().map(|f| f.severity)), std::cmp::Reverse(of.len())));
    let rows = kinds.iter().take(MOST_RULES).filter_map(|of| Some((of, of.first()?))).map(|(of, first)| {
        let message = if of.len() > 1 && of.iter().any(|f| f.message != first.message) {
            format!("{}, and so on ({})", first.message, first.rule)
        } else {
            first.message.clone()
        };
        vec![
            severity(first),
            Cell::plain(of.len().to_string()),
            Cell::plain(message),
            Cell::plain(some(of.iter().map(|f| place(f)), of.len())),
            Cell::plain(&first.fix),
        ]
    });
    let head = vec!["severity", "times", "finding", "places", "fix"];
    vec![
        Part::Heading("Findings".to_owned()),
        Part::Table { head, rows: rows.collect() },
        Part::Line("`standin scan --all` lists each".to_owned()),
    ]
}

/// The first few, and how many more there are.
fn some(list: impl Iterator<Item = impl Display>, count: usize) -> String {
    let mut said = list.take(PLACES).map(|one| one.to_string()).collect::<Vec<_>>().join(",\n");
    if let Some(more @ 1..) = count.checked_sub(PLACES) {
        said.push_str(&format!("\nand {more} more"));
    }
    said
}

fn place(found: &FindingV1) -> String {
    format!("{}:{}", found.path, found.line)
}

fn severity(found: &FindingV1) -> Cell {
    match found.severity {
        Severity::Error => Cell::toned("error", Tone::Bad),
        Severity::Warning => Cell::toned("warning", Tone::Warn),
        Severity::Note => Cell::toned("note", Tone::Dim),
    }
}
