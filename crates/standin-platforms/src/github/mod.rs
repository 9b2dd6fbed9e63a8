//! GitHub Actions: workflows are looked at, started, repeated and woken, through octocrab.
//!
//! What is asked and what is done is described in `docs/platforms.md`. Everything is tried once. A request that may
//! have had an effect without our knowing says so ([`Sent::Unknown`](standin_core::mesh::claim::Sent)).

mod act;
mod cancel;
mod dispatch;
mod error;
mod lists;
mod names;
mod probe;
mod seen;
mod survey;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use standin_http::{Http, Reply};

pub use act::Acted;
pub use dispatch::{Asleep, Dispatch, Dispatched, KEY_INPUT, KeyTaken};
pub use error::{GithubError, Right};
pub use lists::{MAX_RUN_PAGES, MAX_WORKFLOW_PAGES};
pub use names::WorkflowFile;
pub use seen::{Covered, Event, Phase, Run, Survey, WorkflowSeen, WorkflowState};
pub use survey::{MAX_RUNS_KEPT, MAX_SURVEY_REQUESTS};

use crate::api::encoded;
use crate::gate::Purpose;
use seen::{RepositoryJson, WorkflowJson};
use transport::Transport;

/// Requests that surveys leave for recoveries.
pub const RESERVE: u64 = crate::gate::RESERVE;

/// A run that waits for longer than this without having a job hangs.
pub const STUCK_AFTER: Duration = Duration::from_mins(15);

/// Runs that are remembered to hang, so that they are not asked for again and again.
const MAX_STUCK: usize = 1_000;

/// Which repository, and how it is reached.
#[derive(Debug, Clone)]
pub struct GithubOptions {
    /// Where the API is: `https://api.github.com`, or `https://HOST/api/v3` of an enterprise server.
    pub api_url: String,
    /// `OWNER/NAME`.
    pub repository: String,
    /// What it is asked with.
    pub token: SecretString,
    /// The branch or tag that workflows are started on; the default branch when there is none.
    pub git_ref: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
    /// After this long, a recovery that has not been sent is not sent any more: the right to it may have ended.
    pub send_within: Duration,
}

/// One repository on GitHub. Cheap to clone; clones share what they know of limits.
#[derive(Debug, Clone)]
pub struct Github {
    transport: Transport,
    repository: String,
    send_within: Duration,
    git_ref: Arc<OnceLock<String>>,
    memory: Arc<Mutex<Memory>>,
}

/// What earlier answers have taught. All of it may be forgotten.
#[derive(Debug, Default)]
struct Memory {
    /// The server refuses to be asked for the id of the run that a dispatch starts.
    refuses_details: bool,
    /// Workflows that do not declare the inputs that carry the key.
    keyless: BTreeSet<WorkflowFile>,
    /// The names of the workflows that were seen last.
    known: BTreeSet<WorkflowFile>,
    /// Runs that hang without a job.
    stuck: BTreeSet<u64>,
}

/// What a token can do, and what GitHub still allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The repository's name now; another than the configured one when it was renamed.
    pub full_name: String,
    /// Where schedules run.
    pub default_branch: String,
    /// Requests that are left until the limit starts anew, of so many; `None` when GitHub does not say.
    pub requests: Option<(u64, u64)>,
    /// GitHub's clock.
    pub clock: Option<Timestamp>,
}

/// What a request is to do, for the error that says that it may not.
#[derive(Debug, Clone, Copy)]
struct Task {
    what: &'static str,
    right: Right,
}

const READ_RUNS: Task = Task { what: "read workflows and their runs", right: Right::ReadActions };

impl Github {
    /// The repository behind these options. Sends nothing. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`GithubError::Setting`] or [`GithubError::TokenText`] when a setting is unusable.
    pub fn new(http: &Http, options: GithubOptions) -> Result<Self, GithubError> {
        names::check_repository(&options.repository)?;
        let transport = Transport::new(http, &options.api_url, options.token, options.timeout)?;
        let git_ref = OnceLock::new();
        if let Some(name) = options.git_ref.filter(|name| !name.trim().is_empty()) {
            let _ = git_ref.set(name);
        }
        Ok(Self {
            transport,
            repository: options.repository,
            send_within: options.send_within,
            git_ref: Arc::new(git_ref),
            memory: Arc::default(),
        })
    }

