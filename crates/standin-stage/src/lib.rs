//! The control planes of GitHub and Netlify, stood in for on loopback: with state, with true compare-and-swap, and with
//! faults on request. For tests and the demo; no body of Standin links it.
//!
//! ```
//! use standin_stage::{Fault, FaultKind, Options, RepositoryOptions, Stage};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let workflow = "on: { workflow_dispatch: { inputs: { key: {} } } }\nrun-name: backup ${{ inputs.key }}\njobs: { a: {} }\n";
//! let mut options = Options::default();
//! options.github.repositories =
//!     vec![RepositoryOptions::new("octo/shop").with_file(".github/workflows/backup.yml", workflow)];
//! let stage = Stage::start(options).await.unwrap();
//!
//! // Clients get this address in place of the vendor's API; GraphQL is at /graphql below it.
//! assert!(stage.github_url.starts_with("http://127.0.0.1:"));
//!
//! // The next dispatch is carried out, and answered with 502 all the same.
//! stage.github.plane().inject(Fault::once("/repos/*/dispatches", FaultKind::status_after_commit(502))).unwrap();
//! // … your client here …
//! assert_eq!(stage.github.plane().requests().len(), 0);
//! assert_eq!(stage.github.runs("octo/shop").unwrap().len(), 0);
//! # });
//! ```
//!
//! By hand: `standin-stage --repository octo/shop --folder DIR`, which prints both addresses. Over HTTP each plane takes,
//! below `/_stage`: `POST faults` (a [`Fault`] as JSON), `GET faults`, `DELETE faults`, `GET requests`, `DELETE requests`,
//! `POST clock?ahead_s=3600`; GitHub also `POST cron/FILE?slot=TIME` (or `?every_s=N`), `POST workflows/FILE/state?to=STATE`,
//! `PUT workflows/FILE/script` (a [`Script`]), `DELETE workflows/FILE/script`, `POST lists?to=frozen|empty|live`,
//! `POST rate?remaining=N` and `GET runs`; Netlify also `POST deploy?serving=works|missing|crashes`, `GET deploys`,
//! `POST cron/FUNCTION` and `POST atomicity?to=blind|true`.
//!
//! Where the vendor's behaviour is not documented, the stage guesses and says so here: the texts of GraphQL errors, the
//! refusal of a ref that lies in another's folder, and runs that are visible at once (GitHub takes seconds).

mod control;
mod faults;
mod github;
mod netlify;
mod plane;
mod record;
mod serve;
mod wire;

use std::sync::Arc;

use tokio::task::JoinHandle;

pub use crate::faults::{Fault, FaultKind, MAX_FAULTS, Moment};
pub use crate::github::{
    Access, Act, Conclusion, Github, GithubOptions, Grant, Lists, RepositoryOptions, Right, RunHandler,
    RunRequest, RunSummary, Runner, Script, ScriptedJobs, SeedError, WorkflowState,
};
pub use crate::netlify::{
    Atomicity, Build, BuildHandler, BuildRequest, BuildResult, DeploySummary, FunctionCall, FunctionHandler,
    FunctionOptions, FunctionReply, Functions, Netlify, NetlifyOptions, Serving, SiteOptions,
};
pub use crate::plane::Plane;
pub use crate::record::{MAX_RECORDED_BODY, MAX_RECORDS, RequestRecord};

/// What the stage is to be.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// GitHub's side.
    pub github: GithubOptions,
    /// Netlify's side.
    pub netlify: NetlifyOptions,
}

/// Why the stage could not be set, or not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A port could not be bound; nothing was started. Take another, or 0.
    #[error("the stage cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// A repository could not be begun; nothing was started.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// There is no such repository or site; nothing was changed.
    #[error("there is no {0} on this stage")]
    Unknown(String),
    /// The vendor would refuse this; nothing was changed.
    #[error("{0}")]
    Refused(String),
}

/// A running stage. Dropping it ends its servers, their connections, and what they run.
#[derive(Debug)]
pub struct Stage {
    /// Where GitHub's API is, without a slash at its end.
    pub github_url: String,
    /// GitHub from within.
    pub github: Github,
    /// Where Netlify is, without a slash at its end: its API is at `/api/v1` below, blobs and functions beside that.
    pub netlify_url: String,
    /// Netlify from within.
    pub netlify: Netlify,
    servers: Vec<JoinHandle<std::convert::Infallible>>,
}

impl Stage {
    /// Binds the ports, makes the repositories, and serves from a task of the runtime that this is called in.
    ///
    /// # Errors
    /// A port is taken, or a repository's files cannot be read. Nothing is left running.
    pub async fn start(options: Options) -> Result<Self, StageError> {
        let (listener, address) = serve::bind(options.github.port).await?;
        let github_url = format!("http://{address}");
        let hub = Arc::new(github::Hub::new(options.github, github_url.clone())?);
        let (second, address) = serve::bind(options.netlify.port).await?;
        let netlify_url = format!("http://{address}");
        let cloud = Arc::new(netlify::Cloud::new(options.netlify, netlify_url.clone()));
        let servers = vec![
            tokio::spawn(serve::serve(listener, hub.clone())),
            tokio::spawn(serve::serve(second, cloud.clone())),
        ];
        let (github, netlify) = (Github::new(hub), Netlify::new(cloud));
        Ok(Self { github_url, github, netlify_url, netlify, servers })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
        self.github.stop();
        self.netlify.stop();
    }
}
