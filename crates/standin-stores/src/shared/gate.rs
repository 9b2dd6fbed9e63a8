//! When a server wants to be left alone, it is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use standin_http::Reply;

/// Without a word about how long, so long at first; twice as long each further time.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// Never longer than this: the limits start anew every hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// A reset below this is a number of seconds to wait, and no date.
const OLDEST_DATE: u64 = 1_000_000_000;

/// Closed while the server wants no requests. One for each token.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed: Mutex<Closed>,
}

#[derive(Debug, Default)]
struct Closed {
    until: Option<Instant>,
    /// How often in a row the server has refused without saying for how long.
    strikes: u32,
}

impl Gate {
    /// How long it is still closed.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        self.closed().until?.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// Looks at an answer. Gives how long to wait when the answer is a refusal because of a limit.
    pub(crate) fn note(&self, reply: &Reply, now: Instant) -> Option<Duration> {
        let is_limited = is_limited(reply);
        let mut closed = self.closed();
        let wait = match (reply.retry_after().filter(|_| is_limited), reset(reply)) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, Some(wait)) => wait,
            (None, None) if is_limited => {
                let wait = FIRST_WAIT.saturating_mul(1 << closed.strikes.min(6));
                closed.strikes = closed.strikes.saturating_add(1);
                wait
            }
            (None, None) => {
                closed.strikes = 0;
                return None;
            }
        };
        let wait = wait.clamp(Duration::from_secs(1), LONGEST_WAIT);
        closed.until = closed.until.max(now.checked_add(wait));
        is_limited.then_some(wait)
    }

    fn closed(&self) -> MutexGuard<'_, Closed> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it was refused because of a limit, and not for want of rights.
fn is_limited(reply: &Reply) -> bool {
    let is_used_up = reply.allowance().is_some_and(|allowance| allowance.remaining == 0);
    let says_so = || String::from_utf8_lossy(&reply.body).to_ascii_lowercase().contains("rate limit");
    reply.status == 429 || (reply.status == 403 && (is_used_up || reply.retry_after().is_some() || says_so()))
}

/// How long until the used-up allowance starts anew; `None` while there is some left.
fn reset(reply: &Reply) -> Option<Duration> {
    let allowance = reply.allowance().filter(|allowance| allowance.remaining == 0)?;
    if allowance.reset < OLDEST_DATE {
        return Some(Duration::from_secs(allowance.reset));
    }
    // Both are on the server's clock.
    let now = u64::try_from(reply.date()?.as_second()).ok()?;
    Some(Duration::from_secs(allowance.reset.saturating_sub(now).saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use standin_http::reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    fn reply(status: u16, headers: &[(&'static str, &'static str)]) -> Reply {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        Reply { status, headers, body: bytes::Bytes::new() }
    }

    #[test]
    fn it_closes_for_as_long_as_the_server_says() {
        let (gate, now) = (Gate::default(), Instant::now());
        assert_eq!(gate.note(&reply(200, &[]), now), None);
        assert_eq!(gate.wait(now), None);
        let wait = gate.note(&reply(403, &[("retry-after", "7")]), now);
        assert_eq!(wait, Some(Duration::from_secs(7)));
        assert_eq!(gate.wait(now), wait);
        assert_eq!(gate.wait(now + Duration::from_secs(7)), None);
    }

    #[test]
    fn the_last_request_that_is_allowed_closes_it_until_the_reset() {
        let (gate, now) = (Gate::default(), Instant::now());
        let headers = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("x-ratelimit-limit", "1000"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1784112000"),
        ];
        assert_eq!(gate.note(&reply(200, &headers), now), None, "this one was carried out");
        assert_eq!(gate.wait(now), Some(LONGEST_WAIT));
        let soon = [("x-ratelimit-limit", "9"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")];
        let gate = Gate::default();
        assert_eq!(gate.note(&reply(429, &soon), now), Some(Duration::from_secs(30)));
    }

    #[test]
    fn without_a_word_the_waits_double() {
        let (gate, now) = (Gate::default(), Instant::now());
        for seconds in [60, 120, 240] {
            assert_eq!(gate.note(&reply(429, &[]), now), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(gate.note(&reply(200, &[]), now), None);
        assert_eq!(gate.note(&reply(429, &[]), now), Some(FIRST_WAIT));
    }

    #[test]
    fn a_lack_of_rights_is_no_limit() {
        let (gate, now) = (Gate::default(), Instant::now());
        assert_eq!(gate.note(&reply(403, &[("x-ratelimit-remaining", "12")]), now), None);
        assert_eq!(gate.wait(now), None);
    }
}
