//! CronJobs in the templates of a Helm chart: the chart's own values tell the schedule where it is one of them.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::ranges;
use crate::contents::{File, Found, Names, name_and_ending};
use crate::files;
use crate::findings::Gathered;
use crate::lines::quote;
use crate::scripts::dialect::Dialect;
use crate::scripts::program;
use crate::value::{Data, Value};
use crate::yaml;

/// A part of a file between two `---`, with the number of each line.
type Part<'t> = Vec<(u32, &'t str)>;

/// Adds the CronJobs of a template.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let chart = chart(file);
    let values = chart.as_deref().and_then(|folder| values(file, folder));
    let mut names = Names::default();
    for part in parts(file.text) {
        let kind = part.iter().find(|(_, text)| is_cron_job(text));
        let Some((line, _)) = kind else { continue };
        if !file.more(*line, gathered) {
            return;
        }
        let (stem, _) = name_and_ending(file.path);
        let stem = stem.split('.').next().unwrap_or(&stem).to_owned();
        let range = ranges::around(file.text, *line);
        if let Some((range, values)) = range.as_ref().zip(values.as_ref())
            && let Some(keys) = range.keys(values)
        {
            for key in keys {
                if !file.more(*line, gathered) {
                    return;
                }
                let written = range.written(&part, &key);
                let written: Part<'_> = written.iter().map(|(line, text)| (*line, text.as_str())).collect();
                let plain = || format!("{stem}-{}", range.name_of(values, &key));
                let name = own_name(&written).unwrap_or_else(plain);
                let mut found = Found::new(Kind::Kubernetes, names.unique(&quote(&name)), *line);
                one(file, &written, Some(values), &mut found, gathered);
                file.add(found, gathered);
            }
            continue;
        }
        let name = own_name(&part).unwrap_or(stem);
        let mut found = Found::new(Kind::Kubernetes, names.unique(&quote(&name)), *line);
        one(file, &part, values.as_ref(), &mut found, gathered);
        if chart.is_none() && found.state > Standing::Declared {
            let message = "this CronJob is written as a template, and no chart is around it: who fills it in is not known";
            found.fall_short(Standing::Declared, message);
            let fix = "Scan what comes out of it.";
            file.say(("kubernetes-template", Severity::Note, *line), message, fix, gathered);
        }
        file.add(found, gathered);
    }
}

fn one(file: &File<'_>, part: &Part<'_>, values: Option<&Value>, found: &mut Found, gathered: &mut Gathered) {
    found.trigger("schedule");
    let is_current =
        part.iter().any(|(_, text)| text.trim() == "apiVersion: batch/v1" || text.contains("apiVersion: {{"));
    let old = part.iter().find(|(_, text)| text.trim() == "apiVersion: batch/v1beta1");
    if let (false, Some((line, _))) = (is_current, old) {
        let message = "Kubernetes 1.25 and newer no longer know batch/v1beta1";
        found.fall_short(Standing::Declared, message);
        let fix = "Write `apiVersion: batch/v1`.";
        file.say(("kubernetes-removed-api", Severity::Error, *line), message, fix, gathered);
    }
    let written =
        part.iter().find_map(|(line, text)| Some((*line, text.trim().strip_prefix("schedule:")?.trim())));
    let zone = part.iter().find_map(|(_, text)| text.trim().strip_prefix("timeZone:"));
    let zone = zone.map(|zone| known(zone.trim(), values));
    match (written.map(|(line, text)| (line, known(text, values))), &zone) {
        (Some((line, Known::Text(cron, from))), None | Some(Known::Text(..))) => {
            if from == From::Values {
                let message = format!("its schedule is `{}` by the chart's own values", quote(&cron));
                let fix = "Nothing, if it is installed with them.";
                file.say(("kubernetes-by-default", Severity::Note, line), message, fix, gathered);
            }
            let zone = match &zone {
                Some(Known::Text(zone, _)) if !zone.is_empty() => zone.as_str(),
                Some(_) | None => "UTC",
            };
            program::fields(file, found, (&cron, zone, Dialect::Robfig, line), "Kubernetes", gathered);
        }
        (written, _) => {
            let line = written.map_or(found.line, |(line, _)| line);
            let message = "this CronJob is written as a template: its schedule is computed";
            found.fall_short(Standing::Declared, message);
            let fix = "Run `helm template` and scan what it writes.";
            file.say(("kubernetes-template", Severity::Note, line), message, fix, gathered);
        }
    }
    switched_off(file, part, values, found, gathered);
}

