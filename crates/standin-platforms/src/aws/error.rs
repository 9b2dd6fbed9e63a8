//! What can go wrong with AWS, in words that name the fix.

use jiff::Timestamp;
use standin_core::mesh::claim::Sent;
use standin_http::Reply;

use super::{Ask, said};
use crate::text::shown;

/// Clocks that differ by less than this, in seconds, are not why a signature is refused.
const SKEW: i64 = 240;

/// Why AWS was not asked, did not answer, or refused. No text holds a key or a URL.
///
/// [`AwsError::sent`] says what a request that was to change something may have done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// A setting is unusable. Nothing was sent; the user corrects it.
    #[error("{what} is `{value}`, and {fix}")]
    Setting {
        /// Which one.
        what: &'static str,
        /// Its value, shortened.
        value: String,
        /// What it has to be.
        fix: &'static str,
    },
    /// There are no keys to sign with. Nothing was sent; the user gives this body a role or keys.
    #[error(
        "no keys for AWS were found ({0}): give this body a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    Keys(String),
    /// AWS does not take the keys. Nothing was done; the user gives new ones.
    #[error(
        "AWS does not take the keys: they are wrong, expired or deactivated, as a session's are when it ends; give this body a role, or new keys"
    )]
    WrongKeys,
    /// The clock of this machine is wrong. Nothing was done; the user sets it.
    #[error(
        "the clock of this machine differs by {seconds} s from that of AWS, which takes no such signature: set it by NTP"
    )]
    Clock {
        /// By so much.
        seconds: i64,
    },
    /// 403. Nothing was done; the user allows it.
    #[error("the keys may not {right} on {about}: allow that action in the policy of their role{detail}")]
    Forbidden {
        /// The action as policies name it.
        right: &'static str,
        /// On what.
        about: String,
        /// What AWS said, shortened.
        detail: String,
    },
    /// What was asked for is not there. Nothing was done; the user corrects the name, the alias or the region.
    #[error(
        "AWS has no `{about}` in {region}: it was renamed or deleted, or is of another region or account"
    )]
    Gone {
        /// What was looked for.
        about: String,
        /// Where.
        region: String,
    },
    /// There is nothing to put back. Nothing was sent.
    #[error(
        "{0} is named without an alias, so there is nothing to put back: publish versions, let an alias show one, and write function = \"{0}:ALIAS\""
    )]
    NeedsAlias(String),
    /// There is no version before. Nothing was sent.
    #[error(
        "{function} has no version before {current} that its alias could be put back to: publish one with each deploy"
    )]
    NoVersion {
        /// The function.
        function: String,
        /// What the alias shows.
        current: String,
    },
    /// Somebody moves calls from one version to another. Nothing was done: Standin never fights that.
    #[error(
        "somebody is shifting calls from one version of `{0}` to another, which Standin does not undo: finish that first"
    )]
    Shifting(String),
    /// Somebody took all concurrency from the function. Nothing was done: Standin never fights that.
    #[error(
        "somebody stopped {0} by giving it no concurrency, which Standin does not undo: remove that reservation"
    )]
    Stopped(String),
    /// Somebody disabled all of its schedules. Nothing was done: Standin never fights that.
    #[error(
        "somebody disabled the schedule `{0}`, which Standin does not undo: enable it on EventBridge's page"
    )]
    Disabled(String),
    /// It was changed since it was looked at, or is being changed. Nothing was done, or is needed.
    #[error("it was changed since it was looked at, or is being updated: the next attempt looks again")]
    Moved,
    /// Getting ready took too long. Nothing was sent; the next attempt is claimed anew.
    #[error("it was not sent within {seconds} s, after which the right to send it may have ended")]
    TooLate {
        /// The time that there was.
        seconds: u64,
    },
    /// The limit of requests is used up. Nothing was sent, or nothing was done.
    #[error("AWS's limit for requests is used up: none are sent for {seconds} s")]
    RateLimited {
        /// Until when, from now.
        seconds: u64,
    },
    /// Another refusal. Nothing was done.
    #[error("AWS refused with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words, shortened.
        message: String,
    },
    /// It failed. What was asked for may have been done.
    #[error("AWS has trouble of its own ({0})")]
    Server(u16),
    /// The answer is not what AWS answers. What was asked for may have been done.
    #[error("the answer is none of AWS's API ({0}): check `endpoint`, and what stands between")]
    Unreadable(String),
    /// No connection could be made. Nothing was sent.
    #[error("AWS cannot be reached: {why}; {fix}")]
    Unreachable {
        /// Why.
        why: String,
        /// What to check.
        fix: &'static str,
    },
    /// The answer was lost, or too long. What was asked for may have been done.
    #[error("AWS's answer was lost: {0}")]
    Lost(String),
}

impl AwsError {
    /// What a request that failed like this, and was to change something, has done.
    pub const fn sent(&self) -> Sent {
        match self {
            Self::Server(_) | Self::Unreadable(_) | Self::Lost(_) => Sent::Unknown,
            Self::Setting { .. }
            | Self::Keys(_)
            | Self::WrongKeys
            | Self::Clock { .. }
            | Self::Forbidden { .. }
            | Self::Gone { .. }
            | Self::NeedsAlias(_)
            | Self::NoVersion { .. }
            | Self::Shifting(_)
            | Self::Stopped(_)
            | Self::Disabled(_)
            | Self::Moved
            | Self::TooLate { .. }
            | Self::RateLimited { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. } => Sent::Refused,
        }
    }
}

crate::api::of_requests!(AwsError);

/// The name that AWS gives its refusal, from the header or the body.
fn kind(reply: &Reply) -> String {
    let header = reply.header("x-amzn-errortype").map(str::to_owned);
    let body = || {
        let json: serde_json::Value = serde_json::from_slice(&reply.body).ok()?;
        Some(json.get("__type")?.as_str()?.to_owned())
    };
    let whole = header.or_else(body).unwrap_or_default();
    let name = whole.rsplit('#').next().unwrap_or_default();
    shown(name.split(':').next().unwrap_or_default())
}

/// What a refusal means.
pub(super) fn refusal(reply: &Reply, ask: &Ask<'_>, region: &str) -> AwsError {
    let (message, kind) = (said(reply), kind(reply));
    let seconds = skew(reply);
    match (reply.status, kind.as_str()) {
        (status @ 500..=599, _) => AwsError::Server(status),
        (status @ 100..=399, _) => AwsError::Unreadable(format!("status {status}")),
        (_, "ThrottlingException" | "TooManyRequestsException") => AwsError::RateLimited { seconds: 60 },
        (_, "InvalidSignatureException" | "RequestExpired" | "RequestTimeTooSkewed")
            if seconds.abs() > SKEW =>
        {
            AwsError::Clock { seconds }
        }
        (
            _,
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignatureException",
        )
        | (401, _) => AwsError::WrongKeys,
        (403, _) | (_, "AccessDeniedException") => {
            let detail = if message.is_empty() { message } else { format!("; AWS says: {message}") };
            AwsError::Forbidden { right: ask.right, about: shown(ask.about), detail }
        }
        (404, _) | (_, "ResourceNotFoundException") => {
            AwsError::Gone { about: shown(ask.about), region: region.to_owned() }
        }
        (409 | 412, _) => AwsError::Moved,
        (status, _) => AwsError::Refused { status, message },
    }
}

/// By how many seconds the clock of AWS is ahead of ours.
fn skew(reply: &Reply) -> i64 {
    reply.date().map_or(0, |theirs| theirs.as_second().saturating_sub(Timestamp::now().as_second()))
}
