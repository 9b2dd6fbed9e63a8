//! Names of watchers. Who of several tries first goes by a hash of the names; whoever is to act in a test is the first,
//! so that it need not wait for its turn.

use standin_core::incident::Target;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::rank::rank;

/// So many of each are tried.
const MANY: usize = 200;

/// What the agent and the function are called; the Action is `second`.
pub(crate) struct Names {
    pub(crate) agent: String,
    pub(crate) function: String,
}

impl Names {
    pub(crate) fn so_that(fits: impl Fn(&Self) -> bool) -> Self {
        let name = |n| Self { agent: format!("agent-{n}"), function: format!("function-{n}") };
        (0..MANY).map(name).find(|names| fits(names)).expect("some names fit")
    }

    /// Whether this watcher is the first of these to help `peer:NAME` or an automation.
    #[allow(clippy::unused_self)]
    pub(crate) fn is_first(&self, target: &str, own: &str, able: &[&str]) -> bool {
        let peer = |name: &str| name.parse::<PeerId>().unwrap();
        let target = match target.strip_prefix("peer:") {
            Some(name) => Target::Peer(peer(name)),
            None => Target::Automation(target.parse().unwrap()),
        };
        let able: Vec<_> = able.iter().map(|name| peer(name)).collect();
        rank(&target, &peer(own), &able) == Some(0)
    }
}
