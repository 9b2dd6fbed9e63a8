//! A server's limits, kept from its own headers: while it wants to be left alone, nothing is sent.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standin_http::Reply;
use tokio::time::Instant;

/// Requests that surveys leave for recoveries.
pub(crate) const RESERVE: u64 = 25;

/// How long the first refusal without a time is taken to hold; each one after it doubles that.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause of the doubling.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// No header makes it pause for longer: limits start anew every hour.
const LONGEST_RESET: Duration = Duration::from_mins(65);

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A look that can wait.
    Survey,
    /// Something that a recovery hangs on.
    Recovery,
}

/// Nothing may be sent, or what was sent was refused, because a limit is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limited {
    /// For so long.
    pub(crate) seconds: u64,
}

/// The gate that every request goes through.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Nothing is sent before this.
    closed_until: Option<Instant>,
    /// Nothing that can wait is sent before this.
    reserved_until: Option<Instant>,
    /// Refusals without a time since the last answer that was none.
    strikes: u32,
}

impl Gate {
    /// Whether a request may be sent now.
    pub(crate) fn pass(&self, purpose: Purpose) -> Result<(), Limited> {
        let state = self.state();
        let until = match purpose {
            Purpose::Survey => state.closed_until.max(state.reserved_until),
            Purpose::Recovery => state.closed_until,
        };
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() { Ok(()) } else { Err(limited(left)) }
    }

    /// Takes in an answer's headers; the error, when it is a refusal because of a limit.
    pub(crate) fn saw(&self, reply: &Reply) -> Result<(), Limited> {
        let mut state = self.state();
        let now = Instant::now();
        let reset = reset_in(reply);
        let used_up = reply.allowance().is_some_and(|allowance| allowance.remaining == 0);
        if let (Some(allowance), Some(reset)) = (reply.allowance(), reset) {
            let is_low = allowance.remaining <= RESERVE.min(allowance.limit / 4);
            state.reserved_until = is_low.then(|| now + reset);
            if used_up {
                state.closed_until = state.closed_until.max(Some(now + reset));
            }
        }
        if !is_limit(reply, used_up) {
            if reply.is_success() {
                state.strikes = 0;
            }
            return Ok(());
        }
        let told = reply.retry_after().map(Duration::from_secs).or(reset.filter(|_| used_up));
        let pause = told.unwrap_or_else(|| {
            let doubled = FIRST_PAUSE.saturating_mul(1 << state.strikes.min(8));
            state.strikes = state.strikes.saturating_add(1);
            doubled.min(LONGEST_PAUSE)
        });
        let pause = pause.clamp(Duration::from_secs(1), LONGEST_RESET);
        state.closed_until = state.closed_until.max(Some(now + pause));
        Err(limited(pause))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limited(left: Duration) -> Limited {
    Limited { seconds: left.as_secs().saturating_add(1) }
}

/// Whether a refusal is about limits: the primary one, or one of the secondary ones.
fn is_limit(reply: &Reply, used_up: bool) -> bool {
    match reply.status {
        429 => true,
        403 => {
            let text = String::from_utf8_lossy(&reply.body).to_ascii_lowercase();
            used_up
                || reply.retry_after().is_some()
                || text.contains("rate limit")
                || text.contains("abuse detection")
        }
        _ => false,
    }
}

/// In how long the limit starts anew, on the server's own clock.
fn reset_in(reply: &Reply) -> Option<Duration> {
    let reset = i64::try_from(reply.allowance()?.reset).ok()?;
    let now = reply.date()?.as_second();
    let seconds = u64::try_from(reset.saturating_sub(now)).unwrap_or(0);
    Some(Duration::from_secs(seconds.saturating_add(1)).min(LONGEST_RESET))
}

#[cfg(test)]
mod tests {
    use standin_http::reqwest::header::HeaderMap;

    use super::*;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Reply {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        map.insert("date", "Sun, 22 Nov 2026 08:00:00 GMT".parse().unwrap());
        Reply { status, headers: map, body: body.as_bytes().into() }
    }

    const NOW: i64 = 1_795_334_400;

    #[tokio::test(start_paused = true)]
    async fn a_used_up_limit_closes_until_the_servers_reset() {
        let gate = Gate::default();
        let reset = (NOW + 600).to_string();
        let headers = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-limit", "1000"),
            ("x-ratelimit-reset", reset.as_str()),
        ];
        assert!(gate.saw(&reply(200, &headers, "{}")).is_ok());
        assert_eq!(gate.pass(Purpose::Recovery), Err(Limited { seconds: 602 }));
        tokio::time::advance(Duration::from_secs(602)).await;
        assert!(gate.pass(Purpose::Recovery).is_ok());
        assert!(gate.saw(&reply(403, &headers, "API rate limit exceeded")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_requests_are_kept_for_recoveries() {
        let gate = Gate::default();
        let reset = (NOW + 600).to_string();
        let headers = [
            ("x-ratelimit-remaining", "20"),
            ("x-ratelimit-limit", "1000"),
            ("x-ratelimit-reset", reset.as_str()),
        ];
        assert!(gate.saw(&reply(200, &headers, "{}")).is_ok());
        assert!(gate.pass(Purpose::Survey).is_err());
        assert!(gate.pass(Purpose::Recovery).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn secondary_limits_are_backed_off_from_and_forgotten_after_a_success() {
        let gate = Gate::default();
        let secondary = reply(403, &[], r#"{"message":"You have exceeded a secondary rate limit"}"#);
        let seconds = |result: Result<(), Limited>| match result {
            Err(Limited { seconds }) => seconds,
            other => panic!("{other:?}"),
        };
        assert_eq!(seconds(gate.saw(&secondary)), 61);
        assert_eq!(seconds(gate.saw(&secondary)), 121);
        assert!(gate.saw(&reply(200, &[], "{}")).is_ok());
        assert_eq!(seconds(gate.saw(&secondary)), 61);
        assert_eq!(seconds(gate.saw(&reply(429, &[("retry-after", "7")], ""))), 8);
    }

    #[test]
    fn a_refusal_for_want_of_rights_is_no_limit() {
        let gate = Gate::default();
        assert!(
            gate.saw(&reply(403, &[], r#"{"message":"Resource not accessible by integration"}"#)).is_ok()
        );
        assert!(gate.pass(Purpose::Survey).is_ok());
    }
}
