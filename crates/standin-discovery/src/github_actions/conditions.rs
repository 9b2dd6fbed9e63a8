//! Conditions of jobs that are never true when the clock, or somebody who dispatches it, starts the workflow: it runs,
//! every job is skipped, and GitHub calls that a success.

use std::collections::BTreeSet;

use standin_core::automation::Severity;

use super::Judged;
use super::expression::{Kind, Names, Token, check as well_formed};
use super::triggers::Triggers;
use crate::limits::MAX_JOBS;
use crate::value::{Entry, Value};

/// Objects of `github.event` that neither a schedule nor a dispatch has.
const OF_OTHER_EVENTS: [&str; 24] = [
    "workflow_run",
    "workflow_job",
    "pull_request",
    "pull_request_review",
    "review",
    "issue",
    "comment",
    "commits",
    "head_commit",
    "before",
    "after",
    "compare",
    "pusher",
    "release",
    "label",
    "action",
    "client_payload",
    "check_run",
    "check_suite",
    "discussion",
    "deployment",
    "deployment_status",
    "number",
    "forkee",
];

/// Functions that ask how other jobs have ended: a job with one runs also after a job that was skipped.
const OF_STATUS: [&str; 4] = ["always", "failure", "cancelled", "success"];

/// What starts a workflow without any other event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Schedule,
    Dispatch,
}

impl Start {
    const fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Dispatch => "workflow_dispatch",
        }
    }

    fn starts(self, triggers: &Triggers) -> bool {
        triggers.events.iter().any(|event| event == self.name())
    }
}

/// Says where a start comes to nothing. A workflow that neither start brings to work would never run by the clock.
pub(super) fn check(root: &Value<'_>, triggers: &Triggers, judged: &mut Judged<'_>) {
    let jobs = root.get("jobs").map(Value::entries).unwrap_or_default();
    let jobs = jobs.get(..jobs.len().min(MAX_JOBS)).unwrap_or_default();
    let comes_to_nothing = |start: Start| start.starts(triggers).then(|| skipped(jobs, start)).flatten();
    let (scheduled, dispatched) = (comes_to_nothing(Start::Schedule), comes_to_nothing(Start::Dispatch));
    if let Some(line) = scheduled {
        let message = "when its schedule starts this workflow, every job is skipped: this `if` is false then";
        let fix = "Write `github.event_name == 'schedule' ||` before the condition, or delete the schedule.";
        if dispatched.is_some() || !Start::Dispatch.starts(triggers) {
            judged.idle("schedule-skips-jobs", Severity::Error, line, message, fix);
        } else {
            judged.say("schedule-skips-jobs", Severity::Error, line, message, fix);
        }
    }
    if let Some(line) = dispatched {
        let message = "when somebody dispatches this workflow, every job is skipped: this `if` is false then";
        let fix = "Write `github.event_name == 'workflow_dispatch' ||` before the condition.";
        judged.say("dispatch-skips-jobs", Severity::Warning, line, message, fix);
    }
}

/// The line of the first condition, if every job is skipped for certain.
fn skipped(jobs: &[Entry<'_>], start: Start) -> Option<u32> {
    let mut first = None;
    let mut skipped: BTreeSet<&str> = BTreeSet::new();
    for job in jobs {
        let Some((tokens, line)) = condition(&job.value) else { continue };
        let mut reader = Reader { tokens: &tokens, at: 0, start };
        if reader.either() == Answer::False {
            first.get_or_insert(line);
            skipped.extend(job.key.name());
        }
    }
    // A job waits for others, and is skipped with the first of them unless it asks how they have ended.
    loop {
        let before = skipped.len();
        for job in jobs {
            let waits = needed(&job.value).iter().any(|name| skipped.contains(name));
            let asks = || {
                job.value.get("if").is_some_and(|condition| OF_STATUS.iter().any(|f| condition.mentions(f)))
            };
            if waits && !asks() {
                skipped.extend(job.key.name());
            }
        }
        if skipped.len() == before {
            break;
        }
    }
    let is_skipped = |job: &Entry<'_>| job.key.name().is_some_and(|name| skipped.contains(name));
    first.filter(|_| jobs.iter().all(is_skipped))
}

fn needed<'v>(job: &'v Value<'_>) -> Vec<&'v str> {
    let needs = job.get("needs");
    let one = needs.and_then(Value::text).into_iter();
    one.chain(needs.map(Value::items).unwrap_or_default().iter().filter_map(Value::text)).collect()
}

/// The condition of a job as one expression, and its line.
fn condition<'v>(job: &'v Value<'_>) -> Option<(Vec<Token<'v>>, u32)> {
    let condition = job.get("if")?;
    let bare = condition.text()?.trim();
    let inner = match bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
        Some(inner) => inner,
        None => bare,
    };
    // A text around an expression is true, whatever the expression is.
    if inner.contains("${{") {
        return None;
    }
    let allowed = Names::GITHUB.and(Names::INPUTS).and(Names::VARS).and(Names::NEEDS).and(Names::OF_JOBS);
    Some((well_formed(inner, allowed).ok()?, condition.line))
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    True,
    False,
    /// No such thing, as a part of an event that another event has: false, and equal to an empty text.
    Nothing,
    Text(String),
    Unknown,
}

impl Answer {
    /// As a condition takes it.
    fn truth(self) -> Self {
        match self {
            Self::Nothing => Self::False,
            Self::Text(text) => Self::of(!text.is_empty()),
            Self::True | Self::False | Self::Unknown => self,
        }
    }

    const fn of(is: bool) -> Self {
        if is { Self::True } else { Self::False }
    }

    fn not(self) -> Self {
        match self.truth() {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Nothing | Self::Text(_) | Self::Unknown => Self::Unknown,
        }
    }

