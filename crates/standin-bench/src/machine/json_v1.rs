//! The report as JSON, version 1. Fields are added at the end, never renamed.

use serde::Serialize;

use super::report::{Growth, Quantity, Report, Row};

#[derive(Serialize)]
struct Document {
    version: u32,
    machine: String,
    rows: Vec<RowV1>,
    growth: Vec<GrowthV1>,
    notes: Vec<String>,
}

/// `ratio` is Standin's number divided by the peer's; null, like `peer` and `met`, where there is nothing to compare.
#[derive(Serialize)]
struct RowV1 {
    what: String,
    standin: QuantityV1,
    peer_name: &'static str,
    peer: Option<QuantityV1>,
    ratio: Option<f64>,
    goal: String,
    met: Option<bool>,
}

#[derive(Serialize)]
struct QuantityV1 {
    value: f64,
    unit: String,
    detail: String,
}

#[derive(Serialize)]
struct GrowthV1 {
    automations: usize,
    p50_ms: f64,
    p99_ms: f64,
    bytes_each: u64,
}

fn quantity(of: &Quantity) -> QuantityV1 {
    QuantityV1 { value: of.value, unit: of.unit.to_string(), detail: of.detail.clone() }
}

fn row(row: &Row) -> RowV1 {
    RowV1 {
        what: row.what.clone(),
        standin: quantity(&row.standin),
        peer_name: row.peer_name,
        peer: row.peer.as_ref().map(quantity),
        ratio: row.ratio(),
        goal: row.goal.to_string(),
        met: row.met(),
    }
}

fn growth(of: &Growth) -> GrowthV1 {
    let Growth { automations, p50_ms, p99_ms, bytes_each } = *of;
    GrowthV1 { automations, p50_ms, p99_ms, bytes_each }
}

/// The report as one line of JSON.
///
/// # Errors
///
/// None that can happen: all keys are text.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let document = Document {
        version: 1,
        machine: report.machine.clone(),
        rows: report.rows.iter().map(row).collect(),
        growth: report.growth.iter().map(growth).collect(),
        notes: report.notes.clone(),
    };
    let mut text = serde_json::to_string(&document)?;
    text.push('\n');
    Ok(text)
}
