//! What Netlify's reader of `netlify.toml` refuses, and with it the whole site: the kinds of values that it checks.

use crate::lines::quote;
use crate::value::{Data, Entry, Key, Value};

/// One value that Netlify refuses.
pub(super) struct Refused {
    pub(super) line: u32,
    /// What is the matter with it, beginning with its name.
    pub(super) message: String,
    /// What was meant, where that can be told.
    pub(super) fix: Option<String>,
}

/// What a value has to be, and how a person says so.
struct Rule {
    key: &'static str,
    must: &'static str,
    holds: fn(&Value) -> bool,
}

const fn text(key: &'static str) -> Rule {
    Rule { key, must: "must be a string", holds: is_text }
}

const fn texts(key: &'static str) -> Rule {
    Rule { key, must: "must be an array of strings", holds: are_texts }
}

const fn table(key: &'static str) -> Rule {
    Rule { key, must: "must be an object", holds: is_map }
}

const BUILD: [Rule; 6] = [
    text("command"),
    text("base"),
    text("publish"),
    text("functions"),
    text("ignore"),
    text("edge_functions"),
];

/// What may stand right in `[functions]` for all of them, or in the table of one.
const FUNCTION: [Rule; 9] = [
    text("deno_import_map"),
    texts("external_node_modules"),
    texts("ignored_node_modules"),
    texts("included_files"),
    Rule { key: "node_bundler", must: "must be one of: esbuild, nft, zisi, none", holds: is_bundler },
    Rule { key: "memory", must: "must be a number or a string with a unit", holds: is_memory },
    text("region"),
    Rule { key: "vcpu", must: "must be a number between 0.5 and 2", holds: is_vcpu },
    Rule { key: "schedule", must: "must be a cron expression in quotes", holds: is_text },
];

const PLUGIN: [Rule; 3] = [text("package"), text("pinned_version"), table("inputs")];

const EDGE: [Rule; 8] = [
    Rule { key: "path", must: "must be a string that begins with a slash", holds: is_path },
    Rule { key: "excludedPath", must: "must be a string or array of strings", holds: is_text_or_texts },
    text("pattern"),
    Rule { key: "excludedPattern", must: "must be a string or array of strings", holds: is_text_or_texts },
    text("function"),
    Rule { key: "cache", must: "must be one of: manual, off", holds: is_cache },
    Rule { key: "method", must: "must be one of HTTP's methods, or an array of them", holds: are_methods },
    Rule { key: "header", must: "must be an object of booleans and strings", holds: are_headers },
];

/// Whether a name right in `[functions]` is a setting of all functions.
pub(super) fn is_setting(name: &str) -> bool {
    name == "directory" || FUNCTION.iter().any(|rule| rule.key == name)
}

/// Whether the table of this name is one of a function, although the name is a setting's.
fn is_of_settings(value: &Value) -> bool {
    is_map(value) && value.entries().iter().all(|entry| entry.key.name().is_some_and(is_setting))
}

/// The settings of functions as Netlify sorts them: those for all, and the tables of single ones.
pub(super) fn sorted<'v>(root: &'v Value<'static>) -> Sorted<'v> {
    let mut sorted = Sorted { all: Vec::new(), single: Vec::new() };
    for entry in root.get("functions").map(Value::entries).unwrap_or_default() {
        let Key::Named(name) = &entry.key else { continue };
        match &**name {
            // What is written for `*` goes before what is written without a name.
            "*" => sorted.all.splice(0..0, entry.value.entries()).for_each(drop),
            name if is_setting(name) && !is_of_settings(&entry.value) => sorted.all.push(entry),
            _ => sorted.single.push(entry),
        }
    }
    sorted
}

pub(super) struct Sorted<'v> {
    /// Settings of every function; the first of a name counts.
    pub(super) all: Vec<&'v Entry<'static>>,
    /// Tables of single functions.
    pub(super) single: Vec<&'v Entry<'static>>,
}

