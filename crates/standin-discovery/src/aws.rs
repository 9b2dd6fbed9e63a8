//! Schedules of AWS: SAM and CloudFormation templates, and the Serverless Framework.

use standin_core::automation::{ScheduleSpec, Severity, Standing};

use crate::asked::There;
use crate::contents::{Claim, File, Found, is_aside, name_and_ending};
use crate::findings::Gathered;
use crate::lines::quote;
use crate::value::Value;
use crate::{cron, js, yaml};

pub(crate) mod cdk;
pub(crate) mod expression;
mod intrinsic;
mod serverless;
mod template;

#[cfg(test)]
mod tests;

use expression::Meaning;

pub(crate) fn claim(path: &str) -> Claim {
    if is_aside(path) {
        return Claim::No;
    }
    match name_and_ending(path).1.as_str() {
        "yml" | "yaml" | "json" | "template" => Claim::Content,
        _ if is_program(path) => Claim::Content,
        _ => Claim::No,
    }
}

/// Whether it is a service that is written as a program.
fn is_program(path: &str) -> bool {
    let (name, _) = name_and_ending(path);
    ["js", "mjs", "cjs", "ts"].iter().any(|ending| name == format!("serverless.{ending}"))
}

/// Adds the schedules of a template.
pub(crate) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let (name, ending) = name_and_ending(file.path);
    let is_serverless = name.starts_with("serverless.");
    let is_template = file.text.contains("Resources")
        && ["AWS::Serverless::", "AWS::Events::Rule", "AWS::Scheduler::Schedule"]
            .iter()
            .any(|kind| file.text.contains(kind));
    if is_program(file.path) {
        return serverless::program(file, gathered);
    }
    if !is_serverless && !is_template {
        return;
    }
    let is_json = ending == "json" || file.text.trim_start().starts_with('{');
    let parsed = if is_json {
        js::read_expression(file.text, &file.repository.absolute(file.path))
            .map_err(|fault| (fault.rule, fault.line, fault.message))
    } else {
        yaml::parse(file.text)
            .map(|document| document.root)
            .map_err(|fault| (fault.rule, fault.line, fault.message))
    };
    match parsed {
        Ok(root) if is_serverless => serverless::read(file, &root, gathered),
        Ok(root) => template::read(file, &root, gathered),
        Err((rule, line, message)) => {
            let fix = "Correct the file at this line.";
            file.say((rule, Severity::Error, line), message, fix, gathered);
        }
    }
}

/// Who reads an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// EventBridge rules: UTC, and picky about `minute` and `minutes`.
    Rule,
    /// EventBridge Scheduler: a zone, and `at(…)`.
    Scheduler,
}

/// Gives an automation the schedule of an expression, or says why it has none.
pub(crate) fn schedule(
    file: &File<'_>,
    found: &mut Found,
    (text, zone, line): (&str, &str, u32),
    service: Service,
    gathered: &mut Gathered,
) {
    found.trigger("schedule");
    let fix = "Write cron(minute hour day month weekday year) with one ?, or rate(5 minutes).";
    match expression::translate(text, service) {
        Meaning::Cron(fields) => match cron::check(&fields, zone) {
            Ok(_) => found.schedules.push(ScheduleSpec { cron: fields, timezone: zone.to_owned() }),
            Err(flaw) => {
                let never = flaw.rule == "cron-never-fires";
                let message = format!("{}: {}", quote(text), flaw.message);
                found.fall_short(if never { Standing::Loadable } else { Standing::Declared }, &message);
                file.say((flaw.rule, Severity::Error, line), message, fix, gathered);
            }
        },
        Meaning::Beyond(why) => {
            found.trigger(quote(text));
            let message = format!("{} has no equal among five cron fields: {why}", quote(text));
            let fix = "Watch it by heartbeats, or give it a schedule in standin.toml.";
            file.say(("schedule-beyond-cron", Severity::Note, line), message, fix, gathered);
        }
        Meaning::Wrong(why) => {
            let message = format!("AWS refuses {}: {why}", quote(text));
            found.fall_short(Standing::Declared, &message);
            file.say(("aws-expression", Severity::Error, line), message, fix, gathered);
        }
    }
}

/// Says that a value is known only when the template is deployed. It fires all the same.
pub(crate) fn computed(file: &File<'_>, found: &mut Found, line: u32, what: &str, gathered: &mut Gathered) {
    found.trigger("schedule");
    let message = format!("its schedule is computed: {what}");
    let fix = "Write it out, so that it can be read without deploying it, or give the parameter a default.";
    file.say(("aws-computed", Severity::Note, line), message, fix, gathered);
}

/// Whether something of this name is the folder or the file that holds a function, of any language.
fn has_handler(file: &File<'_>, folder: &str, module: &str) -> bool {
    let root = file.repository.root;
    let home = file.repository.absolute(file.folder()).join(folder);
    let whole = home.join(module);
    let Some(stem) = whole.file_name().map(|name| name.to_string_lossy().into_owned()) else { return true };
    ["js", "mjs", "cjs", "ts", "mts", "cts", "py", "rb", "go", "tsx"]
        .iter()
        .any(|ending| root.kind(&whole.with_file_name(format!("{stem}.{ending}"))) == There::File)
        || root.kind(&whole) == There::Folder
}

/// Says of a handler that it is not there, where that can be known.
fn handler(
    file: &File<'_>,
    found: &mut Found,
    (folder, handler, line): (&str, &str, u32),
    gathered: &mut Gathered,
) {
    let is_local = !folder.contains("://") && !folder.contains("${") && !handler.contains("${");
    let built = ["dist", "build", ".build", "out", ".aws-sam"]
        .iter()
        .any(|name| folder.split('/').chain(handler.split('/')).any(|part| part == *name));
    let Some((module, _)) = handler.rsplit_once('.') else { return };
    // Java names classes with dots and colons.
    if !is_local || built || handler.contains("::") || folder.ends_with(".zip") || folder.ends_with(".jar") {
        return;
    }
    if !has_handler(file, folder, module) {
        let message = format!("the handler {} is in no file of {}", quote(handler), quote(folder));
        found.fall_short(Standing::Loadable, &message);
        let fix = "Correct the handler or its folder.";
        file.say(("aws-no-handler", Severity::Error, line), message, fix, gathered);
    }
}

/// The text of a value that is spelled out.
fn plain<'v>(value: Option<&'v Value<'_>>) -> Option<&'v str> {
    value.and_then(Value::text)
}
