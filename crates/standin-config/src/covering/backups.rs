//! What may take the place of an automation, and why it does not count.

use standin_core::automation::{Automation, Detail, Effort, Finding, Severity, Standing};
use standin_core::coverage::{Backup, Flaw, Said, Start, Work};
use standin_core::drill;
use standin_core::ident::{AutomationId, Kind, Starter};

use super::{Joint, is_run_of, names, never_runs};
use crate::mesh::Target;
use crate::settings::BackupMode;

/// Whether a backup stands in the ladder of its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rung {
    Yes,
    No,
}

impl Joint<'_> {
    pub(super) fn backups(&self, automation: &Automation, target: Option<&Target>) -> Vec<Backup> {
        let ladder = target.map(|target| target.backup.as_slice()).unwrap_or_default();
        let mut ids: Vec<&AutomationId> = ladder.iter().filter_map(names).collect();
        let is_written_for = |other: &&Automation| other.backup_of.as_ref() == Some(&automation.id);
        let written = self.inventory.automations.iter().filter(is_written_for).map(|other| &other.id);
        let named = ids.len();
        ids.extend(written);
        let mut backups: Vec<Backup> = Vec::new();
        for (place, id) in ids.into_iter().enumerate() {
            if !backups.iter().any(|backup| backup.id == *id) {
                let is_in_ladder = if place < named { Rung::Yes } else { Rung::No };
                backups.push(self.backup(automation, id, is_in_ladder));
            }
        }
        backups
    }

    fn backup(&self, primary: &Automation, id: &AutomationId, rung: Rung) -> Backup {
        let found = self.inventory.get(id);
        let is_written = found.is_some_and(|backup| backup.backup_of.as_ref() == Some(&primary.id));
        let runs_the_same = is_run_of(self.settings, self.inventory, id, &primary.id);
        // A function's backup that stands by does nothing by its own schedule unless a watcher is asked.
        let stands_by =
            id.kind() == Kind::Netlify && is_written && self.settings.backup.mode == BackupMode::Standby;
        let has_clock = found.is_some_and(|backup| !backup.schedules.is_empty()) && !stands_by;
        let can_be_started = match id.kind().started_by() {
            Starter::Github | Starter::Netlify => true,
            Starter::Agent => self.agents().any(|peer| self.is_there(peer)),
            Starter::Nobody => false,
        };
        let is_awaited = id.kind().started_by() == Starter::Agent && self.agents().next().is_some();
        let stopped = found.and_then(|backup| self.stopped(primary, backup));
        let flaw = match found {
            None => Some(Flaw::Missing),
            Some(_) if stopped.is_some() => stopped,
            Some(_) if self.known.outdated.contains(id) => Some(Flaw::Outdated),
            Some(backup) if self.hollow(primary).is_none() && self.hollow(backup).is_some() => {
                self.hollow(backup).map(Flaw::DoesNothing)
            }
            Some(_) if !has_clock && !can_be_started && is_awaited => Some(Flaw::AgentNeverRan),
            Some(_) if !has_clock && !can_be_started => Some(Flaw::NobodyStartsIt),
            Some(_) if !has_clock && rung == Rung::No => Some(Flaw::NotNamed),
            Some(_) if !is_written && !runs_the_same && !self.is_said(primary, id) => Some(Flaw::OnlyItsName),
            Some(_) => None,
        };
        Backup {
            id: id.clone(),
            domain: found.map_or(id.kind().domain(), |backup| backup.domain),
            start: if has_clock && is_written { Start::Schedule } else { Start::Watcher },
            work: if is_written || runs_the_same { Work::Generated } else { Work::Named },
            said: if self.is_said(primary, id) { Said::InSettings } else { Said::ByItself },
            drilled_as: if runs_the_same {
                drill::Backup::Here
            } else {
                drill::Backup::Automation(id.clone())
            },
            flaw,
        }
    }

    /// Why a backup would not run at all, as far as files tell.
    fn stopped(&self, primary: &Automation, backup: &Automation) -> Option<Flaw> {
        if backup.state == Standing::Declared || never_runs(backup) || self.is_broken(backup) {
            return Some(Flaw::NotEffective(backup.reason.clone()));
        }
        if let Some(why) = self.known.stopped.get(&backup.id) {
            return Some(Flaw::NotEffective(why.clone()));
        }
        let run = self.run_of(primary, backup)?;
        match self.inventory.get(&run.id) {
            None => Some(Flaw::NotEffective(format!("there is no {} that it could run", run.id))),
            Some(found) => self.not_here(found, run.insists),
        }
    }

    /// Whether the scan says of a script that it calls what is not there. One that has something else to do then may work.
    fn is_broken(&self, automation: &Automation) -> bool {
        let Detail::NpmScript { command, .. } = &automation.detail else { return false };
        let is_its = |finding: &Finding| {
            finding.severity == Severity::Error
                && finding.path == automation.source.path
                && finding.message.ends_with(&automation.reason)
        };
        !automation.reason.is_empty() && !command.contains("||") && self.inventory.findings.iter().any(is_its)
    }

    /// What shows that an automation does nothing: as a backup it would answer for work that nobody does.
    fn hollow(&self, automation: &Automation) -> Option<String> {
        let known = self.known.hollow.get(&automation.id).cloned();
        known.or_else(|| match &automation.detail {
            Detail::Workflow(workflow) if workflow.effort == Effort::None => {
                let path = &automation.source.path;
                Some(format!("{path} all that its steps do is to check the code out, print and end"))
            }
            Detail::Workflow(_)
            | Detail::Plain
            | Detail::Pm2App { .. }
            | Detail::NpmScript { .. }
            | Detail::NetlifyFunction { .. } => None,
        })
    }

    /// Whether standin.toml names the one as the backup of the other; the usual name alone is nobody's word.
    fn is_said(&self, primary: &Automation, id: &AutomationId) -> bool {
        let entry = self.settings.automations.iter().find(|entry| entry.id == primary.id);
        entry.is_some_and(|entry| entry.backup.iter().flatten().filter_map(names).any(|named| named == id))
    }
}
