//! `standin report`: four files in `.standin/reports/`, from one shape, and one of them on the terminal.

use std::path::Path;

use jiff::Timestamp;
use standin_agent::state_dir::write_whole;
use standin_core::ident::Kind;
use standin_core::incident::Phase;
use standin_engine::json_v1::{
    CountsV1, IncidentV1, RecoveryV1, ReportV1, ReportedV1, ScanV1, StatusV1, VERSION,
};
use standin_engine::render::pages;
use standin_stores::{Reader, Sqlite};

use crate::cli::Format;
use crate::commands::look::{exit_of, status_of};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// How far back recoveries and resolved incidents are reported.
const DAYS: i64 = 30;
/// Most recoveries in a report.
const RECOVERIES: usize = 500;

/// Which automations a report covers, and its file's name.
const SCOPES: [(&str, Option<Kind>, &str); 4] = [
    ("pm2", Some(Kind::Pm2), "pm2-redundancy-report.json"),
    ("workflow", Some(Kind::Workflow), "github-actions-redundancy-report.json"),
    ("netlify", Some(Kind::Netlify), "netlify-functions-redundancy-report.json"),
    ("all", None, "comprehensive-redundancy-report.json"),
];

/// Writes the reports and prints the one that covers everything.
pub(crate) async fn report(path: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let project = Project::load(path)?;
    let state = &project.root.state;
    state.create().map_err(Failure::io(format!("{} cannot be made", state.root().display())))?;
    let status = status_of(state).await?;
    let whole = whole(&project, &status)?;
    for (scope, kind, name) in SCOPES {
        let json = serde_json::to_vec_pretty(&only(&whole, scope, kind)).map_err(anyhow::Error::from)?;
        let path = state.reports().join(name);
        write_whole(&path, &json).map_err(Failure::io(format!("{} cannot be written", path.display())))?;
    }
    output::print(&whole, pages::report, format)?;
    Ok(exit_of(&status))
}

fn whole(project: &Project, status: &StatusV1) -> Result<ReportV1, Failure> {
    let now = Timestamp::now();
    let mut scan = ScanV1::from(project.resolved.inventory.clone());
    scan.findings.extend(project.resolved.findings.iter().cloned().map(Into::into));
    let database = project.root.state.database();
    let reader = if database.exists() { Some(Sqlite::read(&database)?) } else { None };
    let automations = scan.automations.into_iter().map(|automation| {
        let status = status.automations.iter().find(|s| s.id == automation.id).cloned();
        ReportedV1 { automation, status }
    });
    Ok(ReportV1 {
        version: VERSION,
        scope: "all".to_owned(),
        generated_at: now,
        repository: project.root.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        health: status.health,
        counts: CountsV1::of(status.automations.iter().map(|a| a.health)),
        agent: status.agent.clone(),
        automations: automations.collect(),
        findings: scan.findings,
        incidents: incidents(status, reader.as_ref())?,
        recoveries: recoveries(reader.as_ref(), now)?,
    })
}

fn incidents(status: &StatusV1, reader: Option<&Reader>) -> Result<Vec<IncidentV1>, Failure> {
    let mut list = status.incidents.clone();
    if let Some(reader) = reader {
        let over = reader.load()?.incidents.into_iter().filter(|i| i.phase == Phase::Resolved);
        list.extend(over.map(|i| IncidentV1::from(&i)));
    }
    Ok(list)
}

fn recoveries(reader: Option<&Reader>, now: Timestamp) -> Result<Vec<RecoveryV1>, Failure> {
    let Some(reader) = reader else { return Ok(Vec::new()) };
    let since = now.saturating_sub(jiff::SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MIN);
    let attempts = reader.attempts(since, RECOVERIES)?;
    let recoveries = attempts.iter().rev().filter(|a| a.planned.incident.is_some());
    Ok(recoveries.map(|a| RecoveryV1::of(a.at, &a.planned, a.ended.as_ref().map(|(_, o)| o))).collect())
}

