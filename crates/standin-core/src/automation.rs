//! What runs by itself, as it is written down in a repository.

use serde::{Deserialize, Serialize};

use crate::ident::{AutomationId, Domain};

mod workflow;

pub use workflow::{
    Call, Callable, Cancels, Concurrency, CronLine, Demand, Effort, Fails, Follow, Handover, Input,
    LocalAction, Need, Workflow,
};

/// Where something is written: a path relative to the repository, with `/`, and a line counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// Relative to the root of the scan.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
}

/// A cron expression as it was written, and the zone that it is read in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScheduleSpec {
    /// Five fields, or a name such as `@daily`.
    pub cron: String,
    /// An IANA name, `UTC`, or `local` for the zone of the machine that runs it.
    pub timezone: String,
}

/// How far an automation has come: each step implies the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Written down.
    Declared,
    /// Its platform would accept the file.
    Loadable,
    /// It would really fire.
    Effective,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Declared => "declared",
            Self::Loadable => "loadable",
            Self::Effective => "effective",
        })
    }
}

/// What Netlify calls in a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// An exported `handler(event, context)`.
    V1,
    /// A default export, which takes a `Request` and returns a `Response`.
    V2,
    /// A Go program.
    Go,
    /// What it exports could not be read without running it.
    Unknown,
}

/// How it is known what a file says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// By reading it.
    #[default]
    Read,
    /// By running it, because somebody has asked for that: it may say something else the next time.
    Evaluated,
}

impl Known {
    /// Whether reading was enough.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub const fn is_read(&self) -> bool {
        matches!(self, Self::Read)
    }
}

/// What only one kind of automation has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Detail {
    /// Nothing beyond the common part.
    Plain,
    /// An app of a PM2 ecosystem file.
    Pm2App {
        /// The script, resolved against the file's folder; absolute. Empty where only running the file would tell.
        script: String,
        /// The working directory, resolved; absolute.
        cwd: String,
        /// What runs the script, where the file says so; PM2 goes by the script's ending otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interpreter: Option<String>,
        /// What the interpreter is given before the script, as far as it is spelled out: `node_args`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        interpreter_args: Vec<String>,
        /// The script's arguments, one each, as far as they are spelled out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        args: Vec<String>,
        /// The names of the variables that the file sets, ordered; never their values, which may be secret.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        env_names: Vec<String>,
        /// Whether reading the file has told this, or only running it.
        #[serde(default, skip_serializing_if = "Known::is_read")]
        known: Known,
    },
    /// A Netlify function.
    NetlifyFunction {
        /// What Netlify calls, and with what.
        flavour: Flavour,
        /// Whether it answers at once and works on.
        background: bool,
        /// The file that Netlify bundles, absolute.
        main: String,
    },
    /// A script of a `package.json`.
    NpmScript {
        /// The folder of the `package.json`, absolute.
        dir: String,
        /// The script's name.
        script: String,
        /// The script's text.
        command: String,
    },
    /// A GitHub workflow that could be read; one that could not is plain.
    Workflow(Box<Workflow>),
}

impl Detail {
    /// Whether it is an app of PM2's that does nothing but `standin run` of this automation: one that stands by for it.
    pub fn is_run_of(&self, id: &AutomationId) -> bool {
        match self {
            Self::Pm2App { script, args, .. } => {
                script.rsplit('/').next() == Some("standin") && *args == ["run", id.as_str()]
            }
            Self::Plain | Self::NetlifyFunction { .. } | Self::NpmScript { .. } | Self::Workflow(_) => false,
        }
    }
}

/// One thing that runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automation {
    /// Its stable name; also says its kind.
    pub id: AutomationId,
    /// What a person calls it.
    pub name: String,
    /// What it fails together with.
    pub domain: Domain,
    /// Where it is written down.
    pub source: Source,
    /// When it runs by the clock; empty if it does not.
    pub schedules: Vec<ScheduleSpec>,
    /// What else starts it, in its platform's words: `push`, `workflow_dispatch`, `http`, `always`, …
    pub triggers: Vec<String>,
    /// How far it has come.
    pub state: Standing,
    /// Why it falls short of effective; empty when it does not.
    pub reason: String,
    /// What only its kind has.
    pub detail: Detail,
    /// What this was written to stand in for, as the mark of its file says; `None` for whatever people wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_of: Option<AutomationId>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Something will surprise its author.
    Warning,
    /// Something does not run, or could not be read.
    Error,
}

/// Something that a person should know about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's stable name, in kebab case.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Relative to the root of the scan.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// What is the matter, in one sentence.
    pub message: String,
    /// What to do about it, in one sentence.
    pub fix: String,
}

/// All automations of a repository, ordered by id, and the findings, ordered by place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Ordered by id; ids are unique.
    pub automations: Vec<Automation>,
    /// Ordered by path, line and rule.
    pub findings: Vec<Finding>,
}

impl Inventory {
    /// The automation of this id.
    pub fn get(&self, id: &AutomationId) -> Option<&Automation> {
        self.automations.iter().find(|a| &a.id == id)
    }
}
