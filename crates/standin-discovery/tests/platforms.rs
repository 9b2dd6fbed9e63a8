//! Repositories as people leave them, one a folder: what is found in each, and whether the platforms' own loaders agree.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "tests read the environment and start the oracles"
)]

#[path = "platforms/apscheduler.rs"]
mod apscheduler;
#[path = "platforms/aws.rs"]
mod aws;
#[path = "platforms/crontab.rs"]
mod crontab;
#[path = "platforms/damaged.rs"]
mod damaged;
#[path = "platforms/expected.rs"]
mod expected;
#[path = "platforms/netlify.rs"]
mod netlify;
#[path = "platforms/pm2.rs"]
mod pm2;
#[path = "platforms/python.rs"]
mod python;
#[path = "platforms/systemd.rs"]
mod systemd;
#[path = "platforms/terraform.rs"]
mod terraform;
#[path = "platforms/tools.rs"]
mod tools;
