//! Asking the agent of a repository.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use standin_agent::api::ErrorBody;
use standin_agent::lock::{Lock, LockError};
use standin_agent::state_dir::{AgentFile, StateDir};

use crate::exit::Failure;

/// Longest wait for a connection: the agent is on this machine.
const CONNECT: Duration = Duration::from_secs(2);
/// Longest wait for an answer that needs a look.
pub(crate) const LOOK: Duration = Duration::from_secs(15);
/// Longest wait for an answer that needs a recovery.
pub(crate) const ACT: Duration = Duration::from_secs(90);

/// A running agent.
pub(crate) struct Client {
    http: reqwest::Client,
    /// How it said that it is found.
    pub file: AgentFile,
}

/// What became of a question.
pub(crate) enum Asked<T> {
    /// The agent answered.
    Answered(T),
    /// None runs: nobody listens where the last one did, or none has left word.
    NoAgent,
}

impl Client {
    /// The agent of this state; `None` when none has left word, or the one that has is dead.
    pub(crate) fn of(state: &StateDir) -> Result<Option<Self>, Failure> {
        let Some(file) = state.read_agent_file() else { return Ok(None) };
        let http = standin_http::on_this_machine(CONNECT);
        let http = http.map_err(anyhow::Error::from)?;
        Ok(Some(Self { http, file }))
    }

    /// Asks; the answer is JSON.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<Asked<T>, Failure> {
        let ask = || self.request(Method::GET, path, patience).send();
        let response = match ask().await {
            // An agent that has just ended breaks off. To look again does no harm, and tells.
            Err(error) if !error.is_connect() && !error.is_timeout() => ask().await,
            sent => sent,
        };
        match self.answer(response).await? {
            Asked::Answered(response) => Ok(Asked::Answered(parse(response).await?)),
            Asked::NoAgent => Ok(Asked::NoAgent),
        }
    }

    /// Asks with a body; the answer is JSON.
    pub(crate) async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        patience: Duration,
    ) -> Result<Asked<T>, Failure> {
        match self.tell(path, body, patience).await? {
            Asked::Answered(response) => Ok(Asked::Answered(parse(response).await?)),
            Asked::NoAgent => Ok(Asked::NoAgent),
        }
    }

    /// Tells something; the answer has no body.
    pub(crate) async fn tell<B: Serialize>(
        &self,
        path: &str,
        body: &B,
        patience: Duration,
    ) -> Result<Asked<reqwest::Response>, Failure> {
        self.answer(self.request(Method::POST, path, patience).json(body).send().await).await
    }

    fn request(&self, method: Method, path: &str, patience: Duration) -> RequestBuilder {
        let url = format!("http://{}{path}", self.file.listen);
        self.http.request(method, url).bearer_auth(&self.file.token).timeout(patience)
    }

    async fn answer(
        &self,
        sent: reqwest::Result<reqwest::Response>,
    ) -> Result<Asked<reqwest::Response>, Failure> {
        let response = match sent {
            Ok(response) => response,
            Err(error) if is_refused(&error) => return Ok(Asked::NoAgent),
            Err(error) => {
                let what = if error.is_timeout() { "did not answer in time" } else { "broke off" };
                return Err(Failure::Platform(format!("the agent (process {}) {what}", self.file.pid)));
            }
        };
        match response.status() {
            status if status.is_success() => Ok(Asked::Answered(response)),
            // Something else listens where the agent did.
            StatusCode::UNAUTHORIZED => Ok(Asked::NoAgent),
            status => {
                let body = response.json::<ErrorBody>().await.ok();
                let error = body.map_or_else(|| format!("the agent answered {status}"), |b| b.error);
                let unknown = status == StatusCode::NOT_FOUND;
                Err(if unknown { Failure::Usage(error) } else { Failure::Platform(error) })
            }
        }
    }
}

/// Whether nobody listens there. Anything else says nothing of whether an agent runs.
fn is_refused(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = cause {
        if let Some(io) = one.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        cause = one.source();
    }
    false
}

/// Says so when an agent holds the state and cannot be asked: it may not be taken for none.
pub(crate) fn refuse_if_held(state: &StateDir) -> Result<(), Failure> {
    if !state.lock().exists() {
        return Ok(());
    }
    match Lock::take(&state.lock(), Duration::ZERO) {
        Err(LockError::Held { pid }) => Err(Failure::Platform(format!(
            "an agent (process {pid}) runs and does not answer: `standin down --force` ends it"
        ))),
        // Whoever has no right to the lock cannot tell, and is told by what comes next.
        Ok(_) | Err(LockError::Io { .. }) => Ok(()),
    }
}

async fn parse<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, Failure> {
    let unreadable =
        |_| Failure::Platform("the agent answered something that this version cannot read".to_owned());
    response.json().await.map_err(unreadable)
}
