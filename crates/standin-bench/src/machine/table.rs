//! The report as one table for people, and what belongs to it.

use std::fmt::Write as _;

use super::report::{Report, Row};

const HEAD: [&str; 6] = ["what", "Standin", "peer", "ratio", "goal", "met"];

/// A Markdown table with aligned columns: it reads as well on a terminal.
pub fn render(report: &Report) -> String {
    let rows = report.rows.iter().map(cells).collect::<Vec<_>>();
    let mut text = table(HEAD, &rows);
    if !report.growth.is_empty() {
        let rows = report.growth.iter().map(|g| {
            let each = if g.bytes_each == 0 { "-".to_owned() } else { g.bytes_each.to_string() };
            [g.automations.to_string(), format!("{:.3} ms", g.p50_ms), format!("{:.3} ms", g.p99_ms), each]
        });
        text.push('\n');
        text += &table(["automations", "tick p50", "tick p99", "bytes each"], &rows.collect::<Vec<_>>());
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{}", report.machine);
    for note in &report.notes {
        let _ = writeln!(text, "- {note}");
    }
    text
}

fn cells(row: &Row) -> [String; 6] {
    let peer = match &row.peer {
        Some(peer) => format!("{} {peer}", row.peer_name),
        None if row.peer_name.is_empty() => "-".to_owned(),
        None => row.peer_name.to_owned(),
    };
    let met = row.met().map_or("-", |met| if met { "yes" } else { "NO" });
    let ratio = row.ratio().map_or_else(|| "-".to_owned(), ratio);
    [row.what.clone(), row.standin.to_string(), peer, ratio, row.goal.to_string(), met.to_owned()]
}

/// Small ratios read better as one in so many.
fn ratio(ratio: f64) -> String {
    if ratio < 0.1 { format!("1/{:.0}", 1.0 / ratio) } else { format!("{ratio:.2}") }
}

fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&head.map(str::to_owned), &widths);
    text += &line(&widths.map(|width| "-".repeat(width)), &widths);
    text.extend(rows.iter().map(|row| line(row, &widths)));
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Goal, Growth, Quantity, Unit};

    #[test]
    fn a_missed_goal_is_said_and_a_small_ratio_reads_as_one_in_so_many() {
        let of = |standin, peer| Row {
            what: "memory".to_owned(),
            standin: Quantity::new(standin, Unit::Mebibytes),
            peer_name: "PM2",
            peer: Some(Quantity::new(peer, Unit::Mebibytes)),
            goal: Goal::AtMostOneIn(200.0),
        };
        assert_eq!(cells(&of(10.0, 2000.0)).map(|c| c)[3..], ["1/200", "<= 1/200", "yes"]);
        assert_eq!(cells(&of(11.0, 2000.0))[3..], ["1/182", "<= 1/200", "NO"]);
        assert_eq!(cells(&Row { peer: None, ..of(1.0, 1.0) })[2..], ["PM2", "-", "<= 1/200", "-"]);
        let alone = Row { peer_name: "", peer: None, ..of(1.0, 1.0) };
        assert_eq!(cells(&alone)[2..], ["-", "-", "<= 1/200", "-"]);
    }

    #[test]
    fn every_line_is_as_wide_as_the_widest() {
        let growth = Growth { automations: 100_000, p50_ms: 1.0, p99_ms: 20.0, bytes_each: 0 };
        let report =
            Report { machine: String::new(), rows: Vec::new(), growth: vec![growth], notes: Vec::new() };
        let text = render(&report);
        let widths: std::collections::BTreeSet<_> =
            text.lines().skip(3).take_while(|line| line.starts_with('|')).map(str::len).collect();
        assert_eq!(widths.len(), 1, "{text}");
    }
}
