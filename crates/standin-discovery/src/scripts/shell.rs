//! Shell: endless loops that sleep, and crontab lines that a script installs.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::task;
use crate::contents::{File, Found, Names};
use crate::crontab::entries::{self, Columns, Line, Time, looks_like_fields};
use crate::crontab::{command_name, schedule};
use crate::findings::Gathered;
use crate::limits::MAX_LOOP_LINES;
use crate::systemd;

/// Conditions that always hold.
const ENDLESS: [&str; 8] = ["true", ":", "[ 1 ]", "[[ 1 ]]", "((1))", "(( 1 ))", "[ true ]", "/bin/true"];

/// Adds what a script keeps running or installs.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let installs = file.text.contains("crontab") || file.text.contains("/etc/cron");
    let mut script = Script { file, names: Names::default() };
    let all: Vec<(u32, &str)> = (1_u32..).zip(file.text.lines()).collect();
    let mut at = 0_usize;
    // Each turn goes at least one line on.
    while let Some((line, text)) = all.get(at) {
        at = at.saturating_add(1);
        if text.trim_start().starts_with('#') {
            continue;
        }
        if let Some(end) = heredoc(text) {
            let body: Vec<(u32, &str)> =
                all.iter().skip(at).take_while(|(_, text)| text.trim() != end).copied().collect();
            at = at.saturating_add(body.len()).saturating_add(1);
            // A text that a variable takes is what a later line hands to crontab.
            let is_kept = installs && text.contains("$(cat");
            if let Some(unit) = timer_of(text) {
                let body: Vec<&str> = body.iter().map(|(_, text)| *text).collect();
                systemd::read_installed(file, (&body.join("\n"), *line), unit, gathered);
            } else if is_kept || text.contains("crontab") || text.contains("/etc/cron") {
                let is_system = text.contains("/etc/cron");
                let columns = if is_system { Columns::WithUser } else { Columns::WithoutUser };
                for (line, text) in body {
                    script.entry(text, columns, line, gathered);
                }
            }
            continue;
        }
        if installs {
            let is_system = text.contains("/etc/cron");
            let columns = if is_system { Columns::WithUser } else { Columns::WithoutUser };
            for quoted in quoted(text) {
                script.entry(quoted, columns, *line, gathered);
            }
        }
        script.endless(&all, at, (*line, text), gathered);
    }
}

struct Script<'a> {
    file: &'a File<'a>,
    names: Names,
}

