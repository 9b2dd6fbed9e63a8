//! The file as it is written: names, types and their descriptions. The JSON schema is made of these.
//!
//! Everything is optional here; what a value may be, and how values relate, is checked in `check` and `entry`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use toml::Spanned;

use crate::mesh::shape as mesh;

/// A text with its place in the file.
pub(crate) type Text = Spanned<String>;

/// Settings of Standin for one repository.
#[derive(Debug, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The local agent.
    #[schemars(default)]
    pub(crate) agent: Agent,
    /// PM2 on this machine.
    #[schemars(default)]
    pub(crate) pm2: Pm2,
    /// How Standin recovers.
    #[schemars(default)]
    pub(crate) recovery: Recovery,
    /// What every PM2 app must do, where its own entry does not say otherwise.
    #[schemars(default)]
    pub(crate) process: Process,
    /// The agent's own logs.
    #[schemars(default)]
    pub(crate) logs: Logs,
    /// The backups that Standin writes.
    #[schemars(default)]
    pub(crate) backup: Backup,
    /// Refines an automation that the scan finds (`id`), or adds one (`name`).
    #[schemars(default)]
    pub(crate) automation: Vec<Automation>,
    /// The watchers as a whole.
    #[schemars(default)]
    pub(crate) mesh: mesh::Mesh,
    /// The repository on GitHub.
    #[schemars(default)]
    pub(crate) github: mesh::Github,
    /// The site on Netlify.
    #[schemars(default)]
    pub(crate) netlify: mesh::Netlify,
    /// The account on AWS.
    #[schemars(default)]
    pub(crate) aws: mesh::Aws,
    /// Whom to tell.
    #[schemars(default)]
    pub(crate) alerts: mesh::Alerts,
    /// A store that the watchers share.
    #[schemars(default)]
    pub(crate) store: Vec<mesh::Store>,
    /// One watcher.
    #[schemars(default)]
    pub(crate) peer: Vec<mesh::Peer>,
}

/// The local agent.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Agent {
    /// ADDRESS:PORT of the listener. Without it the agent takes 127.0.0.1:4646, or a free port when that one is taken.
    #[schemars(with = "Option<String>")]
    pub(crate) listen: Option<Text>,
    /// Which [[peer]] this agent is, by its name. Default: `$STANDIN_PEER`, else the first of the kind `agent`.
    #[schemars(with = "Option<String>")]
    pub(crate) peer: Option<Text>,
}

/// PM2 on this machine.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Pm2 {
    /// PM2's home. Default: `$PM2_HOME`, else `~/.pm2`.
    #[schemars(with = "Option<String>")]
    pub(crate) home: Option<Text>,
    /// PM2's program. Default: `node_modules/.bin/pm2` of the repository, else `pm2` on the path.
    #[schemars(with = "Option<String>")]
    pub(crate) binary: Option<Text>,
    /// Whether PM2 is looked at. Default: true.
    pub(crate) watch: Option<bool>,
}

/// Whether Standin may act, or only says what it sees.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// It may restart, start or run automations.
    Act,
    /// It only says what it sees.
    Alert,
}

/// How Standin recovers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Recovery {
    /// Default: act.
    pub(crate) mode: Option<Mode>,
    /// Attempts for each incident, 1 to 3. Default: 3.
    #[schemars(with = "Option<u8>", range(min = 1, max = 3))]
    pub(crate) attempts: Option<Spanned<i64>>,
    /// The wait after the first attempt; doubles after each further one. Default: 2s.
    #[schemars(with = "Option<String>")]
    pub(crate) backoff: Option<Text>,
    /// How long a target must look well before its incident is resolved. Default: 3s.
    #[schemars(with = "Option<String>")]
    pub(crate) settle: Option<Text>,
    /// An incident that comes back within this time is the same one, and its attempts count on. Default: 30s.
    #[schemars(with = "Option<String>")]
    pub(crate) quiet: Option<Text>,
    /// How long PM2 is given to start a process again by itself. Default: 2s.
    #[schemars(with = "Option<String>")]
    pub(crate) respawn_grace: Option<Text>,
    /// When less than this share of what is known is well, Standin holds back, 1 to 100 percent. Default: 50.
    #[schemars(with = "Option<u8>", range(min = 1, max = 100))]
    pub(crate) brake_percent: Option<Spanned<i64>>,
}

