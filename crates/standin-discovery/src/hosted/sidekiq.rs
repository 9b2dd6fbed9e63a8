//! Tables of schedules of Ruby: sidekiq-cron, sidekiq-scheduler, resque-scheduler, Solid Queue.

use super::Sheet;
use crate::contents::Names;
use crate::files;
use crate::findings::Gathered;
use crate::scripts::dialect::Dialect;
use crate::scripts::program::{self, When};
use crate::scripts::spans;
use crate::value::{Data, Key, Value};
use crate::yaml;
use standin_core::automation::Standing;

/// The environments that a table may be divided into.
const ENVIRONMENTS: [&str; 5] = ["default", "production", "staging", "development", "test"];

/// Adds the jobs of a table.
pub(super) fn table(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    let text = sheet.file.text;
    if !(text.contains("cron") || text.contains("every") || text.contains("schedule")) {
        return;
    }
    let mut names = Names::default();
    if !text.contains("<%") {
        let Some(root) = sheet.value(gathered) else { return };
        return jobs(sheet, &root, &mut names, gathered);
    }
    // What a template does to the shape of a file is not known; where it only fills places, it is as good as a word.
    let filled = without_templates(text);
    if let Ok(document) = yaml::parse(&filled) {
        jobs(sheet, &document.root, &mut names, gathered);
    }
}

/// A word that stands for what a template says.
const FILLED: &str = "standin-template";

/// A file with a word in the place of each template: its default, where it has one. What is only code goes.
fn without_templates(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    // Each turn takes one template away.
    while let Some((before, behind)) = rest.split_once("<%") {
        let (code, behind) = behind.split_once("%>").unwrap_or((behind, ""));
        whole.push_str(before);
        if let Some(code) = code.strip_prefix('=') {
            whole.push_str(default_of(code));
        }
        // The lines of the file keep their numbers.
        whole.extend(std::iter::repeat_n('\n', code.matches('\n').count()));
        rest = behind;
    }
    whole.push_str(rest);
    whole
}

/// The default of `ENV.fetch("X", "0 3 * * *")` and of `ENV["X"] || "0 3 * * *"`.
fn default_of(code: &str) -> &str {
    let is_fetch = code.contains("fetch(") && code.contains(',');
    let part = if is_fetch { code.split_once(',') } else { code.rsplit_once("||") };
    let value = part.map(|(_, value)| value.trim().trim_matches(['-', ')', ' ', '"', '\'']));
    value.filter(|value| !value.is_empty() && !value.contains(['(', ':', '#', '"', '\''])).unwrap_or(FILLED)
}

/// Who runs the jobs of a table; else why they are not known to run.
fn workers(sheet: &Sheet<'_>, gathered: &Gathered) -> Result<String, &'static str> {
    let file = sheet.file;
    let is_solid = file.path.ends_with("recurring.yml");
    let programs = file.repository.programs(gathered);
    let wanted: &[&str] = if is_solid {
        &["bin/jobs", "solid_queue:start"]
    } else {
        &["sidekiq", "sidekiqswarm", "resque:scheduler", "resque-scheduler"]
    };
    if let Some(host) = programs.runs(wanted) {
        return Ok(host.to_owned());
    }
    if is_solid {
        let folder = file.folder();
        let beside =
            |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let puma = files::read(file.repository.root, &beside("puma.rb")).unwrap_or_default();
        let plugin = puma.lines().map(str::trim).find(|line| line.starts_with("plugin :solid_queue"));
        match plugin.map(|line| line.split_once(" if ")) {
            Some(None) => return Ok(beside("puma.rb")),
            Some(Some(_)) => {
                let deploy = files::read(file.repository.root, &beside("deploy.yml")).unwrap_or_default();
                let sets = |line: &str| {
                    let value = line.trim_start().strip_prefix("SOLID_QUEUE_IN_PUMA:");
                    value.is_some_and(|value| !matches!(value.trim(), "false" | "\"false\"" | "0" | ""))
                };
                if deploy.lines().any(sets) {
                    return Ok(beside("deploy.yml"));
                }
                return Err(
                    "Puma runs it where SOLID_QUEUE_IN_PUMA is set, and nothing here says that it is",
                );
            }
            None => {}
        }
    }
    Err("it lives only while the workers that read this table run, and nothing here says what runs them")
}

/// A key, with or without Ruby's colon.
fn get<'v>(value: &'v Value<'v>, name: &str) -> Option<&'v Value<'v>> {
    value.get(name).or_else(|| value.get(&format!(":{name}")))
}

