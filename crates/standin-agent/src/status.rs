//! What the agent knows, as the plain data that it publishes.

use std::collections::BTreeMap;

use standin_core::health::{Health, Priority, score};
use standin_core::incident::Phase;
use standin_core::verdict::Verdict;
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
    let priorities: BTreeMap<_, _> = engine.setup().watches.iter().map(|w| (&w.id, w.priority)).collect();
    let automation = |verdict: &Verdict| AutomationStatusV1 {
        priority: priorities.get(&verdict.automation).copied().unwrap_or_default(),
        ..verdict.into()
    };
    let mut incidents: Vec<_> =
        engine.incidents().values().filter(|incident| incident.phase != Phase::Resolved).collect();
    incidents.sort_by(|a, b| a.opened.cmp(&b.opened).then_with(|| a.id.cmp(&b.id)));
    StatusV1 {
        version: VERSION,
        health: score(parts).into(),
        agent,
        peers: Vec::new(),
        automations: engine.verdicts().values().map(automation).collect(),
        incidents: incidents.into_iter().map(IncidentV1::from).collect(),
        alerts: Vec::new(),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use jiff::Timestamp;
    use standin_core::effect::{Effect, Outcome};
    use standin_core::observation::{OwnedApp, Pm2View};
    use standin_core::watch::{Expectation, Recovery, Watch};
    use standin_engine::tick::Setup;
    use standin_stores::memory::Memory;

    use super::*;

    /// A machine without PM2.
    #[derive(Debug)]
    struct Nowhere;

    impl Processes for Nowhere {
        async fn look(&self, _: &[OwnedApp]) -> Pm2View {
            Pm2View::unknown(Timestamp::UNIX_EPOCH, "there is none")
        }

        async fn apply(&self, _: &Effect, _: &[OwnedApp]) -> Outcome {
            Outcome::NotNeeded { why: "there is none".to_owned() }
        }

        async fn changed(&self) {}

        fn memory(&self) -> String {
            String::new()
        }
    }

    #[tokio::test]
    async fn each_automation_is_told_with_its_priority() {
        let watch = |(name, priority): (&str, Priority)| Watch {
            id: format!("heartbeat:{name}").parse().unwrap(),
            priority,
            recovery: Recovery::AlertOnly,
            expectations: vec![Expectation::Nothing { hint: String::new() }],
        };
        let watches = [("b", Priority::Critical), ("a", Priority::Low)].map(watch).to_vec();
        let setup = Setup { watches, policy: standin_core::policy::Policy::default(), apps: Vec::new() };
        let now = Timestamp::UNIX_EPOCH;
        let engine = Engine::start(Arc::new(Nowhere), Arc::new(Memory::new()), setup, now);
        let (mut engine, _) = engine.await.unwrap();
        engine.tick(now, BTreeMap::new(), &BTreeMap::new()).await.unwrap();
        let status = status_of(&engine, AgentV1::default());
        let told: Vec<_> = status.automations.iter().map(|a| (a.id.as_str(), a.priority)).collect();
        assert_eq!(told, [("heartbeat:a", Priority::Low), ("heartbeat:b", Priority::Critical)]);
    }
}
