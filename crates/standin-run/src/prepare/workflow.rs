//! A workflow for `act`: the commit that GitHub would run, what it asks for, and what of that is here.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::Path;

use secrecy::SecretString;
use serde_json::Value;
use standin_core::automation::{Need, Workflow};

use super::{Means, PrepareError, Ready, Secrets, cache, hidden, io, own_folder, passed_on, text};
use crate::asked::{self, Asked};
use crate::fidelity::{self, Demands, Host};
use crate::mask::Masks;
use crate::process::Proof;
use crate::tools::Tools;
use crate::work::{Passed, WorkflowWork};
use crate::{Trial, act, checkout, dispatch, yaml};

/// Most actions of the repository that are looked into.
const MAX_ACTIONS: usize = 100;

pub(super) fn workflow(
    work: &WorkflowWork,
    means: &Means,
    tools: Tools<'_>,
    from_file: &Secrets,
) -> Result<Ready, PrepareError> {
    let (program, folder, cache) = (tools.act()?, own_folder()?, cache(means)?);
    let checkout = checkout::of(&means.root, &work.file, folder.path(), &means.env);
    let root = checkout.dir.as_deref().unwrap_or(&means.root);
    let written = text(&root.join(&work.file))?;
    let written = yaml::value(&written).unwrap_or_default();
    let asked = demands(work, root, &written);
    let handed = handed(&asked, means, from_file);
    let host = Host {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        secrets: handed.keys().cloned().collect(),
        variables: means.variables.keys().map(|name| name.to_ascii_uppercase()).collect(),
    };
    let mut differences = checkout.differences.clone();
    differences.extend(fidelity::of_workflow(&asked, &host));
    differences.sort_by_key(|difference| difference.weight);
    let header = handed.get("GITHUB_TOKEN").filter(|_| takes_token(&asked, &written)).map(act::header);
    let labels: Vec<String> = asked.labels.iter().cloned().collect();
    let call = act::Call {
        work: &dispatched(work, &written)?,
        labels: &labels,
        root: &means.root,
        checkout: &checkout,
        folder: folder.path(),
        cache: &cache,
        secrets: &handed,
        header: header.as_ref(),
        variables: &means.variables,
        artifacts_at: free_port().filter(|_| asked.needs.contains(&Need::Artifacts)),
        flag: means.flag,
        trial: means.trial,
    };
    let args = act::arguments(&call).map_err(|source| io(folder.path(), source))?;
    let mut masked = handed.clone();
    masked.extend(header.map(|header| ("GIT_CONFIG_VALUE_0".to_owned(), header)));
    Ok(Ready {
        differences,
        program,
        args,
        // Started in a folder of its own, it reads no settings that lie in the repository.
        dir: folder.path().to_owned(),
        env: hidden(passed_on(means)),
        input: Vec::new(),
        masks: Masks::of(&masked),
        folder: Some(folder),
        proof: match means.trial {
            Trial::Real => Proof::Jobs,
            Trial::Dry => Proof::Status,
        },
    })
}

/// The inputs as GitHub fills them in.
fn dispatched(work: &WorkflowWork, written: &Value) -> Result<WorkflowWork, PrepareError> {
    let mut work = work.clone();
    if work.event == "workflow_dispatch" {
        let given = work.payload.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default();
        let inputs = dispatch::inputs(written, &given)
            .map_err(|why| PrepareError::Inputs { file: work.file.clone(), why })?;
        if let Some(fields) = work.payload.as_object_mut() {
            fields.insert("inputs".to_owned(), Value::Object(inputs));
        }
    }
    Ok(work)
}

/// The secrets that it asks for, as far as they are here.
fn handed(asked: &Demands, means: &Means, from_file: &Secrets) -> Secrets {
    let mut handed = if asked.all_secrets { from_file.clone() } else { Secrets::new() };
    for name in asked.secrets.iter().map(String::as_str).chain(["GITHUB_TOKEN"]) {
        let in_env = || means.env.get(OsStr::new(name)).and_then(|value| value.to_str());
        let same = |(known, _): &(&String, &SecretString)| known.eq_ignore_ascii_case(name);
        let in_file = from_file.get(name).or_else(|| from_file.iter().find(same).map(|(_, value)| value));
        let found = in_file.cloned().or_else(|| in_env().map(SecretString::from));
        handed.extend(found.map(|value| (name.to_owned(), value)));
    }
    handed
}