impl Sorted<'_> {
    /// The folder that the functions are in.
    pub(super) fn directory(&self) -> Option<&Value<'static>> {
        self.all.iter().find(|entry| entry.key.name() == Some("directory")).map(|entry| &entry.value)
    }
}

/// Everything that Netlify refuses, in the order of its parts.
pub(super) fn refused(root: &Value<'static>) -> Vec<Refused> {
    let mut found = Vec::new();
    map_of(root, "build", &BUILD, &mut found);
    if let Some(context) = root.get("context") {
        must(context, "context", "must be an object", is_map(context), &mut found);
        for entry in context.entries() {
            let name = format!("context.{}", entry.key.name().unwrap_or("*"));
            must(&entry.value, &name, "must be an object", is_map(&entry.value), &mut found);
        }
    }
    functions(root, &mut found);
    list_of(root, "plugins", &mut found, plugin);
    list_of(root, "edge_functions", &mut found, edge);
    if let Some(database) = root.get("database") {
        must(database, "database", "must be an object", is_map(database), &mut found);
        if let Some(migrations) = database.get("migrations") {
            must(migrations, "database.migrations", "must be an object", is_map(migrations), &mut found);
            rules(migrations, "database.migrations", &[text("path")], &mut found);
        }
    }
    found
}

fn must(value: &Value, name: &str, what: &str, holds: bool, found: &mut Vec<Refused>) {
    if !holds {
        let message = format!("`{}` {what}, and this is {}", quote(name), value.noun());
        found.push(Refused { line: value.line, message, fix: None });
    }
}

fn map_of(root: &Value, name: &str, wanted: &[Rule], found: &mut Vec<Refused>) {
    let Some(value) = root.get(name) else { return };
    must(value, name, "must be an object", is_map(value), found);
    rules(value, name, wanted, found);
}

fn rules(map: &Value, name: &str, wanted: &[Rule], found: &mut Vec<Refused>) {
    for rule in wanted {
        let Some(value) = map.get(rule.key) else { continue };
        if !(rule.holds)(value) {
            let what = match &value.data {
                Data::Text(text) => format!("`{}`", quote(text)),
                Data::Null
                | Data::Bool(_)
                | Data::Number(_)
                | Data::List(_)
                | Data::Map(_)
                | Data::Computed(_) => value.noun().to_owned(),
            };
            let message = format!("`{}.{}` {}, and this is {what}", quote(name), rule.key, rule.must);
            found.push(Refused { line: value.line, message, fix: None });
        }
    }
}

fn list_of(
    root: &Value,
    name: &str,
    found: &mut Vec<Refused>,
    one: impl Fn(&Value, &str, &mut Vec<Refused>),
) {
    let Some(value) = root.get(name) else { return };
    let is_list = matches!(value.data, Data::List(_)) && value.items().iter().all(is_map);
    must(value, name, "must be an array of objects", is_list, found);
    for (nth, item) in value.items().iter().enumerate().filter(|_| is_list) {
        one(item, &format!("{name}[{nth}]"), found);
    }
}

fn functions(root: &Value<'static>, found: &mut Vec<Refused>) {
    let Some(value) = root.get("functions") else { return };
    must(value, "functions", "must be an object", is_map(value), found);
    if let Some(refused) = found.last_mut().filter(|_| !is_map(value)) {
        refused.fix = Some(super::inert::meant("functions", value));
    }
    let sorted = sorted(root);
    for (nth, entry) in sorted.all.iter().enumerate() {
        let Some(name) = entry.key.name() else { continue };
        if sorted.all.iter().take(nth).any(|earlier| earlier.key.name() == Some(name)) {
            continue;
        }
        let one = Value::new(entry.line, Data::Map(vec![(*entry).clone()]));
        rules(&one, "functions", &FUNCTION, found);
        rules(&one, "functions", &[text("directory")], found);
    }
    for entry in &sorted.single {
        let name = format!("functions.{}", entry.key.name().unwrap_or("*"));
        must(&entry.value, &name, "must be an object", is_map(&entry.value), found);
        if let Some(refused) = found.last_mut().filter(|_| !is_map(&entry.value)) {
            refused.fix = Some(super::inert::meant(entry.key.name().unwrap_or("*"), &entry.value));
        }
        rules(&entry.value, &name, &FUNCTION, found);
        if let Some(directory) = entry.value.get("directory") {
            let message = format!("`{}.directory` belongs into `[functions]` itself", quote(&name));
            found.push(Refused { line: directory.line, message, fix: None });
        }
    }
}

