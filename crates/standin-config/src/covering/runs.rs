//! Backups that are `standin run` of something: what that is, and whether a host runs it.

use std::collections::BTreeSet;

use standin_core::automation::{Automation, Detail, Flavour, Workflow};
use standin_core::coverage::Flaw;
use standin_core::coverage::here;
use standin_core::ident::{AutomationId, Domain, Kind};

use super::{Joint, is_run_of};
use crate::settings::Subject as Said;

/// Most workflows that are followed from one.
const MAX_CALLED: usize = 100;

/// A command that is `standin run` and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) id: AutomationId,
    pub(super) insists: Insists,
}

/// Whether a run is begun although it may mean nothing: `--anyway`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Insists {
    Yes,
    No,
}

/// The automation that a command runs by `standin run`, where that is all that it does.
pub fn run_in(command: &str) -> Option<AutomationId> {
    run(command).map(|run| run.id)
}

fn run(command: &str) -> Option<Run> {
    let text = command.trim().replace("2>&1", " ");
    if text.contains(['|', '&', ';', '`', '\n', '<']) || text.contains("$(") {
        return None;
    }
    let unquoted = |word: &str| word.trim_matches(['"', '\'']).to_owned();
    let mut words = text.split_whitespace().skip_while(|word| *word == "exec").map(unquoted);
    let program = words.next()?;
    let is_ours = program.rsplit('/').next() == Some("standin") || program.contains("STANDIN_PROGRAM");
    if !is_ours || words.next()? != "run" {
        return None;
    }
    let rest: Vec<String> = words.collect();
    // That is a run in another repository.
    if rest.iter().any(|word| word.starts_with("-C") || word.starts_with("--repository")) {
        return None;
    }
    let id = rest.iter().filter(|word| !word.starts_with('-')).find_map(|word| word.parse().ok())?;
    let insists = if rest.iter().any(|word| word == "--anyway") { Insists::Yes } else { Insists::No };
    Some(Run { id, insists })
}

impl Joint<'_> {
    /// What a backup runs by `standin run`.
    pub(super) fn run_of(&self, primary: &Automation, backup: &Automation) -> Option<Run> {
        let entry = self.settings.automations.iter().find(|entry| entry.id == backup.id);
        match (entry.map(|entry| &entry.subject), &backup.detail) {
            // Elsewhere there may be another repository.
            (Some(Said::Command(text)), _) => {
                let is_here = !text.dir.as_deref().unwrap_or_default().starts_with(['/', '.', '~']);
                run(&text.command).filter(|_| is_here)
            }
            (_, Detail::NpmScript { command, .. }) => run(command),
            (_, Detail::Pm2App { script, args, .. }) if !args.is_empty() => {
                run(&format!("{script} {}", args.join(" ")))
            }
            (
                _,
                Detail::Plain | Detail::Pm2App { .. } | Detail::NetlifyFunction { .. } | Detail::Workflow(_),
            ) => {
                let runs_it = is_run_of(self.settings, self.inventory, &backup.id, &primary.id);
                runs_it.then(|| Run { id: primary.id.clone(), insists: Insists::No })
            }
        }
    }

    /// Why `standin run` would not begin with an automation on the agent's machine.
    pub(super) fn not_here(&self, automation: &Automation, insists: Insists) -> Option<Flaw> {
        let has = |name: &str| automation.triggers.iter().any(|trigger| trigger == name);
        let what = match (&automation.detail, automation.id.kind()) {
            (Detail::Workflow(_), _) if automation.triggers == ["workflow_call"] => {
                "it only runs when another workflow calls it"
            }
            (Detail::Workflow(_), _) if insists == Insists::Yes => return None,
            (Detail::Workflow(workflow), _) => {
                let stops = self.stops(workflow);
                let whats: Vec<&str> = stops.iter().map(|stop| stop.what.as_str()).collect();
                return (!whats.is_empty()).then(|| Flaw::NotHere(whats.join("; ")));
            }
            (Detail::NetlifyFunction { flavour: Flavour::Go, .. }, _) => "it is a function in Go",
            (Detail::Pm2App { .. }, _) if has("always") => "it runs all the time, and PM2 keeps it running",
            (Detail::Plain, Kind::Script) if automation.domain == Domain::Elsewhere => {
                "it is work of another platform"
            }
            (Detail::Plain, Kind::Aws) => "it is a function on AWS",
            (Detail::Plain, Kind::Crontab) => "it is a line of a crontab",
            (Detail::Plain, Kind::Systemd) => "it is a systemd timer",
            (Detail::Plain, Kind::Kubernetes) => "it is a CronJob of Kubernetes",
            (Detail::Plain, Kind::Heartbeat) => "it only sends heartbeats",
            (
                Detail::Plain
                | Detail::Pm2App { .. }
                | Detail::NpmScript { .. }
                | Detail::NetlifyFunction { .. },
                _,
            ) => return None,
        };
        Some(Flaw::NotHere(what.to_owned()))
    }

    /// What stops a workflow, or one of this repository that it comes to.
    fn stops(&self, workflow: &Workflow) -> BTreeSet<here::Stop> {
        let mut found = BTreeSet::new();
        let (mut open, mut seen) = (vec![workflow], BTreeSet::new());
        while let Some(workflow) = open.pop() {
            found.extend(here::of_workflow(workflow, self.known.system));
            for path in workflow.calls.iter().filter_map(|call| call.local()) {
                if seen.len() < MAX_CALLED && seen.insert(path) {
                    open.extend(self.called(path));
                }
            }
        }
        found
    }

    fn called(&self, path: &str) -> Option<&Workflow> {
        self.inventory.automations.iter().find_map(|one| match &one.detail {
            Detail::Workflow(workflow) if one.source.path == path => Some(&**workflow),
            Detail::Workflow(_)
            | Detail::Plain
            | Detail::Pm2App { .. }
            | Detail::NetlifyFunction { .. }
            | Detail::NpmScript { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_of_ours_and_nothing_beside_it_is_one() {
        let of = |text: &str| run_in(text).map(|id| id.to_string());
        for text in [
            "standin run workflow:a.yml",
            "exec ./bin/standin run --secrets s 'workflow:a.yml' --time-limit 1h > log 2>&1",
            "exec \"${STANDIN_PROGRAM:-standin}\" run 'workflow:a.yml'",
        ] {
            assert_eq!(of(text).as_deref(), Some("workflow:a.yml"), "{text}");
        }
        for text in [
            "standin run workflow:a.yml || make",
            "standin drill workflow:a.yml",
            "standin run -C ../b workflow:a.yml",
            "make run workflow:a.yml",
            "standin run \"$ID\"",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(run("standin run workflow:a.yml --anyway").map(|run| run.insists), Some(Insists::Yes));
    }
}
