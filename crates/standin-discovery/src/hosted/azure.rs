//! Timer triggers of Azure Functions, in `function.json`.

use standin_core::automation::{Severity, Standing};

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::scripts::dialect::Dialect;
use crate::scripts::program::{self, When};
use crate::value::{Data, Value};

/// Adds the timer of a function.
pub(super) fn function(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.to_ascii_lowercase().contains("timertrigger") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let is_timer = |binding: &&Value| {
        binding
            .get("type")
            .and_then(Value::text)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("timerTrigger"))
    };
    let Some(binding) = root.get("bindings").map(Value::items).unwrap_or_default().iter().find(is_timer)
    else {
        return;
    };
    let entry = binding.entry("schedule");
    let line = entry.map_or(binding.line, |entry| entry.line);
    let folder = sheet.file.folder();
    let name = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("function");
    let mut found = sheet.found(&mut Names::default(), name, line);
    match entry.and_then(|entry| entry.value.text()) {
        // The setting of this name is not in the repository.
        Some(text) if text.contains('%') => {
            program::apply(sheet.file, &mut found, When::Computed, "the function's settings", gathered);
        }
        Some(text) => {
            program::fields(
                sheet.file,
                &mut found,
                (text, "UTC", Dialect::Ncrontab, line),
                "Azure",
                gathered,
            );
        }
        None => sheet.refuse(&mut found, line, "Azure wants a `schedule` here", gathered),
    }
    if let Some(disabled) = root.get("disabled")
        && disabled.data == Data::Bool(true)
    {
        let message = "it is disabled";
        found.fall_short(Standing::Loadable, message);
        sheet.file.say(
            ("schedule-disabled", Severity::Warning, disabled.line),
            message,
            "Enable it, or delete it.",
            gathered,
        );
    }
    sheet.file.add(found, gathered);
}
