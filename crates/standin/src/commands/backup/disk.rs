//! Files of a repository, read and written without following a link out of it, and all or none.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use standin_backup::{FilePatch, Files, PM2_FILE, Present, WORKFLOWS};
use standin_core::ownership::{self, Owner};

use crate::exit::Failure;

/// Longest file that is edited or looked into for our mark.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Files of a folder that are looked into.
const MAX_FOLDER: usize = 10_000;

/// What stands at these paths, and every file of ours in the folders that ours are in.
pub(super) fn gather(root: &Path, wanted: &BTreeSet<String>) -> Result<Files, Failure> {
    let mut files = Files::default();
    let mut folders: BTreeSet<String> = [WORKFLOWS.trim_end_matches('/').to_owned()].into();
    for path in wanted.iter().map(String::as_str).chain([PM2_FILE]) {
        if let Some(present) = present(root, path)? {
            files.add(path, present);
        }
        folders.extend(path.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
    }
    for folder in folders {
        for path in listed(root, &folder).into_iter().filter(|path| !wanted.contains(path)) {
            if let Some(Present::Text(text)) = present(root, &path)?
                && ownership::owner(&text) != Owner::Others
            {
                files.add(path, Present::Text(text));
            }
        }
    }
    Ok(files)
}

/// Adds what stands at more paths, without a look at what is beside them.
pub(super) fn add<'a>(
    root: &Path,
    paths: impl Iterator<Item = &'a String>,
    files: &mut Files,
) -> Result<(), Failure> {
    for path in paths {
        if let Some(present) = present(root, path)? {
            files.add(path, present);
        }
    }
    Ok(())
}

fn listed(root: &Path, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    let names =
        entries.take(MAX_FOLDER).flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.map(|name| format!("{folder}/{name}")).collect()
}

/// What stands at a path; `None` when nothing does.
fn present(root: &Path, path: &str) -> Result<Option<Present>, Failure> {
    if let Some(link) = link_on(root, path) {
        return Ok(Some(Present::Other(format!("behind the link {link}, which is not followed"))));
    }
    let file = root.join(path);
    let about = match fs::symlink_metadata(&file) {
        Ok(about) => about,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(Failure::io(format!("{} cannot be looked at", file.display()))(error)),
    };
    let other = |what: &str| Ok(Some(Present::Other(what.to_owned())));
    if about.is_symlink() {
        return other("a link, which is not followed");
    }
    if !about.is_file() {
        return other("no file");
    }
    if about.len() > MAX_FILE_BYTES {
        return other("larger than 1 MiB");
    }
    let mut bytes = Vec::new();
    let open = File::open(&file).and_then(|open| open.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
    match open.map(|_| String::from_utf8(bytes)) {
        Ok(Ok(text)) => Ok(Some(Present::Text(text))),
        Ok(Err(_)) => other("no text"),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => other("not to be read by this user"),
        Err(error) => Err(Failure::io(format!("{} cannot be read", file.display()))(error)),
    }
}

/// The first folder of a path that is a link.
fn link_on<'a>(root: &Path, path: &'a str) -> Option<&'a str> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|at| path.get(..at))
        .find(|folder| fs::symlink_metadata(root.join(folder)).is_ok_and(|about| about.is_symlink()))
}

/// Writes every patch or, as far as a file system allows, none: all new texts are on the disk before the first takes its
/// place, and what has changed place is put back when a later one cannot.
pub(super) fn apply(root: &Path, patches: &[FilePatch]) -> Result<(), Failure> {
    unchanged(root, patches)?;
    let mut staged = Staged { root, made: Vec::new(), files: Vec::new() };
    for patch in patches {
        if let Some(text) = &patch.after
            && let Err(failure) = staged.stage(&patch.path, text)
        {
            staged.give_up();
            return Err(failure);
        }
    }
    staged.commit(patches)
}

