//! Telling people. It fails open: what cannot be told is logged, and nothing waits for it.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use standin_http::Http;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is over, or was done as it should be.
    Good,
    /// Something was missed, and is being helped.
    Warning,
    /// A person is needed.
    Critical,
}

/// One thing that people are told; this is also what a webhook gets, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Always 1.
    pub version: u32,
    /// When, by the clock of who tells.
    pub at: Timestamp,
    /// Which watcher tells.
    pub by: String,
    /// How bad it is.
    pub level: Level,
    /// What happened, in one stable word: `recovered`, `failed`, `exhausted`, `peer_silent`, …
    pub what: String,
    /// What it is about: an automation's id, a peer, a platform.
    pub about: String,
    /// The same for everyone who tells of one thing, so that a receiver can leave out the second.
    pub key: String,
    /// In one sentence.
    pub text: String,
}

/// The most alerts that one tick keeps for its report.
const MAX_KEPT: usize = 256;

/// Where alerts go: to the log, and to a webhook where there is one.
#[derive(Debug, Clone)]
pub struct Alerts {
    http: Http,
    webhook: Option<SecretString>,
    told: Arc<Mutex<Vec<Alert>>>,
}

impl Alerts {
    /// To this webhook, if any.
    pub fn new(http: Http, webhook: Option<SecretString>) -> Self {
        Self { http, webhook, told: Arc::default() }
    }

    /// Tells once.
    pub async fn tell(&self, alert: Alert) {
        let (what, about, text) = (&alert.what, &alert.about, &alert.text);
        match alert.level {
            Level::Good => tracing::info!(target: "alert", %what, %about, "{text}"),
            Level::Warning => tracing::warn!(target: "alert", %what, %about, "{text}"),
            Level::Critical => tracing::error!(target: "alert", %what, %about, "{text}"),
        }
        if let Some(url) = &self.webhook {
            let request = self.http.client().post(url.expose_secret()).json(&alert);
            match self.http.send(request, 64 * 1024).await {
                Ok(reply) if reply.is_success() => {}
                Ok(reply) => {
                    tracing::warn!(target: "alert", status = reply.status, "the webhook refused an alert")
                }
                Err(fault) => tracing::warn!(target: "alert", %fault, "the webhook did not take an alert"),
            }
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MAX_KEPT {
            told.push(alert);
        }
    }

    /// What was told since the last call.
    pub fn take(&self) -> Vec<Alert> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
