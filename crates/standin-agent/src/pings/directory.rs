//! Who is behind an address.

use std::collections::{BTreeMap, BTreeSet};

use standin_body::ping::Address;
use standin_core::ident::{AutomationId, Kind};
use standin_stores::Check;
use uuid::Uuid;

/// The checks that take heartbeats, by uuid and by slug.
#[derive(Default)]
pub struct Directory {
    key: String,
    uuids: BTreeMap<Uuid, AutomationId>,
    slugs: BTreeMap<String, Named>,
}

/// The uuids and the key are secrets.
impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("checks", &self.uuids.len()).finish_non_exhaustive()
    }
}

/// Whom a slug names.
#[derive(Debug)]
enum Named {
    One(AutomationId),
    Several,
}

/// What an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This automation.
    One(AutomationId),
    /// Several: the slug does not say which.
    Several,
    /// Nothing yet, and its check may be made: the key is right and the slug is free.
    CouldBe,
    /// Nothing.
    Nothing,
}

impl Directory {
    /// The directory of the checks whose automations are watched, and of those that senders made. A check of an
    /// automation that is no longer watched is left out, so that it does not make a slug ambiguous.
    pub fn of(key: String, checks: &[Check], watched: &[AutomationId]) -> Self {
        let watched: BTreeSet<&AutomationId> = watched.iter().collect();
        let mut directory = Self { key, ..Self::default() };
        for check in checks.iter().filter(|c| c.id.kind() == Kind::Heartbeat || watched.contains(&c.id)) {
            directory.add(check);
        }
        directory
    }

    /// Adds a check; one that is there already stays as it is.
    pub fn add(&mut self, check: &Check) {
        if self.uuids.insert(check.uuid, check.id.clone()).is_some() {
            return;
        }
        self.slugs
            .entry(check.slug.clone())
            .and_modify(|named| *named = Named::Several)
            .or_insert_with(|| Named::One(check.id.clone()));
    }

    /// Looks an address up.
    pub(super) fn find(&self, address: &Address<'_>) -> Found {
        match address {
            Address::Uuid(uuid) => self.uuids.get(uuid).cloned().map_or(Found::Nothing, Found::One),
            Address::Slug { key, .. } if !same(key, &self.key) => Found::Nothing,
            Address::Slug { slug, .. } => match self.slugs.get(*slug) {
                Some(Named::One(id)) => Found::One(id.clone()),
                Some(Named::Several) => Found::Several,
                None => Found::CouldBe,
            },
        }
    }
}

/// Compares secrets in a time that depends on their length only.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}
