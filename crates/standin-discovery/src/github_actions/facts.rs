//! What a workflow says about itself, for whoever stands in for it.

use std::collections::BTreeSet;

use standin_core::automation::{
    Call, Callable, Cancels, Concurrency, Demand, Effort, Follow, Handover, Input, Need, Workflow,
};

use super::noted::Noted;
use super::triggers::Triggers;
use super::{job_steps, local_actions};
use crate::limits::MAX_JOBS;
use crate::value::{Data, Value};

/// Gathers everything that is not already noted.
pub(super) fn gather(root: &Value, triggers: &mut Triggers, noted: Noted) -> Workflow {
    let event = |name: &str| root.get("on").and_then(|on| on.get(name));
    let is_callable = triggers.events.iter().any(|event| event == "workflow_call");
    let mut workflow = Workflow {
        crons: std::mem::take(&mut triggers.crons),
        inputs: event("workflow_dispatch").map(inputs).unwrap_or_default(),
        is_callable: if is_callable { callable(event("workflow_call")) } else { Callable::No },
        concurrency: root.get("concurrency").and_then(concurrency),
        secrets: noted.secrets.into_iter().collect(),
        gates: noted.gates,
        follows: event("workflow_run").map(follows).unwrap_or_default(),
        ..Workflow::default()
    };
    let mut gathered = Sets::default();
    gathered.permissions(root);
    for job in root.get("jobs").map(Value::entries).unwrap_or_default().iter().take(MAX_JOBS) {
        gathered.job(&job.value);
        workflow.calls.extend(call(&job.value));
        workflow.local_actions.extend(local_actions::of(&job.value));
        workflow.job_groups.extend(job.value.get("concurrency").and_then(concurrency));
    }
    let jobs = root.get("jobs").map(Value::entries).unwrap_or_default();
    if !jobs.is_empty() && jobs.iter().take(MAX_JOBS).all(|job| is_idle(&job.value)) {
        workflow.effort = Effort::None;
    }
    workflow.permissions = gathered.permissions.into_iter().collect();
    workflow.labels = gathered.labels.into_iter().collect();
    workflow.actions = gathered.actions.into_iter().collect();
    workflow.needs = gathered.needs.into_iter().collect();
    workflow
}

/// Programs that do nothing but print, wait and end, as long as nothing is done with what they print.
const IDLE: [&str; 8] = ["echo", "printf", "true", ":", "exit", "sleep", "date", "set"];

/// Whether every step of a job only prints.
fn is_idle(job: &Value) -> bool {
    let steps = job_steps::of(job);
    let is_idle_step = |step: &Value| match (step.get("uses").and_then(Value::text), step.get("run")) {
        (Some(action), None) => action.split('@').next() == Some("actions/checkout"),
        (None, Some(run)) => run.text().is_some_and(|script| script.lines().all(is_idle_line)),
        // To wait for others and to hold them is nothing by itself.
        (None, None) => job_steps::is_complete(step),
        (Some(_), Some(_)) => false,
    };
    !steps.is_empty() && steps.iter().all(|step| is_idle_step(step))
}

fn is_idle_line(line: &str) -> bool {
    let line = line.trim();
    let is_used = line.contains(['>', '|', '`', ';', '&']) || line.contains("$(");
    let program = line.split_whitespace().next().unwrap_or_default();
    line.is_empty() || line.starts_with('#') || (!is_used && IDLE.contains(&program))
}

fn inputs(event: &Value) -> Vec<Input> {
    let entries = event.get("inputs").map(Value::entries).unwrap_or_default();
    let input = |(name, value): (&str, &Value)| Input {
        name: name.to_owned(),
        kind: value.get("type").and_then(Value::text).unwrap_or("string").to_owned(),
        demand: demand(value),
    };
    entries.iter().filter_map(|entry| Some((entry.key.name()?, &entry.value))).map(input).collect()
}

fn demand(value: &Value) -> Demand {
    let is_required = value.get("required").is_some_and(|required| required.data == Data::Bool(true));
    match (is_required, value.get("default").is_some()) {
        (true, false) => Demand::Required,
        (true, true) => Demand::Defaulted,
        (false, _) => Demand::Optional,
    }
}

