//! What kustomize changes of CronJobs by the patches that a kustomization itself holds or names.

use standin_core::automation::Severity;

use crate::contents::File;
use crate::files;
use crate::findings::Gathered;
use crate::js;
use crate::lines::quote;
use crate::value::{Data, Value};
use crate::yaml;
use crate::yaml_stream;

/// Where a kustomization has its patches.
const PARTS: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];
/// Most patches of one kustomization that are looked at.
const MAX_PATCHES: usize = 1_000;

/// The names of a kustomization.
pub(super) fn is_named(name: &str) -> bool {
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Says what the patches of a kustomization change.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    // Whatever is wrong with it is not for here to say.
    let Some(Ok(root)) = yaml_stream::documents(file.text).into_iter().next() else { return };
    let patches = PARTS.iter().filter_map(|part| root.get(part)).flat_map(Value::items);
    for patch in patches.take(MAX_PATCHES) {
        let target = patch.get("target");
        let kind = target.and_then(|target| target.get("kind")).and_then(Value::text);
        if kind.is_some_and(|kind| !kind.contains("CronJob") && kind != ".*") {
            continue;
        }
        let name = target.and_then(|target| target.get("name")).and_then(Value::text);
        let written = patch.entry("patch").map(|entry| (entry.line, &entry.value));
        let own = if patch.text().is_some() { Some((patch.line, patch)) } else { written };
        if let Some((line, text)) = own.and_then(|(line, value)| Some((line, value.text()?))) {
            inline(file, (line, text), (kind, name), gathered);
        } else if let Some(path) = patch.get("path")
            && let Some(text) = path.text().and_then(|path| beside(file, path))
            && let Ok(document) = yaml::parse(&text)
        {
            // Parts of a CronJob in a file of their own are found there.
            for (_, message) in operations(&document.root, (kind, name)) {
                say(file, path.line, message, gathered);
            }
        }
    }
}

/// The text of a file that a kustomization names.
fn beside(file: &File<'_>, path: &str) -> Option<String> {
    let root = file.repository.root;
    let whole = js::resolve(&file.repository.absolute(file.folder()), path);
    let real = root.link(&whole)?;
    files::read(root, real.strip_prefix(root).ok()?.to_str()?).ok()
}

fn inline(
    file: &File<'_>,
    (line, text): (u32, &str),
    (kind, name): (Option<&str>, Option<&str>),
    gathered: &mut Gathered,
) {
    // A block begins on the line behind its key; a short one is on the same.
    let last = u32::try_from(file.text.lines().count()).unwrap_or(u32::MAX);
    let place = |own: u32| if text.contains('\n') { line.saturating_add(own).min(last) } else { line };
    for document in yaml_stream::documents(text).into_iter().flatten() {
        for (own, message) in operations(&document, (kind, name)) {
            say(file, place(own), message, gathered);
        }
        if document.get("kind").and_then(Value::text) == Some("CronJob") {
            let own =
                document.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::text);
            let messages = changes(document.get("spec"), name.or(own).unwrap_or("a CronJob"));
            messages.into_iter().for_each(|message| say(file, place(document.line), message, gathered));
        }
    }
}

/// What the operations of a JSON patch change, each with its line.
fn operations(patch: &Value, (kind, name): (Option<&str>, Option<&str>)) -> Vec<(u32, String)> {
    let name = name.unwrap_or("the CronJobs that the patch is for");
    let mut found = Vec::new();
    for operation in patch.items() {
        let path = operation.get("path").and_then(Value::text).unwrap_or_default();
        let Some(key) = path.strip_prefix("/spec/") else { continue };
        let value = operation.get("value");
        let message = match operation.get("op").and_then(Value::text) {
            Some("remove") if matches!(key, "suspend" | "timeZone" | "schedule") => {
                Some(format!("kustomize takes `{key}` of `{}` away here", quote(name)))
            }
            // Jobs can be suspended, too.
            Some("replace" | "add") if kind.is_some() || key != "suspend" => {
                value.and_then(|value| change(key, value, name))
            }
            Some(_) | None => None,
        };
        found.extend(message.map(|message| (operation.line, message)));
    }
    found
}

/// What a part of a CronJob changes of the CronJob that it is put into.
pub(super) fn changes(spec: Option<&Value>, name: &str) -> Vec<String> {
    let change = |key: &&str| change(key, spec?.get(key)?, name);
    ["schedule", "timeZone", "suspend"].iter().filter_map(change).collect()
}

fn change(key: &str, value: &Value, name: &str) -> Option<String> {
    let name = quote(name);
    match (key, &value.data) {
        ("schedule", Data::Text(text)) => {
            Some(format!("kustomize gives `{name}` another schedule here: `{}`", quote(text)))
        }
        ("timeZone", Data::Text(text)) => {
            Some(format!("kustomize gives `{name}` another time zone here: `{}`", quote(text)))
        }
        ("suspend", Data::Bool(true)) => Some(format!("kustomize suspends `{name}` here")),
        ("suspend", Data::Bool(false)) => Some(format!("kustomize lets `{name}` run here: `suspend: false`")),
        _ => None,
    }
}

pub(super) fn say(file: &File<'_>, line: u32, message: String, gathered: &mut Gathered) {
    file.say(("kubernetes-patch", Severity::Note, line), message, "Nothing.", gathered);
}
