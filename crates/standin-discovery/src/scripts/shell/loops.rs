//! Endless loops that pause.

use super::values::Values;
use crate::limits::MAX_LOOP_LINES;

/// How long a loop pauses between two turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pause {
    Seconds(u64),
    /// Only running the script would tell.
    Computed(String),
}

/// The pause of the endless loop that begins in a line: `while true; do … sleep 60; done` without a way out, also in a
/// subshell and in the text of another shell's `-c`. `next` is the index of the line behind it.
pub(super) fn pause(all: &[(u32, &str)], next: usize, text: &str, values: &Values<'_>) -> Option<Pause> {
    let head = head_of_loop(text)?;
    let condition = condition(head)?;
    let first = match condition {
        Condition::Holds => None,
        Condition::Sleeps(time) => Some(length(time, values)),
    };
    let pauses = body(all, next, head, values)?;
    first.or_else(|| pauses.period())
}

/// Whether an endless loop begins in a line.
pub(super) fn may_begin(text: &str) -> bool {
    head_of_loop(text).and_then(condition).is_some()
}

enum Condition<'t> {
    Holds,
    /// `while sleep 60`.
    Sleeps(&'t str),
}

fn condition(head: &str) -> Option<Condition<'_>> {
    if let Some(rest) = head.strip_prefix("for ") {
        let plain: String = rest.chars().filter(|c| !c.is_whitespace()).take("((;;))".len()).collect();
        return (plain == "((;;))").then_some(Condition::Holds);
    }
    let rest = match (head.strip_prefix("while "), head.strip_prefix("until ")) {
        (Some(rest), _) => rest,
        (None, Some(rest)) if rest.trim_start().starts_with("false") => "true",
        (None, _) => return None,
    };
    let written = rest.split(';').next().unwrap_or("").trim();
    let written = written.strip_suffix(" do").unwrap_or(written).trim();
    if let Some(time) = written.strip_prefix("sleep ") {
        return Some(Condition::Sleeps(time.trim()));
    }
    let plain: String =
        written.chars().filter(|c| !matches!(c, '[' | ']' | '(' | ')' | '"' | '\'')).collect();
    let holds = matches!(
        plain.trim(),
        "true" | ":" | "1" | "/bin/true" | "/usr/bin/true" | "1 -eq 1" | "1 = 1" | "1 == 1"
    );
    holds.then_some(Condition::Holds)
}

/// The pauses of a loop, and how deep each lies in it.
#[derive(Default)]
struct Pauses {
    own: Vec<Pause>,
    deeper: Vec<Pause>,
}

impl Pauses {
    /// What one turn pauses: all at the loop's own depth, else the longest of those that only some turns make.
    fn period(self) -> Option<Pause> {
        let computed =
            |pauses: &[Pause]| pauses.iter().find(|one| matches!(one, Pause::Computed(_))).cloned();
        let seconds = |pauses: &[Pause]| -> Vec<u64> {
            pauses
                .iter()
                .filter_map(|one| if let Pause::Seconds(time) = one { Some(*time) } else { None })
                .collect()
        };
        if !self.own.is_empty() {
            let sum = seconds(&self.own).iter().fold(0_u64, |sum, time| sum.saturating_add(*time));
            return computed(&self.own).or(Some(Pause::Seconds(sum)));
        }
        let longest = seconds(&self.deeper).into_iter().max().map(Pause::Seconds);
        longest.or_else(|| computed(&self.deeper))
    }
}

/// What is open within a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Loop,
    Other,
}

/// Walks through the lines of a loop up to its `done`. `None` where a turn may leave it.
fn body(all: &[(u32, &str)], next: usize, head: &str, values: &Values<'_>) -> Option<Pauses> {
    let mut pauses = Pauses::default();
    let mut open: Vec<Block> = Vec::new();
    let mut has_begun = false;
    let lines =
        std::iter::once(head).chain(all.iter().skip(next).take(MAX_LOOP_LINES).map(|(_, text)| *text));
    for (at, line) in lines.enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let line = line.split(" #").next().unwrap_or(line);
        let words: Vec<&str> = words(line).collect();
        let mut words = words.iter().copied().enumerate().peekable();
        let mut is_printed = false;
        while let Some((place, word)) = words.next() {
            let begins = place == 0;
            match word {
                "echo" | "printf" | "log" => is_printed = true,
                ";" | "&&" | "||" | "&" | "|" => is_printed = false,
                _ if is_printed => {}
                "do" if !has_begun => has_begun = true,
                "do" => open.push(Block::Loop),
                "then" | "case" => open.push(Block::Other),
                "{" if !begins || at > 0 => open.push(Block::Other),
                "elif" => drop(open.pop()),
                "fi" | "esac" | "}" => drop(open.pop()),
                "done" if open.is_empty() => return Some(pauses),
                "done" => drop(open.pop()),
                "return" => return None,
                "break" => {
                    let levels = words.peek().and_then(|(_, word)| word.parse::<usize>().ok()).unwrap_or(1);
                    let loops = open.iter().filter(|block| **block == Block::Loop).count();
                    if levels > loops {
                        return None;
                    }
                }
                "sleep" if has_begun => {
                    let Some((_, time)) = words.peek() else { continue };
                    let list = if open.is_empty() { &mut pauses.own } else { &mut pauses.deeper };
                    // The words of a sentence are no pause.
                    let is_time = time.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '$' | '.'));
                    list.extend(is_time.then(|| length(time, values)));
                }
                _ => {}
            }
        }
    }
    Some(pauses)
}

fn length(time: &str, values: &Values<'_>) -> Pause {
    seconds(&values.expanded(time)).map_or_else(|| Pause::Computed(time.to_owned()), Pause::Seconds)
}

/// `60`, `5m`, `0.5h`, `$((5 * 60))`.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim_matches(['"', '\'']);
    if let Some(product) = text.strip_prefix("$((").and_then(|rest| rest.strip_suffix("))")) {
        return product
            .split('*')
            .map(|factor| factor.trim().parse::<u64>().ok())
            .try_fold(1_u64, |product, factor| Some(product.saturating_mul(factor?)));
    }
    let (digits, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3_600),
        (at, 'd') => (text.get(..at)?, 86_400),
        (_, _) => (text, 1),
    };
    digits.parse::<u64>().ok().map(|number| number.saturating_mul(unit))
}

/// Words, with the signs between commands as words of their own.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')'));
        let first = rest.chars().next()?;
        let end = if rest.starts_with("$((") {
            rest.find("))").map_or(rest.len(), |end| end.saturating_add(2))
        } else if matches!(first, ';' | '&' | '|') {
            rest.find(|c| c != first).unwrap_or(rest.len())
        } else {
            rest.find(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | ')' | '"' | '\''))
                .unwrap_or(rest.len())
        };
        let (word, behind) = rest.split_at_checked(end)?;
        rest = behind;
        Some(if word.starts_with(';') { ";" } else { word })
    })
}

/// A line from where a loop begins in it; `None` in what is only printed.
fn head_of_loop(text: &str) -> Option<&str> {
    let text = text.trim_start();
    if ["echo", "printf", "log"].contains(&text.split_whitespace().next()?) {
        return None;
    }
    let begins = |at: &usize| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '{' | ';' | '&' | '"' | '\''))
    };
    let places = ["while ", "until ", "for "].iter().filter_map(|word| text.find(word).filter(begins));
    text.get(places.min()?..)
}
