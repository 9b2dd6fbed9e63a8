//! What something on a machine does, as a step that another machine can do: an app of PM2's with a schedule, a script of a
//! package, a line of a crontab, a command of `standin.toml`.
//!
//! What cannot be moved is refused with the place that shows it: a path of the machine, a server of it, a program that
//! never ends.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{Automation, Detail};
use standin_core::ident::{AutomationId, Kind};

use crate::file::{Files, Place};
use crate::workflow::Refused;

mod app;
mod crontab;
mod moved;
pub(crate) mod node;
pub(crate) mod python;

/// Files that tell how a package is installed, and by which Node.
pub(crate) const NODE_FILES: [&str; 8] = [
    ".node-version",
    ".nvmrc",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
];

/// Where Git is told of the modules of a repository.
const MODULES: &str = ".gitmodules";

/// Endings of what a program runs.
const SCRIPTS: [&str; 11] =
    [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".sh", ".bash", ".py", ".rb", ".php"];

/// A command of `standin.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCommand {
    /// For a shell.
    pub command: String,
    /// Where it runs, absolute.
    pub dir: String,
    /// The names of the variables that it is given, ordered.
    pub variables: Vec<String>,
}

/// What a step of a workflow does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Errand {
    /// Where it runs, relative to the repository; empty for its root.
    pub(crate) dir: String,
    /// Lines for bash.
    pub(crate) run: String,
    /// Variables that it reads, where they are set.
    pub(crate) read: BTreeSet<String>,
    /// Variables without which it does something else.
    pub(crate) needed: BTreeSet<String>,
    /// How Node is set up; `None` where nothing of it is needed.
    pub(crate) node: Option<node::Node>,
    /// What a checkout must bring.
    pub(crate) checkout: Checkout,
    /// The list of the Python packages that it needs, relative to the repository.
    pub(crate) python: Option<String>,
    /// What a person should know of it.
    pub(crate) notes: Vec<String>,
}

/// What is known of a repository.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) root: &'a str,
    pub(crate) files: &'a Files,
    pub(crate) commands: &'a BTreeMap<AutomationId, HostCommand>,
}

/// What `automation` does, as a step of a workflow.
pub(crate) fn of(automation: &Automation, known: Known<'_>) -> Result<Errand, Refused> {
    let mut errand = match (&automation.detail, automation.id.kind()) {
        (Detail::Pm2App { script, interpreter, .. }, _) => {
            let path = known.below(script).unwrap_or_default();
            let python = python::list(&path, "", &known);
            if path.is_empty() {
                python::check(folder_less(script), None)?;
            }
            if let Some(said) = interpreter {
                python::check_interpreter(said, python.as_deref())?;
            }
            let mut errand = app::of(automation, known)?;
            // Packages are those of the script's folder, wherever it is started.
            if known.is_there(&path) {
                errand.node = node::of(folder_of(&path), &known);
            }
            errand.python = python;
            errand
        }
        (Detail::NpmScript { dir, script, command }, _) => {
            let dir = known.below(dir)?;
            known.check_command(command, &dir, &automation.source.path)?;
            let mut errand = known.shell(&format!("npm run {}", moved::quoted(script)), dir);
            errand.read.extend(known.variables_of(command, &errand.dir));
            errand
        }
        (_, Kind::Command) => {
            let said = known.commands.get(&automation.id);
            let said =
                said.ok_or_else(|| Refused::new("it has no command", "Give it one in standin.toml."))?;
            let dir = known.below(&said.dir)?;
            known.check_command(&said.command, &dir, &automation.source.path)?;
            let mut errand = known.shell(&said.command, dir);
            errand.needed.extend(said.variables.iter().cloned());
            errand
        }
        (_, Kind::Crontab) => crontab::of(automation, known)?,
        (_, _) => {
            let why = format!("Standin writes no backup for a {}", automation.id.kind());
            let fix = "Name something that does the same as its `backup` in standin.toml.";
            return Err(Refused::new(why, fix));
        }
    };
    if errand.run.contains("${{") {
        return Err(Refused::new(
            "its command has `${{`, which GitHub would take for an expression",
            "Put the command into a script, and run that.",
        ));
    }
    errand.read = errand.read.difference(&errand.needed).cloned().collect();
    let script = match &automation.detail {
        Detail::Pm2App { script, .. } => known.below(script).ok(),
        Detail::Plain | Detail::NpmScript { .. } | Detail::NetlifyFunction { .. } | Detail::Workflow(_) => {
            None
        }
    };
    let run = scripts(&errand.run).into_iter().filter_map(|script| join_inside(&errand.dir, script));
    let own = join(&errand.dir, "x");
    let paths: Vec<String> = run.chain(script).chain([own]).collect();
    errand.checkout = checkout(paths.iter().map(String::as_str), &known)?;
    Ok(errand)
}

