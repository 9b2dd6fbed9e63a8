//! `while True:` with a `sleep` of so many seconds in its block, and no way out of it.

use super::super::calls::number;
use super::super::lex::{Language, tokens};
use super::{runs_by_itself, task};
use crate::contents::{File, Names};
use crate::findings::Gathered;

/// Adds the endless loops of a file.
pub(super) fn read(file: &File<'_>, names: &mut Names, gathered: &mut Gathered) {
    if !file.text.contains("sleep") {
        return;
    }
    let all: Vec<(u32, &str)> = (1_u32..).zip(file.text.lines()).collect();
    for (at, (line, text)) in all.iter().enumerate() {
        let head = text.trim();
        if !(head.starts_with("while True:") || head.starts_with("while 1:")) {
            continue;
        }
        if !file.more(*line, gathered) {
            return;
        }
        let depth = indent(text);
        let block = all.iter().skip(at.saturating_add(1)).map(|(_, text)| *text);
        let block: Vec<&str> =
            block.take_while(|text| text.trim().is_empty() || indent(text) > depth).map(str::trim).collect();
        let leaves = block.iter().any(|text| {
            matches!(text.split([' ', '(', ';']).next(), Some("break" | "return"))
                || text.contains("sys.exit")
        });
        let seconds = block.iter().find_map(|text| {
            let (_, rest) = text.split_once("sleep(")?;
            let (number, _) = rest.split_once(')')?;
            product(number)
        });
        if let (Some(seconds), false) = (seconds, leaves)
            && seconds >= SHORTEST
        {
            let mut found = task(names.unique("loop"), *line);
            found.trigger(format!("every {seconds}s"));
            runs_by_itself(file, &mut found, gathered);
            file.add(found, gathered);
        }
    }
}

/// Shorter pauses, in seconds, only keep a program from spinning: they are no schedule.
const SHORTEST: u64 = 5;

/// A number, or numbers times one another.
fn product(text: &str) -> Option<u64> {
    number(&tokens(text, Language::Python))
}

fn indent(text: &str) -> usize {
    text.len().saturating_sub(text.trim_start().len())
}
