//! `standin status` and `standin health`: the agent is asked; without one, what the last one knew is said.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use standin_agent::state_dir::StateDir;
use standin_agent::status::{health_of, status_without_agent};
use standin_core::health::Health;
use standin_core::incident::Phase;
use standin_engine::json_v1::{
    AgentState, AgentV1, AutomationStatusV1, HealthV1, IncidentV1, StatusV1, VERSION,
};
use standin_engine::render::pages;
use standin_stores::Sqlite;

use crate::cli::Format;
use crate::client::{Asked, Client, LOOK, refuse_if_held};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Root;

/// How long an agent that holds its lock may take until it can be asked.
const START: Duration = Duration::from_secs(2);
/// How often that is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Prints how each automation is.
pub(crate) async fn status(path: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let root = Root::find(path)?;
    let status = status_of(&root.state).await?;
    output::print(&status, |s| pages::status(s, Timestamp::now()), format)?;
    Ok(exit_of(&status))
}

/// Prints how the whole is.
pub(crate) async fn health(path: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let root = Root::find(path)?;
    let status = status_of(&root.state).await?;
    output::print(&health_of(&status), |h| pages::health(h, Timestamp::now()), format)?;
    Ok(exit_of(&status))
}

/// The status from the agent, or from what the last one left.
pub(crate) async fn status_of(state: &StateDir) -> Result<StatusV1, Failure> {
    let deadline = Instant::now() + START;
    loop {
        if let Some(client) = Client::of(state)?
            && let Asked::Answered(status) = client.get::<StatusV1>("/api/v1/status", LOOK).await?
        {
            return Ok(status);
        }
        match refuse_if_held(state) {
            Ok(()) => return last_known(state),
            // It may be starting: it holds its lock before it can be asked.
            Err(_) if Instant::now() < deadline => tokio::time::sleep(POLL).await,
            Err(failure) => return Err(failure),
        }
    }
}

fn last_known(state: &StateDir) -> Result<StatusV1, Failure> {
    let remembered = if state.database().exists() {
        Sqlite::read(&state.database())?.load()?
    } else {
        standin_engine::ports::Remembered::default()
    };
    let open = remembered.incidents.iter().filter(|i| i.phase != Phase::Resolved);
    let unknown = HealthV1 { score: None, state: Health::Unknown };
    Ok(status_without_agent(StatusV1 {
        version: VERSION,
        health: unknown,
        agent: AgentV1::default(),
        peers: Vec::new(),
        automations: remembered.verdicts.values().map(AutomationStatusV1::from).collect(),
        incidents: open.map(IncidentV1::from).collect(),
        alerts: Vec::new(),
    }))
}

/// 1 when something is unhealthy, when an incident is open, or when nobody watches, or cannot act.
pub(crate) fn exit_of(status: &StatusV1) -> Exit {
    let bad = |a: &AutomationStatusV1| matches!(a.health, Health::Failed | Health::Unhealthy);
    let unwatched = status.agent.state == AgentState::Absent;
    let open = status.incidents.iter().any(|i| i.phase != Phase::Settling.to_string());
    let faulty = !status.agent.fault.is_empty();
    if unwatched || faulty || open || status.automations.iter().any(bad) { Exit::Found } else { Exit::Fine }
}