/// `{{- if .Values.job.enabled }}` where the values say that it is not, and `suspend:`.
fn switched_off(
    file: &File<'_>,
    part: &Part<'_>,
    values: Option<&Value>,
    found: &mut Found,
    gathered: &mut Gathered,
) {
    let kind = part.iter().position(|(_, text)| is_cron_job(text)).unwrap_or(0);
    let guard = part.iter().take(kind).find_map(|(line, text)| {
        let text = text.trim().trim_start_matches("{{").trim_start_matches('-').trim();
        let text = text.trim_end_matches("}}").trim_end_matches('-').trim();
        let is_not_false = text.strip_prefix("if ne .Values.").and_then(|rest| rest.strip_suffix(" false"));
        let path = text.strip_prefix("if .Values.").or(is_not_false)?.trim();
        let value = value_at(values?, path)?;
        (value.data == Data::Bool(false)).then(|| (*line, path.to_owned()))
    });
    if let Some((line, path)) = guard {
        let message = format!("`{}` is false in the chart's own values: it is left out", quote(&path));
        found.fall_short(Standing::Loadable, &message);
        let fix = "Nothing, if that is meant.";
        return file.say(("kubernetes-switched-off", Severity::Note, line), message, fix, gathered);
    }
    let suspend =
        part.iter().find_map(|(line, text)| Some((*line, text.trim().strip_prefix("suspend:")?.trim())));
    if let Some((line, text)) = suspend
        && matches!(known(text, values), Known::Text(text, _) if text == "true")
    {
        let message = "it is suspended";
        found.fall_short(Standing::Loadable, message);
        let fix = "Set `suspend: false` to let it run.";
        file.say(("kubernetes-suspended", Severity::Warning, line), message, fix, gathered);
    }
}

fn is_cron_job(text: &str) -> bool {
    text.trim().strip_prefix("kind:").is_some_and(|kind| kind.trim().trim_matches(['"', '\'']) == "CronJob")
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = vec![Vec::new()];
    for (line, text) in (1_u32..).zip(text.lines()) {
        if text.trim_end() == "---" {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push((line, text));
        }
    }
    parts
}

/// The name behind `metadata:`, if it is spelled out.
fn own_name(part: &Part<'_>) -> Option<String> {
    let behind = part.iter().skip_while(|(_, text)| text.trim_end() != "metadata:");
    let name = behind.take(6).find_map(|(_, text)| text.trim().strip_prefix("name:"))?;
    let name = name.trim().trim_matches(['"', '\'']);
    (!name.contains("{{") && !name.is_empty()).then(|| name.to_owned())
}

/// Where a text of a template is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Template,
    Values,
}

/// What a value of a template comes to.
enum Known {
    Text(String, From),
    Computed,
}

/// A text, or `{{ .Values.a.b | quote }}` and `{{ .Values.a.b | default "x" }}`.
fn known(text: &str, values: Option<&Value>) -> Known {
    let plain = text.split(" #").next().unwrap_or(text).trim().trim_matches(['"', '\'']);
    if !plain.contains("{{") {
        return Known::Text(plain.to_owned(), From::Template);
    }
    let inner = plain.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let Some(inner) = inner.map(|inner| inner.trim_matches('-').trim()) else { return Known::Computed };
    let mut steps = inner.split('|').map(str::trim);
    let first = steps.next().unwrap_or_default();
    let path = first.strip_prefix("quote ").unwrap_or(first).trim();
    let Some(path) = path.strip_prefix(".Values.").or(path.strip_prefix("$.Values.")) else {
        return Known::Computed;
    };
    let mut found = values.and_then(|values| value_at(values, path)).and_then(Value::scalar);
    for step in steps {
        match step.split_once(' ') {
            Some(("default", other)) => {
                found = found.or_else(|| Some(other.trim().trim_matches('"').to_owned()));
            }
            Some(("trunc", _)) | None => {}
            Some(_) => return Known::Computed,
        }
    }
    found.map_or(Known::Computed, |text| Known::Text(text, From::Values))
}

/// What stands at a path; a number is a place of a list.
pub(super) fn value_at<'v, 'a>(values: &'v Value<'a>, path: &str) -> Option<&'v Value<'a>> {
    path.split('.').try_fold(values, |value, key| match value.data {
        Data::List(_) => value.items().get(key.parse::<usize>().ok()?),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) | Data::Computed(_) => {
            value.get(key)
        }
    })
}

/// The folder of the chart that a file is in, with a `/` behind it unless it is the root.
fn chart(file: &File<'_>) -> Option<String> {
    let mut folder = file.folder();
    // Each turn goes one folder up.
    loop {
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let wanted = format!("{below}Chart.yaml");
        if file.repository.entries.iter().any(|entry| entry.path == wanted) {
            return Some(below);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
    }
}

/// The values of a chart.
fn values(file: &File<'_>, chart: &str) -> Option<Value<'static>> {
    let text = files::read(file.repository.root, &format!("{chart}values.yaml")).ok()?;
    yaml::parse(&text).ok().map(|document| document.root.into_owned())
}
