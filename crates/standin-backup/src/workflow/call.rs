//! Where the primary can be called, its backup calls it: there is nothing to keep alike.

use std::collections::BTreeMap;

use super::slot::{self, Names};
use super::tokens::{self, Reading};
use super::{Refused, Source, drill, on, quoted, strict, words};
use crate::yaml::{Node, NodeKind};

/// The backup that calls its primary; `None` when it cannot be called as it is.
pub(crate) fn backup(source: &Source<'_>) -> Result<Option<String>, Refused> {
    let root = &source.document.root;
    let Some(call) = root.get("on").and_then(|on| on.get("workflow_call").or_else(|| named(on))) else {
        return Ok(None);
    };
    // In a called workflow the event and the name are the caller's, so what asks for them would be told of the dispatch.
    // Its concurrency groups would be those of the primary.
    // A server that reads the workflow of a run looks for the jobs in the one that was started.
    if asks_for_event(source) || has_groups(root) || strict::of_workflow(root).is_some() {
        return Ok(None);
    }
    let Some(permissions) = Permissions::of(root) else { return Ok(None) };
    let Some(inputs) = inputs(source, call) else { return Ok(None) };
    let names = Names::beside(&["primary"]);
    let mut out = source.header();
    out.push_str(&format!("name: {}\nrun-name: {}\n", source.title(), source.run_name()));
    out.push_str(&on::block(source)?);
    if permissions != Permissions::Unsaid {
        out.push_str("permissions: {}\n");
    }
    out.push_str(&source.concurrency());
    out.push_str("jobs:\n");
    out.push_str(&slot::indented(&slot::first(source.primary.id, &names, slot::Told::NOTHING), "  "));
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
        let is_of_event = |token: &tokens::Token| token.name != tokens::Name::Drill;
        asks = asks
            || tokens::is_indexed(raw)
            || tokens::find(source.primary.text, node, Reading::Whole).iter().any(is_of_event)
            || words::in_script(raw).map_or(true, |words| !words.is_empty());
    });
    asks
}

/// Whether the workflow or a job of it is in a concurrency group.
fn has_groups(root: &Node) -> bool {
    let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
    root.get("concurrency").is_some() || jobs.iter().any(|job| job.value.get("concurrency").is_some())
}

/// The inputs that a call needs; `None` when a call would give it others than its schedule, or its dispatch, does.
fn inputs(source: &Source<'_>, call: &Node) -> Option<String> {
    let mut out = String::new();
    for entry in call.get("inputs").map(Node::entries).unwrap_or_default() {
        let name = entry.key.text()?;
        let value = if source.has_inputs() {
            of_dispatch(source, name, &entry.value)?
        } else {
            of_schedule(source, name, &entry.value)?
        };
        let Some(value) = value else { continue };
        if out.is_empty() {
            out.push_str("    with:\n");
        }
        out.push_str(&format!("      {name}: {}\n", quoted(&format!("${{{{ {value} }}}}"))));
    }
    Some(out)
}

/// The value of an input of a primary that has none by itself; `Some(None)` leaves it out.
#[allow(clippy::option_option, reason = "whether it can be given, and whether it is")]
fn of_schedule(source: &Source<'_>, name: &str, input: &Node) -> Option<Option<String>> {
    let kind = input.get_text("type").unwrap_or("string");
    if drill::is_input(name) {
        return Some(Some(drill::input(kind, None)));
    }
    let is_dispatched = on::primary_inputs(source).is_some_and(|inputs| inputs.get(name).is_some());
    let is_required = input.get_text("required") == Some("true");
    let has_default = input.get_text("default").is_some_and(|text| !text.is_empty());
    match (source.reads_input(name), kind) {
        // A call fills defaults in, and no boolean or number is ever empty.
        (true, kind) if kind != "string" || has_default => None,
        (true, _) if is_dispatched => Some(Some(format!("inputs.{name}"))),
        (_, "boolean") if is_required => Some(Some("false".to_owned())),
        (_, "number") if is_required => Some(Some("0".to_owned())),
        (_, _) if is_required => Some(Some("''".to_owned())),
        (_, _) => Some(None),
    }
}

/// The value of an input from that of the dispatch; `None` when one is needed that no dispatch has.
#[allow(clippy::option_option, reason = "whether it can be given, and whether it is")]
fn of_dispatch(source: &Source<'_>, name: &str, input: &Node) -> Option<Option<String>> {
    let default = input.get_text("default");
    let is_dispatched = on::primary_inputs(source).is_some_and(|inputs| inputs.get(name).is_some());
    let kind = input.get_text("type").unwrap_or("string");
    Some(Some(match (is_dispatched, default) {
        (false, default) if drill::is_input(name) => {
            let default = default
                .filter(|text| *text != "false" && !text.contains("${{"))
                .map(|text| literal(kind, text));
            drill::input(kind, default.as_deref())
        }
        (false, None) if input.get_text("required") == Some("true") => return None,
        (false, _) => return Some(None),
        (true, default) => {
            let asked = match kind {
                "boolean" => format!("inputs.{name} == true"),
                "number" => format!("fromJSON(inputs.{name} || '{}')", default.unwrap_or("0")),
                _ => format!("inputs.{name} || {}", literal(kind, default.unwrap_or_default())),
            };
            if drill::is_input(name) { drill::input(kind, Some(&asked)) } else { asked }
        }
    }))
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
    /// The most that any job may do: a call is given no less. `None` where some jobs say it and others have what the
    /// repository gives by default, which a call cannot give together.
    fn of(root: &Node) -> Option<Self> {
        let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
        let own: Vec<&Node> = jobs.iter().filter_map(|job| job.value.get("permissions")).collect();
        let top = root.get("permissions");
        if top.is_none() && own.len() < jobs.len() {
            return own.is_empty().then_some(Self::Unsaid);
        }
        let mut each = BTreeMap::new();
        let mut all: Option<String> = None;
        for node in own.into_iter().chain(top) {
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
        Some(match all {
            Some(all) if all == "write-all" || !each.values().any(|level| level == "write") => Self::All(all),
            // Reading everything and writing something cannot be said in one place.
            Some(_) => return None,
            None => Self::Each(each),
        })
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