impl Script<'_> {
    fn entry(&mut self, text: &str, columns: Columns, line: u32, gathered: &mut Gathered) {
        let Line::Entry { time, command, .. } = entries::line(text, columns) else { return };
        let is_time = match time {
            Time::Reboot => true,
            Time::Fields(fields) => fields.starts_with('@') || looks_like_fields(fields),
        };
        if !is_time {
            if let Time::Fields(fields) = time
                && fields.contains('$')
                && fields.contains('*')
            {
                let message = "the schedule of this crontab line is computed";
                let fix = "Write it out, or watch the command by heartbeats.";
                self.file.say(("script-computed", Severity::Note, line), message, fix, gathered);
            }
            return;
        }
        if !self.file.more(line, gathered) {
            return;
        }
        let mut found = Found::new(Kind::Crontab, self.names.unique(&command_name(command)), line);
        schedule(self.file, &mut found, &time, "local", gathered);
        found.fall_short(
            Standing::Loadable,
            "this script installs it, and nothing here says who runs the script",
        );
        self.file.add(found, gathered);
    }

    /// `while true; do … sleep 60; done`, without a way out, also in a subshell and in the text of another shell's `-c`.
    fn endless(
        &mut self,
        all: &[(u32, &str)],
        next: usize,
        (line, text): (u32, &str),
        gathered: &mut Gathered,
    ) {
        let Some(head) = head_of_loop(text) else { return };
        let condition = match (head.strip_prefix("while "), head.strip_prefix("until ")) {
            (Some(rest), _) => rest,
            (None, Some(rest)) if rest.trim_start().starts_with("false") => "true",
            (None, _) => return,
        };
        let condition = condition.split(';').next().unwrap_or("").trim();
        let condition = condition.strip_suffix(" do").unwrap_or(condition).trim();
        if !ENDLESS.contains(&condition) {
            return;
        }
        if !self.file.more(line, gathered) {
            return;
        }
        let body = self.body(all, next, head);
        let words: Vec<&str> = body
            .iter()
            .flat_map(|text| text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '"' | '\'')))
            .filter(|word| !word.is_empty())
            .collect();
        if words.iter().any(|word| matches!(*word, "break" | "return")) {
            return;
        }
        let seconds = words.windows(2).find_map(|pair| match pair {
            ["sleep", time] => seconds(time),
            _ => None,
        });
        let Some(seconds) = seconds else { return };
        let mut found = task(self.names.unique("loop"), line);
        found.trigger(format!("every {seconds}s"));
        super::runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }

    /// The lines of a loop up to its `done`; loops within it count.
    fn body<'t>(&self, all: &[(u32, &'t str)], next: usize, head: &'t str) -> Vec<&'t str> {
        let mut body = vec![head];
        let mut open = 1_usize;
        if words(head).any(|word| word == "done") {
            return body;
        }
        for (_, text) in all.iter().skip(next).take(MAX_LOOP_LINES) {
            let text = text.trim();
            if text.starts_with('#') {
                continue;
            }
            body.push(text);
            let opens = words(text).filter(|word| *word == "do").count();
            let closes = words(text).filter(|word| *word == "done").count();
            // The `do` of the loop itself may stand on a line of its own.
            let own = usize::from(body.len() == 2 && opens == 1 && !words(head).any(|word| word == "do"));
            open = open.saturating_add(opens).saturating_sub(own).saturating_sub(closes);
            if open == 0 {
                break;
            }
        }
        body
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, ';' | ')' | '"' | '\'');
    text.split(is_between).filter(|word| !word.is_empty())
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
    let places = ["while ", "until "].iter().filter_map(|word| text.find(word).filter(begins));
    text.get(places.min()?..)
}

/// The name of the timer that a line writes: `cat > /etc/systemd/system/x.timer <<EOF`, `tee x.timer <<EOF`.
fn timer_of(text: &str) -> Option<&str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '>' | '<' | '"' | '\''));
    let path = words.into_iter().find(|word| word.ends_with(".timer"))?;
    path.rsplit('/').next().filter(|name| name.len() > ".timer".len())
}

/// The word that ends a here-document which begins in this line.
fn heredoc(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<<")?;
    if rest.starts_with('<') {
        return None;
    }
    let rest = rest.trim_start_matches('-').trim_start();
    let rest = rest.trim_start_matches(['"', '\'', '\\']);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.get(..end).filter(|word| !word.is_empty())
}

/// The texts in quotes of one line.
fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    // Each turn takes a pair of quotes away.
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = if rest.get(at..).is_some_and(|rest| rest.starts_with('"')) { '"' } else { '\'' };
        let Some(inner) = rest.get(at.saturating_add(1)..) else { break };
        let Some(end) = inner.find(quote) else { break };
        found.extend(inner.get(..end));
        rest = inner.get(end.saturating_add(1)..).unwrap_or("");
    }
    found
}

/// `60`, `5m`, and the default of `${EVERY:-60}`.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim_matches(['"', '\'']);
    let text = text.strip_prefix("${").map_or(text, |rest| {
        rest.split_once(":-").and_then(|(_, default)| default.split('}').next()).unwrap_or(text)
    });
    let (digits, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3_600),
        (at, 'd') => (text.get(..at)?, 86_400),
        (_, _) => (text, 1),
    };
    digits.parse::<u64>().ok().map(|number| number.saturating_mul(unit))
}
