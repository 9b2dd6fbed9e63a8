//! `standin doctor --stores`: whether the stores of standin.toml may hold decisions, tried on them.

use std::path::Path;

use serde::Serialize;
use standin_core::mesh::arbiter::StoreKind;
use standin_engine::json_v1::VERSION;
use standin_engine::render::{Cell, Doc, Part, Tone};
use standin_stores::shared::conformance::{Check, Conformance, Extent, Outcome};

use crate::cli::Format;
use crate::commands::part::{Database, Taken, mesh_of, peer_of, take};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

#[derive(Debug, Clone, Serialize)]
struct StoresV1 {
    version: u32,
    stores: Vec<StoreV1>,
    /// What is out of reach from here.
    missing: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct StoreV1 {
    name: String,
    /// passed, refused, or evidence for one that decides nothing.
    result: &'static str,
    checks: Vec<CheckV1>,
}

#[derive(Debug, Clone, Serialize)]
struct CheckV1 {
    check: &'static str,
    /// passed, broken or unclear.
    outcome: &'static str,
    why: String,
}

/// Tries each store that may be asked to decide; ends with 4 when one of them may not.
pub(super) async fn stores(path: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let project = Project::load(path)?;
    let mesh = mesh_of(&project)?;
    let peer = peer_of(&project, &mesh, None)?;
    let Taken { mesh, reached, .. } = Box::pin(take(&project, mesh, peer, Database::Leave)).await?;
    let mut tried = Vec::new();
    for (store, opened) in mesh.stores.iter().zip(&reached.stores) {
        if store.kind == StoreKind::NetlifyBlobs {
            tried.push(StoreV1 { name: store.name.clone(), result: "evidence", checks: Vec::new() });
            continue;
        }
        eprintln!("trying the store `{}`: this takes minutes", store.name);
        let extent = if store.kind == StoreKind::GithubRefs { Extent::short() } else { Extent::full() };
        tried.push(told(&store.name, opened.prove(&extent).await));
    }
    let is_refused = tried.iter().any(|store| store.result == "refused");
    output::print(&StoresV1 { version: VERSION, stores: tried, missing: reached.missing }, page, format)?;
    Ok(if is_refused { Exit::Platform } else { Exit::Fine })
}

fn told(name: &str, found: Option<Conformance>) -> StoreV1 {
    let found = found.unwrap_or_default();
    let result = if found.is_passed() { "passed" } else { "refused" };
    StoreV1 { name: name.to_owned(), result, checks: found.checks.iter().map(check).collect() }
}

fn check(check: &Check) -> CheckV1 {
    let outcome = match check.outcome {
        Outcome::Passed => "passed",
        Outcome::Broken => "broken",
        Outcome::Unclear => "unclear",
    };
    CheckV1 { check: check.name, outcome, why: check.why.clone() }
}

fn page(found: &StoresV1) -> Doc {
    let mut parts = Vec::new();
    for store in &found.stores {
        parts.push(Part::Heading(format!("{}: {}", store.name, store.result)));
        let rows = store.checks.iter().map(|check| {
            let tone = if check.outcome == "passed" { Tone::Good } else { Tone::Bad };
            vec![Cell::plain(check.check), Cell::toned(check.outcome, tone), Cell::plain(&check.why)]
        });
        parts.push(Part::Table { head: vec!["check", "is", "found"], rows: rows.collect() });
    }
    parts.extend(found.missing.iter().map(|missing| Part::Line(missing.clone())));
    Doc { title: "Stores".to_owned(), parts }
}
