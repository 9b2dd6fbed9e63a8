//! What senders cannot do.

use std::sync::Arc;

use standin_core::beat::BeatState;
use standin_engine::ports::{Arrival, Change, Journal, JournalError, Remembered};
use standin_stores::{CheckError, Made};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use super::{Stage, id, reply};
use crate::pings::{
    BeatBoard, Directory, MAX_BODY_BYTES, MAX_IN_FLIGHT, MAX_READ_BYTES, PingState, PingStore, listen, router,
};

#[tokio::test]
async fn a_body_is_cut_and_not_refused() {
    let stage = Stage::open(&["pm2:web"]).await;
    let path = format!("/ping/{}", stage.uuid("pm2:web"));
    for size in [1, MAX_BODY_BYTES, MAX_BODY_BYTES + 1, MAX_READ_BYTES, 3 * MAX_READ_BYTES] {
        let reply = stage.send("POST", &path, &vec![b'x'; size]).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "OK"), "{size}");
        let kept = stage.store.beats_of(id("pm2:web"), 1).await.unwrap().remove(0);
        assert_eq!(kept.body.len(), size.min(MAX_BODY_BYTES));
    }
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    let stage = Stage::open(&["pm2:web"]).await;
    let uuid = stage.uuid("pm2:web");
    let head = format!(
        "POST /{uuid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    assert_eq!(stage.raw(format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").as_bytes()).await.status, 200);
    assert_eq!(stage.store.beats_of(id("pm2:web"), 1).await.unwrap()[0].body, b"abcde");
    let cut_off = stage.raw(format!("{head}zz\r\n").as_bytes()).await;
    assert_ne!(cut_off.status, 200, "a broken body is not kept as a whole one");
    assert_eq!(stage.store.beats_of(id("pm2:web"), 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_user_agent_is_cut() {
    let stage = Stage::open(&["pm2:web"]).await;
    let uuid = stage.uuid("pm2:web");
    for (agent, kept) in [("a".repeat(500), 200), ("é".repeat(300), 200), ("short".to_owned(), 5)] {
        let head =
            format!("GET /{uuid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: {agent}\r\n\r\n");
        assert_eq!(stage.raw(head.as_bytes()).await.status, 200);
        let beat = stage.store.beats_of(id("pm2:web"), 1).await.unwrap().remove(0);
        assert_eq!(beat.agent.chars().count(), kept);
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let stage = Stage::open(&["pm2:web"]).await;
    let head = format!("GET /{} HTTP/1.1\r\nX: {}", stage.uuid("pm2:web"), "x".repeat(100_000));
    assert_eq!(stage.raw(head.as_bytes()).await.status, 431);
}

#[tokio::test]
async fn a_journal_that_fails_is_not_answered_with_ok() {
    let stage = Stage::open(&["pm2:web"]).await;
    stage.store.close().await;
    let reply = stage.send("GET", &format!("/{}", stage.uuid("pm2:web")), b"").await;
    assert_eq!(
        (reply.status, reply.body.as_str(), reply.header("Retry-After")),
        (503, "not stored", Some("1"))
    );
    assert_eq!(stage.board.snapshot().len(), 0);
}

/// Keeps nothing before it is told to.
struct Slow {
    gate: Semaphore,
    inside: Semaphore,
}

impl Journal for Slow {
    async fn load(&self) -> Result<Remembered, JournalError> {
        Ok(Remembered::default())
    }
    async fn arrive(&self, _: Arrival) -> Result<BeatState, JournalError> {
        self.inside.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        Ok(BeatState::default())
    }
    async fn commit(&self, _: Change) -> Result<(), JournalError> {
        Ok(())
    }
}

impl PingStore for Slow {
    async fn create_check(&self, slug: String) -> Result<Made, CheckError> {
        Err(CheckError::Slug(slug))
    }
}

#[tokio::test]
async fn a_flood_is_told_to_come_again() {
    let stage = Stage::open(&["pm2:web"]).await;
    let slow = Arc::new(Slow { gate: Semaphore::new(0), inside: Semaphore::new(0) });
    let directory = Directory::of(stage.key.clone(), &stage.checks, &[id("pm2:web")]);
    let state = PingState::new(Arc::clone(&slow), Arc::new(BeatBoard::default()), directory);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen(listener, router(state), std::future::pending()));
    let stage = Stage { address, ..stage };
    let path = format!("/{}", stage.uuid("pm2:web"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut waiting = Vec::new();
    for _ in 0..MAX_IN_FLIGHT {
        let mut stream = stage.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    slow.inside.acquire_many(u32::try_from(MAX_IN_FLIGHT).unwrap()).await.unwrap().forget();
    let refused = stage.send("GET", &path, b"").await;
    assert_eq!((refused.status, refused.header("Retry-After")), (503, Some("1")));
    slow.gate.add_permits(MAX_IN_FLIGHT + 1);
    for mut stream in waiting {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(reply(&answer).status, 200, "who was in before the flood is served");
    }
    assert_eq!(stage.send("GET", &path, b"").await.status, 200, "and so is who comes after it");
}

/// Time stands still but for the timers: the clock jumps to the next one as soon as nothing else can go on.
#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let places = Semaphore::new(1);
    let body = axum::body::Body::new(Never);
    let given_up = crate::pings::body::read(body, &places).await;
    assert!(matches!(given_up, Err(crate::pings::answer::Answer::TooSlow)));
}

/// A body that announces itself and never comes.
struct Never;

impl hyper::body::Body for Never {
    type Data = hyper::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }
}
