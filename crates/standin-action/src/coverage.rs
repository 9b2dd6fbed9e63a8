//! The command `coverage`: what could take the place of each automation, on the page of the run.

use anyhow::Result;
use jiff::Timestamp;
use standin_body::alerts::Level as Tone;
use standin_body::hollow::{hollow_backups, stopped_backups};
use standin_body::repository::load;
use standin_config::covering::{Known, covering};
use standin_core::coverage::{Covered, Level, Terms, judge, totals};
use standin_engine::json_v1::{CoverageV1, LeftOutV1};
use standin_engine::render::{coverage as page, markdown};

use crate::Ended;
use crate::inputs::Inputs;
use crate::output::{annotate, output, summary, write_report};
use crate::part::{take, watcher};

/// How old a drill may be.
const DRILLED_WITHIN: std::time::Duration = std::time::Duration::from_secs(90 * 86_400);

/// Reckons it from the files of the checkout, and from the drills that the mesh's stores know of. Where those are out of
/// reach, no automation shows as drilled: what is not known proves nothing, and fails nothing.
pub(crate) async fn coverage(inputs: &Inputs) -> Result<Ended> {
    let mut repository = load(&inputs.root)?;
    repository.mesh.ensure_action(watcher(inputs));
    let (drills, seen) = match take(inputs).await {
        Ok(part) => (part.world.noted_drills().await, part.world.signed().await),
        Err(error) => {
            tracing::info!("what the mesh knows is out of reach: {error:#}");
            Default::default()
        }
    };
    let seen = seen.iter().map(|peer| peer.as_str().to_owned()).collect();
    let resolved = &repository.resolved;
    let hollow = hollow_backups(&repository.root, resolved, &repository.mesh);
    let stopped = stopped_backups(&repository.root, resolved, &repository.mesh);
    let joined = covering(
        &repository.settings,
        (&resolved.inventory, &resolved.watches),
        &repository.mesh,
        &Known { drills, seen, hollow, stopped, ..Known::default() },
    );
    let terms = Terms { now: Timestamp::now(), drilled_within: DRILLED_WITHIN };
    let covered: Vec<Covered> = joined.subjects.iter().map(|subject| judge(subject, terms)).collect();
    let totals = totals(&covered);
    let left_out = joined.left_out.iter();
    let left_out =
        left_out.map(|(id, why)| LeftOutV1 { id: id.to_string(), why: why.as_str().to_owned() }).collect();
    let said = CoverageV1::of(&covered, &totals, left_out, Vec::new());

    summary(&inputs.env, &markdown(&page(&said)))?;
    let reached = totals.reached(Level::CrossDomain);
    let percent = reached.map(|permille| format!("{:.1}", f64::from(permille) / 10.0));
    output(&inputs.env, "coverage", percent.as_deref().unwrap_or_default())?;
    output(&inputs.env, "report-path", &write_report(&inputs.env, "standin-coverage.json", &said)?)?;
    let Some(wanted) = inputs.fail_under else { return Ok(Ended::Fine) };
    let text = match reached {
        Some(reached) if f64::from(reached) >= wanted * 10.0 => return Ok(Ended::Fine),
        Some(reached) => format!(
            "{:.1} % are backed up in another failure domain, and fail-under asks for {wanted} %: the summary says what to do first",
            f64::from(reached) / 10.0
        ),
        None => format!(
            "nothing is counted, and fail-under asks for {wanted} %: check out the repository before this step, or leave fail-under out"
        ),
    };
    annotate(Tone::Critical, "coverage", &text);
    Ok(Ended::Found)
}
