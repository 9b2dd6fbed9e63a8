//! Files with apps under names that PM2 does not recognise, and files that another configuration reads.

use std::collections::BTreeSet;

use standin_core::automation::Severity;
use standin_core::ident::AutomationId;

use super::{Access, Configuration, Format, Source, apps, has_apps, has_computed_apps, parse};
use crate::contents::is_aside;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::js;
use crate::registry::Repository;
use crate::toml_file;
use crate::walk::{Entry, Nature};

/// Words in a name by which people mean PM2.
const WORDS: [&str; 3] = ["ecosystem", "pm2", "process"];

/// Endings of scripts. PM2 starts a file of any of these by itself.
const SCRIPTS: [&str; 6] = ["js", "cjs", "mjs", "ts", "cts", "mts"];

/// Most files that are searched for who loads another one.
const MAX_LOADERS: usize = 2_000;

/// A file with apps that PM2 would start as a script; `None` where it is something else.
pub(super) fn wrongly(repository: &Repository<'_>, entry: &Entry) -> Option<Source> {
    let name = entry.name().to_ascii_lowercase();
    let (stem, ending) = name.rsplit_once('.')?;
    let is_meant = WORDS.iter().any(|word| stem.contains(word));
    let is_script = SCRIPTS.contains(&ending);
    if !is_meant || !(is_script || ending == "toml") || entry.nature == Nature::Other {
        return None;
    }
    let path = entry.path.as_str();
    let text = files::read(repository.root, path).ok()?;
    if !text.contains("apps") || !text.contains("script") {
        return None;
    }
    let trail = js::Trail::new();
    let configuration = if is_script {
        parse(repository.root, path, Format::Script, &text, &trail).ok()?
    } else {
        Configuration::new(toml_file::parse(&text).ok()?, Access::Exported)
    };
    // It may be a script that is meant to be run, so only one with apps is worth a word; and no program of its own.
    let value = &configuration.value;
    let has_any = has_apps(value) || value.get("apps").is_some() && has_computed_apps(value, &text);
    if !has_any || starts_pm2(&text) || is_loaded(repository, entry) {
        return None;
    }
    let mut source = Source { access: Access::WrongName, reads: trail.into_read(), ..Source::new(path) };
    let message = "PM2 starts a file of this name as a script and does not read its apps";
    let fix = rename(repository, entry, configuration.access);
    source.gathered.find(finding("pm2-file-name", Severity::Error, path, 1, message, fix));
    let configuration = Configuration { access: Access::WrongName, ..configuration };
    apps::read(repository, entry, &configuration, &mut source.gathered);
    Some(source)
}

/// The name that PM2 would recognise: `pm2.js` is meant for `pm2.config.js`, `ecosystem.config.dev.js` for
/// `ecosystem.dev.config.js`, `pm2_config.cjs` for `pm2.config.cjs`.
fn rename(repository: &Repository<'_>, entry: &Entry, access: Access) -> String {
    let (stem, ending) = entry.name().rsplit_once('.').unwrap_or((entry.name(), "js"));
    let stem = stem.replacen(".config", "", 1);
    let stem = ["_config", "-config", ".conf"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(&stem);
    let is_plain = matches!(ending, "js" | "cjs" | "mjs") && access == Access::Exported;
    let name = if is_plain { format!("{stem}.config.{ending}") } else { format!("{stem}.config.cjs") };
    let folder = entry.folder();
    let target = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
    let is_taken = repository.entries.iter().any(|other| other.path == target);
    match (is_plain, is_taken) {
        (_, true) => format!("Put its apps into {name}, or give it another name that ends like that one."),
        (true, false) => format!("Rename it to {name}."),
        (false, false) => format!("Write it in JavaScript, as {name}."),
    }
}

/// Whether a program hands its apps to PM2 itself.
fn starts_pm2(text: &str) -> bool {
    ["require('pm2')", "require(\"pm2\")", "from 'pm2'", "from \"pm2\""]
        .iter()
        .any(|form| text.contains(form))
}

/// Whether another file of the repository names this one as a module.
fn is_loaded(repository: &Repository<'_>, entry: &Entry) -> bool {
    let name = entry.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let forms: Vec<String> = [name, stem]
        .iter()
        .flat_map(|name| ['\'', '"', '`'].map(|quote| format!("/{name}{quote}")))
        .collect();
    let is_code = |other: &&Entry| {
        let ending = other.name().rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_code = SCRIPTS.contains(&ending) || matches!(ending, "tsx" | "jsx");
        is_code && other.nature == Nature::File && other.path != entry.path && !is_aside(&other.path)
    };
    repository.entries.iter().filter(is_code).take(MAX_LOADERS).any(|other| {
        let text = files::read(repository.root, &other.path).unwrap_or_default();
        text.lines().any(|line| {
            ["import", "require", "from"].iter().any(|word| line.contains(word))
                && forms.iter().any(|form| line.contains(form))
        })
    })
}

/// Hands over what each file gives. An app that a file hands on from another one is the first one's: the other holds
/// its data, and PM2 is not given it.
pub(super) fn keep(sources: Vec<Source>, gathered: &mut Gathered) {
    let known: Vec<(String, BTreeSet<String>, BTreeSet<AutomationId>)> = sources
        .iter()
        .filter(|source| source.access != Access::WrongName)
        .map(|source| {
            let ids = source.gathered.automations.iter().map(|one| one.id.clone()).collect();
            (source.path.clone(), source.reads.clone(), ids)
        })
        .collect();
    for mut source in sources {
        let reads =
            |path: &str, other: &str| known.iter().any(|(p, reads, _)| p == path && reads.contains(other));
        // Of two that read each other neither is the other's data.
        let readers: Vec<&BTreeSet<AutomationId>> = known
            .iter()
            .filter(|(path, read, _)| {
                *path != source.path && read.contains(&source.path) && !reads(&source.path, path)
            })
            .map(|(_, _, ids)| ids)
            .collect();
        let had = source.gathered.automations.len();
        source.gathered.automations.retain(|one| !readers.iter().any(|ids| ids.contains(&one.id)));
        let is_all_told = had > 0 && source.gathered.automations.is_empty();
        let is_module = source.access == Access::WrongName && !readers.is_empty();
        if !is_all_told && !is_module {
            gathered.take_in(source.gathered);
        }
    }
}
