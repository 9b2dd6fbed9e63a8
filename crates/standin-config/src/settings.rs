//! The settings as values: what `standin.toml` says, checked, with the defaults filled in.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;
use standin_core::automation::Finding;
use standin_core::health::Priority;
use standin_core::ident::AutomationId;
use standin_core::mesh::peer::PeerId;
use standin_core::policy::Policy;
use standin_core::watch::{CatchUp, LongRunning, Overlap, Recovery};

use crate::mesh::{MeshSettings, Remedy};

/// Everything that `standin.toml` can say. The default is what a user without the file gets.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The agent.
    pub agent: AgentSettings,
    /// PM2.
    pub pm2: Pm2Settings,
    /// How Standin recovers.
    pub recovery: RecoverySettings,
    /// What holds for every PM2 app that its own entry does not say otherwise.
    pub process: ProcessSettings,
    /// The agent's own logs.
    pub logs: LogSettings,
    /// The backups that Standin writes.
    pub backup: BackupSettings,
    /// The watchers, the stores and the platforms.
    pub mesh: MeshSettings,
    /// The `[[automation]]` entries in the order of the file; their ids are unique.
    pub automations: Vec<Entry>,
    /// What is allowed and still worth saying, such as a listener that the network can reach.
    pub warnings: Vec<Finding>,
}

/// `[backup]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackupSettings {
    /// Whether backups on this machine run at once.
    pub mode: BackupMode,
    /// Whether the agent runs workflows and functions itself.
    pub here: Here,
}

/// Whether the agent runs scheduled workflows and functions on its own machine when nothing else has helped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Here {
    /// It does not: what they do to a machine is for their owner to judge.
    #[default]
    No,
    /// It does.
    Yes,
}

/// Whether backups on this machine run at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BackupMode {
    /// Off until they are needed.
    #[default]
    Standby,
    /// Beside what they stand in for.
    Active,
}

/// `[agent]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentSettings {
    /// Where the agent listens.
    pub listen: Listen,
    /// Which of the watchers it is; `None` for the first agent among them.
    pub peer: Option<PeerId>,
}

/// Where the agent listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Nobody chose: if the port is taken, the agent takes a free one.
    Default(SocketAddr),
    /// Somebody chose: if the port is taken, the agent says so and ends.
    Chosen(SocketAddr),
}

impl Listen {
    /// The address, whoever chose it.
    pub const fn address(self) -> SocketAddr {
        match self {
            Self::Default(address) | Self::Chosen(address) => address,
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self::Default(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4646))
    }
}

/// `[pm2]`. Paths are as they were written: the binary resolves `~` and what is relative to the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pm2Settings {
    /// PM2's home; `None` means `$PM2_HOME`, else `~/.pm2`.
    pub home: Option<String>,
    /// PM2's program; `None` means `node_modules/.bin/pm2` of the repository, else `pm2` on the path.
    pub binary: Option<String>,
    /// Whether PM2 is looked at.
    pub watch: Pm2Watching,
}

/// Whether PM2 is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pm2Watching {
    /// It is.
    #[default]
    On,
    /// Its apps are listed and nothing is expected of them.
    Off,
}

/// `[recovery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverySettings {
    /// Whether Standin may act where the automation's own entry does not say.
    pub mode: Recovery,
    /// How often, how soon, how many at once.
    pub policy: Policy,
}

impl Default for RecoverySettings {
    fn default() -> Self {
        Self { mode: Recovery::Act, policy: Policy::default() }
    }
}

/// `[process]`: what PM2 apps must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSettings {
    /// Bytes of resident memory from which an app is unhealthy; 0 for no limit.
    pub memory_limit: u64,
    /// Silence of the event loop from which an app hangs.
    pub hang_after: Duration,
    /// Restarts within the window from which an app is in a loop, 2 to 32.
    pub loop_restarts: u32,
    /// That window.
    pub loop_window: Duration,
    /// How long after a slot of its `cron_restart` an app may start.
    pub grace: Duration,
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            memory_limit: 0,
            hang_after: Duration::from_secs(30),
            loop_restarts: 5,
            loop_window: Duration::from_secs(60),
            grace: Duration::from_secs(90),
        }
    }
}

