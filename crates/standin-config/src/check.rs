//! Shape to settings: what each value may be, and how the values relate.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use standin_core::automation::{Finding, Severity};
use standin_core::mesh::peer::PeerId;
use standin_core::policy::Policy;
use standin_core::watch;
use toml::Spanned;

use crate::error::{ConfigError, Lines};
use crate::settings::{
    AgentSettings, BackupMode, BackupSettings, Here, Listen, LogLevel, LogSettings, Pm2Settings, Pm2Watching,
    ProcessSettings, RecoverySettings,
};
use crate::shape::{self, Text};
use crate::text;

/// One millisecond.
pub(crate) const MS: Duration = Duration::from_millis(1);
/// One second.
pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// One minute.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
/// One hour.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
/// One day.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Longest text of a path, a command or an address, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 8_192;

/// Reads values and keeps what is wrong with them.
pub(crate) struct Checker<'a> {
    pub(crate) lines: Lines<'a>,
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) warnings: Vec<Finding>,
}

/// `[backup]`: every word that can be read is right.
pub(crate) fn backup(table: &shape::Backup) -> BackupSettings {
    let mode = match table.mode {
        Some(shape::BackupMode::Active) => BackupMode::Active,
        Some(shape::BackupMode::Standby) | None => BackupMode::Standby,
    };
    let here = if table.here == Some(true) { Here::Yes } else { Here::No };
    BackupSettings { mode, here }
}

