//! One platform that is down is one incident with its members, not a hundred.

use std::collections::BTreeMap;

use crate::ident::{AutomationId, Domain};

/// With fewer known automations than this on a platform, each is an incident of its own.
pub const MIN_MEMBERS: usize = 3;

/// The share of a platform's known automations, in percent, from which on it is the platform that is down.
pub const DOWN_PERCENT: usize = 50;

/// How an automation looks from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// It is well.
    Well,
    /// Its failure is confirmed.
    Down,
    /// Nothing can be said of it: it counts for neither side.
    Unknown,
}

/// The platforms that are down, each with the automations that are down with it. Whatever is down and in none of
/// these lists is an incident of its own.
pub fn platforms_down<'a>(
    automations: impl IntoIterator<Item = (&'a AutomationId, Domain, Looks)>,
) -> BTreeMap<Domain, Vec<AutomationId>> {
    let mut known: BTreeMap<Domain, (usize, Vec<AutomationId>)> = BTreeMap::new();
    for (id, domain, looks) in automations {
        let (count, down) = known.entry(domain).or_default();
        match looks {
            Looks::Well => *count += 1,
            Looks::Down => {
                *count += 1;
                down.push(id.clone());
            }
            Looks::Unknown => {}
        }
    }
    // What is elsewhere shares nothing that could be down.
    known.remove(&Domain::Elsewhere);
    let is_down = |count: usize, down: usize| {
        count >= MIN_MEMBERS && down.saturating_mul(100) >= count.saturating_mul(DOWN_PERCENT)
    };
    let mut platforms = BTreeMap::new();
    for (domain, (count, mut down)) in known {
        if is_down(count, down.len()) {
            down.sort_unstable();
            platforms.insert(domain, down);
        }
    }
    platforms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(all: &[(&str, Domain, Looks)]) -> Vec<(Domain, usize)> {
        let all: Vec<(AutomationId, Domain, Looks)> =
            all.iter().map(|(id, domain, looks)| (id.parse().unwrap(), *domain, *looks)).collect();
        let platforms = platforms_down(all.iter().map(|(id, domain, looks)| (id, *domain, *looks)));
        platforms.into_iter().map(|(domain, members)| (domain, members.len())).collect()
    }

    #[test]
    fn half_of_three_or_more_is_the_platform() {
        use Domain::{Elsewhere, Github, Host};
        use Looks::{Down, Unknown, Well};
        let (a, b, c) = ("workflow:a", "workflow:b", "workflow:c");
        assert_eq!(down(&[(a, Github, Down), (b, Github, Down), (c, Github, Well)]), [(Github, 2)]);
        assert_eq!(down(&[(a, Github, Down), (b, Github, Well), (c, Github, Well)]), []);
        assert_eq!(down(&[(a, Github, Down), (b, Github, Down)]), [], "too few to tell");
        assert_eq!(
            down(&[(a, Github, Down), (b, Github, Down), (c, Github, Unknown)]),
            [],
            "unknown is not down"
        );
        assert_eq!(down(&[(a, Github, Down), (b, Host, Down), (c, Github, Down)]), [], "each by itself");
        assert_eq!(down(&[(a, Elsewhere, Down), (b, Elsewhere, Down), (c, Elsewhere, Down)]), []);
    }
}
