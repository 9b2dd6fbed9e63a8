//! `setInterval`, and endless loops that pause, in a program of its own.

use std::collections::BTreeSet;
use std::path::Path;

use standin_core::automation::{Detail, Standing};

use super::calls::Call;
use super::lex::{Placed, Token};
use super::numbers::Constants;
use super::started::Starter;
use super::{runs_by_itself, task};
use crate::contents::{File, Names, name_and_ending};
use crate::files;
use crate::findings::Gathered;
use crate::js;
use crate::limits::{MAX_CALL_TOKENS, MAX_IMPORTERS};
use crate::lines::Lines;
use crate::npm_scripts::{Callee, callees};
use crate::registry::Repository;
use crate::walk::Nature;

/// Shorter intervals animate or poll within a program; they are no schedule.
const SHORTEST_MS: u64 = 1_000;

/// Folders of programs that are started by themselves.
const FOLDERS: [&str; 8] =
    ["scripts", "jobs", "workers", "cron", "tasks", "bin", "automation", "automations"];

/// Folders of what browsers run.
const BROWSER_FOLDERS: [&str; 14] = [
    "public",
    "static",
    "assets",
    "www",
    "client",
    "frontend",
    "browser",
    "ui",
    "views",
    "components",
    "pages",
    "extension",
    "themes",
    "webroot",
];

/// Words of what browsers run.
const BROWSER_WORDS: [&str; 9] = [
    "document.",
    "window.",
    "navigator.",
    "localStorage",
    "requestAnimationFrame",
    "addEventListener(",
    "$(",
    "chrome.",
    "importScripts",
];

/// Words of what a machine runs.
const SYSTEM_WORDS: [&str; 8] =
    ["require(", "process.", "__dirname", "'node:", "\"node:", "Deno.", "Bun.", "import.meta.dirname"];

/// How a module asks whether it is the program.
const ASKS_FOR_ITSELF: [&str; 2] = ["require.main === module", "import.meta.main"];

/// What is called to pause.
const PAUSES: [&str; 8] = ["sleep", "delay", "wait", "pause", "setTimeout", "sleepMs", "timeout", "waitFor"];

/// What a flag is called that holds as long as a program is to run, or until it is to stop.
const FLAGS: [&str; 9] =
    ["running", "active", "alive", "stop", "shutdown", "exit", "keep", "terminat", "shuttingdown"];

/// Tokens between `await` and what it waits for.
const MAX_AWAIT: usize = 14;

/// What a file may have to be worth a look.
pub(super) fn may_have(text: &str) -> bool {
    text.contains("setInterval") || text.contains("await") && (text.contains("while") || text.contains("for"))
}

/// Adds the intervals and the loops of a program that is started by itself.
pub(super) fn read(file: &File<'_>, all: &[Placed<'_>], lines: &Lines, gathered: &mut Gathered) {
    let constants = Constants::new(all);
    let found: Vec<(usize, &str, u64)> = intervals(all, &constants).chain(loops(all, &constants)).collect();
    if found.is_empty() {
        return;
    }
    let programs = file.repository.programs(gathered);
    // An app of PM2's is on the list itself, as what runs all the time: nobody watches its pulse apart from it.
    if matches!(programs.starter(file.path), Some(Starter::Host(host)) if host.starts_with("pm2:")) {
        return;
    }
    let script = by_script(file, gathered);
    let is_started = programs.is_entry(file.path) || script.is_some();
    if !is_started && !is_program(file, found.iter().any(|(_, name, _)| *name == "loop")) {
        return;
    }
    let mut names = Names::default();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    for (offset, name, ms) in found {
        if !seen.insert(offset) || !file.more(lines.at(offset), gathered) {
            continue;
        }
        let mut found = task(names.unique(name), lines.at(offset));
        found.trigger(every(ms));
        if let Some(id) = script.as_deref().filter(|_| programs.starter(file.path).is_none()) {
            found.trigger(format!("within {id}"));
            let reason = format!("it lives only while `{id}` runs, and nothing here says what starts that");
            found.fall_short(Standing::Loadable, reason);
        }
        runs_by_itself(file, &mut found, gathered);
        file.add(found, gathered);
    }
}

/// A span in words, as a trigger.
pub(super) fn every(ms: u64) -> String {
    format!("every {}", span(ms))
}

/// A span in words.
pub(super) fn span(ms: u64) -> String {
    if ms.is_multiple_of(1_000) { format!("{}s", ms / 1_000) } else { format!("{ms}ms") }
}

