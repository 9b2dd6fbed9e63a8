//! Shell: endless loops that sleep, and crontab lines that a script installs.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::task;
use crate::contents::{File, Found, Names};
use crate::crontab::entries::{self, Columns, Line, Time, looks_like_fields};
use crate::crontab::{command_name, schedule};
use crate::findings::Gathered;
use crate::systemd;

mod given;
mod installed;
mod loops;
mod statements;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use super::started::command;
use given::Given;
pub(crate) use loops::Pause;
use statements::statements;
use values::Values;

/// Adds what a script keeps running or installs.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let all = statements(file.text, 1);
    let values = Values::new(&all);
    let mut script = Script { file, names: Names::default(), values: &values };
    let given = Given::new(&all);
    // The lines of here-documents are no commands.
    let mut written = std::collections::BTreeSet::new();
    for (at, one) in all.iter().enumerate() {
        if !one.body.is_empty()
            && let Some(unit) = timer_of(one.text)
        {
            let body: Vec<&str> = one.body.iter().map(|(_, text)| *text).collect();
            systemd::read_installed(file, (&body.join("\n"), one.line), unit, gathered);
        }
        if !one.is_run {
            written.extend(one.body.iter().map(|(line, _)| *line));
        }
        if one.text.trim_start().starts_with('#') {
            continue;
        }
        let columns = given.columns(at);
        if let Some(columns) = columns.filter(|_| timer_of(one.text).is_none()) {
            for (line, text) in &one.body {
                script.entry(text, columns, *line, gathered);
            }
        }
        if let Some(columns) = columns.or_else(|| given.of_loose_text(at)) {
            for (line, text) in &one.quoted {
                script.entries(text, columns, *line, gathered);
            }
        }
    }
    installed::read(file, &all, gathered);
    let lines: Vec<(u32, &str)> =
        (1_u32..).zip(file.text.lines()).filter(|(line, _)| !written.contains(line)).collect();
    for (at, (line, text)) in lines.iter().enumerate() {
        if !text.trim_start().starts_with('#') {
            script.endless(&lines, at.saturating_add(1), (*line, text), gathered);
        }
    }
}

/// The pause of the first endless loop in a command.
pub(crate) fn pause_of(command: &str) -> Option<Pause> {
    let values = Values::new(&statements(command, 1));
    let lines: Vec<(u32, &str)> = (1_u32..).zip(command.lines()).collect();
    lines.iter().enumerate().find_map(|(at, (_, text))| {
        loops::may_begin(text).then(|| loops::pause(&lines, at.saturating_add(1), text, &values)).flatten()
    })
}

/// Adds the crontab lines that a command for a shell installs; its first line has this number.
pub(crate) fn read_installed_by(file: &File<'_>, command: &str, line: u32, gathered: &mut Gathered) {
    let all = statements(command, line);
    let values = Values::new(&all);
    let mut script = Script { file, names: Names::default(), values: &values };
    let given = Given::new(&all);
    for (at, one) in all.iter().enumerate() {
        let columns = given.columns(at);
        for (line, text) in columns.map(|_| one.body.as_slice()).unwrap_or_default() {
            script.entry(text, columns.unwrap_or(Columns::WithoutUser), *line, gathered);
        }
        if let Some(columns) = columns.or_else(|| given.of_loose_text(at)) {
            for (line, text) in &one.quoted {
                script.entries(text, columns, *line, gathered);
            }
        }
    }
    installed::read(file, &all, gathered);
}

/// Adds the entries of the table that a command gives to `supercronic`.
pub(crate) fn read_table_of(file: &File<'_>, command: &str, gathered: &mut Gathered) {
    if let Some(path) = given::supercronic(command) {
        let table = given::Installation { path, columns: Some(Columns::WithoutUser) };
        installed::read_one(file, &table, gathered);
    }
}

struct Script<'a, 't> {
    file: &'a File<'a>,
    names: Names,
    values: &'a Values<'t>,
}

