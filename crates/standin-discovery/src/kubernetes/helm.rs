//! CronJobs in the templates of a Helm chart: the chart's own values tell the schedule where it is one of them.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::pipeline::{Known, Reading, known};
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
        let guards = ranges::conditions(file.text, *line);
        let range = ranges::around(file.text, *line);
        if let Some((range, values)) = range.as_ref().zip(values.as_ref())
            && let Some(keys) = range.keys(values)
        {
            for key in keys {
                if !file.more(*line, gathered) {
                    return;
                }
                let filled: Vec<(u32, String)> =
                    part.iter().map(|(line, text)| (*line, range.filled(text, &key))).collect();
                let written: Part<'_> = filled.iter().map(|(line, text)| (*line, text.as_str())).collect();
                let guards: Vec<(u32, String)> =
                    guards.iter().map(|(line, text)| (*line, range.filled(text, &key))).collect();
                let plain = || format!("{stem}-{}", range.name_of(values, &key));
                let name = own_name(&written).unwrap_or_else(plain);
                let mut found = Found::new(Kind::Kubernetes, names.unique(&quote(&name)), *line);
                one(file, (&written, &guards), Some(values), &mut found, gathered);
                file.add(found, gathered);
            }
            continue;
        }
        let name = own_name(&part).unwrap_or(stem);
        let mut found = Found::new(Kind::Kubernetes, names.unique(&quote(&name)), *line);
        one(file, (&part, &guards), values.as_ref(), &mut found, gathered);
        if chart.is_none() && found.state > Standing::Declared {
            let message = "this CronJob is written as a template, and no chart is around it: who fills it in is not known";
            found.fall_short(Standing::Declared, message);
            let fix = "Scan what comes out of it.";
            file.say(("kubernetes-template", Severity::Note, *line), message, fix, gathered);
        }
        file.add(found, gathered);
    }
}

fn one(
    file: &File<'_>,
    (part, guards): (&Part<'_>, &[(u32, String)]),
    values: Option<&Value>,
    found: &mut Found,
    gathered: &mut Gathered,
) {
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
    let line = written.map_or(found.line, |(line, _)| line);
    match (written.map(|(_, text)| known(text, values)), &zone) {
        (
            Some(Known::Text { text: cron, by_values }),
            None | Some(Known::Text { .. } | Known::Missing(_)),
        ) => {
            if by_values {
                let message = format!("its schedule is `{}` by the chart's own values", quote(&cron));
                let fix = "Nothing, if it is installed with them.";
                file.say(("kubernetes-by-default", Severity::Note, line), message, fix, gathered);
            }
            let zone = match &zone {
                Some(Known::Text { text: zone, .. }) if !zone.is_empty() => zone.as_str(),
                Some(_) | None => "UTC",
            };
            program::fields(file, found, (&cron, zone, Dialect::Robfig, line), "Kubernetes", gathered);
        }
        (Some(Known::Missing(path)), _) if values.is_some() => {
            let message = format!(
                "the chart's own values have no `{}`: whoever installs it gives its schedule",
                quote(&path)
            );
            let fix = "Give it a default in values.yaml.";
            file.say(("kubernetes-template", Severity::Note, line), message, fix, gathered);
        }
        (Some(_) | None, _) => {
            let message = "this CronJob is written as a template: its schedule is computed";
            let fix = "Run `helm template` and scan what it writes.";
            file.say(("kubernetes-template", Severity::Note, line), message, fix, gathered);
        }
    }
    switched_off(file, (part, guards), values, found, gathered);
}

/// `{{- if .Values.job.enabled }}` where the values say that it is not, and `suspend:`.
fn switched_off(
    file: &File<'_>,
    (part, guards): (&Part<'_>, &[(u32, String)]),
    values: Option<&Value>,
    found: &mut Found,
    gathered: &mut Gathered,
) {
    let fails = |(_, condition): &&(u32, String)| {
        values.is_some_and(|values| Reading::new(Some(values)).holds(condition) == Some(false))
    };
    if let Some((line, condition)) = guards.iter().find(fails) {
        let condition = condition.trim_matches(['{', '}']).trim();
        let message =
            format!("`{}` does not hold by the chart's own values: it is left out", quote(condition));
        found.fall_short(Standing::Loadable, &message);
        let fix = "Nothing, if that is meant.";
        return file.say(("kubernetes-switched-off", Severity::Note, *line), message, fix, gathered);
    }
    let suspend =
        part.iter().find_map(|(line, text)| Some((*line, text.trim().strip_prefix("suspend:")?.trim())));
    if let Some((line, text)) = suspend
        && matches!(known(text, values), Known::Text { text, .. } if text == "true")
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
