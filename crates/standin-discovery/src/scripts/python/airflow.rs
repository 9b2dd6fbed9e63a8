//! Airflow: the schedule of a DAG.

use super::super::calls::{Call, Known, known, named, stands, text};
use super::super::lex::{Placed, Token};
use super::super::numbers::Constants;
use super::super::program::{Program, Runs, Task, When};
use super::{decorated, span};
use crate::findings::Gathered;

const REASON: &str = "an Airflow with this file among its DAGs runs it once the DAG is unpaused, and nothing here says that there is one";

/// Adds the DAGs of a file that have a schedule.
pub(super) fn read(program: &mut Program<'_>, gathered: &mut Gathered) {
    let mut at = 0_usize;
    // Each turn goes at least one token on.
    while at < program.all.len() {
        let here = at;
        at = at.saturating_add(1);
        let is_decorator = stands(&program.all, here, &["dag", "("])
            && here > 0
            && stands(&program.all, here.saturating_sub(1), &["@"]);
        if !is_decorator && !stands(&program.all, here, &["DAG", "("]) {
            continue;
        }
        let call = Call::read(&program.all, here.saturating_add(2));
        let Some(schedule) = call.named("schedule").or(call.named("schedule_interval")) else { continue };
        let Some(when) = when(&program.all, schedule, zone(&call)) else { continue };
        let id = call.named("dag_id").or(call.positional(0)).and_then(text);
        let below = if is_decorator { decorated(&program.all, call.end) } else { None };
        let name = id.or(below).unwrap_or("dag");
        let runs = Runs::Nowhere(REASON.to_owned());
        program.add(Task { at: here, name, reader: "Airflow", when, runs }, gathered);
    }
}

/// `None` for a DAG that only people, other DAGs or data start.
fn when(all: &[Placed<'_>], schedule: &[Placed<'_>], zone: &str) -> Option<When> {
    if let Some(Known::Text(text) | Known::ByDefault(text)) = known(all, schedule) {
        return match text {
            "@once" | "None" | "@none" => None,
            "@continuous" => Some(When::Every("run before".to_owned())),
            // Its own name for the first day of each third month.
            "@quarterly" => Some(When::cron("0 0 1 */3 *", zone)),
            _ if text.split_ascii_whitespace().count() == 6 => Some(When::Beyond(text.to_owned())),
            _ => Some(When::cron(text, zone)),
        };
    }
    let at = schedule.iter().position(|(_, token)| *token == Token::Sign('(')).unwrap_or(0);
    let word = at.checked_sub(1).and_then(|before| schedule.get(before)).map(|(_, token)| token);
    let call = Call::read(schedule, at.saturating_add(1));
    match (schedule.first().map(|(_, token)| token)?, word) {
        (Token::Word("None"), _) | (Token::Sign('['), _) => None,
        (_, Some(Token::Word("timedelta" | "duration" | "DeltaDataIntervalTimetable"))) => {
            Some(span(&call, &Constants::new(schedule)).map_or(When::Computed, When::Every))
        }
        (_, Some(Token::Word("CronTriggerTimetable" | "CronDataIntervalTimetable"))) => {
            let cron = call.positional(0).or(call.named("cron")).and_then(text);
            let zone = call.named("timezone").and_then(text).unwrap_or(zone);
            Some(cron.map_or(When::Computed, |cron| When::cron(cron, zone)))
        }
        (_, Some(Token::Word("Dataset" | "Asset"))) => None,
        (_, _) => Some(When::Computed),
    }
}

/// The zone of `start_date=pendulum.datetime(…, tz="…")`; without one Airflow reads UTC.
fn zone<'t>(call: &Call<'_, 't>) -> &'t str {
    let Some(start) = call.named("start_date") else { return "UTC" };
    let Some(at) = start.iter().position(|(_, token)| *token == Token::Sign('(')) else { return "UTC" };
    let made = Call::read(start, at.saturating_add(1));
    made.arguments()
        .iter()
        .filter_map(|argument| named(argument))
        .find_map(|(name, value)| if name == "tz" { text(value) } else { None })
        .unwrap_or("UTC")
}
