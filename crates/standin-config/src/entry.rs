//! One `[[automation]]`: which automation it is about, and which keys make sense for that.

use std::collections::BTreeMap;
use std::time::Duration;

use standin_core::health::Priority;
use standin_core::ident::{AutomationId, Kind};
use standin_core::watch::{CatchUp, LongRunning, Overlap};

use crate::check::{Checker, DAY, SECOND, mode};
use crate::settings::{CommandText, Entry, SideEffects, Subject, Timing};
use crate::shape::{self, Automation};
use crate::text;

/// Longest grace and longest run.
const LONGEST: Duration = Duration::from_secs(14 * 86_400);

/// Most variables of one command.
const MAX_VARIABLES: usize = 100;

impl Checker<'_> {
    /// The entry, or nothing when its id or name is wrong; every error of it is noted.
    pub(crate) fn entry(&mut self, table: &Automation, at: usize) -> Option<Entry> {
        let before = self.errors.len();
        let (id, at) = self.identity(table, at)?;
        let command = self.command(table, id.kind());
        let timing = self.timing(table, id.kind(), at);
        self.keys_that_do_not_apply(table, id.kind(), &timing);
        let (line, column) = self.lines.place(at);
        let entry = Entry {
            line,
            column,
            subject: match (command, id.kind()) {
                (Some(command), _) => Subject::Command(command),
                (None, Kind::Heartbeat) => Subject::Heartbeat,
                (None, _) => Subject::Found,
            },
            id,
            timing,
            grace: self.duration("grace", table.grace.as_ref(), SECOND..=LONGEST),
            early: self.duration("early", table.early.as_ref(), Duration::ZERO..=DAY),
            max_run: self.duration("max_run", table.max_run.as_ref(), SECOND..=LONGEST),
            time_limit: self.duration("time_limit", table.time_limit.as_ref(), 2 * SECOND..=LONGEST),
            jitter: self.duration("jitter", table.jitter.as_ref(), Duration::ZERO..=DAY),
            catch_up: table.catch_up.as_ref().map(|v| match v.get_ref() {
                shape::CatchUp::Once => CatchUp::Once,
                shape::CatchUp::Skip => CatchUp::Skip,
            }),
            overlap: table.overlap.as_ref().map(|v| match v.get_ref() {
                shape::Overlap::Forbid => Overlap::Forbid,
                shape::Overlap::Allow => Overlap::Allow,
            }),
            retries: self.number("retries", table.retries.as_ref(), 0..=3),
            priority: table.priority.map(priority),
            recovery: table.recovery.map(mode),
            backup: self.rungs(table.backup.as_deref()),
            url: self.url("url", table.url.as_ref()),
            side_effects: table.side_effects.map_or(SideEffects::None, side_effects),
            drill_check: self.text("drill_check", table.drill_check.as_ref()),
            long_running: table.long_running.as_ref().map(|v| match v.get_ref() {
                true => LongRunning::Yes,
                false => LongRunning::Auto,
            }),
            memory_limit: self.memory_limit(table.memory_limit.as_ref()),
            hang_after: self.hang_after(table.hang_after.as_ref()),
            loop_restarts: self.loop_restarts(table.loop_restarts.as_ref()),
            loop_window: self.loop_window(table.loop_window.as_ref()),
        };
        self.relations(table, &entry);
        (self.errors.len() == before).then_some(entry)
    }

    fn identity(&mut self, table: &Automation, at: usize) -> Option<(AutomationId, usize)> {
        match (&table.id, &table.name) {
            (Some(id), None) => {
                let at = id.span().start;
                match id.get_ref().parse::<AutomationId>() {
                    Ok(id) if matches!(id.kind(), Kind::Command | Kind::Heartbeat) => {
                        let fix = format!("write name = \"{}\"", id.name());
                        self.wrong(at, format!("`{id}` is not something that the scan finds"), fix);
                        None
                    }
                    Ok(id) => Some((id, at)),
                    Err(error) => {
                        self.wrong(at, error.to_string(), "`standin scan` lists the ids");
                        None
                    }
                }
            }
            (None, Some(name)) => {
                let at = name.span().start;
                let kind = if table.command.is_some() { Kind::Command } else { Kind::Heartbeat };
                match AutomationId::new(kind, name.get_ref()) {
                    Ok(id) => Some((id, at)),
                    Err(error) => {
                        self.wrong(at, error.to_string(), "write a short name, such as \"backup-db\"");
                        None
                    }
                }
            }
            (Some(_), Some(name)) => {
                let fix = "keep `id` for an automation of the scan, or `name` for a new one";
                self.wrong(name.span().start, "an automation has both `id` and `name`", fix);
                None
            }
            (None, None) => {
                let fix = "write id = \"…\" as `standin scan` lists it, or name = \"…\" for a new one";
                self.wrong(at, "an automation has neither `id` nor `name`", fix);
                None
            }
        }
    }

    fn command(&mut self, table: &Automation, kind: Kind) -> Option<CommandText> {
        let dir = self.text("dir", table.dir.as_ref());
        let Some(command) = &table.command else {
            return None;
        };
        if kind != Kind::Command {
            let fix = "give the command an entry of its own with `name`, or leave it out";
            self.wrong(
                command.span().start,
                "`command` is for a new automation, not for one of the scan",
                fix,
            );
            return None;
        }
        let text = self.text("command", Some(command))?;
        Some(CommandText { command: text, dir, env: self.variables(table), env_from: self.passed_on(table) })
    }

    fn variables(&mut self, table: &Automation) -> BTreeMap<String, secrecy::SecretString> {
        let Some(env) = &table.env else { return BTreeMap::new() };
        let at = env.span().start;
        if env.get_ref().len() > MAX_VARIABLES {
            self.wrong(at, "`env` has too many variables", format!("write at most {MAX_VARIABLES}"));
        }
        for name in env.get_ref().keys().filter(|n| !is_variable(n)) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            let message = format!("`{shown}` is not the name of a variable");
            self.wrong(at, message, "use letters, digits and _, and no digit first");
        }
        env.get_ref().iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
    }

    fn passed_on(&mut self, table: &Automation) -> Vec<String> {
        let names = table.env_from.as_deref().unwrap_or_default();
        if let Some(first_beyond) = names.get(MAX_VARIABLES) {
            let fix = format!("write at most {MAX_VARIABLES}");
            self.wrong(first_beyond.span().start, "`env_from` has too many names", fix);
        }
        for name in names.iter().filter(|n| !is_variable(n.get_ref())) {
            let fix =
                "write names only, such as [\"DATABASE_URL\"]; the values come from the agent's environment";
            self.wrong(name.span().start, "an item of `env_from` is not the name of a variable", fix);
        }
        names.iter().map(|n| n.get_ref().clone()).collect()
    }

    fn timing(&mut self, table: &Automation, kind: Kind, at: usize) -> Timing {
        let own = table.heartbeats.as_ref().filter(|v| *v.get_ref());
        match (&table.schedule, &table.every, own) {
            (Some(cron), None, None) => {
                let (line, column) = self.lines.place(cron.span().start);
                let timezone = self.text("timezone", table.timezone.as_ref()).unwrap_or_else(|| "UTC".into());
                Timing::Slots { cron: cron.get_ref().clone(), timezone, line, column }
            }
            (None, Some(every), None) if matches!(kind, Kind::Command) => {
                let fix = "write schedule = \"*/10 * * * *\" or another cron expression";
                self.wrong(
                    every.span().start,
                    "a command runs in the slots of a `schedule`, not `every` so often",
                    fix,
                );
                Timing::Unsaid
            }
            (None, Some(every), None) => self
                .duration("every", Some(every), 10 * SECOND..=366 * DAY)
                .map_or(Timing::Unsaid, Timing::Every),
            (None, None, Some(_)) => Timing::OwnSlots,
            (None, None, None) => Timing::Unsaid,
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                self.wrong(
                    at,
                    "more than one of `schedule`, `every` and `heartbeats` is given",
                    "keep one of them",
                );
                Timing::Unsaid
            }
        }
    }

    /// A key that would do nothing is an error: its author believes that it does something.
    fn keys_that_do_not_apply(&mut self, table: &Automation, kind: Kind, timing: &Timing) {
        let beats = !matches!(kind, Kind::Command) && !self.runs_here(kind, timing);
        let timed = !matches!(timing, Timing::Unsaid) || matches!(kind, Kind::Pm2 | Kind::Workflow);
        let slots = self.runs_here(kind, timing);
        let app = kind == Kind::Pm2;
        let start = |t: &Option<shape::Text>| t.as_ref().map(|v| v.span().start);
        let number = |t: &Option<toml::Spanned<i64>>| t.as_ref().map(|v| v.span().start);
        let command = kind == Kind::Command;
        let given = [
            ("dir", start(&table.dir), command, "a `command`"),
            ("env", table.env.as_ref().map(|v| v.span().start), command, "a `command`"),
            (
                "env_from",
                table.env_from.as_ref().and_then(|v| v.first()).map(|v| v.span().start),
                command,
                "a `command`",
            ),
            ("timezone", start(&table.timezone), table.schedule.is_some(), "a `schedule`"),
            ("grace", start(&table.grace), timed, "a `schedule`, `every` or `heartbeats`"),
            (
                "early",
                start(&table.early),
                beats && !matches!(timing, Timing::Unsaid),
                "heartbeats that are due",
            ),
            ("max_run", start(&table.max_run), beats, "heartbeats; a command has a `time_limit`"),
            (
                "time_limit",
                start(&table.time_limit),
                slots,
                "what the agent runs; heartbeats have a `max_run`",
            ),
            ("jitter", start(&table.jitter), slots, "what the agent runs"),
            ("catch_up", table.catch_up.as_ref().map(|v| v.span().start), slots, "what the agent runs"),
            ("overlap", table.overlap.as_ref().map(|v| v.span().start), slots, "what the agent runs"),
            ("retries", number(&table.retries), slots, "what the agent runs"),
            ("long_running", table.long_running.as_ref().map(|v| v.span().start), app, "an app of PM2"),
            ("memory_limit", start(&table.memory_limit), app, "an app of PM2"),
            ("hang_after", start(&table.hang_after), app, "an app of PM2"),
            ("loop_restarts", number(&table.loop_restarts), app, "an app of PM2"),
            ("loop_window", start(&table.loop_window), app, "an app of PM2"),
        ];
        for (key, at, applies, needs) in given {
            if let (Some(at), false) = (at, applies) {
                self.wrong(at, format!("`{key}` does nothing here: it is for {needs}"), "leave it out");
            }
        }
    }

    /// Whether the agent itself runs this: a command, or an npm script with a schedule.
    fn runs_here(&self, kind: Kind, timing: &Timing) -> bool {
        kind == Kind::Command || (kind == Kind::Npm && matches!(timing, Timing::Slots { .. }))
    }

    fn relations(&mut self, table: &Automation, entry: &Entry) {
        if let (Some(jitter), Some(at)) = (entry.jitter, table.jitter.as_ref().map(|v| v.span().start)) {
            let grace = entry.grace.unwrap_or(crate::resolve::RUN_GRACE);
            if jitter >= grace {
                let fix = format!("write a `jitter` below the `grace` of {}", text::written(grace));
                self.wrong(
                    at,
                    "`jitter` is not shorter than `grace`: spread starts would count as missed",
                    fix,
                );
            }
        }
        if let (Timing::Every(every), Some(early)) = (&entry.timing, entry.early)
            && early >= *every
        {
            let at = table.early.as_ref().map_or(0, |v| v.span().start);
            let fix = format!("write an `early` below {}", text::written(*every));
            self.wrong(at, "`early` is not shorter than `every`: one heartbeat would count twice", fix);
        }
    }
}

pub(crate) fn is_variable(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && name.len() <= 200 && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

const fn side_effects(said: shape::SideEffects) -> SideEffects {
    match said {
        shape::SideEffects::None => SideEffects::None,
        shape::SideEffects::External => SideEffects::External,
    }
}

const fn priority(priority: shape::Priority) -> Priority {
    match priority {
        shape::Priority::Low => Priority::Low,
        shape::Priority::Normal => Priority::Normal,
        shape::Priority::High => Priority::High,
        shape::Priority::Critical => Priority::Critical,
    }
}
