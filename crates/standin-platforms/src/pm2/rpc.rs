//! Calls to PM2's daemon over `$PM2_HOME/rpc.sock`: one connection for each call, a fraction of a millisecond.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::loose::Loose;
use super::wire::{self, WireError};

/// The longest answer that is read: a list carries each app's environment, twice.
pub(super) const MAX_ANSWER_BYTES: usize = 64 << 20;
/// How long the daemon may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long a reading call may take: the daemon is one thread and may be busy with a start.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(5);
/// What a connection to a socket that nobody listens at fails with.
const NOBODY: [io::ErrorKind; 2] = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
/// How much of the daemon's own words is passed on.
const MAX_WORDS: usize = 200;

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum RpcError {
    /// Nobody listens: the socket is missing or refuses. Nothing was sent.
    #[error("no daemon listens")]
    NobodyThere,
    /// The socket cannot be used, such as for lack of rights. Nothing was sent.
    #[error("PM2's socket cannot be used: {0}")]
    Unusable(String),
    /// The daemon answered that it will not. Nothing was done.
    #[error("{0}")]
    Refused(String),
    /// The call was sent and its answer did not come: it may have been carried out.
    #[error("PM2 did not answer: {0}")]
    Lost(String),
    /// Something answered, and not in PM2's protocol: it may have been carried out.
    #[error("PM2's answer was not understood: {0}")]
    Strange(String),
}

/// What the daemon answered, and which process did.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) result: T,
    /// The process that listens, as the kernel says; `None` where it does not say.
    pub(super) pid: Option<u32>,
}

/// The calling side of the socket.
#[derive(Debug, Clone)]
pub(super) struct Rpc {
    pub(super) socket: PathBuf,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
struct Reply<T> {
    args: Option<Vec<T>>,
    #[serde(default)]
    error: Loose,
}

#[derive(Deserialize)]
struct ReplyError {
    #[serde(default)]
    error: Loose,
}

impl Rpc {
    /// Calls a method with one argument and reads the part of its result that `T` asks for.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        argument: &serde_json::Value,
        limit: Duration,
    ) -> Result<Answer<T>, RpcError> {
        let mut stream = self.connect().await?;
        let pid = stream.peer_cred().ok().and_then(|c| c.pid()).and_then(|pid| u32::try_from(pid).ok());
        let call = serde_json::json!({ "type": "call", "method": method, "args": [argument] });
        let bytes = wire::encode(&[format!("j:{call}").as_bytes(), b"s:1"]);
        let exchange = async {
            stream.write_all(&bytes).await.map_err(WireError::Closed)?;
            let mut answer = Vec::new();
            wire::read_count(&mut stream).await?;
            wire::read_part(&mut stream, MAX_ANSWER_BYTES, &mut answer).await?;
            Ok::<_, WireError>(answer)
        };
        let answer = match timeout(limit, exchange).await {
            Err(_) => return Err(RpcError::Lost(format!("nothing came within {} s", limit.as_secs()))),
            Ok(Err(WireError::Closed(why))) => return Err(RpcError::Lost(why.to_string())),
            Ok(Err(why @ (WireError::Framing(_) | WireError::TooLarge(_)))) => {
                return Err(RpcError::Strange(why.to_string()));
            }
            Ok(Ok(answer)) => answer,
        };
        Ok(Answer { result: understand(wire::payload(&answer))?, pid })
    }

    /// Calls a method whose result is of no interest beyond having come.
    pub(super) async fn tell(
        &self,
        method: &str,
        argument: &serde_json::Value,
        limit: Duration,
    ) -> Result<(), RpcError> {
        self.call::<IgnoredAny>(method, argument, limit).await.map(|_| ())
    }

    /// Connects, and says by the error whether anybody is there.
    pub(super) async fn connect(&self) -> Result<UnixStream, RpcError> {
        match timeout(CONNECT_LIMIT, UnixStream::connect(&self.socket)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(why)) if NOBODY.contains(&why.kind()) => Err(RpcError::NobodyThere),
            Ok(Err(why)) => Err(RpcError::Unusable(why.to_string())),
            Err(_) => Err(RpcError::Unusable("it does not accept connections".to_owned())),
        }
    }
}

fn understand<T: DeserializeOwned>(body: &[u8]) -> Result<T, RpcError> {
    // The error first: an unknown method answers with it, and its message is for people.
    match serde_json::from_slice::<Reply<T>>(body) {
        Ok(Reply { args: Some(results), .. }) => {
            results.into_iter().next().ok_or_else(|| RpcError::Strange("an empty result".to_owned()))
        }
        Ok(Reply { args: None, error }) => Err(refusal(&error)),
        // The parser's message can quote what it read, which can be a secret: only its place is passed on.
        Err(why) => match serde_json::from_slice::<ReplyError>(body) {
            Ok(ReplyError { error }) if error != Loose::Absent => Err(refusal(&error)),
            Ok(_) | Err(_) => Err(RpcError::Strange(format!("unexpected JSON at byte {}", why.column()))),
        },
    }
}

fn refusal(error: &Loose) -> RpcError {
    let words = error.text().unwrap_or("no reason given");
    if words.starts_with("method \"") && words.ends_with("does not exist") {
        return RpcError::Strange(words.chars().take(MAX_WORDS).collect());
    }
    RpcError::Refused(words.lines().next().unwrap_or_default().chars().take(MAX_WORDS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_an_error_and_nonsense_are_told_apart() {
        assert_eq!(understand::<Vec<u8>>(br#"{"args":[[1,2]]}"#).unwrap(), [1, 2]);
        let refused = understand::<Vec<u8>>(br#"{"error":"9 id unknown","stack":"at x"}"#);
        assert!(matches!(refused, Err(RpcError::Refused(why)) if why == "9 id unknown"));
        let unknown = understand::<Vec<u8>>(br#"{"error":"method \"x\" does not exist"}"#);
        assert!(matches!(unknown, Err(RpcError::Strange(_))));
        let secret = understand::<Vec<u8>>(br#"{"args":["hunter2"]}"#).unwrap_err().to_string();
        assert!(!secret.contains("hunter2"), "{secret}");
        assert!(matches!(understand::<Vec<u8>>(b"<html>"), Err(RpcError::Strange(_))));
    }
}
