//! The limits of deciding: how often, how soon, how many at once.

use std::time::Duration;

/// How Standin recovers. The defaults are what users get without a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Attempts for each incident, 1 to 3.
    pub max_attempts: u8,
    /// The wait after the first attempt; doubles after each further one. Jitter adds up to a quarter.
    pub backoff: Duration,
    /// How long PM2 is given to start a process again by itself.
    pub respawn_grace: Duration,
    /// How long a target must look well before its incident is resolved.
    pub settle: Duration,
    /// An incident that comes back within this time of its resolution is the same one: its attempts count on.
    pub quiet: Duration,
    /// The share of known automations, in percent, under which the brake is on.
    pub brake_percent: u32,
    /// With fewer known automations than this there is no brake.
    pub brake_minimum: usize,
    /// The longest time until the next tick.
    pub max_wake: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: Duration::from_secs(2),
            respawn_grace: Duration::from_secs(2),
            settle: Duration::from_secs(3),
            quiet: Duration::from_secs(30),
            brake_percent: 50,
            brake_minimum: 4,
            max_wake: Duration::from_secs(15),
        }
    }
}
