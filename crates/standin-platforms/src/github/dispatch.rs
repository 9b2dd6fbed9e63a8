//! Starting a workflow, once.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde::Serialize;
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Sent;
use standin_core::mesh::clock::StoreTime;
use standin_http::Reply;
use tokio::time::Instant;

use super::names::WorkflowFile;
use super::seen::{DispatchedJson, WorkflowState};
use super::{Github, GithubError, Right, Task, transport};
use crate::api::encoded;
use crate::gate::Purpose;

/// The input that carries the key.
pub const KEY_INPUT: &str = "standin-key";
const ATTEMPT_INPUT: &str = "standin-attempt";
const SLOT_INPUT: &str = "standin-slot";

/// Times that one dispatch is sent at most. It is sent again only after a refusal that says what to leave out.
const MAX_SENDS: u32 = 3;

const DISPATCH: Task = Task { what: "dispatch workflows", right: Right::WriteActions };

/// What to do when GitHub has put the workflow to sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asleep {
    /// Enable it first.
    Enable,
    /// Refuse.
    Refuse,
}

/// One start of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Goes with it as the input `standin-key`: what the workflow deduplicates.
    pub key: EffectKey,
    /// Goes with it as the input `standin-attempt`.
    pub attempt: u8,
    /// Goes with it as the input `standin-slot`, if it is for one.
    pub slot: Option<StoreTime>,
    /// Inputs of the workflow's own.
    pub inputs: BTreeMap<String, String>,
    /// What to do when it is asleep.
    pub asleep: Asleep,
}

/// Whether the run knows its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTaken {
    /// It has it.
    Carried,
    /// The workflow declares no such input, so it was started without: it cannot deduplicate.
    NotDeclared,
}

/// What came of a dispatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    /// What is known of it.
    pub sent: Sent,
    /// The run, where the server tells.
    pub run: Option<u64>,
    /// Whether the key went with it.
    pub key: KeyTaken,
    /// Why not, or why it is unknown.
    pub error: Option<GithubError>,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    #[serde(rename = "ref")]
    git_ref: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    inputs: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_run_details: Option<bool>,
}

impl Github {
    /// Starts a workflow, after a look at its state. At most one of the requests that it takes has an effect.
    ///
    /// Where the workflow does not declare the inputs that carry the key, it is started without them, and
    /// [`Dispatched::key`] says so.
    pub async fn dispatch(&self, workflow: &WorkflowFile, dispatch: &Dispatch) -> Dispatched {
        let latest = Instant::now() + self.send_within;
        let mut key = self.key_of(workflow);
        let sent = match Box::pin(self.ready(workflow, dispatch.asleep)).await {
            Ok(git_ref) => Box::pin(self.send_dispatch(workflow, dispatch, &git_ref, latest, &mut key)).await,
            // Only the start itself counts, and it was not sent.
            Err(error) => {
                return Dispatched { sent: Sent::Refused, run: None, key, error: Some(error) };
            }
        };
        match sent {
            Ok(run) => Dispatched { sent: Sent::Accepted, run, key, error: None },
            Err(error) => Dispatched { sent: error.sent(), run: None, key, error: Some(error) },
        }
    }

    /// Sees to it that the workflow can be started, and gives the branch to start it on.
    async fn ready(&self, workflow: &WorkflowFile, asleep: Asleep) -> Result<String, GithubError> {
        let git_ref = self.git_ref().await?.to_owned();
        match (self.state(workflow).await?, asleep) {
            (WorkflowState::Active, _) => {}
            (WorkflowState::DisabledInactivity, Asleep::Enable) => self.put_enable(workflow).await?,
            (WorkflowState::DisabledInactivity, Asleep::Refuse) => {
                return Err(GithubError::Asleep(workflow.clone()));
            }
            (WorkflowState::DisabledManually, _) => {
                return Err(GithubError::DisabledManually(workflow.clone()));
            }
            (WorkflowState::Gone, _) => return Err(self.absent(workflow).await),
            (WorkflowState::Other(state), _) => {
                return Err(GithubError::State { workflow: workflow.clone(), state });
            }
        }
        Ok(git_ref)
    }

