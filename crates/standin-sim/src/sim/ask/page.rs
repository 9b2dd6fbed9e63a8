//! The answer as a page.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use standin_engine::render::{Cell, Doc, Part, Tone};

use super::answer::{AdviceV1, AnswerV1, AvailabilityV1, MomentKind, MomentV1, OutageV1, ServedV1};
use super::tale::span;

/// The page of an answer.
pub fn page(answer: &AnswerV1) -> Doc {
    let mut parts: Vec<Part> =
        answer.outages.iter().map(|outage| Part::Line(asked(answer, outage))).collect();
    if answer.outages.is_empty() {
        let line = "Nothing is gone: ask with --outage github=4h@12:00. This is an ordinary day.";
        parts.push(Part::Line(line.to_owned()));
    }
    parts.push(Part::Line(format!(
        "{} from {} (UTC), seed {}; watched by {}",
        if answer.days == 1 { "1 day".to_owned() } else { format!("{} days", answer.days) },
        shown(answer.from, "%Y-%m-%d %H:%M"),
        answer.seed,
        answer.watchers.join(", ")
    )));
    if !answer.timeline.is_empty() {
        parts.push(Part::Heading("What happens".to_owned()));
        let rows = answer.timeline.iter().map(|moment| row(answer, moment)).collect();
        parts.push(Part::Table { head: vec!["time", "who", "what"], rows });
    }
    if !answer.automations.is_empty() {
        parts.push(Part::Heading("What becomes of each".to_owned()));
        parts.push(table(&answer.automations));
    }
    parts.extend(left_out(answer));
    parts.extend(advice(&answer.advice));
    parts.extend(answer.faults.iter().map(|fault| Part::Line(format!("A fault of Standin: {fault}"))));
    Doc { title: "What would happen".to_owned(), parts }
}

/// What is not simulated, by reason.
fn left_out(answer: &AnswerV1) -> Vec<Part> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for out in &answer.left_out {
        reasons.entry(&out.why).or_default().push(&out.id);
    }
    let line =
        |(why, ids): (&str, Vec<&str>)| Part::Line(format!("Not simulated, {why}: {}", ids.join(", ")));
    reasons.into_iter().map(line).collect()
}

fn asked(answer: &AnswerV1, outage: &OutageV1) -> String {
    let length = outage.until.duration_since(outage.from).as_millis();
    let length = span(u64::try_from(length).unwrap_or(0));
    let noticed = match &outage.noticed {
        Some(noticed) => format!("{} notices after {}", noticed.by, span(noticed.after * 1_000)),
        None => "nobody notices".to_owned(),
    };
    format!("{} is gone for {length} from {}: {noticed}", outage.what, clock(answer, outage.from))
}

fn shown(at: Timestamp, format: &str) -> String {
    at.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

fn clock(answer: &AnswerV1, at: Timestamp) -> String {
    shown(at, if answer.days > 1 { "%m-%d %H:%M" } else { "%H:%M" })
}

fn row(answer: &AnswerV1, moment: &MomentV1) -> Vec<Cell> {
    let tone = match moment.kind {
        MomentKind::Gone | MomentKind::RunsTwice => Tone::Bad,
        MomentKind::Back | MomentKind::RunsInstead | MomentKind::Restarts => Tone::Good,
        MomentKind::StepsAside => Tone::Dim,
        MomentKind::DoesNotStart | MomentKind::RunsLate | MomentKind::TriesInVain | MomentKind::Tells => {
            Tone::Warn
        }
        MomentKind::Suspects | MomentKind::Notices | MomentKind::Asks => Tone::Plain,
    };
    vec![
        Cell::toned(clock(answer, moment.at), Tone::Dim),
        Cell::plain(&moment.who),
        Cell::toned(&moment.what, tone),
    ]
}

fn table(automations: &[ServedV1]) -> Part {
    let head =
        vec!["automation", "slots", "with standin", "without", "late", "lost", "ran twice", "by a backup"];
    let rows = automations.iter().map(|served| {
        let is_slotted = served.in_time_within > 0;
        let number = |n: u32| Cell::plain(if is_slotted { n.to_string() } else { "-".to_owned() });
        let bad = |n: u32| {
            if n == 0 || !is_slotted { number(n) } else { Cell::toned(n.to_string(), Tone::Bad) }
        };
        vec![
            Cell::plain(&served.id),
            number(served.slots),
            percent(Some(&served.with)),
            percent(served.without.as_ref()),
            bad(served.with.late),
            bad(served.with.lost),
            bad(served.with.twice),
            number(served.with.by_backup),
        ]
    });
    Part::Table { head, rows: rows.collect() }
}

fn percent(availability: Option<&AvailabilityV1>) -> Cell {
    let Some(percent) = availability.and_then(|availability| availability.percent) else {
        return Cell::toned("-", Tone::Dim);
    };
    let tone = if percent >= 100.0 { Tone::Good } else { Tone::Warn };
    Cell::toned(format!("{percent:.1} %"), tone)
}

fn advice(advice: &[AdviceV1]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (number, item) in advice.iter().enumerate() {
        if number == 0 {
            parts.push(Part::Heading("What to add".to_owned()));
        }
        let place = if item.lines.is_empty() { String::new() } else { format!("{}: ", item.file) };
        let then = if item.then.is_empty() { String::new() } else { format!("; {}", item.then) };
        parts.push(Part::Line(format!("{place}{}{then}", item.because)));
        if !item.lines.is_empty() {
            parts.push(Part::Code(item.lines.join("\n")));
        }
    }
    parts
}
