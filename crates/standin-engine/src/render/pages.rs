//! What each page says: from the plain data of [`crate::json_v1`] to a document.

use jiff::{Timestamp, Unit};
use standin_core::health::Health;

use super::scan::{Extent, findings};
use super::{Cell, Doc, Part, Tone};
use crate::json_v1::{
    AgentState, AgentV1, AutomationStatusV1, CountsV1, HealthReportV1, HealthV1, IncidentV1, RecoverV1,
    ReportV1, ReportedV1, StatusV1,
};

/// The page of a status, with ages as of `now`.
pub fn status(status: &StatusV1, now: Timestamp) -> Doc {
    let mut parts = vec![Part::Line(whole(&status.health)), Part::Line(agent(&status.agent, now))];
    let (unwatched, watched): (Vec<_>, Vec<_>) =
        status.automations.iter().partition(|a| a.code == "not_watched");
    if !watched.is_empty() {
        let head = vec!["automation", "health", "since", "due", "last success", "reason"];
        parts.push(Part::Table { head, rows: watched.iter().map(|a| status_row(a, now)).collect() });
    }
    if !unwatched.is_empty() {
        parts.push(Part::Line(format!(
            "{} more are not watched: `standin scan` lists them, `standin report` says what would change that",
            unwatched.len()
        )));
    }
    parts.extend(incidents("Incidents", &status.incidents, now));
    parts.extend(mesh(status, now));
    Doc { title: "Status".to_owned(), parts }
}

/// The other watchers, and what people were told of late.
fn mesh(status: &StatusV1, now: Timestamp) -> Vec<Part> {
    let mut parts = Vec::new();
    if !status.peers.is_empty() {
        parts.push(Part::Heading("Watchers".to_owned()));
        let rows = status.peers.iter().map(|peer| {
            let last = match peer.last {
                Some(last) if peer.overdue > 0 => {
                    format!("{}, overdue for {} s", ago(last, now), peer.overdue)
                }
                Some(last) => ago(last, now),
                None => "never".to_owned(),
            };
            vec![
                Cell::plain(&peer.id),
                Cell::plain(&peer.kind),
                Cell::toned(peer.health.to_string(), health_tone(peer.health)),
                Cell::plain(last),
            ]
        });
        let head = vec!["watcher", "kind", "health", "last sign of life"];
        parts.push(Part::Table { head, rows: rows.collect() });
    }
    if !status.alerts.is_empty() {
        parts.push(Part::Heading("What people were told within a day".to_owned()));
        let rows = status.alerts.iter().map(|alert| {
            let tone = match alert.level.as_str() {
                "good" => Tone::Good,
                "critical" => Tone::Bad,
                _ => Tone::Warn,
            };
            vec![
                Cell::toned(ago(alert.at, now), Tone::Dim),
                Cell::plain(&alert.about),
                Cell::toned(&alert.what, tone),
                Cell::plain(&alert.text),
            ]
        });
        parts.push(Part::Table { head: vec!["when", "about", "what", "in words"], rows: rows.collect() });
    }
    parts
}

/// The page of a health.
pub fn health(health: &HealthReportV1, now: Timestamp) -> Doc {
    let parts = vec![
        Part::Line(whole(&health.health)),
        Part::Line(counts(&health.counts)),
        Part::Line(agent(&health.agent, now)),
    ];
    Doc { title: "Health".to_owned(), parts }
}

/// The page of a recovery.
pub fn recover(recover: &RecoverV1) -> Doc {
    let mut parts = Vec::new();
    if recover.dry_run {
        parts.push(Part::Line("Rehearsal: nothing was done.".to_owned()));
    }
    if recover.decisions.is_empty() && recover.effects.is_empty() {
        parts.push(Part::Line("Nothing to recover.".to_owned()));
    }
    if !recover.decisions.is_empty() {
        let rows = recover.decisions.iter().map(|d| vec![Cell::plain(&d.target), Cell::plain(&d.reason)]);
        parts.push(Part::Table { head: vec!["target", "decision"], rows: rows.collect() });
    }
    if !recover.effects.is_empty() {
        let rows = recover.effects.iter().map(|e| {
            let tone = outcome_tone(&e.outcome);
            vec![
                Cell::plain(&e.effect),
                Cell::plain(&e.reason),
                Cell::toned(&e.outcome, tone),
                Cell::plain(&e.detail),
            ]
        });
        parts
            .push(Part::Table { head: vec!["effect", "because", "outcome", "detail"], rows: rows.collect() });
    }
    Doc { title: "Recovery".to_owned(), parts }
}

/// The page of a report.
pub fn report(report: &ReportV1) -> Doc {
    let now = report.generated_at;
    let mut parts = vec![
        Part::Line(format!("Made at {:.0} for {} ({})", now, report.repository, report.scope)),
        Part::Line(whole(&report.health)),
        Part::Line(counts(&report.counts)),
        Part::Line(agent(&report.agent, now)),
        Part::Heading("Automations".to_owned()),
        Part::Table {
            head: vec!["automation", "domain", "state", "health", "last success", "reason"],
            rows: report.automations.iter().map(|a| reported_row(a, now)).collect(),
        },
    ];
    parts.extend(incidents("Incidents", &report.incidents, now));
    if !report.recoveries.is_empty() {
        parts.push(Part::Heading("Recoveries".to_owned()));
        let rows = report.recoveries.iter().map(|r| {
            vec![
                Cell::toned(ago(r.at, now), Tone::Dim),
                Cell::plain(&r.effect),
                Cell::plain(&r.reason),
                Cell::toned(&r.outcome, outcome_tone(&r.outcome)),
                Cell::plain(&r.detail),
            ]
        });
        let head = vec!["when", "effect", "because", "outcome", "detail"];
        parts.push(Part::Table { head, rows: rows.collect() });
    }
    parts.extend(findings(&report.findings, Extent::Whole));
    Doc { title: format!("Standin report: {}", report.repository), parts }
}

