//! `[backup] here = true`: the agent runs scheduled workflows and functions on its own machine.

use std::collections::BTreeMap;

use standin_core::automation::{Automation, Detail, Inventory, Source, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};

use super::{CommandSpec, PROGRAM, Place, TIME_LIMIT, quoted};
use crate::mesh::PeerKind;
use crate::settings::{Here, Settings};

/// One command for each of them, which reads the primary's own files each time that it runs. It belongs to the ladder of
/// the primary and has no schedule.
pub(super) fn runs(
    settings: &Settings,
    inventory: &Inventory,
    place: Place<'_>,
) -> Vec<(Automation, CommandSpec)> {
    let has_agent = settings.mesh.peers.iter().any(|peer| matches!(peer.kind, PeerKind::Agent { .. }));
    if settings.backup.here == Here::No || !has_agent {
        return Vec::new();
    }
    let is_wanted = |automation: &&Automation| {
        matches!(automation.id.kind(), Kind::Workflow | Kind::Netlify)
            && automation.state == Standing::Effective
            && automation.backup_of.is_none()
            && !automation.schedules.is_empty()
            && !settings.mesh.peers.iter().any(|peer| peer.runs_in(&automation.id))
    };
    inventory.automations.iter().filter(is_wanted).filter_map(|primary| run(primary, place)).collect()
}

fn run(primary: &Automation, place: Place<'_>) -> Option<(Automation, CommandSpec)> {
    // A name that is too long with the word before it has none of these: there is no shorter one to tell it by.
    let id = AutomationId::new(Kind::Command, &format!("here/{}", primary.id)).ok()?;
    let automation = Automation {
        name: id.name().into(),
        id,
        domain: Domain::Host,
        source: Source { path: crate::FILE_NAME.into(), line: 1 },
        schedules: Vec::new(),
        triggers: vec!["backup".into()],
        state: Standing::Effective,
        reason: String::new(),
        detail: Detail::Plain,
        backup_of: Some(primary.id.clone()),
    };
    let spec = CommandSpec {
        command: format!("exec \"${{{PROGRAM}:-standin}}\" run {}", quoted(primary.id.as_str())),
        dir: place.root.to_owned(),
        env: BTreeMap::new(),
        env_from: Vec::new(),
        time_limit: TIME_LIMIT,
    };
    Some((automation, spec))
}
