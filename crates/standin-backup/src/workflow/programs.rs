//! The files of a repository that the lines of a shell run, as far as they can be told without running anything.

use std::collections::BTreeSet;

use super::shell::{self, ROOT};
use crate::host::join_inside;

/// Something that a line runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Run {
    /// A program, by its file.
    File(String),
    /// A script of a `package.json`: the file, and its name.
    Npm(String, String),
    /// A target of a makefile: the file, and its name; without one the first.
    Target(String, String),
}

/// Endings of what is a program wherever it is named.
const ENDINGS: [&str; 17] = [
    ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".sh", ".bash", ".zsh", ".py", ".rb", ".php", ".pl", ".R",
    ".r", ".jl", ".ps1",
];

/// Programs that run the file that they are given first.
const INTERPRETERS: [&str; 24] = [
    "bash",
    "sh",
    "zsh",
    "dash",
    "ksh",
    "source",
    ".",
    "node",
    "nodejs",
    "tsx",
    "ts-node",
    "esno",
    "jiti",
    "deno",
    "bun",
    "ruby",
    "perl",
    "php",
    "Rscript",
    "julia",
    "pwsh",
    "powershell",
    "lua",
    "swift",
];

/// Those of them that read the lines of a shell.
const SHELLS: [&str; 7] = ["bash", "sh", "zsh", "dash", "ksh", "source", "."];

/// Programs that run scripts of a package by their name.
const PACKAGERS: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];

/// Shells within shells that are read.
const MAX_DEPTH: usize = 3;

/// Folders in which a line may be.
const MAX_FOLDERS: usize = 16;

/// What the lines of a shell run, where they begin in one of these folders.
pub(super) fn of(lines: &str, folders: &[String]) -> BTreeSet<Run> {
    let mut found = BTreeSet::new();
    read(lines, &mut folders.to_vec(), MAX_DEPTH, &mut found);
    found
}

/// The programs that a text names by an ending, whatever the text is.
pub(super) fn by_ending(text: &str, folders: &[String]) -> BTreeSet<Run> {
    let text = shell::rooted(text);
    let words = text.split(|c: char| c.is_whitespace() || ";|&()\"'`,<>".contains(c));
    let is_script = |word: &&str| {
        ENDINGS.iter().any(|ending| word.ends_with(ending))
            && !word.starts_with('-')
            && !word.contains(['$', '*', '~', '='])
    };
    words.filter(is_script).flat_map(|word| placed(word, folders)).map(Run::File).collect()
}

fn read(lines: &str, folders: &mut Vec<String>, depth: usize, found: &mut BTreeSet<Run>) {
    found.extend(by_ending(lines, folders));
    for command in shell::commands(lines) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let (words, roots) = shell::bare(&words);
        one(words, &roots, folders, depth, found);
    }
}

/// One command, without what stands before its program.
fn one(words: &[&str], roots: &[&str], folders: &mut Vec<String>, depth: usize, found: &mut BTreeSet<Run>) {
    let Some((first, rest)) = words.split_first() else { return };
    if matches!(*first, "cd" | "pushd" | "Set-Location") {
        let gone: Vec<String> =
            rest.iter().find(|word| !word.starts_with('-')).map_or(Vec::new(), |dir| placed(dir, folders));
        // A group of commands may end, and leave the shell where it was.
        for folder in gone {
            if folders.len() < MAX_FOLDERS && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        return;
    }
    let is_program = |word: &&str| is_known(shell::name(word));
    // Wrappers have options with values, so that the program may come later.
    let at =
        if is_path(first) || is_program(first) { 0 } else { words.iter().position(is_program).unwrap_or(0) };
    let Some((first, rest)) = words.get(at..).and_then(<[&str]>::split_first) else { return };
    let name = shell::name(first);
    if name.starts_with("python") || name == "pypy" {
        python(rest, roots, folders, found);
    } else if matches!(name, "make" | "gmake") {
        make(rest, folders, found);
    } else if PACKAGERS.contains(&name) && npm(name, rest, folders, found) {
        // It was a script of a package.
    } else if name == "go" {
        go(rest, folders, found);
    } else if INTERPRETERS.contains(&name) {
        if let Some(lines) = inner(name, rest).filter(|_| depth > 0) {
            read(lines, &mut folders.clone(), depth.saturating_sub(1), found);
        }
        let arguments = rest.strip_prefix(&["run"]).unwrap_or(rest);
        if let Some(file) = argument(arguments) {
            files(file, folders, found);
        }
    } else if is_path(first) {
        files(first, folders, found);
    }
}

fn is_known(name: &str) -> bool {
    name.starts_with("python")
        || matches!(name, "make" | "gmake" | "go" | "pypy")
        || PACKAGERS.contains(&name)
        || INTERPRETERS.contains(&name)
}

fn is_path(word: &str) -> bool {
    (word.contains('/') || word.starts_with(ROOT)) && !word.contains("://") && !word.starts_with(['-', '/'])
}

/// The text behind `-c`.
fn inner<'a>(name: &str, rest: &[&'a str]) -> Option<&'a str> {
    let is_c = |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let at = rest.iter().position(is_c).filter(|_| SHELLS.contains(&name))?;
    rest.get(at.saturating_add(1)).copied()
}

/// The first word that is no option, nor the value of `-o`.
fn argument<'a>(rest: &[&'a str]) -> Option<&'a str> {
    let mut before = "";
    for word in rest {
        let is_value = before.starts_with('-') && !before.starts_with("--") && before.ends_with('o');
        if !word.starts_with('-') && !word.starts_with('+') && !is_value {
            return Some(word);
        }
        before = word;
    }
    None
}