/// What a checkout must bring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Checkout {
    /// This repository.
    #[default]
    Own,
    /// Those that it names as its modules, too.
    Modules,
}

/// What a checkout must bring for these files. A repository within this one, that it does not name, is in no checkout.
pub(crate) fn checkout<'p>(
    paths: impl Iterator<Item = &'p str>,
    known: &Known<'_>,
) -> Result<Checkout, Refused> {
    let modules = known.files.text(MODULES).unwrap_or_default();
    let is_module = |folder: &str| {
        modules.lines().any(|line| {
            let value =
                line.trim().strip_prefix("path").map(|rest| rest.trim_start().trim_start_matches('=').trim());
            value.is_some_and(|path| path.trim_matches('"').trim_end_matches('/') == folder)
        })
    };
    let mut found = Checkout::Own;
    for path in paths {
        for folder in above(folder_of(path)).into_iter().filter(|folder| !folder.is_empty()) {
            if is_module(folder) {
                found = Checkout::Modules;
            } else if known.is_there(&join(folder, ".git")) {
                return Err(Refused::new(
                    format!(
                        "`{folder}` is a repository of its own, and a checkout of this one does not have it"
                    ),
                    "Write its backup there, or make it a submodule.",
                ));
            }
        }
    }
    Ok(found)
}

/// Files that a command runs, as they are written, without options and variables.
pub(crate) fn scripts(command: &str) -> Vec<&str> {
    let words =
        command.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '"' | '\''));
    let is_script = |word: &&str| {
        SCRIPTS.iter().any(|ending| word.ends_with(ending))
            && !word.starts_with('-')
            && !word.contains(['$', '*', '~', '='])
    };
    words.filter(is_script).collect()
}

/// Paths that tell whether the work of `automation` can be moved; crontabs are among `files` already.
pub(crate) fn wanted(automation: &Automation, known: Known<'_>) -> BTreeSet<String> {
    let mut paths = wanted_packages("");
    let below = |dir: &str| known.below(dir).unwrap_or_default();
    let mut command = |text: &str, dir: &str| {
        paths.extend(wanted_packages(dir));
        for path in scripts(text).into_iter().filter_map(|script| join_inside(dir, script)) {
            paths.extend(wanted_packages(folder_of(&path)));
            paths.insert(path);
        }
    };
    match (&automation.detail, automation.id.kind()) {
        (Detail::Pm2App { script, cwd, args, .. }, _) => {
            let path = below(script);
            if path.is_empty() {
                command(&args.join(" "), &below(cwd));
            }
            for dir in [folder_of(&path), &below(cwd)] {
                command("", dir);
            }
            paths.insert(path);
        }
        (Detail::NpmScript { dir, command: text, .. }, _) => command(text, &below(dir)),
        (_, Kind::Command) => {
            if let Some(said) = known.commands.get(&automation.id) {
                command(&said.command, &below(&said.dir));
            }
        }
        (_, Kind::Crontab) => {
            let line = crontab::command(automation, known.files).unwrap_or_default();
            let (dir, rest) = crontab::gone(&line);
            command(&rest, &dir);
            paths.extend(crontab::places(&line));
        }
        (_, _) => {}
    }
    paths
}

