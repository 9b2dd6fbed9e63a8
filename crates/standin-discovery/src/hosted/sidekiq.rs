//! Tables of schedules of Ruby: sidekiq-cron, sidekiq-scheduler, resque-scheduler, Solid Queue.

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::scripts::dialect::Dialect;
use crate::scripts::program::{self, When};
use crate::value::{Data, Key, Value};
use standin_core::automation::Standing;

/// The environments that a table may be divided into.
const ENVIRONMENTS: [&str; 5] = ["default", "production", "staging", "development", "test"];

/// Adds the jobs of a table.
pub(super) fn table(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    let text = sheet.file.text;
    if !(text.contains("cron") || text.contains("every") || text.contains("schedule")) || text.contains("<%")
    {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let mut names = Names::default();
    jobs(sheet, &root, &mut names, gathered);
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
        let reason =
            "it lives only while the workers that read this table run, and nothing here says what runs them";
        found.fall_short(Standing::Loadable, reason);
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
            // Words that Fugit takes.
            return program::apply(sheet.file, found, When::Beyond(text.to_owned()), "Fugit", gathered);
        }
        return program::fields(
            sheet.file,
            found,
            (&five, &zone, Dialect::Vixie, line),
            "the scheduler",
            gathered,
        );
    }
    let span = text.strip_prefix("every ").unwrap_or(text).to_owned();
    let is_span = !span.contains(" at ") && key != "cron";
    let when = if is_span { When::Every(span) } else { When::Beyond(text.to_owned()) };
    program::apply(sheet.file, found, when, "the scheduler", gathered);
}
