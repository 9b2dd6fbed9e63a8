//! The server of a plane: reads requests whole, lets faults happen, and can close a connection instead of answering,
//! which is why it stands on hyper itself.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::control;
use crate::faults::{FaultKind, Moment};
use crate::plane::{HANG, Plane};
use crate::wire::{Reply, Request};

/// Vendors take at most about this much in one request.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// More connections than this wait to be accepted.
const MAX_CONNECTIONS: usize = 512;
/// What [`FaultKind::Huge`] answers.
const HUGE: usize = 10 * 1024 * 1024;

/// How long after its first half a reply that is cut breaks off.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) type Answer = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// A plane's own part: what its vendor's service would do.
pub(crate) trait Handler: Send + Sync + 'static {
    fn plane(&self) -> &Plane;
    /// Carries a request out.
    fn answer(self: Arc<Self>, request: Request) -> Answer;
    /// Carries out what only a stage can do, at a path below `/_stage`; none where there is no such path.
    fn stage(self: Arc<Self>, request: &Request, path: &[&str]) -> Option<Reply>;
    /// An error of the vendor's shape.
    fn refuse(&self, fault: &FaultKind) -> Reply;
}

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed on request")]
struct Closed;

/// A body that is whole, or breaks off after its first half.
struct Payload {
    left: Option<Bytes>,
    promised: u64,
    breaks: Ending,
    /// Lets the first half go out before the connection breaks.
    pause: Pin<Box<tokio::time::Sleep>>,
}

#[derive(PartialEq, Eq)]
enum Ending {
    Whole,
    Broken,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        match self.left.take() {
            Some(data) if !data.is_empty() => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(_) | None if self.breaks == Ending::Broken => {
                self.pause.as_mut().poll(context).map(|()| Some(Err(Closed)))
            }
            Some(_) | None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left.as_ref().is_none_or(Bytes::is_empty) && self.breaks == Ending::Whole
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

/// Binds a port of the loopback interface; 0 lets the kernel choose.
pub(crate) async fn bind(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until the task that runs it is dropped; its connections end with it.
pub(crate) async fn serve<H: Handler>(listener: TcpListener, handler: Arc<H>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
            continue;
        }
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: others must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let handler = handler.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| one(handler.clone(), request));
            // An error here is a client that left, or a connection that was to be closed.
            let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn one<H: Handler>(
    handler: Arc<H>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Payload>, Closed> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else { return Err(Closed) };
    let request = Request::new(parts.method, &parts.uri, parts.headers, body.to_bytes());
    if request.segments.first().is_some_and(|first| first == "_stage") {
        return finish(control::answer(handler, &request), Ending::Whole);
    }
    let fault = handler.plane().take_fault(&request);
    let number = handler.plane().begin(&request, fault.as_ref());
    let (reply, ending) = with_fault(&handler, request, fault).await?;
    handler.plane().end(number, reply.status, reply.body.len());
    finish(reply, ending)
}

async fn with_fault<H: Handler>(
    handler: &Arc<H>,
    request: Request,
    fault: Option<FaultKind>,
) -> Result<(Reply, Ending), Closed> {
    let Some(fault) = fault else { return Ok((handler.clone().answer(request).await, Ending::Whole)) };
    match &fault {
        FaultKind::Refused => return Err(Closed),
        FaultKind::Hang => {
            tokio::time::sleep(HANG).await;
            return Err(Closed);
        }
        FaultKind::Status { moment: Moment::Before, .. }
        | FaultKind::SecondaryLimit { .. }
        | FaultKind::PrimaryLimit => return Ok((handler.refuse(&fault), Ending::Whole)),
        FaultKind::Slow { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
        FaultKind::Status { moment: Moment::AfterCommit, .. }
        | FaultKind::LostReply
        | FaultKind::Truncated
        | FaultKind::CutReply
        | FaultKind::Huge
        | FaultKind::HangAfterCommit => {}
    }
    let mut reply = handler.clone().answer(request).await;
    match &fault {
        FaultKind::Status { .. } => reply = handler.refuse(&fault),
        FaultKind::LostReply => return Err(Closed),
        FaultKind::HangAfterCommit => {
            tokio::time::sleep(HANG).await;
            return Err(Closed);
        }
        FaultKind::Truncated => reply.body.truncate(reply.body.len() / 2),
        FaultKind::CutReply => return Ok((reply, Ending::Broken)),
        FaultKind::Huge => {
            let filler = "x".repeat(HUGE);
            reply = Reply::json(reply.status, &serde_json::json!({ "filler": filler }));
        }
        FaultKind::Slow { .. }
        | FaultKind::Refused
        | FaultKind::Hang
        | FaultKind::SecondaryLimit { .. }
        | FaultKind::PrimaryLimit => {}
    }
    Ok((reply, Ending::Whole))
}

fn finish(reply: Reply, ending: Ending) -> Result<hyper::Response<Payload>, Closed> {
    let mut builder = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let promised = u64::try_from(reply.body.len()).unwrap_or(u64::MAX);
    let mut body = reply.body;
    if ending == Ending::Broken {
        body.truncate(body.len() / 2);
    }
    let payload =
        Payload { left: Some(body), promised, breaks: ending, pause: Box::pin(tokio::time::sleep(PAUSE)) };
    builder.body(payload).map_err(|_| Closed)
}
