//! How a Netlify function is bundled and called: what its site's settings say goes to Netlify's own bundler.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::work::{Call, FunctionWork};

/// Bundles with Netlify's bundler, loads the bundle and calls it.
pub(crate) const RUNNER: &str = include_str!("function/runner.mjs");

/// Keys of `[functions]` that the bundler knows, by the names that it gives them.
const KEYS: [(&str, &str); 4] = [
    ("node_bundler", "nodeBundler"),
    ("included_files", "includedFiles"),
    ("external_node_modules", "externalNodeModules"),
    ("ignored_node_modules", "ignoredNodeModules"),
];

/// What the runner is told, as JSON.
pub(crate) fn task(
    work: &FunctionWork,
    root: &str,
    base: &str,
    out: &str,
    bundler: &str,
    site: &str,
    call: &str,
) -> Value {
    let body = match &work.call {
        Call::Schedule { next_run } => json!({ "next_run": next_run }),
        Call::Request => Value::Null,
    };
    json!({
        "bundler": bundler, "root": root, "base": base, "out": out, "name": work.name, "main": work.main,
        "config": config(site, base), "body": body, "call": call,
    })
}

/// The folder that Netlify builds in, and the text of its settings: `base` of the repository's own, else the nearest folder
/// above the function that has some.
pub(crate) fn site(main: &Path, root: &Path, text: impl Fn(&Path) -> Option<String>) -> (PathBuf, String) {
    const FILE: &str = "netlify.toml";
    if let Some(site) = text(&root.join(FILE)) {
        let parsed: toml::Table = site.parse().unwrap_or_default();
        let base = parsed.get("build").and_then(|build| build.get("base")?.as_str()).unwrap_or_default();
        let base = root.join(base.trim_matches('/'));
        if base.as_path() != root {
            // Settings in the base come before those above it.
            let own = text(&base.join(FILE));
            return (base, own.unwrap_or(site));
        }
        return (root.to_owned(), site);
    }
    let above = main.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let found = above.filter_map(|folder| Some((folder.to_owned(), text(&folder.join(FILE))?))).next();
    found.unwrap_or_else(|| (root.to_owned(), String::new()))
}

/// The bundler's settings, out of a `netlify.toml`. What is no such file says nothing: the scan tells why.
fn config(site: &str, root: &str) -> Value {
    let parsed: toml::Table = site.parse().unwrap_or_default();
    let mut found = Map::new();
    let Some(functions) = parsed.get("functions").and_then(toml::Value::as_table) else {
        return json!({ "*": {} });
    };
    found.insert("*".to_owned(), settings(functions, root));
    for (pattern, table) in functions {
        if let Some(table) = table.as_table() {
            found.insert(pattern.clone(), settings(table, root));
        }
    }
    Value::Object(found)
}

fn settings(table: &toml::Table, root: &str) -> Value {
    let mut found = Map::new();
    for (name, called) in KEYS {
        if let Some(value) = table.get(name).and_then(|value| serde_json::to_value(value).ok()) {
            found.insert(called.to_owned(), value);
        }
    }
    if found.contains_key("includedFiles") {
        found.insert("includedFilesBasePath".to_owned(), root.into());
    }
    Value::Object(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_built_where_netlify_builds_it() {
        let of = |files: &[(&str, &str)]| {
            let text = |path: &Path| {
                let found = files.iter().find(|(file, _)| Path::new("/r").join(file) == path);
                found.map(|(_, text)| (*text).to_owned())
            };
            let (base, site) = site(Path::new("/r/web/netlify/functions/f.mjs"), Path::new("/r"), text);
            (base.to_string_lossy().into_owned(), site)
        };
        assert_eq!(of(&[]), ("/r".into(), String::new()));
        let based = "build = { base = \"/web/\" }";
        assert_eq!(of(&[("netlify.toml", based)]), ("/r/web".into(), based.into()));
        assert_eq!(of(&[("netlify.toml", based), ("web/netlify.toml", "x")]), ("/r/web".into(), "x".into()));
        assert_eq!(of(&[("web/netlify.toml", "x")]), ("/r/web".into(), "x".into()));
        assert_eq!(
            of(&[("netlify.toml", "y = 1"), ("web/netlify.toml", "x")]),
            ("/r".into(), "y = 1".into())
        );
    }

    #[test]
    fn the_site_says_how_its_functions_are_bundled() {
        let site = "[functions]\nnode_bundler = \"esbuild\"\ndirectory = \"f\"\n[functions.\"api*\"]\nincluded_files = [\"data/**\"]\nschedule = \"@daily\"\n";
        let wanted = json!({
            "*": { "nodeBundler": "esbuild" },
            "api*": { "includedFiles": ["data/**"], "includedFilesBasePath": "/r" },
        });
        assert_eq!(config(site, "/r"), wanted);
        assert_eq!(config("not = [toml", "/r"), json!({ "*": {} }));
    }
}
