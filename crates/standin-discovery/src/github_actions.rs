//! GitHub Actions workflows: `.github/workflows/*.yml` and `*.yaml`.
//!
//! Each file is judged by itself, several at a time, and then all of them together: which one calls, follows or cancels
//! which.

use std::fs::Metadata;
use std::path::Path;

use standin_core::automation::{Automation, Detail, Finding, Severity, Source, Standing, Workflow};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::ownership::{self, Owner};

use crate::asked::Root;
use crate::cache::{Cache, Kept, Stamp};
use crate::files;
use crate::findings::{Gathered, finding};
use crate::limits::FILES_BETWEEN_WORDS;
use crate::lines::quote;
use crate::registry::Repository;
use crate::value::{Data, Value};
use crate::walk::{Entry, Nature, WORKFLOWS};
use crate::{Progress, side_by_side, yaml};

mod across;
mod conditions;
mod copies;
mod crons;
mod expression;
mod facts;
mod gates;
mod inputs;
mod job_steps;
mod jobs;
mod judged;
mod local_actions;
mod local_runs;
mod noted;
mod shape;
mod shapes;
mod triggers;

use judged::Judged;

#[cfg(test)]
mod tests;

/// What one file came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    /// `None` if its name is none that can be used.
    pub(crate) automation: Option<Automation>,
    pub(crate) findings: Vec<Finding>,
}

/// Adds every workflow of the repository.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    let mut outcomes = outcomes(repository);
    copies::fold(&mut outcomes);
    across::check(repository, &mut outcomes);
    for outcome in outcomes {
        outcome.findings.into_iter().for_each(|found| gathered.find(found));
        if let Some(automation) = outcome.automation {
            gathered.automation(automation);
        }
    }
}

/// What each file comes to by itself, out of the cache where it has not changed.
fn outcomes(repository: &Repository<'_>) -> Vec<Outcome> {
    let entries: Vec<&Entry> =
        repository.entries.iter().filter(|entry| entry.path.starts_with(WORKFLOWS)).collect();
    let mut progress = Progress::default();
    let mut outcomes = Vec::with_capacity(entries.len());
    for part in entries.chunks(FILES_BETWEEN_WORDS) {
        let looked_up = {
            let cache = repository.cache.borrow();
            let (root, cache) = (repository.root, &*cache);
            let look_up = |entry: &&Entry| known(root, cache, entry);
            side_by_side::map(part, look_up)
        };
        for (entry, (stamp, outcome, origin)) in part.iter().zip(looked_up) {
            if let (Some(stamp), Some(outcome), Origin::Parsed) = (stamp, &outcome, origin) {
                progress.parsed = progress.parsed.saturating_add(1);
                let automations = outcome.automation.iter().cloned().collect();
                let kept = Kept { automations, findings: outcome.findings.clone() };
                repository.cache.borrow_mut().keep(&entry.path, &stamp, &kept);
            }
            outcomes.extend(outcome);
        }
        progress.seen = progress.seen.saturating_add(part.len());
        (repository.note)(progress);
    }
    let is_there = |path: &str| entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok();
    repository.cache.borrow_mut().retain(WORKFLOWS, is_there);
    outcomes
}

/// Where an outcome comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Cache,
    Parsed,
}

fn known(root: &Root, cache: &Cache, entry: &Entry) -> (Option<Stamp>, Option<Outcome>, Origin) {
    // The stamp is taken before the file is read: if it changes in between, it is read again the next time.
    let about = files::ask(root, &entry.path).ok();
    let stamp = about.as_ref().filter(|about| about.is_file()).map(Stamp::new);
    let found = stamp.as_ref().and_then(|stamp| cache.get(&entry.path, stamp));
    if let Some(Kept { automations, findings }) = found {
        let outcome = Outcome { automation: automations.into_iter().next(), findings };
        return (stamp, Some(outcome), Origin::Cache);
    }
    (stamp, outcome(root, entry, about.as_ref()), Origin::Parsed)
}

/// What a file comes to by itself; `None` if it is nothing to GitHub, and looks as if it knew.
fn outcome(root: &Root, entry: &Entry, about: Option<&Metadata>) -> Option<Outcome> {
    let name = entry.path.strip_prefix(WORKFLOWS)?;
    if let Some(why) = why_not_loaded(name) {
        return Some(not_loaded(entry, name, why));
    }
    if is_workflow_name(name) {
        return Some(workflow(root, entry, name, about));
    }
    stray(entry, name)
}

