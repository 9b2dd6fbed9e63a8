//! The report as tables for people.

use std::fmt::Write as _;

use super::Report;
use super::tally::{Tally, median};

/// All detectors over all runs, then before 2026 and in it, then class by class.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    section(&mut text, "all runs", report.outcomes.iter().map(|o| (o.name, &o.all)));
    section(&mut text, "before 2026", report.outcomes.iter().map(|o| (o.name, &o.before_2026)));
    section(&mut text, "in 2026", report.outcomes.iter().map(|o| (o.name, &o.in_2026)));
    let classes = report.outcomes.first().map(|outcome| outcome.classes.keys()).into_iter().flatten();
    for class in classes {
        let of_class =
            report.outcomes.iter().filter_map(|o| o.classes.get(class).map(|tally| (o.name, tally)));
        section(&mut text, &format!("class {class}"), of_class);
    }
    let _ = writeln!(text, "median over the traces of their median delays, in minutes");
    for outcome in &report.outcomes {
        let medians = outcome.traces.values().filter_map(|tally| tally.delays_min([0.5]).map(|[p50]| p50));
        let _ = writeln!(text, "  {:<14}{:>9}", outcome.name, minutes(median(medians.collect())));
    }
    let t = report.troubles;
    let _ = writeln!(
        text,
        "\ntraces: {} rows unreadable, {} reversed, {} merged, {} crons unknown, {} traces empty",
        t.unreadable_rows, t.reversed, t.merged, t.unknown_crons, t.empty_traces
    );
    text
}

fn section<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = (&'a str, &'a Tally)>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{title}");
    let _ = writeln!(
        text,
        "  {:<14}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>11}{:>6}{:>11}",
        "detector",
        "runs",
        "late/k",
        "skip/k",
        "noticed",
        "p50 min",
        "p90 min",
        "p99 min",
        "accuracy",
        "cold",
        "outage p50"
    );
    for (name, tally) in rows {
        let [p50, p90, p99] = tally.delays_min([0.5, 0.9, 0.99]).map_or([None; 3], |delays| delays.map(Some));
        let accuracy = tally.query_accuracy().map_or_else(|| "-".to_owned(), |share| format!("{share:.6}"));
        let _ = writeln!(
            text,
            "  {name:<14}{:>8}{:>9.2}{:>9.2}{:>9}{:>9}{:>9}{:>9}{accuracy:>11}{:>6}{:>11}",
            tally.runs,
            tally.per_1000(tally.late),
            tally.per_1000(tally.skipped),
            format!("{}/{}", tally.noticed, tally.outages),
            minutes(p50),
            minutes(p90),
            minutes(p99),
            tally.cold,
            minutes(tally.noticed_delay_min()),
        );
    }
    text.push('\n');
}

fn minutes(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"))
}
