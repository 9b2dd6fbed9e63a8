//! What can be asked of a running agent, from the API to the loop.

use std::collections::BTreeMap;

use standin_core::ident::AutomationId;
use standin_engine::json_v1::RecoverV1;
use standin_engine::ports::mesh::Fact;
use tokio::sync::oneshot;

/// Told what was done and what came of it, or why nothing can be done.
pub type RecoverReply = oneshot::Sender<Result<RecoverV1, String>>;

/// Whether something is done or only said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// Only said.
    Yes,
    /// Done.
    No,
}

/// How the agent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It waits a while for what is under way. What has not ended by then is on record, and the next agent takes it up.
    Graceful,
    /// At once. What is under way is on record, and the next agent takes it up.
    Now,
}

/// One request to the loop.
#[derive(Debug)]
pub enum Command {
    /// Look now, so that what is published is of this moment.
    Look {
        /// Told when it is.
        reply: oneshot::Sender<()>,
    },
    /// Recover these, or with none named everything that fails.
    Recover {
        /// Which.
        ids: Vec<AutomationId>,
        /// Whether it is only said what would be done.
        rehearsal: Rehearsal,
        /// Told what was done and what came of it.
        reply: RecoverReply,
    },
    /// Look now, and say how everything is in the words of the mesh.
    Facts {
        /// Told it.
        reply: oneshot::Sender<BTreeMap<AutomationId, Fact>>,
    },
    /// Restart a process if it is seen to be down, and no person has ended it.
    Restart {
        /// Which.
        id: AutomationId,
        /// Told what was done and what came of it, or why nothing is done.
        reply: RecoverReply,
    },
    /// End.
    Stop {
        /// How.
        how: Stop,
    },
}
