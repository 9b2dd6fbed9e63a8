//! Where the primary can be called, its backup calls it: there is nothing to keep alike.

use std::collections::BTreeMap;

use super::slot::{self, Names, Outputs};
use super::tokens::{self, Reading};
use super::{Refused, Source, drill, header, on, quoted};
use crate::yaml::{Node, NodeKind};

/// The backup that calls its primary; `None` when it cannot be called as it is.
pub(crate) fn backup(source: &Source<'_>) -> Result<Option<String>, Refused> {
    let root = &source.document.root;
    let Some(call) = root.get("on").and_then(|on| on.get("workflow_call").or_else(|| named(on))) else {
        return Ok(None);
    };
    // In a called workflow the event is the caller's, so what asks for it would be told of the dispatch.
    if asks_for_event(source) {
        return Ok(None);
    }
    let Some(inputs) = inputs(source, call) else { return Ok(None) };
    let names = Names::beside(&["primary"]);
    let mut out = header(source.primary.id, source.primary.path);
    out.push_str(&format!("name: {}\nrun-name: {}\n", source.title(), source.run_name()));
    out.push_str(&on::block(source)?);
    let permissions = Permissions::of(root);
    if permissions != Permissions::Unsaid {
        out.push_str("permissions: {}\n");
    }
    out.push_str(&source.concurrency());
    out.push_str("jobs:\n");
    out.push_str(&slot::indented(&slot::first(source.primary.id, &names, Outputs::default()), "  "));
    out.push_str(&format!("\n  primary:\n    needs: {}\n    if: {}\n", names.slot, names.goes()));
    out.push_str(&permissions.written());
    out.push_str(&format!(
        "    uses: ./{} # zizmor: ignore[self-repository] what older servers know\n{inputs}",
        source.primary.path
    ));
    out.push_str("    secrets: inherit # zizmor: ignore[secrets-inherit] it is the primary itself\n\n");
    out.push_str(&slot::indented(&slot::last(source.primary.id, &names, &["primary"]), "  "));
    Ok(Some(out))
}

/// `on: [push, workflow_call]` and `on: workflow_call`.
fn named(on: &Node) -> Option<&Node> {
    let is = |node: &&Node| node.text() == Some("workflow_call");
    on.items().iter().find(is).or_else(|| Some(on).filter(is))
}

fn asks_for_event(source: &Source<'_>) -> bool {
    let mut asks = false;
    source.document.root.scalars(&mut |node| {
        let raw = source.primary.text.get(node.span.clone()).unwrap_or_default();
        asks = asks
            || tokens::is_indexed(raw)
            || !tokens::find(source.primary.text, node, Reading::Whole).is_empty();
    });
    asks
}

/// The inputs that a call needs, from those of the dispatch; `None` when one is needed that no dispatch has.
fn inputs(source: &Source<'_>, call: &Node) -> Option<String> {
    let mut out = String::new();
    let dispatched = on::primary_inputs(source);
    for entry in call.get("inputs").map(Node::entries).unwrap_or_default() {
        let name = entry.key.text()?;
        let default = entry.value.get_text("default");
        let is_dispatched = dispatched.is_some_and(|inputs| inputs.get(name).is_some());
        let kind = entry.value.get_text("type").unwrap_or("string");
        let value = match (is_dispatched, default) {
            (false, default) if drill::is_input(name) => {
                let default = default
                    .filter(|text| *text != "false" && !text.contains("${{"))
                    .map(|text| literal(kind, text));
                drill::input(kind, default.as_deref())
            }
            (false, None) if entry.value.get_text("required") == Some("true") => return None,
            (false, _) => continue,
            (true, default) => {
                let asked = match kind {
                    "boolean" => format!("inputs.{name} == true"),
                    "number" => format!("fromJSON(inputs.{name} || '{}')", default.unwrap_or("0")),
                    _ => format!("inputs.{name} || {}", literal(kind, default.unwrap_or_default())),
                };
                if drill::is_input(name) { drill::input(kind, Some(&asked)) } else { asked }
            }
        };
        if out.is_empty() {
            out.push_str("    with:\n");
        }
        out.push_str(&format!("      {name}: {}\n", quoted(&format!("${{{{ {value} }}}}"))));
    }
    Some(out)
}

/// A default as it stands in an expression.
fn literal(kind: &str, text: &str) -> String {
    match kind {
        "boolean" | "number" => text.to_owned(),
        _ => format!("'{}'", text.replace('\'', "''")),
    }
}

/// What a workflow and its jobs may do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Permissions {
    /// What the repository gives by default.
    Unsaid,
    /// `read-all` or `write-all`.
    All(String),
    /// By name.
    Each(BTreeMap<String, String>),
}

impl Permissions {
    /// The most that any job may do: a call is given no less.
    fn of(root: &Node) -> Self {
        let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
        let own = jobs.iter().filter_map(|job| job.value.get("permissions"));
        let Some(top) = root.get("permissions") else { return Self::Unsaid };
        let mut each = BTreeMap::new();
        let mut all: Option<String> = None;
        for node in own.chain([top]) {
            match &node.kind {
                NodeKind::Scalar { text, .. } if text == "write-all" => all = Some(text.clone()),
                NodeKind::Scalar { text, .. } if text == "read-all" => {
                    all.get_or_insert_with(|| text.clone());
                }
                NodeKind::Scalar { .. } | NodeKind::List { .. } | NodeKind::Map { .. } | NodeKind::Alias => {}
            }
            for entry in node.entries() {
                if let (Some(name), Some(level)) = (entry.key.text(), entry.value.text()) {
                    let known = each.entry(name.to_owned()).or_insert_with(|| level.to_owned());
                    if level == "write" || known == "none" {
                        *known = level.to_owned();
                    }
                }
            }
        }
        match all {
            Some(all) if all == "write-all" || !each.values().any(|level| level == "write") => Self::All(all),
            // Reading everything and writing something cannot be said shorter than by the default.
            Some(_) => Self::Unsaid,
            None => Self::Each(each),
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Unsaid => String::new(),
            Self::All(all) => format!("    permissions: {all}\n"),
            Self::Each(each) if each.is_empty() => "    permissions: {}\n".to_owned(),
            Self::Each(each) => {
                let lines: String =
                    each.iter().map(|(name, level)| format!("      {name}: {level}\n")).collect();
                format!("    permissions:\n{lines}")
            }
        }
    }
}
