//! The shared HTTP client below `object_store`, and what it keeps of each answer.
//!
//! `object_store` gives an error for a request that was refused and for one whose answer was lost, and no headers with
//! either. So what decisions are made by is noted here, beside it: the store's clock, and what became of the write.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;

use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpService,
};
use standin_core::mesh::clock::StoreTime;
use standin_http::reqwest::header::{HeaderName, HeaderValue};
use standin_http::reqwest::{Method, Request, RequestBuilder, StatusCode};
use standin_http::{Fault, Http, MAX_BODY, Reply};

use crate::shared::fault::Last;

/// Where credentials of machines come from; they are asked for with a PUT that is no write of ours.
const METADATA_TOKEN: &str = "/latest/api/token";

/// What became of the one write of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never left this machine.
    #[default]
    Unsent,
    /// It left, and there is no answer.
    Lost,
    /// The store answered with this status.
    Answered(u16),
}

/// What is kept of the answers to one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    /// The store's clock in its last answer.
    pub(super) date: Option<StoreTime>,
    /// What became of the write.
    pub(super) fate: Fate,
    /// What a removal is to be done on condition of, as a header.
    condition: Option<(HeaderName, HeaderValue)>,
}

impl Note {
    /// Of a write that was sent without `object_store`.
    pub(super) fn of(sent: Result<Reply, Fault>) -> Self {
        let fate = match &sent {
            Ok(reply) => Fate::Answered(reply.status),
            Err(Fault::Before(_)) => Fate::Unsent,
            Err(Fault::Lost(_) | Fault::TooLong(_)) => Fate::Lost,
        };
        let date = sent.ok().and_then(|reply| reply.date()).map(StoreTime::from);
        Self { date, fate, condition: None }
    }
}

tokio::task_local! {
    static NOTE: RefCell<Note>;
}

/// Runs a call of `object_store`, and gives what was noted beside it.
pub(super) async fn noted<T>(call: impl Future<Output = T>) -> (T, Note) {
    noted_on(Note::default(), call).await
}

/// The same for a removal, which is sent with this header.
pub(super) async fn removal<T>(
    name: HeaderName,
    value: HeaderValue,
    call: impl Future<Output = T>,
) -> (T, Note) {
    noted_on(Note { condition: Some((name, value)), ..Note::default() }, call).await
}

async fn noted_on<T>(note: Note, call: impl Future<Output = T>) -> (T, Note) {
    let call = async {
        let answer = call.await;
        (answer, NOTE.with(RefCell::take))
    };
    NOTE.scope(RefCell::new(note), call).await
}

/// Changes the note of the running call.
fn note(change: impl FnOnce(&mut Note)) {
    // Outside of a call nobody asks.
    let _ = NOTE.try_with(|note| change(&mut note.borrow_mut()));
}

/// Our HTTP client as `object_store` wants it: it tries once.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    pub(super) http: Http,
    /// What went wrong last.
    pub(super) last: Arc<Last>,
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait::async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let is_write = (parts.method == Method::PUT || parts.method == Method::DELETE)
            && parts.uri.path() != METADATA_TOKEN;
        // What is sent here is in memory as a whole, so that this waits for nothing.
        let body = body.collect().await?.to_bytes();
        let request = HttpRequest::from_parts(parts, HttpRequestBody::empty()).map(|_| body);
        let mut request =
            Request::try_from(request).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        if *request.method() == Method::DELETE {
            note(|note| request.headers_mut().extend(note.condition.clone()));
        }
        // Between here and the answer the call may be given up at any time: then nobody reads the note.
        if is_write {
            note(|note| note.fate = Fate::Lost);
        }
        let request = RequestBuilder::from_parts(self.http.client().clone(), request);
        match self.http.send(request, MAX_BODY).await {
            Ok(reply) => {
                self.last.saw(reply.status, &reply.body);
                // What a gateway says on the way has another clock.
                let date = reply.date().filter(|_| reply.status < 500).map(StoreTime::from);
                note(|note| {
                    note.date = date.or(note.date);
                    if is_write {
                        note.fate = Fate::Answered(reply.status);
                    }
                });
                let mut response = HttpResponse::new(reply.body.into());
                *response.status_mut() = StatusCode::from_u16(reply.status)
                    .map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
                *response.headers_mut() = reply.headers;
                Ok(response)
            }
            Err(fault) => {
                self.last.lost(fault.to_string());
                let kind = match &fault {
                    Fault::Before(_) => HttpErrorKind::Connect,
                    Fault::Lost(_) | Fault::TooLong(_) => HttpErrorKind::Interrupted,
                };
                if is_write && kind == HttpErrorKind::Connect {
                    note(|note| note.fate = Fate::Unsent);
                }
                Err(HttpError::new(kind, fault))
            }
        }
    }
}
