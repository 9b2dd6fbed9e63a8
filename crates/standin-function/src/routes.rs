//! What is answered to whom.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;
use standin_body::check::CheckV1;

use crate::beats;
use crate::door::enter;
use crate::event::{Asked, Event, Reply};
use crate::part::Function;
use crate::watch;

/// Where Netlify serves these routes.
const PREFIX: &str = "/standin";

/// Answers one event.
pub(crate) async fn answer(function: &Result<Function>, event: Event, left: Duration) -> Reply {
    let function = match function {
        Ok(function) => function,
        Err(error) => {
            let why = format!("{error:#}");
            tracing::error!("{why}");
            return Reply::error(503, &why);
        }
    };
    match event {
        Event::Tick => told(watch::tick(function, left).await),
        Event::Woken(asked) => tick(function, &asked, left).await,
        Event::Http(asked) => route(function, &asked, left).await,
    }
}

async fn route(function: &Function, asked: &Asked, left: Duration) -> Reply {
    let path = asked.path.strip_prefix(PREFIX).filter(|rest| rest.starts_with('/')).unwrap_or(&asked.path);
    match (asked.method.as_str(), path) {
        ("GET" | "HEAD", "/health") => health(function),
        ("GET" | "HEAD", "/status") => status(function, asked, left).await,
        ("POST", "/tick") => tick(function, asked, left).await,
        ("GET" | "HEAD", "/pings") => pings(function, asked, None, left).await,
        ("GET" | "HEAD", path) if path.starts_with("/pings/") => {
            pings(function, asked, path.strip_prefix("/pings/"), left).await
        }
        (_, "/health" | "/status" | "/tick" | "/pings") => {
            Reply::error(405, "this route wants another method")
        }
        (_, path) if path.starts_with("/ping/") => beats::take(function, asked, path, left).await,
        _ => Reply::error(404, "there are /health, /status, /tick, /pings and /ping/…"),
    }
}

/// Open to everyone, so it says nothing but that the function runs, and as what.
fn health(function: &Function) -> Reply {
    let version = env!("CARGO_PKG_VERSION");
    Reply::json(200, &json!({ "ok": true, "version": version, "peer": function.peer.name.to_string() }))
}

async fn status(function: &Function, asked: &Asked, left: Duration) -> Reply {
    match enter(asked, function.env.secret("STANDIN_TOKEN").as_ref(), Timestamp::now()) {
        Ok(()) => told(watch::status(function, left).await),
        Err(refusal) => refusal.into(),
    }
}

async fn pings(function: &Function, asked: &Asked, slug: Option<&str>, left: Duration) -> Reply {
    match enter(asked, function.env.secret("STANDIN_TOKEN").as_ref(), Timestamp::now()) {
        Ok(()) => beats::list(function, slug, left).await,
        Err(refusal) => refusal.into(),
    }
}

async fn tick(function: &Function, asked: &Asked, left: Duration) -> Reply {
    match enter(asked, function.env.secret("STANDIN_TOKEN").as_ref(), Timestamp::now()) {
        Ok(()) => told(watch::tick(function, left).await),
        Err(refusal) => refusal.into(),
    }
}

fn told(said: Result<CheckV1>) -> Reply {
    match said {
        Ok(said) => Reply::json(200, &said),
        Err(error) => {
            let why = format!("{error:#}");
            tracing::error!("{why}");
            Reply::error(503, &why)
        }
    }
}
