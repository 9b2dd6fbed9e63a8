//! `standin coverage`: what could take the place of each automation, and whether anybody has seen it do so.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_agent::state_dir::{StateDir, write_whole};
use standin_body::hollow::{hollow_backups, stopped_backups};
use standin_config::covering::{Agent, Known, covering};
use standin_core::coverage::{Covered, Level, Terms, Totals, judge, totals};
use standin_core::drill::Drill;
use standin_engine::json_v1::{CoverageV1, DayV1, LeftOutV1, VERSION, levels};
use standin_engine::render;

use crate::cli::CoverageArgs;
use crate::commands::backup::{Compared, compared};
use crate::commands::drill::mesh::Elsewhere;
use crate::commands::part::mesh_of;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// Where the trend is kept, in the state's folder.
const TREND: &str = "coverage.json";
/// Most days that are kept.
const MAX_DAYS: usize = 400;
/// Most bytes of that file that are read.
const MAX_TREND_BYTES: u64 = 1 << 20;

/// The trend as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Trend {
    version: u32,
    days: Vec<DayV1>,
}

/// Prints the coverage; ends with 1 when less than what was asked for is reached.
pub(crate) async fn coverage(path: Option<&Path>, args: &CoverageArgs) -> Result<Exit, Failure> {
    let within = match &args.drilled_within {
        Some(text) => standin_config::duration(text)
            .map_err(|error| Failure::Usage(format!("--drilled-within {text}: {error}")))?,
        None => DRILLED_WITHIN,
    };
    let project = Project::load(path)?;
    let now = Timestamp::now();
    // Drills are on record where they ran, and in the mesh where that is in reach. What is not known proves nothing.
    let mesh = Elsewhere::reach(&project, None).await?;
    let told = Told { drills: mesh.noted().await, signed: mesh.signed().await };
    let reckoned = reckon(&project, Terms { now, drilled_within: within }, told)?;
    let trend = with_today(&project.root.state, &reckoned.totals, now);
    let page = CoverageV1::of(&reckoned.covered, &reckoned.totals, reckoned.left_out, trend);
    output::print(&page, render::coverage, args.look.format)?;
    Ok(exit_of(&reckoned.totals, args))
}

/// How old a drill may be where nobody says.
pub(crate) const DRILLED_WITHIN: Duration = Duration::from_secs(90 * 86_400);

/// The coverage of a repository.
pub(crate) struct Reckoned {
    pub(crate) covered: Vec<Covered>,
    pub(crate) totals: Totals,
    pub(crate) left_out: Vec<LeftOutV1>,
}

/// What the mesh knows: its drills, and the watchers that have given a sign of life in it.
pub(crate) struct Told {
    drills: Vec<Drill>,
    signed: BTreeSet<String>,
}

/// Joins what the repository says with what is on record here, and what the mesh has told.
pub(crate) fn reckon(project: &Project, terms: Terms, told: Told) -> Result<Reckoned, Failure> {
    let mesh = mesh_of(project)?;
    let state = &project.root.state;
    let resolved = &project.resolved;
    let Compared { outdated, refused } = compared(&project.root.path)?;
    let has_run = state.lock().exists();
    let known = Known {
        agent: if has_run { Agent::HasRun } else { Agent::Never },
        system: has_run.then_some(std::env::consts::OS),
        seen: told.signed,
        outdated,
        refused,
        hollow: hollow_backups(&project.root.path, resolved, &mesh),
        stopped: stopped_backups(&project.root.path, resolved, &mesh),
        drills: standin_stores::drills(&state.database())?.into_iter().chain(told.drills).collect(),
    };
    let joined = covering(&project.settings, (&resolved.inventory, &resolved.watches), &mesh, &known);
    let covered: Vec<Covered> = joined.subjects.iter().map(|subject| judge(subject, terms)).collect();
    let left_out = joined.left_out.into_iter();
    Ok(Reckoned {
        totals: totals(&covered),
        covered,
        left_out: left_out
            .map(|(id, why)| LeftOutV1 { id: id.to_string(), why: why.as_str().to_owned() })
            .collect(),
    })
}

/// 1 when the asked level is reached by less than what was asked for, and says so. So it is where nothing is counted: in
/// the wrong folder, a check that asks for something would otherwise never fail.
fn exit_of(totals: &Totals, args: &CoverageArgs) -> Exit {
    let Some(percent) = args.fail_under else { return Exit::Fine };
    let level = args.level.map_or(Level::CrossDomain, Into::into);
    match totals.reached(level) {
        Some(reached) if f64::from(reached) >= percent * 10.0 => return Exit::Fine,
        Some(reached) => {
            eprintln!("{level}: {:.1} %, and --fail-under asks for {percent} %", f64::from(reached) / 10.0);
        }
        None => {
            eprintln!("nothing here is counted, and --fail-under asks for {percent} %: name the repository")
        }
    }
    Exit::Found
}

/// The days on record with today's figures as the last. They are kept where Standin has a folder already: a look at a
/// repository makes nothing in it. A file that cannot be read or written costs the trend, and nothing else: it is kept
/// aside, as is one that another version has written.
fn with_today(state: &StateDir, totals: &Totals, now: Timestamp) -> Vec<DayV1> {
    let path = state.root().join(TREND);
    let mut trend = read(&path).unwrap_or_else(|| {
        set_aside(&path);
        Trend::default()
    });
    let today =
        DayV1 { day: now.strftime("%F").to_string(), counted: totals.count, levels: levels(&totals.shares) };
    trend.days.retain(|day| day.day < today.day);
    trend.days.push(today);
    let excess = trend.days.len().saturating_sub(MAX_DAYS);
    trend.days.drain(..excess);
    trend.version = VERSION;
    if state.root().is_dir()
        && let Ok(json) = serde_json::to_vec(&trend)
        && let Err(error) = write_whole(&path, &json)
    {
        tracing::warn!(%error, "the trend of the coverage cannot be kept");
    }
    trend.days
}

fn set_aside(path: &Path) {
    let aside = path.with_extension("json.old");
    match std::fs::rename(path, &aside) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "the trend of the coverage cannot be read, nor moved aside"),
        Ok(()) => tracing::warn!("the trend of the coverage cannot be read: it is now {}", aside.display()),
    }
}

fn read(path: &Path) -> Option<Trend> {
    let about = std::fs::symlink_metadata(path).ok()?;
    if !about.is_file() || about.len() > MAX_TREND_BYTES {
        return None;
    }
    let trend: Trend = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    (trend.version == VERSION).then_some(trend)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_day_has_one_row_and_a_look_makes_no_folder() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::of(dir.path());
        let totals = totals(&[]);
        assert_eq!(with_today(&state, &totals, at("2026-11-20")).len(), 1);
        assert!(!state.root().exists());
        state.create().unwrap();
        with_today(&state, &totals, at("2026-11-20"));
        with_today(&state, &totals, at("2026-11-21"));
        let days = with_today(&state, &totals, at("2026-11-21"));
        let names: Vec<&str> = days.iter().map(|day| day.day.as_str()).collect();
        assert_eq!(names, ["2026-11-20", "2026-11-21"]);
    }

    #[test]
    fn a_damaged_trend_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::of(dir.path());
        state.create().unwrap();
        let damaged = "{\"version\":1,";
        std::fs::write(state.root().join(TREND), damaged).unwrap();
        assert_eq!(with_today(&state, &totals(&[]), at("2026-11-20")).len(), 1);
        assert_eq!(std::fs::read_to_string(state.root().join("coverage.json.old")).unwrap(), damaged);
        assert_eq!(read(&state.root().join(TREND)).unwrap().days.len(), 1);
    }
}