fn callable(event: Option<&Value>) -> Callable {
    let secrets = event.and_then(|event| event.get("secrets")).map(Value::entries).unwrap_or_default();
    let secret = |(name, value): (&str, &Value)| (name.to_owned(), demand(value));
    Callable::Yes {
        inputs: event.map(inputs).unwrap_or_default(),
        secrets: secrets
            .iter()
            .filter_map(|entry| Some((entry.key.name()?, &entry.value)))
            .map(secret)
            .collect(),
    }
}

fn follows(event: &Value) -> Vec<Follow> {
    let names = event.get("workflows").map(texts).unwrap_or_default();
    names.into_iter().map(|(name, line)| Follow { workflow: name.to_owned(), line }).collect()
}

fn concurrency(value: &Value) -> Option<Concurrency> {
    let group = value.text().or_else(|| value.get("group").and_then(Value::text))?.to_owned();
    let cancels = match value.get("cancel-in-progress").map(|cancels| &cancels.data) {
        Some(Data::Bool(true)) => Cancels::Always,
        Some(Data::Text(_)) => Cancels::Sometimes,
        Some(_) | None => Cancels::Never,
    };
    let line = value.get("group").map_or(value.line, |group| group.line);
    Some(Concurrency { group, cancels, line })
}

fn call(job: &Value) -> Option<Call> {
    let uses = job.get("uses")?;
    let names = |value: &Value| -> Vec<String> {
        value.entries().iter().filter_map(|entry| entry.key.name()).map(str::to_owned).collect()
    };
    let secrets = match job.get("secrets") {
        Some(secrets) if secrets.text() == Some("inherit") => Handover::Inherited,
        Some(secrets) => Handover::Named(names(secrets)),
        None => Handover::default(),
    };
    let inputs = job.get("with").map(names).unwrap_or_default();
    Some(Call { uses: uses.text()?.to_owned(), line: uses.line, inputs, secrets })
}

/// A text, or the texts of a list.
fn texts<'v>(value: &'v Value<'_>) -> Vec<(&'v str, u32)> {
    let one = |value: &Value| (value.line, value.text().is_some());
    let all = if one(value).1 { std::slice::from_ref(value) } else { value.items() };
    all.iter().filter_map(|value| Some((value.text()?, value.line))).collect()
}

/// What is ordered by name, once each.
#[derive(Default)]
struct Sets {
    permissions: BTreeSet<String>,
    labels: BTreeSet<String>,
    actions: BTreeSet<String>,
    needs: BTreeSet<Need>,
}

impl Sets {
    fn permissions(&mut self, place: &Value) {
        let Some(permissions) = place.get("permissions") else { return };
        self.permissions.extend(permissions.text().map(str::to_owned));
        for entry in permissions.entries() {
            if let (Some(name), Some(access)) = (entry.key.name(), entry.value.text()) {
                self.permissions.insert(format!("{name}: {access}"));
                if name == "id-token" && access == "write" {
                    self.needs.insert(Need::Oidc);
                }
            }
        }
    }

    fn job(&mut self, job: &Value) {
        self.permissions(job);
        if let Some(runner) = job.get("runs-on") {
            let labels = runner.get("labels").unwrap_or(runner);
            self.labels.extend(texts(labels).into_iter().map(|(label, _)| label.to_owned()));
        }
        let parts = [
            ("container", Need::Container),
            ("services", Need::Services),
            ("environment", Need::Environment),
        ];
        self.needs.extend(parts.into_iter().filter(|(key, _)| job.get(key).is_some()).map(|(_, need)| need));
        for step in job_steps::of(job) {
            if ["parallel", "background", "wait", "wait-all", "cancel"]
                .iter()
                .any(|key| step.entry(key).is_some())
            {
                self.needs.insert(Need::Parallel);
            }
            if let Some(action) = step.get("uses").and_then(Value::text) {
                self.action(action);
            }
        }
    }

    fn action(&mut self, action: &str) {
        let name = action.split_once('@').map_or(action, |(name, _)| name);
        let need = match name {
            "actions/upload-artifact" | "actions/download-artifact" => Some(Need::Artifacts),
            name if name.starts_with("actions/cache") => Some(Need::Cache),
            name if name.starts_with("docker://") => Some(Need::Container),
            _ => None,
        };
        self.needs.extend(need);
        if !self.actions.contains(action) {
            self.actions.insert(action.to_owned());
        }
    }
}