/// What every PM2 app must do.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Process {
    /// Resident memory from which an app is unhealthy, such as 512MB; 0B for no limit. Default: no limit.
    #[schemars(with = "Option<String>")]
    pub(crate) memory_limit: Option<Text>,
    /// Silence of the event loop from which an app hangs. Default: 30s.
    #[schemars(with = "Option<String>")]
    pub(crate) hang_after: Option<Text>,
    /// Restarts within the window from which an app is in a loop, 2 to 32. Default: 5.
    #[schemars(with = "Option<u8>", range(min = 2, max = 32))]
    pub(crate) loop_restarts: Option<Spanned<i64>>,
    /// That window. Default: 1m.
    #[schemars(with = "Option<String>")]
    pub(crate) loop_window: Option<Text>,
    /// How long after a slot of its `cron_restart` an app may start. Default: 90s.
    #[schemars(with = "Option<String>")]
    pub(crate) grace: Option<Text>,
}

/// How much the logs say.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Only what failed.
    Error,
    /// And what is odd.
    Warn,
    /// And what was decided and done.
    Info,
    /// And why.
    Debug,
    /// And every step.
    Trace,
}

/// The agent's own logs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Logs {
    /// Default: info.
    pub(crate) level: Option<Level>,
    /// For how many days logs are kept, 1 to 3650. Default: 30.
    #[schemars(with = "Option<u16>", range(min = 1, max = 3650))]
    pub(crate) keep_days: Option<Spanned<i64>>,
    /// Size from which a file is rotated. Default: 10MB.
    #[schemars(with = "Option<String>")]
    pub(crate) rotate_at: Option<Text>,
}

/// Whether backups on this machine run at once.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BackupMode {
    /// Off until they are needed.
    Standby,
    /// Beside what they stand in for.
    Active,
}

/// The backups that Standin writes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Backup {
    /// Whether those that PM2 hosts run at once. Default: standby.
    pub(crate) mode: Option<BackupMode>,
    /// Whether the agent runs scheduled workflows and functions on its own machine (`standin run`) when nothing else has
    /// helped. Default: false.
    pub(crate) here: Option<bool>,
}

/// What becomes of a slot that passed while nothing could run it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CatchUp {
    /// The newest of them is run, once.
    Once,
    /// They are left out.
    Skip,
}

/// What becomes of a slot that comes while the run before it still runs.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Overlap {
    /// The slot is left out.
    Forbid,
    /// Both run.
    Allow,
}

/// The weight of an automation in the score, and its place in the queue of recoveries.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    /// Weight 1.
    Low,
    /// Weight 2.
    Normal,
    /// Weight 4.
    High,
    /// Weight 8.
    Critical,
}

/// Whether a run does something elsewhere that cannot be taken back.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SideEffects {
    /// It does not: it can be run for a drill.
    None,
    /// It does.
    External,
}

