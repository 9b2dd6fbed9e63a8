//! Crontabs: a user's, the system's with its column for the user, and files of `cron.d`.

use standin_core::automation::{ScheduleSpec, Severity, Standing};
use standin_core::ident::Kind;

use crate::contents::{Claim, File, Found, Names, is_aside, name_and_ending};
use crate::cron;
use crate::findings::Gathered;
use crate::lines::quote;
use crate::steps;

mod command;
pub(crate) use command::name as command_name;
pub(crate) mod entries;

#[cfg(test)]
mod tests;

use entries::{Columns, Line, Long, Time};

/// What Debian's cron takes a file of `cron.d` for; others are passed over without a word.
fn is_run_part(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// `crontab`, `crontab.txt`, `x.cron`, `x.crontab`, `cron.d/x`, `crontabs/x`.
pub(crate) fn claim(path: &str) -> Claim {
    if is_aside(path) {
        return Claim::No;
    }
    let (name, ending) = name_and_ending(path);
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    // The program of this name.
    if matches!(folder, "bin" | "sbin") {
        return Claim::No;
    }
    let is_named = matches!(name.as_str(), "crontab" | ".crontab" | "crontab.txt" | "crontab.conf");
    let is_system = folder == "cron.d" && !name.starts_with('.') && name != "readme.md";
    let is_users = folder == "crontabs" && !name.contains('.');
    if is_named || is_system || is_users || matches!(ending.as_str(), "cron" | "crontab") {
        Claim::Named
    } else {
        Claim::No
    }
}

/// Adds the lines of a crontab.
pub(crate) fn read(file: &File<'_>, gathered: &mut Gathered) {
    // A program, or a template of another tool.
    if file.text.starts_with("#!") || file.text.contains("{%") || file.text.contains("<%") {
        return;
    }
    let reader = reader(file, gathered);
    let columns = if reader == Reader::Supercronic { Columns::WithoutUser } else { columns(file) };
    let mut table = Table {
        file,
        reader,
        names: Names::default(),
        zone: "local".to_owned(),
        problem: None,
        reason: None,
    };
    table.whole_file(gathered);
    table.lines(columns, gathered);
}

/// Adds the lines of a file that something else makes a crontab of, and the reason why they are not known to run, if they are not.
pub(crate) fn read_installed(
    file: &File<'_>,
    columns: Option<Columns>,
    reason: Option<&str>,
    gathered: &mut Gathered,
) {
    if file.text.starts_with("#!") {
        return;
    }
    let guessed = if entries::names_users(file.text) { Columns::WithUser } else { Columns::WithoutUser };
    let mut table = Table {
        file,
        reader: reader(file, gathered),
        names: Names::default(),
        zone: "local".to_owned(),
        problem: None,
        reason: reason.map(str::to_owned),
    };
    table.whole_file(gathered);
    table.lines(columns.unwrap_or(guessed), gathered);
}

/// Whether each line names the user that runs it.
fn columns(file: &File<'_>) -> Columns {
    let is_system = file.path.contains("cron.d/") || file.path.ends_with("etc/crontab");
    if is_system || entries::names_users(file.text) { Columns::WithUser } else { Columns::WithoutUser }
}

/// What reads a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Cron,
    /// It has rules of its own: no columns for users, no meaning of `%`, fields for seconds and years.
    Supercronic,
}

/// What the repository gives the table to.
fn reader(file: &File<'_>, gathered: &Gathered) -> Reader {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    if file.repository.programs(gathered).gives("supercronic", name) {
        Reader::Supercronic
    } else {
        Reader::Cron
    }
}

struct Table<'a> {
    file: &'a File<'a>,
    reader: Reader,
    names: Names,
    zone: String,
    /// What keeps cron from loading the whole file.
    problem: Option<String>,
    /// What is to be known of every entry, if it is not known to run.
    reason: Option<String>,
}

