//! Configurations that somebody has run, because only that tells what they say.

use standin_core::automation::{Automation, Detail, Inventory, Known, Severity};
use standin_core::ownership;

use super::{Access, Configuration, Format, format_of};
use crate::Evaluated;
use crate::findings::{Gathered, finding};
use crate::js;
use crate::lines::{Lines, quote};
use crate::registry::Repository;
use crate::value::{Data, Value};

/// What a file says of itself that only running it would tell.
const COMPUTED: [&str; 5] =
    ["computed-app", "computed-apps", "computed-default", "computed-field", "pm2-no-export"];

/// The configurations of which running them would tell more than reading has told: paths, ordered.
pub fn computed(inventory: &Inventory) -> Vec<String> {
    let of_them = inventory.findings.iter().filter(|found| COMPUTED.contains(&found.rule.as_str()));
    // Of what Standin wrote no finding says that it reads the configurations of its primaries.
    let is_ours = |one: &&Automation| {
        let is_read = matches!(one.detail, Detail::Pm2App { known: Known::Read, .. });
        one.backup_of.is_some() && is_read
    };
    let ours = inventory.automations.iter().filter(is_ours).map(|one| one.source.path.clone());
    let mut paths: Vec<String> = of_them.map(|found| found.path.clone()).chain(ours).collect();
    paths.sort();
    paths.retain(|path| format_of(path.rsplit('/').next().unwrap_or(path)) == Some(Format::Script));
    paths.dedup();
    paths
}

/// What a file gave when it was run, if it was.
pub(super) fn instead(
    repository: &Repository<'_>,
    path: &str,
    text: &str,
    gathered: &mut Gathered,
) -> Option<Configuration> {
    let mut say = |rule: &str, severity, message: String, fix: &str| {
        gathered.find(finding(rule, severity, path, 1, message, fix));
    };
    let why = match repository.evaluated.get(path)? {
        Evaluated::Said(json) => match js::read_expression(json, &repository.absolute(path)) {
            Ok(value) => {
                let message =
                    "this file was run: it may say something else in another environment".to_owned();
                say("pm2-evaluated", Severity::Note, message, "Nothing, if PM2 is started in the same one.");
                return Some(Configuration {
                    owner: ownership::owner(text),
                    known: Known::Evaluated,
                    ..Configuration::new(placed(value, text), Access::Exported)
                });
            }
            Err(fault) => fault.message,
        },
        Evaluated::Failed(why) => why.clone(),
    };
    let fix = "Correct the file, or install what it needs: PM2 runs it, too.";
    say(
        "evaluate-failed",
        Severity::Error,
        format!("running this file came to nothing: {}", quote(&why)),
        fix,
    );
    None
}

/// The value with the lines of the file: each app stands where its name does.
fn placed(value: Value<'static>, text: &str) -> Value<'static> {
    let lines = Lines::new(text);
    let line_of = |app: &Value| {
        let name = app.get("name").and_then(Value::text).filter(|name| !name.is_empty())?;
        let quoted = ['\'', '"', '`'].iter().find_map(|quote| text.find(&format!("{quote}{name}{quote}")));
        quoted.map(|at| lines.at(at))
    };
    let apps = |list: &Value<'static>| -> Vec<Value<'static>> {
        let moved = list.items().iter().map(|app| app.clone().at_line(line_of(app).unwrap_or(1)));
        moved.collect()
    };
    let mut value = value.at_line(1);
    match &mut value.data {
        Data::List(_) => value.data = Data::List(apps(&value)),
        Data::Map(entries) => {
            for entry in entries.iter_mut().filter(|entry| matches!(entry.value.data, Data::List(_))) {
                entry.value.data = Data::List(apps(&entry.value));
            }
        }
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => {}
    }
    value
}
