//! `standin init`: settings and all backups at once.

use std::collections::BTreeSet;
use std::path::Path;

use standin_backup::{Inputs, NpmScripts, SettingsFile, generate};

use super::backup::{Doing, Read, backup};
use crate::cli::{BackupArgs, InitArgs, PatchFormat};
use crate::exit::{Exit, Failure};
use crate::output;

/// Writes `standin.toml` where there is none, and every backup.
pub(crate) fn init(repository: Option<&Path>, args: &InitArgs) -> Result<Exit, Failure> {
    if args.remove {
        let &InitArgs { dry_run, format, .. } = args;
        let all = BackupArgs { ids: Vec::new(), check: false, remove: true, dry_run, format };
        return backup(repository, &all);
    }
    let asked = BTreeSet::new();
    let read = Read::of(repository, &asked)?;
    let npm_scripts = if args.npm_scripts { NpmScripts::Add } else { NpmScripts::Leave };
    let settings_file = SettingsFile::Write(standin_config::default_file());
    let mut generated = generate(&Inputs { settings_file, ..read.inputs(&asked, npm_scripts) });
    let doing = match (args.check, args.dry_run) {
        (true, _) => Doing::Check,
        (false, true) => Doing::DryRun,
        (false, false) => Doing::Write,
    };
    // What to do next was said when there was something new; a program may ask at any time.
    let is_said = doing != Doing::Write || args.format == PatchFormat::Json || !generated.patches.is_empty();
    if !is_said {
        generated.advice.clear();
    }
    let exit = read.finish(&generated, doing, args.format)?;
    if is_said && doing == Doing::Write && args.format == PatchFormat::Text {
        output::write(NEXT)?;
    }
    Ok(exit)
}

/// What a person does when something was written.
const NEXT: &str = "\nNext: look at the files and commit them; `standin coverage` says what is still without a backup, `standin up` watches,
and `standin backup --check` in CI says when a primary has changed and its backup has not.\n";