impl Checker<'_> {
    pub(crate) fn wrong(&mut self, at: usize, message: impl Into<String>, fix: impl Into<String>) {
        let error = self.lines.error(at, message, fix);
        self.errors.push(error);
    }

    /// A duration within its limits; one that is wrong is noted and left out.
    pub(crate) fn duration(
        &mut self,
        key: &str,
        value: Option<&Text>,
        limits: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let value = value?;
        match text::duration(value.get_ref()) {
            Ok(read) if limits.contains(&read) => Some(read),
            Ok(_) => {
                let (low, high) = (text::written(*limits.start()), text::written(*limits.end()));
                self.wrong(
                    value.span().start,
                    format!("`{key}` is out of its limits"),
                    format!("write {low} to {high}"),
                );
                None
            }
            Err(fix) => {
                self.wrong(value.span().start, format!("`{key}` is not a duration"), fix);
                None
            }
        }
    }

    /// A size within its limits.
    pub(crate) fn size(
        &mut self,
        key: &str,
        value: Option<&Text>,
        limits: RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = value?;
        match text::size(value.get_ref()) {
            Ok(read) if limits.contains(&read) => Some(read),
            Ok(_) => {
                let fix = format!("write {} to {} bytes, as B, kB, MB or GB", limits.start(), limits.end());
                self.wrong(value.span().start, format!("`{key}` is out of its limits"), fix);
                None
            }
            Err(fix) => {
                self.wrong(value.span().start, format!("`{key}` is not a size"), fix);
                None
            }
        }
    }

    /// A whole number within its limits.
    pub(crate) fn number<N: TryFrom<i64> + Copy>(
        &mut self,
        key: &str,
        value: Option<&Spanned<i64>>,
        limits: RangeInclusive<i64>,
    ) -> Option<N> {
        let value = value?;
        let read = limits.contains(value.get_ref()).then(|| N::try_from(*value.get_ref()).ok()).flatten();
        if read.is_none() {
            let fix = format!("write {} to {}", limits.start(), limits.end());
            self.wrong(value.span().start, format!("`{key}` is out of its limits"), fix);
        }
        read
    }

    /// A text that is not empty, not endless and without control characters.
    pub(crate) fn text(&mut self, key: &str, value: Option<&Text>) -> Option<String> {
        let value = value?;
        let read = value.get_ref();
        if read.trim().is_empty() || read.len() > MAX_TEXT_BYTES || read.contains('\0') {
            let fix = format!("write 1 to {MAX_TEXT_BYTES} bytes, or leave the key out");
            self.wrong(value.span().start, format!("`{key}` is empty, too long or holds a zero byte"), fix);
            return None;
        }
        Some(read.clone())
    }

    pub(crate) fn agent(&mut self, table: &shape::Agent) -> AgentSettings {
        AgentSettings { listen: self.listen(table), peer: self.own_peer(table) }
    }

    fn own_peer(&mut self, table: &shape::Agent) -> Option<PeerId> {
        let text = self.text("peer", table.peer.as_ref())?;
        match text.parse() {
            Ok(peer) => Some(peer),
            Err(error) => {
                let at = table.peer.as_ref().map_or(0, |v| v.span().start);
                self.wrong(at, format!("`peer` names no watcher: {error}"), "write the `name` of a [[peer]]");
                None
            }
        }
    }

    fn listen(&mut self, table: &shape::Agent) -> Listen {
        let Some(written) = &table.listen else { return Listen::default() };
        let at = written.span().start;
        let text = written.get_ref().replace("localhost:", "127.0.0.1:");
        let Ok(address) = text.parse::<SocketAddr>() else {
            self.wrong(
                at,
                "`listen` is not an address with a port",
                "write it as \"127.0.0.1:4646\" or \"[::1]:4646\"",
            );
            return Listen::default();
        };
        if !address.ip().is_loopback() {
            self.warnings.push(Finding {
                rule: "listen-not-loopback".into(),
                severity: Severity::Warning,
                path: crate::FILE_NAME.into(),
                line: self.lines.place(at).0,
                message: format!(
                    "the agent listens on {address}: whoever reaches it can read and send heartbeats"
                ),
                fix: "listen on 127.0.0.1 and put a proxy with TLS and a login before it".into(),
            });
        }
        Listen::Chosen(address)
    }

    pub(crate) fn pm2(&mut self, table: &shape::Pm2) -> Pm2Settings {
        Pm2Settings {
            home: self.text("home", table.home.as_ref()),
            binary: self.text("binary", table.binary.as_ref()),
            watch: if table.watch == Some(false) { Pm2Watching::Off } else { Pm2Watching::On },
        }
    }

    pub(crate) fn recovery(&mut self, table: &shape::Recovery) -> RecoverySettings {
        let d = Policy::default();
        let policy = Policy {
            max_attempts: self.number("attempts", table.attempts.as_ref(), 1..=3).unwrap_or(d.max_attempts),
            backoff: self
                .duration("backoff", table.backoff.as_ref(), 100 * MS..=5 * MINUTE)
                .unwrap_or(d.backoff),
            settle: self.duration("settle", table.settle.as_ref(), SECOND..=5 * MINUTE).unwrap_or(d.settle),
            quiet: self.duration("quiet", table.quiet.as_ref(), SECOND..=DAY).unwrap_or(d.quiet),
            respawn_grace: self
                .duration("respawn_grace", table.respawn_grace.as_ref(), 100 * MS..=5 * MINUTE)
                .unwrap_or(d.respawn_grace),
            brake_percent: self
                .number("brake_percent", table.brake_percent.as_ref(), 1..=100)
                .unwrap_or(d.brake_percent),
            ..d
        };
        // Else an incident would be resolved for good before it could be seen to come back.
        if policy.settle >= policy.quiet {
            let at = table.settle.as_ref().or(table.quiet.as_ref()).map_or(0, |t| t.span().start);
            let fix = format!("write a `settle` below `quiet`, which is {}", text::written(policy.quiet));
            self.wrong(at, "`settle` is not shorter than `quiet`", fix);
        }
        RecoverySettings { mode: mode(table.mode.unwrap_or(shape::Mode::Act)), policy }
    }

    pub(crate) fn process(&mut self, table: &shape::Process, policy: &Policy) -> ProcessSettings {
        let d = ProcessSettings::default();
        let process = ProcessSettings {
            memory_limit: self.memory_limit(table.memory_limit.as_ref()).unwrap_or(d.memory_limit),
            hang_after: self.hang_after(table.hang_after.as_ref()).unwrap_or(d.hang_after),
            loop_restarts: self.loop_restarts(table.loop_restarts.as_ref()).unwrap_or(d.loop_restarts),
            loop_window: self.loop_window(table.loop_window.as_ref()).unwrap_or(d.loop_window),
            grace: self.duration("grace", table.grace.as_ref(), SECOND..=DAY).unwrap_or(d.grace),
        };
        // Else an app would miss its slot while PM2 is still given time to start it.
        if process.grace < policy.respawn_grace {
            let at = table.grace.as_ref().map_or(0, |t| t.span().start);
            let fix = format!(
                "write a `grace` of at least `respawn_grace` of [recovery], which is {}",
                text::written(policy.respawn_grace)
            );
            self.wrong(at, "`grace` of [process] is shorter than `respawn_grace` of [recovery]", fix);
        }
        process
    }

    pub(crate) fn memory_limit(&mut self, value: Option<&Text>) -> Option<u64> {
        let read = self.size("memory_limit", value, 0..=1 << 50)?;
        if (1..1_000_000).contains(&read) {
            let at = value.map_or(0, |v| v.span().start);
            self.wrong(
                at,
                "`memory_limit` is less than any app needs",
                "write 1MB or more, or 0B for no limit",
            );
            return None;
        }
        Some(read)
    }

    pub(crate) fn hang_after(&mut self, value: Option<&Text>) -> Option<Duration> {
        // PM2 reports of an event loop come every few seconds, and ticks are up to `max_wake` apart: a shorter
        // silence is not yet a sign.
        self.duration("hang_after", value, Policy::default().max_wake..=HOUR)
    }

    pub(crate) fn loop_restarts(&mut self, value: Option<&Spanned<i64>>) -> Option<u32> {
        // At most 32 restarts are kept of each process, so a higher number would never be reached.
        self.number("loop_restarts", value, 2..=32)
    }

    pub(crate) fn loop_window(&mut self, value: Option<&Text>) -> Option<Duration> {
        self.duration("loop_window", value, 5 * SECOND..=HOUR)
    }

    pub(crate) fn logs(&mut self, table: &shape::Logs) -> LogSettings {
        let d = LogSettings::default();
        LogSettings {
            level: table.level.map_or(d.level, level),
            keep_days: self.number("keep_days", table.keep_days.as_ref(), 1..=3650).unwrap_or(d.keep_days),
            rotate_at: self
                .size("rotate_at", table.rotate_at.as_ref(), 64_000..=1_000_000_000)
                .unwrap_or(d.rotate_at),
        }
    }
}

pub(crate) const fn mode(mode: shape::Mode) -> watch::Recovery {
    match mode {
        shape::Mode::Act => watch::Recovery::Act,
        shape::Mode::Alert => watch::Recovery::AlertOnly,
    }
}

const fn level(level: shape::Level) -> LogLevel {
    match level {
        shape::Level::Error => LogLevel::Error,
        shape::Level::Warn => LogLevel::Warn,
        shape::Level::Info => LogLevel::Info,
        shape::Level::Debug => LogLevel::Debug,
        shape::Level::Trace => LogLevel::Trace,
    }
}
