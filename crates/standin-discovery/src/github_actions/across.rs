//! What is only seen when all workflows are looked at together.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{
    Call, Callable, Cancels, Concurrency, Demand, Detail, Handover, Severity, Standing, Workflow,
};

use super::Outcome;
use crate::findings::finding;
use crate::lines::quote;
use crate::registry::Repository;

mod actions;
mod permissions;
mod runs;

/// How deep workflows may call one another, the first one counted.
const MAX_CALL_DEPTH: usize = 10;

/// One remark about the workflow at a place of the list.
struct Remark {
    at: usize,
    rule: &'static str,
    severity: Severity,
    line: u32,
    message: String,
    fix: String,
    bar: Bar,
}

/// What a remark does to the standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bar {
    None,
    /// GitHub refuses to run it.
    Refused,
    /// It is never started.
    Idle,
}

/// Adds what follows from the workflows together.
pub(super) fn check(repository: &Repository<'_>, outcomes: &mut [Outcome]) {
    let mut remarks = Vec::new();
    groups(outcomes, &mut remarks);
    follows(outcomes, &mut remarks);
    calls(repository, outcomes, &mut remarks);
    permissions::check(repository, outcomes, &mut remarks);
    actions::check(repository, outcomes, &mut remarks);
    runs::settle(repository, outcomes);
    for remark in remarks {
        let Some(outcome) = outcomes.get_mut(remark.at) else { continue };
        let Some(automation) = &mut outcome.automation else { continue };
        let state = match remark.bar {
            Bar::None => automation.state,
            Bar::Refused => automation.state.min(Standing::Declared),
            Bar::Idle => automation.state.min(Standing::Loadable),
        };
        if state < automation.state {
            automation.reason = format!("line {}: {}", remark.line, remark.message);
            automation.state = state;
        }
        let path = &automation.source.path;
        let Remark { rule, severity, line, message, fix, .. } = remark;
        outcome.findings.push(finding(rule, severity, path, line, message, fix));
    }
}

fn workflows(outcomes: &[Outcome]) -> impl Iterator<Item = (usize, &str, &Workflow)> {
    outcomes.iter().enumerate().filter_map(|(at, outcome)| {
        match outcome.automation.as_ref().map(|a| (a, &a.detail)) {
            Some((automation, Detail::Workflow(workflow))) => {
                Some((at, automation.source.path.as_str(), &**workflow))
            }
            Some(_) | None => None,
        }
    })
}

/// Groups by which workflows that have nothing to do with one another cancel one another.
fn groups(outcomes: &[Outcome], remarks: &mut Vec<Remark>) {
    let mut by_group: BTreeMap<String, Vec<(usize, &str, &Concurrency)>> = BTreeMap::new();
    for (at, path, workflow) in workflows(outcomes) {
        for group in workflow.concurrency.iter().chain(&workflow.job_groups) {
            let name: String = group.group.chars().filter(|c| !c.is_whitespace()).collect();
            // These differ from workflow to workflow, or from run to run.
            let is_own = ["github.workflow", "github.run_id", "github.run_number", "github.sha"];
            if !is_own.iter().any(|part| name.contains(part)) {
                by_group.entry(name.to_ascii_lowercase()).or_default().push((at, path, group));
            }
        }
    }
    for members in by_group.values() {
        let files: BTreeSet<usize> = members.iter().map(|(at, ..)| *at).collect();
        let canceller = members.iter().find(|(_, _, group)| group.cancels != Cancels::Never);
        let (Some(canceller), true) = (canceller, files.len() > 1) else { continue };
        for (at, path, group) in members {
            let other = members.iter().find(|(_, other, g)| other != path && g.cancels != Cancels::Never);
            let name = quote(&group.group);
            let message = match other {
                Some((_, other, _)) => {
                    format!("`{other}` shares the group `{name}`, and cancels what runs in it")
                }
                None if canceller.1 == *path => {
                    let first =
                        members.iter().find(|(_, other, _)| other != path).map_or("", |(_, other, _)| other);
                    format!("it cancels what `{first}` runs in the same group `{name}`")
                }
                None => continue,
            };
            let fix = "Put `${{ github.workflow }}` into the name of the group.".to_owned();
            let (severity, line) = (Severity::Warning, group.line);
            let (at, rule) = (*at, "concurrency-shared");
            remarks.push(Remark { at, rule, severity, line, message, fix, bar: Bar::None });
        }
    }
}

/// `workflow_run` of workflows that are not there.
fn follows(outcomes: &[Outcome], remarks: &mut Vec<Remark>) {
    let names: BTreeSet<&str> = outcomes
        .iter()
        .filter_map(|o| o.automation.as_ref())
        .flat_map(|a| [a.name.as_str(), &a.source.path])
        .collect();
    for (at, _, workflow) in workflows(outcomes) {
        let is_known = |name: &str| names.contains(name) || name.contains(['*', '?', '[', '!', '+']);
        let unknown: Vec<_> = workflow.follows.iter().filter(|follow| !is_known(&follow.workflow)).collect();
        let triggers = outcomes.get(at).and_then(|o| o.automation.as_ref()).map_or(0, |a| a.triggers.len());
        let is_alone = triggers == 1 && unknown.len() == workflow.follows.len();
        for follow in unknown {
            let message =
                format!("no workflow has the name `{}`: nothing follows it", quote(&follow.workflow));
            let fix = "Write the `name:` of the workflow, which is not its file.".to_owned();
            let bar = if is_alone { Bar::Idle } else { Bar::None };
            let (severity, line, rule) = (Severity::Warning, follow.line, "workflow-run-unknown");
            remarks.push(Remark { at, rule, severity, line, message, fix, bar });
        }
    }
}

