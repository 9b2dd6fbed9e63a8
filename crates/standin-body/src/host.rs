//! What only the agent has: the machine that it runs on.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use standin_core::ident::AutomationId;
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::Fact;

use crate::store::Store;

/// The machine, as the agent sees it and can act on it.
pub trait Host: Send + Sync + 'static {
    /// How everything on it is; `None` when the agent itself does not know yet.
    fn facts(&self) -> impl Future<Output = Option<BTreeMap<AutomationId, Fact>>> + Send;

    /// How one thing on it is, asked now.
    fn probe(&self, id: &AutomationId, slot: Option<StoreTime>) -> impl Future<Output = Probed> + Send;

    /// What the heartbeats say that were heard here, of something that cannot be asked on its platform; unknown where
    /// none are heard.
    fn heard(&self, _: &AutomationId, _: Option<StoreTime>) -> impl Future<Output = Probed> + Send {
        std::future::ready(Probed::Unknown)
    }

    /// Starts something on it, once under the order's key: a command, a script, an app of PM2.
    fn start(
        &self,
        id: &AutomationId,
        slot: Option<StoreTime>,
        order: &Order,
    ) -> impl Future<Output = Sent> + Send;

    /// The same for a slot, and the store that decides about it: whoever works claims the slot there under the order's
    /// key, and says there how it ended.
    fn start_for(
        &self,
        id: &AutomationId,
        (slot, _): (StoreTime, Arc<dyn Store>),
        order: &Order,
    ) -> impl Future<Output = Sent> + Send {
        self.start(id, Some(slot), order)
    }
}

/// No machine: the Action and the functions.
#[derive(Debug, Clone, Copy)]
pub struct NoHost;

impl Host for NoHost {
    async fn facts(&self) -> Option<BTreeMap<AutomationId, Fact>> {
        None
    }

    async fn probe(&self, _: &AutomationId, _: Option<StoreTime>) -> Probed {
        // Nobody here has heard of it: that is all that there is to say. Whether the silence of its agent counts, the
        // tick knows.
        Probed::Down
    }

    async fn start(&self, _: &AutomationId, _: Option<StoreTime>, _: &Order) -> Sent {
        Sent::Refused
    }
}
