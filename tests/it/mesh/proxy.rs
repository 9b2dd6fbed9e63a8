//! A network that lets one watcher reach only a part of GitHub.

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::stores::proxy::{head, message};

/// Listens on a port of its own, answers 503 to requests whose path has this in it, and passes the others on.
pub(crate) async fn without(upstream: &str, hidden: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = upstream.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let upstream = upstream.clone();
            tokio::spawn(async move {
                let _ = serve(client, &upstream, hidden).await;
            });
        }
    });
    url
}

async fn serve(mut client: TcpStream, upstream: &str, hidden: &str) -> std::io::Result<()> {
    loop {
        let request = message(&mut client).await?;
        let text = String::from_utf8_lossy(&request[..head(&request).unwrap_or(0)]).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default();
        if path.contains(hidden) {
            client.write_all(b"HTTP/1.1 503 Out of sight\r\ncontent-length: 0\r\n\r\n").await?;
            continue;
        }
        let mut server = TcpStream::connect(upstream).await?;
        server.write_all(&request).await?;
        let answer = message(&mut server).await?;
        client.write_all(&answer).await?;
    }
}
