//! `standin mesh`: who watches what, what helps, and who decides.

use std::path::Path;

use standin_agent::mesh::body;
use standin_body::setup::{Joined, join};
use standin_config::mesh::{Mesh, PeerKind, PeerSettings, Remedy, Target, Timing};
use standin_core::mesh::arbiter::ConfiguredStore;
use standin_engine::mesh::Decider;
use standin_engine::render::{Cell, Doc, Part, Tone};

use crate::cli::Format;
use crate::commands::part::{mesh_of, peer_of};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// Prints the mesh; as JSON it is what a function carries as `mesh.json`.
pub(crate) fn mesh(path: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let project = Project::load(path)?;
    let mesh = mesh_of(&project)?;
    let joined = match peer_of(&project, &mesh, None) {
        Ok(peer) => {
            Some(join(&mesh, &peer.name, body(peer.every)).map_err(|e| Failure::Usage(e.to_string()))?)
        }
        // A repository without watchers has targets all the same.
        Err(_) if mesh.peers.is_empty() => None,
        Err(failure) => return Err(failure),
    };
    output::print(&mesh, |mesh| page(mesh, joined.as_ref()), format)?;
    Ok(Exit::Fine)
}

fn page(mesh: &Mesh, joined: Option<&Joined>) -> Doc {
    let mut parts = Vec::new();
    if mesh.peers.is_empty() {
        parts.push(Part::Line(
            "standin.toml names no watchers: docs/mesh.md says how to set up several".to_owned(),
        ));
    }
    parts.push(Part::Heading("Watchers".to_owned()));
    parts.push(Part::Table {
        head: vec!["watcher", "kind", "looks every", "silent after", "what helps"],
        rows: mesh.peers.iter().map(peer_row).collect(),
    });
    parts.push(Part::Heading("Stores".to_owned()));
    let stores = joined.map(|joined| joined.setup.stores.as_slice()).unwrap_or_default();
    parts.push(Part::Table {
        head: vec!["store", "may decide"],
        rows: stores.iter().map(store_row).collect(),
    });
    parts.push(Part::Heading("Automations".to_owned()));
    let rows = mesh.targets.iter().map(|target| target_row(target, joined));
    parts.push(Part::Table {
        head: vec!["automation", "is", "what helps", "who decides"],
        rows: rows.collect(),
    });
    for (id, why) in joined.iter().flat_map(|joined| &joined.undecided) {
        parts.push(Part::Line(format!("Nothing is done for {id}: {why}")));
    }
    Doc { title: "The mesh".to_owned(), parts }
}

fn peer_row(peer: &PeerSettings) -> Vec<Cell> {
    let kind = match &peer.kind {
        PeerKind::Action { workflow } => format!("action ({workflow})"),
        PeerKind::Netlify { function } => format!("netlify ({function})"),
        PeerKind::Lambda { function } => format!("lambda ({function})"),
        PeerKind::Agent { .. } => "agent".to_owned(),
    };
    vec![
        Cell::plain(peer.name.as_str()),
        Cell::plain(kind),
        Cell::plain(format!("{} s", peer.every.as_secs())),
        Cell::plain(format!("{} s", peer.silent_after.as_secs())),
        ladder(&peer.backup),
    ]
}

fn store_row(store: &ConfiguredStore) -> Vec<Cell> {
    let may = if store.may_decide() { Cell::toned("yes", Tone::Good) } else { Cell::toned("no", Tone::Dim) };
    vec![Cell::plain(&store.name), may]
}

fn target_row(target: &Target, joined: Option<&Joined>) -> Vec<Cell> {
    let is = match &target.timing {
        Timing::Standing => "always there".to_owned(),
        Timing::Slots { schedules, deadline } => {
            let crons: Vec<_> = schedules.iter().map(|s| format!("{} {}", s.cron, s.timezone)).collect();
            format!("{}; missed after {} s", crons.join(", "), deadline / 1_000)
        }
    };
    vec![
        Cell::plain(target.id.as_str()),
        Cell::plain(is),
        ladder(&target.backup),
        Cell::plain(joined.map(|joined| decides(joined, target)).unwrap_or_default()),
    ]
}

fn ladder(remedies: &[Remedy]) -> Cell {
    if remedies.is_empty() {
        return Cell::toned("a person", Tone::Dim);
    }
    Cell::plain(remedies.iter().map(Remedy::to_string).collect::<Vec<_>>().join(", then "))
}

fn decides(joined: &Joined, target: &Target) -> String {
    if joined.undecided.iter().any(|(id, _)| *id == target.id) {
        return "nobody".to_owned();
    }
    let name = target.id.to_string();
    let found = joined.setup.targets.iter().find(|setup| setup.target.to_string() == name);
    let store = |number: &usize| joined.setup.stores.get(*number).map_or("", |store| store.name.as_str());
    match found.map(|setup| &setup.decider) {
        Some(Decider::Home(number)) => store(number).to_owned(),
        Some(Decider::Quorum(numbers)) => {
            format!("two of {}", numbers.iter().map(store).collect::<Vec<_>>().join(", "))
        }
        None => String::new(),
    }
}
