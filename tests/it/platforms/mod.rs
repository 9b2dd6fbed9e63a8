//! The adapters of GitHub and Netlify against the stage, and that of AWS against MiniStack: what they say that they did, and what was really done.

mod aws;
mod bad;
mod github;
mod netlify;
mod table;

use std::time::Duration;

use standin_http::Http;
use standin_stage::FaultKind;

/// As long as any of these tests waits for an answer.
const TIMEOUT: Duration = Duration::from_millis(400);

fn http() -> Http {
    Http::new(Duration::from_secs(10), None).unwrap()
}

/// Each way in which a request can go wrong.
fn faults() -> Vec<FaultKind> {
    let mut faults = vec![
        FaultKind::SecondaryLimit { retry_after_s: 5 },
        FaultKind::PrimaryLimit,
        FaultKind::Refused,
        FaultKind::LostReply,
        FaultKind::Truncated,
        FaultKind::CutReply,
        FaultKind::Huge,
        FaultKind::Hang,
        FaultKind::HangAfterCommit,
    ];
    for code in [401, 403, 404, 409, 422, 429, 500, 502, 503] {
        faults.push(FaultKind::status(code));
    }
    // Only what a vendor really does: it hides work behind a trouble of its own, never behind a refusal.
    faults.extend([500, 502, 503].map(FaultKind::status_after_commit));
    faults
}
