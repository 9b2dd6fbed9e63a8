//! `standin backup`: the files that stand in for automations, written, compared or deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use standin_backup::{
    Files, Generated, Inputs, Mode, NpmScripts, SettingsFile, generate, remove, wanted_files, wanted_scripts,
};
use standin_config::mesh::{PeerKind, Remedy};
use standin_config::{BackupMode, Settings};
use standin_core::automation::{Automation, Inventory};
use standin_core::ident::{AutomationId, Kind};
use standin_core::ownership::{self, Owner};
use standin_discovery::ScanOptions;

use crate::cli::{BackupArgs, PatchFormat};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Root;

mod disk;
mod host;
mod said;

use host::OnHost;

/// How often more files are read that those name which were read before.
const MAX_ROUNDS: usize = 6;

/// What becomes of what was generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It is written.
    Write,
    /// It is printed, and any of it is a reason to end with 1.
    Check,
    /// It is printed.
    DryRun,
}

/// A repository, read for its backups.
pub(super) struct Read {
    root: Root,
    settings: Settings,
    inventory: Inventory,
    files: Files,
    left_out: BTreeSet<AutomationId>,
    text: String,
    host: OnHost,
}

/// Writes the backups, or compares or deletes them.
pub(crate) fn backup(repository: Option<&Path>, args: &BackupArgs) -> Result<Exit, Failure> {
    let asked = args.ids.iter().map(|id| named(id)).collect::<Result<BTreeSet<AutomationId>, _>>()?;
    let read = Read::of(repository, &asked)?;
    read.know(&asked)?;
    let inputs = read.inputs(&asked, NpmScripts::Leave);
    let doing = match (args.check, args.dry_run) {
        (true, _) => Doing::Check,
        (false, true) => Doing::DryRun,
        (false, false) => Doing::Write,
    };
    let mut generated = if args.remove {
        remove(&Inputs { settings_file: SettingsFile::Write(standin_config::default_file()), ..inputs })
    } else {
        generate(&inputs)
    };
    if doing == Doing::Check && asked.is_empty() {
        // What is not there was not asked for: `init --check` misses it.
        generated.patches.retain(|patch| patch.before.is_some());
    }
    let exit = read.finish(&generated, doing, args.format)?;
    // Who names an automation wants its backup; of all there may be some that cannot have one.
    let is_in_vain = !asked.is_empty() && !generated.refused.is_empty();
    Ok(if is_in_vain { Exit::Found } else { exit })
}

/// An automation by its id. Other commands take the repository in this place.
fn named(id: &str) -> Result<AutomationId, Failure> {
    match id.parse() {
        Err(_) if Path::new(id).is_dir() => Err(Failure::Usage(format!(
            "`{id}` is a folder, and `standin backup` takes the ids of automations: name the repository by -C {id}"
        ))),
        parsed => Ok(parsed?),
    }
}

impl Read {
    /// Reads settings, automations, and every file that a backup may have to do with.
    pub(super) fn of(repository: Option<&Path>, asked: &BTreeSet<AutomationId>) -> Result<Self, Failure> {
        let root = Root::find(repository)?;
        let settings = root.settings()?;
        let mut inventory = standin_discovery::scan(&root.path, &ScanOptions::default())?;
        let host = OnHost::of(&settings, &root, &mut inventory);
        let wanted = wanted_files(&inventory);
        let files = disk::gather(&root.path, &wanted)?;
        let left_out = left_out(&settings, &inventory, &files);
        let text = root.path.to_string_lossy().into_owned();
        let mut read = Self { root, settings, inventory, files, left_out, text, host };
        let mut seen = wanted;
        // What is read names more: an action its script, and that another.
        for _ in 0..MAX_ROUNDS {
            let scripts = wanted_scripts(&read.inputs(asked, NpmScripts::Leave));
            let more: BTreeSet<String> = scripts.difference(&seen).cloned().collect();
            disk::add(&read.root.path, more.iter(), &mut read.files)?;
            if !more.iter().any(|path| read.files.text(path).is_some()) {
                break;
            }
            seen.extend(more);
        }
        Ok(read)
    }

