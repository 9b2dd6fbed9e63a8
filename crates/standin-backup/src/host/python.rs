//! Python's packages, and programs that the runners of GitHub do not have.

use super::{Known, above, folder_of, join, join_inside, scripts};
use crate::workflow::Refused;

/// The file that lists packages.
pub(super) const LIST: &str = "requirements.txt";

/// Programs that somebody has installed on a machine.
const INSTALLED: [&str; 13] = [
    "bun",
    "bunx",
    "conda",
    "deno",
    "pipenv",
    "poetry",
    "rye",
    "ts-node",
    "tsx",
    "uv",
    "uvx",
    "babel-node",
    "swc-node",
];

/// Programs that are on every runner, and those that PM2 is told to do without.
const INTERPRETERS: [&str; 9] = ["none", "node", "bash", "sh", "python", "python3", "ruby", "php", "perl"];

/// The list of the packages for what a command runs, if Python runs anything of it.
pub(super) fn list(command: &str, dir: &str, known: &Known<'_>) -> Option<String> {
    let is_python = |word: &str| matches!(word.rsplit('/').next(), Some("python" | "python3"));
    let script = scripts(command).into_iter().find(|script| script.ends_with(".py"));
    if script.is_none() && !words(command).any(is_python) {
        return None;
    }
    let path = script.and_then(|script| join_inside(dir, script));
    let folder = path.as_deref().map_or(dir, folder_of);
    above(folder).into_iter().map(|folder| join(folder, LIST)).find(|path| known.is_there(path))
}

/// Whether every program of a command is on a runner; packages that `venv` has are those of the list.
pub(super) fn check(command: &str, list: Option<&str>) -> Result<(), Refused> {
    let mut previous = "";
    for word in words(command) {
        let starts =
            previous.is_empty() || matches!(previous, "&&" | "||" | ";" | "|" | "env" | "exec" | "time");
        if starts && INSTALLED.contains(&word) {
            return Err(missing(word));
        }
        previous = word;
    }
    if list.is_none() && words(command).any(is_venv) {
        return Err(without_list("it"));
    }
    Ok(())
}

/// Whether what PM2 runs a script with is on a runner.
pub(super) fn check_interpreter(said: &str, list: Option<&str>) -> Result<(), Refused> {
    let name = said.rsplit('/').next().unwrap_or(said);
    let is_own = said.contains('/') && !said.starts_with("/usr/") && !said.starts_with("/bin/");
    match name {
        "python" | "python3" if is_own && list.is_none() => Err(without_list(said)),
        name if INTERPRETERS.contains(&name) => Ok(()),
        name => Err(missing(name)),
    }
}

/// The command with Python by its name alone: what is installed for a backup comes first on its path.
pub(super) fn without_venv(command: &str) -> String {
    let mut out = command.to_owned();
    for opening in ["source ", ". "] {
        let end = out.strip_prefix(opening).and_then(|rest| {
            let (path, rest) = rest.split_once("&&")?;
            path.trim().ends_with("/bin/activate").then(|| rest.trim_start().to_owned())
        });
        out = end.unwrap_or(out);
    }
    let own: Vec<String> = words(&out).filter(|word| is_venv(word)).map(str::to_owned).collect();
    for word in own {
        let name = word.rsplit('/').next().unwrap_or(&word).to_owned();
        out = out.replacen(&word, &name, 1);
    }
    out
}

/// The step that installs a list for the steps behind it.
pub(crate) fn step(list: &str) -> String {
    format!(
        "    - run: |\n        python3 -m venv \"$RUNNER_TEMP/python\"\n        \"$RUNNER_TEMP/python/bin/pip\" install -r {}\n        echo \"$RUNNER_TEMP/python/bin\" >> \"$GITHUB_PATH\"\n",
        super::moved::quoted(list)
    )
}

fn words(command: &str) -> impl Iterator<Item = &str> {
    command.split_whitespace().map(|word| word.trim_matches(['(', ')', '"', '\'']))
}

/// Whether a word is a program of an environment, which no repository has.
fn is_venv(word: &str) -> bool {
    let Some((folder, name)) = word.rsplit_once("/bin/") else { return false };
    let folder = folder.rsplit('/').next().unwrap_or(folder);
    !word.starts_with("/usr/") && (name.starts_with("python") || name == "activate" || folder.contains("env"))
}

fn missing(name: &str) -> Refused {
    Refused::new(
        format!("`{name}` is not on GitHub's runners"),
        "Write a workflow that sets it up, and name that as the `backup` in standin.toml.",
    )
}

fn without_list(what: &str) -> Refused {
    Refused::new(
        format!("{what} runs with the Python packages of that machine, and no {LIST} says which they are"),
        "Commit it: `pip freeze > requirements.txt`.",
    )
}
