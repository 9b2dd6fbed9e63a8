//! The one HTTP client of Standin's adapters.
//!
//! It tries once. What it adds to a plain client is what the adapters decide by: whether a request that failed may have
//! had an effect ([`Fault::Before`] against [`Fault::Lost`]), the server's own clock ([`Reply::date`]), bodies that end
//! at a limit, and a count of requests and of what the server still allows ([`Meter`]).

#[cfg(feature = "aws")]
pub mod aws;
mod fault;
mod meter;
mod reply;
mod tls;

use std::sync::Arc;
use std::time::Duration;

pub use fault::{Fault, HttpError};
pub use meter::{Allowance, Count, Meter};
pub use reply::Reply;
pub use reqwest;

/// The largest answer that is read, in bytes, unless a call says otherwise.
pub const MAX_BODY: usize = 4 * 1024 * 1024;

/// How many redirects are followed. A secret goes to no other host than the one it was given for.
const MAX_REDIRECTS: usize = 3;

/// A client, cheap to clone. All adapters of a body share one: reading the roots of trust takes milliseconds.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    meter: Arc<Meter>,
}

/// A client for this machine alone: through no proxy, and without roots to read, since nothing here is asked with TLS.
///
/// # Errors
/// [`HttpError`] when it cannot be built. Nothing was sent.
pub fn on_this_machine(connect: Duration) -> Result<reqwest::Client, HttpError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls::trusting_nobody()?)
        .no_proxy()
        .connect_timeout(connect)
        .build()
        .map_err(|error| HttpError::Client(error.without_url().to_string()))
}

impl Http {
    /// A client that gives each request up after `timeout`.
    ///
    /// It trusts the built-in roots, and those in the file that `SSL_CERT_FILE` names when `roots` gives it.
    ///
    /// # Errors
    /// [`HttpError`] when the file of further roots cannot be used. Nothing was sent.
    pub fn new(timeout: Duration, roots: Option<&std::path::Path>) -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(roots)?)
            .user_agent(concat!("standin/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS))
            .connect_timeout(timeout.min(Duration::from_secs(10)))
            .timeout(timeout)
            .build()
            .map_err(|error| HttpError::Client(error.without_url().to_string()))?;
        Ok(Self { client, meter: Arc::new(Meter::default()) })
    }

    /// The client itself, for building requests, and for libraries that want one.
    pub const fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// What was sent so far, and what the servers still allow.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Sends one request, once, and reads its answer up to `limit` bytes. Any status is an answer.
    ///
    /// # Errors
    /// [`Fault`], which says whether the request may have had an effect.
    pub async fn send(&self, request: reqwest::RequestBuilder, limit: usize) -> Result<Reply, Fault> {
        let request = request.build().map_err(|error| Fault::Before(fault::words(error)))?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        self.meter.asked(&host, request.body().and_then(reqwest::Body::as_bytes).map_or(0, <[u8]>::len));
        let answer = self.client.execute(request).await.map_err(Fault::of)?;
        let reply = reply::read(answer, limit).await?;
        self.meter.answered(&host, &reply);
        Ok(reply)
    }

    /// Sends one request, once, and reads the status and the headers of its answer alone: the body is left empty.
    ///
    /// # Errors
    /// [`Fault`], which says whether the request may have had an effect.
    pub async fn head(&self, request: reqwest::RequestBuilder) -> Result<Reply, Fault> {
        let request = request.build().map_err(|error| Fault::Before(fault::words(error)))?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        self.meter.asked(&host, request.body().and_then(reqwest::Body::as_bytes).map_or(0, <[u8]>::len));
        let mut answer = self.client.execute(request).await.map_err(Fault::of)?;
        let headers = std::mem::take(answer.headers_mut());
        let reply = Reply { status: answer.status().as_u16(), headers, body: bytes::Bytes::new() };
        self.meter.answered(&host, &reply);
        Ok(reply)
    }
}