    /// What the backups are made of.
    pub(super) fn inputs<'a>(
        &'a self,
        asked: &'a BTreeSet<AutomationId>,
        npm_scripts: NpmScripts,
    ) -> Inputs<'a> {
        Inputs {
            inventory: &self.inventory,
            root: &self.text,
            files: &self.files,
            commands: &self.host.commands,
            entries: &self.host.entries,
            clocked: &self.host.clocked,
            asked,
            left_out: &self.left_out,
            mode: match self.settings.backup.mode {
                BackupMode::Standby => Mode::Standby,
                BackupMode::Active => Mode::Active,
            },
            npm_scripts,
            settings_file: SettingsFile::Leave,
        }
    }

    /// An id that nothing has is an error of the command line, as everywhere.
    fn know(&self, asked: &BTreeSet<AutomationId>) -> Result<(), Failure> {
        let ids: BTreeSet<&str> = self.inventory.automations.iter().map(|a| a.id.as_str()).collect();
        match asked.iter().find(|id| !ids.contains(id.as_str())) {
            None => Ok(()),
            Some(id) => {
                let near = standin_config::nearest(id.as_str(), ids);
                let fix = near.map_or("`standin scan` lists the ids".to_owned(), |near| {
                    format!("did you mean `{near}`?")
                });
                Err(Failure::Usage(format!("`{id}` is not in this repository: {fix}")))
            }
        }
    }

    /// Writes or prints what was generated, and says the rest.
    pub(super) fn finish(
        &self,
        generated: &Generated,
        doing: Doing,
        format: PatchFormat,
    ) -> Result<Exit, Failure> {
        if doing == Doing::Write {
            disk::apply(&self.root.path, &generated.patches)?;
        }
        output::write(&match format {
            PatchFormat::Text => said::text(generated, doing),
            PatchFormat::Json => said::json(generated, doing)?,
        })?;
        let has_drifted = doing == Doing::Check && !generated.patches.is_empty();
        Ok(if has_drifted { Exit::Found } else { Exit::Fine })
    }
}

/// What a comparison of the backups with their primaries says.
pub(super) struct Compared {
    /// Backups that would be written otherwise today: their primary has changed since, or is gone.
    pub(super) outdated: BTreeSet<AutomationId>,
    /// What can have none, or not all of them, and why.
    pub(super) refused: BTreeMap<AutomationId, String>,
}

/// Compares them, and writes nothing.
pub(super) fn compared(repository: &Path) -> Result<Compared, Failure> {
    let asked = BTreeSet::new();
    let read = Read::of(Some(repository), &asked)?;
    let generated = generate(&read.inputs(&asked, NpmScripts::Leave));
    let changed: BTreeSet<&str> =
        generated.patches.iter().filter(|patch| patch.before.is_some()).map(|p| p.path.as_str()).collect();
    let is_outdated = |a: &&Automation| a.backup_of.is_some() && changed.contains(a.source.path.as_str());
    let outdated = read.inventory.automations.iter().filter(is_outdated).map(|a| a.id.clone()).collect();
    let own = generated.refused.into_iter().filter(|refusal| !refusal.is_of_kind());
    let refused = own.map(|refusal| (refusal.id, refusal.why)).collect();
    Ok(Compared { outdated, refused })
}

/// Watchers are looked after by one another, and whoever names other backups, or none, has decided.
fn left_out(settings: &Settings, inventory: &Inventory, files: &Files) -> BTreeSet<AutomationId> {
    let watchers = settings.mesh.peers.iter().filter_map(|peer| match &peer.kind {
        PeerKind::Action { workflow } => AutomationId::new(Kind::Workflow, workflow).ok(),
        PeerKind::Netlify { function } => AutomationId::new(Kind::Netlify, function).ok(),
        PeerKind::Lambda { .. } | PeerKind::Agent { .. } => None,
    });
    let is_ours = |id: &AutomationId| {
        let Some(automation) = inventory.get(id) else { return true };
        files.text(&automation.source.path).is_some_and(|text| ownership::owner(text) != Owner::Others)
    };
    let decided = settings.automations.iter().filter(|entry| {
        let named = entry.backup.iter().flatten().filter_map(|remedy| match remedy {
            Remedy::Other(id) => Some(id),
            Remedy::Again | Remedy::Restore | Remedy::Redeploy | Remedy::RollBack | Remedy::Ssh => None,
        });
        entry.backup.is_some() && !named.into_iter().any(is_ours)
    });
    watchers.chain(decided.map(|entry| entry.id.clone())).collect()
}
