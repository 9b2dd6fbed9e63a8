//! What can be typed to run something on this host: a backup, a drill, a sync.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use standin_core::ident::{Kind, Starter};

use super::Format;

/// What a run on this host may use.
#[derive(Debug, Clone, Args)]
pub(crate) struct MeansArgs {
    /// A file with lines NAME=value that nobody else can read [default: .standin/secrets, if it is there]
    #[arg(long, value_name = "FILE", env = "STANDIN_SECRETS")]
    pub secrets: Option<PathBuf>,
    /// What `vars.NAME` is in a workflow
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
    /// Run it although something here is so different that the run may mean nothing
    #[arg(long)]
    pub anyway: bool,
    /// How long it may take, such as 10m [default: the entry's, else 6h for workflows, 15m for functions, 1h]
    #[arg(long, value_name = "TIME")]
    pub time_limit: Option<String>,
}

/// `standin run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The automation, such as workflow:nightly.yml
    pub id: String,
    #[command(flatten)]
    pub means: MeansArgs,
    /// An input of a workflow, NAME=VALUE: it is run as dispatched with these
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub inputs: Vec<String>,
    /// Only say what would be different here and what is missing
    #[arg(long)]
    pub check: bool,
}

/// `standin drill`.
#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// Whose backups
    #[arg(required_unless_present = "all")]
    pub ids: Vec<String>,
    /// Everything with a schedule of its own that this host can stand in for
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Only what has no passed drill within this time, such as 7d
    #[arg(long, value_name = "TIME")]
    pub every: Option<String>,
    /// On this machine, also where a backup stands elsewhere
    #[arg(long, conflicts_with = "through")]
    pub here: bool,
    /// By the backup that stands there [default: by the ladder of the mesh, else here]
    #[arg(long, value_enum, value_name = "PLATFORM")]
    pub through: Option<Platform>,
    #[command(flatten)]
    pub means: MeansArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Where a backup is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Platform {
    /// A workflow on GitHub
    Github,
    /// A function on Netlify
    Netlify,
}

impl Platform {
    /// Whether it starts automations of this kind.
    pub(crate) fn starts(self, kind: Kind) -> bool {
        match self {
            Self::Github => kind.started_by() == Starter::Github,
            Self::Netlify => kind.started_by() == Starter::Netlify,
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Github => "GitHub",
            Self::Netlify => "Netlify",
        })
    }
}

/// `standin sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The checkout [default: this folder]
    pub path: Option<PathBuf>,
    /// Which remote [default: origin]
    #[arg(long, value_name = "NAME", env = "AUTO_SYNC_REMOTE")]
    pub remote: Option<String>,
    /// The branch that has to be checked out [default: whichever is]
    #[arg(long, value_name = "NAME", env = "AUTO_SYNC_BRANCH")]
    pub branch: Option<String>,
    /// ff-only, rebase, merge or hardreset [default: ff-only]
    #[arg(long, value_name = "HOW", env = "AUTO_SYNC_STRATEGY")]
    pub strategy: Option<String>,
    /// Take untracked files away, once they are kept; with hardreset changed ones too
    #[arg(long, env = "AUTO_SYNC_CLEAN", value_parser = switch, num_args = 0..=1, default_value = "false",
        default_missing_value = "true", require_equals = true, value_name = "true|false")]
    pub clean: Switch,
    /// Have git tidy up its store afterwards
    #[arg(long, env = "AUTO_SYNC_GC", value_parser = switch, num_args = 0..=1, default_value = "false",
        default_missing_value = "true", require_equals = true, value_name = "true|false")]
    pub gc: Switch,
}

/// A setting that is on or off; as a type of its own it takes a value on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    On,
    Off,
}

fn switch(text: &str) -> Result<Switch, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(Switch::On),
        "false" | "0" | "no" | "off" | "" => Ok(Switch::Off),
        _ => Err("write true or false"),
    }
}
