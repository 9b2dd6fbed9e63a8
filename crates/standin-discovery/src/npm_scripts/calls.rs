//! Whether what a script calls is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use standin_core::automation::Severity;

use super::bins::{Bins, Missing};
use super::command::{Called, Callee, Run, callees, calls};
use super::made::{Certainty, Made, joined};
use super::others::Others;
use crate::asked::{Root, There};
use crate::built;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::js;
use crate::limits::MAX_SCRIPTS_FOLLOWED;
use crate::lines::quote;
use crate::registry::Repository;

/// A `package.json`, and what is known around it.
pub(super) struct Package<'a> {
    pub(super) repository: &'a Repository<'a>,
    pub(super) path: &'a str,
    pub(super) commands: &'a BTreeMap<String, String>,
    pub(super) bins: &'a Bins,
    pub(super) others: &'a Others,
}

impl Package<'_> {
    /// The folder of the file, relative to the root; empty for the root.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Says what a script calls that is not there; the first that keeps it from running.
    pub(super) fn check(
        &self,
        name: &str,
        command: &str,
        line: u32,
        gathered: &mut Gathered,
    ) -> Option<String> {
        let mut broken = None;
        let mut say = |rule: &str, severity: Severity, message: String, fix: &str| {
            let shown = format!("`{}`: {message}", quote(name));
            gathered.find(finding(rule, severity, self.path, line, shown, fix));
            if severity == Severity::Error {
                broken.get_or_insert(message);
            }
        };
        let mut made = Made::before(name, self.commands);
        let mut files: Vec<String> = Vec::new();
        for Called { callee, certainty } in calls(command, self.commands, &mut made, 0) {
            match callee {
                Callee::Script { folder, name } => {
                    if let Some(message) = self.no_script(&folder, &name) {
                        let fix = "Add that script, or correct the name.";
                        say("npm-script-missing", Severity::Error, message, fix);
                    }
                }
                Callee::Either { folder, name } => {
                    if self.no_script(&folder, &name).is_some() && folder.is_empty() {
                        self.program(&name, &mut say);
                    }
                }
                Callee::Other { package, name, run } => self.other((&package, &name, run), &mut say),
                Callee::Like { folder, name } => {
                    let begin = format!("{name}:");
                    if folder.is_empty() && !self.commands.keys().any(|known| known.starts_with(&begin)) {
                        let message =
                            format!("it calls the scripts `{}*`, and none begins so", quote(&begin));
                        let fix = "Add such a script, or correct the name.";
                        say("npm-script-missing", Severity::Error, message, fix);
                    }
                }
                Callee::File { folder, path } => {
                    let path = joined(&folder, &path);
                    self.file(&path, (certainty, &files), &mut say);
                    files.push(path);
                }
                Callee::Program(program) => self.program(&program, &mut say),
            }
        }
        if self.calls_itself(name) {
            let message = "it calls itself, directly or through other scripts".to_owned();
            say("npm-circle", Severity::Error, message, "Take one of the calls away.");
        }
        broken
    }

    /// What is wrong with the call of a script; nothing if it is there, or if nobody knows.
    fn no_script(&self, folder: &str, name: &str) -> Option<String> {
        let (is_there, place) = if folder.is_empty() {
            (self.commands.contains_key(name), String::new())
        } else {
            let path = js::resolve(&self.repository.absolute(self.folder()).join(folder), "package.json");
            let path = path.strip_prefix(self.repository.root).ok()?.to_string_lossy().into_owned();
            // A folder that is not in the repository, or is made later, may have any script.
            let text = files::read(self.repository.root, &path).ok()?;
            let package: serde_json::Value = serde_json::from_str(&text).ok()?;
            (package.get("scripts")?.get(name).is_some(), format!(" in {}", quote(&path)))
        };
        (!is_there).then(|| format!("it calls the script `{}`, which is not there{place}", quote(name)))
    }

    /// Says of a script of another package that it is not there. A package that is not here may be anywhere.
    fn other(
        &self,
        (package, name, run): (&str, &str, Run),
        say: &mut impl FnMut(&str, Severity, String, &str),
    ) {
        let is_folder = |path: &str| {
            let whole = js::resolve(&self.repository.absolute(self.folder()), path);
            whole.strip_prefix(self.repository.root).ok().map(|path| path.to_string_lossy().into_owned())
        };
        let by_name = (!package.starts_with('.')).then(|| self.others.by_name(package)).flatten();
        let Some(other) = by_name.or_else(|| self.others.in_folder(&is_folder(package)?)) else { return };
        if other.scripts.contains(name) {
            return;
        }
        let place = quote(&other.path);
        match run {
            Run::Script => {
                let message = format!("it calls the script `{}`, which is not there in {place}", quote(name));
                say("npm-script-missing", Severity::Error, message, "Add that script, or correct the name.");
            }
            // A dependency may bring it, whatever the program of that is called.
            Run::OrProgram if !other.has_dependencies => {
                let message = format!(
                    "`{}` is no script of {place}: a program of that name has to be there",
                    quote(name)
                );
                say(
                    "npm-script-missing",
                    Severity::Warning,
                    message,
                    "Add that script, or correct the name.",
                );
            }
            Run::OrProgram => {}
        }
    }

    fn program(&self, program: &str, say: &mut impl FnMut(&str, Severity, String, &str)) {
        let Some(missing) = self.bins.missing(self.others, self.folder(), program) else { return };
        let shown = quote(program);
        let (severity, message) = match missing {
            Missing::Locked => {
                (Severity::Warning, format!("the program `{shown}` is in no package of the lock file"))
            }
            Missing::Undeclared => (
                Severity::Warning,
                format!("no package that is declared here is known to bring the program `{shown}`"),
            ),
            Missing::Unknown => (
                Severity::Note,
                format!("whether a package that is declared here brings the program `{shown}` is not known"),
            ),
        };
        let fix = "Add its package to the dependencies, or install it on every machine.";
        say("npm-program-missing", severity, message, fix);
    }

    /// Says of a file that it is not there, behind the files that run before it.
    fn file(
        &self,
        path: &str,
        (certainty, before): (Certainty, &[String]),
        say: &mut impl FnMut(&str, Severity, String, &str),
    ) {
        let whole = js::resolve(&self.repository.absolute(self.folder()), path);
        let root = self.repository.root;
        let with_ending = |ending: &str| {
            let mut name = whole.clone().into_os_string();
            name.push(ending);
            root.kind(std::path::Path::new(&name)) == There::File
        };
        if root.kind(&whole) != There::Nothing
            || [".js", ".json", ".cjs", ".mjs", ".ts"].into_iter().any(with_ending)
        {
            return;
        }
        let shown = quote(path);
        let may_be_made = certainty == Certainty::MayBeMade
            || built::is_product(root, &whole)
            || has_source(root, &whole)
            || before.iter().any(|before| self.mentions(before, path));
        if may_be_made {
            let message = format!("the file {shown} is not there: it may only not be built yet");
            return say("npm-file-not-built", Severity::Note, message, "Nothing, if a build makes it.");
        }
        let (severity, message) = match certainty {
            Certainty::PassedOver => {
                (Severity::Warning, format!("the file {shown} does not exist, and `||` passes over that"))
            }
            Certainty::Sure | Certainty::MayBeMade => {
                (Severity::Error, format!("the file {shown} does not exist"))
            }
        };
        say("npm-file-missing", severity, message, "Correct the path, or add the file.");
    }

    /// Whether a file that runs before names another one, which it may make.
    fn mentions(&self, before: &str, path: &str) -> bool {
        let before = joined(self.folder(), before);
        let name = path.rsplit('/').next().unwrap_or(path);
        files::read(self.repository.root, &before).is_ok_and(|text| text.contains(name))
    }

    fn calls_itself(&self, name: &str) -> bool {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut next: Vec<String> = vec![name.to_owned()];
        while let Some(at) = next.pop() {
            if seen.len() > MAX_SCRIPTS_FOLLOWED {
                return false;
            }
            let command = self.commands.get(&at).map(String::as_str).unwrap_or_default();
            for callee in callees(command) {
                let called = match callee {
                    Callee::Script { folder, name } | Callee::Either { folder, name } => (folder, name),
                    Callee::File { .. } | Callee::Program(_) | Callee::Other { .. } | Callee::Like { .. } => {
                        continue;
                    }
                };
                // A script of another package is another script.
                let (true, script) = (called.0.is_empty(), called.1) else { continue };
                if script == name {
                    return true;
                }
                if self.commands.contains_key(&script) && seen.insert(script.clone()) {
                    next.push(script);
                }
            }
        }
        false
    }
}

/// Whether what a compiler makes it of lies beside it.
fn has_source(root: &Root, file: &Path) -> bool {
    let sources: &[&str] = match file.extension().and_then(std::ffi::OsStr::to_str) {
        Some("js") => &["ts", "tsx", "jsx", "coffee"],
        Some("mjs") => &["mts"],
        Some("cjs") => &["cts"],
        Some(_) | None => &[],
    };
    sources.iter().any(|ending| root.kind(&file.with_extension(ending)) == There::File)
}
