//! Apps of PM2's ecosystem files: JavaScript, JSON and YAML.

use std::collections::BTreeSet;

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
mod loading;
mod named;
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
    let mut sources = Vec::new();
    for entry in repository.entries {
        if entry.path.starts_with(WORKFLOWS) || FOREIGN.contains(&entry.name()) {
            continue;
        }
        let claim = claim_of(entry.name());
        match (format_of(entry.name()), claim) {
            (Some(format), Claim::Named | Claim::Prefixed) => {
                sources.extend(file(repository, entry, format, claim));
            }
            (Some(format), Claim::Content) if unnamed < MAX_UNNAMED_FILES => {
                if is_small(repository, entry) {
                    unnamed = unnamed.saturating_add(1);
                    sources.extend(file(repository, entry, format, claim));
                }
            }
            (None, _) => sources.extend(named::wrongly(repository, entry)),
            (Some(_), Claim::Content) => {}
        }
    }
    named::keep(sources, gathered);
    dump::detect(repository, gathered);
    if unnamed >= MAX_UNNAMED_FILES {
        let message =
            format!("only the first {MAX_UNNAMED_FILES} files of any name were looked into for PM2 apps");
        let fix = "Name PM2's files ecosystem.config.js, or ignore generated files in .gitignore.";
        gathered.find(finding("too-many-files", Severity::Note, "", 1, message, fix));
    }
}

/// What one file gives.
pub(crate) struct Source {
    path: String,
    access: Access,
    gathered: Gathered,
    /// The files that it asks for, relative to the root.
    reads: BTreeSet<String>,
}

impl Source {
    fn new(path: &str) -> Self {
        let (gathered, reads) = (Gathered::default(), BTreeSet::new());
        Self { path: path.to_owned(), access: Access::Exported, gathered, reads }
    }

    /// The same with what is wrong with it.
    fn with(mut self, problem: Finding) -> Self {
        self.gathered.find(problem);
        self
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

fn is_small(repository: &Repository<'_>, entry: &Entry) -> bool {
    entry.nature == Nature::File
        && files::size(repository.root, &entry.path).is_some_and(|size| size <= MAX_UNNAMED_BYTES)
}

/// What a file of a name that PM2 recognises gives; `None` where it is another tool's.
fn file(repository: &Repository<'_>, entry: &Entry, format: Format, claim: Claim) -> Option<Source> {
    let path = entry.path.as_str();
    let mut source = Source::new(path);
    let read = match entry.nature {
        Nature::File => files::read(repository.root, path),
        Nature::Other => Err(files::not_a_file(path)),
    };
    let text = match (read, claim) {
        (Ok(text), _) => text,
        (Err(problem), Claim::Named) => return Some(source.with(problem)),
        (Err(_), Claim::Prefixed | Claim::Content) => return None,
    };
    let could_have_apps = text.contains("script") && (claim == Claim::Prefixed || text.contains("apps"));
    if claim != Claim::Named && !could_have_apps {
        return None;
    }
    let trail = js::Trail::new();
    let parsed = parse(repository.root, path, format, &text, &trail);
    let parsed = match evaluated::instead(repository, path, &text, &mut source.gathered) {
        Some(configuration) => Ok(configuration),
        None => parsed,
    };
    source.reads = trail.into_read();
    match (parsed, claim) {
        (Ok(mut configuration), _) if is_pm2s(&configuration.value, claim, &text) => {
            if format == Format::Script && configuration.known == Known::Read {
                configuration.unloadable = loading::problem(repository, path, &text, &mut source.gathered);
            }
            apps::read(repository, entry, &configuration, &mut source.gathered);
            Some(source)
        }
        (Err(problem), Claim::Named | Claim::Prefixed) => Some(source.with(problem)),
        // Another tool's file: what is wrong with it is not for here to say.
        (Ok(_) | Err(_), _) => None,
    }
}

/// Whether a file is PM2's, by its name or by what is in it.
fn is_pm2s(value: &Value, claim: Claim, text: &str) -> bool {
    let has_any = has_apps(value) || has_computed_apps(value, text);
    match claim {
        Claim::Named => true,
        Claim::Prefixed => is_list_of_apps(value) || has_any,
        Claim::Content => has_any,
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
    /// Why PM2 cannot load the file at all.
    pub(crate) unloadable: Option<String>,
}

impl Configuration {
    /// One that was read, of nobody known.
    fn new(value: Value<'static>, access: Access) -> Self {
        Self {
            value,
            access,
            owner: Owner::Others,
            assumed: Vec::new(),
            known: Known::Read,
            unloadable: None,
        }
    }
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

fn parse(
    root: &Root,
    path: &str,
    format: Format,
    text: &str,
    trail: &js::Trail,
) -> Result<Configuration, Finding> {
    let read = read_as(root, path, format, text, trail)?;
    Ok(Configuration { owner: ownership::owner(text), ..read })
}

fn read_as(
    root: &Root,
    path: &str,
    format: Format,
    text: &str,
    trail: &js::Trail,
) -> Result<Configuration, Finding> {
    let absolute = &root.join(path);
    let fault = |rule: &str, line: u32, message: String| {
        finding(rule, Severity::Error, path, line, message, "Correct the file at this line.")
    };
    match format {
        Format::Json => match js::read_expression(text, absolute) {
            Ok(value) => Ok(Configuration::new(value, Access::Exported)),
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
                None => Ok(Configuration::new(document.root.into_owned(), Access::Exported)),
            },
            Err(error) => Err(fault(error.rule, error.line, error.message)),
        },
        Format::Script => match js::read_module_within(text, absolute, Some(js::Reach::new(root, trail))) {
            Ok(module) => exported(module, path),
            Err(error) => Err(fault(error.rule, error.line, error.message)),
        },
    }
}

/// What `require` would give PM2.
fn exported(module: js::Module, path: &str) -> Result<Configuration, Finding> {
    let assumed = module.assumed;
    if let Some(whole) = module.whole {
        return Ok(Configuration { assumed, ..Configuration::new(whole.value, Access::Exported) });
    }
    if module.named.contains_key("apps") || module.named.contains_key("pm2") {
        let line = module.named.values().map(|export| export.value.line).min().unwrap_or(1);
        let entries = module.named.into_iter().map(|(name, export)| crate::value::Entry {
            key: Key::Named(name.into()),
            line: export.value.line,
            value: export.value,
        });
        let value = Value::new(line, Data::Map(entries.collect()));
        return Ok(Configuration { assumed, ..Configuration::new(value, Access::Exported) });
    }
    match module.default {
        Some(default) => {
            Ok(Configuration { assumed, ..Configuration::new(default.value, Access::DefaultExport) })
        }
        None => {
            let message = "this ecosystem file exports nothing that can be read without running it";
            let fix = "Write `module.exports = { apps: [ … ] }`.";
            Err(finding("pm2-no-export", Severity::Error, path, 1, message, fix))
        }
    }
}
