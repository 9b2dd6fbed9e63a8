//! Lists the files of a repository that a detector may want to read; opens none of them but `.gitignore`.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use standin_core::automation::{Finding, Severity};

use crate::ScanOptions;
use crate::asked::{self, Answer, Root, There};
use crate::cache::Stamp;
use crate::contents;
use crate::files;
use crate::findings::{Findings, finding};
use crate::limits::{MAX_DEPTH, MAX_ENTRIES};

/// Folders that are never entered: what is in them was installed, built or written by a tool.
const SKIPPED: [&str; 5] = ["node_modules", ".git", ".standin", ".tools", "target"];

/// Endings of the files that some detector reads.
const WANTED: [&str; 12] =
    ["yml", "yaml", "json", "toml", "js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "go"];

/// The folder of which everything is listed, because GitHub is strict about what it loads there.
pub(crate) const WORKFLOWS: &str = ".github/workflows/";

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// Whether it can be read as a file.
    pub(crate) nature: Nature,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// A regular file, or a link to one within the root.
    File,
    /// A folder whose name looks like a file's, a pipe, a socket or a device: never opened.
    Other,
}

impl Entry {
    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The path without its last part; empty for the root.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Lists what is below `root`, ordered by path.
pub(crate) fn list(root: &Root, options: &ScanOptions, findings: &mut Findings) -> Vec<Entry> {
    let mut walk = Walk { root, options, findings, entries: Vec::new(), seen: 0 };
    walk.folder(root, "", &mut Vec::new());
    let mut entries = walk.entries;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

struct Walk<'a> {
    root: &'a Root,
    options: &'a ScanOptions,
    findings: &'a mut Findings,
    entries: Vec<Entry>,
    seen: usize,
}

impl Walk<'_> {
    /// Goes through one folder. Links to folders are never followed, so no loop can arise; the depth is bounded.
    fn folder(&mut self, dir: &Path, relative: &str, ignored: &mut Vec<Gitignore>) {
        if relative.split('/').count() > MAX_DEPTH {
            self.findings.add(too_deep(relative));
            return;
        }
        // Whatever is added to a folder or taken from it while it is listed changes its stamp.
        let stamp = std::fs::metadata(dir).ok().as_ref().map(Stamp::new);
        self.root.note(relative, Answer::Stamp(stamp));
        let children = match children(dir) {
            Ok(children) => children,
            Err(error) => {
                self.findings.add(unreadable_folder(relative, &error));
                return;
            }
        };
        if children.len() < MAX_ENTRIES {
            let doors = children.iter().filter(|child| !child.kind.is_some_and(|kind| kind.is_file()));
            self.root.note_listed(relative, doors.map(|child| below(relative, &child.name)));
        }
        if !relative.is_empty() && children.iter().any(|child| child.name == ".git") {
            self.findings.add(nested_repository(relative));
            return;
        }
        let has_rules = children.iter().any(|child| child.name == ".gitignore");
        let rules = has_rules.then(|| gitignore(dir, relative, self.root, self.findings)).flatten();
        let has_rules = rules.is_some();
        ignored.extend(rules);
        for child in children {
            self.child(&child, relative, ignored);
        }
        if has_rules {
            ignored.pop();
        }
    }

    fn child(&mut self, child: &Child, parent: &str, ignored: &mut Vec<Gitignore>) {
        if self.seen >= MAX_ENTRIES {
            self.findings.add(too_many(parent));
            return;
        }
        self.seen = self.seen.saturating_add(1);
        let path = below(parent, &child.name);
        let is_dir = child.kind.is_some_and(|kind| kind.is_dir());
        if is_ignored(&child.path, is_dir, ignored) {
            return;
        }
        if child.spelling == Spelling::Other {
            if is_dir || is_wanted(&path) {
                self.findings.add(not_utf8(&path));
            }
            return;
        }
        match child.kind {
            Some(kind) if kind.is_dir() => self.subfolder(child, path, ignored),
            Some(kind) if kind.is_symlink() => self.link(child, path),
            Some(kind) if kind.is_file() => self.keep(path, Nature::File),
            Some(_) | None => self.keep(path, Nature::Other),
        }
    }

    fn subfolder(&mut self, child: &Child, path: String, ignored: &mut Vec<Gitignore>) {
        let name = child.name.as_str();
        if SKIPPED.contains(&name) || self.options.skip_folders.iter().any(|skipped| skipped == name) {
            return;
        }
        self.folder(&child.path, &path, ignored);
        self.keep_if_named_like_a_workflow(path);
    }

    /// A folder is of interest only where GitHub would look for a file.
    fn keep_if_named_like_a_workflow(&mut self, path: String) {
        if path.starts_with(WORKFLOWS) && (path.ends_with(".yml") || path.ends_with(".yaml")) {
            self.entries.push(Entry { path, nature: Nature::Other });
        }
    }

