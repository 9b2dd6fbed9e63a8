//! What is found out about one workflow while it is looked through.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use standin_core::automation::{Finding, Severity, Standing};

use crate::findings::finding;
use crate::limits::MAX_FINDINGS_OF_A_WORKFLOW;

/// What has been found out about one workflow.
pub(crate) struct Judged<'a> {
    path: &'a str,
    text: &'a str,
    lines: OnceCell<Vec<&'a str>>,
    /// Why GitHub would refuse the file; the first reason counts.
    refused: Option<String>,
    /// Lines for which a reason is already given.
    refused_lines: BTreeSet<u32>,
    /// Why it would never run although GitHub loads it.
    idle: Option<String>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Judged<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self {
            path,
            text,
            lines: OnceCell::new(),
            refused: None,
            refused_lines: BTreeSet::new(),
            idle: None,
            findings: Vec::new(),
        }
    }

    /// GitHub refuses the file because of this.
    pub(super) fn refuse(&mut self, rule: &str, line: u32, message: &str, fix: &str) {
        self.say(rule, Severity::Error, line, message, fix);
        self.refused_lines.insert(line);
        self.refused.get_or_insert_with(|| format!("line {line}: {message}"));
    }

    /// The same, unless something more exact is already said about this line.
    pub(super) fn refuse_also(&mut self, rule: &str, line: u32, message: &str, fix: &str) {
        if !self.refused_lines.contains(&line) {
            self.refuse(rule, line, message, fix);
        }
    }

    /// GitHub loads the file, and it never runs because of this.
    pub(super) fn idle(&mut self, rule: &str, severity: Severity, line: u32, message: &str, fix: &str) {
        self.say(rule, severity, line, message, fix);
        self.rests(message);
    }

    /// GitHub loads the file, and it never runs; the finding is already there.
    pub(super) fn rests(&mut self, message: &str) {
        self.idle.get_or_insert_with(|| message.to_owned());
    }

    /// Only worth saying.
    pub(super) fn say(&mut self, rule: &str, severity: Severity, line: u32, message: &str, fix: &str) {
        if self.findings.len() < MAX_FINDINGS_OF_A_WORKFLOW {
            self.findings.push(finding(rule, severity, self.path, line, message, fix));
        }
    }

    /// The comment at the end of a line, and the one that is the whole line above.
    pub(super) fn comments(&self, line: u32) -> impl Iterator<Item = &'a str> + use<'a> {
        let lines = self.lines.get_or_init(|| self.text.lines().collect());
        let at = |line: u32| lines.get(usize::try_from(line).ok()?.checked_sub(1)?).copied();
        let beside = at(line).and_then(|line| line.split_once(" #")).map(|(_, comment)| comment);
        let above = at(line.saturating_sub(1)).and_then(|line| line.trim_start().strip_prefix('#'));
        beside.into_iter().chain(above)
    }

    /// How far the workflow has come, and why not further.
    pub(super) fn standing(&self) -> (Standing, String) {
        match (&self.refused, &self.idle) {
            (Some(why), _) => (Standing::Declared, why.clone()),
            (None, Some(why)) => (Standing::Loadable, why.clone()),
            (None, None) => (Standing::Effective, String::new()),
        }
    }
}
