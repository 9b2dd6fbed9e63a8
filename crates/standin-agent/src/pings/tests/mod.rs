#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bounds;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use standin_core::ident::AutomationId;
use standin_stores::{Check, Sqlite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{BeatBoard, PingState, listen, router};

/// A listener on a real socket, with a journal on a real disk.
struct Stage {
    address: SocketAddr,
    store: Sqlite,
    board: Arc<BeatBoard>,
    key: String,
    checks: Vec<Check>,
    file: PathBuf,
    _dir: tempfile::TempDir,
    _end: oneshot::Sender<()>,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

fn id(text: &str) -> AutomationId {
    text.parse().unwrap()
}

impl Stage {
    async fn open(watched: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("standin.db");
        let store = Sqlite::open(&file).unwrap().store;
        let board = Arc::new(BeatBoard::default());
        let ids: Vec<_> = watched.iter().map(|text| id(text)).collect();
        let state = PingState::open(Arc::new(store.clone()), Arc::clone(&board), &ids).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        tokio::spawn(listen(listener, router(state), async { drop(ended.await) }));
        let (key, checks) = (store.ping_key().await.unwrap(), store.checks().await.unwrap());
        Self { address, store, board, key, checks, file, _dir: dir, _end: end }
    }

    fn uuid(&self, id: &str) -> String {
        self.checks.iter().find(|c| c.id.as_str() == id).unwrap().uuid.to_string()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request on a connection of its own.
    async fn send(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: me\r\nConnection: close\r\n{length}\r\n"
        );
        self.raw(&[head.as_bytes(), body].concat()).await
    }

    /// Sends these bytes and reads until the other side closes.
    async fn raw(&self, bytes: &[u8]) -> Reply {
        let (mut reader, mut writer) = self.connect().await.into_split();
        let bytes = bytes.to_vec();
        // A server that has heard enough closes; what could not be sent then is not missed.
        let sending = tokio::spawn(async move {
            drop(writer.write_all(&bytes).await);
            writer
        });
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(n @ 1..) = reader.read(&mut chunk).await {
            answer.extend_from_slice(&chunk[..n]);
        }
        sending.abort();
        reply(&answer)
    }
}

fn reply(answer: &[u8]) -> Reply {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer in {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}
