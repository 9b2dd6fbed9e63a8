//! Backups that run a file of the repository, or a script of a package, that is not there.
//!
//! Only what the command comes to first is sure: whatever runs before may make what comes after.

use std::path::Path;

use standin_core::automation::{Automation, Detail};

use super::{MAX_STEPS, package, shell};
use crate::asked::{Root, There};
use crate::lines::quote;
use crate::npm_scripts::{Callee, callees};
use crate::{built, js};

/// What makes it depend on more than its text whether a command comes to something.
const DOUBTS: [&str; 10] = ["||", "$(", "`", "[ ", "test ", "if ", "case ", "while ", "for ", "trap "];

/// Endings that Node adds.
const ENDINGS: [&str; 5] = [".js", ".json", ".cjs", ".mjs", ".ts"];

/// What an automation below `root` runs that is not there; `None` where all is there, or nobody can tell.
pub fn gone(root: &Path, automation: &Automation) -> Option<String> {
    let place = Root::of(root)?;
    let what = match &automation.detail {
        Detail::NpmScript { dir, command, .. } => of_command(&place, Path::new(dir), command, 0),
        Detail::Pm2App { script, .. } if Path::new(script).is_absolute() => {
            let script = Path::new(script);
            let is_ours = script.starts_with(&*place) && !built::is_product(&place, script);
            (is_ours && place.kind(script) == There::Nothing).then(|| no_file(&place, script))
        }
        Detail::Pm2App { script, cwd, args, .. } if !script.is_empty() => {
            of_command(&place, Path::new(cwd), &format!("{script} {}", args.join(" ")), 0)
        }
        Detail::Pm2App { .. } | Detail::NetlifyFunction { .. } | Detail::Workflow(_) | Detail::Plain => None,
    }?;
    Some(format!("{}:{} {what}", automation.source.path, automation.source.line))
}

/// What a command that runs in `dir`, below `root`, runs that is not there.
pub fn gone_command(root: &Path, dir: &Path, command: &str) -> Option<String> {
    let root = Root::of(root)?;
    of_command(&root, dir, command, 0)
}

fn of_command(root: &Root, dir: &Path, command: &str, step: usize) -> Option<String> {
    if step > MAX_STEPS || DOUBTS.iter().any(|doubt| command.contains(doubt)) {
        return None;
    }
    let dir = root.link(dir)?;
    let first = callees(command).into_iter().find(|callee| !is_idle(callee))?;
    match first {
        Callee::File { folder, path } => of_file(root, &js::resolve(&dir.join(folder), &path)),
        Callee::Script { folder, name } => of_script(root, &dir.join(folder), &name, step),
        Callee::Either { .. } | Callee::Other { .. } | Callee::Like { .. } | Callee::Program(_) => None,
    }
}

fn is_idle(callee: &Callee) -> bool {
    match callee {
        Callee::Program(name) => {
            shell::IDLE.contains(&name.as_str()) && !["exit", "return", "false", "["].contains(&name.as_str())
        }
        Callee::File { .. }
        | Callee::Script { .. }
        | Callee::Either { .. }
        | Callee::Other { .. }
        | Callee::Like { .. } => false,
    }
}

fn of_file(root: &Root, file: &Path) -> Option<String> {
    let with_ending = |ending: &&str| {
        let mut name = file.to_owned().into_os_string();
        name.push(ending);
        root.kind(Path::new(&name)) == There::File
    };
    let is_there = root.kind(file) != There::Nothing || ENDINGS.iter().any(with_ending);
    // What is elsewhere may be there on the machine that runs it, and what a build makes comes with the build.
    let is_unknown = is_there || !file.starts_with(root) || built::is_product(root, file);
    (!is_unknown).then(|| no_file(root, file))
}

fn of_script(root: &Root, dir: &Path, name: &str, step: usize) -> Option<String> {
    let package = package::around(root, dir)?;
    let Some(command) = package.command(name) else {
        // npm starts a server of its own name where no script is called so.
        let is_usual = ["start", "restart", "test", "stop"].contains(&name);
        return (!is_usual).then(|| format!("{} has no script `{}`", package.path, quote(name)));
    };
    // Its manager runs this before.
    let first = package.command(&format!("pre{name}")).unwrap_or(command);
    of_command(root, &package.dir, first, step.saturating_add(1))
}

fn no_file(root: &Root, file: &Path) -> String {
    let shown = file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned();
    format!("it runs {}, which does not exist", quote(&shown))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(command: &str) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        let package =
            r#"{"scripts":{"a":"npm run b","b":"node jobs/gone.js","c":"make","prec":"node jobs/gone.js"}}"#;
        for (path, text) in [("package.json", package), ("jobs/there.js", "x"), (".gitignore", "made/\n")] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        gone_command(root.path(), root.path(), command)
    }

    #[test]
    fn a_file_or_a_script_that_is_not_there_is_named() {
        let file = Some("it runs jobs/gone.js, which does not exist".to_owned());
        for command in [
            "node jobs/gone.js",
            "set -e; echo go; NODE_ENV=x node jobs/gone.js --all",
            "cd jobs && node gone.js",
            "npm run b",
            "npm run a",
            "npm run c",
        ] {
            assert_eq!(of(command), file, "{command}");
        }
        assert_eq!(of("npm run gone").unwrap(), "package.json has no script `gone`");
        assert_eq!(of("./run.sh").unwrap(), "it runs run.sh, which does not exist");
    }

    #[test]
    fn what_may_be_there_when_it_runs_is_not() {
        for command in [
            "node jobs/there.js",
            "node jobs/there",
            "git pull && node jobs/gone.js",
            "node jobs/gone.js || node jobs/there.js",
            "[ -f jobs/gone.js ] && node jobs/gone.js",
            "node dist/gone.js",
            "node made/gone.js",
            "node /opt/gone.js",
            "node ../gone.js",
            "node \"$JOB\"",
            "npm start",
            "no-such-binary --do",
        ] {
            assert_eq!(of(command), None, "{command}");
        }
    }
}