/// One automation: either `id` of one that `standin scan` finds, or `name` of a new one.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Automation {
    /// An id of `standin scan`, such as `pm2:worker`.
    #[schemars(with = "Option<String>")]
    pub(crate) id: Option<Text>,
    /// The name of a new automation: `command:NAME` when it has a command, else `heartbeat:NAME`.
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Text>,
    /// What the agent runs in each slot, with `sh -c`.
    #[schemars(with = "Option<String>")]
    pub(crate) command: Option<Text>,
    /// Where the command runs, relative to the repository. Default: the repository.
    #[schemars(with = "Option<String>")]
    pub(crate) dir: Option<Text>,
    /// Variables that are set for the command.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(crate) env: Option<Spanned<BTreeMap<String, Hidden>>>,
    /// Names of variables that the command gets from the agent's environment, beside PATH, HOME, LANG, USER, SHELL, TZ.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) env_from: Option<Vec<Text>>,
    /// When it runs, or when its heartbeats are due: five cron fields, or a name such as `@daily`.
    #[schemars(with = "Option<String>")]
    pub(crate) schedule: Option<Text>,
    /// The zone of the schedule: an IANA name, UTC, or local for the machine's own. Default: UTC.
    #[schemars(with = "Option<String>")]
    pub(crate) timezone: Option<Text>,
    /// A heartbeat is due once within each period of this length.
    #[schemars(with = "Option<String>")]
    pub(crate) every: Option<Text>,
    /// Whether heartbeats are due for the slots that the automation itself declares. Default: false.
    #[schemars(with = "Option<bool>")]
    pub(crate) heartbeats: Option<Spanned<bool>>,
    /// How late is still late and not missed. Default: 90s for apps and commands, 5m for heartbeats and functions, 6h for workflows.
    #[schemars(with = "Option<String>")]
    pub(crate) grace: Option<Text>,
    /// How long before its slot a heartbeat already counts for it. Default: 1m.
    #[schemars(with = "Option<String>")]
    pub(crate) early: Option<Text>,
    /// How long a run may take from its start heartbeat. Default: 6h.
    #[schemars(with = "Option<String>")]
    pub(crate) max_run: Option<Text>,
    /// How long a run of a command may take until it is stopped. Default: 1h.
    #[schemars(with = "Option<String>")]
    pub(crate) time_limit: Option<Text>,
    /// Over how much time the starts of commands are spread. Default: 5s.
    #[schemars(with = "Option<String>")]
    pub(crate) jitter: Option<Text>,
    /// Default: once.
    #[schemars(with = "Option<CatchUp>")]
    pub(crate) catch_up: Option<Spanned<CatchUp>>,
    /// Default: forbid.
    #[schemars(with = "Option<Overlap>")]
    pub(crate) overlap: Option<Spanned<Overlap>>,
    /// How often a failed run is tried again, 0 to 3. Default: 0.
    #[schemars(with = "Option<u8>", range(min = 0, max = 3))]
    pub(crate) retries: Option<Spanned<i64>>,
    /// Default: normal.
    pub(crate) priority: Option<Priority>,
    /// Default: what `[recovery]` says as `mode`.
    pub(crate) recovery: Option<Mode>,
    /// What helps when it is missed or down, in order, one for each attempt: again, restore, redeploy, rollback, or an id.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) backup: Option<Vec<Text>>,
    /// Where it answers with 200 when it is well.
    #[schemars(with = "Option<String>")]
    pub(crate) url: Option<Text>,
    /// Whether a run does something elsewhere that cannot be taken back: posts, mails, payments. Then a drill is dry. Default: none.
    pub(crate) side_effects: Option<SideEffects>,
    /// What `sh -c` runs after a drill, in the repository: the drill has passed when this ends with 0 too.
    #[schemars(with = "Option<String>")]
    pub(crate) drill_check: Option<Text>,
    /// Whether every end of an app that was not by hand is a death. Default: only those that were not with exit code 0.
    #[schemars(with = "Option<bool>")]
    pub(crate) long_running: Option<Spanned<bool>>,
    /// As in `[process]`.
    #[schemars(with = "Option<String>")]
    pub(crate) memory_limit: Option<Text>,
    /// As in `[process]`.
    #[schemars(with = "Option<String>")]
    pub(crate) hang_after: Option<Text>,
    /// As in `[process]`.
    #[schemars(with = "Option<u8>", range(min = 2, max = 32))]
    pub(crate) loop_restarts: Option<Spanned<i64>>,
    /// As in `[process]`.
    #[schemars(with = "Option<String>")]
    pub(crate) loop_window: Option<Text>,
}

/// A text that may be a secret: neither `Debug` nor an error ever shows it.
#[derive(Debug, Default)]
pub(crate) struct Hidden(pub(crate) SecretString);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(HiddenVisitor)
    }
}

struct HiddenVisitor;

// The provided methods of a visitor put the value into the error, so those for plain values are replaced.
impl serde::de::Visitor<'_> for HiddenVisitor {
    type Value = Hidden;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hidden, E> {
        Ok(Hidden(SecretString::from(text)))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Hidden, E> {
        Err(E::custom("a variable's value must be a text in quotes, and this is a number"))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Hidden, E> {
        Err(E::custom("a variable's value must be a text in quotes, and this is a number"))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Hidden, E> {
        Err(E::custom("a variable's value must be a text in quotes, and this is a boolean"))
    }
}
