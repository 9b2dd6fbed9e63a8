//! Who may ask for more than a sign of life: whoever has the token, or signs with it.

use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::event::{Asked, Reply};

/// A signature is good for so many seconds before and after its time.
const FRESH_S: i64 = 300;

/// When the request was signed, in seconds since 1970.
const TIMESTAMP: &str = "x-standin-timestamp";

/// `sha256=` and the HMAC-SHA256, in hexadecimal digits, of the timestamp, a full stop and the body.
const SIGNATURE: &str = "x-standin-signature";

/// Why somebody stays outside. Nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no token, so nobody comes in.
    #[error(
        "this route is closed: the function has no STANDIN_TOKEN; set one, and send it as a bearer token"
    )]
    Closed,
    /// Neither a token nor a signature, or a wrong one.
    #[error(
        "this route wants `Authorization: Bearer` with the function's STANDIN_TOKEN, or a signature made with it"
    )]
    Unknown,
    /// The signature's time is too far from now, or cannot be read.
    #[error("the signature is too old, or its clock is wrong by more than five minutes")]
    Stale,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let mut reply = match refusal {
            Refusal::Closed => Self::error(403, &refusal.to_string()),
            Refusal::Unknown | Refusal::Stale => Self::error(401, &refusal.to_string()),
        };
        if reply.status == 401 {
            reply.headers.insert("www-authenticate".to_owned(), "Bearer".to_owned());
        }
        reply
    }
}

/// Whether this request may come in.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn enter(asked: &Asked, token: Option<&SecretString>, now: Timestamp) -> Result<(), Refusal> {
    let token = token.ok_or(Refusal::Closed)?.expose_secret().as_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA256, token);
    match (bearer(asked), asked.header(SIGNATURE)) {
        (Some(shown), _) => {
            // The tags are compared in constant time, and say nothing of how long the token is.
            let tag = hmac::sign(&key, shown.as_bytes());
            hmac::verify(&key, token, tag.as_ref()).map_err(|_| Refusal::Unknown)
        }
        (None, Some(signature)) => signed(asked, signature, &key, now),
        (None, None) => Err(Refusal::Unknown),
    }
}

fn bearer(asked: &Asked) -> Option<&str> {
    let (scheme, shown) = asked.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| shown.trim())
}

fn signed(asked: &Asked, signature: &str, key: &hmac::Key, now: Timestamp) -> Result<(), Refusal> {
    let timestamp = asked.header(TIMESTAMP).ok_or(Refusal::Unknown)?;
    let tag = signature.strip_prefix("sha256=").and_then(digits).ok_or(Refusal::Unknown)?;
    let text = [timestamp.as_bytes(), b".", &asked.body].concat();
    hmac::verify(key, &text, &tag).map_err(|_| Refusal::Unknown)?;
    let at: i64 = timestamp.parse().map_err(|_| Refusal::Stale)?;
    if at.abs_diff(now.as_second()) > FRESH_S.unsigned_abs() { Err(Refusal::Stale) } else { Ok(()) }
}

/// Hexadecimal digits as bytes.
fn digits(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * ring::digest::SHA256_OUTPUT_LEN || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-token-of-the-tests";

    fn asked(headers: &[(&str, &str)], body: &str) -> Asked {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Asked { headers, body: body.as_bytes().to_vec(), ..Asked::default() }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap_or_default()
    }

    fn entered(asked: &Asked) -> Result<(), Refusal> {
        enter(asked, Some(&SecretString::from(TOKEN)), now())
    }

    fn signature(token: &str, text: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
        let tag = hmac::sign(&key, text.as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256={hex}")
    }

    #[test]
    fn the_token_opens_and_nothing_else_does() {
        assert_eq!(entered(&asked(&[("authorization", "Bearer a-token-of-the-tests")], "")), Ok(()));
        assert_eq!(entered(&asked(&[("authorization", "bearer a-token-of-the-tests")], "")), Ok(()));
        for wrong in
            ["Bearer ", "Bearer a-token-of-the-test", "Bearer A-token-of-the-tests", "Basic x", "x", ""]
        {
            assert_eq!(entered(&asked(&[("authorization", wrong)], "")), Err(Refusal::Unknown), "{wrong}");
        }
        assert_eq!(entered(&asked(&[], "")), Err(Refusal::Unknown));
        let shown = asked(&[("authorization", "Bearer ")], "");
        assert_eq!(enter(&shown, None, now()), Err(Refusal::Closed));
    }

    #[test]
    fn a_signature_is_good_for_its_body_and_for_five_minutes() {
        let sent = |token: &str, at: i64, body: &str, signed: &str| {
            let sign = signature(token, &format!("{at}.{signed}"));
            asked(&[(TIMESTAMP, &at.to_string()), (SIGNATURE, &sign)], body)
        };
        let at = now().as_second();
        assert_eq!(entered(&sent(TOKEN, at, "{}", "{}")), Ok(()));
        assert_eq!(entered(&sent(TOKEN, at - FRESH_S, "{}", "{}")), Ok(()));
        assert_eq!(entered(&sent(TOKEN, at - FRESH_S - 1, "{}", "{}")), Err(Refusal::Stale));
        assert_eq!(entered(&sent(TOKEN, at + FRESH_S + 1, "{}", "{}")), Err(Refusal::Stale));
        assert_eq!(entered(&sent(TOKEN, i64::MIN, "{}", "{}")), Err(Refusal::Stale));
        assert_eq!(entered(&sent(TOKEN, at, "{ }", "{}")), Err(Refusal::Unknown));
        assert_eq!(entered(&sent("another", at, "{}", "{}")), Err(Refusal::Unknown));
        let sign = signature(TOKEN, &format!("{at}.{{}}"));
        let later = asked(&[(TIMESTAMP, &(at + 1).to_string()), (SIGNATURE, &sign)], "{}");
        assert_eq!(entered(&later), Err(Refusal::Unknown), "the time is signed too");
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let at = now().as_second().to_string();
        for wrong in
            ["", "sha256=", "sha256=zz", "md5=00", &"é".repeat(32), &format!("sha256={}", "é".repeat(32))]
        {
            let sent = asked(&[(TIMESTAMP, &at), (SIGNATURE, wrong)], "");
            assert_eq!(entered(&sent), Err(Refusal::Unknown), "{wrong}");
        }
    }
}
