//! Serving connections with bounds that a plain server does not have: how many, and how long a request head may take.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Connections at once; whoever comes on top of that waits to be accepted.
pub const MAX_CONNECTIONS: usize = 512;

/// How long the head of a request may take, and how long a connection may be idle.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a connection's read buffer, and so of a request head.
const MAX_BUFFER: usize = 16 * 1024;

/// How long to wait when the system has no more files for connections.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `app` until `end` resolves, then lets the requests in flight finish.
///
/// # Errors
/// None that end it: a failed accept is logged and tried again.
pub async fn listen(listener: TcpListener, app: Router, end: impl Future<Output = ()>) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (ended, end_seen) = watch::channel(());
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let serving = serve(stream, app.clone(), end_seen.clone());
                    tokio::spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(target: "pings", %error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = end => {}
    }
    drop(listener);
    drop(ended);
    let all = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    drop(places.acquire_many(all).await);
    Ok(())
}

async fn serve(stream: TcpStream, app: Router, mut end: watch::Receiver<()>) {
    drop(stream.set_nodelay(true));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_BUFFER);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = std::pin::pin!(connection);
    // Whatever goes wrong on a connection is the sender's to see.
    tokio::select! {
        result = connection.as_mut() => drop(result),
        _ = end.changed() => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}
