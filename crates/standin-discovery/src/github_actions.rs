//! GitHub Actions workflows: `.github/workflows/*.yml` and `*.yaml`.

use standin_core::automation::{Automation, Detail, Finding, Severity, Source, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};

use crate::files;
use crate::findings::{Gathered, finding};
use crate::lines::quote;
use crate::registry::Repository;
use crate::value::{Data, Value};
use crate::walk::{Entry, Nature, WORKFLOWS};
use crate::yaml;

mod jobs;
mod triggers;

#[cfg(test)]
mod tests;

/// What has been found out about one workflow.
pub(crate) struct Judged<'a> {
    path: &'a str,
    /// Why GitHub would refuse the file; the first reason counts.
    refused: Option<String>,
    /// Why it would never run although GitHub loads it.
    idle: Option<String>,
    findings: Vec<Finding>,
}

impl<'a> Judged<'a> {
    fn new(path: &'a str) -> Self {
        Self { path, refused: None, idle: None, findings: Vec::new() }
    }

    /// GitHub refuses the file because of this.
    fn refuse(&mut self, rule: &str, line: u32, message: &str, fix: &str) {
        self.findings.push(finding(rule, Severity::Error, self.path, line, message, fix));
        self.refused.get_or_insert_with(|| format!("line {line}: {message}"));
    }

    /// GitHub loads the file, and it never runs because of this.
    fn idle(&mut self, rule: &str, severity: Severity, line: u32, message: &str, fix: &str) {
        self.findings.push(finding(rule, severity, self.path, line, message, fix));
        self.idle.get_or_insert_with(|| message.to_owned());
    }

    /// Only worth saying.
    fn say(&mut self, rule: &str, severity: Severity, line: u32, message: &str, fix: &str) {
        self.findings.push(finding(rule, severity, self.path, line, message, fix));
    }
}

/// Adds every workflow of the repository.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    for entry in repository.entries {
        let Some(name) = entry.path.strip_prefix(WORKFLOWS) else { continue };
        if let Some(why) = why_not_loaded(name) {
            not_loaded(entry, name, why, gathered);
        } else if is_workflow_name(name) {
            workflow(repository, entry, name, gathered);
        }
    }
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

fn not_loaded(entry: &Entry, name: &str, why: &str, gathered: &mut Gathered) {
    let fix = "Move it to .github/workflows/NAME.yml, or delete it.";
    gathered.find(finding("workflow-not-loaded", Severity::Warning, &entry.path, 1, why, fix));
    if entry.nature == Nature::File {
        add(&entry.path, name, None, Standing::Declared, why.to_owned(), gathered);
    }
}

/// Adds an automation without schedules and triggers.
fn add(
    path: &str,
    name: &str,
    title: Option<String>,
    state: Standing,
    reason: String,
    gathered: &mut Gathered,
) {
    add_full(path, name, title, (state, reason), triggers::Triggers::default(), gathered);
}

fn add_full(
    path: &str,
    name: &str,
    title: Option<String>,
    (state, reason): (Standing, String),
    triggers: triggers::Triggers,
    gathered: &mut Gathered,
) {
    let id = match AutomationId::new(Kind::Workflow, name) {
        Ok(id) => id,
        Err(error) => {
            let fix = "Give the file a shorter name.";
            gathered.find(finding("bad-name", Severity::Error, path, 1, error.to_string(), fix));
            return;
        }
    };
    gathered.automation(Automation {
        id,
        name: title.unwrap_or_else(|| name.to_owned()),
        domain: Domain::Github,
        source: Source { path: path.to_owned(), line: 1 },
        schedules: triggers.schedules,
        triggers: triggers.events,
        state,
        reason,
        detail: Detail::Plain,
        backup_of: None,
    });
}

fn workflow(repository: &Repository<'_>, entry: &Entry, name: &str, gathered: &mut Gathered) {
    let path = entry.path.as_str();
    let read = match entry.nature {
        Nature::Other => Err(files::not_a_file(path)),
        Nature::File => files::read(repository.root, path),
    };
    let text = match read {
        Ok(text) => text,
        Err(problem) => {
            let reason = problem.message.clone();
            gathered.find(problem);
            add(path, name, None, Standing::Declared, reason, gathered);
            return;
        }
    };
    let document = match yaml::parse(&text) {
        Ok(document) => document,
        Err(fault) => {
            let reason = format!("line {}: {}", fault.line, fault.message);
            let fix = "Correct the YAML at this line.";
            gathered.find(finding(fault.rule, Severity::Error, path, fault.line, fault.message, fix));
            add(path, name, None, Standing::Declared, reason, gathered);
            return;
        }
    };
    let (standing, triggers, judged) = judge(path, &document);
    for found in judged.findings {
        gathered.find(found);
    }
    let title = document.root.get("name").and_then(Value::scalar).map(|title| quote(&title));
    add_full(path, name, title.filter(|title| !title.is_empty()), standing, triggers, gathered);
}

fn judge<'a>(
    path: &'a str,
    document: &yaml::Document,
) -> ((Standing, String), triggers::Triggers, Judged<'a>) {
    let mut judged = Judged::new(path);
    let root = &document.root;
    for (line, key) in &document.duplicates {
        let message = format!("`{}` stands twice in one map", quote(key));
        judged.refuse("duplicate-key", *line, &message, "Keep one of the two.");
    }
    let triggers = match &root.data {
        Data::Map(_) => {
            let triggers = triggers::read(root, &mut judged);
            jobs::check(root, &mut judged);
            triggers
        }
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) | Data::Computed(_) => {
            let message = format!("a workflow is a map, and this is {}", root.noun());
            judged.refuse(
                "workflow-not-a-map",
                root.line,
                &message,
                "Write `on:` and `jobs:`, or delete the file.",
            );
            triggers::Triggers::default()
        }
    };
    let standing = match (&judged.refused, &judged.idle) {
        (Some(why), _) => (Standing::Declared, why.clone()),
        (None, Some(why)) => (Standing::Loadable, why.clone()),
        (None, None) => (Standing::Effective, String::new()),
    };
    (standing, triggers, judged)
}
