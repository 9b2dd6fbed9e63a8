//! Whether what a script calls is there.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::Severity;

use super::command::{Callee, callees};
use super::{Locks, bins};
use crate::findings::{Gathered, finding};
use crate::js;
use crate::limits::MAX_SCRIPTS_FOLLOWED;
use crate::lines::quote;
use crate::registry::Repository;

/// Folders that a build fills: what is missing there may only not be built yet.
const BUILT: [&str; 9] = ["dist", "build", "out", "lib", ".next", ".output", "coverage", "public", "bin"];

/// A `package.json`, and what is known around it.
pub(super) struct Package<'a> {
    pub(super) repository: &'a Repository<'a>,
    pub(super) path: &'a str,
    pub(super) commands: &'a BTreeMap<String, String>,
    pub(super) locks: &'a Locks,
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
        for callee in callees(command) {
            match callee {
                Callee::Script(script) if !self.commands.contains_key(&script) => {
                    let message = format!("it calls the script `{}`, which is not there", quote(&script));
                    say(
                        "npm-script-missing",
                        Severity::Error,
                        message,
                        "Add that script, or correct the name.",
                    );
                }
                Callee::Script(_) => {}
                Callee::File { folder, path } => self.file(&folder, &path, &mut say),
                Callee::Program(program) => {
                    if bins::is_missing(self.locks, self.folder(), &program) {
                        let message =
                            format!("the program `{}` is in no package of the lock file", quote(&program));
                        let fix = "Add its package to the dependencies, or install it on every machine.";
                        say("npm-program-missing", Severity::Warning, message, fix);
                    }
                }
            }
        }
        if self.calls_itself(name) {
            let message = "it calls itself, directly or through other scripts".to_owned();
            say("npm-circle", Severity::Error, message, "Take one of the calls away.");
        }
        broken
    }

    fn file(&self, folder: &str, path: &str, say: &mut impl FnMut(&str, Severity, String, &str)) {
        let base = self.repository.absolute(self.folder()).join(folder);
        let whole = js::resolve(&base, path);
        let with_ending = |ending: &str| {
            let mut name = whole.clone().into_os_string();
            name.push(ending);
            std::path::PathBuf::from(name).is_file()
        };
        if whole.exists() || [".js", ".json", ".cjs", ".mjs", ".ts"].into_iter().any(with_ending) {
            return;
        }
        let shown = quote(&format!("{folder}{path}"));
        if path
            .split('/')
            .chain(folder.split('/'))
            .any(|part| BUILT.contains(&part) || part == "node_modules")
        {
            let message = format!("the file {shown} is not there: it may only not be built yet");
            return say("npm-file-not-built", Severity::Note, message, "Nothing, if a build makes it.");
        }
        let message = format!("the file {shown} does not exist");
        say("npm-file-missing", Severity::Error, message, "Correct the path, or add the file.");
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
                if let Callee::Script(script) = callee {
                    if script == name {
                        return true;
                    }
                    if seen.insert(script.clone()) {
                        next.push(script);
                    }
                }
            }
        }
        false
    }
}
