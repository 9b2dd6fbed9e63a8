//! The Action's part in the mesh of the repository.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use standin_body::host::NoHost;
use standin_body::reach::{Times, client, reach};
use standin_body::repository::{Repository, load};
use standin_body::setup::join;
use standin_body::world::World;
use standin_config::mesh::PeerKind;
use standin_core::mesh::peer::PeerId;
use standin_engine::mesh::Body;

use crate::inputs::{Command, Inputs};

/// What a step can take: a job has hours, and is paid by the minute.
const BODY: Body =
    Body { tick: 150_000, request: 10_000, period: 3_600_000, punctual: 21_600_000, send: 20_000 };

/// The repository, and the world of its Action.
pub(crate) struct Part {
    pub(crate) repository: Repository,
    pub(crate) world: Arc<World<NoHost>>,
}

/// Reads the repository and takes the Action's part. Sends nothing.
pub(crate) async fn take(inputs: &Inputs) -> Result<Part> {
    let mut repository = load(&inputs.root)?;
    repository.mesh.ensure_action(watcher(inputs));
    let name = name(inputs, &repository)?;
    let every = repository.mesh.peers.iter().find(|peer| peer.name == name).map(|peer| peer.every);
    let period = every.and_then(|every| u32::try_from(every.as_millis()).ok()).unwrap_or(BODY.period);
    let joined = join(&repository.mesh, &name, Body { period, ..BODY })?;
    let times = Times {
        request: Duration::from_millis(u64::from(BODY.request)),
        send_within: Duration::from_millis(u64::from(BODY.send)),
    };
    let http = client(&inputs.env, times)?;
    let reached = reach(&repository.mesh, &inputs.env, http, times, None).await;
    let world = Arc::new(World::new(repository.mesh.clone(), joined, reached, NoHost));
    Ok(Part { repository, world })
}

/// The watcher's workflow where `standin.toml` names no watchers: the one of this run, unless its step belongs to an automation
/// or only reckons the coverage.
pub(crate) fn watcher(inputs: &Inputs) -> &str {
    let of_run = match inputs.command {
        Command::Beat | Command::ExecResult | Command::Coverage => None,
        Command::Check | Command::Recover | Command::Pause | Command::Resume | Command::Report => {
            inputs.run.workflow.as_deref()
        }
    };
    of_run.unwrap_or("standin.yml")
}

/// Which watcher this is: the one that was named, the one of this workflow, else the first Action.
fn name(inputs: &Inputs, repository: &Repository) -> Result<PeerId> {
    if let Some(name) = &inputs.peer {
        return name.parse::<PeerId>().context("the input `peer` names no watcher");
    }
    let actions = || repository.mesh.peers.iter().filter(|peer| matches!(peer.kind, PeerKind::Action { .. }));
    let of_workflow = actions().find(|peer| match &peer.kind {
        PeerKind::Action { workflow } => Some(workflow) == inputs.run.workflow.as_ref(),
        PeerKind::Netlify { .. } | PeerKind::Lambda { .. } | PeerKind::Agent { .. } => false,
    });
    let peer = of_workflow.or_else(|| actions().next());
    peer.map(|peer| peer.name.clone())
        .context("standin.toml has no [[peer]] kind = \"action\": add one, so that this watcher has a name")
}
