//! AWS: a function on Lambda is looked at, woken, and its alias put back to the version before; its schedules are read.
//!
//! What is asked and what is done is described in `docs/platforms.md`. Everything is tried once. Requests are signed here
//! and sent by the shared client: of Amazon's own libraries only those that find keys and sign are linked.
//!
//! What a person stopped stays stopped: a function without concurrency, and one whose schedules are all disabled, is
//! neither woken nor put back.

mod act;
mod error;
mod schedules;
mod seen;
mod sign;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use standin_core::mesh::claim::Probed;
use standin_http::reqwest::Method;
use standin_http::{Http, MAX_BODY, Reply};

pub use act::Acted;
pub use error::AwsError;
pub use schedules::{Schedule, Switch};
pub use seen::{Function, FunctionRef, State, Update};

use crate::api::{encoded, unreadable, words};
use crate::gate::{Gate, Purpose};
use crate::text::shown;
use seen::FunctionJson;
use sign::{Signer, Wanted};

/// Which account, and how it is reached.
#[derive(Debug, Clone)]
pub struct AwsOptions {
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// Another address than Amazon's, such as that of an emulator.
    pub endpoint: Option<String>,
    /// With what requests are signed.
    pub keys: AwsKeys,
    /// How long one request may take.
    pub timeout: Duration,
    /// After this long, a recovery that has not been sent is not sent any more: the right to it may have ended.
    pub send_within: Duration,
}

/// The keys to an account.
#[derive(Debug, Clone, Default)]
pub enum AwsKeys {
    /// As all of Amazon's tools find them: variables, profile, web identity, container or machine role.
    #[default]
    Found,
    /// These.
    Given {
        /// The access key's id.
        id: SecretString,
        /// The secret.
        secret: SecretString,
        /// The session's token, if they last for a session.
        session: Option<SecretString>,
    },
}

/// One account in one region. Cheap to clone; clones share their keys and what they know of limits.
#[derive(Debug, Clone)]
pub struct Aws {
    http: Http,
    signer: Arc<Signer>,
    endpoint: Option<String>,
    timeout: Duration,
    send_within: Duration,
    gate: Arc<Gate>,
}

/// The services that are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Lambda,
    Events,
    Scheduler,
}

impl Service {
    /// Its name in addresses and signatures.
    const fn name(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Events => "events",
            Self::Scheduler => "scheduler",
        }
    }
}

/// One request, before it is signed.
#[derive(Debug)]
struct Ask<'a> {
    service: Service,
    method: Method,
    /// From its first slash, encoded.
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    /// The right that it takes, for errors.
    right: &'static str,
    /// What it is about, for errors.
    about: &'a str,
}

impl<'a> Ask<'a> {
    const fn get(service: Service, path: String, right: &'static str, about: &'a str) -> Self {
        Self { service, method: Method::GET, path, headers: Vec::new(), body: Vec::new(), right, about }
    }
}

impl Aws {
    /// The account behind these options. Sends nothing.
    ///
    /// # Errors
    /// [`AwsError::Setting`] when a setting is unusable.
    pub fn new(http: &Http, options: AwsOptions) -> Result<Self, AwsError> {
        let region = options.region.trim().to_owned();
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || region.len() > 40 || !region.chars().all(is_plain) {
            let fix = "it has to be the name of a region, such as eu-central-1";
            return Err(AwsError::Setting { what: "the region", value: shown(&region), fix });
        }
        let endpoint = options.endpoint.as_deref().map(sign::endpoint).transpose()?;
        Ok(Self {
            http: http.clone(),
            signer: Arc::new(Signer::new(http.clone(), region, options.keys)),
            endpoint,
            timeout: options.timeout,
            send_within: options.send_within,
            gate: Arc::default(),
        })
    }

    /// One look at a function. What it holds of secrets, such as its environment, is not kept.
    ///
    /// # Errors
    /// [`AwsError`], which names the fix.
    pub async fn function(&self, function: &FunctionRef) -> Result<Function, AwsError> {
        let path = format!("/2015-03-31/functions/{}{}", encoded(&function.name), function.query());
        let ask = Ask::get(Service::Lambda, path, "lambda:GetFunction", &function.name);
        Ok(self.read::<FunctionJson>(&self.ask(ask).await?)?.read())
    }

    /// Whether Lambda would run the function: active, and its last update done. That says nothing of its code.
    ///
    /// # Errors
    /// [`AwsError`]: nothing is then known.
    pub async fn probe(&self, function: &FunctionRef) -> Result<Probed, AwsError> {
        Ok(self.function(function).await?.probed())
    }

    fn url(&self, ask: &Ask<'_>) -> String {
        let base = self.endpoint.clone().unwrap_or_else(|| self.signer.address(ask.service.name()));
        format!("{base}{}", ask.path)
    }

    /// Asks once. What is no success is an error, and which.
    async fn ask(&self, ask: Ask<'_>) -> Result<Reply, AwsError> {
        self.gate.pass(Purpose::Recovery)?;
        let url = self.url(&ask);
        let wanted = Wanted {
            service: ask.service.name(),
            method: ask.method.as_str(),
            url: &url,
            headers: &ask.headers,
            body: &ask.body,
        };
        let signed = tokio::time::timeout(self.timeout, self.signer.sign(&wanted))
            .await
            .unwrap_or_else(|_| Err(AwsError::Keys("they were not found in time".to_owned())))?;
        let mut request = self.http.client().request(ask.method.clone(), &url).timeout(self.timeout);
        for (name, value) in &ask.headers {
            request = request.header(*name, *value);
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let reply = Box::pin(self.http.send(request.body(ask.body.clone()), MAX_BODY)).await?;
        self.gate.saw(&reply)?;
        if reply.is_success() { Ok(reply) } else { Err(error::refusal(&reply, &ask, self.signer.region())) }
    }

    fn read<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, AwsError> {
        serde_json::from_slice(&reply.body).map_err(|error| AwsError::Unreadable(unreadable(&error)))
    }
}

/// What AWS says of a refusal. It is asked with signatures, so there is no secret that it could repeat.
fn said(reply: &Reply) -> String {
    let lower = words(reply, "");
    if !lower.is_empty() {
        return lower;
    }
    let json: Option<serde_json::Value> = serde_json::from_slice(&reply.body).ok();
    let said = json.as_ref().and_then(|json| json.get("Message")?.as_str()).unwrap_or_default();
    said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}
