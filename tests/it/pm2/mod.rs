//! With the real PM2. Everything here waits for Node to start, so only few of these run at a time: see the test
//! runner's configuration.

mod crash;
mod daemon;
mod hosted;
mod recovery;
mod shop;

use serde_json::json;

use crate::stage::Stage;

/// What an app does that runs until it is ended.
pub(crate) const RUNS: &str = "exec sleep 1000";

/// A repository with one app that PM2 does not start again, running under PM2, and an agent.
fn one_app_watched() -> Stage {
    let mut stage = Stage::with("");
    stage.start(&[crate::stage::app("web", RUNS, &json!({ "autorestart": false }))]);
    stage.up(&[]);
    stage.until_health("pm2:web", "healthy");
    stage
}
