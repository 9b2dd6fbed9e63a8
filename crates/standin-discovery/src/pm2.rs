//! Apps of PM2's ecosystem files: JavaScript, JSON and YAML.

use standin_core::automation::{Finding, Known, Severity};
use standin_core::ownership::{self, Owner};

use crate::asked::Root;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::js;
use crate::limits::{MAX_UNNAMED_BYTES, MAX_UNNAMED_FILES};
use crate::registry::Repository;
use crate::value::{Data, Key, Value};
use crate::walk::{Entry, Nature, WORKFLOWS};
use crate::yaml;

mod apps;
mod dump;
mod evaluated;
mod options;
pub(crate) use dump::is_named as is_dump;
pub use evaluated::computed;

#[cfg(test)]
mod tests;

/// How a file's name says that it is a configuration for PM2. PM2 looks for these anywhere in the name, in this order.
const FORMATS: [(&str, Format); 6] = [
    (".json", Format::Json),
    (".yml", Format::Yaml),
    (".yaml", Format::Yaml),
    (".config.js", Format::Script),
    (".config.cjs", Format::Script),
    (".config.mjs", Format::Script),
];

/// How names begin that are meant for PM2.
const STEMS: [&str; 3] = ["ecosystem", "pm2", "process"];

/// Files that other tools own, whatever they hold.
const FOREIGN: [&str; 5] =
    ["package.json", "package-lock.json", "tsconfig.json", "pnpm-lock.yaml", "composer.json"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Read as JavaScript, as PM2 does.
    Json,
    Yaml,
    Script,
}

/// Whether a file without apps is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// Its name says that it is PM2's: `ecosystem…`, or `pm2` or `process` before its first dot.
    Named,
    /// It begins with `pm2` or `process`, as reports do, too: only its content tells.
    Prefixed,
    /// Only its content could tell.
    Content,
}

/// Adds the apps of every ecosystem file.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    let mut unnamed = 0_usize;
    for entry in repository.entries {
        if entry.path.starts_with(WORKFLOWS) || FOREIGN.contains(&entry.name()) {
            continue;
        }
        let claim = claim_of(entry.name());
        match (format_of(entry.name()), claim) {
            (Some(format), Claim::Named | Claim::Prefixed) => {
                file(repository, entry, format, claim, gathered)
            }
            (Some(format), Claim::Content) if unnamed < MAX_UNNAMED_FILES => {
                if is_small(repository, entry) {
                    unnamed = unnamed.saturating_add(1);
                    file(repository, entry, format, claim, gathered);
                }
            }
            (None, Claim::Named) if is_script_name(entry.name()) => wrong_name(repository, entry, gathered),
            (Some(_) | None, Claim::Named | Claim::Prefixed | Claim::Content) => {}
        }
    }
    dump::detect(repository, gathered);
    if unnamed >= MAX_UNNAMED_FILES {
        let message =
            format!("only the first {MAX_UNNAMED_FILES} files of any name were looked into for PM2 apps");
        let fix = "Name PM2's files ecosystem.config.js, or ignore generated files in .gitignore.";
        gathered.find(finding("too-many-files", Severity::Note, "", 1, message, fix));
    }
}

fn claim_of(name: &str) -> Claim {
    let first = name.split('.').next().unwrap_or(name);
    if name.starts_with("ecosystem") || STEMS.contains(&first) {
        Claim::Named
    } else if STEMS.iter().any(|stem| name.starts_with(stem)) {
        Claim::Prefixed
    } else {
        Claim::Content
    }
}

/// What PM2 takes a name for; `None` when it would start the file as a script.
fn format_of(name: &str) -> Option<Format> {
    FORMATS.iter().find(|(ending, _)| name.contains(ending)).map(|(_, format)| *format)
}

/// `ecosystem.js` and the like; not `process.js`, which may be anything.
fn is_script_name(name: &str) -> bool {
    name.starts_with("ecosystem")
        && [".js", ".cjs", ".mjs", ".ts"].iter().any(|ending| name.ends_with(ending))
}