/// The part of a report that is about one kind; its figures count that kind alone.
fn only(whole: &ReportV1, scope: &str, kind: Option<Kind>) -> ReportV1 {
    let Some(kind) = kind else { return whole.clone() };
    let automations: Vec<_> =
        whole.automations.iter().filter(|a| a.automation.kind == kind).cloned().collect();
    let ours = |id: &str| id.starts_with(&format!("{kind}:")) || (kind == Kind::Pm2 && id == "platform:pm2");
    let paths: Vec<_> = automations.iter().map(|a| a.automation.source.path.clone()).collect();
    let statuses = || automations.iter().filter_map(|a| a.status.as_ref());
    let counts = CountsV1::of(statuses().map(|s| s.health));
    let score = standin_core::health::score(statuses().map(|s| (s.health, s.priority)));
    ReportV1 {
        scope: scope.to_owned(),
        health: score.into(),
        counts,
        findings: whole.findings.iter().filter(|f| paths.contains(&f.path)).cloned().collect(),
        incidents: whole.incidents.iter().filter(|i| ours(&i.target)).cloned().collect(),
        recoveries: whole.recoveries.iter().filter(|r| ours(&r.target)).cloned().collect(),
        automations,
        ..whole.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use standin_core::effect::{Effect, EffectKey, Outcome, PlannedEffect};
    use standin_core::health::{Health, Priority};
    use standin_core::ident::AutomationId;
    use standin_core::incident::{IncidentId, Target};
    use standin_engine::json_v1::{AgentV1, AutomationStatusV1, AutomationV1, HealthV1};

    use super::*;

    fn id(text: &str) -> AutomationId {
        text.parse().unwrap()
    }

    fn reported(text: &str, health: Health, priority: Priority) -> ReportedV1 {
        let automation: AutomationV1 = serde_json::from_value(serde_json::json!({
            "id": text, "kind": id(text).kind(), "name": text, "domain": "host",
            "source": { "path": "ecosystem.config.js", "line": 1 },
            "schedules": [], "triggers": [], "state": "effective", "reason": "",
        }))
        .unwrap();
        let status = AutomationStatusV1 {
            id: text.to_owned(),
            priority,
            health,
            reason: String::new(),
            code: String::new(),
            since: Timestamp::UNIX_EPOCH,
            due: None,
            last_success: None,
        };
        ReportedV1 { automation, status: Some(status) }
    }

    fn recovery(target: &Target, effect: Effect) -> RecoveryV1 {
        let planned = PlannedEffect {
            key: EffectKey("key".to_owned()),
            attempt: 1,
            incident: Some(IncidentId::of(target, Timestamp::UNIX_EPOCH)),
            effect,
            // A text that names another kind must not put it there.
            why: "after pm2:web and netlify:x".to_owned(),
        };
        RecoveryV1::of(Timestamp::UNIX_EPOCH, &planned, Some(&Outcome::Done))
    }

    fn report() -> ReportV1 {
        let (web, job) = (id("pm2:web"), id("command: pm2:web"));
        let saved = Effect::StartSaved { automation: web.clone() };
        let other = Effect::StartDeclared { automation: job.clone() };
        ReportV1 {
            version: VERSION,
            scope: "all".to_owned(),
            generated_at: Timestamp::UNIX_EPOCH,
            repository: "shop".to_owned(),
            health: HealthV1 { score: None, state: Health::Unknown },
            counts: CountsV1::default(),
            agent: AgentV1::default(),
            automations: vec![
                reported("pm2:web", Health::Healthy, Priority::Critical),
                reported("pm2:worker", Health::Failed, Priority::Normal),
                reported("workflow:ci", Health::Failed, Priority::Critical),
            ],
            findings: Vec::new(),
            incidents: Vec::new(),
            recoveries: vec![
                recovery(&Target::Pm2, Effect::Resurrect { members: vec![web.clone()] }),
                recovery(&Target::Automation(web), saved),
                recovery(&Target::Automation(job), other),
            ],
        }
    }

    #[test]
    fn the_report_of_a_kind_has_the_recoveries_of_its_automations_and_of_its_platform() {
        let of = |scope, kind| -> Vec<(String, String)> {
            let part = only(&report(), scope, Some(kind));
            part.recoveries.into_iter().map(|r| (r.target, r.incident)).collect()
        };
        let pair = |target: &str| (target.to_owned(), format!("{target}@0"));
        assert_eq!(of("pm2", Kind::Pm2), [pair("platform:pm2"), pair("pm2:web")]);
        assert_eq!(of("netlify", Kind::Netlify), []);
    }

    #[test]
    fn the_score_of_a_kind_weighs_as_the_whole_does() {
        let part = only(&report(), "pm2", Some(Kind::Pm2));
        // Eight parts of ten are well.
        assert_eq!((part.health.score, part.counts.failed), (Some(80), 1));
    }
}
