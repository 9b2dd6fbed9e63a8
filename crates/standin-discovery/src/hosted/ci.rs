//! Schedules of other builders: CircleCI, Azure Pipelines, and what GitLab keeps to itself.

use standin_core::automation::{Severity, Standing};

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::lines::quote;
use crate::scripts::dialect::Dialect;
use crate::value::{Key, Value};

/// Adds the workflows of CircleCI that a schedule starts.
pub(super) fn circle(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.contains("schedule") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let mut names = Names::default();
    for workflow in root.get("workflows").map(Value::entries).unwrap_or_default() {
        let Key::Named(name) = &workflow.key else { continue };
        for trigger in workflow.value.get("triggers").map(Value::items).unwrap_or_default() {
            let Some(entry) = trigger.entry("schedule") else { continue };
            let schedule = &entry.value;
            if !sheet.file.more(entry.line, gathered) {
                return;
            }
            let mut found = sheet.found(&mut names, name, entry.line);
            match schedule.get("cron").and_then(Value::text) {
                Some(text) if text.contains("<<") => sheet.computed(&mut found, text, gathered),
                Some(_) | None => {
                    let cron = schedule.get("cron");
                    sheet.schedule(&mut found, cron, ("UTC", Dialect::Vixie, "CircleCI"), gathered);
                }
            }
            if schedule.get("filters").and_then(|filters| filters.get("branches")).is_none() {
                let message = "CircleCI refuses a schedule without `filters.branches`";
                found.fall_short(Standing::Declared, message);
                let fix = "Add `filters: { branches: { only: main } }`.";
                sheet.file.say(("schedule-refused", Severity::Error, entry.line), message, fix, gathered);
            }
            sheet.file.add(found, gathered);
        }
    }
}

/// Adds the schedules of a pipeline of Azure.
pub(super) fn azure_pipelines(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    let text = sheet.file.text;
    let begins = |key: &str| text.lines().any(|line| line.starts_with(key));
    // Only such a pipeline has these at its top.
    let is_pipeline = ["pool:", "stages:", "jobs:", "steps:", "extends:"].iter().any(|key| begins(key));
    if !begins("schedules:") || !is_pipeline || !text.contains("cron") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let mut names = Names::default();
    for schedule in root.get("schedules").map(Value::items).unwrap_or_default() {
        let Some(cron) = schedule.entry("cron") else { continue };
        if !sheet.file.more(cron.line, gathered) {
            return;
        }
        let name = schedule.get("displayName").and_then(Value::text).unwrap_or("schedule");
        let mut found = sheet.found(&mut names, name, cron.line);
        if cron.value.text().is_some_and(|text| text.contains("${{")) {
            sheet.computed(&mut found, "${{ … }}", gathered);
        } else {
            sheet.schedule(
                &mut found,
                Some(&cron.value),
                ("UTC", Dialect::Vixie, "Azure Pipelines"),
                gathered,
            );
        }
        sheet.file.add(found, gathered);
    }
}

/// GitLab keeps its schedules in its settings: a file only says what runs then.
pub(super) fn gitlab(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    let mut lines = (1_u32..).zip(sheet.file.text.lines());
    let speaks = |text: &str| {
        let text = text.trim();
        !text.starts_with('#')
            && (text == "- schedules"
                || (text.contains("CI_PIPELINE_SOURCE") && text.contains("schedule") && text.contains("==")))
    };
    let Some((line, _)) = lines.find(|(_, text)| speaks(text)) else { return };
    let mut found = sheet.found(&mut Names::default(), "schedules", line);
    let message =
        "GitLab keeps the schedule in the settings of the project: this file only says what runs then";
    found.trigger("schedule");
    found.fall_short(Standing::Declared, message);
    let fix = "Look at Build > Pipeline schedules, and watch it by heartbeats.";
    sheet.file.say(("schedule-elsewhere", Severity::Note, line), message, fix, gathered);
    sheet.file.add(found, gathered);
}

impl Sheet<'_> {
    /// Says of a schedule that the platform computes it.
    fn computed(&self, found: &mut crate::contents::Found, what: &str, gathered: &mut Gathered) {
        let message = format!("its schedule is computed: {}", quote(what));
        found.trigger("schedule");
        found.fall_short(Standing::Declared, &message);
        let fix = "Write it out, or watch it by heartbeats.";
        self.file.say(("script-computed", Severity::Note, found.line), message, fix, gathered);
    }
}
