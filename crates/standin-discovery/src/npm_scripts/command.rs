//! What the command of a script calls: other scripts, files, programs. Only what is spelled out counts.

use std::collections::{BTreeMap, BTreeSet};

use super::made::{Certainty, Made, joined};
use super::managers::manager;
use super::parts::{Behind, parts, words};

/// Programs that run the file which is their first argument.
const RUNNERS: [&str; 11] =
    ["node", "tsx", "ts-node", "bash", "sh", "zsh", "python", "python3", "babel-node", "esno", "swc-node"];

/// Options of theirs that take the next word.
const WITH_VALUE: [&str; 17] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "--env-file",
    "-C",
    "--conditions",
    "-P",
    "--project",
    "--tsconfig",
    "--compiler-options",
    "-O",
    "-o",
    "--env-file-if-exists",
    "-W",
    "-X",
];

/// Options after which the first word is no file.
const NO_FILE: [&str; 9] = ["-e", "--eval", "-p", "--print", "-c", "-m", "--test", "--run", "-s"];

/// How the names of files end that these programs run.
const PROGRAM_ENDINGS: [&str; 12] =
    [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".py", ".sh", ".bash", ".zsh"];

/// Programs that only lead to another.
const LEADS: [&str; 7] = ["cross-env", "cross-env-shell", "exec", "time", "env", "command", "nice"];

/// One thing that a command calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callee {
    /// A script of the package in the folder that the command was in by then, relative; empty for its own.
    Script {
        folder: String,
        name: String,
    },
    /// A script, or else a program: some managers look for either.
    Either {
        folder: String,
        name: String,
    },
    /// A script of a package that is known by its name, or by its folder as it is seen from here.
    Other {
        package: String,
        name: String,
        run: Run,
    },
    /// Any script whose name begins so: `build:*`.
    Like {
        folder: String,
        name: String,
    },
    /// A file, and the folder that the command was in by then; both relative.
    File {
        folder: String,
        path: String,
    },
    Program(String),
}

/// How a script is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// As a script: nothing else will do.
    Script,
    /// A program of that name will do too.
    OrProgram,
}

/// Words that only lead to a command of a shell's own grammar.
const OPENERS: [&str; 10] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "coproc"];

/// Words of a shell's own grammar behind which no command stands.
const NO_COMMANDS: [&str; 9] = ["fi", "done", "esac", "}", "for", "case", "select", "function", "in"];

/// Programs that look whether something is there.
const ASKERS: [&str; 10] = ["[", "[[", "test", "exist", "which", "type", "hash", "where", "ls", "stat"];

/// Managers of packages.
const MANAGERS: [&str; 4] = ["npm", "yarn", "pnpm", "bun"];

/// Shells that run the text which they are given.
const SHELLS: [&str; 5] = ["sh", "bash", "zsh", "dash", "ash"];

/// Texts for shells within one another that are read.
const MAX_TEXTS: usize = 6;

/// One thing that a command calls, and how sure it is that it would be missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) callee: Callee,
    pub(super) certainty: Certainty,
}

/// What a command calls, in its order, without the files that something before may make.
pub(crate) fn callees(command: &str) -> Vec<Callee> {
    let called = calls(command, &BTreeMap::new(), &mut Made::default(), 0);
    called.into_iter().filter(|one| one.certainty == Certainty::Sure).map(|one| one.callee).collect()
}

/// What a command calls, in its order, without what it makes itself or looks for. What it leaves behind is noted.
pub(super) fn calls(
    command: &str,
    scripts: &BTreeMap<String, String>,
    made: &mut Made,
    depth: usize,
) -> Vec<Called> {
    let mut reader = Reader { scripts, made, called: Vec::new(), functions: BTreeSet::new(), depth };
    reader.command(command, "", 0);
    reader.called
}

/// Reads a command, part by part.
struct Reader<'s> {
    scripts: &'s BTreeMap<String, String>,
    made: &'s mut Made,
    called: Vec<Called>,
    /// Names that the command itself gives to functions.
    functions: BTreeSet<String>,
    /// How many scripts have led here.
    depth: usize,
}