impl Table<'_> {
    fn lines(&mut self, columns: Columns, gathered: &mut Gathered) {
        let file = self.file;
        for (at, text) in file.text.lines().enumerate() {
            let line = u32::try_from(at.saturating_add(1)).unwrap_or(u32::MAX);
            match entries::line(text, columns) {
                Line::Nothing => {}
                Line::Variable { name, value } => self.variable(name, value, line, gathered),
                Line::Entry { .. } | Line::Bad { .. } if !file.more(line, gathered) => return,
                Line::Entry { time, user, command } => match entries::long(text) {
                    Some(long) if self.reader == Reader::Supercronic => self.long(&long, line, gathered),
                    Some(_) | None => self.entry((time, user, command), line, gathered),
                },
                Line::Bad { message } => {
                    let fix = "Write five fields and a command, or put a # before the line.";
                    file.say(("crontab-line", Severity::Error, line), message, fix, gathered);
                }
            }
        }
    }

    /// An entry of six or seven fields.
    fn long(&mut self, long: &Long<'_>, line: u32, gathered: &mut Gathered) {
        let is_every_year = matches!(long.years, "*" | "*/1");
        let every = match long.seconds {
            None | Some("0" | "00") if is_every_year => {
                return self.entry((Time::Fields(long.five), None, long.command), line, gathered);
            }
            Some(seconds)
                if is_every_year && long.five.split_ascii_whitespace().all(|field| field == "*") =>
            {
                every_seconds(seconds)
            }
            Some(_) | None => None,
        };
        let mut found = Found::new(Kind::Crontab, self.names.unique(&command::name(long.command)), line);
        if let Some(seconds) = every {
            found.trigger(format!("every {seconds}s"));
        } else {
            found.trigger("schedule");
            found.trigger(quote(long.fields));
            let message = format!("`{}` has no equal among five cron fields", quote(long.fields));
            let fix = "Watch it by heartbeats, or give it a schedule in standin.toml.";
            self.file.say(("schedule-beyond-cron", Severity::Note, line), message, fix, gathered);
        }
        if let Some(reason) = &self.reason {
            found.fall_short(Standing::Loadable, reason);
        }
        self.file.add(found, gathered);
    }

    fn whole_file(&mut self, gathered: &mut Gathered) {
        let file = self.file;
        if self.reader == Reader::Supercronic {
            return;
        }
        let last = u32::try_from(file.text.lines().count().max(1)).unwrap_or(u32::MAX);
        let ends_in_an_entry = file
            .text
            .lines()
            .last()
            .is_some_and(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        if ends_in_an_entry && !file.text.ends_with('\n') {
            let message = "the last line has no line break: cron refuses the whole file";
            self.problem = Some(message.to_owned());
            let fix = "End the last line with a line break.";
            file.say(("crontab-no-newline", Severity::Error, last), message, fix, gathered);
        }
        if file.text.contains('\r') {
            let message = "lines end in CR LF: cron hands the CR to each command as its last character";
            file.say(("crontab-crlf", Severity::Warning, 1), message, "Save the file with LF.", gathered);
        }
        let (name, _) = file.path.rsplit_once('/').map_or((file.path, ""), |(_, name)| (name, ""));
        if file.path.contains("cron.d/") && !is_run_part(name) {
            let message = "Debian's cron passes over a file of cron.d whose name has more than letters, digits, _ and -";
            let fix = "Rename it without a dot.";
            file.say(("crontab-file-name", Severity::Warning, 1), message, fix, gathered);
            self.problem.get_or_insert_with(|| message.to_owned());
        }
    }

    fn variable(&mut self, name: &str, value: &str, line: u32, gathered: &mut Gathered) {
        if name != "CRON_TZ" {
            return;
        }
        match cron::check("0 0 * * *", value) {
            Ok(_) => {
                self.zone = value.to_owned();
                let message = "only cronie reads CRON_TZ: Debian's cron keeps to the zone of the machine";
                let fix = "Check which cron reads this file.";
                self.file.say(("crontab-zone", Severity::Note, line), message, fix, gathered);
            }
            Err(flaw) => {
                let fix = "Name a zone of the zone database, such as Europe/Berlin.";
                self.file.say((flaw.rule, Severity::Error, line), flaw.message, fix, gathered);
            }
        }
    }

    fn entry(
        &mut self,
        (time, user, command): (Time<'_>, Option<&str>, &str),
        line: u32,
        gathered: &mut Gathered,
    ) {
        let (file, zone) = (self.file, self.zone.clone());
        // Where the user is missing, the command begins in its place.
        let is_user = |user: &&str| user.contains(['/', '$', '"', '\'', '=']);
        let named = user.filter(is_user).unwrap_or(command);
        let mut found = Found::new(Kind::Crontab, self.names.unique(&command::name(named)), line);
        if let Some(problem) = &self.problem {
            found.fall_short(Standing::Declared, problem);
        }
        if let Some(user) = user.filter(is_user) {
            let message = format!("`{}` stands where the user's name belongs", quote(user));
            found.fall_short(Standing::Declared, &message);
            let fix = "Write the user's name, such as root, before the command.";
            file.say(("crontab-no-user", Severity::Error, line), message, fix, gathered);
        }
        schedule(file, &mut found, &time, &zone, gathered);
        if let Some(reason) = &self.reason {
            found.fall_short(Standing::Loadable, reason);
        }
        let cut = command::after_percent(command).filter(|_| self.reader == Reader::Cron);
        if let Some(rest) = cut {
            let message = format!(
                "cron ends the command at an unescaped %: `{}` goes to its standard input",
                quote(rest)
            );
            let fix = "Write \\% for a percent sign.";
            file.say(("crontab-percent", Severity::Warning, line), message, fix, gathered);
        }
        file.add(found, gathered);
    }
}

/// Gives an entry its schedule, or says why it has none.
pub(crate) fn schedule(
    file: &File<'_>,
    found: &mut Found,
    time: &Time<'_>,
    zone: &str,
    gathered: &mut Gathered,
) {
    match time {
        Time::Reboot => found.trigger("reboot"),
        Time::Fields(fields) => {
            found.trigger("schedule");
            if let Some(field) = open_step(fields) {
                let message = format!("cron refuses `{}`: a step stands behind * or a range", quote(field));
                found.fall_short(Standing::Declared, &message);
                let fix = "Write the end of the range, such as 5-59/10.";
                return file.say(("cron-invalid", Severity::Error, found.line), message, fix, gathered);
            }
            match cron::check(fields, zone) {
                Ok(_) => {
                    steps::too_large(fields, file.path, found.line)
                        .into_iter()
                        .for_each(|one| gathered.find(one));
                    let cron = fields.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
                    found.schedules.push(ScheduleSpec { cron, timezone: zone.to_owned() });
                }
                Err(flaw) => {
                    let never = flaw.rule == "cron-never-fires";
                    let state = if never { Standing::Loadable } else { Standing::Declared };
                    found.fall_short(state, &flaw.message);
                    let fix = "Correct the expression at this line.";
                    file.say((flaw.rule, Severity::Error, found.line), flaw.message, fix, gathered);
                }
            }
        }
    }
}

/// The seconds between two runs of a field of seconds, where they are always the same.
fn every_seconds(field: &str) -> Option<u32> {
    let step = match field.split_once('/') {
        Some(("*" | "0" | "0-59", step)) => step.parse::<u32>().ok()?,
        Some(_) => return None,
        None => (field == "*").then_some(1)?,
    };
    (step > 0 && 60_u32.is_multiple_of(step)).then_some(step)
}

/// A field with a step behind a single number, which other readers of such fields take.
fn open_step(fields: &str) -> Option<&str> {
    fields
        .split_ascii_whitespace()
        .flat_map(|field| field.split(','))
        .find(|item| item.split_once('/').is_some_and(|(range, _)| range != "*" && !range.contains('-')))
}
