//! `/_stage`: what a test or a person asks of a plane by hand, over HTTP.

use std::sync::Arc;

use hyper::Method;
use serde_json::json;

use crate::faults::Fault;
use crate::serve::Handler;
use crate::wire::{Reply, Request};

/// Answers a request to `/_stage`. Both planes know `faults`, `requests` and `clock`; the rest is their own.
pub(crate) fn answer<H: Handler>(handler: Arc<H>, request: &Request) -> Reply {
    let path: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    let plane = handler.plane();
    match (&request.method, path.as_slice()) {
        (&Method::POST, ["faults"]) => inject(&*handler, request),
        (&Method::GET, ["faults"]) => Reply::json(200, &json!(plane.waiting_faults())),
        (&Method::DELETE, ["faults"]) => {
            plane.clear_faults();
            Reply::empty(204)
        }
        (&Method::GET, ["requests"]) => Reply::json(200, &json!(plane.requests())),
        (&Method::DELETE, ["requests"]) => {
            plane.clear_requests();
            Reply::empty(204)
        }
        (&Method::POST, ["clock"]) => match request.query("ahead_s").and_then(|text| text.parse().ok()) {
            Some(seconds) => {
                plane.set_clock_ahead(seconds);
                Reply::empty(204)
            }
            None => {
                complaint(400, "say ?ahead_s=SECONDS, a whole number, negative for a clock that is behind")
            }
        },
        (_, path) => handler.clone().stage(request, path).unwrap_or_else(|| {
            complaint(404, "the stage knows no such path: see the documentation of standin-stage")
        }),
    }
}

fn inject<H: Handler>(handler: &H, request: &Request) -> Reply {
    match serde_json::from_slice::<Fault>(&request.body) {
        Err(error) => complaint(400, &format!("this is no fault: {error}")),
        Ok(fault) => match handler.plane().inject(fault) {
            Ok(()) => Reply::empty(204),
            Err(_) => complaint(409, "too many faults wait already: DELETE /_stage/faults"),
        },
    }
}

/// An error of the stage itself.
pub(crate) fn complaint(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "stage": message }))
}
