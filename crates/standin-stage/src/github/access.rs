//! Who may do what, and how often.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Refusal;
use crate::wire::{Reply, Request};

/// What a token may do. Each right to write is apart from the one to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// The repository, its files, refs and objects.
    ReadContents,
    /// Refs, objects and files; also `repository_dispatch`.
    WriteContents,
    /// Workflows and their runs.
    ReadActions,
    /// Dispatch, enable, re-run, cancel.
    WriteActions,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ReadContents, Self::WriteContents, Self::ReadActions, Self::WriteActions];

    fn header(self) -> &'static str {
        match self {
            Self::ReadContents => "contents=read",
            Self::WriteContents => "contents=write",
            Self::ReadActions => "actions=read",
            Self::WriteActions => "actions=write",
        }
    }
}

/// A token and what it may do. Its `Debug` does not show the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The secret.
    pub token: String,
    /// What it may do.
    pub rights: BTreeSet<Right>,
}

impl Grant {
    /// A token that may do everything.
    #[must_use]
    pub fn full(token: &str) -> Self {
        Self { token: token.to_owned(), rights: Right::ALL.into() }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("rights", &self.rights).finish_non_exhaustive()
    }
}

/// Who is let in.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// Everybody, with or without a token.
    #[default]
    Open,
    /// Who has one of these tokens, for what it may do.
    Tokens(Vec<Grant>),
}

impl Access {
    pub(crate) fn check(&self, request: &Request, right: Option<Right>) -> Result<(), Refusal> {
        let Self::Tokens(grants) = self else { return Ok(()) };
        let header = request.header("authorization").unwrap_or_default();
        let token = header.split_once(' ').filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
        });
        let grant = token.and_then(|(_, token)| grants.iter().find(|grant| grant.token == token.trim()));
        let Some(grant) = grant else {
            let message = if header.is_empty() { "Requires authentication" } else { "Bad credentials" };
            return Err(Refusal::new(401, message));
        };
        match right {
            Some(right) if !grant.rights.contains(&right) => Err(Refusal::lacking(right.header())),
            Some(_) | None => Ok(()),
        }
    }
}

/// A limit, counted in fixed windows from the first request.
#[derive(Debug)]
pub(crate) struct Rate {
    limit: u32,
    used: u32,
    reset: Timestamp,
    /// Seconds.
    window: i64,
}

impl Rate {
    pub(crate) fn new(limit: u32, window: i64) -> Self {
        Self { limit, used: 0, reset: Timestamp::UNIX_EPOCH, window }
    }

    fn turn(&mut self, now: Timestamp) {
        if now >= self.reset {
            self.used = 0;
            self.reset = Timestamp::from_second(now.as_second() + self.window).unwrap_or(now);
        }
    }

    /// Counts a request; false where the limit is used up.
    pub(crate) fn spend(&mut self, now: Timestamp) -> bool {
        self.turn(now);
        let left = self.used < self.limit;
        self.used = self.used.saturating_add(1).min(self.limit);
        left
    }

    /// What was answered from a client's own copy counts nothing.
    pub(crate) fn refund(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    /// Leaves so many requests in this hour.
    pub(crate) fn leave(&mut self, remaining: u32, now: Timestamp) {
        self.turn(now);
        self.used = self.limit.saturating_sub(remaining);
    }

    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    pub(crate) fn headers(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let reset = if self.reset > now { self.reset.as_second() } else { now.as_second() + self.window };
        vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", (self.limit - self.used).to_string()),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-reset", reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }

    /// `GET rate_limit`.
    pub(crate) fn overview(&mut self, now: Timestamp) -> Value {
        // The vendor does not count this request.
        self.refund();
        let (limit, used, reset) = (self.limit, self.used, self.reset.max(now).as_second());
        let core = json!({ "limit": limit, "used": used, "remaining": limit - used, "reset": reset });
        json!({ "resources": { "core": core, "search": core, "graphql": core }, "rate": core })
    }
}

/// The answer once nothing is left in this hour.
pub(crate) fn used_up() -> Reply {
    Refusal::new(403, "API rate limit exceeded for installation.").reply().with("x-ratelimit-remaining", "0")
}