fn is_small(repository: &Repository<'_>, entry: &Entry) -> bool {
    entry.nature == Nature::File
        && files::size(repository.root, &entry.path).is_some_and(|size| size <= MAX_UNNAMED_BYTES)
}

fn file(repository: &Repository<'_>, entry: &Entry, format: Format, claim: Claim, gathered: &mut Gathered) {
    let path = entry.path.as_str();
    let read = match entry.nature {
        Nature::File => files::read(repository.root, path),
        Nature::Other => Err(files::not_a_file(path)),
    };
    let text = match (read, claim) {
        (Ok(text), _) => text,
        (Err(problem), Claim::Named) => return gathered.find(problem),
        (Err(_), Claim::Prefixed | Claim::Content) => return,
    };
    let could_have_apps = text.contains("script") && (claim == Claim::Prefixed || text.contains("apps"));
    if claim != Claim::Named && !could_have_apps {
        return;
    }
    let parsed = match evaluated::instead(repository, path, &text, gathered) {
        Some(configuration) => Ok(configuration),
        None => parse(repository.root, path, format, &text),
    };
    match (parsed, claim) {
        (Ok(configuration), Claim::Named) => apps::read(repository, entry, &configuration, gathered),
        (Ok(configuration), Claim::Prefixed) if is_list_of_apps(&configuration.value) => {
            apps::read(repository, entry, &configuration, gathered);
        }
        (Ok(configuration), Claim::Prefixed | Claim::Content)
            if has_apps(&configuration.value) || has_computed_apps(&configuration.value, &text) =>
        {
            apps::read(repository, entry, &configuration, gathered);
        }
        (Err(problem), Claim::Named | Claim::Prefixed) => gathered.find(problem),
        // Another tool's file: what is wrong with it is not for here to say.
        (Ok(_) | Err(_), Claim::Prefixed | Claim::Content) => {}
    }
}

/// What PM2 would get out of a file.
pub(crate) struct Configuration {
    pub(crate) value: Value<'static>,
    pub(crate) access: Access,
    /// Whose file it is.
    pub(crate) owner: Owner,
    /// Where the environment decides, and what was assumed of it.
    pub(crate) assumed: Vec<(u32, String)>,
    /// Whether reading it was enough.
    pub(crate) known: Known,
}

/// Whether PM2 really sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Exported,
    /// It is the default export of an ES module, which PM2 passes over.
    DefaultExport,
    /// PM2 would start the file as a script.
    WrongName,
}

/// `{ apps: [{ script }] }`: the shape by which a file of any name is known.
fn has_apps(value: &Value) -> bool {
    value.get("apps").is_some_and(|apps| apps.items().iter().any(|app| app.get("script").is_some()))
}

/// Whether a file of any name has apps that are computed, and options that only PM2 has.
fn has_computed_apps(value: &Value, text: &str) -> bool {
    const OPTIONS: [&str; 6] =
        ["autorestart", "cron_restart", "exec_mode", "max_memory_restart", "max_restarts", "node_args"];
    let is_computed = |value: &Value| matches!(value.data, Data::Computed(_));
    let apps = value.get("apps").unwrap_or(value);
    let has_computed = is_computed(apps) || apps.items().iter().any(is_computed);
    has_computed && OPTIONS.iter().any(|option| text.contains(option))
}

/// `[{ script }]`, which PM2 takes, too: told from other lists by the name of its file and by every item.
fn is_list_of_apps(value: &Value) -> bool {
    let is_app = |item: &Value| item.get("script").and_then(Value::text).is_some();
    !value.items().is_empty() && value.items().iter().all(is_app)
}

