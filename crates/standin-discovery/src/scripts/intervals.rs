//! `setInterval` in a program of its own.

use super::lex::{Placed, Token};
use super::{runs_by_itself, task};
use crate::contents::{File, name_and_ending};
use crate::files;
use crate::findings::Gathered;
use crate::limits::{MAX_CALL_TOKENS, MAX_IMPORTERS};
use crate::lines::Lines;
use crate::walk::Nature;

/// Shorter intervals animate or poll within a program; they are no schedule.
const SHORTEST_MS: u64 = 1_000;

/// Folders of programs that are started by themselves.
const FOLDERS: [&str; 8] =
    ["scripts", "jobs", "workers", "cron", "tasks", "bin", "automation", "automations"];

/// How a module asks whether it is the program.
const ASKS_FOR_ITSELF: [&str; 2] = ["require.main === module", "import.meta.main"];

/// Adds the first interval of a file that nothing else imports.
pub(super) fn read(file: &File<'_>, all: &[Placed<'_>], lines: &Lines, gathered: &mut Gathered) {
    // What exports something is a part of a program, whoever loads it, unless it asks whether it was started itself.
    let exports = file.text.lines().any(|line| {
        line.starts_with("export ") || line.starts_with("module.exports") || line.starts_with("exports.")
    });
    let is_program = file.text.starts_with("#!")
        || ASKS_FOR_ITSELF.iter().any(|asks| file.text.contains(asks))
        || !exports && file.path.rsplit('/').nth(1).is_some_and(|folder| FOLDERS.contains(&folder));
    if !is_program || !file.text.contains("setInterval") {
        return;
    }
    let found = all.windows(2).enumerate().find_map(|(at, pair)| match pair {
        [(offset, Token::Word("setInterval")), (_, Token::Sign('('))] => {
            let ms = interval(all.get(at.saturating_add(2)..).unwrap_or_default())?;
            (ms >= SHORTEST_MS).then_some((*offset, ms))
        }
        _ => None,
    });
    let Some((offset, ms)) = found else { return };
    if is_imported(file) {
        return;
    }
    let mut found = task("interval", lines.at(offset));
    found.trigger(format!("every {}s", ms / 1_000));
    runs_by_itself(file, &mut found, gathered);
    file.add(found, gathered);
}

/// The last argument of a call, if it is a number or a product of numbers.
fn interval(rest: &[Placed<'_>]) -> Option<u64> {
    let mut depth = 0_usize;
    let mut last: Vec<&Token<'_>> = Vec::new();
    for (_, token) in rest.iter().take(MAX_CALL_TOKENS) {
        match token {
            Token::Sign('(' | '[' | '{') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']' | '}') if depth == 0 => break,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 0 => {
                last.clear();
                continue;
            }
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        last.push(token);
    }
    let mut product = None::<u64>;
    for token in last {
        match token {
            Token::Number(digits) => {
                let number: u64 = digits.replace('_', "").parse().ok()?;
                product = Some(product.unwrap_or(1).saturating_mul(number));
            }
            Token::Sign('*') => {}
            Token::Word(_) | Token::Text(_) | Token::Sign(_) => return None,
        }
    }
    product
}

/// Whether another file names this one as a module.
fn is_imported(file: &File<'_>) -> bool {
    let (name, _) = name_and_ending(file.path);
    let stem = name.split('.').next().unwrap_or(&name);
    let forms = [format!("/{stem}'"), format!("/{stem}\""), format!("/{name}'"), format!("/{name}\"")];
    let others = file.repository.entries.iter().filter(|entry| {
        let ending = name_and_ending(&entry.path).1;
        let is_code = matches!(ending.as_str(), "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "tsx" | "jsx");
        is_code && entry.path != file.path && entry.nature == Nature::File
    });
    others.take(MAX_IMPORTERS).any(|entry| {
        let text = files::read(file.repository.root, &entry.path).unwrap_or_default();
        text.lines().any(|line| {
            (line.contains("import") || line.contains("require") || line.contains("from"))
                && forms.iter().any(|form| line.contains(form))
        })
    })
}
