//! The time that is left, as limits of a tick.
//!
//! A tick begins nothing that could not end: whatever is begun at the last moment may still take the decision's reading,
//! its claim, the probe, the sending and the note of what came of it. If the platform is quicker all the same, the claim
//! stands, and the next tick finds out what became of it.

use std::time::Duration;

use standin_body::reach::Times;
use standin_engine::mesh::Body;

/// Less than this is no time to look in.
pub(crate) const LEAST: Duration = Duration::from_secs(4);

/// For the answer, and for the process to end.
const MARGIN_MS: u32 = 500;

/// One request takes at most this.
const REQUEST_MS: u32 = 3_000;

/// A request to a target takes at most this until it has arrived.
const SEND_MS: u32 = 8_000;

/// However much time there is, a tick goes on beginning things for this long at most.
const TICK_MS: u32 = 120_000;

/// So many requests stand around the sending of one recovery.
const AROUND: u32 = 4;

/// Too little time is left for a look. Nothing was done.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "only {} ms are left, and a look takes {}: give this function a time limit of 30 seconds",
    left.as_millis(),
    LEAST.as_millis()
)]
pub(crate) struct TooShort {
    left: Duration,
}

/// The limits of a tick with so much time left, in a function that looks each `period`.
///
/// # Errors
/// [`TooShort`].
pub(crate) fn limits(left: Duration, period: Duration) -> Result<(Body, Times), TooShort> {
    if left < LEAST {
        return Err(TooShort { left });
    }
    let left = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
    // With less than half a minute everything is shorter, in the same proportions.
    let request = REQUEST_MS.min(left / 10);
    let send = SEND_MS.min(left / 10 * 3);
    let tail = MARGIN_MS.saturating_add(send).saturating_add(AROUND.saturating_mul(request));
    let period = u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
    let body = Body {
        tick: left.saturating_sub(tail).min(TICK_MS),
        request,
        period,
        // Schedules of functions come within seconds; a longer delay makes a watcher doubt itself first.
        punctual: (period / 2).max(60_000),
        send,
    };
    let ms = |ms: u32| Duration::from_millis(u64::from(ms));
    Ok((body, Times { request: ms(request), send_within: ms(send) }))
}

/// When all that was begun must have ended, from now: the rest is left to the next tick.
pub(crate) fn end(left: Duration) -> Duration {
    left.saturating_sub(Duration::from_millis(u64::from(MARGIN_MS) / 2))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PERIOD: Duration = Duration::from_secs(300);

    fn of(seconds: u64) -> Body {
        limits(Duration::from_secs(seconds), PERIOD).unwrap().0
    }

    #[test]
    fn whatever_is_begun_at_the_last_moment_ends_before_the_platform_does() {
        for left in (4_000..1_000_000).step_by(97) {
            let (body, times) = limits(Duration::from_millis(left), PERIOD).unwrap();
            let latest = u64::from(body.tick) + u64::from(AROUND * body.request) + u64::from(body.send);
            assert!(latest + u64::from(MARGIN_MS) <= left, "{left}: {body:?}");
            assert!(body.tick > 0 && body.request >= 400, "{left}: {body:?}");
            assert_eq!(times.send_within.as_millis(), u128::from(body.send));
        }
    }

    #[test]
    fn the_limits_of_the_platforms_leave_time_to_act() {
        assert_eq!((of(30).tick, of(30).request, of(30).send), (9_500, 3_000, 8_000));
        assert_eq!((of(10).tick, of(10).request, of(10).send), (2_500, 1_000, 3_000));
        assert_eq!((of(60).tick, of(900).tick), (39_500, TICK_MS));
    }

    #[test]
    fn too_little_time_is_refused_with_a_fix() {
        let error = limits(Duration::from_millis(3_999), PERIOD).unwrap_err();
        assert!(error.to_string().contains("give this function a time limit of 30 seconds"), "{error}");
    }
}
