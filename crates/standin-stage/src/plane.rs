//! What both planes share: their faults, their log of requests, their clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::faults::{Fault, FaultKind, Faults};
use crate::record::{Records, RequestRecord};
use crate::wire::Request;

/// Locks, also after a panic of another holder: a test stage has nothing to protect by refusing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One control plane as its tests see it from outside.
#[derive(Debug, Default)]
pub struct Plane {
    faults: Mutex<Faults>,
    records: Mutex<Records>,
    /// Seconds by which this plane's clock is ahead of the machine's.
    ahead: Mutex<i64>,
    /// How many times as fast as the machine's its clock goes, and since when.
    pace: Mutex<Option<(u32, Timestamp)>>,
}

impl Plane {
    /// Asks for a fault. One more than [`crate::MAX_FAULTS`] at a time is not taken: it comes back.
    ///
    /// # Errors
    /// The fault itself, and nothing was changed.
    pub fn inject(&self, fault: Fault) -> Result<(), Box<Fault>> {
        lock(&self.faults).add(fault).map_err(Box::new)
    }

    /// Forgets every fault that still waits.
    pub fn clear_faults(&self) {
        lock(&self.faults).clear();
    }

    /// The faults that still wait.
    #[must_use]
    pub fn waiting_faults(&self) -> Vec<Fault> {
        lock(&self.faults).waiting().to_vec()
    }

    /// All requests since the start, or since they were last forgotten; those to `/_stage` are not among them.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        lock(&self.records).all()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        lock(&self.records).clear();
    }

    /// Sets the plane's clock so many seconds ahead of the machine's; behind it, where negative.
    pub fn set_clock_ahead(&self, seconds: i64) {
        *lock(&self.ahead) = seconds;
    }

    /// Lets the plane's clock go so many times as fast as the machine's from now on. What runs take stays as it is.
    pub fn set_pace(&self, pace: u32) {
        *lock(&self.pace) = Some((pace, Timestamp::now()));
    }

    /// What this plane takes for now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let machine = Timestamp::now();
        let paced = |(pace, since): (u32, Timestamp)| {
            let elapsed = machine.duration_since(since).checked_mul(i32::try_from(pace).ok()?)?;
            since.checked_add(elapsed).ok()
        };
        let now = (*lock(&self.pace)).and_then(paced).unwrap_or(machine);
        now.checked_add(SignedDuration::from_secs(*lock(&self.ahead))).unwrap_or(now)
    }

    pub(crate) fn take_fault(&self, request: &Request) -> Option<FaultKind> {
        lock(&self.faults).take(request)
    }

    pub(crate) fn begin(&self, request: &Request, fault: Option<&FaultKind>) -> u64 {
        lock(&self.records).begin(request, fault.map(FaultKind::name))
    }

    pub(crate) fn end(&self, number: u64, status: u16, bytes: usize) {
        lock(&self.records).end(number, status, bytes);
    }
}

/// The form of a `Date` header.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The form of every time in an answer: whole seconds, UTC.
pub(crate) fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How long a request that is to hang hangs: longer than any client waits, and not for ever.
pub(crate) const HANG: Duration = Duration::from_secs(600);
