//! Which backups of a repository do nothing: their files are read, which coverage itself does not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use standin_config::mesh::{Mesh, Remedy};
use standin_config::{FILE_NAME, Resolved};
use standin_core::automation::Automation;
use standin_core::ident::AutomationId;
use standin_discovery::{hollow, idle_command};

/// Whatever may take another's place and does nothing but print, wait and answer, with the place that shows it; and
/// whatever it is a backup of, where that does nothing either. What cannot be read may do something.
pub fn hollow_backups(root: &Path, resolved: &Resolved, mesh: &Mesh) -> BTreeMap<AutomationId, String> {
    let mut pairs: BTreeSet<(&AutomationId, &AutomationId)> = BTreeSet::new();
    for target in &mesh.targets {
        let named = target.backup.iter().filter_map(|remedy| match remedy {
            Remedy::Other(id) => Some(id),
            Remedy::Again | Remedy::Restore | Remedy::Redeploy | Remedy::RollBack | Remedy::Ssh => None,
        });
        pairs.extend(named.map(|backup| (backup, &target.id)));
    }
    let list = &resolved.inventory.automations;
    pairs.extend(list.iter().filter_map(|backup| Some((&backup.id, backup.backup_of.as_ref()?))));
    let mut found = BTreeMap::new();
    for (backup, primary) in pairs {
        if let Some(shown) = shown(root, resolved, backup) {
            found.extend(self::shown(root, resolved, primary).map(|shown| (primary.clone(), shown)));
            found.insert(backup.clone(), shown);
        }
    }
    found
}

fn shown(root: &Path, resolved: &Resolved, id: &AutomationId) -> Option<String> {
    let automation: &Automation = resolved.inventory.get(id)?;
    if let Some(spec) = resolved.commands.get(id) {
        let why = idle_command(root, Path::new(&spec.dir), &spec.command)?;
        return Some(format!("{FILE_NAME}:{} {why}", automation.source.line));
    }
    hollow(root, automation).map(|hollow| hollow.to_string())
}

#[cfg(test)]
mod tests;
