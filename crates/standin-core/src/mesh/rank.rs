//! Who tries first, and under which name the target sees it.

use super::digest::Digest;
use super::peer::PeerId;
use crate::effect::EffectKey;
use crate::ident::AutomationId;
use crate::incident::{IncidentId, Target};

/// Each rank waits this much longer than the one before, in milliseconds.
pub const RANK_WAIT_MS: u64 = 30_000;

/// The key of an incident: the same for whoever acts, and across attempts.
pub fn incident_key(target: &Target, incident: &IncidentId) -> EffectKey {
    EffectKey(Digest::new().text("incident").text(&target.to_string()).text(&incident.0).hex())
}

/// The key of a missed run: the primary, when it comes late, computes the same one.
pub fn slot_key(automation: &AutomationId, slot: jiff::Timestamp) -> EffectKey {
    let slot = slot.as_millisecond().cast_unsigned();
    EffectKey(Digest::new().text("slot").text(automation.as_str()).number(slot).hex())
}

/// The key of what a person asked for once, in words that name when they did.
pub fn by_hand_key(automation: &AutomationId, asked: &str) -> String {
    Digest::new().text("hand").text(automation.as_str()).text(asked).hex()
}

/// The place of `own` among the peers that are able to act on `target`, 0 for the first: the order of a hash, so that
/// each target has another first peer and all peers agree on it. `None` when `own` is not among them.
///
/// The rank only keeps peers from racing. The compare-and-swap decides.
pub fn rank(target: &Target, own: &PeerId, able: &[PeerId]) -> Option<usize> {
    let target = target.to_string();
    let score =
        |peer: &PeerId| (Digest::new().text(peer.as_str()).text(&target).spread(), peer.as_str().to_owned());
    let mine = able.contains(own).then(|| score(own))?;
    Some(able.iter().filter(|peer| score(peer) < mine).count())
}

/// How long a peer of this rank waits before it claims, in milliseconds.
pub fn rank_wait(rank: usize) -> u64 {
    RANK_WAIT_MS.saturating_mul(u64::try_from(rank).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        Target::Automation(format!("pm2:{name}").parse().unwrap())
    }

    #[test]
    fn every_rank_is_taken_once_and_the_first_place_goes_round() {
        let peers: Vec<PeerId> = ["action", "agent", "function"].map(|p| p.parse().unwrap()).into();
        let mut firsts = [0; 3];
        for n in 0..300 {
            let target = target(&format!("app-{n}"));
            let mut ranks: Vec<usize> = peers.iter().filter_map(|p| rank(&target, p, &peers)).collect();
            firsts[ranks.iter().position(|r| *r == 0).unwrap()] += 1;
            ranks.sort_unstable();
            assert_eq!(ranks, [0, 1, 2]);
        }
        assert!(firsts.iter().all(|n| *n > 60), "{firsts:?}");
        assert_eq!(rank(&target("x"), &"other".parse().unwrap(), &peers), None);
        assert_eq!(rank_wait(2), 60_000);
    }

    #[test]
    fn one_who_leaves_changes_nobody_elses_order() {
        let peers: Vec<PeerId> = ["a", "b", "c", "d"].map(|p| p.parse().unwrap()).into();
        let (target, fewer) = (target("web"), &peers[1..]);
        let order = |able: &[PeerId]| {
            let mut order = fewer.to_vec();
            order.sort_by_key(|p| rank(&target, p, able));
            order
        };
        assert_eq!(order(&peers), order(fewer));
    }

    #[test]
    fn keys_differ_by_what_they_are_for_and_by_nothing_else() {
        let (a, b) = (target("a"), target("b"));
        let i = |n: i64| IncidentId(format!("x@{n}"));
        assert_eq!(incident_key(&a, &i(1)), incident_key(&a, &i(1)));
        assert_ne!(incident_key(&a, &i(1)), incident_key(&a, &i(2)));
        assert_ne!(incident_key(&a, &i(1)), incident_key(&b, &i(1)));
        assert_eq!(incident_key(&a, &i(1)).0.len(), 32);
    }
}
