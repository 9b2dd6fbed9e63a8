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

    /// Crons in quotes in the scripts, where something hands the schedule to one: those of the workflow itself, and
    /// whatever else a step that knows the schedule compares it with.
    pub(super) fn scripts(&mut self, root: &Value, own: &[CronLine]) {
        if self.reads_schedule == Reads::No {
            return;
        }
        let of_all = schedules_in(root.get("env"));
        for job in root.get("jobs").map(Value::entries).unwrap_or_default() {
            let of_job = schedules_in(job.value.get("env"));
            for step in job_steps::of(&job.value) {
                let of_step = schedules_in(step.get("env"));
                let names: Vec<&str> = of_all.iter().chain(&of_job).chain(&of_step).copied().collect();
                self.script(step, &names, own);
            }
        }
    }

    fn script(&mut self, step: &Value, names: &[&str], own: &[CronLine]) {
        let Some((script, first)) = script(step) else { return };
        let lower = script.to_ascii_lowercase();
        let knows = lower.contains(SCHEDULE)
            || lower.contains("github_event_path")
            || names.iter().any(|name| script.contains(name));
        for (line, text) in (first..).zip(script.lines()) {
            for (before, quoted, behind) in
                in_quotes(text).filter(|(_, quoted, _)| crons::looks_like_one(quoted))
            {
                let is_own = own.iter().any(|cron| cron.cron == quoted);
                if is_own || (knows && is_compared(before, behind)) {
                    self.gate(quoted, line);
                }
            }
        }
    }
}

/// What an expression calls the schedule, in lower case.
const SCHEDULE: &str = "github.event.schedule";

/// The names of the variables that hold the schedule.
fn schedules_in<'v>(env: Option<&'v Value<'_>>) -> Vec<&'v str> {
    let entries = env.map(Value::entries).unwrap_or_default().iter();
    let held = entries
        .filter(|entry| entry.value.text().is_some_and(|text| text.to_ascii_lowercase().contains(SCHEDULE)));
    held.filter_map(|entry| entry.key.name()).filter(|name| !name.is_empty()).collect()
}

/// The texts in quotes of a line, with what stands before and behind each.
fn in_quotes(line: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let parts: Vec<&str> = line.split(['"', '\'']).collect();
    let count = parts.len();
    (1..count).step_by(2).filter(move |at| at.saturating_add(1) < count).filter_map(move |at| {
        Some((*parts.get(at.checked_sub(1)?)?, *parts.get(at)?, *parts.get(at.saturating_add(1))?))
    })
}

/// Whether a text in quotes is what something is compared with: `= "x" ]`, `"x")`, `"x" |`, `"x": `.
fn is_compared(before: &str, behind: &str) -> bool {
    let (left, right) = (before.trim(), behind.trim_start());
    if left.starts_with('#') {
        return false;
    }
    // A single sign also gives a name a value.
    let is_test = left.ends_with('=') && before.ends_with(' ') && right.starts_with([']', '&', '|', ')']);
    let is_equal = left.ends_with("==") || left.ends_with("!=") || is_test;
    let begins = left.is_empty() || ["in", ";;", "|", " ("].iter().any(|end| left.ends_with(end));
    let is_pattern = begins && right.starts_with([')', '|']);
    let is_key = right.starts_with(':') && (left.is_empty() || left.ends_with(['{', ',']));
    is_equal || is_pattern || is_key || right.starts_with('=') || right.starts_with("!=")
}

/// The script of a step, and the line that it begins on.
pub(super) fn script<'v>(step: &'v Value<'_>) -> Option<(&'v str, u32)> {
    let run = step.get("run")?;
    Some((run.text()?, run.line))
}

#[cfg(test)]
mod tests {
    use crate::tests::scan_of;

    const HEAD: &str = "on:\n  schedule:\n  - cron: '5 4 * * *'\njobs:\n  a:\n    runs-on: x\n    steps:\n";

    /// The lines that are gates, and those of them that match no schedule.
    fn gates(steps: &str) -> (Vec<u32>, Vec<u32>) {
        let inventory = scan_of(&[(".github/workflows/w.yml", &format!("{HEAD}{steps}"))]);
        let of = |rule: &str| {
            inventory.findings.iter().filter(|found| found.rule == rule).map(|found| found.line).collect()
        };
        (of("schedule-gate"), of("schedule-gate-unmatched"))
    }

    #[test]
    fn only_what_a_step_that_knows_the_schedule_compares_is_a_gate() {
        let read =
            "    - run: |\n        case \"${{ github.event.schedule }}\" in \"5 4 * * *\") make;; esac\n";
        let write = "    - run: |\n        cat <<EOF > x.yml\n        - cron: \"1 1 1 1 1\"\n        EOF\n        x \"1 2 * * *\"\n";
        assert_eq!(gates(&format!("{write}{read}")), (vec![14], vec![]));
        // In the same step it is still no comparison.
        let both = format!(
            "{write}        case \"${{{{ github.event.schedule }}}}\" in \"5 5 * * *\") make;; esac\n"
        );
        assert_eq!(gates(&both), (vec![], vec![13]));
        let by_env = "    - env: {S: \"${{ github.event.schedule }}\"}\n      run: |\n        X=\"1 1 1 1 1\"\n        if [ \"$S\" = '6 4 * * *' ]; then make; fi\n        run '5 4 * * *'\n";
        assert_eq!(gates(by_env), (vec![12], vec![11]));
    }
}
