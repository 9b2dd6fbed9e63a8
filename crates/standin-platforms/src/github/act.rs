//! What is done besides starting a workflow: waking one, repeating a run, sending an event.

use http::Method;
use serde::Serialize;
use standin_core::mesh::claim::Sent;
use tokio::time::Instant;

use super::dispatch::in_time;
use super::names::WorkflowFile;
use super::seen::WorkflowState;
use super::{Github, GithubError, Right, Task};
use crate::api::encoded;
use crate::gate::Purpose;

/// Longest name of a repository event, in characters: what GitHub allows.
const MAX_EVENT_CHARS: usize = 100;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// What is known of it.
    pub sent: Sent,
    /// Why not, or why it is unknown.
    pub error: Option<GithubError>,
}

impl From<Result<(), GithubError>> for Acted {
    fn from(result: Result<(), GithubError>) -> Self {
        match result {
            Ok(()) => Self { sent: Sent::Accepted, error: None },
            Err(error) => Self { sent: error.sent(), error: Some(error) },
        }
    }
}

#[derive(Debug, Serialize)]
struct EventBody<'a, P> {
    event_type: &'a str,
    client_payload: &'a P,
}

impl Github {
    /// Enables a workflow that GitHub has put to sleep. One that a person disabled is left alone, and one that is
    /// active needs nothing: that counts as accepted.
    pub async fn enable(&self, workflow: &WorkflowFile) -> Acted {
        let state = match self.state(workflow).await {
            Ok(state) => state,
            // The look alone changes nothing, however it failed.
            Err(error) => return Acted { sent: Sent::Refused, error: Some(error) },
        };
        match state {
            WorkflowState::Active => Ok(()),
            WorkflowState::DisabledInactivity => self.put_enable(workflow).await,
            WorkflowState::DisabledManually => Err(GithubError::DisabledManually(workflow.clone())),
            WorkflowState::Gone => Err(self.absent(workflow).await),
            WorkflowState::Other(state) => Err(GithubError::State { workflow: workflow.clone(), state }),
        }
        .into()
    }

    pub(super) async fn put_enable(&self, workflow: &WorkflowFile) -> Result<(), GithubError> {
        let path = self.path(&format!("actions/workflows/{}/enable", encoded(workflow.as_str())));
        let reply = self.ask(Purpose::Recovery, Method::PUT, &path, None::<&()>).await?;
        match reply.status {
            204 => Ok(()),
            404 => Err(self.absent(workflow).await),
            _ => Err(self.refusal(&reply, Task { what: "enable workflows", right: Right::WriteActions })),
        }
    }

    /// Repeats the failed jobs of a run, if it has ended and nobody has repeated it since `attempt` was seen.
    /// Look, then act: between the two somebody else may do the same.
    pub async fn rerun_failed(&self, run: u64, attempt: u32) -> Acted {
        let latest = Instant::now() + self.send_within;
        if let Err(error) = self.is_still(run, attempt).await {
            return Acted { sent: Sent::Refused, error: Some(error) };
        }
        let sent = async {
            in_time(latest, self.send_within)?;
            let path = self.path(&format!("actions/runs/{run}/rerun-failed-jobs"));
            let reply = self.ask(Purpose::Recovery, Method::POST, &path, None::<&()>).await?;
            match reply.status {
                201 => Ok(()),
                404 => Err(GithubError::NoRun { repository: self.repository.clone(), run }),
                403 if self.transport.words(&reply).contains("already running") => {
                    Err(GithubError::RunMoved(run))
                }
                _ => Err(self.refusal(&reply, Task { what: "repeat runs", right: Right::WriteActions })),
            }
        };
        Box::pin(sent).await.into()
    }

    async fn is_still(&self, run: u64, attempt: u32) -> Result<(), GithubError> {
        let now = self.run(run).await?;
        if now.is_over() && now.attempt == attempt { Ok(()) } else { Err(GithubError::RunMoved(run)) }
    }

    /// Sends a repository event. GitHub starts whatever listens to it, and does not say what that was.
    pub async fn repository_dispatch(&self, event: &str, payload: &(impl Serialize + Sync)) -> Acted {
        if event.is_empty() || event.chars().count() > MAX_EVENT_CHARS {
            let value = crate::text::shown(event);
            let fix = "it has to have 1 to 100 characters";
            return Err(GithubError::Setting { what: "the event", value, fix }).into();
        }
        let sent = async {
            let body = EventBody { event_type: event, client_payload: payload };
            let path = self.path("dispatches");
            let reply = self.ask(Purpose::Recovery, Method::POST, &path, Some(&body)).await?;
            match reply.status {
                204 => Ok(()),
                _ => Err(self
                    .refusal(&reply, Task { what: "send repository events", right: Right::WriteContents })),
            }
        };
        Box::pin(sent).await.into()
    }
}