    async fn send_dispatch(
        &self,
        workflow: &WorkflowFile,
        dispatch: &Dispatch,
        git_ref: &str,
        latest: Instant,
        key: &mut KeyTaken,
    ) -> Result<Option<u64>, GithubError> {
        let path = self.path(&format!("actions/workflows/{}/dispatches", encoded(workflow.as_str())));
        let mut refused = None;
        for _ in 0..MAX_SENDS {
            let inputs = inputs(dispatch, *key);
            let return_run_details = (!self.memory().refuses_details).then_some(true);
            let body = Body { git_ref, inputs: &inputs, return_run_details };
            in_time(latest, self.send_within)?;
            let reply = self.ask(Purpose::Recovery, Method::POST, &path, Some(&body)).await?;
            match reply.status {
                204 => return Ok(None),
                // Only an answer of this shape is GitHub's; what a redirect ends at has another.
                200..=299 => {
                    return transport::read::<DispatchedJson>(&reply).map(|json| Some(json.workflow_run_id));
                }
                404 => return Err(self.absent(workflow).await),
                _ => {}
            }
            let words = self.transport.words(&reply);
            if return_run_details.is_some() && refuses_details(&reply, &words) {
                self.memory().refuses_details = true;
            } else if *key == KeyTaken::Carried && refuses_key(&reply, &words) {
                *key = KeyTaken::NotDeclared;
                self.memory().keyless.insert(workflow.clone());
            } else {
                return Err(self.why_not(workflow, git_ref, &reply, &words));
            }
            refused = Some(self.why_not(workflow, git_ref, &reply, &words));
        }
        Err(refused.unwrap_or(GithubError::Lost("nothing was sent".to_owned())))
    }

    fn key_of(&self, workflow: &WorkflowFile) -> KeyTaken {
        if self.memory().keyless.contains(workflow) { KeyTaken::NotDeclared } else { KeyTaken::Carried }
    }

    fn why_not(&self, workflow: &WorkflowFile, git_ref: &str, reply: &Reply, words: &str) -> GithubError {
        let lower = words.to_ascii_lowercase();
        if reply.status != 422 {
            self.refusal(reply, DISPATCH)
        } else if lower.contains("no ref found") {
            GithubError::NoRef { repository: self.repository.clone(), git_ref: git_ref.to_owned() }
        } else if lower.contains("does not have") && lower.contains("workflow_dispatch") {
            GithubError::NotDispatchable(workflow.clone())
        } else if lower.contains("disabled workflow") {
            // It was active when it was looked at, so somebody has just disabled it.
            GithubError::DisabledManually(workflow.clone())
        } else if lower.contains("unexpected inputs") {
            let inputs = words.split_once(':').map_or(words, |(_, names)| names).trim().to_owned();
            GithubError::Inputs { workflow: workflow.clone(), inputs }
        } else {
            self.refusal(reply, DISPATCH)
        }
    }
}

/// Whether there is still time to send.
pub(super) fn in_time(latest: Instant, within: Duration) -> Result<(), GithubError> {
    if Instant::now() <= latest { Ok(()) } else { Err(GithubError::TooLate { seconds: within.as_secs() }) }
}

fn inputs(dispatch: &Dispatch, key: KeyTaken) -> BTreeMap<String, String> {
    let mut inputs = dispatch.inputs.clone();
    if key == KeyTaken::Carried {
        inputs.insert(KEY_INPUT.to_owned(), dispatch.key.0.clone());
        inputs.insert(ATTEMPT_INPUT.to_owned(), dispatch.attempt.to_string());
        inputs.extend(dispatch.slot.map(|slot| (SLOT_INPUT.to_owned(), slot.to_string())));
    }
    inputs
}

/// Whether the server does not know the field: enterprise servers of before 2026.
fn refuses_details(reply: &Reply, words: &str) -> bool {
    matches!(reply.status, 400 | 422) && words.contains("return_run_details")
}

/// Whether the workflow does not declare the inputs of Standin.
fn refuses_key(reply: &Reply, words: &str) -> bool {
    let is_about_inputs = words.to_ascii_lowercase().contains("unexpected inputs");
    reply.status == 422 && is_about_inputs && words.contains("standin-")
}
