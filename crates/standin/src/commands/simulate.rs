//! `standin simulate`: what an outage would do to what runs by itself here.

mod asked;
mod outage;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use standin_sim::sim::ask::{self, Question};

use crate::cli::SimulateArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// Prints the answer; ends with 1 when something has to be added to survive what was asked.
pub(crate) fn simulate(args: &SimulateArgs) -> Result<Exit, Failure> {
    let project = Project::load(args.path.as_deref())?;
    let from = first_moment(args.from.as_deref())?;
    let mesh = asked::mesh(&project)?;
    let (automations, left_out) = asked::automations(&project, mesh.as_ref());
    let mesh = mesh.as_ref().map(|mesh| asked::watchers(&project, mesh));
    let (days, seed) = (args.days, args.seed);
    let mut question = Question { from, days, seed, automations, mesh, outages: Vec::new(), left_out };
    let names = ask::names(&question);
    let outages = args.outages.iter().map(|text| outage::read(text, &names));
    question.outages = outages.collect::<Result<_, String>>().map_err(Failure::Usage)?;
    let answer = ask::answer(&question).map_err(|error| match error {
        ask::AskError::Mesh(_) => Failure::Platform(error.to_string()),
        ask::AskError::Days(_) | ask::AskError::Outage(_) | ask::AskError::Automations(_) => {
            Failure::Usage(error.to_string())
        }
    })?;
    output::print(&answer, ask::page, args.format)?;
    let is_fine = answer.advice.is_empty() && answer.faults.is_empty();
    Ok(if is_fine { Exit::Fine } else { Exit::Found })
}

/// Midnight of the day that is named, else of tomorrow, in UTC.
fn first_moment(from: Option<&str>) -> Result<Timestamp, Failure> {
    let date = match from {
        Some(text) => text
            .parse::<Date>()
            .map_err(|_| Failure::Usage(format!("`{text}` is not a day: write --from as 2026-11-23")))?,
        None => Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(1.day()),
    };
    let year = date.year();
    if !(2000..=2100).contains(&year) {
        return Err(Failure::Usage(format!(
            "the year {year} cannot be simulated: write --from as 2026-11-23"
        )));
    }
    let midnight = date.to_zoned(TimeZone::UTC).map_err(anyhow::Error::from)?;
    Ok(midnight.timestamp())
}
