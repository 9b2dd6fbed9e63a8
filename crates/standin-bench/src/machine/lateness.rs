//! The lateness detector: how many arrivals a second it takes in, with their thresholds.

use anyhow::Context as _;

use super::report::{Goal, Part, Quantity, Row, Unit};
use crate::lateness::arrivals;

/// Arrivals that are taken in.
const COUNT: u32 = 2_000_000;

pub(super) fn measure() -> anyhow::Result<Part> {
    let rate = arrivals::rate(COUNT).context("the synthetic schedule was refused")?;
    let row = Row {
        what: "arrivals in the lateness detector, thresholds included".to_owned(),
        standin: Quantity::new(rate.a_second, Unit::PerSecond)
            .with(format!("{:.0} ns each", rate.nanoseconds)),
        peer_name: "",
        peer: None,
        goal: Goal::None,
    };
    Ok(Part { rows: vec![row], ..Part::default() })
}