fn whole(health: &HealthV1) -> String {
    match health.score {
        Some(score) => format!("Health: {score}/100, {}", health.state),
        None => "Health: unknown, nothing that was seen says how it is".to_owned(),
    }
}

fn counts(c: &CountsV1) -> String {
    format!(
        "{} healthy, {} late, {} unhealthy, {} failed, {} stopped, {} unknown",
        c.healthy, c.late, c.unhealthy, c.failed, c.stopped, c.unknown
    )
}

fn agent(agent: &AgentV1, now: Timestamp) -> String {
    match agent.state {
        AgentState::Running => {
            let up = agent.started.map_or_else(String::new, |at| format!(", up {}", age(at, now)));
            let fault =
                if agent.fault.is_empty() { String::new() } else { format!("\nFault: {}", agent.fault) };
            let stale = if agent.stale.is_empty() {
                String::new()
            } else {
                format!("\nChanged since the agent read it: {}; start it anew", agent.stale.join(", "))
            };
            format!("Agent: process {}, listening on {}{up}{fault}{stale}", agent.pid, agent.listen)
        }
        AgentState::Absent => "Agent: none runs for this repository; `standin up` starts one".to_owned(),
    }
}

fn incidents(title: &str, list: &[IncidentV1], now: Timestamp) -> Vec<Part> {
    if list.is_empty() {
        return Vec::new();
    }
    let rows = list.iter().map(|i| {
        let tone = match i.phase.as_str() {
            "resolved" => Tone::Dim,
            "settling" => Tone::Good,
            _ => Tone::Bad,
        };
        let members =
            if i.members.is_empty() { String::new() } else { format!(" ({})", i.members.join(", ")) };
        vec![
            Cell::plain(&i.target),
            Cell::toned(&i.phase, tone),
            Cell::toned(ago(i.opened, now), Tone::Dim),
            Cell::plain(i.attempts.to_string()),
            Cell::plain(format!("{}{members}", i.cause)),
        ]
    });
    let head = vec!["incident", "phase", "opened", "attempts", "cause"];
    vec![Part::Heading(title.to_owned()), Part::Table { head, rows: rows.collect() }]
}

fn status_row(a: &AutomationStatusV1, now: Timestamp) -> Vec<Cell> {
    vec![
        Cell::plain(&a.id),
        Cell::toned(a.health.to_string(), health_tone(a.health)),
        Cell::toned(age(a.since, now), Tone::Dim),
        Cell::plain(a.due.map_or_else(String::new, |due| ahead(due, now))),
        Cell::plain(a.last_success.map_or_else(String::new, |at| ago(at, now))),
        Cell::plain(&a.reason),
    ]
}

fn reported_row(a: &ReportedV1, now: Timestamp) -> Vec<Cell> {
    let (health, last, reason) = match &a.status {
        Some(s) => {
            let last = s.last_success.map_or_else(String::new, |at| ago(at, now));
            (Cell::toned(s.health.to_string(), health_tone(s.health)), last, s.reason.clone())
        }
        None => (Cell::toned("unknown", Tone::Dim), String::new(), a.automation.reason.clone()),
    };
    vec![
        Cell::plain(&a.automation.id),
        Cell::plain(a.automation.domain.to_string()),
        Cell::plain(a.automation.state.to_string()),
        health,
        Cell::plain(last),
        Cell::plain(reason),
    ]
}

const fn health_tone(health: Health) -> Tone {
    match health {
        Health::Healthy => Tone::Good,
        Health::Late | Health::Unhealthy => Tone::Warn,
        Health::Failed => Tone::Bad,
        Health::Stopped | Health::Unknown => Tone::Dim,
    }
}

fn outcome_tone(outcome: &str) -> Tone {
    match outcome {
        "done" => Tone::Good,
        "refused" => Tone::Bad,
        "unknown" => Tone::Warn,
        _ => Tone::Plain,
    }
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", age(at, now))
}

fn ahead(due: Timestamp, now: Timestamp) -> String {
    if due > now { format!("in {}", age(now, due)) } else { format!("{} ago", age(due, now)) }
}

/// The time between two moments in its largest two units; less than a second is `0s`.
fn age(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.since((Unit::Second, from)).map_or(0, |span| span.get_seconds().max(0));
    let (days, hours, minutes, rest) =
        (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, m) => format!("{m}m{rest:02}s"),
        (0, h, m) => format!("{h}h{m:02}m"),
        (d, h, _) => format!("{d}d{h:02}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units_and_are_never_negative() {
        let at = |s| Timestamp::from_second(s).unwrap_or_default();
        let of = |seconds| age(at(0), at(seconds));
        assert_eq!([of(0), of(59), of(61), of(3_660), of(90_000)], ["0s", "59s", "1m01s", "1h01m", "1d01h"]);
        assert_eq!(age(at(10), at(0)), "0s");
        assert_eq!(ahead(at(70), at(10)), "in 1m00s");
        assert_eq!(ahead(at(10), at(70)), "1m00s ago");
    }
}
