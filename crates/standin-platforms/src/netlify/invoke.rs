//! Calling a function.

use std::time::Duration;

use secrecy::SecretString;
use standin_core::effect::EffectKey;
use standin_core::mesh::clock::StoreTime;
use standin_http::MAX_BODY;
use standin_http::reqwest::header::AUTHORIZATION;
use tokio::time::Instant;

use super::act::Acted;
use super::{Netlify, NetlifyError, bearer};
use crate::api::encoded;
use crate::gate::Purpose;
use crate::text::shown;

/// The header that carries the key, beside the body.
const KEY_HEADER: &str = "x-standin-key";

/// Longest that a synchronous call is waited for: Netlify ends it after this.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The answer comes when it has run.
    Synchronous,
    /// Netlify answers at once with 202, and runs it for up to 15 minutes, again when it fails.
    Background,
}

/// One call of a function, by POST. The key, the attempt and the slot go with it as JSON.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    /// How it is called.
    pub mode: Mode,
    /// What it wants to be asked with.
    pub bearer: Option<SecretString>,
    /// What it may deduplicate.
    pub key: EffectKey,
    /// Which attempt it is.
    pub attempt: u8,
    /// For which slot, if it is about one.
    pub slot: Option<StoreTime>,
    /// How long the call may take; at most a minute.
    pub timeout: Duration,
}

impl Netlify {
    /// Where a function of the site is called.
    ///
    /// # Errors
    /// [`NetlifyError`] when the site could not be looked at.
    pub async fn function_url(&self, function: &str) -> Result<String, NetlifyError> {
        let site = self.look_at_site(Purpose::Recovery).await?.1;
        if site.url.is_empty() {
            return Err(NetlifyError::Unreadable("the site has no address".to_owned()));
        }
        Ok(format!("{}/.netlify/functions/{}", site.url, encoded(function)))
    }

    /// Calls a function once. Netlify keeps functions with a schedule from being called like this: what such a
    /// function does has to be reachable as another one.
    ///
    /// An answer of 500 and above is [`Sent::Unknown`](standin_core::mesh::claim::Sent): it ran, and how far is not
    /// known.
    pub async fn invoke(&self, invocation: &Invocation) -> Acted {
        let latest = Instant::now() + self.send_within;
        let ready = async {
            let header = match &invocation.bearer {
                Some(secret) => Some(bearer(secret, "the token of the function")?),
                None => None,
            };
            Ok((self.function_url(&invocation.function).await?, header))
        };
        let (url, header) = match Box::pin(ready).await {
            Ok(ready) => ready,
            Err(error) => return Acted::before(error),
        };
        let body = serde_json::json!({
            "standin": {
                "key": invocation.key.0, "attempt": invocation.attempt,
                "slot": invocation.slot.map(|slot| slot.to_string()),
            },
        });
        let sent = async {
            self.in_time(latest)?;
            let request = self.http.client().post(url).timeout(invocation.timeout.min(LONGEST_CALL));
            let request = request.header(KEY_HEADER, &invocation.key.0).json(&body);
            let request = match header {
                Some(header) => request.header(AUTHORIZATION, header),
                None => request,
            };
            let reply = Box::pin(self.http.send(request, MAX_BODY)).await?;
            match (reply.status, invocation.mode) {
                (202, _) | (200..=299, Mode::Synchronous) => Ok(None),
                // What is meant to run in the background has run at once instead, or something else has answered.
                (200..=299, Mode::Background) => {
                    Err(NetlifyError::Unreadable(format!("status {}", reply.status)))
                }
                (404, _) => Err(NetlifyError::NoFunction(shown(&invocation.function))),
                (401 | 403, _) => {
                    let what = "call the function";
                    Err(NetlifyError::Forbidden {
                        what,
                        detail: "; check the function's own token".to_owned(),
                    })
                }
                // A function's own refusal, which its own words say: they may hold anything, and are not repeated.
                (400..=499, _) => Err(NetlifyError::Refused { status: reply.status, message: String::new() }),
                (500..=599, _) => Err(NetlifyError::Server(reply.status)),
                (status, _) => Err(NetlifyError::Unreadable(format!("status {status}"))),
            }
        };
        Box::pin(sent).await.into()
    }
}
