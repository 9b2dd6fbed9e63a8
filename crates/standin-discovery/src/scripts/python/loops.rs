//! `while True:` with a `sleep` of so many seconds in its block, and no way out of it.

use standin_core::automation::Severity;

use super::super::calls::Call;
use super::super::lex::{Placed, Token};
use super::super::numbers::Constants;
use super::super::program::Program;
use super::{runs_by_itself, task};
use crate::contents::Names;
use crate::findings::Gathered;
use crate::lines::quote;

/// Shorter pauses, in seconds, only keep a program from spinning: they are no schedule.
const SHORTEST: u64 = 5;

/// What a flag is called that holds as long as a program is to run, or until it is to stop.
const FLAGS: [&str; 12] = [
    "running",
    "active",
    "alive",
    "stop",
    "shutdown",
    "exit",
    "is_set",
    "keep",
    "kill",
    "terminat",
    "interrupt",
    "quit",
];

/// Lines of one loop that are looked at.
const MAX_LINES: usize = 500;

/// A line of a block.
struct Line<'t> {
    indent: usize,
    text: &'t str,
    number: u32,
}

/// Adds the endless loops of a file.
pub(super) fn read(program: &Program<'_>, names: &mut Names, gathered: &mut Gathered) {
    let file = program.file;
    if !(file.text.contains("sleep(") || file.text.contains(".wait(")) {
        return;
    }
    let lines: Vec<Line<'_>> = (1_u32..)
        .zip(file.text.lines())
        .filter(|(_, text)| !text.trim().is_empty() && !text.trim_start().starts_with('#'))
        .map(|(number, text)| Line { indent: indent(text), text: text.trim(), number })
        .collect();
    let constants = Constants::new(&program.all);
    for (at, head) in lines.iter().enumerate() {
        let Some(condition) = head.text.strip_prefix("while ").and_then(|rest| rest.split_once(':')) else {
            continue;
        };
        if !is_endless(condition.0.trim()) {
            continue;
        }
        if !file.more(head.number, gathered) {
            return;
        }
        let behind = lines.iter().skip(at.saturating_add(1)).take(MAX_LINES);
        let block: Vec<&Line<'_>> = behind.take_while(|line| line.indent > head.indent).collect();
        let Some(pause) = pause((program, &constants), &block) else { continue };
        let mut found = task(names.unique("loop"), head.number);
        match pause {
            Pause::Seconds(seconds) if seconds < SHORTEST => continue,
            // In a library it may wait for anything, a moment only.
            Pause::Computed(_) if head.indent > 0 && !is_program(program, gathered) => continue,
            Pause::Seconds(seconds) => found.trigger(format!("every {seconds}s")),
            Pause::Computed(what) => {
                found.trigger("loop");
                let message = format!("how long this loop pauses is computed: `{}`", quote(&what));
                let fix = "Write the seconds out, or send heartbeats from the loop.";
                file.say(("script-computed", Severity::Note, head.number), message, fix, gathered);
            }
        }
        runs_by_itself(file, &mut found, gathered);
        file.add(found, gathered);
    }
}

/// `True`, `1`, `self.running`, `not stop_event.is_set()`.
fn is_endless(condition: &str) -> bool {
    if matches!(condition, "True" | "1" | "(True)") {
        return true;
    }
    let plain = condition.strip_prefix("not ").unwrap_or(condition).trim_end_matches("()");
    let is_name = plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let lower = plain.to_ascii_lowercase();
    is_name && FLAGS.iter().any(|flag| lower.contains(flag))
}

/// Whether a file is started by itself, or asks whether it is.
fn is_program(program: &Program<'_>, gathered: &Gathered) -> bool {
    let file = program.file;
    file.text.starts_with("#!")
        || file.text.contains("__main__")
        || file.repository.programs(gathered).starter(file.path).is_some()
}

enum Pause {
    Seconds(u64),
    Computed(String),
}

