//! Which backups of a repository do nothing, or cannot run: their files are read, which coverage itself does not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use standin_config::covering::run_in;
use standin_config::mesh::{Mesh, Remedy};
use standin_config::{FILE_NAME, Resolved};
use standin_core::automation::Automation;
use standin_core::ident::{AutomationId, Kind};
use standin_discovery::{gone, gone_command, hollow, idle_command};

/// Whatever may take another's place and does nothing but print, wait and answer, with the place that shows it; and
/// whatever it is a backup of, where that does nothing either. What cannot be read may do something.
pub fn hollow_backups(root: &Path, resolved: &Resolved, mesh: &Mesh) -> BTreeMap<AutomationId, String> {
    let mut found = BTreeMap::new();
    for (backup, primary) in pairs(resolved, mesh) {
        if let Some(shown) = shown(root, resolved, backup) {
            found.extend(self::shown(root, resolved, primary).map(|shown| (primary.clone(), shown)));
            found.insert(backup.clone(), shown);
        }
    }
    found
}

/// Whatever may take another's place and runs a file or a script that is not there, with the place that shows it. What
/// may be there when it runs is not said to be missing.
pub fn stopped_backups(root: &Path, resolved: &Resolved, mesh: &Mesh) -> BTreeMap<AutomationId, String> {
    let backups: BTreeSet<&AutomationId> =
        pairs(resolved, mesh).into_iter().map(|(backup, _)| backup).collect();
    let of = |id: &AutomationId| {
        let automation = resolved.inventory.get(id)?;
        let Some(spec) = resolved.commands.get(id).filter(|_| id.kind() == Kind::Command) else {
            return gone(root, automation);
        };
        let what = gone_command(root, Path::new(&spec.dir), &spec.command)?;
        Some(format!("{FILE_NAME}:{} {what}", automation.source.line))
    };
    backups.into_iter().filter_map(|id| Some((id.clone(), of(id)?))).collect()
}

/// Backups, each with what it stands in for.
fn pairs<'a>(resolved: &'a Resolved, mesh: &'a Mesh) -> BTreeSet<(&'a AutomationId, &'a AutomationId)> {
    let mut pairs = BTreeSet::new();
    for target in &mesh.targets {
        let named = target.backup.iter().filter_map(|remedy| match remedy {
            Remedy::Other(id) => Some(id),
            Remedy::Again | Remedy::Restore | Remedy::Redeploy | Remedy::RollBack | Remedy::Ssh => None,
        });
        pairs.extend(named.map(|backup| (backup, &target.id)));
    }
    let list = &resolved.inventory.automations;
    pairs.extend(list.iter().filter_map(|backup| Some((&backup.id, backup.backup_of.as_ref()?))));
    pairs
}

fn shown(root: &Path, resolved: &Resolved, id: &AutomationId) -> Option<String> {
    let automation: &Automation = resolved.inventory.get(id)?;
    if let Some(spec) = resolved.commands.get(id) {
        // What runs another does what that does.
        if let Some(other) = run_in(&spec.command).filter(|other| other != id) {
            let found = resolved.inventory.get(&other).filter(|_| !resolved.commands.contains_key(&other))?;
            return hollow(root, found).map(|hollow| hollow.to_string());
        }
        let why = idle_command(root, Path::new(&spec.dir), &spec.command)?;
        return Some(format!("{FILE_NAME}:{} {why}", automation.source.line));
    }
    hollow(root, automation).map(|hollow| hollow.to_string())
}

#[cfg(test)]
mod tests;
