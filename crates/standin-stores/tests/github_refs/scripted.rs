//! A server that says what a test wants it to say.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What came: the whole head, in small letters.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) head: String,
}

pub(crate) struct Scripted {
    pub(crate) url: String,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Scripted {
    /// Each request, as `METHOD /path`, is answered with a status, further header lines and a body.
    pub(crate) async fn start(
        answer: impl Fn(&str) -> (u16, String, String) + Send + Sync + 'static,
    ) -> Self {
        Self::start_with_bodies(move |line, _| answer(line)).await
    }

    /// The same for answers that depend on what was sent.
    pub(crate) async fn start_with_bodies(
        answer: impl Fn(&str, &str) -> (u16, String, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let came = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (came.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), log.clone()));
            }
        });
        Self { url, came }
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<impl Fn(&str, &str) -> (u16, String, String) + Send + Sync + 'static>,
    log: Arc<Mutex<Vec<Came>>>,
) {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => text.extend_from_slice(&buffer[..read]),
        }
        if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&text[..end]).into_owned();
    let length = head
        .to_lowercase()
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.lines().next().unwrap().trim().parse::<usize>().unwrap());
    while text.len() < end + 4 + length {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => text.extend_from_slice(&buffer[..read]),
        }
    }
    let line = head.lines().next().unwrap().rsplit_once(' ').unwrap().0.to_owned();
    log.lock().unwrap().push(Came { head: head.to_lowercase() });
    let (status, headers, body) = answer(&line, &String::from_utf8_lossy(&text[end + 4..]));
    let date = "date: Sun, 06 Nov 2044 08:49:37 GMT";
    let answer = format!(
        "HTTP/1.1 {status} -\r\n{date}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}
