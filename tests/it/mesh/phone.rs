//! Whoever is told: a webhook that keeps what it gets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long may pass until something is told, and how often is looked whether it was.
const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// The largest alert that is taken.
const MAX_ALERT: usize = 64 * 1024;

/// A webhook on a port of its own.
pub(crate) struct Phone {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Phone {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/alerts", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    if let Some(alert) = take(client).await {
                        kept.lock().unwrap().push(alert);
                    }
                });
            }
        });
        Self { url, heard }
    }

    /// Everything that was told so far.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until this was told, of this.
    pub(crate) async fn rings(&self, what: &str, about: &str) {
        let told = async {
            while self.told(what, about) == 0 {
                tokio::time::sleep(POLL).await;
            }
        };
        let told = tokio::time::timeout(LIMIT, told).await;
        assert!(told.is_ok(), "never told {what} of {about}: {:#?}", self.alerts());
    }

    /// How often this was told, of this.
    pub(crate) fn told(&self, what: &str, about: &str) -> usize {
        let is = |alert: &&Value| alert["what"] == what && alert["about"] == about;
        self.alerts().iter().filter(is).count()
    }
}

/// One request, answered before the connection ends.
async fn take(mut client: TcpStream) -> Option<Value> {
    let mut read = Vec::new();
    loop {
        let ends = read.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = ends {
            let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if read.len() >= head + length {
                let alert = serde_json::from_slice(&read[head..]).ok();
                let said: &[u8] = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                client.write_all(said).await.ok()?;
                return alert;
            }
        }
        if read.len() > MAX_ALERT || client.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}
