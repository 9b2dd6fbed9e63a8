//! What the agent knows, as the plain data that it publishes.

use standin_core::health::{Health, Priority, score};
use standin_core::incident::Phase;
use standin_engine::json_v1::{
    AgentV1, AutomationStatusV1, CountsV1, HealthReportV1, IncidentV1, StatusV1, VERSION,
};
use standin_engine::ports::{Journal, Processes};
use standin_engine::tick::Engine;

/// The status as of the engine's last tick.
pub fn status_of<P: Processes, J: Journal>(engine: &Engine<P, J>, agent: AgentV1) -> StatusV1 {
    let parts = engine.setup().watches.iter().map(|watch| {
        let health = engine.verdicts().get(&watch.id).map_or(Health::Unknown, |v| v.health);
        (health, watch.priority)
    });
    let mut incidents: Vec<_> =
        engine.incidents().values().filter(|incident| incident.phase != Phase::Resolved).collect();
    incidents.sort_by(|a, b| a.opened.cmp(&b.opened).then_with(|| a.id.cmp(&b.id)));
    StatusV1 {
        version: VERSION,
        health: score(parts).into(),
        agent,
        peers: Vec::new(),
        automations: engine.verdicts().values().map(AutomationStatusV1::from).collect(),
        incidents: incidents.into_iter().map(IncidentV1::from).collect(),
    }
}

/// The health alone.
pub fn health_of(status: &StatusV1) -> HealthReportV1 {
    HealthReportV1 {
        version: VERSION,
        health: status.health,
        counts: CountsV1::of(status.automations.iter().map(|a| a.health)),
        agent: status.agent.clone(),
    }
}

/// The status when no agent runs: what the last one knew is said, and counts for nothing.
pub fn status_without_agent(last_known: StatusV1) -> StatusV1 {
    let automations: Vec<_> = last_known
        .automations
        .into_iter()
        .map(|a| AutomationStatusV1 {
            reason: format!("no agent runs; last known: {}, {}", a.health, a.reason),
            health: Health::Unknown,
            code: "not_readable".to_owned(),
            ..a
        })
        .collect();
    let nothing = score(std::iter::empty::<(Health, Priority)>());
    StatusV1 { health: nothing.into(), agent: AgentV1::default(), automations, ..last_known }
}