/// Paths that tell how the packages of a folder are installed.
pub(crate) fn wanted_packages(dir: &str) -> BTreeSet<String> {
    let names = || NODE_FILES.iter().copied().chain([python::LIST, MODULES, ".git"]);
    above(dir).into_iter().flat_map(|folder| names().map(move |name| join(folder, name))).collect()
}

/// A folder and those that it is in, up to the root of the repository.
fn above(dir: &str) -> Vec<&str> {
    let mut found = vec![dir];
    let mut rest = dir;
    while let Some((outer, _)) = rest.rsplit_once('/') {
        found.push(outer);
        rest = outer;
    }
    if !rest.is_empty() {
        found.push("");
    }
    found
}

/// The last part of a path.
fn folder_less(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a path.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Known<'_> {
    /// An absolute path, relative to the repository.
    fn below(&self, path: &str) -> Result<String, Refused> {
        let inside = path.strip_prefix(self.root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        inside.map(|rest| rest.trim_matches('/').to_owned()).ok_or_else(|| {
            if !path.contains('/') {
                return Refused::new(
                    format!(
                        "`{path}` is a program of that machine, and whether another one has it is not known"
                    ),
                    "Write a workflow that installs it first, and name that as the `backup` in standin.toml.",
                );
            }
            Refused::new(
                format!("`{path}` is outside of the repository, and no other machine has it"),
                "Keep it in the repository.",
            )
        })
    }

    fn is_there(&self, path: &str) -> bool {
        !matches!(self.files.place(path), Place::Free)
    }

    /// A command for a shell in a folder.
    fn shell(&self, command: &str, dir: String) -> Errand {
        let is_of_node = |script: &&str| script.ends_with("js") || script.ends_with("ts");
        let script = scripts(command).into_iter().find(is_of_node);
        let path = script.and_then(|script| join_inside(&dir, script));
        let node = node::of(path.as_deref().map_or(dir.as_str(), folder_of), self);
        let read = self.variables_of(command, &dir);
        let python = python::list(command, &dir, self);
        Errand { run: python::without_venv(command.trim()), dir, node, read, python, ..Errand::default() }
    }

    /// The variables that the scripts of a command read.
    fn variables_of(&self, command: &str, dir: &str) -> BTreeSet<String> {
        let files = scripts(command).into_iter().filter_map(|script| join_inside(dir, script));
        let texts = files.filter_map(|path| self.files.text(&path));
        texts.flat_map(crate::workflow::variables).collect()
    }

    /// Whether a command, and what it runs, can be moved. `source` is where the command is written.
    fn check_command(&self, command: &str, dir: &str, source: &str) -> Result<(), Refused> {
        moved::command(command, source)?;
        python::check(command, python::list(command, dir, self).as_deref())?;
        for script in scripts(command) {
            match join_inside(dir, script) {
                Some(path) => self.check_script(&path)?,
                None => {
                    return Err(Refused::new(
                        format!("`{script}` is outside of the repository"),
                        "Keep it in the repository.",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether a script is there, and can do its work elsewhere.
    fn check_script(&self, path: &str) -> Result<(), Refused> {
        if !self.is_there(path) {
            return Err(Refused::new(
                format!("`{path}` is not in the repository"),
                "Commit it; or write a workflow that builds it first, and name that as the `backup` in standin.toml.",
            ));
        }
        self.files.text(path).map_or(Ok(()), |text| moved::script(text, path))
    }
}

/// A path below a folder.
fn join(dir: &str, path: &str) -> String {
    if dir.is_empty() { path.to_owned() } else { format!("{dir}/{path}") }
}

/// A relative path below a folder, without `.` and `..`; `None` when it leaves the repository.
pub(crate) fn join_inside(dir: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in dir.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}