/// `setInterval(f, 5 * 60 * 1000)`.
fn intervals<'a>(
    all: &'a [Placed<'_>],
    constants: &'a Constants<'_, '_>,
) -> impl Iterator<Item = (usize, &'static str, u64)> + 'a {
    all.windows(2).enumerate().filter_map(|(at, pair)| match pair {
        [(offset, Token::Word("setInterval")), (_, Token::Sign('('))] => {
            let call = Call::read(all, at.saturating_add(2));
            let [work, time, ..] = call.arguments() else { return None };
            // What does nothing only keeps the program alive.
            if matches!(work, [.., (_, Token::Sign('{')), (_, Token::Sign('}'))]) {
                return None;
            }
            let ms = constants.whole(time)?;
            (ms >= SHORTEST_MS).then_some((*offset, "interval", ms / 1_000 * 1_000))
        }
        _ => None,
    })
}

/// `while (true) { …; await sleep(60000); }`, `for (;;)`.
fn loops<'a>(
    all: &'a [Placed<'_>],
    constants: &'a Constants<'_, '_>,
) -> impl Iterator<Item = (usize, &'static str, u64)> + 'a {
    (0..all.len()).filter_map(|at| {
        let (offset, Token::Word(word @ ("while" | "for"))) = all.get(at)? else { return None };
        let call = Call::read(all, at.saturating_add(2));
        let head = all.get(at.saturating_add(1)..call.end)?;
        let holds = match (*word, head) {
            (
                "for",
                [(_, Token::Sign('(')), (_, Token::Sign(';')), (_, Token::Sign(';')), (_, Token::Sign(')'))],
            ) => true,
            ("while", [(_, Token::Sign('(')), condition @ .., (_, Token::Sign(')'))]) => {
                is_endless(condition)
            }
            _ => false,
        };
        let ms = holds.then(|| pause((all, constants), call.end)).flatten()?;
        (ms >= SHORTEST_MS).then_some((*offset, "loop", ms))
    })
}

/// `true`, `1`, `this.running`, `!stopped`.
fn is_endless(condition: &[Placed<'_>]) -> bool {
    match condition {
        [(_, Token::Word("true") | Token::Number("1"))] => true,
        [(_, Token::Sign('!')), rest @ ..] if !matches!(rest.first(), Some((_, Token::Sign('!')))) => {
            is_endless(rest)
        }
        [.., (_, Token::Word(name))] => {
            let is_path =
                condition.iter().all(|(_, token)| matches!(token, Token::Word(_) | Token::Sign('.')));
            let lower = name.to_ascii_lowercase();
            is_path && FLAGS.iter().any(|flag| lower.contains(flag))
        }
        _ => false,
    }
}

/// What is open within a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Loop,
    Function,
    Other,
}

/// What one turn of the loop pauses whose body begins here, in milliseconds: what stands at its own depth, else the
/// longest. `None` where it may leave the loop, or does not pause, or only computes how long.
fn pause((all, constants): (&[Placed<'_>], &Constants<'_, '_>), start: usize) -> Option<u64> {
    if all.get(start).map(|(_, token)| token) != Some(&Token::Sign('{')) {
        return None;
    }
    let mut open: Vec<Block> = Vec::new();
    let (mut loops, mut functions) = (0_usize, 0_usize);
    let (mut own, mut deeper) = (None::<u64>, None::<u64>);
    for at in start.saturating_add(1)..start.saturating_add(MAX_CALL_TOKENS).min(all.len()) {
        let (in_loop, in_function) = (loops > 0, functions > 0);
        match all.get(at).map(|(_, token)| token)? {
            Token::Sign('{') => {
                let kind = kind(all, at);
                loops = loops.saturating_add(usize::from(kind == Block::Loop));
                functions = functions.saturating_add(usize::from(kind == Block::Function));
                open.push(kind);
            }
            Token::Sign('}') => match open.pop() {
                Some(kind) => {
                    loops = loops.saturating_sub(usize::from(kind == Block::Loop));
                    functions = functions.saturating_sub(usize::from(kind == Block::Function));
                }
                None => return own.or(deeper),
            },
            Token::Word("break") if !in_loop && !in_function => return None,
            Token::Word("return") if !in_function => return None,
            Token::Word(word) if PAUSES.contains(word) => {
                if let Some(ms) = time((all, constants), at, word).filter(|_| !in_function) {
                    let place = if open.is_empty() { &mut own } else { &mut deeper };
                    let sum = if open.is_empty() {
                        place.unwrap_or(0).saturating_add(ms)
                    } else {
                        place.unwrap_or(0).max(ms)
                    };
                    *place = Some(sum);
                }
            }
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
    }
    None
}

/// What a brace opens.
fn kind(all: &[Placed<'_>], at: usize) -> Block {
    let token = |back: usize| at.checked_sub(back).and_then(|at| all.get(at)).map(|(_, token)| token);
    match (token(1), token(2)) {
        (Some(Token::Sign('>')), Some(Token::Sign('='))) => return Block::Function,
        (Some(Token::Word("do")), _) => return Block::Loop,
        (Some(Token::Sign(')')), _) => {}
        _ => return Block::Other,
    }
    let mut depth = 0_usize;
    for back in 1..MAX_CALL_TOKENS {
        match token(back) {
            Some(Token::Sign(')')) => depth = depth.saturating_add(1),
            Some(Token::Sign('(')) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return match (token(back.saturating_add(1)), token(back.saturating_add(2))) {
                        // `switch` takes a `break` for itself.
                        (Some(Token::Word("for" | "while" | "switch" | "await")), _) => Block::Loop,
                        (Some(Token::Word("if" | "catch" | "with")), _) => Block::Other,
                        (Some(Token::Word("function")), _) | (_, Some(Token::Word("function"))) => {
                            Block::Function
                        }
                        _ => Block::Function,
                    };
                }
            }
            Some(_) => {}
            None => break,
        }
    }
    Block::Other
}

/// The milliseconds of a pause that is waited for: `await sleep(1000)`, `await new Promise(r => setTimeout(r, 1000))`.
fn time((all, constants): (&[Placed<'_>], &Constants<'_, '_>), at: usize, word: &str) -> Option<u64> {
    if all.get(at.saturating_add(1)).map(|(_, token)| token) != Some(&Token::Sign('(')) {
        return None;
    }
    let before = all.get(at.saturating_sub(MAX_AWAIT)..at)?;
    let is_awaited = before
        .iter()
        .rev()
        .take_while(|(_, token)| *token != Token::Sign(';'))
        .any(|(_, token)| *token == Token::Word("await"));
    if !is_awaited {
        return None;
    }
    let call = Call::read(all, at.saturating_add(2));
    let time = if word == "setTimeout" {
        call.arguments().get(1).or(call.arguments().first())
    } else {
        call.arguments().first()
    };
    constants.whole(time?)
}

/// Whether a file that nothing here starts is a program by itself: one that says so, or that nothing loads and that gives
/// nothing to others, and that is not for a browser.
fn is_program(file: &File<'_>, has_loop: bool) -> bool {
    let text = file.text;
    let says_so = text.starts_with("#!") || ASKS_FOR_ITSELF.iter().any(|asks| text.contains(asks));
    // What exports something is a part of a program, whoever loads it, unless it asks whether it was started itself.
    let exports = text.lines().any(|line| {
        line.starts_with("export ") || line.starts_with("module.exports") || line.starts_with("exports.")
    });
    let (_, ending) = name_and_ending(file.path);
    let is_in_place = || file.path.rsplit('/').nth(1).is_some_and(|folder| FOLDERS.contains(&folder));
    let is_of_node = || {
        let is_of_browser = matches!(ending.as_str(), "jsx" | "tsx")
            || file.path.split('/').any(|part| BROWSER_FOLDERS.contains(&part))
            || BROWSER_WORDS.iter().any(|word| text.contains(word));
        let is_of_system =
            matches!(ending.as_str(), "cjs" | "mjs") || SYSTEM_WORDS.iter().any(|word| text.contains(word));
        !is_of_browser && (has_loop || is_of_system)
    };
    (says_so || (!exports && (is_in_place() || is_of_node()))) && !is_imported(file)
}

/// The npm script that runs a file.
fn by_script(file: &File<'_>, gathered: &Gathered) -> Option<String> {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    let stem = name.split('.').next().unwrap_or(name);
    let whole = file.repository.absolute(file.path);
    let runs = |dir: &str, command: &str| {
        callees(command).into_iter().any(|callee| match callee {
            Callee::File { folder, path } => {
                let called = js::resolve(&Path::new(dir).join(folder), &path);
                called == whole || called == whole.with_extension("")
            }
            Callee::Script { .. }
            | Callee::Either { .. }
            | Callee::Other { .. }
            | Callee::Like { .. }
            | Callee::Program(_) => false,
        })
    };
    gathered.automations.iter().find_map(|one| match &one.detail {
        Detail::NpmScript { dir, command, .. } if command.contains(stem) && runs(dir, command) => {
            Some(one.id.to_string())
        }
        Detail::NpmScript { .. }
        | Detail::Plain
        | Detail::NetlifyFunction { .. }
        | Detail::Pm2App { .. }
        | Detail::Workflow(_) => None,
    })
}

/// Whether another file names this one as a module.
fn is_imported(file: &File<'_>) -> bool {
    let (name, _) = name_and_ending(file.path);
    let stem = name.split('.').next().unwrap_or(&name);
    let imported = file.repository.imported.get_or_init(|| imports(file.repository));
    imported.contains(stem) || imported.contains(&name)
}

/// The last parts of the names that the modules of a repository load others by.
fn imports(repository: &Repository<'_>) -> BTreeSet<String> {
    let modules = repository.entries.iter().filter(|entry| {
        let ending = name_and_ending(&entry.path).1;
        let is_code = matches!(ending.as_str(), "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "tsx" | "jsx");
        is_code && entry.nature == Nature::File
    });
    let mut names = BTreeSet::new();
    for entry in modules.take(MAX_IMPORTERS) {
        let text = files::read(repository.root, &entry.path).unwrap_or_default();
        let loads = |line: &&str| ["import", "require", "from"].iter().any(|word| line.contains(word));
        for line in text.lines().filter(loads) {
            let texts = line.split(['\'', '"']).filter(|text| text.contains('/'));
            names.extend(texts.filter_map(|text| text.rsplit('/').next()).map(str::to_ascii_lowercase));
        }
    }
    names
}
