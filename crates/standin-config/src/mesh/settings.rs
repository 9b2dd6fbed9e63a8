//! The tables of the mesh as values, checked.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::mesh::arbiter::StoreKind;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::terms::Keeping;

/// `[mesh]`, `[[peer]]`, `[[store]]` and the platforms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeshSettings {
    /// Three stores that decide by majority, by name.
    pub quorum: Option<Vec<String>>,
    /// `[github]`.
    pub github: GithubSettings,
    /// `[netlify]`.
    pub netlify: NetlifySettings,
    /// `[aws]`.
    pub aws: AwsSettings,
    /// `[alerts]`.
    pub alerts: AlertSettings,
    /// `[[store]]`, in the order of the file; names are unique.
    pub stores: Vec<StoreSettings>,
    /// `[[peer]]`, in the order of the file; names are unique.
    pub peers: Vec<PeerSettings>,
}

/// `[github]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GithubSettings {
    /// OWNER/NAME; `None` for what the environment says.
    pub repository: Option<String>,
    /// `None` for what the environment says, else GitHub's own.
    pub api_url: Option<String>,
    /// The variable that holds the token; `None` for `GITHUB_TOKEN`.
    pub token_env: Option<String>,
    /// The branch or tag; `None` for the default branch.
    pub git_ref: Option<String>,
}

/// `[netlify]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetlifySettings {
    /// Id or name; `None` for what the environment says.
    pub site: Option<String>,
    /// Where the site is served, without a slash at its end.
    pub url: Option<String>,
    /// `None` for Netlify's own.
    pub api_url: Option<String>,
    /// The variable that holds the token; `None` for `NETLIFY_AUTH_TOKEN`.
    pub token_env: Option<String>,
    /// The variable that holds the build hook's address; `None` for `NETLIFY_BUILD_HOOK`.
    pub build_hook_env: Option<String>,
}

/// `[aws]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsSettings {
    /// `None` for what the environment says.
    pub region: Option<String>,
    /// `None` for AWS's own.
    pub endpoint: Option<String>,
}

/// `[alerts]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettings {
    /// The variable that holds a URL; `None` for `STANDIN_ALERT_URL`.
    pub webhook_env: Option<String>,
}

/// Whether a store is known to have a true compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proved {
    /// It may hold decisions.
    Yes,
    /// It may not: nobody has said that the conformance suite passed it.
    No,
}

/// One `[[store]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSettings {
    /// Its name.
    pub name: String,
    /// Its sort.
    pub kind: StoreKind,
    /// The bucket, the container or the table; empty where there is none.
    pub place: String,
    /// What its keys begin with.
    pub prefix: String,
    /// `None` for the account's.
    pub region: Option<String>,
    /// `None` for the provider's own.
    pub endpoint: Option<String>,
    /// Whether it may hold decisions.
    pub proved: Proved,
}

/// What a watcher is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PeerKind {
    /// A workflow that uses the Action.
    Action {
        /// Its file name.
        workflow: String,
    },
    /// A function on Netlify.
    Netlify {
        /// Its name.
        function: String,
    },
    /// A function on AWS Lambda.
    Lambda {
        /// Its name.
        function: String,
    },
    /// An agent on a machine.
    Agent {
        /// How others reach the machine.
        ssh: Option<SshSettings>,
    },
}

/// How a machine is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshSettings {
    /// The user there.
    pub user: String,
    /// The machine.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its public host key, as in `known_hosts` without the name: `ssh-ed25519 AAAA…`.
    pub host_key: String,
    /// The variable that holds the private key.
    pub key_env: String,
    /// What is run there.
    pub command: String,
}

/// One `[[peer]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerSettings {
    /// Its name.
    pub name: PeerId,
    /// What it is.
    pub kind: PeerKind,
    /// How often it looks.
    pub every: Duration,
    /// How long after a look that did not come it counts as silent.
    pub silent_after: Duration,
    /// What helps when it is silent, in order.
    pub backup: Vec<Remedy>,
}

impl PeerKind {
    /// What a watcher of this kind fails together with.
    pub const fn domain(&self) -> Domain {
        match self {
            Self::Action { .. } => Domain::Github,
            Self::Netlify { .. } => Domain::Netlify,
            Self::Lambda { .. } => Domain::Aws,
            Self::Agent { .. } => Domain::Host,
        }
    }
}

impl PeerSettings {
    /// Whether this automation is what the watcher runs in.
    pub fn runs_in(&self, id: &AutomationId) -> bool {
        match &self.kind {
            PeerKind::Action { workflow } => id.kind() == Kind::Workflow && id.name() == workflow,
            PeerKind::Netlify { function } => id.kind() == Kind::Netlify && id.name() == function,
            PeerKind::Lambda { .. } | PeerKind::Agent { .. } => false,
        }
    }

    /// How it can keep a backup at work.
    pub fn keeping(&self) -> Keeping {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Keeping::of(ms(self.every), ms(self.silent_after))
    }
}

/// One rung of a ladder: what is done at one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Remedy {
    /// The same once more: the workflow is dispatched, the function invoked, the process restarted.
    Again,
    /// The site's last good deploy is published again.
    Restore,
    /// The site is built anew.
    Redeploy,
    /// The function's alias is pointed at the version before.
    RollBack,
    /// The agent's machine is asked by ssh to start it.
    Ssh,
    /// Another automation does the work: a workflow, a function, a command of the agent.
    Other(AutomationId),
}

impl Remedy {
    /// Everything but ids, for messages.
    pub const WORDS: [&'static str; 5] = ["again", "restore", "redeploy", "rollback", "ssh"];
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Again => "again",
            Self::Restore => "restore",
            Self::Redeploy => "redeploy",
            Self::RollBack => "rollback",
            Self::Ssh => "ssh",
            Self::Other(id) => id.as_str(),
        })
    }
}

impl std::str::FromStr for Remedy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "again" => Self::Again,
            "restore" => Self::Restore,
            "redeploy" => Self::Redeploy,
            "rollback" => Self::RollBack,
            "ssh" => Self::Ssh,
            id => Self::Other(id.parse().map_err(|_| {
                let shown: String = id.chars().filter(|c| !c.is_control()).take(80).collect();
                format!("`{shown}` is neither a remedy nor the id of an automation")
            })?),
        })
    }
}

impl TryFrom<String> for Remedy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Remedy> for String {
    fn from(remedy: Remedy) -> Self {
        remedy.to_string()
    }
}
