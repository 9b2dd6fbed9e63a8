//! The tables of the mesh as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::shape::Text;

/// The watchers as a whole.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mesh {
    /// Three stores that decide by majority, by name. Default: each target's home store decides alone.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) quorum: Option<Vec<Text>>,
}

/// The repository on GitHub.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Github {
    /// OWNER/NAME. Default: $GITHUB_REPOSITORY, else the remote `origin`.
    #[schemars(with = "Option<String>")]
    pub(crate) repository: Option<Text>,
    /// Default: $GITHUB_API_URL, else GitHub's own.
    #[schemars(with = "Option<String>")]
    pub(crate) api_url: Option<Text>,
    /// The variable that holds the token. Default: GITHUB_TOKEN.
    #[schemars(with = "Option<String>")]
    pub(crate) token_env: Option<Text>,
    /// The branch or tag whose workflows are dispatched. Default: the default branch.
    #[serde(rename = "ref")]
    #[schemars(with = "Option<String>")]
    pub(crate) git_ref: Option<Text>,
}

/// The site on Netlify.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Netlify {
    /// The site's id, or its name. Default: $NETLIFY_SITE_ID, else $SITE_ID.
    #[schemars(with = "Option<String>")]
    pub(crate) site: Option<Text>,
    /// Where the site is served, such as https://shop.example.
    #[schemars(with = "Option<String>")]
    pub(crate) url: Option<Text>,
    /// Default: Netlify's own.
    #[schemars(with = "Option<String>")]
    pub(crate) api_url: Option<Text>,
    /// The variable that holds the token. Default: NETLIFY_AUTH_TOKEN.
    #[schemars(with = "Option<String>")]
    pub(crate) token_env: Option<Text>,
    /// The variable that holds the address of the build hook that redeploys the site. Default: NETLIFY_BUILD_HOOK.
    #[schemars(with = "Option<String>")]
    pub(crate) build_hook_env: Option<Text>,
}

/// The account on AWS. Credentials come from the environment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Aws {
    /// Default: $AWS_REGION.
    #[schemars(with = "Option<String>")]
    pub(crate) region: Option<Text>,
    /// Another address than AWS's own, for a stand-in.
    #[schemars(with = "Option<String>")]
    pub(crate) endpoint: Option<Text>,
}

/// Whom to tell.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Alerts {
    /// The variable that holds a URL which gets each alert as JSON. Default: STANDIN_ALERT_URL.
    #[schemars(with = "Option<String>")]
    pub(crate) webhook_env: Option<Text>,
}

/// The sort of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StoreKind {
    /// Refs of the repository on GitHub.
    Github,
    /// A DynamoDB table.
    Dynamodb,
    /// A bucket of S3, or of something that speaks like it.
    S3,
    /// A bucket of Google Cloud Storage.
    Gcs,
    /// A container of Azure's blob storage.
    Azure,
    /// Netlify Blobs: evidence only.
    NetlifyBlobs,
}

/// A store that the watchers share. The agent's own database is there without being named.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    /// What it is.
    pub(crate) kind: Option<StoreKind>,
    /// Its name here. Default: its kind.
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Text>,
    /// The bucket or container.
    #[schemars(with = "Option<String>")]
    pub(crate) bucket: Option<Text>,
    /// The table.
    #[schemars(with = "Option<String>")]
    pub(crate) table: Option<Text>,
    /// What all its keys begin with. Default: standin.
    #[schemars(with = "Option<String>")]
    pub(crate) prefix: Option<Text>,
    /// Default: as in `[aws]`.
    #[schemars(with = "Option<String>")]
    pub(crate) region: Option<Text>,
    /// Another address than the provider's own.
    #[schemars(with = "Option<String>")]
    pub(crate) endpoint: Option<Text>,
    /// Whether it may hold decisions. Default: true, but false with an `endpoint` until `standin doctor --stores` has passed it.
    #[schemars(with = "Option<bool>")]
    pub(crate) decides: Option<toml::Spanned<bool>>,
}

/// The sort of a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PeerKind {
    /// A workflow that uses the Action.
    Action,
    /// The function on Netlify.
    Netlify,
    /// The function on AWS Lambda.
    Lambda,
    /// An agent on a machine.
    Agent,
}

/// One watcher.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Peer {
    /// What it is.
    pub(crate) kind: Option<PeerKind>,
    /// Its name. Default: action, function or agent.
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Text>,
    /// The file name of the workflow that runs the Action. Default: standin.yml.
    #[schemars(with = "Option<String>")]
    pub(crate) workflow: Option<Text>,
    /// The function's name. Default: standin.
    #[schemars(with = "Option<String>")]
    pub(crate) function: Option<Text>,
    /// How often it looks. Default: 1h for the Action, 5m for a function, 1m for an agent.
    #[schemars(with = "Option<String>")]
    pub(crate) every: Option<Text>,
    /// How long after a look that did not come it counts as silent. Default: 6h for the Action, 5m for a function, 90s for an agent.
    #[schemars(with = "Option<String>")]
    pub(crate) silent_after: Option<Text>,
    /// USER@HOST or USER@HOST:PORT of an agent's machine, so that others can start it again.
    #[schemars(with = "Option<String>")]
    pub(crate) ssh: Option<Text>,
    /// The machine's public host key, as in known_hosts: without it nobody connects.
    #[schemars(with = "Option<String>")]
    pub(crate) ssh_host_key: Option<Text>,
    /// The variable that holds the private key. Default: STANDIN_SSH_KEY.
    #[schemars(with = "Option<String>")]
    pub(crate) ssh_key_env: Option<Text>,
    /// What is run over ssh to start the agent. Default: pm2 resurrect.
    #[schemars(with = "Option<String>")]
    pub(crate) ssh_command: Option<Text>,
    /// What helps when it is silent, in order: again, restore, redeploy, rollback, ssh, or the id of a workflow.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) backup: Option<Vec<Text>>,
}
