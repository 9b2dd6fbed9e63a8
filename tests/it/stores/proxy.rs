//! A proxy between a client and a store that loses answers: after the store has written, and before.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The largest request or answer that is passed on, in bytes.
const MAX_MESSAGE: usize = 8 * 1024 * 1024;

/// What becomes of one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// It is passed on, and so is its answer.
    None,
    /// It is passed on, and the answer is this status.
    AnswerAfter(u16),
    /// It is passed on, and the connection ends.
    EndAfter,
    /// It is passed on, and the connection ends within the head of the answer.
    CutAfter,
    /// It is passed on twice, as by something in between that tries again, and the second answer is given.
    Twice,
    /// It is not passed on, and the answer is this status.
    AnswerBefore(u16),
    /// It is not passed on, and the connection ends.
    EndBefore,
}

/// Listens on a port of its own; writes meet the mishaps in turn, everything else is passed on.
pub(crate) async fn proxy(upstream: u16, mishaps: Vec<Mishap>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (mishaps, turn) = (Arc::new(mishaps), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mishaps, turn) = (Arc::clone(&mishaps), Arc::clone(&turn));
            tokio::spawn(async move {
                let _ = serve(client, upstream, &mishaps, &turn).await;
            });
        }
    });
    port
}

async fn serve(
    mut client: TcpStream,
    upstream: u16,
    mishaps: &[Mishap],
    turn: &AtomicUsize,
) -> io::Result<()> {
    loop {
        let request = message(&mut client).await?;
        let mishap = if is_write(&request) {
            mishaps[turn.fetch_add(1, Ordering::SeqCst) % mishaps.len()]
        } else {
            Mishap::None
        };
        match mishap {
            Mishap::None => client.write_all(&pass(upstream, &request).await?).await?,
            Mishap::AnswerAfter(status) => {
                pass(upstream, &request).await?;
                client.write_all(answer(status).as_bytes()).await?;
            }
            Mishap::EndAfter => {
                pass(upstream, &request).await?;
                return Ok(());
            }
            Mishap::CutAfter => {
                pass(upstream, &request).await?;
                client.write_all(b"HTTP/1.1 200 OK\r\ncontent-le").await?;
                return Ok(());
            }
            Mishap::Twice => {
                pass(upstream, &request).await?;
                client.write_all(&pass(upstream, &request).await?).await?;
            }
            Mishap::AnswerBefore(status) => client.write_all(answer(status).as_bytes()).await?,
            Mishap::EndBefore => return Ok(()),
        }
    }
}

fn answer(status: u16) -> String {
    format!("HTTP/1.1 {status} Mishap\r\ncontent-length: 0\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n")
}

/// Whether it changes a cell: an object that is put, an item that is put.
fn is_write(request: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&request[..head(request).unwrap_or(0)]).to_ascii_lowercase();
    head.starts_with("put ") || head.contains("x-amz-target: dynamodb_20120810.putitem")
}

async fn pass(upstream: u16, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    server.write_all(request).await?;
    message(&mut server).await
}

/// Where the head of a message ends.
pub(crate) fn head(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4)
}

/// One message with a length, whole.
pub(crate) async fn message(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        if let Some(head) = head(&read) {
            let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.map_or(0, |length| length.trim().parse().unwrap());
            if read.len() >= head + length {
                return Ok(read);
            }
        }
        if read.len() > MAX_MESSAGE || from.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
