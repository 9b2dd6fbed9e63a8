//! Workflows: what their files say, their states, and how they are dispatched.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::{Answered, Call, Refusal, missing, not_found};
use super::objects::Oid;
use super::runs::{Cause, Conclusion};
use super::{expressions, shapes, yaml};
use crate::wire::Reply;

/// GitHub takes no more inputs.
const MAX_INPUTS: usize = 25;
/// The version of the API since which a dispatch always names its run.
const NAMES_RUNS_SINCE: &str = "2026-03-10";

/// Whether a workflow runs when its events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowState {
    /// It runs.
    Active,
    /// Switched off by the vendor after 60 days without activity.
    DisabledInactivity,
    /// Switched off by a person.
    DisabledManually,
}

impl WorkflowState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::DisabledInactivity => "disabled_inactivity",
            Self::DisabledManually => "disabled_manually",
        }
    }
}

/// What the runs of a workflow do, in place of the runner's own work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Milliseconds after which a run ends.
    #[serde(default)]
    pub after_ms: u64,
    /// How it ends; a run without an end stays as it is until it is cancelled.
    #[serde(default)]
    pub conclusion: Option<Conclusion>,
    /// Whether it shows jobs.
    #[serde(default)]
    pub jobs: ScriptedJobs,
}

impl Script {
    /// A run that ends so, after so long.
    #[must_use]
    pub fn ends(conclusion: Conclusion, after: Duration) -> Self {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Self { after_ms, conclusion: Some(conclusion), jobs: ScriptedJobs::AsWritten }
    }

    /// A run that stays queued for ever and shows no job.
    #[must_use]
    pub fn stuck_without_jobs() -> Self {
        Self { after_ms: 0, conclusion: None, jobs: ScriptedJobs::None }
    }

    /// Whether runs stay queued.
    pub(crate) fn is_stuck(&self) -> bool {
        self.conclusion.is_none() && self.jobs == ScriptedJobs::None
    }

    /// A run that is in progress for ever.
    #[must_use]
    pub fn hangs() -> Self {
        Self { after_ms: 0, conclusion: None, jobs: ScriptedJobs::AsWritten }
    }
}

/// Which jobs a scripted run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedJobs {
    /// Those of the file.
    #[default]
    AsWritten,
    /// None, as a run that GitHub never got to.
    None,
}

/// What a workflow's file says, as far as the stage needs it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Definition {
    pub(crate) name: Option<String>,
    pub(crate) run_name: Option<String>,
    pub(crate) events: Map<String, Value>,
    /// Each job's key and name, in the order of the keys.
    pub(crate) jobs: Vec<(String, String)>,
}

impl Definition {
    /// Reads a file. One that is not YAML is a workflow without events, as on GitHub.
    pub(crate) fn read(text: &str) -> Self {
        let root = yaml::parse(text).unwrap_or_default();
        let text = |name: &str| root.get(name).and_then(Value::as_str).map(str::to_owned);
        let events = match root.get("on") {
            Some(Value::String(event)) => Map::from_iter([(event.clone(), Value::Null)]),
            Some(Value::Array(events)) => {
                events.iter().filter_map(Value::as_str).map(|event| (event.to_owned(), Value::Null)).collect()
            }
            Some(Value::Object(events)) => events.clone(),
            _ => Map::new(),
        };
        let named = |(key, job): (&String, &Value)| {
            let name = job.get("name").and_then(Value::as_str).unwrap_or(key);
            (key.clone(), name.to_owned())
        };
        let jobs = root.get("jobs").and_then(Value::as_object).into_iter().flatten().map(named).collect();
        Self { name: text("name"), run_name: text("run-name"), events, jobs }
    }

    /// The schedules' cron texts.
    pub(crate) fn crons(&self) -> Vec<&str> {
        let list = self.events.get("schedule").and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|line| line.get("cron").and_then(Value::as_str)).collect()
    }

    /// The title of a run, from `run-name` where the file has one.
    pub(crate) fn title(&self, fallback: &str, context: &Value) -> String {
        match &self.run_name {
            Some(text) => expressions::render(text, context),
            None => self.name.clone().unwrap_or_else(|| fallback.to_owned()),
        }
    }

    fn inputs(&self) -> Option<&Map<String, Value>> {
        self.events.get("workflow_dispatch")?.get("inputs")?.as_object()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Workflow {
    pub(crate) id: u64,
    pub(crate) path: String,
    pub(crate) state: WorkflowState,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) definition: Definition,
    pub(crate) blob: Oid,
    pub(crate) script: Option<Script>,
}