/// Nobody has changed a file since it was read.
fn unchanged(root: &Path, patches: &[FilePatch]) -> Result<(), Failure> {
    for patch in patches {
        let now = match present(root, &patch.path)? {
            None => None,
            Some(Present::Text(text)) => Some(text),
            Some(Present::Other(what)) => {
                return Err(Failure::Platform(format!("{} is {what}: nothing was written", patch.path)));
            }
        };
        if now != patch.before {
            return Err(Failure::Platform(format!(
                "{} has changed meanwhile: nothing was written, try again",
                patch.path
            )));
        }
    }
    Ok(())
}

/// New texts beside the places that they are for.
struct Staged<'a> {
    root: &'a Path,
    /// Folders that were made, the outermost first.
    made: Vec<PathBuf>,
    /// The new file and its place.
    files: Vec<(PathBuf, PathBuf)>,
}

impl Staged<'_> {
    fn stage(&mut self, path: &str, text: &str) -> Result<(), Failure> {
        let place = self.root.join(path);
        let folder = place.parent().unwrap_or(self.root).to_path_buf();
        let missing: Vec<&Path> = folder.ancestors().take_while(|dir| !dir.exists()).collect();
        for dir in missing.into_iter().rev() {
            fs::create_dir(dir).map_err(Failure::io(format!("{} cannot be made", dir.display())))?;
            self.made.push(dir.to_path_buf());
        }
        let what = || format!("{} cannot be written", place.display());
        let rights = fs::metadata(&place).ok().map(|about| about.permissions());
        let mut new =
            tempfile::Builder::new().prefix(".standin-").tempfile_in(&folder).map_err(Failure::io(what()))?;
        new.write_all(text.as_bytes()).map_err(Failure::io(what()))?;
        new.as_file().sync_all().map_err(Failure::io(what()))?;
        let rights = rights.unwrap_or_else(usual_rights);
        new.as_file().set_permissions(rights).map_err(Failure::io(what()))?;
        let (_, kept) = new.keep().map_err(|error| Failure::io(what())(error.error))?;
        self.files.push((kept, place));
        Ok(())
    }

    /// Everything is as it was.
    fn give_up(&self) {
        for (new, _) in &self.files {
            let _ = fs::remove_file(new);
        }
        for dir in self.made.iter().rev() {
            let _ = fs::remove_dir(dir);
        }
    }

    fn commit(self, patches: &[FilePatch]) -> Result<(), Failure> {
        let mut done = Vec::new();
        for (new, place) in &self.files {
            if let Err(error) = fs::rename(new, place) {
                self.undo(&done, patches);
                return Err(Failure::io(format!(
                    "{} cannot be replaced: nothing was changed",
                    place.display()
                ))(error));
            }
            done.push(place.clone());
        }
        for patch in patches.iter().filter(|patch| patch.after.is_none()) {
            let place = self.root.join(&patch.path);
            if let Err(error) = fs::remove_file(&place) {
                self.undo(&done, patches);
                return Err(Failure::io(format!(
                    "{} cannot be deleted: nothing was changed",
                    place.display()
                ))(error));
            }
            done.push(place);
        }
        for patch in patches.iter().filter(|patch| patch.after.is_none()) {
            // A folder that held nothing else goes with it; one that holds something refuses.
            let inner = Path::new(&patch.path).ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty());
            for dir in inner {
                if fs::remove_dir(self.root.join(dir)).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Puts back what has changed already.
    fn undo(&self, done: &[PathBuf], patches: &[FilePatch]) {
        for patch in patches {
            let place = self.root.join(&patch.path);
            if !done.contains(&place) {
                continue;
            }
            let _ = match &patch.before {
                Some(before) => fs::write(&place, before),
                None => fs::remove_file(&place),
            };
        }
        self.give_up();
    }
}

/// What a new file of a repository may be used for: to be read by all, and written by its owner.
fn usual_rights() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

#[cfg(test)]
mod tests;
