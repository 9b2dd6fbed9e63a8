//! Looking up ids that come in the order of the map, as the watches of a repository do: the next entry is beside the
//! last one, and no search from the top of a large map is needed for each.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::{Iter, IterMut};
use std::iter::Peekable;

use crate::ident::AutomationId;

/// A map that is walked along. *Invariant:* it answers as the map does, in whatever order it is asked.
pub(crate) struct InOrder<'a, V> {
    map: &'a BTreeMap<AutomationId, V>,
    rest: Peekable<Iter<'a, AutomationId, V>>,
    /// The entry before the rest.
    passed: Option<&'a AutomationId>,
}

impl<'a, V> InOrder<'a, V> {
    pub(crate) fn of(map: &'a BTreeMap<AutomationId, V>) -> Self {
        Self { map, rest: map.iter().peekable(), passed: None }
    }

    pub(crate) fn get(&mut self, id: &AutomationId) -> Option<&'a V> {
        if self.passed.is_some_and(|passed| id <= passed) {
            return self.map.get(id);
        }
        while let Some((key, value)) = self.rest.peek() {
            match (*key).cmp(id) {
                Ordering::Less => self.passed = Some(key),
                Ordering::Equal => return Some(value),
                Ordering::Greater => return None,
            }
            self.rest.next();
        }
        None
    }
}

/// A map that is changed while it is walked along.
pub(super) struct Along<'a, V> {
    rest: Peekable<IterMut<'a, AutomationId, V>>,
    /// Entries that were passed and not asked for.
    left_out: usize,
}

impl<'a, V> Along<'a, V> {
    pub(super) fn of(map: &'a mut BTreeMap<AutomationId, V>) -> Self {
        Self { rest: map.iter_mut().peekable(), left_out: 0 }
    }

    /// The entry of an id; `None` when there is none, and when it was passed already.
    pub(super) fn get(&mut self, id: &AutomationId) -> Option<&'a mut V> {
        while let Some((key, _)) = self.rest.peek() {
            match (*key).cmp(id) {
                Ordering::Less => self.left_out = self.left_out.saturating_add(1),
                Ordering::Equal => return self.rest.next().map(|(_, value)| value),
                Ordering::Greater => return None,
            }
            self.rest.next();
        }
        None
    }

    /// How many entries were not asked for in their order.
    pub(super) fn left_out(self) -> usize {
        self.left_out.saturating_add(self.rest.count())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_answers_as_the_map_does(
            known in prop::collection::btree_set(0_u8..40, 0..30),
            asked in prop::collection::vec(0_u8..40, 0..60),
            is_sorted in prop::bool::ANY,
        ) {
            let id = |n: u8| format!("pm2:{n:02}").parse::<AutomationId>().unwrap();
            let map: BTreeMap<_, _> = known.into_iter().map(|n| (id(n), n)).collect();
            let mut asked = asked;
            if is_sorted {
                asked.sort_unstable();
            }
            let mut walk = InOrder::of(&map);
            for n in asked {
                prop_assert_eq!(walk.get(&id(n)), map.get(&id(n)), "{}", n);
            }
        }
    }
}