impl Workflow {
    /// The name of its file, without the folder.
    pub(crate) fn file(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(crate) fn name(&self) -> &str {
        self.definition.name.as_deref().unwrap_or(&self.path)
    }
}

/// `GET actions/workflows`.
pub(crate) fn list(call: &Call<'_>) -> Answered {
    let all: Vec<&Workflow> = call.repo.workflows.values().collect();
    let total = all.len();
    let (page, link) = call.page(all)?;
    let shapes: Vec<Value> = page.into_iter().map(|workflow| shapes::workflow(call, workflow)).collect();
    let reply = Reply::json(200, &json!({ "total_count": total, "workflows": shapes }));
    Ok(shapes::linked(reply, link))
}

/// `GET actions/workflows/{id or file}`.
pub(crate) fn get(call: &Call<'_>, key: &str) -> Answered {
    let workflow = call.repo.workflow(key).ok_or_else(not_found)?;
    Ok(Reply::json(200, &shapes::workflow(call, workflow)))
}

/// `PUT actions/workflows/{id or file}/enable` and `/disable`.
pub(crate) fn set_state(call: &mut Call<'_>, key: &str, state: WorkflowState) -> Answered {
    let now = call.now;
    let workflow = call.repo.workflow_mut(key)?;
    if workflow.state == WorkflowState::DisabledManually && state == WorkflowState::DisabledManually {
        return Err(Refusal::new(403, "Unable to disable this workflow."));
    }
    (workflow.state, workflow.updated) = (state, now);
    Ok(Reply::empty(204))
}

/// `POST actions/workflows/{id or file}/dispatches`.
pub(crate) fn dispatch(call: &mut Call<'_>, key: &str) -> Answered {
    let reference = call.text("ref")?.to_owned();
    let workflow = call.repo.workflow(key).ok_or_else(not_found)?;
    let (path, active) = (workflow.path.clone(), workflow.state == WorkflowState::Active);
    let head = call.repo.resolve(&reference);
    let head = head.ok_or_else(|| Refusal::new(422, format!("No ref found for: {reference}")))?;
    let definition = call.repo.definition(head, &path).ok_or_else(not_found)?;
    if !definition.events.contains_key("workflow_dispatch") {
        return Err(Refusal::new(422, "Workflow does not have 'workflow_dispatch' trigger"));
    }
    if !active {
        return Err(Refusal::new(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow"));
    }
    let inputs = checked_inputs(&definition, call.body.get("inputs"))?;
    let names_run = wants_details(call)?;
    let branch = reference.trim_start_matches("refs/heads/").to_owned();
    let event = json!({ "inputs": inputs, "ref": format!("refs/heads/{branch}"), "workflow": path });
    let cause = Cause { event: "workflow_dispatch", payload: event, branch, head, slot: None };
    let (id, base) = (super::runs::begin(call, &path, &definition, cause), call.url());
    if !names_run {
        return Ok(Reply::empty(204));
    }
    let html = format!("{}/{}/actions/runs/{id}", call.base, call.repo.full_name());
    let body =
        json!({ "workflow_run_id": id, "run_url": format!("{base}/actions/runs/{id}"), "html_url": html });
    Ok(Reply::json(200, &body))
}

fn wants_details(call: &Call<'_>) -> Result<bool, Refusal> {
    let by_version =
        call.request.header("x-github-api-version").is_some_and(|version| version >= NAMES_RUNS_SINCE);
    match call.body.get("return_run_details") {
        None => Ok(by_version),
        Some(Value::Bool(wanted)) => Ok(*wanted || by_version),
        Some(_) => Err(super::call::invalid("return_run_details")),
    }
}

fn checked_inputs(definition: &Definition, given: Option<&Value>) -> Result<Map<String, Value>, Refusal> {
    let empty = Map::new();
    let given = match given {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(given)) => given,
        Some(_) => return Err(super::call::invalid("inputs")),
    };
    if given.len() > MAX_INPUTS {
        return Err(Refusal::new(422, format!("you may only define up to {MAX_INPUTS} inputs")));
    }
    let declared = definition.inputs().unwrap_or(&empty);
    let unknown: Vec<&String> = given.keys().filter(|name| !declared.contains_key(*name)).collect();
    if !unknown.is_empty() {
        return Err(Refusal::new(422, format!("Unexpected inputs provided: {}", json!(unknown))));
    }
    let mut inputs = Map::new();
    for (name, input) in declared {
        if let Some(value) = checked_input(name, input, given.get(name))? {
            inputs.insert(name.clone(), value);
        }
    }
    Ok(inputs)
}

/// A workflow sees every input as text, the defaults among them.
fn checked_input(name: &str, input: &Value, given: Option<&Value>) -> Result<Option<Value>, Refusal> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let required = input.get("required").and_then(Value::as_bool) == Some(true);
    let default = input.get("default").map(text);
    let Some(value) = given.map(text).or(default) else {
        return if required {
            Err(Refusal::new(422, format!("Required input '{name}' not provided")))
        } else {
            Ok(None)
        };
    };
    let options = input.get("options").and_then(Value::as_array);
    let is_choice = input.get("type").and_then(Value::as_str) == Some("choice");
    if is_choice && options.is_some_and(|options| !options.iter().any(|option| text(option) == value)) {
        let message =
            format!("Provided value '{value}' for input '{name}' not in the list of allowed values");
        return Err(Refusal::new(422, message));
    }
    Ok(Some(Value::String(value)))
}

/// `POST dispatches`: starts every active workflow that listens to this type of event.
pub(crate) fn repository_dispatch(call: &mut Call<'_>) -> Answered {
    let kind = call.text("event_type")?.to_owned();
    if kind.is_empty() || kind.len() > 100 {
        return Err(super::call::invalid("event_type"));
    }
    let payload = call.body.get("client_payload").cloned().unwrap_or_else(|| json!({}));
    if !payload.is_object() {
        return Err(super::call::invalid("client_payload"));
    }
    let Some(head) = call.repo.head() else { return Err(missing("ref")) };
    let listens = |workflow: &Workflow| {
        let types = workflow.definition.events.get("repository_dispatch")?.get("types").cloned();
        let fits = match types {
            Some(Value::Array(types)) => types.iter().any(|one| one.as_str() == Some(&kind)),
            Some(Value::String(one)) => one == kind,
            _ => true,
        };
        (fits && workflow.state == WorkflowState::Active)
            .then(|| (workflow.path.clone(), workflow.definition.clone()))
    };
    let listening: BTreeMap<String, Definition> = call.repo.workflows.values().filter_map(listens).collect();
    let branch = call.repo.default_branch.clone();
    for (path, definition) in listening {
        let payload = json!({ "action": kind, "branch": branch, "client_payload": payload });
        let cause = Cause { event: "repository_dispatch", payload, branch: branch.clone(), head, slot: None };
        super::runs::begin(call, &path, &definition, cause);
    }
    Ok(Reply::empty(204))
}
