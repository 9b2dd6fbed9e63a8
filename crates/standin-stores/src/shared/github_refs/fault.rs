//! Why GitHub did not do what was asked, in words that name the fix.

use std::time::Duration;

use standin_engine::ports::mesh::ReadError;
use standin_http::{Fault, Reply};

/// No more of a server's own words than this is repeated, in characters.
const MAX_WORDS: usize = 200;

/// Why a repository cannot be used as a store. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryError {
    /// The owner or the name is none.
    #[error("{0:?} is no repository: write OWNER/NAME, with letters, digits, dots, hyphens and underscores")]
    Name(String),
    /// The address of the API is none, or would send the token unencrypted over a network.
    #[error("that is no address of a GitHub API: write https://api.github.com, or https://HOST/api/v3")]
    Api,
    /// There is no token.
    #[error("there is no token for GitHub: give one with the right `contents: write`")]
    NoToken,
}

/// Why one request did not do what it should. What it did is in [`GithubFault::is_definite`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubFault {
    /// The limit of requests is used up. Nothing is sent until it starts anew.
    #[error("GitHub allows no more requests for {} s; check less often, or use a token of your own", .0.as_secs())]
    Limited(Duration),
    /// 401. Nothing was done.
    #[error("GitHub does not accept the token ({0}): it is wrong, expired or revoked; make a new one")]
    Token(String),
    /// 403. Nothing was done.
    #[error("the token may not do this ({0}): give it the right `contents: write`")]
    Forbidden(String),
    /// 404. Nothing was done.
    #[error(
        "there is no such repository, or the token may not see it: check its name and the token's rights"
    )]
    Missing,
    /// 409 of a repository without a commit. Nothing was done.
    #[error("the repository is empty: push a first commit")]
    Empty,
    /// Another refusal, of the statuses 400 to 499. Nothing was done.
    #[error("GitHub refuses it ({status}: {words})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What GitHub says.
        words: String,
    },
    /// A status that says nothing about what was done.
    #[error("GitHub is in trouble (status {0}); it is asked again at the next check")]
    Failed(u16),
    /// There is no answer.
    #[error("GitHub cannot be reached: {0}")]
    Unanswered(#[from] Fault),
    /// An answer that is none of GitHub's. What was asked may have been done.
    #[error("the answer is none of GitHub's ({0}): is the address of the API right?")]
    Strange(&'static str),
    /// Two answers disagree, so that one of them is old. Nothing was done.
    #[error("GitHub answers with an old state; it is asked again at the next check")]
    Stale,
    /// What a ref of ours points at was not written by Standin, or by a newer one. Nothing was done.
    #[error(
        "what {0} points at was not written by this version of Standin: delete the ref, or update Standin"
    )]
    Foreign(String),
}

impl GithubFault {
    /// Whether the request certainly had no effect.
    pub const fn is_definite(&self) -> bool {
        match self {
            Self::Limited(_)
            | Self::Token(_)
            | Self::Forbidden(_)
            | Self::Missing
            | Self::Empty
            | Self::Refused { .. }
            | Self::Stale
            | Self::Unanswered(Fault::Before(_)) => true,
            Self::Failed(_)
            | Self::Strange(_)
            | Self::Foreign(_)
            | Self::Unanswered(Fault::Lost(_) | Fault::TooLong(_)) => false,
        }
    }

    /// What an answer that is no success says. 408 and the statuses past 499 say nothing about what was done.
    pub(super) fn of(reply: &Reply) -> Self {
        let words = words(reply);
        match reply.status {
            401 => Self::Token(words),
            403 => Self::Forbidden(words),
            404 => Self::Missing,
            408 => Self::Failed(408),
            409 if words.to_ascii_lowercase().contains("empty") => Self::Empty,
            status @ 400..=498 => Self::Refused { status, words },
            status => Self::Failed(status),
        }
    }

    /// Whether a refusal says all of these words, in small letters. Servers differ in how they put it.
    pub(super) fn says(&self, wanted: &[&str]) -> bool {
        match self {
            Self::Refused { status: 409 | 422, words } => {
                let words = words.to_ascii_lowercase();
                wanted.iter().all(|wanted| words.contains(wanted))
            }
            Self::Refused { .. }
            | Self::Limited(_)
            | Self::Token(_)
            | Self::Forbidden(_)
            | Self::Missing
            | Self::Empty
            | Self::Failed(_)
            | Self::Unanswered(_)
            | Self::Strange(_)
            | Self::Stale
            | Self::Foreign(_) => false,
        }
    }

    pub(super) const fn read_error(&self) -> ReadError {
        match self {
            Self::Foreign(_) => ReadError::Garbage,
            Self::Limited(_)
            | Self::Token(_)
            | Self::Forbidden(_)
            | Self::Missing
            | Self::Empty
            | Self::Refused { .. }
            | Self::Failed(_)
            | Self::Unanswered(_)
            | Self::Strange(_)
            | Self::Stale => ReadError::Unreachable,
        }
    }
}

/// How a write failed.
#[derive(Debug)]
pub(super) enum Failed {
    /// Something else was there. Nothing was written.
    Lost,
    /// Nothing was written, for this reason.
    Before(GithubFault),
    /// It may have been written.
    After(GithubFault),
}

impl Failed {
    /// The last request of a write, the one that moves a ref, has failed so.
    pub(super) fn of(fault: GithubFault) -> Self {
        if fault.is_definite() { Self::Before(fault) } else { Self::After(fault) }
    }
}

/// The server's message on one line, or nothing where there is none.
fn words(reply: &Reply) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        message: String,
    }
    let message = serde_json::from_slice::<Refusal>(&reply.body).map(|refusal| refusal.message);
    let line = message.unwrap_or_else(|_| "no reason given".to_owned());
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &'static str) -> Reply {
        let headers = standin_http::reqwest::header::HeaderMap::new();
        Reply { status, headers, body: bytes::Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn each_status_says_what_was_done_and_what_to_do() {
        let cases: [(u16, &'static str, bool, &str); 10] = [
            (400, "{}", true, "refuses it (400"),
            (401, r#"{"message":"Bad credentials"}"#, true, "make a new one"),
            (403, r#"{"message":"Resource not accessible by integration"}"#, true, "contents: write"),
            (404, r#"{"message":"Not Found"}"#, true, "check its name"),
            (408, "", false, "status 408"),
            (409, r#"{"message":"Git Repository is empty."}"#, true, "push a first commit"),
            (422, r#"{"message":"Reference already exists"}"#, true, "Reference already exists"),
            (499, "", false, "status 499"),
            (302, "<html>", false, "status 302"),
            (502, "<html>", false, "status 502"),
        ];
        for (status, body, is_definite, words) in cases {
            let fault = GithubFault::of(&reply(status, body));
            assert_eq!(fault.is_definite(), is_definite, "{status}");
            assert!(fault.to_string().contains(words), "{status}: {fault}");
        }
        assert!(GithubFault::Unanswered(Fault::Before(String::new())).is_definite());
        assert!(!GithubFault::Unanswered(Fault::TooLong(1)).is_definite());
    }

    #[test]
    fn a_long_message_of_many_lines_becomes_one_short_line() {
        let body: &'static str = Box::leak(format!(r#"{{"message":"a\nb{}"}}"#, "x".repeat(999)).into());
        let text = GithubFault::of(&reply(422, body)).to_string();
        assert!(text.contains("a bx") && text.len() < MAX_WORDS + 40, "{text}");
    }
}
