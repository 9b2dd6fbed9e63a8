//! systemd timers, and whether the unit that they start is there.

use standin_core::automation::{ScheduleSpec, Severity, Standing};
use standin_core::ident::Kind;

use crate::contents::{Claim, File, Found, Named, is_aside, name_and_ending};
use crate::cron;
use crate::findings::Gathered;
use crate::lines::quote;

mod calendar;

#[cfg(test)]
mod tests;

/// Options that count from some moment, and whether that moment comes by itself.
const DELAYS: [(&str, Moment); 5] = [
    ("OnActiveSec", Moment::Comes),
    ("OnBootSec", Moment::Comes),
    ("OnStartupSec", Moment::Comes),
    ("OnUnitActiveSec", Moment::NeedsARun),
    ("OnUnitInactiveSec", Moment::NeedsARun),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Comes,
    /// Only after the unit has run once: something else has to start it first.
    NeedsARun,
}

pub(crate) fn claim(path: &str) -> Claim {
    if is_aside(path) {
        return Claim::No;
    }
    // What stands in these folders are links by which a unit is enabled.
    if path.contains(".wants/") || path.contains(".requires/") {
        return Claim::No;
    }
    if name_and_ending(path).1 == "timer" { Claim::Named } else { Claim::No }
}

/// An assignment within a section.
struct Setting<'t> {
    section: &'t str,
    key: &'t str,
    value: &'t str,
    line: u32,
}

/// Adds the timer of a unit file.
pub(crate) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let settings = settings(file.text);
    let unit = file.path.rsplit('/').next().unwrap_or(file.path);
    if !file.text.lines().any(|line| line.trim() == "[Timer]") {
        let message = "this timer has no [Timer]: systemd refuses it";
        let fix = "Add [Timer] with OnCalendar=, or give the file another name.";
        return file.say(("systemd-no-timer", Severity::Error, 1), message, fix, gathered);
    }
    let line = settings.iter().find(|s| s.section == "Timer").map_or(1, |setting| setting.line);
    // A user's units are others than the system's.
    let is_users = file.path.contains("systemd/user/");
    let name = if is_users { format!("user/{unit}") } else { unit.to_owned() };
    let mut found = Found::new(Kind::Systemd, name, line);
    found.named = Named::ByItself;
    slots(file, &settings, &mut found, gathered);
    started(file, &settings, unit, &mut found, gathered);
    installed(file, &settings, &mut found, gathered);
    file.add(found, gathered);
}

/// Adds the timer that a script writes: a text with this many lines before it. Whether the script runs is not known.
pub(crate) fn read_installed(
    file: &File<'_>,
    (text, before): (&str, u32),
    unit: &str,
    gathered: &mut Gathered,
) {
    if !text.lines().any(|line| line.trim() == "[Timer]") {
        return;
    }
    let mut settings = settings(text);
    for setting in &mut settings {
        setting.line = setting.line.saturating_add(before);
    }
    let line = settings.iter().find(|s| s.section == "Timer").map_or(before, |setting| setting.line);
    if !file.more(line, gathered) {
        return;
    }
    let mut found = Found::new(Kind::Systemd, unit, line);
    // What the script fills in only running it tells.
    if settings.iter().any(|s| s.key == "OnCalendar" && s.value.contains('$')) {
        let message = "its calendar is filled in by the script";
        found.fall_short(Standing::Declared, message);
        let fix = "Write it out, or watch the unit by heartbeats.";
        file.say(("script-computed", Severity::Note, line), message, fix, gathered);
    } else {
        slots(file, &settings, &mut found, gathered);
    }
    let reason = "this script installs it, and nothing here says who runs the script";
    found.fall_short(Standing::Loadable, reason);
    file.add(found, gathered);
}

