//! What the engine needs from outside. Adapters implement these and know nothing of each other.

use standin_core::effect::{Effect, Outcome};
use standin_core::observation::{OwnedApp, Pm2View};

/// A host of processes: PM2, or a twin of it in tests and in the simulator.
pub trait Processes: Send + Sync {
    /// Takes one look at the daemon and at these apps. Never fails: what cannot be read is unknown.
    fn look(&self, apps: &[OwnedApp]) -> impl Future<Output = Pm2View> + Send;

    /// Carries out one effect, once: no retry, no wait beyond the answer. Probes the target first and answers
    /// [`Outcome::NotNeeded`] when it is no longer what was observed.
    fn apply(&self, effect: &Effect, apps: &[OwnedApp]) -> impl Future<Output = Outcome> + Send;

    /// Resolves when something has happened since the last look that is worth another one.
    fn changed(&self) -> impl Future<Output = ()> + Send;

    /// What must survive a restart of the watcher (how a process ended, which daemon it was), as JSON.
    fn memory(&self) -> String;
}
