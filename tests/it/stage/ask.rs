//! Asking the binary, and reading what it answers.

use std::process::Output;

use serde_json::Value;

use super::{Stage, until};

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("it was not ended by a signal");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless it ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Fails unless it is an error of this code, said in the first line of stderr, with nothing on stdout.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, says: &str) {
        let first = self.err.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains(says), "{says:?} is not in {self:?}");
        assert!(self.out.is_empty() && !self.err.contains("panicked"), "{self:?}");
        assert_eq!(self.code, code, "{self:?}");
    }
}

impl Stage {
    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().unwrap())
    }

    /// Runs a command and reads the object that it prints.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.extend(["--format", "json"]);
        self.run(&all).json()
    }

    pub(crate) fn status(&self) -> Value {
        self.json(&["status"])
    }

    /// Looks until the status is what is waited for.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, mut seen: impl FnMut(&Value) -> bool) -> Value {
        let look = || Some(self.status()).filter(|status| seen(status));
        until(what, look, || format!("{:#}\nagent: {}", self.status(), self.said()))
    }

    /// Waits until this automation has this health.
    #[track_caller]
    pub(crate) fn until_health(&self, automation: &str, health: &str) -> Value {
        self.until(&format!("{automation} {health}"), |status| id(status, automation)["health"] == health)
    }

    /// Waits until a file of the repository has so many lines.
    #[track_caller]
    pub(crate) fn until_lines(&self, name: &str, count: usize) {
        let look = || (self.lines(name).len() >= count).then_some(());
        until(&format!("{count} lines in {name}"), look, || format!("{}\n{}", self.read(name), self.said()));
    }

    /// Has the agent look a few times more, each time with a tick: what it does without being asked is done then.
    pub(crate) fn look_again(&self) -> Value {
        for _ in 0..3 {
            self.status();
        }
        self.status()
    }
}

/// The part of a status that is about one automation; null when there is none.
pub(crate) fn id<'a>(status: &'a Value, id: &str) -> &'a Value {
    let list = status["automations"].as_array().expect("a status has automations");
    list.iter().find(|a| a["id"] == id).unwrap_or(&Value::Null)
}

/// The open incident of a target; null when there is none.
pub(crate) fn incident<'a>(status: &'a Value, target: &str) -> &'a Value {
    let list = status["incidents"].as_array().expect("a status has incidents");
    list.iter().find(|i| i["target"] == target).unwrap_or(&Value::Null)
}

/// Whether no incident is open.
pub(crate) fn is_quiet(status: &Value) -> bool {
    status["incidents"].as_array().is_some_and(Vec::is_empty)
}

/// The text with each time replaced by TIME.
pub(crate) fn normalised(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(found) = rest.find("Z").filter(|_| !rest.is_empty()) {
        let (before, after) = rest.split_at(found);
        match time_at_end(before) {
            Some(start) => out.push_str(&format!("{}TIME", &before[..start])),
            None => out.push_str(&format!("{before}Z")),
        }
        rest = &after[1..];
    }
    out + rest
}

/// Where a time such as `2026-01-02T03:04:05` begins that ends this text.
fn time_at_end(text: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T');
    let start =
        text.rfind(|c| !is_part(c)).map_or(0, |at| at + text[at..].chars().next().unwrap().len_utf8());
    let shape: String = text[start..].chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape.starts_with("0000-00-00T00:00:00").then_some(start)
}