/// What one turn pauses. `None` where it does not pause, may leave the loop, or does nothing else than to wait.
fn pause((program, constants): (&Program<'_>, &Constants<'_, '_>), block: &[&Line<'_>]) -> Option<Pause> {
    let own = block.first()?.indent;
    // What is further in than this is of an inner loop, of a function, or of the end by a person's hand.
    let mut inner: Vec<(usize, Inner)> = Vec::new();
    let (mut at_own, mut deeper) = (Vec::new(), Vec::new());
    let mut does_more = false;
    for line in block {
        inner.retain(|(indent, _)| *indent < line.indent);
        let first = line.text.split([' ', '(', ':', ';']).next().unwrap_or("");
        let is_in = |kind: Inner| inner.iter().any(|(_, known)| *known == kind);
        let is_by_hand = is_in(Inner::ByHand);
        // A loop of a generator turns when somebody asks it to.
        let yields = (first == "yield" || line.text.contains("= yield")) && !is_in(Inner::Function);
        if line.text.contains("run_pending(") || yields {
            return None;
        }
        let leaves = match first {
            "break" => !is_in(Inner::Loop),
            "return" => true,
            _ => line.text.contains("sys.exit") || first == "exit",
        };
        if leaves && !is_by_hand && !is_in(Inner::Function) {
            return None;
        }
        let is_sleep = sleeps(line.text);
        if is_sleep && !is_in(Inner::Function) {
            let pause = length((program, constants), line);
            if line.indent == own { at_own.extend(pause) } else { deeper.extend(pause) }
        }
        does_more |=
            !is_sleep && !is_by_hand && !matches!(first, "try" | "except" | "finally" | "pass" | "continue");
        let kind = match first {
            "for" | "while" | "async" => Some(Inner::Loop),
            "def" => Some(Inner::Function),
            "except" if line.text.contains("KeyboardInterrupt") || line.text.contains("SystemExit") => {
                Some(Inner::ByHand)
            }
            "except" if line.text.contains("CancelledError") => Some(Inner::ByHand),
            _ => None,
        };
        inner.extend(kind.map(|kind| (line.indent, kind)));
    }
    if !does_more {
        return None;
    }
    let longest = |pauses: &[Pause]| {
        pauses.iter().filter_map(|one| if let Pause::Seconds(time) = one { Some(*time) } else { None }).max()
    };
    let sum = at_own.iter().try_fold(0_u64, |sum, one| match one {
        Pause::Seconds(time) => Some(sum.saturating_add(*time)),
        Pause::Computed(_) => None,
    });
    if at_own.is_empty() {
        return longest(&deeper).map(Pause::Seconds).or_else(|| deeper.into_iter().next());
    }
    match sum {
        Some(seconds) => Some(Pause::Seconds(seconds)),
        None => at_own.into_iter().find(|one| matches!(one, Pause::Computed(_))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    Loop,
    Function,
    /// What a person's interrupt leads to.
    ByHand,
}

fn sleeps(text: &str) -> bool {
    let code = text.split(" #").next().unwrap_or(text);
    code.contains("sleep(") || code.contains(".wait(") && !code.contains("proc")
}

/// The pause that stands in a line.
fn length((program, constants): (&Program<'_>, &Constants<'_, '_>), line: &Line<'_>) -> Option<Pause> {
    let all = &program.all;
    let from = all.iter().position(|(offset, _)| program.line_of(*offset) >= line.number)?;
    let of_line =
        all.get(from..)?.iter().take_while(|(offset, _)| program.line_of(*offset) == line.number).count();
    let (at, word) =
        all.iter().enumerate().skip(from).take(of_line).find_map(|(at, (_, token))| match token {
            Token::Word(word @ ("sleep" | "wait")) => Some((at, *word)),
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => None,
        })?;
    let call = Call::read(all, at.saturating_add(2));
    let argument = call.named("timeout").or(call.positional(0));
    // To wait without an end is for whatever wakes it.
    let Some(argument) = argument else {
        return (word == "sleep").then(|| Pause::Computed("sleep()".to_owned()));
    };
    match constants.whole(argument) {
        Some(seconds) => Some(Pause::Seconds(seconds)),
        None if word == "wait" => None,
        None => Some(Pause::Computed(words(argument))),
    }
}

fn words(argument: &[Placed<'_>]) -> String {
    let words = argument.iter().map(|(_, token)| match token {
        Token::Word(word) | Token::Number(word) | Token::Text(word) => (*word).to_owned(),
        Token::Sign(sign) => sign.to_string(),
    });
    words.collect()
}

fn indent(text: &str) -> usize {
    text.len().saturating_sub(text.trim_start().len())
}