fn parse(root: &Root, path: &str, format: Format, text: &str) -> Result<Configuration, Finding> {
    let absolute = &root.join(path);
    let left = js::files_left();
    let fault = |rule: &str, line: u32, message: String| {
        finding(rule, Severity::Error, path, line, message, "Correct the file at this line.")
    };
    match format {
        Format::Json => match js::read_expression(text, absolute) {
            Ok(value) => Ok(Configuration {
                value,
                access: Access::Exported,
                owner: ownership::owner(text),
                assumed: Vec::new(),
                known: Known::Read,
            }),
            Err(error) if error.rule == "js-unparsable" => {
                let message = error.message.replace("this is not JavaScript", "this is not JSON");
                Err(fault("json-unparsable", error.line, message))
            }
            Err(error) => Err(fault(error.rule, error.line, error.message)),
        },
        Format::Yaml => match yaml::parse(text) {
            Ok(document) => match document.duplicates.first() {
                Some((line, key)) => {
                    let message = format!("`{}` stands twice in one map", crate::lines::quote(key));
                    Err(fault("duplicate-key", *line, message))
                }
                None => Ok(Configuration {
                    value: document.root.into_owned(),
                    access: Access::Exported,
                    owner: ownership::owner(text),
                    assumed: Vec::new(),
                    known: Known::Read,
                }),
            },
            Err(error) => Err(fault(error.rule, error.line, error.message)),
        },
        Format::Script => match js::read_module_within(text, absolute, Some(js::Reach::new(root, &left))) {
            Ok(module) => {
                exported(module, path).map(|found| Configuration { owner: ownership::owner(text), ..found })
            }
            Err(error) => Err(fault(error.rule, error.line, error.message)),
        },
    }
}

/// What `require` would give PM2.
fn exported(module: js::Module, path: &str) -> Result<Configuration, Finding> {
    let assumed = module.assumed;
    if let Some(whole) = module.whole {
        return Ok(Configuration {
            value: whole.value,
            access: Access::Exported,
            owner: Owner::Others,
            assumed,
            known: Known::Read,
        });
    }
    if module.named.contains_key("apps") || module.named.contains_key("pm2") {
        let line = module.named.values().map(|export| export.value.line).min().unwrap_or(1);
        let entries = module.named.into_iter().map(|(name, export)| crate::value::Entry {
            key: Key::Named(name.into()),
            line: export.value.line,
            value: export.value,
        });
        let value = Value::new(line, Data::Map(entries.collect()));
        return Ok(Configuration {
            value,
            access: Access::Exported,
            owner: Owner::Others,
            assumed,
            known: Known::Read,
        });
    }
    match module.default {
        Some(default) => Ok(Configuration {
            value: default.value,
            access: Access::DefaultExport,
            owner: Owner::Others,
            assumed,
            known: Known::Read,
        }),
        None => {
            let message = "this ecosystem file exports nothing that can be read without running it";
            let fix = "Write `module.exports = { apps: [ … ] }`.";
            Err(finding("pm2-no-export", Severity::Error, path, 1, message, fix))
        }
    }
}

/// A script that exports apps and that PM2 would run instead of reading it.
fn wrong_name(repository: &Repository<'_>, entry: &Entry, gathered: &mut Gathered) {
    if entry.nature == Nature::Other {
        return;
    }
    let read = files::read(repository.root, &entry.path);
    let parsed = read.and_then(|text| parse(repository.root, &entry.path, Format::Script, &text));
    // It may be a script that is meant to be run, so only one with apps is worth a word.
    let Ok(configuration) = parsed else { return };
    if !has_apps(&configuration.value) {
        return;
    }
    let (stem, ending) = entry.name().rsplit_once('.').unwrap_or((entry.name(), "js"));
    // `ecosystem.config.dev.js` is meant for `ecosystem.dev.config.js`.
    let stem = stem.replacen(".config", "", 1);
    let fix = match ending {
        "ts" => format!("Write it in JavaScript, as {stem}.config.cjs."),
        _ => format!("Rename it to {stem}.config.{ending}."),
    };
    let message = "PM2 starts a file of this name as a script and does not read its apps";
    gathered.find(finding("pm2-file-name", Severity::Error, &entry.path, 1, message, fix));
    let configuration = Configuration { access: Access::WrongName, ..configuration };
    apps::read(repository, entry, &configuration, gathered);
}
