//! End-to-end tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)] // process numbers and bytes that are known to be small

mod beats;
mod cli;
mod example;
mod function;
mod journey;
mod mesh;
mod platforms;
mod pm2;
mod readme;
mod reports;
mod rescue;
mod runs;
mod shims;
mod simulate;
mod ssh;
mod stage;
mod stagecraft;
mod state;
mod stores;
mod stores_github;
mod sync;
mod tidy;

/// A client that goes through no proxy. The one that is linked has to be told whose cryptography it uses.
fn http() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}
