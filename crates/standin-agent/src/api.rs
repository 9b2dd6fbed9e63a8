//! The control API: what the command line asks of a running agent. JSON over HTTP, with the agent's own token.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use standin_body::check::CheckV1;
use standin_core::beat::Beat;
use standin_core::ident::AutomationId;
use standin_engine::json_v1::{HealthReportV1, StatusV1};
use standin_engine::ports::{Arrival, Journal};
use tokio::sync::{mpsc, oneshot, watch};

use crate::control::{Command, Rehearsal, Stop};
use crate::mesh::Board;
use crate::pings::BeatBoard;
use crate::status::health_of;

/// Largest body of a control request, in bytes: a heartbeat's body is at most 100,000.
const MAX_BODY: usize = 256 * 1024;

/// What the API needs of the agent.
pub struct ApiState<J> {
    /// Asked of each request, as `Authorization: Bearer`.
    pub token: String,
    /// To the loop.
    pub commands: mpsc::Sender<Command>,
    /// From the loop.
    pub published: watch::Receiver<Arc<StatusV1>>,
    /// Where heartbeats are kept.
    pub journal: Arc<J>,
    /// Where heartbeats are noted once they are kept.
    pub board: Arc<BeatBoard>,
    /// What the mesh came to, where the agent takes part in one.
    pub mesh: Option<Arc<Board>>,
    /// What was watched when the agent began; senders may have made themselves known since.
    pub known: Vec<AutomationId>,
}

impl<J> ApiState<J> {
    fn knows(&self, id: &AutomationId) -> bool {
        self.known.contains(id) || self.board.knows(id)
    }
}

/// Asks for a recovery.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoverRequest {
    /// Which; none means everything that fails.
    pub ids: Vec<AutomationId>,
    /// Whether it is only said what would be done.
    pub dry_run: bool,
}

/// Asks the agent to end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {
    /// Whether it does not wait for what is under way.
    pub force: bool,
}

/// Hands in a heartbeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeatRequest {
    /// For which automation.
    pub id: AutomationId,
    /// The heartbeat; its time is that of the sender.
    pub beat: Beat,
    /// What goes with it, at most 100,000 bytes.
    pub body: String,
}

/// An error as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorBody {
    /// In a sentence.
    pub error: String,
}

type Shared<J> = State<Arc<ApiState<J>>>;

/// The routes below `/api/v1`.
pub fn router<J: Journal + 'static>(state: Arc<ApiState<J>>) -> Router {
    Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/health", get(health))
        .route("/api/v1/recover", post(recover))
        .route("/api/v1/beat", post(beat))
        .route("/api/v1/check", post(check))
        .route("/api/v1/stop", post(stop))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&state), authorise))
        .with_state(state)
}

async fn authorise<J: Journal + 'static>(State(state): Shared<J>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let given = given.and_then(|v| v.strip_prefix("Bearer ")).unwrap_or("");
    if same(given.as_bytes(), state.token.as_bytes()) {
        next.run(request).await
    } else {
        refuse(
            StatusCode::UNAUTHORIZED,
            "missing or wrong token: the command line reads it from .standin/agent.json",
        )
    }
}

/// Compares without telling by its time how much was right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}

/// Looks first, so that the answer is of this moment.
async fn fresh<J: Journal>(state: &ApiState<J>) -> Arc<StatusV1> {
    let (reply, looked) = oneshot::channel();
    if state.commands.send(Command::Look { reply }).await.is_ok() {
        let _ = looked.await;
    }
    state.published.borrow().clone()
}

async fn status<J: Journal + 'static>(State(state): Shared<J>) -> Json<StatusV1> {
    let mut status = fresh(&state).await.as_ref().clone();
    if let Some(mesh) = &state.mesh {
        mesh.fill(&mut status);
    }
    Json(status)
}

/// A watch cycle of the mesh now; 404 where the agent takes no part in one.
async fn check<J: Journal + 'static>(State(state): Shared<J>) -> Response {
    let Some(mesh) = &state.mesh else {
        return refuse(
            StatusCode::NOT_FOUND,
            "the agent takes no part in a mesh: standin.toml has no [[peer]] of the kind agent",
        );
    };
    let checked: Option<CheckV1> = mesh.check().await;
    match checked {
        Some(checked) => Json(checked).into_response(),
        None => refuse(StatusCode::SERVICE_UNAVAILABLE, "the agent is ending, or the cycle has failed"),
    }
}

async fn health<J: Journal + 'static>(State(state): Shared<J>) -> Json<HealthReportV1> {
    Json(health_of(&*fresh(&state).await))
}

async fn recover<J: Journal + 'static>(
    State(state): Shared<J>,
    Json(asked): Json<RecoverRequest>,
) -> Response {
    if let Some(unknown) = asked.ids.iter().find(|id| !state.knows(id)) {
        return unknown_id(unknown);
    }
    let rehearsal = if asked.dry_run { Rehearsal::Yes } else { Rehearsal::No };
    let (reply, answered) = oneshot::channel();
    let sent = state.commands.send(Command::Recover { ids: asked.ids, rehearsal, reply }).await.is_ok();
    match answered.await {
        Ok(Ok(answer)) if sent => Json(answer).into_response(),
        Ok(Err(why)) => refuse(StatusCode::SERVICE_UNAVAILABLE, &why),
        Ok(_) | Err(_) => refuse(StatusCode::SERVICE_UNAVAILABLE, "the agent is ending"),
    }
}

async fn beat<J: Journal + 'static>(State(state): Shared<J>, Json(asked): Json<BeatRequest>) -> Response {
    let BeatRequest { id, beat, body } = asked;
    if !state.knows(&id) {
        return unknown_id(&id);
    }
    let arrival =
        Arrival { id: id.clone(), beat, via: "cli".into(), agent: "standin".into(), body: body.into() };
    match state.journal.arrive(arrival).await {
        Ok(sum) => {
            state.board.set(id, sum);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn stop<J: Journal + 'static>(State(state): Shared<J>, Json(asked): Json<StopRequest>) -> Response {
    let how = if asked.force { Stop::Now } else { Stop::Graceful };
    match state.commands.send(Command::Stop { how }).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(_) => refuse(StatusCode::SERVICE_UNAVAILABLE, "the agent is ending"),
    }
}

fn unknown_id(id: &AutomationId) -> Response {
    let message = format!("`{id}` is not watched here: `standin status` lists what is");
    refuse(StatusCode::NOT_FOUND, &message)
}

fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(ErrorBody { error: error.to_owned() })).into_response()
}