impl Reader<'_> {
    fn command(&mut self, command: &str, folder: &str, texts: usize) {
        // Where each shell is; `None` once nobody knows.
        let mut folders: Vec<Option<String>> = vec![Some(folder.to_owned())];
        let all = parts(command);
        for (at, part) in all.iter().enumerate() {
            folders.truncate(part.depth.saturating_add(1));
            while folders.len() <= part.depth {
                folders.push(folders.last().cloned().flatten());
            }
            let Some(here) = folders.last_mut() else { return };
            let Some(folder) = here.clone() else { continue };
            let (words, is_asked) = self.command_of(part.text);
            if is_asked {
                self.made.ask(&words, &folder);
            }
            let Some((first, rest)) = words.split_first() else { continue };
            if matches!(*first, "cd" | "pushd" | "popd" | "chdir") {
                let to = rest.first().filter(|to| is_plain(to) && !to.starts_with(['/', '~', '-']));
                *here = to
                    .map(|to| joined(&folder, to))
                    .map(|to| if to.is_empty() { to } else { format!("{to}/") });
                continue;
            }
            let next = all.get(at.saturating_add(1)).map(|next| next.text.trim()).unwrap_or_default();
            let gives_up = ["exit", "false", "return", "{"].iter().any(|word| next.starts_with(word));
            let is_passed = part.behind == Behind::Or && !gives_up;
            let part = One { words: &words, text: part.text, folder: &folder, is_passed, texts };
            self.part(&part);
        }
    }

    /// The words of the command in a part, behind what only leads to it; whether these are names that it looks for.
    fn command_of<'c>(&mut self, part: &'c str) -> (Vec<&'c str>, bool) {
        let mut all = words(part);
        let mut skip = 0_usize;
        while let Some(word) = all.get(skip) {
            let next = all.get(skip.saturating_add(1)).copied().unwrap_or_default();
            if *word == "command" && matches!(next, "-v" | "-V") {
                return (all.split_off(skip.saturating_add(2)), true);
            }
            if let Some(name) = word.strip_suffix("()") {
                self.functions.insert(name.to_owned());
            } else if !leads(word, next) {
                break;
            }
            skip = skip.saturating_add(1);
        }
        let words = all.split_off(skip);
        match words.as_slice() {
            [word, ..] if NO_COMMANDS.contains(word) => (Vec::new(), false),
            // `if exist x node x`.
            ["exist", name, ..] => {
                self.made.ask(&[name], "");
                (words.get(2..).unwrap_or_default().to_vec(), false)
            }
            [word, ..] if ASKERS.contains(word) => (words, true),
            _ => (words, false),
        }
    }

    fn part(&mut self, part: &One<'_>) {
        let Some((first, rest)) = part.words.split_first() else { return };
        if *first == "concurrently" {
            for text in side_by_side(part.text) {
                // None waits for what another makes.
                let before = self.made.clone();
                match text {
                    Text::Script(name) => {
                        let (folder, name) = (part.folder.to_owned(), name.to_owned());
                        self.add(Callee::Script { folder, name }, part);
                    }
                    Text::Command(command) => self.text(command, part),
                }
                *self.made = before;
            }
        }
        let is_option =
            |word: &&&str| word.starts_with('-') && word.ends_with('c') && !word.starts_with("--");
        if SHELLS.contains(first)
            && let Some(at) = rest.iter().position(|word| is_option(&word))
            && let Some(text) = rest.get(at.saturating_add(1))
        {
            self.text(text, part);
            return self.add(Callee::Program((*first).to_owned()), part);
        }
        let (mut own, before) = (None, self.called.len());
        for callee in callee(first, rest, part.folder) {
            if let Callee::File { path, .. } = &callee {
                own = Some(path.clone());
            }
            self.add(callee, part);
        }
        if self.called.len() == before && MANAGERS.contains(first) {
            self.made.manager(rest, self.scripts, self.depth);
        }
        self.made.part(part.words, own.as_deref(), part.folder);
    }

    /// A text that another shell runs.
    fn text(&mut self, command: &str, part: &One<'_>) {
        if part.texts < MAX_TEXTS {
            self.command(command, part.folder, part.texts.saturating_add(1));
        }
    }

    fn add(&mut self, callee: Callee, part: &One<'_>) {
        let mut certainty = self.made.certainty();
        match &callee {
            Callee::File { folder, path } if self.made.names(&joined(folder, path)) => return,
            Callee::Program(name) if self.functions.contains(name) || self.made.has_program(name) => return,
            Callee::File { .. } if part.is_passed => certainty = Certainty::PassedOver,
            Callee::File { .. } => {}
            Callee::Script { .. }
            | Callee::Either { .. }
            | Callee::Other { .. }
            | Callee::Like { .. }
            | Callee::Program(_) => certainty = Certainty::Sure,
        }
        self.called.push(Called { callee: callee.clone(), certainty });
        match callee {
            Callee::Script { folder, name } | Callee::Either { folder, name } if folder.is_empty() => {
                self.made.run(&name, self.scripts, self.depth);
            }
            Callee::Script { .. } | Callee::Either { .. } | Callee::Other { .. } | Callee::Like { .. } => {
                self.made.anything();
            }
            Callee::File { .. } | Callee::Program(_) => {}
        }
    }
}

/// Whether a word only leads to the next one.
fn leads(word: &str, next: &str) -> bool {
    // `a)` of a `case`.
    let is_pattern = word.ends_with(')') && !word.contains('(');
    let is_negated = word == "not" && next == "exist";
    is_pattern
        || is_negated
        || OPENERS.contains(&word)
        || LEADS.contains(&word)
        || is_assignment(word)
        || word == "--"
        || word.is_empty()
}

