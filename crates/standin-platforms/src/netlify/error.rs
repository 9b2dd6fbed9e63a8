//! What can go wrong with Netlify, in words that name the fix.

use standin_core::mesh::claim::Sent;

/// Why Netlify was not asked, did not answer, or refused. No text holds the token, a build hook or a URL.
///
/// [`NetlifyError::sent`] says what a request that was to change something may have done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetlifyError {
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
    /// A secret cannot be sent. Nothing was sent; the user gives another.
    #[error("{0} is empty or holds characters that it cannot have: give it anew, without line ends")]
    Secret(&'static str),
    /// 401. Nothing was done; the user gives a new token.
    #[error(
        "Netlify does not take the token: it is wrong, expired or revoked; make a new one in the user settings"
    )]
    Token,
    /// 403. Nothing was done; the user gives a token of somebody who may.
    #[error(
        "the token may not {what}: it has to belong to a member of the site's team with the role Developer or above{detail}"
    )]
    Forbidden {
        /// What was tried.
        what: &'static str,
        /// What Netlify said, shortened.
        detail: String,
    },
    /// The site is not there for this token. Nothing was done; the user corrects the name, or the token.
    #[error(
        "Netlify shows no site `{0}` to this token: it was renamed or deleted, or the token may not see it"
    )]
    NoSite(String),
    /// The deploy is not there. Nothing was done.
    #[error("the deploy `{0}` is not there: it was deleted, or is of another site")]
    NoDeploy(String),
    /// The build hook is not there. Nothing was done; the user makes a new one.
    #[error("the build hook is not there any more: make a new one in the site's build settings")]
    NoHook,
    /// The function is not there, or is not reached over HTTP. Nothing was done.
    #[error(
        "the site has no function `{0}` that can be reached over HTTP: it was renamed or removed, or has a schedule, which Netlify keeps from being called"
    )]
    NoFunction(String),
    /// Somebody locked the published deploy. Nothing was done: Standin never fights that.
    #[error(
        "somebody locked the published deploy, which Standin does not undo: unlock it on the site's deploys page"
    )]
    Locked,
    /// Somebody stopped the builds. Nothing was done: Standin never fights that.
    #[error(
        "somebody stopped the builds of this site, which Standin does not undo: activate them in its build settings"
    )]
    BuildsStopped,
    /// Another deploy was published since it was looked at. Nothing was done, or is needed.
    #[error("another deploy is published than the one that was seen")]
    Moved,
    /// Getting ready took too long. Nothing was sent; the next attempt is claimed anew.
    #[error("it was not sent within {seconds} s, after which the right to send it may have ended")]
    TooLate {
        /// The time that there was.
        seconds: u64,
    },
    /// The limit of requests is used up. Nothing was sent, or nothing was done.
    #[error("Netlify's limit for requests is used up: none are sent for {seconds} s")]
    RateLimited {
        /// Until when, from now.
        seconds: u64,
    },
    /// Another refusal. Nothing was done.
    #[error("Netlify refused with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words, shortened.
        message: String,
    },
    /// It failed. What was asked for may have been done.
    #[error("Netlify, or the function, has trouble of its own ({0})")]
    Server(u16),
    /// The answer is not what Netlify answers. What was asked for may have been done.
    #[error("the answer is none of Netlify's API ({0}): check `api-url`, and what stands between")]
    Unreadable(String),
    /// No connection could be made. Nothing was sent.
    #[error("Netlify cannot be reached: {why}; {fix}")]
    Unreachable {
        /// Why.
        why: String,
        /// What to check.
        fix: &'static str,
    },
    /// The answer was lost, or too long. What was asked for may have been done.
    #[error("Netlify's answer was lost: {0}")]
    Lost(String),
}

impl NetlifyError {
    /// What a request that failed like this, and was to change something, has done.
    pub const fn sent(&self) -> Sent {
        match self {
            Self::Server(_) | Self::Unreadable(_) | Self::Lost(_) => Sent::Unknown,
            Self::Setting { .. }
            | Self::Secret(_)
            | Self::Token
            | Self::Forbidden { .. }
            | Self::NoSite(_)
            | Self::NoDeploy(_)
            | Self::NoHook
            | Self::NoFunction(_)
            | Self::Locked
            | Self::BuildsStopped
            | Self::Moved
            | Self::TooLate { .. }
            | Self::RateLimited { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. } => Sent::Refused,
        }
    }
}

crate::api::of_requests!(NetlifyError);
