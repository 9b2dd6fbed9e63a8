//! Backups that answer for work that nobody does: a function that returns a constant, a script that only prints.
//!
//! Only what is sure to do nothing is said to: whatever is not understood may do something.

use std::fmt;
use std::path::{Path, PathBuf};

use standin_core::automation::{Automation, Detail, Effort};
use standin_core::ident::Kind;

use crate::asked::Root;
use crate::lines::quote;
use crate::{files, js};

mod gone;
mod package;
mod shell;

#[cfg(test)]
mod tests;

pub use gone::{gone, gone_command};
use shell::{Call, Deed};

/// Files that a file runs and that are looked at, one after the other.
const MAX_STEPS: usize = 4;

/// Why something does nothing, and the line that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hollow {
    /// Relative to the root of the scan.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// In words.
    pub what: String,
}

impl fmt::Display for Hollow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}", self.path, self.line, self.what)
    }
}

/// Why an automation below `root` does nothing; `None` when it may do something. Reads its file, and what that runs.
pub fn hollow(root: &Path, automation: &Automation) -> Option<Hollow> {
    let root = Root::of(root)?;
    let source = &automation.source;
    let here = |what: String| Hollow { path: source.path.clone(), line: source.line, what };
    match &automation.detail {
        Detail::Workflow(workflow) if workflow.effort == Effort::None => {
            let text = files::read(&root, &source.path).unwrap_or_default();
            let runs = |line: &str| line.trim_start().trim_start_matches("- ").starts_with("run:");
            let at = text.lines().position(runs).unwrap_or_default();
            let line = u32::try_from(at.saturating_add(1)).unwrap_or(source.line);
            let what = "all that its steps do is to check the code out, print and end".to_owned();
            Some(Hollow { path: source.path.clone(), line, what })
        }
        Detail::Workflow(_) => None,
        Detail::NpmScript { dir, command, .. } => {
            let why = of_command(&root, Path::new(dir), command, 0)?;
            Some(why.unwrap_or_else(|| here(only_prints(command))))
        }
        Detail::NetlifyFunction { main, .. } => of_file(&root, Path::new(main), 0),
        Detail::Pm2App { script, cwd, interpreter, args, .. } => {
            let script = Path::new(script);
            let name = script.file_name().unwrap_or_default().to_string_lossy();
            let is_shell =
                |name: &str| matches!(name.rsplit('/').next(), Some("sh" | "bash" | "zsh" | "dash"));
            if script.is_file() && !interpreter.as_deref().is_some_and(is_shell) {
                return of_file(&root, script, 0);
            }
            let command = match args.as_slice() {
                [option, text, ..] if is_shell(&name) && option == "-c" => text.clone(),
                _ if is_shell(&name) => args.first()?.clone(),
                _ if script.is_file() => return of_shell_file(&root, script, 0),
                _ => format!("{name} {}", args.join(" ")),
            };
            let why = of_command(&root, Path::new(cwd), &command, 0)?;
            Some(why.unwrap_or_else(|| here(only_prints(&command))))
        }
        Detail::Plain if automation.id.kind() == Kind::Script => of_file(&root, &root.join(&source.path), 0),
        Detail::Plain => None,
    }
}

/// Why a command that runs in `dir`, below `root`, does nothing; `None` when it may do something.
pub fn idle_command(root: &Path, dir: &Path, command: &str) -> Option<String> {
    let root = Root::of(root)?;
    let why = of_command(&root, dir, command, 0)?;
    Some(why.map_or_else(|| only_prints(command), |file| file.to_string()))
}

fn only_prints(command: &str) -> String {
    format!("all that `{}` does is to print and end", quote(command))
}

/// `Some(None)` when a command only prints; with the file that says so when it only runs such a file.
fn of_command(root: &Root, dir: &Path, command: &str, step: usize) -> Option<Option<Hollow>> {
    match shell::deed(command) {
        Deed::Nothing => Some(None),
        Deed::Something => None,
        Deed::Runs(calls) => {
            let step = step.saturating_add(1);
            let found: Option<Vec<Hollow>> = calls
                .iter()
                .map(|call| match call {
                    Call::File(path) => of_file(root, &dir.join(path), step),
                    Call::Script(name) => of_script(root, dir, name, step),
                })
                .collect();
            Some(found?.into_iter().next())
        }
    }
}

/// Why a script of the package that `dir` is in does nothing, with what its manager runs before and after it.
fn of_script(root: &Root, dir: &Path, name: &str, step: usize) -> Option<Hollow> {
    if step > MAX_STEPS {
        return None;
    }
    let package = package::around(root, dir)?;
    let own = package.command(name)?;
    let around = [format!("pre{name}"), format!("post{name}")];
    let all = around.iter().filter_map(|hook| package.command(hook)).chain([own]);
    let here = |what: String| Hollow { path: package.path.clone(), line: package.line(name), what };
    let mut shown = None;
    for command in all {
        let why = of_command(root, &package.dir, command, step)?;
        shown = Some(why.unwrap_or_else(|| here(only_prints(command))));
    }
    shown
}

fn of_file(root: &Root, file: &Path, step: usize) -> Option<Hollow> {
    if step > MAX_STEPS {
        return None;
    }
    let ending = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" => {
            let path = below(root, file)?;
            let text = files::read(root, &path).ok()?;
            let line = js::idle(&text, path.rsplit('/').next().unwrap_or(&path))?;
            let what = "it calls nothing that does any work".to_owned();
            Some(Hollow { path, line, what })
        }
        "sh" | "bash" => of_shell_file(root, file, step),
        _ => None,
    }
}

fn of_shell_file(root: &Root, file: &Path, step: usize) -> Option<Hollow> {
    let path = below(root, file)?;
    let text = files::read(root, &path).ok()?;
    let dir = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    if let Some(deeper) = of_command(root, &dir, &text, step)? {
        return Some(deeper);
    }
    let is_code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let at = text.lines().position(is_code).unwrap_or_default();
    let line = u32::try_from(at.saturating_add(1)).unwrap_or(1);
    Some(Hollow { path, line, what: "all that it does is to print and end".to_owned() })
}

/// A path below the root, relative to it.
fn below(root: &Root, file: &Path) -> Option<String> {
    let real = file.canonicalize().ok()?;
    Some(real.strip_prefix(root).ok()?.to_string_lossy().into_owned())
}
