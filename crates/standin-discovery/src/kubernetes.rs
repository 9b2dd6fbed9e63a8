//! CronJobs of Kubernetes manifests.

use standin_core::automation::{ScheduleSpec, Severity, Standing};
use standin_core::ident::Kind;

use crate::contents::{Claim, File, Found, Named, is_aside, name_and_ending};
use crate::cron;
use crate::findings::Gathered;
use crate::lines::quote;
use crate::value::{Data, Value};
use crate::{js, steps, yaml_stream};

mod helm;
mod kustomize;
mod pipeline;
mod ranges;

#[cfg(test)]
mod tests;

/// Longest name of a CronJob: its jobs add eleven characters to it.
const MAX_NAME: usize = 52;

pub(crate) fn claim(path: &str) -> Claim {
    if is_aside(path) {
        return Claim::No;
    }
    match name_and_ending(path).1.as_str() {
        "yml" | "yaml" | "json" => Claim::Content,
        _ if kustomize::is_named(path.rsplit('/').next().unwrap_or(path)) => Claim::Content,
        _ => Claim::No,
    }
}

/// Adds the CronJobs of a file.
pub(crate) fn read(file: &File<'_>, gathered: &mut Gathered) {
    if kustomize::is_named(file.path.rsplit('/').next().unwrap_or(file.path)) {
        return kustomize::read(file, gathered);
    }
    if !file.text.contains("CronJob") {
        return;
    }
    if file.text.contains("{{") {
        return helm::read(file, gathered);
    }
    if file.path.ends_with(".json") {
        if let Ok(value) = js::read_expression(file.text, &file.repository.absolute(file.path)) {
            objects(file, &value, gathered);
        }
        return;
    }
    for document in yaml_stream::documents(file.text) {
        match document {
            Ok(value) => objects(file, &value, gathered),
            Err(fault) if file.text.lines().any(|line| line.trim_end() == "kind: CronJob") => {
                let fix = "Correct the file at this line.";
                file.say((fault.rule, Severity::Error, fault.line), fault.message, fix, gathered);
            }
            // It may be anything that speaks of CronJobs.
            Err(_) => {}
        }
    }
}

/// An object, or a list of them.
fn objects(file: &File<'_>, value: &Value, gathered: &mut Gathered) {
    match value.get("kind").and_then(Value::text) {
        Some("CronJob") => cron_job(file, value, gathered),
        Some("List") => {
            for item in value.get("items").map(Value::items).unwrap_or_default() {
                if item.get("kind").and_then(Value::text) == Some("CronJob") {
                    cron_job(file, item, gathered);
                }
            }
        }
        Some(_) | None => {}
    }
}

fn cron_job(file: &File<'_>, object: &Value, gathered: &mut Gathered) {
    let line = object.entry("kind").map_or(object.line, |entry| entry.line);
    if !file.more(line, gathered) {
        return;
    }
    let spec = object.get("spec");
    let metadata = object.get("metadata");
    let name = metadata.and_then(|m| m.get("name").or_else(|| m.get("generateName"))).and_then(Value::scalar);
    let has_part = |key: &str| spec.is_some_and(|spec| spec.get(key).is_some());
    if is_patch(file) && !(has_part("jobTemplate") && has_part("schedule")) {
        let changes = kustomize::changes(spec, name.as_deref().unwrap_or("a CronJob"));
        if !changes.is_empty() {
            return changes.into_iter().for_each(|message| kustomize::say(file, line, message, gathered));
        }
        let message = "this is a part of a CronJob that kustomize puts into another: it was left out";
        return file.say(("kubernetes-patch", Severity::Note, line), message, "Nothing.", gathered);
    }
    let namespace = metadata.and_then(|m| m.get("namespace")).and_then(Value::text);
    let shown = name.clone().unwrap_or_else(|| "unnamed".to_owned());
    let full = namespace.map_or_else(|| shown.clone(), |namespace| format!("{namespace}/{shown}"));
    let mut found = Found::new(Kind::Kubernetes, full, line);
    found.named = Named::ByItself;
    found.trigger("schedule");
    let mut refuse = |found: &mut Found, (rule, line): (&str, u32), message: &str, fix: &str| {
        found.fall_short(Standing::Declared, message);
        file.say((rule, Severity::Error, line), message, fix, gathered);
    };
    version(object, &mut found, &mut refuse);
    match &name {
        None => {
            refuse(&mut found, ("kubernetes-invalid", line), "it has no `metadata.name`", "Give it a name.")
        }
        Some(name) if name.len() > MAX_NAME => {
            let message =
                format!("its name has {} characters, and a CronJob's has at most {MAX_NAME}", name.len());
            refuse(&mut found, ("kubernetes-invalid", line), &message, "Shorten the name.");
        }
        Some(_) => {}
    }
    template_of(spec, line, &mut found, &mut refuse);
    schedule(file, spec, &mut found, gathered);
    if let Some(suspend) = spec.and_then(|spec| spec.get("suspend"))
        && suspend.data == Data::Bool(true)
    {
        let message = "it is suspended";
        found.fall_short(Standing::Loadable, message);
        let fix = "Set `suspend: false` to let it run.";
        file.say(("kubernetes-suspended", Severity::Warning, suspend.line), message, fix, gathered);
    }
    file.add(found, gathered);
}

