//! What can go wrong on request: answers that are refused, late, lost, cut, huge, or never come.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::{Request, matches};

/// At most this many faults wait for their requests at a time.
pub const MAX_FAULTS: usize = 1_000;

/// One fault, and which requests it hits. The first that fits a request is the one that happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Only requests of this method; any, where it is not given.
    #[serde(default)]
    pub method: Option<String>,
    /// Which paths, decoded and without the query; `*` stands for any characters.
    pub path: String,
    /// How many fitting requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it hits; all, where it is not given.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub fault: FaultKind,
}

impl Fault {
    /// A fault that hits the next request to such a path, and no other.
    #[must_use]
    pub fn once(path: &str, fault: FaultKind) -> Self {
        Self { method: None, path: path.to_owned(), skip: 0, times: Some(1), fault }
    }

    /// A fault that hits every request to such a path.
    #[must_use]
    pub fn always(path: &str, fault: FaultKind) -> Self {
        Self { method: None, path: path.to_owned(), skip: 0, times: None, fault }
    }

    /// The same for one method only.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// The same for this many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same after this many requests that pass unharmed.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    fn fits(&self, request: &Request) -> bool {
        let method = self.method.as_deref();
        method.is_none_or(|method| method.eq_ignore_ascii_case(request.method.as_str()))
            && matches(&self.path, &request.path())
    }
}

/// Whether the request was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Nothing was done.
    #[default]
    Before,
    /// All was done; only the answer lies.
    AfterCommit,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// This status is answered, with an error body of the vendor's shape.
    Status {
        /// The HTTP status.
        code: u16,
        /// Whether the request was carried out all the same.
        #[serde(default)]
        moment: Moment,
        /// The seconds of a `retry-after` header.
        #[serde(default)]
        retry_after_s: Option<u32>,
    },
    /// GitHub's secondary limit: 403 with `retry-after`, and requests remaining.
    SecondaryLimit {
        /// The seconds of the `retry-after` header.
        retry_after_s: u32,
    },
    /// The hourly limit is used up: 403 (GitHub) or 429 (Netlify), and nothing remaining.
    PrimaryLimit,
    /// The connection is closed before the request was looked at.
    Refused,
    /// The request is carried out, and the connection closed instead of an answer.
    LostReply,
    /// The request is carried out, and the first half of the answer comes as if it were the whole.
    Truncated,
    /// The request is carried out, and the connection is closed in the middle of the answer.
    CutReply,
    /// The request is carried out, and the answer is ten megabytes of JSON.
    Huge,
    /// Nothing is done, and no answer ever comes.
    Hang,
    /// The request is carried out, and no answer ever comes.
    HangAfterCommit,
    /// The request is looked at so much later.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
}

/// A refusal, before its vendor's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The hourly limit is used up.
    UsedUp,
    /// Too many requests at once.
    TooFast,
    /// This status.
    With(u16),
    /// None of the service's own: the connection breaks, or is slow.
    Broken,
}

impl FaultKind {
    /// A status in place of the work.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, moment: Moment::Before, retry_after_s: None }
    }

    /// A status that hides that the work was done.
    #[must_use]
    pub fn status_after_commit(code: u16) -> Self {
        Self::Status { code, moment: Moment::AfterCommit, retry_after_s: None }
    }

    /// A request that is looked at so much later.
    #[must_use]
    pub fn slow(delay: Duration) -> Self {
        Self::Slow { ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX) }
    }

    /// What a vendor's service would answer, if it is one of its own refusals, and when it wants to be asked again.
    pub(crate) fn refusal(&self) -> (Refused, Option<u32>) {
        match self {
            Self::PrimaryLimit => (Refused::UsedUp, None),
            Self::SecondaryLimit { retry_after_s } => (Refused::TooFast, Some(*retry_after_s)),
            Self::Status { code, retry_after_s, .. } => (Refused::With(*code), *retry_after_s),
            Self::Refused
            | Self::LostReply
            | Self::Truncated
            | Self::CutReply
            | Self::Huge
            | Self::Hang
            | Self::HangAfterCommit
            | Self::Slow { .. } => (Refused::Broken, None),
        }
    }

    /// The name in the request log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::SecondaryLimit { .. } => "secondary_limit",
            Self::PrimaryLimit => "primary_limit",
            Self::Refused => "refused",
            Self::LostReply => "lost_reply",
            Self::Truncated => "truncated",
            Self::CutReply => "cut_reply",
            Self::Huge => "huge",
            Self::Hang => "hang",
            Self::HangAfterCommit => "hang_after_commit",
            Self::Slow { .. } => "slow",
        }
    }
}

/// The faults that wait, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one, unless there are too many.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), Fault> {
        if self.0.len() >= MAX_FAULTS {
            return Err(fault);
        }
        self.0.push(fault);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn waiting(&self) -> &[Fault] {
        &self.0
    }

    /// What happens to this request. Each fitting fault counts it; the first that is not skipping takes it.
    pub(crate) fn take(&mut self, request: &Request) -> Option<FaultKind> {
        let mut taken = None;
        for fault in self.0.iter_mut().filter(|fault| fault.fits(request)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            taken = Some(fault.fault.clone());
            break;
        }
        self.0.retain(|fault| fault.times != Some(0));
        taken
    }
}
