//! placeholder
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule;

impl Schedule {
    pub fn next_after(&self, _: jiff::Timestamp) -> Option<jiff::Timestamp> {
        None
    }
    pub fn previous_at_or_before(&self, _: jiff::Timestamp) -> Option<jiff::Timestamp> {
        None
    }
}
