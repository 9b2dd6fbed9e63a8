//! How a Netlify function is bundled and called: what its site's settings say goes to Netlify's own bundler.

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
        "bundler": bundler, "root": root, "out": out, "name": work.name, "main": work.main,
        "config": config(site, root), "body": body, "call": call,
    })
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
