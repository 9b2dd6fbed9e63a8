//! The dump that `pm2 save` writes and `pm2 resurrect` reads: apps that no ecosystem file may have any more.

use std::collections::BTreeSet;

use standin_core::automation::{Automation, Detail, Known, ScheduleSpec, Severity, Source, Standing};
use standin_core::ident::{AutomationId, Kind};

use crate::cron;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::js;
use crate::lines::quote;
use crate::registry::Repository;
use crate::value::{Data, Value};
use crate::walk::{Entry, Nature};

/// Whether a file is a dump, or the one before it that PM2 keeps.
pub(crate) fn is_named(name: &str) -> bool {
    matches!(name, "dump.pm2" | "dump.pm2.bak")
}

/// Adds the apps of the dumps that nothing else has; called when all other files are read.
pub(super) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    let mut known: BTreeSet<AutomationId> =
        gathered.automations.iter().map(|one| one.id.clone()).filter(|id| id.kind() == Kind::Pm2).collect();
    for entry in
        repository.entries.iter().filter(|entry| is_named(entry.name()) && entry.nature == Nature::File)
    {
        let text = match files::read(repository.root, &entry.path) {
            Ok(text) => text,
            Err(problem) => {
                gathered.find(problem);
                continue;
            }
        };
        match js::read_expression(&text, &repository.absolute(&entry.path)) {
            Ok(apps) => {
                for app in apps.items() {
                    self::app(entry, app, &mut known, gathered);
                }
            }
            Err(fault) => {
                let fix = "Write it anew with `pm2 save`.";
                gathered.find(finding(
                    fault.rule,
                    Severity::Error,
                    &entry.path,
                    fault.line,
                    fault.message,
                    fix,
                ));
            }
        }
    }
}

fn app(entry: &Entry, app: &Value, known: &mut BTreeSet<AutomationId>, gathered: &mut Gathered) {
    let text = |name: &str| app.get(name).and_then(Value::text).unwrap_or_default();
    let Ok(id) = AutomationId::new(Kind::Pm2, text("name")) else { return };
    if !known.insert(id.clone()) {
        return;
    }
    let message =
        format!("only the dump has the app `{}`: no ecosystem file that was read does", quote(id.name()));
    let fix = "Add it to the ecosystem file, or delete it and `pm2 save`.";
    gathered.find(finding("pm2-only-in-dump", Severity::Warning, &entry.path, app.line, message, fix));
    let cron = text("cron_restart");
    let schedules: Vec<ScheduleSpec> = cron::check(cron, "local")
        .map(|_| ScheduleSpec { cron: cron.to_owned(), timezone: "local".to_owned() })
        .into_iter()
        .collect();
    let restarts = app.get("autorestart").is_none_or(|value| value.data != Data::Bool(false));
    let triggers = match (restarts, schedules.is_empty()) {
        (true, true) => vec!["always".to_owned()],
        (true, false) => vec!["always".to_owned(), "schedule".to_owned()],
        (false, true) => vec!["once".to_owned()],
        (false, false) => vec!["schedule".to_owned()],
    };
    gathered.automation(Automation {
        name: id.name().to_owned(),
        domain: Kind::Pm2.domain(),
        id,
        source: Source { path: entry.path.clone(), line: app.line },
        schedules,
        triggers,
        state: Standing::Loadable,
        reason: "only `pm2 resurrect` starts it, from this dump".to_owned(),
        detail: Detail::Pm2App {
            script: text("pm_exec_path").to_owned(),
            cwd: text("pm_cwd").to_owned(),
            interpreter: Some(text("exec_interpreter").to_owned()).filter(|name| !name.is_empty()),
            interpreter_args: Vec::new(),
            args: Vec::new(),
            env_names: Vec::new(),
            known: Known::Read,
        },
        backup_of: None,
    });
}