fn jobs(sheet: &Sheet<'_>, table: &Value, names: &mut Names, gathered: &mut Gathered) {
    if let Some(scheduler) = get(table, "scheduler").and_then(|scheduler| get(scheduler, "schedule")) {
        return jobs(sheet, scheduler, names, gathered);
    }
    if let Some(schedule) = get(table, "schedule").filter(|schedule| matches!(schedule.data, Data::Map(_))) {
        return jobs(sheet, schedule, names, gathered);
    }
    if let Some(production) = get(table, "production") {
        return jobs(sheet, production, names, gathered);
    }
    for entry in table.entries() {
        let Key::Named(name) = &entry.key else { continue };
        if ENVIRONMENTS.contains(&name.as_ref()) {
            continue;
        }
        let job = &entry.value;
        let has_work = ["class", "command", "klass", "job_class"].iter().any(|key| get(job, key).is_some());
        let time = ["cron", "every", "schedule", "interval"]
            .iter()
            .find_map(|key| get(job, key).map(|value| (*key, value)));
        let Some((key, time)) = time else { continue };
        if !has_work && key != "cron" {
            continue;
        }
        if !sheet.file.more(entry.line, gathered) {
            return;
        }
        let mut found = sheet.found(names, name.trim_start_matches(':'), entry.line);
        found.domain = standin_core::ident::Kind::Script.domain();
        // A list has the expression first.
        let time = time.items().first().unwrap_or(time);
        match time.text() {
            Some(text) => when(sheet, (text, key, time.line), &mut found, gathered),
            None => sheet.refuse(&mut found, entry.line, "a schedule is a text, and this is none", gathered),
        }
        if get(job, "status").and_then(Value::text) == Some("disabled")
            || get(job, "enabled").is_some_and(|enabled| enabled.data == Data::Bool(false))
        {
            found.fall_short(Standing::Loadable, "it is disabled");
        }
        match workers(sheet, gathered) {
            Ok(host) => found.trigger(format!("within {host}")),
            Err(reason) => found.fall_short(Standing::Loadable, reason),
        }
        sheet.file.add(found, gathered);
    }
}

/// Fields, with a second before and a zone behind them; or words.
fn when(
    sheet: &Sheet<'_>,
    (text, key, line): (&str, &str, u32),
    found: &mut crate::contents::Found,
    gathered: &mut Gathered,
) {
    if text.contains(FILLED) {
        return program::apply(sheet.file, found, When::Computed, "the scheduler", gathered);
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let begins_with_field = text.starts_with(|c: char| c.is_ascii_digit() || c == '*');
    let has_zone = fields
        .last()
        .is_some_and(|last| last.contains('/') && last.starts_with(|c: char| c.is_ascii_uppercase()));
    let (five, zone) = match fields.split_last() {
        Some((zone, rest)) if has_zone && begins_with_field => (rest.join(" "), (*zone).to_owned()),
        Some(_) | None => (text.to_owned(), "local".to_owned()),
    };
    let is_cron = begins_with_field && five.split_ascii_whitespace().count() >= 5;
    if key == "cron" || is_cron {
        if !begins_with_field && !text.starts_with('@') {
            return program::apply(sheet.file, found, spans::fugit(text, "local"), "Fugit", gathered);
        }
        return program::fields(
            sheet.file,
            found,
            (&five, &zone, Dialect::Vixie, line),
            "the scheduler",
            gathered,
        );
    }
    let when = match key {
        "schedule" if text.starts_with('@') => When::cron(text, "local"),
        "schedule" => spans::fugit(text, "local"),
        _ => When::Every(text.to_owned()),
    };
    program::apply(sheet.file, found, when, "the scheduler", gathered);
}
