//! What `standin.toml` adds to what the scan finds: its commands, and who has an entry there.

use std::collections::{BTreeMap, BTreeSet};

use standin_backup::HostCommand;
use standin_config::{Place, Settings, Subject, Timing};
use standin_core::automation::Inventory;
use standin_core::ident::{AutomationId, Kind};

use crate::project::Root;

/// What a backup has to know of it.
#[derive(Debug, Default)]
pub(super) struct OnHost {
    pub(super) commands: BTreeMap<AutomationId, HostCommand>,
    pub(super) entries: BTreeSet<AutomationId>,
    pub(super) clocked: BTreeSet<AutomationId>,
}

impl OnHost {
    /// Adds the commands of the file to the inventory. What is wrong with the file is said by whoever uses it.
    pub(super) fn of(settings: &Settings, root: &Root, inventory: &mut Inventory) -> Self {
        let place = Place { root: &root.path.to_string_lossy(), zone: "UTC" };
        let resolved = standin_config::resolve(settings, inventory.clone(), place);
        let mut host = Self::default();
        for entry in &settings.automations {
            host.entries.insert(entry.id.clone());
            if let Timing::Slots { .. } = entry.timing {
                host.clocked.insert(entry.id.clone());
            }
            let (Subject::Command(text), Some(spec)) = (&entry.subject, resolved.commands.get(&entry.id))
            else {
                continue;
            };
            let mut variables: Vec<String> = text.env.keys().chain(&text.env_from).cloned().collect();
            variables.sort();
            let command = HostCommand { command: text.command.clone(), dir: spec.dir.clone(), variables };
            host.commands.insert(entry.id.clone(), command);
        }
        let added = resolved.inventory.automations.into_iter();
        inventory.automations.extend(added.filter(|a| a.id.kind() == Kind::Command && a.backup_of.is_none()));
        inventory.automations.sort_by(|a, b| a.id.cmp(&b.id));
        host
    }
}
