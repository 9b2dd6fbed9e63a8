//! What the expressions and scripts of a workflow name: secrets, and the crons that they compare the schedule with.

use std::collections::BTreeSet;

use standin_core::automation::CronLine;

use super::crons;
use super::expression::{Kind, Token};
use super::job_steps;
use crate::value::Value;

/// What was noted.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Names as they are written, without `GITHUB_TOKEN`.
    pub(super) secrets: BTreeSet<String>,
    /// Texts that are compared with `github.event.schedule`.
    pub(super) gates: Vec<CronLine>,
    /// Whether anything looks at `github.event.schedule`.
    pub(super) reads_schedule: Reads,
}

/// Whether a workflow asks which of its schedules has started it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reads {
    #[default]
    No,
    Yes,
}

impl Noted {
    /// Notes what an expression names.
    pub(super) fn expression(&mut self, tokens: &[Token<'_>], line: u32) {
        self.secrets(tokens);
        let is_schedule = |at: usize| {
            let words = ["github", "event", "schedule"];
            words.iter().enumerate().all(|(nth, word)| {
                let token = tokens.get(at.saturating_add(nth.saturating_mul(2)));
                token.is_some_and(|token| token.kind == Kind::Name && token.text.eq_ignore_ascii_case(word))
            })
        };
        if !(0..tokens.len()).any(is_schedule) {
            return;
        }
        self.reads_schedule = Reads::Yes;
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Text) {
            let kind = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|token| token.kind);
            let is_left =
                kind(at.checked_add(1)) == Some(Kind::Equality) && is_schedule(at.saturating_add(2));
            let is_right =
                kind(at.checked_sub(1)) == Some(Kind::Equality) && at.checked_sub(6).is_some_and(is_schedule);
            if is_left || is_right || crons::looks_like_one(token.text) {
                self.gate(token.text, line);
            } else if token.text.starts_with('[') {
                let list: Vec<String> = serde_json::from_str(token.text).unwrap_or_default();
                list.iter().filter(|text| crons::looks_like_one(text)).for_each(|text| self.gate(text, line));
            }
        }
    }

    fn secrets(&mut self, tokens: &[Token<'_>]) {
        for window in tokens.windows(3) {
            let [context, sign, name] = window else { continue };
            let is_secret = context.kind == Kind::Name && context.text.eq_ignore_ascii_case("secrets");
            let is_name =
                matches!((sign.kind, name.kind), (Kind::Dot, Kind::Name) | (Kind::OpenIndex, Kind::Text));
            if is_secret && is_name && !name.text.eq_ignore_ascii_case("GITHUB_TOKEN") {
                self.secrets.insert(name.text.to_owned());
            }
        }
    }

    fn gate(&mut self, cron: &str, line: u32) {
        let gate = CronLine { cron: cron.to_owned(), line };
        if self.gates.len() < crate::limits::MAX_SCHEDULES && !self.gates.contains(&gate) {
            self.gates.push(gate);
        }
    }

    /// Crons in quotes in the scripts, where something hands the schedule to one.
    pub(super) fn scripts(&mut self, jobs: &Value) {
        if self.reads_schedule == Reads::No {
            return;
        }
        for (script, first) in job_steps::of_all(jobs).filter_map(script) {
            for (line, text) in (first..).zip(script.lines()) {
                for quoted in text.split(['"', '\'']).skip(1).step_by(2) {
                    if crons::looks_like_one(quoted) {
                        self.gate(quoted, line);
                    }
                }
            }
        }
    }
}

/// The script of a step, and the line that it begins on.
pub(super) fn script<'v>(step: &'v Value<'_>) -> Option<(&'v str, u32)> {
    let run = step.get("run")?;
    Some((run.text()?, run.line))
}
