//! `cron.yaml` of Google's App Engine.

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::scripts::{program, spans};
use crate::value::Value;

/// Adds its jobs.
pub(super) fn read(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.contains("cron:") || !sheet.file.text.contains("schedule") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let mut names = Names::default();
    for job in root.get("cron").map(Value::items).unwrap_or_default() {
        // Other tools have lists of this name.
        let Some(url) = job.get("url").and_then(Value::text) else { continue };
        if !sheet.file.more(job.line, gathered) {
            return;
        }
        let mut found = sheet.found(&mut names, url, job.line);
        let zone = job.get("timezone").and_then(Value::text).unwrap_or("UTC");
        match job.get("schedule").and_then(Value::text) {
            Some(text) => {
                let when = spans::appengine(text, zone);
                program::apply(sheet.file, &mut found, when, "App Engine", gathered);
            }
            None => sheet.refuse(&mut found, job.line, "App Engine wants a `schedule` here", gathered),
        }
        sheet.file.add(found, gathered);
    }
}