/// A part as it is read.
struct One<'c> {
    words: &'c [&'c str],
    text: &'c str,
    folder: &'c str,
    /// Whether the command goes on where this part fails.
    is_passed: bool,
    /// How many texts for shells are around it.
    texts: usize,
}

fn callee(first: &str, rest: &[&str], folder: &str) -> Vec<Callee> {
    let file = |path: &str| Callee::File { folder: folder.to_owned(), path: path.to_owned() };
    match first {
        "npm" | "yarn" | "pnpm" | "bun" => manager(first, rest, folder).into_iter().collect(),
        "run-s" | "run-p" | "npm-run-all" => {
            let names = rest.iter().filter(|word| !word.starts_with('-'));
            let called = names.filter_map(|name| match pattern(name) {
                Some(name) => Some(Callee::Like { folder: folder.to_owned(), name: name.to_owned() }),
                None if is_plain(name) => {
                    Some(Callee::Script { folder: folder.to_owned(), name: (*name).to_owned() })
                }
                None => None,
            });
            called.chain([Callee::Program(first.to_owned())]).collect()
        }
        "pm2" | "pm2-runtime" => {
            let mut words = rest.iter().filter(|word| !word.starts_with('-'));
            let named = match words.next() {
                Some(&("start" | "startOrRestart" | "startOrReload" | "startOrGracefulReload")) => {
                    words.next()
                }
                Some(word) if first == "pm2-runtime" => Some(word),
                Some(_) | None => None,
            };
            let is_file = |word: &&&str| {
                let endings = [".js", ".cjs", ".mjs", ".json", ".yml", ".yaml", ".config.ts"];
                endings.iter().any(|ending| word.ends_with(ending)) && is_plain(word)
            };
            let named = named.filter(is_file).filter(|word| !word.starts_with(['/', '~']));
            named.map(|word| file(word)).into_iter().chain([Callee::Program(first.to_owned())]).collect()
        }
        _ if RUNNERS.contains(&first) => {
            let runner = Callee::Program(first.to_owned());
            argument(rest).map(file).into_iter().chain([runner]).collect()
        }
        _ if !is_plain(first) || first.starts_with(['/', '~', '-']) => Vec::new(),
        _ if first.contains('/') => vec![file(first)],
        _ => vec![Callee::Program(first.to_owned())],
    }
}

/// `build:*`, without what stands for any name. `None` for what is no such pattern.
fn pattern(word: &str) -> Option<&str> {
    let name = word.strip_suffix(":**").or(word.strip_suffix(":*"))?;
    is_plain(name).then_some(name)
}

/// What `concurrently` is given to run.
enum Text<'c> {
    Script(&'c str),
    Command(&'c str),
}

/// What `concurrently "npm run a" "npm:b"` runs: each of its texts is a command.
fn side_by_side(part: &str) -> Vec<Text<'_>> {
    const WITH_TEXT: [&str; 12] = [
        "-n",
        "--names",
        "-c",
        "--prefix-colors",
        "-p",
        "--prefix",
        "-s",
        "--success",
        "-l",
        "--prefix-length",
        "-t",
        "--timestamp-format",
    ];
    let mut texts = Vec::new();
    let mut option = "";
    for word in words(part).into_iter().skip_while(|word| *word != "concurrently").skip(1) {
        let is_value = WITH_TEXT.contains(&std::mem::take(&mut option));
        if word.starts_with('-') {
            option = word;
        } else if let Some(name) = word.strip_prefix("npm:").filter(|_| !is_value) {
            let name = name.split_ascii_whitespace().next().unwrap_or(name);
            texts.extend(is_plain(name).then_some(Text::Script(name)));
        } else if !is_value && word.contains(' ') {
            texts.push(Text::Command(word));
        }
    }
    texts
}

pub(super) fn is_program_file(word: &str) -> bool {
    PROGRAM_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

/// The file among the arguments of a program that runs one.
fn argument<'w>(rest: &[&'w str]) -> Option<&'w str> {
    let mut words = rest.iter();
    // The word behind an option that is not known may be the value of it.
    let mut is_certain = true;
    while let Some(word) = words.next() {
        if NO_FILE.contains(word) {
            return None;
        }
        if WITH_VALUE.contains(word) {
            words.next();
        } else if word.starts_with("--") && !word.contains('=') {
            is_certain = false;
        } else if !word.starts_with('-') {
            // `tsx watch x.ts`, `node inspect x.js`.
            if matches!(*word, "watch" | "inspect") {
                continue;
            }
            if !is_certain && !is_program_file(word) {
                return None;
            }
            return is_plain(word).then_some(*word).filter(|word| !word.starts_with(['/', '~']));
        }
    }
    None
}

/// Nothing in it that a shell would replace.
pub(super) fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.contains(['$', '`', '*', '?', '{', '<', '>', '%', '\\'])
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
