//! Listens to PM2's event bus, `$PM2_HOME/pub.sock`, in a task of its own, and comes back when the daemon does.

use std::sync::Weak;
use std::time::{Duration, Instant};

use tokio::io::BufReader;
use tokio::net::UnixStream;

use super::Shared;
use super::event::{self, Event};
use super::wire::{self, WireError};

/// How often a daemon that is not there is looked for: one `connect`, some microseconds.
const RECONNECT_EVERY: Duration = Duration::from_millis(200);
/// The longest wait between connections that break at once, as at a socket that is not PM2's.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a connection lasts that is not called broken at once.
const LASTING: Duration = Duration::from_secs(1);
/// The longest topic; the longest PM2 has is under 40 bytes.
const MAX_TOPIC_BYTES: usize = 256;
/// The longest event: it carries the environment of its app.
const MAX_EVENT_BYTES: usize = 16 << 20;
/// The buffer under the reads, so that small messages cost few system calls.
const BUFFER_BYTES: usize = 64 << 10;

/// Listens until the adapter is dropped.
pub(super) async fn run(shared: Weak<Shared>) {
    let mut wait = RECONNECT_EVERY;
    loop {
        let Some(path) = shared.upgrade().map(|shared| shared.home.join("pub.sock")) else { return };
        if let Ok(stream) = UnixStream::connect(&path).await {
            let Some(here) = shared.upgrade() else { return };
            here.bus_found();
            drop(here);
            let since = Instant::now();
            let end = listen(stream, &shared).await;
            let Some(here) = shared.upgrade() else { return };
            here.bus_lost();
            if let Err(why @ (WireError::Framing(_) | WireError::TooLarge(_))) = end {
                here.warn_once(&format!("PM2's event bus is not understood ({why}); its list is used alone"));
            }
            let broken = since.elapsed() < LASTING;
            wait = if broken { (wait * 2).min(LONGEST_WAIT) } else { RECONNECT_EVERY };
        }
        tokio::time::sleep(wait).await;
    }
}

async fn listen(stream: UnixStream, shared: &Weak<Shared>) -> Result<(), WireError> {
    let mut stream = BufReader::with_capacity(BUFFER_BYTES, stream);
    let (mut topic, mut body) = (Vec::new(), Vec::new());
    loop {
        let Some(event) = next(&mut stream, &mut topic, &mut body).await? else { continue };
        let Some(here) = shared.upgrade() else { return Ok(()) };
        here.heard(&event);
    }
}

/// Reads one message; its body only if the topic is wanted.
async fn next(
    stream: &mut BufReader<UnixStream>,
    topic: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> Result<Option<Event>, WireError> {
    let parts = wire::read_count(stream).await?;
    wire::read_part(stream, MAX_TOPIC_BYTES, topic).await?;
    let wanted = parts == 2 && event::wanted(wire::payload(topic));
    if !wanted {
        for _ in 1..parts {
            wire::skip_part(stream).await?;
        }
        return Ok(None);
    }
    wire::read_part(stream, MAX_EVENT_BYTES, body).await?;
    Ok(event::read(wire::payload(topic), wire::payload(body)))
}
