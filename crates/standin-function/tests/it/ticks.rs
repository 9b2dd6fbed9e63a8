//! Watch cycles.

use crate::set::set;

#[tokio::test]
async fn a_missed_slot_is_dispatched_once_however_many_ticks_come() {
    let set = set().await;
    let first = set.tick().await;
    assert_eq!(set.runs().len(), 1, "{first:#}");
    assert_eq!(first["targets"][0]["id"], "workflow:nightly.yml");
    let second = set.tick().await;
    assert_eq!(set.runs().len(), 1, "{second:#}");
}