    /// `==`: texts are compared whatever their case is, and nothing is equal to an empty text.
    fn equals(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Self::of(one.eq_ignore_ascii_case(other)),
            (Self::Nothing, Self::Nothing) => Self::True,
            (Self::Nothing, Self::Text(text)) | (Self::Text(text), Self::Nothing) => {
                // A text that is no number is equal to nothing but itself.
                if text.trim().is_empty() {
                    Self::True
                } else if text.contains(['x', 'X', 'o', 'O']) && text.trim().starts_with('0')
                    || text.trim().parse::<f64>().is_ok()
                {
                    Self::Unknown
                } else {
                    Self::False
                }
            }
            (Self::True, Self::True) | (Self::False, Self::False) | (Self::Nothing, Self::False) => {
                Self::True
            }
            (Self::True, Self::False) | (Self::False, Self::True) | (Self::Nothing, Self::True) => {
                Self::False
            }
            _ => Self::Unknown,
        }
    }
}

/// Reads an expression that is known to be well formed, and so no deeper than is allowed.
struct Reader<'t> {
    tokens: &'t [Token<'t>],
    at: usize,
    start: Start,
}

impl<'t> Reader<'t> {
    fn take(&mut self, kind: Kind) -> Option<&'t Token<'t>> {
        let token = self.tokens.get(self.at).filter(|token| token.kind == kind)?;
        self.at = self.at.saturating_add(1);
        Some(token)
    }

    /// A chain of `||`.
    fn either(&mut self) -> Answer {
        let mut whole = self.both();
        while self.take(Kind::Or).is_some() {
            let next = self.both();
            whole = match (whole.truth(), next.truth()) {
                (Answer::True, _) | (_, Answer::True) => Answer::True,
                (Answer::False, Answer::False) => Answer::False,
                _ => Answer::Unknown,
            };
        }
        // A condition without an operator is taken as it is, so that `''` is false.
        if self.at >= self.tokens.len() { whole.truth() } else { whole }
    }

    /// A chain of `&&`.
    fn both(&mut self) -> Answer {
        let mut whole = self.compared();
        while self.take(Kind::And).is_some() {
            let next = self.compared();
            whole = match (whole.truth(), next.truth()) {
                (Answer::False, _) | (_, Answer::False) => Answer::False,
                (Answer::True, Answer::True) => Answer::True,
                _ => Answer::Unknown,
            };
        }
        whole
    }

    fn compared(&mut self) -> Answer {
        let mut left = self.one();
        loop {
            if let Some(sign) = self.take(Kind::Equality) {
                let equal = left.equals(&self.one());
                left = if sign.text == "!=" { equal.not() } else { equal };
            } else if self.take(Kind::Order).is_some() {
                self.one();
                left = Answer::Unknown;
            } else {
                return left;
            }
        }
    }

    fn one(&mut self) -> Answer {
        if self.take(Kind::Not).is_some() {
            return self.one().not();
        }
        if let Some(literal) = self.take(Kind::Literal) {
            return match literal.text {
                "true" => Answer::True,
                "false" => Answer::False,
                "null" => Answer::Nothing,
                _ => Answer::Unknown,
            };
        }
        if let Some(text) = self.take(Kind::Text) {
            return Answer::Text(text.text.replace("''", "'"));
        }
        if self.take(Kind::Open).is_some() {
            let inner = self.either();
            self.take(Kind::Close);
            return if self.path().is_empty() { inner } else { Answer::Unknown };
        }
        let Some(name) = self.take(Kind::Name) else {
            self.at = self.tokens.len();
            return Answer::Unknown;
        };
        if self.take(Kind::Open).is_some() {
            self.arguments();
            let is_always = name.text.eq_ignore_ascii_case("always");
            return if is_always && self.path().is_empty() { Answer::True } else { Answer::Unknown };
        }
        let path = self.path();
        if name.text.eq_ignore_ascii_case("github") { self.of_github(&path) } else { Answer::Unknown }
    }

    fn arguments(&mut self) {
        while self.at < self.tokens.len() && self.take(Kind::Close).is_none() {
            self.either();
            self.take(Kind::Comma);
        }
    }

    /// What comes after a name: `.a.b`, and an empty word for what is computed.
    fn path(&mut self) -> Vec<&'t str> {
        let mut path = Vec::new();
        loop {
            if self.take(Kind::Dot).is_some() {
                path.push(
                    self.take(Kind::Name).or_else(|| self.take(Kind::Star)).map_or("", |name| name.text),
                );
            } else if self.take(Kind::OpenIndex).is_some() {
                let inner = if self.take(Kind::Star).is_some() { Answer::Unknown } else { self.either() };
                self.take(Kind::CloseIndex);
                drop(inner);
                path.push("");
            } else {
                return path;
            }
        }
    }

    fn of_github(&self, path: &[&str]) -> Answer {
        let is = |at: usize, word: &str| path.get(at).is_some_and(|one| one.eq_ignore_ascii_case(word));
        if path.len() == 1 && is(0, "event_name") {
            return Answer::Text(self.start.name().to_owned());
        }
        let is_other = |one: &&str| OF_OTHER_EVENTS.iter().any(|known| known.eq_ignore_ascii_case(one));
        if is(0, "event") && path.get(1).is_some_and(is_other) {
            return Answer::Nothing;
        }
        let of_pull_requests = ["head_ref", "base_ref"];
        if path.len() == 1 && of_pull_requests.iter().any(|name| is(0, name)) {
            return Answer::Nothing;
        }
        let is_schedule = is(0, "event") && is(1, "schedule");
        if is_schedule && self.start == Start::Dispatch { Answer::Nothing } else { Answer::Unknown }
    }
}

#[cfg(test)]
mod tests;