fn is_workflow_name(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

/// Why GitHub passes over a file that looks as if it were meant to be a workflow.
fn why_not_loaded(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if name.contains('/') {
        return is_workflow_name(&lower)
            .then_some("GitHub does not look into folders below .github/workflows");
    }
    let looks_like_one = lower.contains(".yml") || lower.contains(".yaml");
    (looks_like_one && !is_workflow_name(name)).then_some("GitHub loads only names that end in .yml or .yaml")
}

fn not_loaded(entry: &Entry, name: &str, why: &str) -> Outcome {
    let fix = "Move it to .github/workflows/NAME.yml, or delete it.";
    let found = finding("workflow-not-loaded", Severity::Warning, &entry.path, 1, why, fix);
    // An editor's own files begin with a dot, and nobody means them to run.
    if entry.nature == Nature::File && !name.starts_with('.') {
        unread(&entry.path, name, why.to_owned(), found)
    } else {
        Outcome { automation: None, findings: vec![found] }
    }
}

/// Something else in the folder. What is written to be read is no surprise there.
fn stray(entry: &Entry, name: &str) -> Option<Outcome> {
    let lower = name.to_ascii_lowercase();
    let is_known = [".md", ".txt", "codeowners", ".gitignore", ".gitkeep", ".keep"];
    if name.contains('/') || is_known.iter().any(|ending| lower.ends_with(ending)) {
        return None;
    }
    let message = "this is no workflow: GitHub passes over it";
    let fix = "Move it to a folder of its own, so that nobody takes it for one.";
    let found = finding("workflow-folder-stray", Severity::Note, &entry.path, 1, message, fix);
    Some(Outcome { automation: None, findings: vec![found] })
}

/// A workflow of which nothing is known but that it is there.
fn unread(path: &str, name: &str, reason: String, found: Finding) -> Outcome {
    let mut outcome = Outcome { automation: None, findings: vec![found] };
    outcome.automation =
        automation(path, name, &mut outcome.findings).map(|known| Automation { reason, ..known });
    outcome
}

/// An automation without anything that only its content tells.
fn automation(path: &str, name: &str, findings: &mut Vec<Finding>) -> Option<Automation> {
    let id = match AutomationId::new(Kind::Workflow, name) {
        Ok(id) => id,
        Err(error) => {
            let fix = "Give the file a shorter name.";
            findings.push(finding("bad-name", Severity::Error, path, 1, error.to_string(), fix));
            return None;
        }
    };
    Some(Automation {
        id,
        name: name.to_owned(),
        domain: Domain::Github,
        source: Source { path: path.to_owned(), line: 1 },
        schedules: Vec::new(),
        triggers: Vec::new(),
        state: Standing::Declared,
        reason: String::new(),
        detail: Detail::Plain,
        backup_of: None,
    })
}

fn workflow(root: &Root, entry: &Entry, name: &str, about: Option<&Metadata>) -> Outcome {
    let path = entry.path.as_str();
    let read = match entry.nature {
        Nature::Other => Err(linked(root, path).unwrap_or_else(|| files::not_a_file(path))),
        Nature::File => match about {
            Some(about) => files::read_known(root, path, about),
            None => files::read(root, path),
        },
    };
    match read {
        Ok(text) => judge(path, name, &text),
        Err(problem) => unread(path, name, problem.message.clone(), problem),
    }
}

/// A link, which GitHub does not follow.
fn linked(root: &Root, path: &str) -> Option<Finding> {
    let target = root.link(Path::new(path))?;
    let message = "this is a link, and GitHub follows none to a workflow: it calls the file invalid";
    let fix = "Put the file itself here.";
    (target != root.join(path)).then(|| finding("workflow-link", Severity::Error, path, 1, message, fix))
}

/// Judges a workflow by its text alone.
fn judge(path: &str, name: &str, text: &str) -> Outcome {
    let document = match yaml::parse(text) {
        Ok(document) => document,
        Err(fault) => {
            let reason = format!("line {}: {}", fault.line, fault.message);
            let advice = yaml::advice(text, &fault);
            let found = finding(advice.rule, Severity::Error, path, advice.line, fault.message, advice.fix);
            return unread(path, name, reason, found);
        }
    };
    let mut judged = Judged::new(path, text);
    let (mut triggers, detail) = look_through(&document, &mut judged);
    let mut findings = std::mem::take(&mut judged.findings);
    let known = automation(path, name, &mut findings);
    findings.extend(local_runs::candidates(path, &document.root));
    let (state, reason) = judged.standing();
    let title = document.root.get("name").and_then(Value::scalar).map(|title| quote(&title));
    let automation = known.map(|known| Automation {
        name: title.filter(|title| !title.is_empty()).unwrap_or_else(|| name.to_owned()),
        schedules: std::mem::take(&mut triggers.schedules),
        triggers: std::mem::take(&mut triggers.events),
        state,
        reason,
        detail,
        backup_of: backup_of(text),
        ..known
    });
    Outcome { automation, findings }
}

fn backup_of(text: &str) -> Option<AutomationId> {
    match ownership::owner(text) {
        Owner::BackupOf(id) => Some(id),
        Owner::Others | Owner::Standin => None,
    }
}

fn look_through(document: &yaml::Document, judged: &mut Judged<'_>) -> (triggers::Triggers, Detail) {
    let root = &document.root;
    if let Some(line) = document.second {
        let message = "a second document begins here, and a workflow is one document";
        judged.refuse("yaml-two-documents", line, message, "Delete the line `---`, or make it two files.");
    }
    match &root.data {
        Data::Map(_) => {
            let mut triggers = triggers::read(root, judged);
            jobs::check(root, judged);
            inputs::check(root, judged);
            let mut noted = shape::check(root, judged);
            noted.scripts(root, &triggers.crons);
            gates::check(root, &triggers, &noted, judged);
            conditions::check(root, &triggers, judged);
            let detail: Workflow = facts::gather(root, &mut triggers, noted);
            (triggers, Detail::Workflow(Box::new(detail)))
        }
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) | Data::Computed(_) => {
            let message = format!("a workflow is a map, and this is {}", root.noun());
            let fix = "Write `on:` and `jobs:`, or delete the file.";
            judged.refuse("workflow-not-a-map", root.line, &message, fix);
            (triggers::Triggers::default(), Detail::Plain)
        }
    }
}
