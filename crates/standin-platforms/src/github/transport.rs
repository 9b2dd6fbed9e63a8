//! octocrab on the shared client: once, bounded, metered, through the gate.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use standin_http::{Fault, Http, Reply};
use tower_service::Service;

use super::error::GithubError;
use crate::gate::{Gate, Purpose};
use crate::text::shown;

/// The largest answer that is read, in bytes: a page of a hundred runs takes one to three million.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The innermost service: hands each request to the shared client, once.
#[derive(Debug, Clone)]
struct Leaf {
    http: Http,
    timeout: Duration,
}

impl Service<Request<OctoBody>> for Leaf {
    type Response = Response<Full<Bytes>>;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Fault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Self::Future {
        let (http, timeout) = (self.http.clone(), self.timeout);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body =
                body.collect().await.map_err(|_| Fault::Before("the request has no body".to_owned()))?;
            let mut headers = parts.headers;
            // The client says how long the body is.
            headers.remove(http::header::CONTENT_LENGTH);
            let request = http.client().request(parts.method, parts.uri.to_string()).headers(headers);
            let reply = http.send(request.timeout(timeout).body(body.to_bytes()), MAX_ANSWER).await?;
            let mut response = Response::new(Full::new(reply.body));
            *response.status_mut() =
                http::StatusCode::from_u16(reply.status).map_err(|_| Fault::Lost("no status".to_owned()))?;
            *response.headers_mut() = reply.headers;
            Ok(response)
        })
    }
}

/// What GitHub is asked through.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    octocrab: Octocrab,
    base: String,
    token: SecretString,
    gate: Arc<Gate>,
}

impl Transport {
    /// Must be called within a Tokio runtime: octocrab starts a task.
    pub(super) fn new(
        http: &Http,
        api_url: &str,
        token: SecretString,
        timeout: Duration,
    ) -> Result<Self, GithubError> {
        if tokio::runtime::Handle::try_current().is_err() {
            let fix = "the client has to be made within one";
            return Err(GithubError::Setting {
                what: "the Tokio runtime",
                value: "not there".to_owned(),
                fix,
            });
        }
        let base = base(api_url)?;
        let text = token.expose_secret();
        if text.is_empty() {
            return Err(GithubError::TokenText);
        }
        let mut header =
            HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| GithubError::TokenText)?;
        header.set_sensitive(true);
        let accept = HeaderValue::from_static("application/vnd.github+json");
        let headers = Arc::new(vec![(http::header::ACCEPT, accept)]);
        let built: Result<Octocrab, Infallible> = OctocrabBuilder::new_empty()
            .with_service(Leaf { http: http.clone(), timeout })
            .with_layer(&octocrab::service::middleware::extra_headers::ExtraHeadersLayer::new(headers))
            .with_layer(&AuthHeaderLayer::new(Some(header), base.clone(), base.clone()))
            .with_auth(AuthState::None)
            .build();
        let Ok(octocrab) = built;
        Ok(Self {
            octocrab,
            base: base.to_string().trim_end_matches('/').to_owned(),
            token,
            gate: Arc::default(),
        })
    }

    /// Asks once. Any status is an answer, but for the refusals that say that a limit is used up.
    pub(super) async fn ask(
        &self,
        purpose: Purpose,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<Reply, GithubError> {
        self.gate.pass(purpose)?;
        let unfit =
            |why: &str| GithubError::Unreachable { why: shown(why), fix: "this is a fault of Standin" };
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let request =
            self.octocrab.build_request(request, body).map_err(|error| unfit(&error.to_string()))?;
        let response = Box::pin(self.octocrab.execute(request)).await.map_err(|error| lost(&error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| lost(&error))?.to_bytes();
        let reply = Reply { status: parts.status.as_u16(), headers: parts.headers, body };
        self.gate.saw(&reply)?;
        Ok(reply)
    }

    /// What GitHub says of a refusal, shortened, never with the token.
    pub(super) fn words(&self, reply: &Reply) -> String {
        crate::api::words(reply, self.token.expose_secret())
    }
}

/// An answer's JSON.
pub(super) fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, GithubError> {
    serde_json::from_slice(&reply.body)
        .map_err(|error| GithubError::Unreadable(crate::api::unreadable(&error)))
}

fn lost(error: &octocrab::Error) -> GithubError {
    let fault = if let octocrab::Error::Service { source, .. } = error {
        source.downcast_ref::<Fault>()
    } else {
        None
    };
    // octocrab's own words may end in a trace, and its types may hold the URL.
    fault.cloned().map_or_else(|| GithubError::Lost("octocrab gave up".to_owned()), GithubError::from)
}

/// The address of the API without a slash at its end. Only `https`, and `http` for servers on the same network.
fn base(api_url: &str) -> Result<Uri, GithubError> {
    let fix = "it has to be https://HOST or https://HOST/api/v3";
    let wrong = || GithubError::Setting { what: "`api-url`", value: shown(api_url), fix };
    let uri: Uri = api_url.trim().trim_end_matches('/').parse().map_err(|_| wrong())?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if has_user {
        let value = "an address with a user name".to_owned();
        return Err(GithubError::Setting { what: "`api-url`", value, fix });
    }
    if is_web && uri.query().is_none() { Ok(uri) } else { Err(wrong()) }
}