    /// A link counts as the file that it leads to, if that is within the root: nothing outside is read.
    fn link(&mut self, child: &Child, path: String) {
        let (target, kind) = asked::link(&child.path);
        let written = target.as_ref().map(|target| target.to_string_lossy().into_owned());
        self.root.note(&path, Answer::Link(written, kind));
        match target {
            None if is_wanted(&path) => self.findings.add(broken_link(&path)),
            None => {}
            // GitHub does not follow it: nobody else would look for a workflow there.
            Some(_) if kind == There::File && path.starts_with(WORKFLOWS) => self.keep(path, Nature::Other),
            Some(target) if kind == There::Folder => {
                self.findings.add(folder_link(&path, &target, &child.path));
            }
            Some(target) if !target.starts_with(self.root) && is_wanted(&path) => {
                self.findings.add(outside_link(&path));
            }
            Some(_) if kind == There::File => self.keep(path, Nature::File),
            Some(_) => self.keep(path, Nature::Other),
        }
    }

    fn keep(&mut self, path: String, nature: Nature) {
        if is_wanted(&path) {
            self.entries.push(Entry { path, nature });
        }
    }
}

/// The path of what is in a folder.
fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

struct Child {
    name: String,
    path: PathBuf,
    /// `None` when the system does not say.
    kind: Option<std::fs::FileType>,
    spelling: Spelling,
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Utf8,
    /// Bytes that no text has: nothing can be asked by such a name.
    Other,
}

/// The children of a folder, ordered by name, so that every scan reads the same way.
fn children(dir: &Path) -> std::io::Result<Vec<Child>> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir(dir)?.take(MAX_ENTRIES) {
        let entry = entry?;
        let (name, spelling) = match entry.file_name().into_string() {
            Ok(name) => (name, Spelling::Utf8),
            Err(name) => (name.to_string_lossy().into_owned(), Spelling::Other),
        };
        children.push(Child { name, path: entry.path(), kind: entry.file_type().ok(), spelling });
    }
    children.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(children)
}

fn is_wanted(path: &str) -> bool {
    let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    path.starts_with(WORKFLOWS)
        || extension.is_some_and(|ending| WANTED.contains(&ending))
        || contents::is_wanted(path)
}

/// The deepest `.gitignore` that has something to say decides.
fn is_ignored(path: &Path, is_dir: bool, ignored: &[Gitignore]) -> bool {
    for rules in ignored.iter().rev() {
        match rules.matched(path, is_dir) {
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
            Match::None => {}
        }
    }
    false
}

/// The rules of a folder's `.gitignore`. Lines that are no pattern are left out, as Git does.
fn gitignore(dir: &Path, relative: &str, root: &Root, findings: &mut Findings) -> Option<Gitignore> {
    let path = below(relative, ".gitignore");
    let text = match files::read(root, &path) {
        Ok(text) => text,
        Err(problem) => {
            findings.add(problem);
            return None;
        }
    };
    let mut builder = GitignoreBuilder::new(dir);
    for line in text.lines() {
        // A line that is no pattern is what Git passes over, too.
        drop(builder.add_line(None, line));
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

fn too_deep(path: &str) -> Finding {
    let message = format!("this folder is {MAX_DEPTH} folders deep: it was left out");
    finding(
        "too-deep",
        Severity::Warning,
        path,
        1,
        message,
        "Scan this folder by itself, or ignore it in .gitignore.",
    )
}

fn too_many(path: &str) -> Finding {
    let message = format!("more than {MAX_ENTRIES} files and folders: the rest was left out from here on");
    let fix = "Ignore generated folders in .gitignore, or scan a folder by itself.";
    finding("too-many-files", Severity::Error, path, 1, message, fix)
}

fn unreadable_folder(path: &str, error: &std::io::Error) -> Finding {
    let message = format!("the folder cannot be read: {}", error.kind());
    finding(
        "folder-unreadable",
        Severity::Error,
        path,
        1,
        message,
        "Give the right to read it, or ignore it.",
    )
}

fn broken_link(path: &str) -> Finding {
    let fix = "Point the link at a file of the repository, or delete it.";
    finding("link-broken", Severity::Warning, path, 1, "this link leads nowhere, or in a circle", fix)
}

fn outside_link(path: &str) -> Finding {
    let fix = "Put the file itself into the repository.";
    finding(
        "link-outside",
        Severity::Warning,
        path,
        1,
        "this link leads out of the repository: it was not read",
        fix,
    )
}

fn not_utf8(path: &str) -> Finding {
    let severity = if path.starts_with(WORKFLOWS) { Severity::Error } else { Severity::Warning };
    let message = "its name is not UTF-8: nothing of it was read";
    finding("name-not-utf8", severity, path, 1, message, "Give it a name of plain letters.")
}

fn nested_repository(path: &str) -> Finding {
    let message = "this folder is a repository of its own: what runs by itself in it belongs to that one";
    let fix = "Scan it by itself.";
    finding("nested-repository", Severity::Note, path, 1, message, fix)
}

/// A link to one of its own parents is a loop; any other only leads somewhere that is scanned by itself.
fn folder_link(path: &str, target: &Path, link: &Path) -> Finding {
    if link.starts_with(target) {
        let fix = "Delete the link.";
        let message = "this link leads to a folder that it is in: it was not followed";
        return finding("link-loop", Severity::Warning, path, 1, message, fix);
    }
    if [".github", ".github/workflows"].contains(&path) {
        let message = "GitHub does not follow this link: it finds no workflow behind it";
        let fix = "Put the folder itself into the repository.";
        return finding("link-not-followed", Severity::Error, path, 1, message, fix);
    }
    let fix = "Nothing, if the folder is scanned where it really is.";
    finding("link-not-followed", Severity::Note, path, 1, "this link to a folder was not followed", fix)
}