fn plugin(item: &Value, name: &str, found: &mut Vec<Refused>) {
    unknown(item, name, &["package", "pinned_version", "inputs", "origin"], found);
    needed(item, name, &["package"], found);
    rules(item, name, &PLUGIN, found);
}

fn edge(item: &Value, name: &str, found: &mut Vec<Refused>) {
    unknown(item, name, &EDGE.map(|rule| rule.key), found);
    needed(item, name, &["path", "pattern"], found);
    needed(item, name, &["function"], found);
    for (one, other) in [("path", "pattern"), ("excludedPath", "excludedPattern")] {
        if item.get(one).is_some() && item.get(other).is_some() {
            let message = format!("`{name}` has both `{one}` and `{other}`");
            found.push(Refused { line: item.line, message, fix: None });
        }
    }
    rules(item, name, &EDGE, found);
}

fn unknown(item: &Value, name: &str, known: &[&str], found: &mut Vec<Refused>) {
    let of_entry = |entry: &Entry| entry.key.name().is_some_and(|key| known.contains(&key));
    for entry in item.entries().iter().filter(|entry| !of_entry(entry)) {
        let key = entry.key.name().unwrap_or("*");
        found.push(Refused {
            line: entry.line,
            message: format!("`{name}` has no property `{}`: there are {}", quote(key), known.join(", ")),
            fix: None,
        });
    }
}

fn needed(item: &Value, name: &str, one_of: &[&str], found: &mut Vec<Refused>) {
    if one_of.iter().all(|key| item.get(key).is_none()) {
        found.push(Refused {
            line: item.line,
            message: format!("`{name}` needs `{}`", one_of.join("` or `")),
            fix: None,
        });
    }
}

fn is_text(value: &Value) -> bool {
    matches!(value.data, Data::Text(_))
}

fn is_map(value: &Value) -> bool {
    matches!(value.data, Data::Map(_))
}

fn are_texts(value: &Value) -> bool {
    matches!(value.data, Data::List(_)) && value.items().iter().all(is_text)
}

fn is_text_or_texts(value: &Value) -> bool {
    is_text(value) || are_texts(value)
}

fn is_path(value: &Value) -> bool {
    value.text().is_some_and(|path| path.starts_with('/'))
}

fn is_bundler(value: &Value) -> bool {
    value.text().is_some_and(|name| ["esbuild", "nft", "zisi", "none"].contains(&name))
}

fn is_memory(value: &Value) -> bool {
    matches!(value.data, Data::Text(_) | Data::Number(_))
}

fn is_vcpu(value: &Value) -> bool {
    matches!(value.data, Data::Number(number) if (0.5..=2.0).contains(&number))
}

fn is_cache(value: &Value) -> bool {
    value.text().is_some_and(|cache| cache == "manual" || cache == "off")
}

fn are_methods(value: &Value) -> bool {
    let is_one = |one: &Value| {
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        one.text().is_some_and(|text| known.contains(&text.to_uppercase().as_str()))
    };
    is_one(value) || (!value.items().is_empty() && value.items().iter().all(is_one))
}

fn are_headers(value: &Value) -> bool {
    let is_one = |entry: &Entry| matches!(entry.value.data, Data::Bool(_) | Data::Text(_));
    is_map(value) && value.entries().iter().all(is_one)
}
