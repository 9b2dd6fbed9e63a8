//! What requests to an API are made of, and what its refusals say.

use standin_http::Reply;

/// What each API's errors make of requests that failed below the API: unreachable, lost, or held back by a limit.
macro_rules! of_requests {
    ($error:ty) => {
        impl From<standin_http::Fault> for $error {
            fn from(fault: standin_http::Fault) -> Self {
                use standin_http::Fault;
                match fault {
                    Fault::Before(why) => Self::Unreachable { fix: crate::text::fix(&why), why },
                    Fault::Lost(why) => Self::Lost(why),
                    Fault::TooLong(limit) => Self::Lost(format!("it is longer than {limit} bytes")),
                }
            }
        }

        impl From<crate::gate::Limited> for $error {
            fn from(limited: crate::gate::Limited) -> Self {
                Self::RateLimited { seconds: limited.seconds }
            }
        }
    };
}
pub(crate) use of_requests;

/// How much of what a server says is repeated in an error, in characters.
const MAX_WORDS: usize = 300;

/// One part of a path, as URLs want it.
pub(crate) fn encoded(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What a server says of a refusal, in its field `message`: shortened, and never with the secret it was asked with.
pub(crate) fn words(reply: &Reply, secret: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(&reply.body).ok();
    let said = json.as_ref().and_then(|json| json.get("message")?.as_str()).unwrap_or_default();
    let said = if secret.is_empty() { said.to_owned() } else { said.replace(secret, "***") };
    said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS).collect()
}

/// What is wrong with an answer's JSON, by its place alone: the values of an answer are nobody's business.
pub(crate) fn unreadable(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "a field is missing or of another kind" } else { "broken JSON" };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_path_cannot_leave_it() {
        assert_eq!(encoded("a b/ü?.yml"), "a%20b%2F%C3%BC%3F.yml");
    }
}