/// Calls of workflows in the same repository.
fn calls(repository: &Repository<'_>, outcomes: &[Outcome], remarks: &mut Vec<Remark>) {
    let known: BTreeMap<&str, (usize, &Workflow)> =
        workflows(outcomes).map(|(at, path, workflow)| (path, (at, workflow))).collect();
    let deepest = depths(&known);
    for (at, path, workflow) in workflows(outcomes) {
        for call in &workflow.calls {
            let Some(target) = call.local() else {
                if let Some(problem) = bad_reference(&call.uses) {
                    let fix =
                        "Write `./.github/workflows/FILE` or `OWNER/REPOSITORY/.github/workflows/FILE@REF`.";
                    remarks.push(refused(at, call, "callee-reference", problem.to_owned(), fix));
                }
                continue;
            };
            let shown = quote(&call.uses);
            let Some((callee, called)) = known.get(target) else {
                let is_there = repository.entries.iter().any(|entry| entry.path == target);
                let (rule, message, fix) = if is_there {
                    (
                        "callee-refused",
                        format!("GitHub does not load `{shown}`"),
                        "Correct that workflow first.",
                    )
                } else {
                    (
                        "callee-missing",
                        format!("there is no `{shown}`"),
                        "Correct the path, or add the workflow.",
                    )
                };
                remarks.push(refused(at, call, rule, message, fix));
                continue;
            };
            if deepest.get(path).is_none_or(|depth| *depth > MAX_CALL_DEPTH) {
                let message =
                    format!("`{shown}` leads in a circle, or deeper than {MAX_CALL_DEPTH} workflows");
                remarks.push(refused(at, call, "call-circle", message, "Break the circle."));
                continue;
            }
            let state = outcomes.get(*callee).and_then(|o| o.automation.as_ref()).map(|a| a.state);
            if state == Some(Standing::Declared) {
                let message = format!("GitHub does not load `{shown}`");
                remarks.push(refused(at, call, "callee-refused", message, "Correct that workflow first."));
            }
            handover(at, call, called, remarks);
        }
    }
}

fn refused(at: usize, call: &Call, rule: &'static str, message: String, fix: &str) -> Remark {
    let (severity, line, fix, bar) = (Severity::Error, call.line, fix.to_owned(), Bar::Refused);
    Remark { at, rule, severity, line, message, fix, bar }
}

fn bad_reference(uses: &str) -> Option<&'static str> {
    let Some((path, version)) = uses.split_once('@') else {
        return Some("a workflow of another repository is called with a version, behind an `@`");
    };
    let parts = path.split('/').filter(|part| !part.is_empty()).count();
    (parts < 3 || version.is_empty()).then_some("this names no workflow of another repository")
}

/// Whether a call hands over what is asked for, and nothing else.
fn handover(at: usize, call: &Call, called: &Workflow, remarks: &mut Vec<Remark>) {
    let shown = quote(&call.uses);
    let Callable::Yes { inputs, secrets } = &called.is_callable else {
        let message = format!("`{shown}` cannot be called: it has no `workflow_call`");
        let fix = "Add `workflow_call:` to its `on`.";
        remarks.push(refused(at, call, "callee-not-callable", message, fix));
        return;
    };
    let given = |list: &[String], name: &str| list.iter().any(|given| given.eq_ignore_ascii_case(name));
    let mut wrong = |what: &str, name: &str, problem: &str, fix: &str| {
        let message = format!("the {what} `{}` of `{shown}` {problem}", quote(name));
        remarks.push(refused(at, call, "call-mismatch", message, fix));
    };
    let is_required = |demand: Demand| matches!(demand, Demand::Required | Demand::Defaulted);
    for input in inputs.iter().filter(|input| is_required(input.demand) && !given(&call.inputs, &input.name))
    {
        wrong("input", &input.name, "is required and not handed over", "Hand it over below `with:`.");
    }
    let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    for name in call.inputs.iter().filter(|name| !given(&names, name)) {
        wrong(
            "input",
            name,
            "is not among its inputs",
            "Delete it, or add it to the workflow that is called.",
        );
    }
    let Handover::Named(handed) = &call.secrets else { return };
    for (name, _) in secrets.iter().filter(|(name, demand)| is_required(*demand) && !given(handed, name)) {
        wrong("secret", name, "is required and not handed over", "Hand it over below `secrets:`.");
    }
    let names: Vec<String> = secrets.iter().map(|(name, _)| name.clone()).collect();
    for name in handed.iter().filter(|name| !given(&names, name)) {
        wrong(
            "secret",
            name,
            "is not among its secrets",
            "Delete it, or add it to the workflow that is called.",
        );
    }
}

/// How many workflows deep each one calls, itself counted; those without an end are left out.
fn depths<'a>(known: &BTreeMap<&'a str, (usize, &'a Workflow)>) -> BTreeMap<&'a str, usize> {
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    let callees = |workflow: &'a Workflow| workflow.calls.iter().filter_map(Call::local);
    // One round for each level: what has only callees of which the depth is known has one itself.
    for _ in 0..=MAX_CALL_DEPTH {
        let mut grown = depths.clone();
        for (path, (_, workflow)) in known {
            let of_callees: Option<usize> = callees(workflow)
                .filter(|callee| known.contains_key(callee))
                .map(|callee| depths.get(callee).copied())
                .try_fold(0, |most, depth| Some(most.max(depth?)));
            if let Some(deepest) = of_callees {
                grown.insert(path, deepest.saturating_add(1));
            }
        }
        if grown == depths {
            break;
        }
        depths = grown;
    }
    depths
}
