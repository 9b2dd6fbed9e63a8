//! The page of a coverage.

use standin_core::coverage::Level;
use standin_core::health::Priority;

use super::{Cell, Doc, Part, Tone};
use crate::json_v1::{CoverageV1, DayV1, LevelV1, StepV1};

/// Most days of the trend that the page shows.
const DAYS: usize = 14;
/// Most automations that a step names.
const NAMED: usize = 3;

/// What has reached which level, what keeps the others from it, and what to do first.
pub fn coverage(coverage: &CoverageV1) -> Doc {
    let mut parts = vec![Part::Line(counted(coverage))];
    if coverage.counted > 0 {
        parts.push(levels(coverage));
        parts.push(Part::Heading("Each automation".to_owned()));
        parts.push(automations(coverage));
    }
    if !coverage.steps.is_empty() {
        parts.push(Part::Heading("What to do, the most valuable first".to_owned()));
        let rows = folded(&coverage.steps).into_iter().map(|(text, automations)| {
            let mut names = automations.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            if automations.len() > NAMED {
                names.push_str(&format!(" and {} more", automations.len().saturating_sub(NAMED)));
            }
            vec![Cell::plain(text), Cell::plain(names)]
        });
        parts.push(Part::Table { head: vec!["step", "for"], rows: rows.collect() });
    }
    if coverage.trend.len() > 1 {
        parts.push(Part::Heading("Day by day".to_owned()));
        let skip = coverage.trend.len().saturating_sub(DAYS);
        let head = vec!["day", "automations", "watched", "backed up", "other domain", "drilled"];
        parts.push(Part::Table { head, rows: coverage.trend.iter().skip(skip).map(day).collect() });
    }
    Doc { title: "Coverage".to_owned(), parts }
}

/// Steps that differ in nothing but the automation that they name are one row, which names it `ID`.
fn folded(steps: &[StepV1]) -> Vec<(String, Vec<&str>)> {
    let mut rows: Vec<(String, Vec<&StepV1>)> = Vec::new();
    for step in steps {
        let general = match step.automations.as_slice() {
            [id] => step.text.replace(id.as_str(), "ID"),
            _ => step.text.clone(),
        };
        match rows.iter_mut().find(|(text, _)| *text == general) {
            Some((_, alike)) => alike.push(step),
            None => rows.push((general, vec![step])),
        }
    }
    fn row((general, alike): (String, Vec<&StepV1>)) -> (String, Vec<&str>) {
        let text = match alike.as_slice() {
            [one] => one.text.clone(),
            _ => general,
        };
        (text, alike.iter().flat_map(|step| step.automations.iter().map(String::as_str)).collect())
    }
    rows.into_iter().map(row).collect()
}

fn counted(coverage: &CoverageV1) -> String {
    let left_out = match coverage.left_out.len() {
        0 => String::new(),
        n => format!("; {n} more are not counted: backups, watchers, and what only people and events start"),
    };
    match coverage.counted {
        0 => format!("Nothing here runs by itself{left_out}"),
        n => {
            let is_weighted = coverage.automations.iter().any(|one| one.priority != Priority::Normal);
            let weighted = if is_weighted { "; the percentages go by their priority" } else { "" };
            let run = if n == 1 { "automation runs by itself" } else { "automations run by themselves" };
            format!("{n} {run}{left_out}{weighted}")
        }
    }
}

fn levels(coverage: &CoverageV1) -> Part {
    let row = |name: &str, counted: usize, levels: &[LevelV1]| {
        let mut cells = vec![Cell::plain(name), Cell::plain(counted.to_string())];
        cells.extend(shares(levels));
        cells
    };
    let mut rows = vec![row("all", coverage.counted, &coverage.levels)];
    rows.extend(coverage.platforms.iter().map(|p| row(p.kind.as_str(), p.counted, &p.levels)));
    let head = vec!["platform", "automations", "watched", "backed up", "other domain", "drilled"];
    Part::Table { head, rows }
}

/// The shares above the lowest level, which all have reached.
fn shares(levels: &[LevelV1]) -> Vec<Cell> {
    let of = |level: &Level| {
        let percent = levels.iter().find(|share| share.level == *level).map_or(0.0, |share| share.percent);
        let tone = match percent {
            p if p >= 100.0 => Tone::Good,
            p if p > 0.0 => Tone::Warn,
            _ => Tone::Bad,
        };
        Cell::toned(format!("{percent:.1} %"), tone)
    };
    Level::ALL.iter().filter(|level| **level != Level::Unwatched).map(of).collect()
}

fn automations(coverage: &CoverageV1) -> Part {
    let rows = coverage.automations.iter().map(|one| {
        let tone = match one.level {
            Level::Unwatched => Tone::Bad,
            Level::Watched | Level::BackedUp => Tone::Warn,
            Level::CrossDomain | Level::Drilled => Tone::Good,
        };
        let level = Cell::toned(one.level.to_string(), tone);
        let evidence = match one.evidence.as_slice() {
            [] => Cell::plain("-"),
            list => Cell::plain(list.join("; ")),
        };
        vec![Cell::plain(&one.id), level, evidence, Cell::plain(&one.because)]
    });
    Part::Table { head: vec!["automation", "level", "because", "not higher, because"], rows: rows.collect() }
}

fn day(day: &DayV1) -> Vec<Cell> {
    let mut cells = vec![Cell::plain(&day.day), Cell::plain(day.counted.to_string())];
    cells.extend(shares(&day.levels));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &str, automations: &[&str]) -> StepV1 {
        StepV1 { text: text.into(), automations: automations.iter().map(|&id| id.into()).collect() }
    }

    #[test]
    fn what_is_to_be_done_for_many_is_said_once() {
        let steps = [
            step("beat pm2:a", &["pm2:a"]),
            step("mend", &["pm2:x", "pm2:y"]),
            step("beat pm2:b", &["pm2:b"]),
            step("drill pm2:c", &["pm2:c"]),
        ];
        let rows: Vec<(String, Vec<&str>)> = vec![
            ("beat ID".into(), vec!["pm2:a", "pm2:b"]),
            ("mend".into(), vec!["pm2:x", "pm2:y"]),
            ("drill pm2:c".into(), vec!["pm2:c"]),
        ];
        assert_eq!(folded(&steps), rows);
    }
}
