//! The listener for heartbeats, on the wire that existing clients already speak: see [`standin_body::ping`] for the addresses.
//!
//! A heartbeat is persisted, then answered. Whatever a sender may do is bounded: requests at once, bytes of a body, time.

mod answer;
mod board;
mod body;
mod directory;
mod listen;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{HeaderMap, USER_AGENT};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use jiff::Timestamp;
use standin_core::beat::Beat;
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, Journal, JournalError};
use standin_stores::{CheckError, Made, Sqlite};
use tokio::sync::Semaphore;

pub use board::BeatBoard;
pub use body::{BODY_TIMEOUT, MAX_BODIES_IN_FLIGHT, MAX_BODY_BYTES, MAX_READ_BYTES};
pub use directory::{Directory, Found};
pub use listen::{HEAD_TIMEOUT, MAX_CONNECTIONS, listen};

use answer::Answer;
use standin_body::ping::{self, Address, Ping};

/// Heartbeats that are worked on at once; whoever comes on top of that is asked to come again.
pub const MAX_IN_FLIGHT: usize = 256;

/// Characters that are kept of a user agent.
pub const MAX_AGENT_CHARS: usize = 200;

/// Where heartbeats are kept and checks are made.
pub trait PingStore: Journal + 'static {
    /// The check of a slug; it is made when there is none.
    fn create_check(&self, slug: String) -> impl Future<Output = Result<Made, CheckError>> + Send;
}

impl PingStore for Sqlite {
    async fn create_check(&self, slug: String) -> Result<Made, CheckError> {
        Self::create_check(self, slug).await
    }
}

/// What the listener needs.
#[derive(Debug)]
pub struct PingState<S = Sqlite> {
    store: Arc<S>,
    board: Arc<BeatBoard>,
    directory: RwLock<Directory>,
    in_flight: Semaphore,
    bodies: Semaphore,
}

impl PingState<Sqlite> {
    /// Makes the checks of the automations that are watched, where they are missing, and opens for these and for those
    /// that senders made.
    ///
    /// # Errors
    /// [`JournalError`] when the checks cannot be read or made; nothing was written.
    pub async fn open(
        store: Arc<Sqlite>,
        board: Arc<BeatBoard>,
        watched: &[AutomationId],
    ) -> Result<Self, JournalError> {
        store.ensure_checks(watched.to_vec()).await?;
        let (checks, key) = (store.checks().await?, store.ping_key().await?);
        Ok(Self::new(store, board, Directory::of(key, &checks, watched)))
    }
}

impl<S: PingStore> PingState<S> {
    /// A state for these checks.
    pub const fn new(store: Arc<S>, board: Arc<BeatBoard>, directory: Directory) -> Self {
        Self {
            store,
            board,
            directory: RwLock::new(directory),
            in_flight: Semaphore::const_new(MAX_IN_FLIGHT),
            bodies: Semaphore::const_new(MAX_BODIES_IN_FLIGHT),
        }
    }

    fn find(&self, address: &Address<'_>) -> Found {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).find(address)
    }

    /// The automation of an address, made if that is asked for.
    async fn resolve(&self, ping: &Ping<'_>) -> Result<(AutomationId, Answer), Answer> {
        match (self.find(&ping.address), ping.address) {
            (Found::One(id), _) => Ok((id, Answer::Ok)),
            (Found::Several, _) => Err(Answer::AmbiguousSlug),
            (Found::CouldBe, Address::Slug { slug, .. }) if ping.create == ping::Create::IfMissing => {
                self.create(slug).await
            }
            (Found::CouldBe | Found::Nothing, _) => Err(Answer::NotFound),
        }
    }

    async fn create(&self, slug: &str) -> Result<(AutomationId, Answer), Answer> {
        let (check, answer) = match self.store.create_check(slug.to_owned()).await {
            Ok(Made::Created(check)) => (check, Answer::Created),
            Ok(Made::Existing(check)) => (check, Answer::Ok),
            Err(CheckError::Slug(_)) => return Err(Answer::BadUrl),
            Err(CheckError::Ambiguous(_)) => return Err(Answer::AmbiguousSlug),
            Err(CheckError::TooMany) => return Err(Answer::TooManyChecks),
            Err(CheckError::Journal(error)) => return Err(not_kept(&error)),
        };
        let id = check.id.clone();
        self.directory.write().unwrap_or_else(PoisonError::into_inner).add(&check);
        Ok((id, answer))
    }

    async fn take(&self, request: Request) -> Result<Answer, Answer> {
        let Ok(_place) = self.in_flight.try_acquire() else { return Err(Answer::Busy) };
        let (parts, body) = request.into_parts();
        let ping = ping::parse(parts.uri.path(), parts.uri.query().unwrap_or_default())?;
        // A wrong run id is told before a check is made for it.
        let rid = match (&ping.rid, self.find(&ping.address)) {
            (Err(_), Found::One(_) | Found::CouldBe) => return Err(Answer::BadUuid),
            (Err(_), Found::Several | Found::Nothing) => String::new(),
            (Ok(rid), _) => rid.map(|rid| rid.to_string()).unwrap_or_default(),
        };
        let (id, answer) = self.resolve(&ping).await?;
        let body = body::read(body, &self.bodies).await?;
        let beat = Beat { at: Timestamp::now(), signal: ping.signal, rid, exit: ping.exit };
        let (via, agent) = (parts.method.as_str().to_owned(), user_agent(&parts.headers));
        let arrival = Arrival { id: id.clone(), beat, via, agent, body: body.bytes };
        let sum = self.store.arrive(arrival).await.map_err(|error| not_kept(&error))?;
        self.board.set(id, sum);
        Ok(answer.after(body.rest))
    }
}

fn not_kept(error: &JournalError) -> Answer {
    tracing::error!(target: "pings", %error, "a heartbeat could not be kept; its sender was asked to send it again");
    Answer::NotKept
}

fn user_agent(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(USER_AGENT) else { return String::new() };
    match value.to_str() {
        Ok(text) => text.get(..MAX_AGENT_CHARS).unwrap_or(text).to_owned(),
        Err(_) => String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_AGENT_CHARS).collect(),
    }
}

async fn handle<S: PingStore>(State(state): State<Arc<PingState<S>>>, request: Request) -> Response {
    match state.take(request).await {
        Ok(answer) | Err(answer) => answer.into(),
    }
}

/// The routes of heartbeats, with and without the prefix `/ping`. They leave every fixed path to other routers.
pub fn router<S: PingStore>(state: PingState<S>) -> Router {
    let methods = MethodFilter::GET.or(MethodFilter::HEAD).or(MethodFilter::POST).or(MethodFilter::PUT);
    let paths = ["/ping/{*rest}", "/{a}", "/{a}/", "/{a}/{b}", "/{a}/{b}/", "/{a}/{b}/{c}", "/{a}/{b}/{c}/"];
    let routes =
        paths.into_iter().fold(Router::new(), |router, path| router.route(path, on(methods, handle::<S>)));
    routes.with_state(Arc::new(state))
}
