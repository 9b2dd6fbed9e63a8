//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) mod failover;

pub(crate) use failover::{DrillArgs, MeansArgs, RunArgs, Switch, SyncArgs};

/// Every automation has a stand-in, and every watcher has a watcher.
#[derive(Debug, Parser)]
#[command(name = "standin", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The repository: the folder that holds standin.toml and .standin
    #[arg(short = 'C', long = "repository", global = true, value_name = "DIR", env = "STANDIN_REPOSITORY")]
    pub repository: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what runs by itself in a repository, and what would never run
    Scan(ScanArgs),
    /// Say what could take the place of each automation, and what to do about the rest
    Coverage(CoverageArgs),
    /// Write settings and backups for everything that runs by itself, and say what cannot be backed up
    Init(InitArgs),
    /// Write the backups of all automations, or of those that are named
    Backup(BackupArgs),
    /// Start the agent: it watches, recovers and runs schedules
    Up(UpArgs),
    /// End the agent; what is under way is finished or left on record
    Down(DownArgs),
    /// Show how each automation is
    Status(LookArgs),
    /// Show how the whole is, as a score
    Health(LookArgs),
    /// Write the reports to .standin/reports and print one
    Report(ReportArgs),
    /// Print what the agent and its runs have logged
    Logs(LogsArgs),
    /// Recover what fails, or what is named, now
    Recover(RecoverArgs),
    /// Send a heartbeat
    Beat(BeatArgs),
    /// Run a command and send heartbeats of its start and end
    Exec(ExecArgs),
    /// Run an automation on this host, in place of its platform
    Run(RunArgs),
    /// Fail over on purpose: run a backup with its primary left alone, and record how that went
    Drill(DrillArgs),
    /// Bring this checkout up to its remote branch, and lose nothing of it
    Sync(SyncArgs),
    /// Check tools, rights and services, and say how to mend what is missing
    Doctor(DoctorArgs),
    /// Run one watch cycle of the mesh, and say what it saw and did
    Check(CheckArgs),
    /// Show who watches what, what helps, and who decides
    Mesh(LookArgs),
    /// Have all watchers do nothing for a while
    Pause(PauseArgs),
    /// End a pause
    Resume(ResumeArgs),
    /// Ask what an outage would do: who notices when, what runs instead, what is lost
    Simulate(SimulateArgs),
    /// Play an outage, the failover and the handback on this machine, in about a minute
    Demo(DemoArgs),
    /// Print the JSON schema of standin.toml, or a commented default file
    Schema(SchemaArgs),
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For a terminal.
    #[default]
    Text,
    /// One object, with a version.
    Json,
    /// For job summaries and chats.
    Markdown,
    /// One page.
    Html,
}

/// How changes of files are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum PatchFormat {
    /// For a terminal.
    #[default]
    Text,
    /// One object, with a version.
    Json,
}

/// Where and how to look.
#[derive(Debug, Args)]
pub(crate) struct LookArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `standin doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub look: LookArgs,
    /// Try whether the stores of standin.toml may hold decisions: takes minutes, and hundreds of requests
    #[arg(long)]
    pub stores: bool,
}

/// `standin check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub look: LookArgs,
    /// Which watcher to be [default: the one of this agent]
    #[arg(long, value_name = "NAME")]
    pub peer: Option<String>,
}

/// `standin pause`.
#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// For how long, such as 30m, 4h or 2d
    #[arg(long = "for", value_name = "TIME", default_value = "4h")]
    pub time: String,
}

/// `standin resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
}

/// `standin scan`.
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: ScanFormat,
    /// Run the PM2 configurations that cannot be read without running them, each alone, for 10 seconds at most
    #[arg(long)]
    pub evaluate: bool,
    /// List each automation and each finding, also where there are many
    #[arg(long)]
    pub all: bool,
}

/// How a scan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ScanFormat {
    /// For a terminal.
    #[default]
    Text,
    /// One object, with a version.
    Json,
    /// For job summaries and chats.
    Markdown,
    /// One page.
    Html,
    /// The findings alone, for tools that show them beside the code.
    Sarif,
}

/// `standin coverage`.
#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    pub look: LookArgs,
    /// End with 1 when less than this percentage has reached the level
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub fail_under: Option<f64>,
    /// Which level that is about [default: cross-domain]
    #[arg(long, value_enum, requires = "fail_under")]
    pub level: Option<CoverageLevel>,
    /// How old a drill may be, such as 30d [default: 90d]
    #[arg(long, value_name = "TIME")]
    pub drilled_within: Option<String>,
}

/// A level of coverage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CoverageLevel {
    /// Somebody would notice.
    Watched,
    /// Something else can do its work.
    BackedUp,
    /// The same in another failure domain.
    CrossDomain,
    /// The same, and it has been seen to work.
    Drilled,
}

