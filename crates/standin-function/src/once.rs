//! One event on the standard input, one answer on the standard output.

use std::io::{Read, Write};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use standin_body::env::Env;

use crate::event::{Event, Reply};
use crate::part::Function;
use crate::routes::answer;

/// The largest event, in bytes: what Netlify takes, in base64.
const MAX_EVENT: u64 = 9 * 1024 * 1024;

/// How long there is when nobody says: what Netlify gives a scheduled function.
const USUAL: Duration = Duration::from_secs(30);

/// Takes one event and answers it.
pub(crate) async fn run(env: Env) -> Result<()> {
    let mut text = Vec::new();
    std::io::stdin().take(MAX_EVENT).read_to_end(&mut text).context("the event cannot be read")?;
    let reply = match Event::of_netlify(&text) {
        Ok((event, deadline)) => {
            let left = deadline.map_or(USUAL, left);
            answer(&Function::new(env), event, left).await
        }
        Err(error) => Reply::error(400, &error.to_string()),
    };
    let mut out = serde_json::to_vec(&reply)?;
    out.push(b'\n');
    std::io::stdout().write_all(&out).context("the answer cannot be written")
}

/// How long until this time, in milliseconds since 1970.
pub(crate) fn left(deadline: u64) -> Duration {
    let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    Duration::from_millis(deadline.saturating_sub(now))
}
