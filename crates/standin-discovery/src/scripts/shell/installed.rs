//! Crontabs that a script or an image takes from another file: `COPY jobs /etc/cron.d/jobs`, `crontab jobs.txt`,
//! `supercronic /app/jobs`.

use std::cell::Cell;

use standin_core::ident::Kind;

use super::super::started::{Starter, join};
use super::given::{Installation, installations};
use super::statements::Statement;
use crate::contents::{Claim, File, name_and_ending};
use crate::crontab;
use crate::files;
use crate::findings::Gathered;

/// Files that one script may name.
const MAX_FILES: usize = 20;

/// Why an entry that a file installs is not known to run; `None` where the repository says what runs it.
pub(super) fn reason(file: &File<'_>, gathered: &Gathered) -> Option<&'static str> {
    let (name, ending) = name_and_ending(file.path);
    if name.starts_with("dockerfile") {
        let starts_cron = file.text.lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            matches!(words.next(), Some("CMD" | "ENTRYPOINT")) && words.any(|word| word.contains("cron"))
        });
        return (!starts_cron).then_some(
            "the build of this image installs it, and it runs only where a container of the image runs cron",
        );
    }
    // A service of a compose file runs what it names.
    let is_service = matches!(ending.as_str(), "yml" | "yaml");
    let is_started = matches!(file.repository.programs(gathered).starter(file.path), Some(Starter::Host(_)));
    (!is_service && !is_started)
        .then_some("this script installs it, and nothing here says who runs the script")
}

/// Adds the entries of the files that a script installs and that no other reader knows for crontabs.
pub(super) fn read(file: &File<'_>, all: &[Statement<'_>], gathered: &mut Gathered) {
    let all = installations(all);
    for one in all.iter().take(MAX_FILES) {
        read_one(file, one, gathered);
    }
}

/// Adds the entries of one file that another installs.
pub(crate) fn read_one(file: &File<'_>, one: &Installation, gathered: &mut Gathered) {
    let Some((path, text)) = find(file, &one.path) else { return };
    let is_known =
        |a: &standin_core::automation::Automation| a.id.kind() == Kind::Crontab && a.source.path == path;
    // Another reader takes it, or has taken it for somebody else who installs it.
    if crontab::claim(&path) != Claim::No || gathered.automations.iter().any(is_known) {
        return;
    }
    let table = File { repository: file.repository, path: &path, text: &text, tasks: Cell::new(0) };
    crontab::read_installed(&table, one.columns, reason(file, gathered), gathered);
}

/// The file of a name that a script uses: beside it, or in a folder above. What stands before it may be a variable, or
/// a folder of an image.
fn find(file: &File<'_>, written: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = written.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_elsewhere = written.starts_with(['/', '~', '$']);
    if parts.is_empty() || parts.iter().skip(1).any(|part| part.contains(['$', '*', '`'])) {
        return None;
    }
    let from = usize::from(parts.first().is_some_and(|part| part.contains('$')));
    // The last part by itself too, where the folders before it are those of another machine.
    let tails = if is_elsewhere { from..parts.len() } else { from..from.saturating_add(1).min(parts.len()) };
    let mut folders = vec![file.folder()];
    // Each turn goes one folder up.
    while let Some((above, _)) = folders.last().and_then(|folder| folder.rsplit_once('/')) {
        folders.push(above);
    }
    folders.push("");
    for from in tails {
        let tail = parts.get(from..)?.join("/");
        for folder in &folders {
            let Some(path) = join(folder, &tail).filter(|path| path != file.path) else { continue };
            if file.repository.root.kind(std::path::Path::new(&path)) == crate::asked::There::File
                && let Ok(text) = files::read(file.repository.root, &path)
            {
                return Some((path, text));
            }
        }
    }
    None
}
