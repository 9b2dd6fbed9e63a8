//! `crons` of `vercel.json`.

use standin_core::automation::{Severity, Standing};

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::lines::quote;
use crate::scripts::dialect::Dialect;
use crate::value::Value;

/// Adds the cron jobs of a project.
pub(super) fn read(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.contains("\"crons\"") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let mut names = Names::default();
    for job in root.get("crons").map(Value::items).unwrap_or_default() {
        let path = job.get("path").and_then(Value::text);
        if !sheet.file.more(job.line, gathered) {
            return;
        }
        let mut found = sheet.found(&mut names, path.unwrap_or("cron"), job.line);
        sheet.schedule(&mut found, job.get("schedule"), ("UTC", Dialect::Vixie, "Vercel"), gathered);
        if let Some(schedule) = job.get("schedule") {
            dialect(sheet, schedule, &mut found, gathered);
        }
        match path {
            Some(path) if path.starts_with('/') => {
                route(sheet, &root, (path, job.line), &mut found, gathered)
            }
            Some(_) | None => {
                let message = "Vercel refuses a cron job without a `path` that begins with /";
                found.fall_short(Standing::Declared, message);
                let fix = "Write the path of the function that it is to call.";
                sheet.file.say(("schedule-refused", Severity::Error, job.line), message, fix, gathered);
            }
        }
        sheet.file.add(found, gathered);
    }
}

/// Vercel knows no names of days and months, and not both day fields at once.
fn dialect(sheet: &Sheet<'_>, schedule: &Value, found: &mut crate::contents::Found, gathered: &mut Gathered) {
    let text = schedule.text().unwrap_or_default();
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let both = matches!(fields.as_slice(), [_, _, day, _, week] if *day != "*" && *week != "*");
    let message = if text.contains(|c: char| c.is_ascii_alphabetic() || c == '@') {
        format!("Vercel takes numbers only, and `{}` has a name", quote(text))
    } else if both {
        format!("Vercel refuses `{}`: only one of the two day fields may be given", quote(text))
    } else {
        return;
    };
    sheet.refuse(found, schedule.line, &message, gathered);
    found.schedules.clear();
}

/// Says of a path that no file of the repository could answer it. Rewrites, and routes that are computed, could.
fn route(
    sheet: &Sheet<'_>,
    root: &Value,
    (path, line): (&str, u32),
    found: &mut crate::contents::Found,
    gathered: &mut Gathered,
) {
    let has_rules = ["rewrites", "routes", "builds", "functions", "rootDirectory"]
        .iter()
        .any(|key| root.get(key).is_some());
    let plain = path.split(['?', '#']).next().unwrap_or(path);
    let Some(last) = plain.split('/').rfind(|part| !part.is_empty()) else { return };
    let folder = sheet.file.folder();
    let mut entries = sheet.file.repository.entries.iter().map(|entry| entry.path.as_str());
    let mut below = entries.by_ref().filter(|entry| folder.is_empty() || entry.starts_with(folder));
    let may_answer = below.any(|entry| {
        let mut parts = entry.split('/').peekable();
        parts.any(|part| {
            let stem = part.split('.').next().unwrap_or(part);
            part == last || stem == last || part.starts_with('[') || part.starts_with('$')
        })
    });
    if !has_rules && !may_answer {
        let message = format!("no file here has the name of `{}`, which it is to call", quote(path));
        found.fall_short(Standing::Loadable, &message);
        let fix = "Add the function, or correct the path.";
        sheet.file.say(("vercel-no-route", Severity::Error, line), message, fix, gathered);
    }
}
