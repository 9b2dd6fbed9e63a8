//! What a command starts: a program of the repository, a script of a package, or another command.

use super::Started;
use super::imports::python_module;
use super::managers;
use super::places::{self, join};
use crate::contents::name_and_ending;
use crate::files;
use crate::registry::Repository;

/// Programs that run the file which is their argument.
const RUNNERS: [&str; 33] = [
    "node",
    "nodejs",
    "tsx",
    "ts-node",
    "ts-node-dev",
    "nodemon",
    "bun",
    "deno",
    "babel-node",
    "swc-node",
    "esno",
    "python",
    "python2",
    "python3",
    "uv",
    "ruby",
    "php",
    "bash",
    "sh",
    "ash",
    "zsh",
    "dash",
    "pm2",
    "pm2-runtime",
    "pm2-docker",
    "pm2-dev",
    "forever",
    "supervisor",
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "clockwork",
];

/// Words that only lead to a command.
const LEADS: [&str; 30] = [
    "exec",
    "sudo",
    "env",
    "cross-env",
    "dotenv",
    "dumb-init",
    "tini",
    "npx",
    "bunx",
    "poetry",
    "pipenv",
    "bundle",
    "doppler",
    "time",
    "nohup",
    "nice",
    "catchsegv",
    "su-exec",
    "gosu",
    "newrelic-admin",
    "run-program",
    "ddtrace-run",
    "opentelemetry-instrument",
    "run",
    "then",
    "do",
    "else",
    "concurrently",
    "xvfb-run",
    "catatonit",
];

/// Words of a manager that lead to another program.
const LEADING: [&str; 4] = ["exec", "dlx", "x", "run"];

/// Words before the program that are looked at.
const MAX_LEADS: usize = 10;

/// Lines of a script that are followed.
const MAX_LINES: usize = 500;

/// What a command starts.
#[derive(Default)]
pub(super) struct Next {
    pub(super) files: Vec<String>,
    pub(super) commands: Vec<Started>,
}

/// What one command starts.
pub(super) fn of(repository: &Repository<'_>, one: &Started) -> Next {
    let mut next = Next::default();
    let mut folder = one.folder.clone();
    for part in parts(&one.command) {
        let words = words(part);
        if let ["cd" | "pushd", to, ..] = words.as_slice() {
            // What lies outside is a folder of another machine.
            folder = join(&folder, to.trim_start_matches('/')).unwrap_or_default();
            continue;
        }
        part_of(repository, one, (&words, &folder), &mut next);
    }
    next
}

fn part_of(repository: &Repository<'_>, one: &Started, (words, folder): (&[&str], &str), next: &mut Next) {
    let leads = words.iter().take(MAX_LEADS).take_while(|word| is_lead(word)).count();
    let Some((first, rest)) = words.get(leads..).and_then(<[&str]>::split_first) else { return };
    let name = base(first);
    if matches!(name, "sh" | "bash" | "ash" | "zsh" | "dash")
        && let Some((option, text)) = rest.split_first()
        && option.starts_with('-')
        && option.ends_with('c')
    {
        return part_of(repository, one, (text, folder), next);
    }
    if managers::is_one(name) {
        // `pnpm exec turbo run start`, `yarn turbo run start`.
        let tool = rest.iter().position(|word| managers::is_one(word));
        if let Some(at) = tool.filter(|at| rest.iter().take(*at).all(|word| LEADING.contains(word))) {
            return part_of(repository, one, (rest.get(at..).unwrap_or_default(), folder), next);
        }
        next.commands.extend(managers::of(repository, one, (name, rest, folder)));
        if name != "bun" {
            return;
        }
    }
    let file = if RUNNERS.contains(&name) {
        argument(repository, rest, folder)
    } else if first.contains(['/', '.']) && !first.starts_with('-') {
        places::file(repository, folder, first).into_iter().collect()
    } else {
        Vec::new()
    };
    for path in file {
        if is_shell(&path) {
            next.commands.extend(of_shell(repository, one, &path));
        }
        next.files.push(path);
    }
}

fn is_lead(word: &str) -> bool {
    let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    let is_user = !word.contains(['.', '/']) && word.ends_with(":node");
    LEADS.contains(&base(word)) || word.starts_with('-') || is_assignment || is_user
}

/// What a runner is given: a file, a module, a folder with a package.
fn argument(repository: &Repository<'_>, rest: &[&str], folder: &str) -> Vec<String> {
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match *word {
            "-m" => {
                let Some(name) = words.next() else { return Vec::new() };
                let mut found = python_module(repository, folder, name, &["__main__"]);
                found.extend(of_module(repository, words.as_slice(), folder));
                return found;
            }
            "-r" | "--require" | "--import" | "--loader" | "-C" | "-P" | "--project" | "-c" | "--config"
            | "-w" | "--workers" | "-b" | "--bind" | "-k" | "--worker-class" | "--host" | "--port"
            | "--name" | "-i" | "--exec" => {
                words.next();
            }
            "start" | "run" | "watch" | "inspect" | "-lc" | "-ec" | "exec" | "restart" | "reload" => {}
            "." => return package(repository, folder).into_iter().collect(),
            word if word.starts_with('-') || word.contains('=') => {}
            word if RUNNERS.contains(&base(word)) => {}
            word => {
                if let Some(path) = places::file(repository, folder, word) {
                    return vec![path];
                }
                if let Some(path) = join(folder, word).and_then(|folder| package(repository, &folder)) {
                    return vec![path];
                }
                return of_module(repository, &[word], folder);
            }
        }
    }
    Vec::new()
}

/// `main:app`, `shop.wsgi`.
fn of_module(repository: &Repository<'_>, words: &[&str], folder: &str) -> Vec<String> {
    let name = words.iter().find(|word| word.contains(':') && !word.contains(['/', '=']));
    let Some((module, _)) = name.and_then(|name| name.split_once(':')) else { return Vec::new() };
    python_module(repository, folder, module, &[])
}

/// The main file of a package's folder.
fn package(repository: &Repository<'_>, folder: &str) -> Option<String> {
    let path = join(folder, "package.json")?;
    if !places::is_there(repository, &path) {
        return places::program(repository, &join(folder, "index.js")?);
    }
    let text = files::read(repository.root, &path).ok()?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    let main = package.get("main").and_then(serde_json::Value::as_str).unwrap_or("index.js");
    places::program(repository, &join(folder, main)?)
}

/// The commands of a shell script. Its folder may be copied elsewhere: what it names is looked for above too.
fn of_shell(repository: &Repository<'_>, one: &Started, path: &str) -> Vec<Started> {
    let text = files::read(repository.root, path).unwrap_or_default();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<&str> = lines.take(MAX_LINES).collect();
    vec![Started { by: one.by.clone(), folder, command: lines.join("\n") }]
}

fn is_shell(path: &str) -> bool {
    matches!(name_and_ending(path).1.as_str(), "sh" | "bash" | "zsh")
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The parts of a command. What stands in quotes is taken apart too: it may be the text of a shell's `-c`.
fn parts(command: &str) -> Vec<&str> {
    command.split(['\n', ';', '&', '|']).filter(|part| !part.trim().is_empty()).collect()
}

/// The words of a command, without quotes, and without the signs of a list.
pub(super) fn words(part: &str) -> Vec<&str> {
    part.split(|c: char| c.is_whitespace())
        .map(|word| word.trim_matches(['"', '\'', '(', ')', '[', ']', ',', '`', '{', '}']))
        .filter(|word| !word.is_empty())
        .collect()
}
