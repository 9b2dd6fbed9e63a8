//! What can go wrong with GitHub, in words that name the fix.

use std::fmt;

use standin_core::mesh::claim::Sent;

use super::names::WorkflowFile;

/// A right that a token needs, as GitHub's settings for fine-grained tokens and workflows call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Reads the repository itself.
    ReadMetadata,
    /// Reads workflows and their runs.
    ReadActions,
    /// Starts, repeats and enables workflows.
    WriteActions,
    /// Sends repository events.
    WriteContents,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadMetadata => "metadata: read",
            Self::ReadActions => "actions: read",
            Self::WriteActions => "actions: write",
            Self::WriteContents => "contents: write",
        })
    }
}

/// Why GitHub was not asked, did not answer, or refused. No text holds the token or a URL.
///
/// [`GithubError::sent`] says what a request that was to change something may have done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
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
    /// The token cannot be sent in a header. Nothing was sent; the user gives another.
    #[error(
        "the token for GitHub is empty or holds characters that no token has: give it anew, without line ends"
    )]
    TokenText,
    /// 401. Nothing was done; the user gives a new token.
    #[error("GitHub does not take the token: it is wrong, expired or revoked; give a new one")]
    Token,
    /// 403 for want of a right. Nothing was done; the user gives the token the right.
    #[error("the token may not {what}: it needs `{right}` on {repository}{detail}")]
    Forbidden {
        /// What was tried.
        what: &'static str,
        /// The right.
        right: Right,
        /// Where.
        repository: String,
        /// What GitHub said, shortened.
        detail: String,
    },
    /// The repository is not there for this token. Nothing was done; the user corrects the name, or the token.
    #[error(
        "GitHub shows no repository `{0}` to this token: it was renamed or deleted, or the token may not see it"
    )]
    NoRepository(String),
    /// The workflow is not there. Nothing was done; the user corrects the name, or restores the file.
    #[error(
        "{repository} has no workflow `{workflow}`: it was renamed or deleted, or is not on the default branch{known}"
    )]
    NoWorkflow {
        /// Where.
        repository: String,
        /// Which.
        workflow: WorkflowFile,
        /// The names of those that were seen, in words; empty when none were.
        known: String,
    },
    /// The run is not there any more. Nothing was done.
    #[error("{repository} has no run {run}: it was deleted")]
    NoRun {
        /// Where.
        repository: String,
        /// Its id.
        run: u64,
    },
    /// Somebody disabled the workflow. Nothing was done: Standin never fights that.
    #[error(
        "`{0}` was disabled by hand, which Standin does not undo: enable it in the repository's Actions tab"
    )]
    DisabledManually(WorkflowFile),
    /// GitHub disabled the workflow, for want of activity or in a fork. Nothing was done; it can be enabled.
    #[error(
        "GitHub disabled `{0}` because its repository saw no activity, or is a fork: it has to be enabled first"
    )]
    Asleep(WorkflowFile),
    /// GitHub is in a state that is not known here. Nothing was done.
    #[error("`{workflow}` is in the state `{state}`, in which nothing can be started")]
    State {
        /// Which.
        workflow: WorkflowFile,
        /// GitHub's word.
        state: String,
    },
    /// The workflow cannot be started by a dispatch. Nothing was done; its owner adds the trigger.
    #[error("`{0}` cannot be started by hand: add `workflow_dispatch:` below its `on:`")]
    NotDispatchable(WorkflowFile),
    /// The branch or tag is not there. Nothing was done; the user corrects it.
    #[error("{repository} has no branch or tag `{git_ref}`")]
    NoRef {
        /// Where.
        repository: String,
        /// Which.
        git_ref: String,
    },
    /// The workflow does not know inputs that it was to be given. Nothing was done.
    #[error("`{workflow}` does not declare these inputs of `workflow_dispatch`: {inputs}")]
    Inputs {
        /// Which.
        workflow: WorkflowFile,
        /// Their names.
        inputs: String,
    },
    /// The run goes on, or was repeated by somebody else since it was looked at. Nothing was done, or is needed.
    #[error("the run {0} has been repeated already, or has not ended")]
    RunMoved(u64),
    /// Getting ready took too long. Nothing was sent; the next attempt is claimed anew.
    #[error("it was not sent within {seconds} s, after which the right to send it may have ended")]
    TooLate {
        /// The time that there was.
        seconds: u64,
    },
    /// The limit of requests is used up, or GitHub asked to be left alone. Nothing was sent, or nothing was done.
    #[error("GitHub's limit for requests is used up: none are sent for {seconds} s")]
    RateLimited {
        /// Until when, from now.
        seconds: u64,
    },
    /// 409. Nothing was done; it may work at the next attempt.
    #[error("GitHub refused because of something that goes on at the same time: {0}")]
    Conflict(String),
    /// Another refusal. Nothing was done.
    #[error("GitHub refused with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words, shortened.
        message: String,
    },
    /// GitHub failed. What was asked for may have been done.
    #[error("GitHub has trouble of its own ({0}): nothing to correct here, it is asked again later")]
    Server(u16),
    /// The answer is not what GitHub answers. What was asked for may have been done.
    #[error("the answer is none of GitHub's API ({0}): check `api-url`, and what stands between")]
    Unreadable(String),
    /// No connection could be made. Nothing was sent.
    #[error("GitHub cannot be reached: {why}; {fix}")]
    Unreachable {
        /// Why.
        why: String,
        /// What to check.
        fix: &'static str,
    },
    /// The answer was lost, or too long. What was asked for may have been done.
    #[error("GitHub's answer was lost: {0}")]
    Lost(String),
}

impl GithubError {
    /// What a request that failed like this, and was to change something, has done.
    pub const fn sent(&self) -> Sent {
        match self {
            Self::Server(_) | Self::Unreadable(_) | Self::Lost(_) => Sent::Unknown,
            Self::Setting { .. }
            | Self::TokenText
            | Self::Token
            | Self::Forbidden { .. }
            | Self::NoRepository(_)
            | Self::NoWorkflow { .. }
            | Self::NoRun { .. }
            | Self::DisabledManually(_)
            | Self::Asleep(_)
            | Self::State { .. }
            | Self::NotDispatchable(_)
            | Self::NoRef { .. }
            | Self::Inputs { .. }
            | Self::RunMoved(_)
            | Self::TooLate { .. }
            | Self::RateLimited { .. }
            | Self::Conflict(_)
            | Self::Refused { .. }
            | Self::Unreachable { .. } => Sent::Refused,
        }
    }
}

crate::api::of_requests!(GithubError);