/// How much the logs say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what is odd.
    Warn,
    /// And what was decided and done.
    #[default]
    Info,
    /// And why.
    Debug,
    /// And every step.
    Trace,
}

impl LogLevel {
    /// The word of the file, which is also the word of `tracing`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// `[logs]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// How much they say.
    pub level: LogLevel,
    /// For how many days they are kept.
    pub keep_days: u16,
    /// Bytes from which a file is rotated.
    pub rotate_at: u64,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: LogLevel::Info, keep_days: 30, rotate_at: 10_000_000 }
    }
}

/// One `[[automation]]`. `None` means that the file does not say, and the default of its kind holds.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The line of its `id` or `name`, counted from 1.
    pub line: u32,
    /// Its column, counted from 1.
    pub column: u32,
    /// The id that was given, or that follows from the name.
    pub id: AutomationId,
    /// What the entry adds or refines.
    pub subject: Subject,
    /// When it runs, or when heartbeats are due.
    pub timing: Timing,
    /// How late is still late and not missed.
    pub grace: Option<Duration>,
    /// How long before its slot a heartbeat already counts for it.
    pub early: Option<Duration>,
    /// How long a run may take from its `start` heartbeat.
    pub max_run: Option<Duration>,
    /// How long a run of a command may take until it is stopped.
    pub time_limit: Option<Duration>,
    /// Over how much time the starts are spread.
    pub jitter: Option<Duration>,
    /// What becomes of missed slots.
    pub catch_up: Option<CatchUp>,
    /// What becomes of a slot during a run.
    pub overlap: Option<Overlap>,
    /// How often a failed run is tried again, 0 to 3.
    pub retries: Option<u8>,
    /// Its weight.
    pub priority: Option<Priority>,
    /// Whether Standin may act on it.
    pub recovery: Option<Recovery>,
    /// What helps, in order.
    pub backup: Option<Vec<Remedy>>,
    /// Where it answers when it is well.
    pub url: Option<String>,
    /// Whether a run of a drill would do harm.
    pub side_effects: SideEffects,
    /// For `sh -c`, after a drill.
    pub drill_check: Option<String>,
    /// Whether an app is meant to run all the time.
    pub long_running: Option<LongRunning>,
    /// As in [`ProcessSettings`].
    pub memory_limit: Option<u64>,
    /// As in [`ProcessSettings`].
    pub hang_after: Option<Duration>,
    /// As in [`ProcessSettings`].
    pub loop_restarts: Option<u32>,
    /// As in [`ProcessSettings`].
    pub loop_window: Option<Duration>,
}

/// Whether a run does something elsewhere that cannot be taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SideEffects {
    /// It does not, or nobody has said.
    #[default]
    None,
    /// It posts, mails or pays.
    External,
}

/// What an entry is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// An automation that the scan is expected to find.
    Found,
    /// A command that the agent runs: `name` and `command`.
    Command(CommandText),
    /// Something that only sends heartbeats: `name` alone.
    Heartbeat,
}

/// A command, as the file has it.
#[derive(Debug, Clone)]
pub struct CommandText {
    /// For `sh -c`.
    pub command: String,
    /// Where it runs, relative to the repository; `None` for the repository itself.
    pub dir: Option<String>,
    /// Variables that are set for it.
    pub env: BTreeMap<String, SecretString>,
    /// Names of variables that are passed on from the agent's environment.
    pub env_from: Vec<String>,
}

/// When something is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// The entry does not say.
    Unsaid,
    /// In the slots of a cron expression.
    Slots {
        /// Five fields, or a name such as `@daily`.
        cron: String,
        /// An IANA name, `UTC`, or `local`.
        timezone: String,
        /// Where the expression is written, for errors.
        line: u32,
        /// Its column.
        column: u32,
    },
    /// Once within each period.
    Every(Duration),
    /// Heartbeats for the slots that the automation itself declares.
    OwnSlots,
}
