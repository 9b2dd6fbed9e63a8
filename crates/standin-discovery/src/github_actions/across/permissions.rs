//! What a workflow that is called asks of the token, and what its caller allows. GitHub refuses a run in which it asks for
//! more, however deep; where the caller says nothing, the settings of the repository decide, and nothing is known here.

use std::collections::BTreeMap;

use standin_core::automation::{Call, Detail};

use super::{MAX_CALL_DEPTH, Outcome, Remark, refused};
use crate::files;
use crate::lines::quote;
use crate::registry::Repository;
use crate::value::{Data, Value};
use crate::yaml;

/// What a token may do. Ordered.
type Level = u8;

/// How many permissions there are, about: who lists as many leaves nothing out.
const NEARLY_ALL: usize = 10;

/// What stands at `permissions`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    named: BTreeMap<String, Level>,
    /// What is not named may do.
    others: Level,
}

/// A workflow, as far as it matters here.
struct Asked {
    whole: Option<Grant>,
    jobs: Vec<Job>,
}

struct Job {
    id: String,
    grant: Option<Grant>,
    /// The path of the workflow of this repository that it calls, and its line.
    calls: Option<(String, u32)>,
}

/// Says which calls ask for more than they may.
pub(super) fn check(repository: &Repository<'_>, outcomes: &[Outcome], remarks: &mut Vec<Remark>) {
    let workflows: Vec<_> = super::workflows(outcomes).collect();
    let is_any = workflows.iter().any(|(.., workflow)| !workflow.permissions.is_empty());
    let calls = |at: usize| {
        let detail = outcomes.get(at)?.automation.as_ref().map(|automation| &automation.detail)?;
        if let Detail::Workflow(workflow) = detail { Some(&workflow.calls) } else { None }
    };
    let mut reader = Reader { repository, read: BTreeMap::new() };
    for (at, path, workflow) in workflows {
        if !is_any || !workflow.calls.iter().any(|call| call.local().is_some()) {
            continue;
        }
        for job in reader.workflow(path).map(|asked| asked.with_grants(None)).unwrap_or_default() {
            let Some((target, line)) = &job.calls else { continue };
            let Some(why) = reader.violation(target, job.grant.as_ref(), MAX_CALL_DEPTH) else { continue };
            let call = calls(at).and_then(|calls| calls.iter().find(|call| call.line == *line));
            let Some(call) = call else { continue };
            remarks.push(remark(at, call, &why));
        }
    }
}

fn remark(at: usize, call: &Call, why: &str) -> Remark {
    let message = format!("GitHub refuses to call `{}`: {why}", quote(&call.uses));
    let fix = "Give the calling job that permission, or take it from the workflow that is called.";
    refused(at, call, "call-permissions", message, fix)
}

struct Reader<'a> {
    repository: &'a Repository<'a>,
    read: BTreeMap<String, Option<Asked>>,
}

impl Reader<'_> {
    fn workflow(&mut self, path: &str) -> Option<&Asked> {
        if !self.read.contains_key(path) {
            let text = files::read(self.repository.root, path).ok();
            let asked =
                text.and_then(|text| yaml::parse(&text).ok().map(|document| Asked::read(&document.root)));
            self.read.insert(path.to_owned(), asked);
        }
        self.read.get(path)?.as_ref()
    }

    /// The first part of a workflow that asks for more than its caller allows. The depth is bounded.
    fn violation(&mut self, path: &str, allowed: Option<&Grant>, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let asked = self.workflow(path)?;
        if let Some(why) = asked.whole.as_ref().and_then(|whole| whole.exceeds(allowed?)) {
            return Some(format!("it {why}"));
        }
        for job in &asked.jobs {
            if let Some(why) = job.grant.as_ref().and_then(|grant| grant.exceeds(allowed?)) {
                return Some(format!("its job `{}` {why}", quote(&job.id)));
            }
        }
        let jobs = asked.with_grants(allowed);
        jobs.iter().find_map(|job| {
            let (target, _) = job.calls.as_ref()?;
            let why = self.violation(target, job.grant.as_ref(), depth)?;
            Some(format!("`{}`, which it calls: {why}", quote(target)))
        })
    }
}

impl Asked {
    fn read(root: &Value) -> Self {
        let jobs = root.get("jobs").map(Value::entries).unwrap_or_default();
        let jobs = jobs.iter().filter_map(|job| {
            let uses = job.value.get("uses");
            let calls = uses.and_then(|uses| Some((uses.text()?.strip_prefix("./")?.to_owned(), uses.line)));
            Some(Job { id: job.key.name()?.to_owned(), grant: Grant::read(&job.value), calls })
        });
        Self { whole: Grant::read(root), jobs: jobs.collect() }
    }

    /// The jobs, each with what it really may do, as far as that is known.
    fn with_grants(&self, allowed: Option<&Grant>) -> Vec<Job> {
        let whole = self.whole.as_ref().or(allowed);
        let grant = |job: &Job| job.grant.as_ref().or(whole).cloned();
        self.jobs
            .iter()
            .map(|job| Job { id: job.id.clone(), grant: grant(job), calls: job.calls.clone() })
            .collect()
    }
}

impl Grant {
    fn read(place: &Value) -> Option<Self> {
        let value = place.get("permissions")?;
        let (others, named) = match &value.data {
            Data::Text(text) => {
                (if *text == "write-all" { 2 } else { u8::from(*text == "read-all") }, BTreeMap::new())
            }
            Data::Map(entries) => {
                let named = entries
                    .iter()
                    .filter_map(|entry| Some((entry.key.name()?.to_owned(), level(entry.value.text()?))));
                (0, named.collect())
            }
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Computed(_) => return None,
        };
        Some(Self { named, others })
    }

    fn level(&self, name: &str) -> Level {
        self.named.get(name).copied().unwrap_or(self.others)
    }

    /// What it asks for and may not have, in words.
    fn exceeds(&self, allowed: &Self) -> Option<String> {
        if self.others > allowed.others && allowed.named.len() < NEARLY_ALL {
            let all = if self.others > 1 { "write-all" } else { "read-all" };
            return Some(format!("asks for `{all}`, and is allowed less"));
        }
        let (name, level) = self.named.iter().find(|(name, level)| **level > allowed.level(name))?;
        let (wanted, given) = (word(*level), word(allowed.level(name)));
        Some(format!("asks for `{}: {wanted}`, and is allowed `{}: {given}`", quote(name), quote(name)))
    }
}

fn level(text: &str) -> Level {
    match text {
        "write" => 2,
        "read" => 1,
        _ => 0,
    }
}

const fn word(level: Level) -> &'static str {
    match level {
        0 => "none",
        1 => "read",
        _ => "write",
    }
}