/// Whether kustomize works on the folder of a file, or on one that it is in.
fn is_patch(file: &File<'_>) -> bool {
    let is_above = |folder: &str| {
        folder.is_empty() || file.folder() == folder || file.folder().starts_with(&format!("{folder}/"))
    };
    file.repository.entries.iter().any(|entry| kustomize::is_named(entry.name()) && is_above(entry.folder()))
}

/// Says what keeps the API server from taking an object: the rule and line, the message, the fix.
type Refuse<'r> = dyn FnMut(&mut Found, (&str, u32), &str, &str) + 'r;

fn version(object: &Value, found: &mut Found, refuse: &mut Refuse<'_>) {
    let entry = object.entry("apiVersion");
    let line = entry.map_or(found.line, |entry| entry.line);
    match entry.and_then(|entry| entry.value.text()) {
        Some("batch/v1") => {}
        Some(old @ ("batch/v1beta1" | "batch/v2alpha1")) => {
            let message = format!("Kubernetes 1.25 and newer no longer know {old}");
            refuse(found, ("kubernetes-removed-api", line), &message, "Write `apiVersion: batch/v1`.");
        }
        other => {
            let message =
                format!("there is no CronJob in `{}`", quote(other.unwrap_or("an API that is not named")));
            refuse(found, ("kubernetes-invalid", line), &message, "Write `apiVersion: batch/v1`.");
        }
    }
}

/// The pod that it starts: without one, or with a policy that jobs do not have, the API server refuses it.
fn template_of(spec: Option<&Value>, line: u32, found: &mut Found, refuse: &mut Refuse<'_>) {
    let pod = ["jobTemplate", "spec", "template", "spec"]
        .iter()
        .try_fold(spec, |value, key| Some(value.and_then(|value| value.get(key))))
        .flatten();
    let Some(pod) = pod else {
        let message = "it has no `spec.jobTemplate.spec.template.spec`";
        return refuse(found, ("kubernetes-invalid", line), message, "Add the pod that it is to start.");
    };
    let policy = pod.get("restartPolicy");
    if !matches!(policy.and_then(Value::text), Some("OnFailure" | "Never")) {
        let line = policy.map_or(pod.line, |policy| policy.line);
        let message = "a job's `restartPolicy` is OnFailure or Never, and the default is neither";
        refuse(found, ("kubernetes-invalid", line), message, "Write `restartPolicy: OnFailure`.");
    }
    if pod.get("containers").is_none_or(|containers| containers.items().is_empty()) {
        refuse(found, ("kubernetes-invalid", pod.line), "its pod has no containers", "Add `containers`.");
    }
}

fn schedule(file: &File<'_>, spec: Option<&Value>, found: &mut Found, gathered: &mut Gathered) {
    let Some(value) = spec.and_then(|spec| spec.get("schedule")) else {
        let message = "it has no `spec.schedule`";
        found.fall_short(Standing::Declared, message);
        let fix = "Write `schedule: \"0 3 * * *\"`.";
        return file.say(("kubernetes-invalid", Severity::Error, found.line), message, fix, gathered);
    };
    let zone = spec.and_then(|spec| spec.get("timeZone")).and_then(Value::text).unwrap_or("UTC");
    let text = value.text().unwrap_or_default();
    let (rule, message) = if text.contains("TZ=") {
        ("kubernetes-zone", "Kubernetes refuses a zone within `schedule`".to_owned())
    } else if text.starts_with("@every ") {
        found.trigger(quote(text));
        ("schedule-beyond-cron", format!("`{}` has no equal among five cron fields", quote(text)))
    } else {
        // Its own reader takes ? for *.
        let cron = text.split_ascii_whitespace().map(|f| if f == "?" { "*" } else { f }).collect::<Vec<_>>();
        match cron::check(&cron.join(" "), zone) {
            Ok(_) => {
                let said = steps::too_large(text, file.path, value.line);
                said.into_iter().for_each(|one| gathered.find(one));
                found.schedules.push(ScheduleSpec { cron: cron.join(" "), timezone: zone.to_owned() });
                return;
            }
            Err(flaw) => (flaw.rule, flaw.message),
        }
    };
    let (state, severity) = match rule {
        "schedule-beyond-cron" => (Standing::Effective, Severity::Note),
        "cron-never-fires" => (Standing::Loadable, Severity::Error),
        _ => (Standing::Declared, Severity::Error),
    };
    found.fall_short(state, &message);
    let fix = "Write five fields in `schedule`, and the zone in `timeZone`.";
    file.say((rule, severity, value.line), message, fix, gathered);
}