fn slots(file: &File<'_>, settings: &[Setting<'_>], found: &mut Found, gathered: &mut Gathered) {
    let mut calendars: Vec<&Setting<'_>> = Vec::new();
    for setting in settings.iter().filter(|s| s.section == "Timer" && s.key == "OnCalendar") {
        // An empty value takes back what stood before it.
        if setting.value.is_empty() { calendars.clear() } else { calendars.push(setting) }
    }
    for setting in &calendars {
        calendar(file, setting, found, gathered);
    }
    let delays: Vec<(&Setting<'_>, Moment)> = settings
        .iter()
        .filter(|s| s.section == "Timer" && !s.value.is_empty())
        .filter_map(|s| DELAYS.iter().find(|(key, _)| *key == s.key).map(|(_, moment)| (s, *moment)))
        .collect();
    for (setting, _) in &delays {
        found.trigger(format!("{}={}", setting.key, quote(setting.value)));
    }
    if calendars.is_empty() && delays.is_empty() {
        let message = "this timer says nothing about when: systemd refuses it";
        found.fall_short(Standing::Declared, message);
        let fix = "Add OnCalendar=, such as OnCalendar=daily.";
        file.say(("systemd-no-time", Severity::Error, found.line), message, fix, gathered);
    } else if calendars.is_empty() && delays.iter().all(|(_, moment)| *moment == Moment::NeedsARun) {
        let message = "it counts from the last run of a unit that nothing starts the first time";
        found.fall_short(Standing::Loadable, message);
        let fix = "Add OnBootSec= or OnActiveSec=.";
        file.say(("systemd-never-starts", Severity::Error, found.line), message, fix, gathered);
    }
}

fn calendar(file: &File<'_>, setting: &Setting<'_>, found: &mut Found, gathered: &mut Gathered) {
    match calendar::translate(setting.value) {
        calendar::Meaning::Cron { cron, timezone } => match cron::check(&cron, &timezone) {
            Ok(_) => {
                found.trigger("schedule");
                found.schedules.push(ScheduleSpec { cron, timezone });
            }
            Err(flaw) => {
                let message = format!("OnCalendar={}: {}", quote(setting.value), flaw.message);
                let never = flaw.rule == "cron-never-fires";
                found.fall_short(if never { Standing::Loadable } else { Standing::Declared }, &message);
                let fix = "Check it with `systemd-analyze calendar`.";
                file.say((flaw.rule, Severity::Error, setting.line), message, fix, gathered);
            }
        },
        calendar::Meaning::Beyond => {
            found.trigger(format!("OnCalendar={}", quote(setting.value)));
            let message = format!("OnCalendar={} has no equal among five cron fields", quote(setting.value));
            let fix = "Watch it by heartbeats, or give it a schedule in standin.toml.";
            file.say(("schedule-beyond-cron", Severity::Note, setting.line), message, fix, gathered);
        }
        calendar::Meaning::Wrong(why) => {
            let message = format!("OnCalendar={}: {why}", quote(setting.value));
            found.fall_short(Standing::Declared, &message);
            let fix = "Check it with `systemd-analyze calendar`.";
            file.say(("systemd-calendar", Severity::Error, setting.line), message, fix, gathered);
        }
    }
}

/// Whether the unit that it starts is in the repository; one of the system would not be.
fn started(
    file: &File<'_>,
    settings: &[Setting<'_>],
    unit: &str,
    found: &mut Found,
    gathered: &mut Gathered,
) {
    let written = settings.iter().find(|s| s.section == "Timer" && s.key == "Unit" && !s.value.is_empty());
    let service = written.map_or_else(
        || format!("{}.service", unit.strip_suffix(".timer").unwrap_or(unit)),
        |setting| setting.value.to_owned(),
    );
    let is_there = file.repository.entries.iter().any(|entry| entry.name() == service);
    if !is_there && service.ends_with(".service") {
        let message = format!("the unit {} that it starts is not in the repository", quote(&service));
        found.fall_short(Standing::Loadable, &message);
        let line = written.map_or(found.line, |setting| setting.line);
        let fix = "Add the unit, or correct Unit=.";
        file.say(("systemd-no-unit", Severity::Error, line), message, fix, gathered);
    }
}

/// Whether `systemctl enable` would do anything, or another unit of the repository wants it.
fn installed(file: &File<'_>, settings: &[Setting<'_>], found: &mut Found, gathered: &mut Gathered) {
    let is_wanted = settings.iter().any(|s| {
        s.section == "Install" && matches!(s.key, "WantedBy" | "RequiredBy" | "Also") && !s.value.is_empty()
    });
    let unit = file.path.rsplit('/').next().unwrap_or(file.path);
    let is_linked = file.repository.entries.iter().any(|entry| {
        entry.name() == unit && (entry.folder().ends_with(".wants") || entry.folder().ends_with(".requires"))
    });
    if !is_wanted && !is_linked {
        let message =
            "it has no [Install] with WantedBy=: it cannot be enabled, so nothing starts it after a boot";
        found.fall_short(Standing::Loadable, message);
        let fix = "Add [Install] with WantedBy=timers.target.";
        file.say(("systemd-not-installed", Severity::Warning, found.line), message, fix, gathered);
    }
}

/// The assignments of a unit file in their order; lines that end in a backslash go on.
fn settings(text: &str) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    let mut section = "";
    let mut continued = false;
    for (at, raw) in text.lines().enumerate() {
        let line = u32::try_from(at.saturating_add(1)).unwrap_or(u32::MAX);
        let trimmed = raw.trim();
        let is_rest = std::mem::replace(&mut continued, trimmed.ends_with('\\'));
        if is_rest || trimmed.starts_with('#') || trimmed.starts_with(';') {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = trimmed.split_once('=') {
            settings.push(Setting { section, key: key.trim(), value: value.trim(), line });
        }
    }
    settings
}
