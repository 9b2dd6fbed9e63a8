//! `standin.toml`: the commented defaults, and what the names of the backups alone do not say.

use standin_core::automation::ScheduleSpec;
use standin_core::ident::{AutomationId, Kind, Starter};
use standin_core::ownership;

/// The name of the file.
pub(crate) const FILE: &str = "standin.toml";

/// What helps an automation, where no name says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remedy {
    pub(crate) id: AutomationId,
    pub(crate) backup: AutomationId,
    /// What watchers must be told of its slots, where its own file does not tell them.
    pub(crate) schedule: Option<ScheduleSpec>,
}

impl Remedy {
    /// The entry of `standin.toml`.
    pub(crate) fn entry(&self) -> String {
        let mut out = format!("[[automation]]\nid = {}\n", toml(self.id.as_str()));
        if let Some(schedule) = &self.schedule {
            out.push_str(&format!("schedule = {}\n", toml(&schedule.cron)));
            if schedule.timezone != "local" {
                out.push_str(&format!("timezone = {}\n", toml(&schedule.timezone)));
            }
        }
        format!("{out}{}\n", self.line())
    }

    /// The line of an entry that says what helps.
    pub(crate) fn line(&self) -> String {
        // What nobody can start again is only stood in for.
        let again = if self.id.kind().started_by() == Starter::Nobody { "" } else { "\"again\", " };
        format!("backup = [{again}{}]", toml(self.backup.as_str()))
    }

    /// What else a person has to do for it.
    pub(crate) fn beside(&self) -> Option<String> {
        let id = &self.id;
        if id.kind() == Kind::Npm && self.schedule.is_some() {
            return Some(format!(
                "choose the schedule of {id}: the agent runs it then, and its backup where that fails"
            ));
        }
        (id.kind() == Kind::Crontab).then(|| {
            format!("let the line of {id} say when it ran, or its backup runs beside it: `standin exec {id} -- COMMAND`")
        })
    }
}

/// The commented default that a new file says otherwise.
const NOT_HERE: &str = "#here = false";

/// What looks after a repository whose file Standin writes.
const AGENT: &str = "
# Who watches and acts: an agent on a machine (`standin up`), which GITHUB_TOKEN lets ask GitHub.
[[peer]]
kind = \"agent\"
";

/// The file of a repository that has none, from the commented defaults: with a watcher that starts the backups, and that
/// runs here what nothing else has helped.
pub(crate) fn file(defaults: &str, remedies: &[Remedy]) -> String {
    let defaults = defaults.replacen(NOT_HERE, "here = true", 1);
    let mut out = format!("# {}\n{defaults}{AGENT}", ownership::mark(None));
    // An entry that expects heartbeats is the user's to add, with the heartbeats.
    for remedy in remedies.iter().filter(|remedy| remedy.schedule.is_none()) {
        out.push_str(&format!("\n{}", remedy.entry()));
    }
    out
}

fn toml(text: &str) -> String {
    // An id has no control characters, so that JSON's form is TOML's, too.
    serde_json::to_string(text).unwrap_or_default()
}