/// A file by its name, and as Node finds it.
fn files(file: &str, folders: &[String], found: &mut BTreeSet<Run>) {
    for path in placed(file, folders) {
        if !path.rsplit('/').next().unwrap_or_default().contains('.') {
            found.extend(
                [".js", ".mjs", ".cjs", ".ts", "/index.js"]
                    .iter()
                    .map(|end| Run::File(format!("{path}{end}"))),
            );
        }
        found.insert(Run::File(path));
    }
}

fn python(rest: &[&str], roots: &[&str], folders: &[String], found: &mut BTreeSet<Run>) {
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-c" => return,
            "-W" | "-X" => {
                words.next();
            }
            "-m" => {
                let Some(module) = words.next() else { return };
                let path = module.replace('.', "/");
                for root in ["", "src"].iter().chain(roots) {
                    let base = if root.is_empty() { path.clone() } else { format!("{root}/{path}") };
                    for end in [".py", "/__main__.py"] {
                        found.extend(placed(&format!("{base}{end}"), folders).into_iter().map(Run::File));
                    }
                }
                return;
            }
            option if option.starts_with('-') => {}
            file => {
                found.extend(placed(file, folders).into_iter().map(Run::File));
                // A folder is run by what it has for that.
                found.extend(placed(&format!("{file}/__main__.py"), folders).into_iter().map(Run::File));
                return;
            }
        }
    }
}

fn make(rest: &[&str], folders: &[String], found: &mut BTreeSet<Run>) {
    let (mut dir, mut file, mut targets) = ("", None, Vec::new());
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-C" | "--directory" => dir = words.next().unwrap_or_default(),
            "-f" | "--file" | "--makefile" => file = words.next(),
            option if option.starts_with('-') => dir = option.strip_prefix("--directory=").unwrap_or(dir),
            // `-j 4` has a value.
            word if word.contains('=') || word.chars().all(|c| c.is_ascii_digit()) => {}
            target => targets.push(target),
        }
    }
    if targets.is_empty() {
        targets.push("");
    }
    let names = file.map_or(vec!["Makefile", "makefile", "GNUmakefile"], |file| vec![file]);
    for name in names {
        let name = if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        for path in placed(&name, folders) {
            found.extend(targets.iter().map(|target| Run::Target(path.clone(), (*target).to_owned())));
        }
    }
}

/// Options of packagers that name a folder.
const IN_FOLDER: [&str; 4] = ["--prefix", "-C", "--dir", "--cwd"];

/// Whether it is a script of a package; what it is goes to `found`.
fn npm(name: &str, rest: &[&str], folders: &[String], found: &mut BTreeSet<Run>) -> bool {
    let mut dir = String::new();
    let mut plain = Vec::new();
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        let folder = IN_FOLDER.iter().find_map(|option| word.strip_prefix(option)?.strip_prefix('='));
        match folder {
            Some(folder) => folder.clone_into(&mut dir),
            None if IN_FOLDER.contains(&word) => words.next().unwrap_or_default().clone_into(&mut dir),
            None if word == "--" => break,
            None if word.starts_with('-') => {}
            None => plain.push(word),
        }
    }
    let script = match (name, plain.as_slice()) {
        (_, ["run" | "run-script" | "rum", script, ..]) => script,
        ("npm" | "pnpm" | "yarn", [script @ ("start" | "test" | "stop" | "restart"), ..]) => script,
        ("npm" | "pnpm", ["t", ..]) => "test",
        ("pnpm" | "yarn", [script, ..]) => script,
        _ => return false,
    };
    // Bun runs files by the same word.
    if is_path(script) || ENDINGS.iter().any(|ending| script.ends_with(ending)) {
        return false;
    }
    let path = if dir.is_empty() { "package.json".to_owned() } else { format!("{dir}/package.json") };
    found.extend(placed(&path, folders).into_iter().map(|path| Run::Npm(path, script.to_owned())));
    true
}

fn go(rest: &[&str], folders: &[String], found: &mut BTreeSet<Run>) {
    let Some(("run", rest)) = rest.split_first().map(|(first, rest)| (*first, rest)) else { return };
    for word in
        rest.iter().filter(|word| word.starts_with('.') || word.ends_with(".go") || word.starts_with(ROOT))
    {
        for path in placed(word, folders) {
            if path.ends_with(".go") {
                found.insert(Run::File(path));
                continue;
            }
            let last = path.rsplit('/').next().unwrap_or_default().to_owned();
            for file in ["main.go".to_owned(), format!("{last}.go")] {
                found.extend(join_inside(&path, &file).map(Run::File));
            }
        }
    }
}

/// A path as it is in each of these folders. One that is not known is none.
fn placed(path: &str, folders: &[String]) -> Vec<String> {
    if path.contains(['$', '*', '~', '`', '(', '"', '\'', ' ', '\n']) || path.is_empty() {
        return Vec::new();
    }
    if let Some(rest) = path.strip_prefix(ROOT) {
        return join_inside("", rest.trim_start_matches(['/', '\\'])).into_iter().collect();
    }
    folders.iter().filter_map(|folder| join_inside(folder, path)).collect()
}

/// A folder of the repository, as `working-directory` names it.
pub(super) fn folder(path: &str) -> Option<String> {
    placed(&shell::rooted(path), &[String::new()]).into_iter().next()
}