impl From<CoverageLevel> for standin_core::coverage::Level {
    fn from(level: CoverageLevel) -> Self {
        match level {
            CoverageLevel::Watched => Self::Watched,
            CoverageLevel::BackedUp => Self::BackedUp,
            CoverageLevel::CrossDomain => Self::CrossDomain,
            CoverageLevel::Drilled => Self::Drilled,
        }
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        Ok(_) | Err(_) => Err("a percentage is a number from 0 to 100".to_owned()),
    }
}

/// `standin init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// Only print what would be changed
    #[arg(long)]
    pub dry_run: bool,
    /// Change nothing, and end with 1 when something would be changed
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Add the scripts redundancy:start, :stop, :status, :health, :report, :recover and :monitor to package.json
    #[arg(long)]
    pub npm_scripts: bool,
    /// Delete what Standin has written, as `standin backup --remove` does
    #[arg(long, conflicts_with_all = ["check", "npm_scripts"])]
    pub remove: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PatchFormat,
}

/// `standin backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Which; none means everything that has a schedule
    pub ids: Vec<String>,
    /// Change nothing, print what would be changed, and end with 1 when there is something
    #[arg(long)]
    pub check: bool,
    /// Delete what Standin has written
    #[arg(long, conflicts_with = "check")]
    pub remove: bool,
    /// Only print what would be changed
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PatchFormat,
}

/// `standin up`.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// Also start the PM2 apps of the repository that PM2 was never asked to run
    #[arg(long)]
    pub start: bool,
    /// Let PM2 host the agent, and save that in PM2's list
    #[arg(long, conflicts_with = "detach")]
    pub pm2: bool,
    /// Run in the background
    #[arg(long)]
    pub detach: bool,
    /// The name under which PM2 hosts this agent (set by --pm2)
    #[arg(long, hide = true, value_name = "NAME")]
    pub hosted_as: Option<String>,
    /// Log to the files alone (set by --detach)
    #[arg(long, hide = true)]
    pub background: bool,
}

/// `standin down`.
#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// Do not wait for what is under way, and kill an agent that does not answer
    #[arg(long)]
    pub force: bool,
}

/// `standin report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub look: LookArgs,
}

/// `standin logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// Go on printing
    #[arg(short, long)]
    pub follow: bool,
    /// How many lines to begin with
    #[arg(short = 'n', long, default_value_t = 100, value_name = "LINES")]
    pub lines: usize,
    /// Only this part: agent, incident, mesh, recovery, pm2, pings, runs
    #[arg(long, value_name = "PART")]
    pub part: Option<String>,
}

/// `standin recover`.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// Which; none means everything that fails
    pub ids: Vec<String>,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What a heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum SignalArg {
    /// A run begins.
    Start,
    /// A run has ended well.
    #[default]
    Success,
    /// A run has ended badly.
    Fail,
    /// Only a note.
    Log,
}

/// `standin beat`.
#[derive(Debug, Args)]
pub(crate) struct BeatArgs {
    /// The automation, such as heartbeat:backup
    pub id: String,
    /// What it says
    #[arg(value_enum, default_value_t)]
    pub signal: SignalArg,
    /// The run that it belongs to
    #[arg(long, default_value = "", value_name = "UUID")]
    pub rid: String,
    /// The exit status of the run
    #[arg(long, value_name = "STATUS")]
    pub exit: Option<u8>,
    /// A text that goes with it
    #[arg(short, long, default_value = "", value_name = "TEXT")]
    pub message: String,
    /// Print the URL that takes heartbeats for this automation, and send none
    #[arg(long)]
    pub url: bool,
}

/// `standin exec`.
#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    /// The automation, such as heartbeat:backup
    pub id: String,
    /// The command and its arguments
    #[arg(last = true, required = true, num_args = 1..)]
    pub command: Vec<std::ffi::OsString>,
}

/// `standin simulate`.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The repository [default: this folder]
    pub path: Option<PathBuf>,
    /// What is gone for how long from when on, in UTC: github=4h@12:00, or on the second day github=4h@2/12:00
    #[arg(long = "outage", value_name = "WHAT=LENGTH@TIME")]
    pub outages: Vec<String>,
    /// How many days
    #[arg(long, default_value_t = 1)]
    pub days: u32,
    /// Where all chance comes from: the same seed gives the same answer
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The first day, as 2026-11-23 [default: tomorrow]
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `standin demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many times as fast as time the clocks go
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub pace: u32,
}

/// `standin schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Print a commented standin.toml with every default instead
    #[arg(long)]
    pub default_file: bool,
}
