//! Cron jobs of Render's blueprints, and Railway's `cronSchedule`.

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::scripts::dialect::Dialect;
use crate::value::Value;

/// Adds the services of `render.yaml` that are cron jobs.
pub(super) fn render(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.contains("cron") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let mut names = Names::default();
    for service in root.get("services").map(Value::items).unwrap_or_default() {
        let is_cron =
            service.get("type").and_then(Value::text).is_some_and(|kind| matches!(kind, "cron" | "cron_job"));
        if !is_cron {
            continue;
        }
        let name = service.get("name").and_then(Value::text).unwrap_or("cron");
        if !sheet.file.more(service.line, gathered) {
            return;
        }
        let mut found = sheet.found(&mut names, name, service.line);
        sheet.schedule(&mut found, service.get("schedule"), ("UTC", Dialect::Vixie, "Render"), gathered);
        sheet.file.add(found, gathered);
    }
}

/// Adds the schedule of a service on Railway.
pub(super) fn railway(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.contains("cronSchedule") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let Some(entry) = root.get("deploy").and_then(|deploy| deploy.entry("cronSchedule")) else { return };
    if entry.value.text().is_none() {
        return;
    }
    let mut found = sheet.found(&mut Names::default(), "deploy", entry.line);
    sheet.schedule(&mut found, Some(&entry.value), ("UTC", Dialect::Vixie, "Railway"), gathered);
    sheet.file.add(found, gathered);
}
