//! Functions: served by another server on loopback or by this program, and only while the live deploy is good.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Cloud;
use super::site::Serving;
use crate::plane::lock;
use crate::wire::{Reply, Request};

/// The vendor's limits for a synchronous function: how long, and how much it may answer.
const LONGEST: Duration = Duration::from_secs(60);
const MAX_ANSWER: usize = 6 * 1024 * 1024;
/// Not handed on: they belong to one connection.
const HOP_BY_HOP: [&str; 4] = ["connection", "transfer-encoding", "content-length", "host"];

/// One call of a function.
#[derive(Debug, Clone)]
pub struct FunctionCall {
    /// The function's name.
    pub name: String,
    /// The method, in capitals.
    pub method: String,
    /// The query, without the question mark.
    pub query: String,
    /// The headers, with names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What a function answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionReply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// Answers for functions in this process.
pub type FunctionHandler =
    Arc<dyn Fn(FunctionCall) -> Pin<Box<dyn Future<Output = FunctionReply> + Send>> + Send + Sync>;

/// What answers for the functions of a good deploy.
#[derive(Clone)]
pub enum Functions {
    /// Nothing: 404.
    None,
    /// A server on this machine, such as `netlify functions:serve`; `127.0.0.1:PORT`.
    Proxy(String),
    /// This program.
    Handler(FunctionHandler),
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Proxy(address) => f.debug_tuple("Proxy").field(address).finish(),
            Self::Handler(_) => f.write_str("Handler"),
        }
    }
}

/// Whose call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The world, which cannot call what has a schedule.
    Web,
    /// The vendor's scheduler.
    Scheduler,
}

/// Serves one request to `/.netlify/functions/NAME`.
pub(crate) async fn serve(cloud: &Arc<Cloud>, site: Option<&str>, name: &str, request: &Request) -> Reply {
    let headers = request.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()));
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let call = FunctionCall {
        name: name.to_owned(),
        method: request.method.as_str().to_owned(),
        query: request.raw_query.clone(),
        headers: headers.collect(),
        body: request.body.clone(),
    };
    call_function(cloud, site, call, Caller::Web).await
}

/// Calls a function of the live deploy of a site, of the first where none is named.
pub(crate) async fn call_function(
    cloud: &Arc<Cloud>,
    site: Option<&str>,
    call: FunctionCall,
    caller: Caller,
) -> Reply {
    let served = {
        let mut world = lock(&cloud.world);
        let site = match site {
            Some(name) => world.site(name),
            None => world.sites.first_mut(),
        };
        let Some(site) = site else { return text(404, "Not Found - Request ID: STAGE") };
        let Some(live) = site.live() else { return text(404, "Not Found - Request ID: STAGE") };
        let known = live.functions.iter().find(|function| function.name == call.name);
        let reached =
            known.is_some_and(|function| caller == Caller::Scheduler || function.schedule.is_none());
        match live.serving {
            Serving::Works if reached => site.options.served.clone(),
            Serving::Works | Serving::Missing => return text(404, "Not Found - Request ID: STAGE"),
            Serving::Crashes => {
                return text(
                    502,
                    "error decoding lambda response: invalid status code returned from lambda: 0",
                );
            }
        }
    };
    if call.name.ends_with("-background") {
        let task = tokio::spawn(async move {
            // A background function's answer goes nowhere.
            let _answer = one(served, call).await;
        });
        cloud.keep(task.abort_handle());
        return Reply::empty(202);
    }
    match tokio::time::timeout(LONGEST, one(served, call)).await {
        Ok(Some(reply)) => reply,
        Ok(None) => text(502, "the function's server does not answer"),
        Err(_) => text(504, "the function timed out"),
    }
}

fn text(status: u16, message: &'static str) -> Reply {
    Reply::bytes(status, "text/plain; charset=utf-8", message)
}

async fn one(served: Functions, call: FunctionCall) -> Option<Reply> {
    match served {
        Functions::None => Some(text(404, "Not Found - Request ID: STAGE")),
        Functions::Handler(handler) => {
            let FunctionReply { status, headers, body } = handler(call).await;
            Some(Reply { status, headers, body })
        }
        Functions::Proxy(address) => proxy(&address, call).await,
    }
}

/// Hands the call on. None where there is no whole answer.
async fn proxy(address: &str, call: FunctionCall) -> Option<Reply> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
    let path = format!("/.netlify/functions/{}{query}", call.name);
    let mut request =
        hyper::Request::builder().method(call.method.as_str()).uri(path).header("host", address);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(call.body)).ok()?;
    let exchange = async move {
        let answer = sender.send_request(request).await.ok()?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await.ok()?.to_bytes();
        let kept = parts.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()));
        let headers = kept
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Some(Reply { status: parts.status.as_u16(), headers: headers.collect(), body })
    };
    tokio::pin!(exchange);
    tokio::select! {
        reply = &mut exchange => reply,
        // The connection may be done a moment before the answer is read out of it.
        _ended = connection => exchange.await,
    }
}
