//! Looking up ids that come in the order of the map, as the watches of a repository do: the next entry is beside the
//! last one, and no search from the top of a large map is needed for each.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;
use std::iter::Peekable;

use crate::ident::AutomationId;

/// A map that is walked along. *Invariant:* it answers as the map does, in whatever order it is asked.
pub(super) struct InOrder<'a, V> {
    map: &'a BTreeMap<AutomationId, V>,
    rest: Peekable<Iter<'a, AutomationId, V>>,
    /// The entry before the rest.
    passed: Option<&'a AutomationId>,
}

impl<'a, V> InOrder<'a, V> {
    pub(super) fn of(map: &'a BTreeMap<AutomationId, V>) -> Self {
        Self { map, rest: map.iter().peekable(), passed: None }
    }

    pub(super) fn get(&mut self, id: &AutomationId) -> Option<&'a V> {
        if self.passed.is_some_and(|passed| id <= passed) {
            return self.map.get(id);
        }
        while let Some((key, _)) = self.rest.next_if(|(key, _)| *key < id) {
            self.passed = Some(key);
        }
        self.rest.peek().filter(|(key, _)| *key == id).map(|(_, value)| *value)
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
