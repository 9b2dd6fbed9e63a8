//! An app of PM2's with a schedule: what PM2 would start in each slot.

use std::collections::BTreeSet;

use standin_core::automation::{Automation, Detail};

use super::{Errand, Known, moved, node};
use crate::pm2;
use crate::workflow::Refused;

/// Starts a command with the variables that PM2's own file sets.
const START: &str = include_str!("app/start.cjs");

/// Programs that PM2 is given by their names, and that runners have.
const PROGRAMS: [&str; 70] = [
    "node",
    "npm",
    "npx",
    "yarn",
    "pnpm",
    "corepack",
    "bash",
    "sh",
    "dash",
    "pwsh",
    "python3",
    "python",
    "pip",
    "pip3",
    "pipx",
    "ruby",
    "gem",
    "php",
    "composer",
    "perl",
    "go",
    "java",
    "mvn",
    "gradle",
    "dotnet",
    "cargo",
    "make",
    "cmake",
    "gcc",
    "docker",
    "kubectl",
    "helm",
    "aws",
    "az",
    "gcloud",
    "gh",
    "git",
    "git-lfs",
    "curl",
    "wget",
    "jq",
    "yq",
    "tar",
    "gzip",
    "zip",
    "unzip",
    "xz",
    "bzip2",
    "rsync",
    "ssh",
    "scp",
    "openssl",
    "psql",
    "pg_dump",
    "mysql",
    "mysqldump",
    "sqlite3",
    "awk",
    "sed",
    "grep",
    "find",
    "xargs",
    "parallel",
    "env",
    "timeout",
    "echo",
    "date",
    "sleep",
    "cat",
    "true",
];

/// What an app does once.
pub(super) fn of(automation: &Automation, known: Known<'_>) -> Result<Errand, Refused> {
    let Detail::Pm2App { script, cwd, interpreter, interpreter_args, args, env_names, .. } =
        &automation.detail
    else {
        return Err(Refused::new("the scan could not read what it runs", "Write it out in its file."));
    };
    if automation.triggers.iter().any(|trigger| trigger == "always") {
        let why = match automation.schedules.as_slice() {
            [] => "it runs all the time",
            _ => "it runs all the time (its schedule only starts it again)",
        };
        return Err(moved::never_ends(why));
    }
    if script.is_empty() {
        return Err(Refused::new(
            "its script is computed, and only running its file would tell",
            "Write it out.",
        ));
    }
    let dir = known.below(cwd)?;
    let name = script.rsplit('/').next().unwrap_or(script);
    let is_program = !name.contains('.') && PROGRAMS.contains(&name);
    let mut argv: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    if is_program {
        argv.push(name.to_owned());
    } else {
        let path = known.below(script)?;
        known.check_script(&path)?;
        texts.extend(known.files.text(&path));
        if let Some(program) = interpreter_of(&path, interpreter.as_deref())? {
            argv.push(program.to_owned());
            argv.extend(interpreter_args.iter().cloned());
        }
        argv.push(relative(&dir, &path));
    }
    argv.extend(args.iter().cloned());
    let command: Vec<String> = argv.iter().map(|word| moved::quoted(word)).collect();
    let command = command.join(" ");
    if is_program {
        // What it is given may be a script, which must be there too.
        known.check_command(&command, &dir, &automation.source.path)?;
    } else {
        moved::command(&command, &automation.source.path)?;
    }
    let own = texts.iter().flat_map(|text| crate::workflow::variables(text));
    let given = if is_program { known.variables_of(&command, &dir) } else { BTreeSet::new() };
    let own = own.chain(given).filter(|name| !env_names.contains(name));
    let (run, read) = if env_names.is_empty() {
        (command, own.collect())
    } else {
        // What PM2's file sets may come from variables of its own.
        let file = known.files.text(&automation.source.path).unwrap_or_default();
        let theirs = crate::workflow::variables(file);
        (started(automation, known, &argv)?, own.chain(theirs).collect())
    };
    let node = node::of(&dir, &known);
    Ok(Errand { node, dir, run, read, ..Errand::default() })
}

/// The start of a command by Node, with what PM2's file sets.
fn started(automation: &Automation, known: Known<'_>, argv: &[String]) -> Result<String, Refused> {
    let apps = pm2::apps_of(automation, known.files)?;
    let list = serde_json::to_string(argv).unwrap_or_default();
    let text = START
        .replace("APPS", &apps)
        .replace("NAME", &serde_json::to_string(automation.id.name()).unwrap_or_default())
        .replace("ARGV", &list);
    Ok(format!("node - <<'STANDIN'\n{}\nSTANDIN", text.trim_end()))
}

/// What PM2 runs a script with.
fn interpreter_of<'a>(path: &str, said: Option<&'a str>) -> Result<Option<&'a str>, Refused> {
    match said {
        Some("none") => return Ok(None),
        Some(said) if !said.contains('/') => return Ok(Some(said)),
        Some(said) => {
            let name = said.rsplit('/').next().unwrap_or(said);
            return if PROGRAMS.contains(&name) {
                Ok(Some(name))
            } else {
                Err(Refused::new(
                    format!("its interpreter {said} is of that machine"),
                    "Name it without its path.",
                ))
            };
        }
        None => {}
    }
    let (_, ending) = path.rsplit_once('.').unwrap_or((path, ""));
    match ending {
        "js" | "mjs" | "cjs" => Ok(Some("node")),
        "sh" | "bash" => Ok(Some("bash")),
        "py" => Ok(Some("python3")),
        "" => Ok(None),
        other => Err(Refused::new(
            format!("PM2 chooses what runs a .{other} file by what is installed on that machine"),
            "Name its `interpreter`.",
        )),
    }
}

/// A path of the repository from one of its folders.
fn relative(dir: &str, path: &str) -> String {
    let inside = path.strip_prefix(dir).filter(|rest| dir.is_empty() || rest.starts_with('/'));
    match inside {
        Some(rest) => format!("./{}", rest.trim_start_matches('/')),
        None => format!("{}{path}", "../".repeat(dir.split('/').count())),
    }
}
