//! What a GitHub workflow has beyond what every automation has.

use serde::{Deserialize, Serialize};

/// What a workflow says about itself. Lists are in the order of the file unless they say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workflow {
    /// Every cron expression, the ones that GitHub refuses too, with its line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crons: Vec<CronLine>,
    /// What `workflow_dispatch` asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// Whether other workflows can call it, and what they must hand over.
    #[serde(skip_serializing_if = "Callable::is_no")]
    pub is_callable: Callable,
    /// Workflows that its jobs call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The concurrency group of the whole workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// The concurrency groups of its jobs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub job_groups: Vec<Concurrency>,
    /// Names of the workflows that it runs after.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Follow>,
    /// What its token may do, of the workflow and of its jobs: `contents: read`, or `write-all`. Ordered by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Names of the secrets that its expressions use, without `GITHUB_TOKEN`. Ordered by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Labels of the runners that its jobs ask for; expressions as they are written. Ordered by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Actions that its steps use, with their versions. Ordered by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Actions of this repository that its steps use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub local_actions: Vec<LocalAction>,
    /// Cron expressions that conditions or scripts compare with `github.event.schedule`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<CronLine>,
    /// What a runner other than GitHub's would have to offer. Ordered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// Whether its steps come to anything: a backup whose steps do not is none.
    #[serde(default, skip_serializing_if = "Effort::is_some")]
    pub effort: Effort,
}

/// Whether the steps of a workflow come to anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// A step may do something.
    #[default]
    Some,
    /// All that they do is to check the code out, print and end.
    None,
}

impl Effort {
    /// Whether a step may do something.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub const fn is_some(&self) -> bool {
        matches!(self, Self::Some)
    }
}

/// A step that uses an action of the repository that it runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalAction {
    /// Its folder, relative to the repository; empty for the root.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// Whether every run comes to this step, and fails with it.
    pub fails: Fails,
}

/// Whether a run fails with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fails {
    /// It does.
    Always,
    /// A condition decides, or its failure is passed over.
    Sometimes,
}

/// A cron expression as it is written, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CronLine {
    /// As it is written.
    pub cron: String,
    /// Counted from 1.
    pub line: u32,
}

/// One value that is asked for when a workflow is started or called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `string`, `boolean`, `number`, `choice` or `environment`.
    pub kind: String,
    /// Whether it must be given.
    pub demand: Demand,
}

/// Whether a value must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// Without it there is nothing to start with.
    Required,
    /// It is marked as required, and has a default.
    Defaulted,
    /// It may be left out.
    Optional,
}

/// Whether other workflows can call this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "callable", rename_all = "lowercase")]
pub enum Callable {
    /// It has no `workflow_call`.
    #[default]
    No,
    /// It has, and takes these.
    Yes {
        /// Inputs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        inputs: Vec<Input>,
        /// Names of secrets, and whether they must be given.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<(String, Demand)>,
    },
}

impl Callable {
    /// Whether nothing can call it.
    pub const fn is_no(&self) -> bool {
        matches!(self, Self::No)
    }
}

/// The name of a workflow that another one runs after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// Its name, or a pattern of names.
    pub workflow: String,
    /// Counted from 1.
    pub line: u32,
}

/// A job that calls a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// As it is written: `./.github/workflows/x.yml`, or `owner/repository/.github/workflows/x.yml@ref`.
    pub uses: String,
    /// The line of `uses`, counted from 1.
    pub line: u32,
    /// Names of the inputs that are handed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// The secrets that are handed over.
    #[serde(default)]
    pub secrets: Handover,
}

impl Call {
    /// The path in this repository, if it is called there.
    pub fn local(&self) -> Option<&str> {
        self.uses.strip_prefix("./").or_else(|| self.uses.strip_prefix("$/"))
    }
}

/// Which secrets a call hands over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handover {
    /// All of them: `secrets: inherit`.
    Inherited,
    /// These, by the names that the called workflow gives them; none if it is empty.
    Named(Vec<String>),
}

impl Default for Handover {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

/// A concurrency group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// Its name as it is written, expressions included.
    pub group: String,
    /// What happens to a run that is under way when the next one comes.
    pub cancels: Cancels,
    /// Counted from 1.
    pub line: u32,
}

/// What a concurrency group does to a run that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cancels {
    /// It ends first; the next one waits.
    Never,
    /// It is cancelled.
    Always,
    /// An expression decides.
    Sometimes,
}

/// What a job needs of its runner beyond running commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// Artifacts of GitHub's are stored or fetched.
    Artifacts,
    /// GitHub's cache is used.
    Cache,
    /// A job runs in a container.
    Container,
    /// A deployment environment, with its own secrets and approvals.
    Environment,
    /// A token that GitHub signs: `id-token: write`.
    Oidc,
    /// Steps run beside one another: `parallel`, `background`.
    Parallel,
    /// Service containers.
    Services,
}
