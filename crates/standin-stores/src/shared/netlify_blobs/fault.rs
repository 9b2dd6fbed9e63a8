//! Why Netlify did not do what was asked, in words that name the fix.

use std::time::Duration;

use standin_http::{Fault, Reply};

/// Why a site cannot be used as a store. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobsError {
    /// The site or the store has no such name.
    #[error(
        "{site:?} and {store:?} are no site and store: write the site's id and a name of at most 64 letters"
    )]
    Name {
        /// The site's id.
        site: String,
        /// The store's name.
        store: String,
    },
    /// The address is none, or would send the token unencrypted over a network.
    #[error("that is no address of Netlify Blobs: write https://api.netlify.com")]
    Address,
    /// There is no token.
    #[error("there is no token for Netlify: make one under User settings, Applications")]
    NoToken,
}

/// Why one request did not do what it should. What it did is in [`BlobsFault::is_definite`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobsFault {
    /// The limit of requests is used up. Nothing is sent until it starts anew.
    #[error("Netlify allows no more requests for {} s; check less often", .0.as_secs())]
    Limited(Duration),
    /// 401 or 403. Nothing was done.
    #[error(
        "Netlify does not accept the token: it is wrong or expired, or may not see this site; make a new one"
    )]
    Token,
    /// 404 for what must be there. Nothing was done.
    #[error("there is no such site: check its id")]
    Missing,
    /// Another refusal, of the statuses 400 to 499. Nothing was done.
    #[error("Netlify refuses it (status {0})")]
    Refused(u16),
    /// A status that says nothing about what was done.
    #[error("Netlify is in trouble (status {0}); it is asked again at the next check")]
    Failed(u16),
    /// There is no answer.
    #[error("Netlify cannot be reached: {0}")]
    Unanswered(#[from] Fault),
    /// An answer that is none of Netlify's. What was asked may have been done.
    #[error("the answer is none of Netlify's ({0}): is the address right?")]
    Strange(&'static str),
}

impl BlobsFault {
    /// Whether the request certainly had no effect.
    pub const fn is_definite(&self) -> bool {
        match self {
            Self::Limited(_)
            | Self::Token
            | Self::Missing
            | Self::Refused(_)
            | Self::Unanswered(Fault::Before(_)) => true,
            Self::Failed(_) | Self::Strange(_) | Self::Unanswered(Fault::Lost(_) | Fault::TooLong(_)) => {
                false
            }
        }
    }

    pub(super) const fn of(reply: &Reply) -> Self {
        match reply.status {
            401 | 403 => Self::Token,
            404 => Self::Missing,
            408 => Self::Failed(408),
            status @ 400..=498 => Self::Refused(status),
            status => Self::Failed(status),
        }
    }
}