    /// `OWNER/NAME`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Whether the repository can be reached and read, and what is left of the limit. For `standin doctor`.
    ///
    /// # Errors
    /// [`GithubError`], which names the fix.
    pub async fn access(&self) -> Result<Access, GithubError> {
        let (reply, repository) = self.look_at_repository().await?;
        Ok(Access {
            full_name: repository.full_name,
            default_branch: repository.default_branch,
            requests: reply.allowance().map(|allowance| (allowance.remaining, allowance.limit)),
            clock: reply.date(),
        })
    }

    /// How one workflow is, asked now.
    ///
    /// # Errors
    /// [`GithubError`]; a workflow that is not there is [`GithubError::NoWorkflow`].
    pub async fn state(&self, workflow: &WorkflowFile) -> Result<WorkflowState, GithubError> {
        let path = self.path(&format!("actions/workflows/{}", encoded(workflow.as_str())));
        let reply = self.ask(Purpose::Recovery, Method::GET, &path, None::<&()>).await?;
        match reply.status {
            404 => Err(self.absent(workflow).await),
            _ => Ok(WorkflowState::of(&self.read::<WorkflowJson>(&reply, READ_RUNS)?.state)),
        }
    }

    /// The branch or tag that counts.
    async fn git_ref(&self) -> Result<&str, GithubError> {
        if self.git_ref.get().is_none() {
            let (_, repository) = self.look_at_repository().await?;
            let _ = self.git_ref.set(repository.default_branch);
        }
        Ok(self.git_ref.get().map_or("", String::as_str))
    }

    async fn look_at_repository(&self) -> Result<(Reply, RepositoryJson), GithubError> {
        let path = format!("/repos/{}", self.repository);
        let reply = self.ask(Purpose::Recovery, Method::GET, &path, None::<&()>).await?;
        let task = Task { what: "read the repository", right: Right::ReadMetadata };
        let json = self.read(&reply, task)?;
        Ok((reply, json))
    }

    /// Why there is no such workflow: its repository may be gone as well.
    async fn absent(&self, workflow: &WorkflowFile) -> GithubError {
        match self.look_at_repository().await {
            Err(error) => error,
            Ok(_) => GithubError::NoWorkflow {
                repository: self.repository.clone(),
                workflow: workflow.clone(),
                known: known(&self.memory().known),
            },
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.repository)
    }

    async fn ask(
        &self,
        purpose: Purpose,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<Reply, GithubError> {
        self.transport.ask(purpose, method, path, body).await
    }

    /// The JSON of a success, or what the refusal means.
    fn read<T: serde::de::DeserializeOwned>(&self, reply: &Reply, task: Task) -> Result<T, GithubError> {
        if reply.is_success() { transport::read(reply) } else { Err(self.refusal(reply, task)) }
    }

    fn refusal(&self, reply: &Reply, task: Task) -> GithubError {
        let message = self.transport.words(reply);
        match reply.status {
            401 => GithubError::Token,
            403 => {
                let wanted = reply.header("x-accepted-github-permissions").map(crate::text::shown);
                let detail = match wanted {
                    Some(wanted) => format!("{message} (accepted: {wanted})"),
                    None => message,
                };
                let detail = if detail.is_empty() { detail } else { format!("; GitHub says: {detail}") };
                let repository = self.repository.clone();
                GithubError::Forbidden { what: task.what, right: task.right, repository, detail }
            }
            404 => GithubError::NoRepository(self.repository.clone()),
            409 => GithubError::Conflict(message),
            500..=599 => GithubError::Server(reply.status),
            200..=399 => GithubError::Unreadable(format!("status {}", reply.status)),
            status => GithubError::Refused { status, message },
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names of workflows that there are, for an error.
fn known(workflows: &BTreeSet<WorkflowFile>) -> String {
    const MAX_NAMED: usize = 10;
    if workflows.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = workflows.iter().take(MAX_NAMED).map(WorkflowFile::as_str).collect();
    let more = if workflows.len() > MAX_NAMED { ", …" } else { "" };
    format!("; it has {}{more}", names.join(", "))
}