/// Whether GitHub's checkout would leave the token for `git`.
fn takes_token(asked: &Demands, written: &Value) -> bool {
    asked.actions.iter().any(|action| action.starts_with("actions/checkout@")) && !keeps_none(written)
}

fn keeps_none(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.get("persist-credentials").and_then(Value::as_str) == Some("false")
                || map.values().any(keeps_none)
        }
        Value::Array(items) => items.iter().any(keeps_none),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What the workflow asks for, with every workflow and action of its repository that it comes to.
fn demands(work: &WorkflowWork, root: &Path, written: &Value) -> Demands {
    let mut all = Demands::default();
    let (mut expressions, mut local) = (Asked::of(written), BTreeSet::new());
    let mut take = |workflow: &Workflow, written: &Value| {
        all.needs.extend(workflow.needs.iter().copied());
        all.actions.extend(workflow.actions.iter().cloned());
        all.permissions.extend(workflow.permissions.iter().cloned());
        all.strangers.extend(
            workflow.calls.iter().filter(|call| call.local().is_none()).map(|call| call.uses.clone()),
        );
        local.extend(workflow.local_actions.iter().map(|action| action.path.clone()));
        let labels = asked::runners(written);
        all.labels.extend(if labels.is_empty() { workflow.labels.iter().cloned().collect() } else { labels });
    };
    take(&work.workflow.clone().unwrap_or_default(), written);
    for called in &work.called {
        let text = text(&root.join(&called.file)).unwrap_or_default();
        let written = yaml::value(&text).unwrap_or_default();
        take(&called.workflow, &written);
        let mut own = Asked::of(&written);
        if called.secrets == Passed::Named {
            // Its secrets are what its caller's own expressions hand over.
            own.secrets.clear();
            own.all_secrets = false;
        }
        expressions.add(own);
    }
    of_actions(local, root, &mut all);
    (all.secrets, all.variables, all.all_secrets) =
        (expressions.secrets, expressions.variables, expressions.all_secrets);
    all
}

/// What the actions of this repository come to, those that they use too.
fn of_actions(local: BTreeSet<String>, root: &Path, all: &mut Demands) {
    let (mut open, mut seen): (Vec<String>, _) = (local.into_iter().collect(), BTreeSet::new());
    while let Some(path) = open.pop() {
        if seen.len() >= MAX_ACTIONS || !seen.insert(path.clone()) {
            continue;
        }
        let found =
            ["action.yml", "action.yaml"].iter().find_map(|name| text(&root.join(&path).join(name)).ok());
        let Some(action) = found.and_then(|text| yaml::value(&text)) else { continue };
        let (uses, is_container) = asked::of_action(&action);
        if is_container {
            all.actions.insert(format!("docker://{path}"));
        }
        for action in uses {
            match action.strip_prefix("./") {
                Some(path) => open.push(path.trim_end_matches('/').to_owned()),
                None => {
                    all.needs.extend(need_of(&action));
                    all.actions.insert(action);
                }
            }
        }
    }
}

fn need_of(action: &str) -> Option<Need> {
    let name = action.split('@').next().unwrap_or_default();
    match name {
        "actions/upload-artifact" | "actions/download-artifact" => Some(Need::Artifacts),
        _ if name == "actions/cache" || name.starts_with("actions/cache/") => Some(Need::Cache),
        _ => None,
    }
}

/// A port that nobody listens at, a moment ago.
fn free_port() -> Option<u16> {
    Some(TcpListener::bind(("127.0.0.1", 0)).ok()?.local_addr().ok()?.port())
}

#[cfg(test)]
mod tests;
