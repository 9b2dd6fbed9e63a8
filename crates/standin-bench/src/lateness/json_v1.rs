//! The report as JSON, version 1. Fields are added at the end, never renamed.

use serde::Serialize;

use super::tally::{Tally, median};
use super::traces::Troubles;
use super::{Outcome, Report};

#[derive(Serialize)]
struct Document {
    version: u32,
    detectors: Vec<Detector>,
    troubles: Troubles,
}

#[derive(Serialize)]
struct Detector {
    name: &'static str,
    classes: Vec<Row>,
    all: Row,
    before_2026: Row,
    in_2026: Row,
    /// The median over the traces of each trace's median delay: every schedule counts as much as any other.
    trace_delay_p50_min: Option<f64>,
}

/// Delays are null where there was no run, and `query_accuracy` where there was no time.
#[derive(Serialize)]
struct Row {
    class: String,
    runs: usize,
    fa_late_per_1000: f64,
    fa_skipped_per_1000: f64,
    outages: usize,
    noticed: usize,
    delay_p50_min: Option<f64>,
    delay_p90_min: Option<f64>,
    delay_p99_min: Option<f64>,
    query_accuracy: Option<f64>,
    cold_start_alarms: usize,
    noticed_delay_p50_min: Option<f64>,
}

fn row(class: &str, tally: &Tally) -> Row {
    let delays = tally.delays_min([0.5, 0.9, 0.99]);
    let [p50, p90, p99] = delays.map_or([None; 3], |delays| delays.map(|delay| Some(rounded(delay))));
    Row {
        class: class.to_owned(),
        runs: tally.runs,
        fa_late_per_1000: rounded(tally.per_1000(tally.late)),
        fa_skipped_per_1000: rounded(tally.per_1000(tally.skipped)),
        outages: tally.outages,
        noticed: tally.noticed,
        delay_p50_min: p50,
        delay_p90_min: p90,
        delay_p99_min: p99,
        query_accuracy: tally.query_accuracy().map(|accuracy| (accuracy * 1e6).round() / 1e6),
        cold_start_alarms: tally.cold,
        noticed_delay_p50_min: tally.noticed_delay_min().map(rounded),
    }
}

/// Three decimals: more would be noise in a diff.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

fn detector(outcome: &Outcome) -> Detector {
    let trace_medians = outcome.traces.values().filter_map(|tally| tally.delays_min([0.5]).map(|[p50]| p50));
    Detector {
        name: outcome.name,
        classes: outcome.classes.iter().map(|(class, tally)| row(class, tally)).collect(),
        all: row("all", &outcome.all),
        before_2026: row("before_2026", &outcome.before_2026),
        in_2026: row("in_2026", &outcome.in_2026),
        trace_delay_p50_min: median(trace_medians.collect()).map(rounded),
    }
}

/// The report as one line of JSON.
///
/// # Errors
///
/// None that can happen: all numbers are finite and all keys are text.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let document = Document {
        version: 1,
        detectors: report.outcomes.iter().map(detector).collect(),
        troubles: report.troubles,
    };
    let mut text = serde_json::to_string(&document)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lateness::{compare, synthetic, traces::TraceSet};

    #[test]
    fn version_1_has_the_fields_that_it_always_had() {
        let mut set = TraceSet::default();
        set.traces.push(synthetic::hourly(3));
        let text = render(&compare(&set, &["phi8".to_owned(), "standin".to_owned()]).unwrap()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["version"], 1);
        assert_eq!(
            value["detectors"][0]["name"], "standin",
            "in the order of the names, not of the arguments"
        );
        assert_eq!(value["detectors"][1]["name"], "phi8");
        let row = &value["detectors"][0]["classes"][0];
        assert_eq!(row["class"], "h1");
        for field in [
            "runs",
            "fa_late_per_1000",
            "fa_skipped_per_1000",
            "outages",
            "noticed",
            "delay_p50_min",
            "delay_p90_min",
            "delay_p99_min",
            "query_accuracy",
        ] {
            assert!(row[field].is_number(), "{field}: {row}");
            assert_eq!(row[field], value["detectors"][0]["all"][field], "one class is all");
        }
    }

    #[test]
    fn no_runs_give_nulls_and_no_panic() {
        let report = compare(&TraceSet::default(), &[]).unwrap();
        let value: serde_json::Value = serde_json::from_str(&render(&report).unwrap()).unwrap();
        assert_eq!(value["detectors"][0]["all"]["delay_p50_min"], serde_json::Value::Null);
        assert!(crate::lateness::table::render(&report).contains("standin"));
    }

    #[test]
    fn an_unknown_detector_is_refused() {
        assert!(compare(&TraceSet::default(), &["phi9".to_owned()]).is_err());
    }
}
