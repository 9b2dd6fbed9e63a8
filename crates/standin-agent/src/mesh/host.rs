//! The machine as the mesh sees it: what the agent's loop knows of it and can do on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use standin_body::host::Host;
use standin_body::store::Store;
use standin_core::ident::{AutomationId, Kind, Starter};
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_engine::json_v1::RecoverV1;
use standin_engine::ports::Runner;
use standin_engine::ports::mesh::Fact;
use tokio::sync::{mpsc, oneshot};

use super::works::Works;
use crate::control::Command;

/// This machine.
#[derive(Debug)]
pub struct AgentHost<R> {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) works: Arc<Works<R>>,
}

impl<R: Runner + 'static> AgentHost<R> {
    async fn restart(&self, id: &AutomationId) -> Sent {
        let (reply, answered) = oneshot::channel();
        let asked = Command::Restart { id: id.clone(), reply };
        if self.commands.send(asked).await.is_err() {
            return Sent::Refused;
        }
        match answered.await {
            Ok(Ok(answer)) => sent(&answer),
            Ok(Err(why)) => {
                tracing::info!(target: "mesh", %id, %why, "not restarted");
                Sent::Refused
            }
            Err(_) => Sent::Unknown,
        }
    }
}

/// What a recovery has come to.
fn sent(answer: &RecoverV1) -> Sent {
    let any = |outcome: &str| answer.effects.iter().any(|effect| effect.outcome == outcome);
    let is_under_way = answer.decisions.iter().any(|decision| decision.choice == "under_way");
    match (any("done") || is_under_way, any("unknown")) {
        (true, _) => Sent::Accepted,
        (false, true) => Sent::Unknown,
        (false, false) => Sent::Refused,
    }
}

/// What a fact says to somebody who asks whether help is still needed.
pub(crate) fn probed(fact: Option<Fact>, slot: Option<StoreTime>) -> Probed {
    match (fact, slot) {
        (Some(Fact::Well), _) => Probed::Well,
        (Some(Fact::Down), _) => Probed::Down,
        (Some(Fact::Covered(newest)), Some(slot)) if newest >= slot => Probed::Well,
        (Some(Fact::Covered(_)), Some(_)) => Probed::Down,
        (Some(Fact::Covered(_)), None) | (Some(Fact::Unknown | Fact::Stopped) | None, _) => Probed::Unknown,
    }
}

impl<R: Runner + 'static> Host for AgentHost<R> {
    async fn facts(&self) -> Option<BTreeMap<AutomationId, Fact>> {
        let (reply, answered) = oneshot::channel();
        self.commands.send(Command::Facts { reply }).await.ok()?;
        answered.await.ok()
    }

    async fn probe(&self, id: &AutomationId, slot: Option<StoreTime>) -> Probed {
        probed(self.facts().await.and_then(|facts| facts.get(id).copied()), slot)
    }

    async fn heard(&self, id: &AutomationId, slot: Option<StoreTime>) -> Probed {
        self.probe(id, slot).await
    }

    async fn start(&self, id: &AutomationId, _: Option<StoreTime>, order: &Order) -> Sent {
        match (id.kind().started_by(), id.kind()) {
            (Starter::Agent, Kind::Pm2) => self.restart(id).await,
            (Starter::Agent, _) => self.works.start(id, None, order).await,
            (Starter::Github | Starter::Netlify | Starter::Nobody, _) => Sent::Refused,
        }
    }

    async fn start_for(
        &self,
        id: &AutomationId,
        (slot, store): (StoreTime, Arc<dyn Store>),
        order: &Order,
    ) -> Sent {
        if matches!(id.kind(), Kind::Command | Kind::Npm) {
            return self.works.start(id, Some(store), order).await;
        }
        self.start(id, Some(slot), order).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use standin_engine::json_v1::{DecisionV1, EffectV1};

    use super::*;

    #[test]
    fn a_slot_is_well_once_it_or_a_later_one_has_a_run_and_what_is_not_known_is_not_down() {
        let covered = |slot| Some(Fact::Covered(StoreTime(slot)));
        let slot = Some(StoreTime(5));
        assert_eq!(probed(covered(5), slot), Probed::Well);
        assert_eq!(probed(covered(4), slot), Probed::Down);
        assert_eq!(probed(covered(5), None), Probed::Unknown);
        assert_eq!(probed(Some(Fact::Unknown), slot), Probed::Unknown);
        assert_eq!(probed(None, slot), Probed::Unknown);
        assert_eq!(probed(Some(Fact::Down), None), Probed::Down);
    }

    #[test]
    fn what_was_refused_or_not_needed_is_no_recovery() {
        let answer = |outcome: &str, choice: &str| {
            let text = String::new;
            let effect = EffectV1 {
                effect: text(),
                reason: text(),
                attempt: 1,
                outcome: outcome.to_owned(),
                detail: text(),
            };
            let decision = DecisionV1 { target: text(), choice: choice.to_owned(), reason: text() };
            RecoverV1 { version: 1, dry_run: false, decisions: vec![decision], effects: vec![effect] }
        };
        assert_eq!(sent(&answer("done", "attempt")), Sent::Accepted);
        assert_eq!(sent(&answer("unknown", "attempt")), Sent::Unknown);
        assert_eq!(sent(&answer("refused", "attempt")), Sent::Refused);
        assert_eq!(sent(&answer("not_needed", "attempt")), Sent::Refused);
        assert_eq!(sent(&answer("not_needed", "under_way")), Sent::Accepted);
    }
}