impl Script<'_, '_> {
    /// The entries of a text in quotes: its lines, and what `\n` parts in one.
    fn entries(&mut self, text: &str, columns: Columns, line: u32, gathered: &mut Gathered) {
        for (line, text) in (line..).zip(text.lines()) {
            for part in text.split("\\n") {
                self.entry(part, columns, line, gathered);
            }
        }
    }

    fn entry(&mut self, text: &str, columns: Columns, line: u32, gathered: &mut Gathered) {
        // A variable may hold the fields; one that holds whole lines is read where it is given them.
        let text = text.trim();
        let expanded = if text.starts_with('$') && text.contains(char::is_whitespace) {
            self.values.expanded(text)
        } else {
            text.to_owned()
        };
        if expanded.contains('\n') {
            return;
        }
        if holds_its_time(&expanded) {
            return self.computed(line, gathered);
        }
        let Line::Entry { time, command, .. } = entries::line(&expanded, columns) else { return };
        let is_time = match time {
            Time::Reboot => true,
            Time::Fields(fields) => fields.starts_with('@') || looks_like_fields(fields),
        };
        if !is_time {
            if let Time::Fields(fields) = time
                && fields.contains('$')
                && fields.contains('*')
            {
                self.computed(line, gathered);
            }
            return;
        }
        if !self.file.more(line, gathered) {
            return;
        }
        let name = command_name(&self.values.expanded(command));
        let mut found = Found::new(Kind::Crontab, self.names.unique(&name), line);
        schedule(self.file, &mut found, &time, "local", gathered);
        if let Some(reason) = installed::reason(self.file, gathered) {
            found.fall_short(Standing::Loadable, reason);
        }
        self.file.add(found, gathered);
    }

    fn computed(&self, line: u32, gathered: &mut Gathered) {
        let message = "the schedule of this crontab line is computed";
        let fix = "Write it out, or watch the command by heartbeats.";
        self.file.say(("script-computed", Severity::Note, line), message, fix, gathered);
    }

    /// `while true; do … sleep 60; done`, without a way out.
    fn endless(
        &mut self,
        all: &[(u32, &str)],
        next: usize,
        (line, text): (u32, &str),
        gathered: &mut Gathered,
    ) {
        if !loops::may_begin(text) {
            return;
        }
        if !self.file.more(line, gathered) {
            return;
        }
        let Some(pause) = loops::pause(all, next, text, self.values) else { return };
        let mut found = task(self.names.unique("loop"), line);
        match pause {
            Pause::Seconds(seconds) => found.trigger(format!("every {seconds}s")),
            Pause::Computed(what) => {
                found.trigger("loop");
                let message =
                    format!("how long this loop pauses is computed: `{}`", crate::lines::quote(&what));
                let fix = "Write the seconds out, or send heartbeats from the loop.";
                self.file.say(("script-computed", Severity::Note, line), message, fix, gathered);
            }
        }
        super::runs_by_itself(self.file, &mut found, gathered);
        self.file.add(found, gathered);
    }
}

/// Whether a line begins with a variable that holds its fields, by its name, and a command follows.
fn holds_its_time(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(char::is_whitespace) else { return false };
    let name = first.trim_start_matches('$').trim_matches(['{', '}']).to_ascii_lowercase();
    let is_time = ["cron", "sched", "interval"].iter().any(|word| name.contains(word));
    first.starts_with('$')
        && is_time
        && rest.trim_start().starts_with(|c: char| c.is_alphabetic() || c == '/')
}

/// The name of the timer that a line writes: `cat > /etc/systemd/system/x.timer <<EOF`, `tee x.timer <<EOF`.
fn timer_of(text: &str) -> Option<&str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '>' | '<' | '"' | '\''));
    let path = words.into_iter().find(|word| word.ends_with(".timer"))?;
    path.rsplit('/').next().filter(|name| name.len() > ".timer".len())
}
