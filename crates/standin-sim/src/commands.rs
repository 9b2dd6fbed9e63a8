//! The subcommands of `standin-sim`.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use standin_sim::model::{ALL, Check};
use standin_sim::sim::fault::Kind;
use standin_sim::sim::{Lateness, Outcome, Plan, run as simulate, shrink};

const USAGE: &str = "usage: standin-sim COMMAND
  model [NAME]                     the model checks
  ci                               one minute of simulation, all faults on
  run --seeds A..B [--minutes N]
  soak --hours N                   seeds from the clock, for that long
  replay SEED [--faults N,N,…]
  The last three: [--only KIND,…] faults of these kinds, [--traces DIR] lateness of real schedules";

/// Simulated hours of one seed.
const HOURS: u64 = 48;

/// The seeds that every change is tried with, in this order, as far as a minute goes.
const CI_SEEDS: std::ops::Range<u64> = 1..1_000_000;

enum Mistake {
    Usage,
    Run(String),
}

/// Runs one subcommand.
pub(crate) fn run(command: &str, arguments: &[&str]) -> std::io::Result<ExitCode> {
    let done = match command {
        "model" => return model(arguments),
        "ci" => seeds(CI_SEEDS, Duration::from_mins(1), &[]),
        "run" => ranged(arguments),
        "soak" => soak(arguments),
        "replay" => replay(arguments),
        _ => Err(Mistake::Usage),
    };
    match done {
        Ok(code) => Ok(code),
        Err(Mistake::Usage) => {
            writeln!(std::io::stderr(), "{USAGE}")?;
            Ok(ExitCode::from(2))
        }
        Err(Mistake::Run(why)) => {
            writeln!(std::io::stderr(), "{why}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn option<'a>(arguments: &[&'a str], name: &str) -> Option<&'a str> {
    let place = arguments.iter().position(|argument| *argument == name)?;
    arguments.get(place + 1).copied()
}

fn number(text: &str) -> Result<u64, Mistake> {
    text.parse().map_err(|_| Mistake::Usage)
}

fn kinds(arguments: &[&str]) -> Result<Vec<Kind>, Mistake> {
    let Some(names) = option(arguments, "--only") else { return Ok(Kind::ALL.to_vec()) };
    let kind = |name: &str| Kind::ALL.iter().copied().find(|kind| kind.name() == name).ok_or(Mistake::Usage);
    names.split(',').map(kind).collect()
}

fn lateness(arguments: &[&str]) -> Result<Arc<Lateness>, Mistake> {
    let Some(folder) = option(arguments, "--traces") else { return Ok(Arc::default()) };
    let read = Lateness::read(std::path::Path::new(folder));
    read.map(Arc::new).map_err(|e| Mistake::Run(e.to_string()))
}

fn ranged(arguments: &[&str]) -> Result<ExitCode, Mistake> {
    let (from, to) = option(arguments, "--seeds").and_then(|r| r.split_once("..")).ok_or(Mistake::Usage)?;
    let minutes = option(arguments, "--minutes").map_or(Ok(60), number)?;
    seeds(number(from)?..number(to)?, Duration::from_mins(minutes), arguments)
}

fn soak(arguments: &[&str]) -> Result<ExitCode, Mistake> {
    let hours = number(option(arguments, "--hours").ok_or(Mistake::Usage)?)?;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let first = since.map_err(|e| Mistake::Run(e.to_string()))?.as_secs() << 20;
    seeds(first..first + (1 << 20), Duration::from_hours(hours), arguments)
}

fn seeds(seeds: std::ops::Range<u64>, limit: Duration, arguments: &[&str]) -> Result<ExitCode, Mistake> {
    let (kinds, lateness) = (kinds(arguments)?, lateness(arguments)?);
    let begun = Instant::now();
    let (mut many, mut all) = (0u64, Outcome::default());
    for seed in seeds {
        if begun.elapsed() >= limit {
            break;
        }
        let plan = Plan { lateness: Arc::clone(&lateness), ..Plan::of(seed, HOURS, &kinds) };
        let outcome = simulate(&plan).map_err(|e| Mistake::Run(e.to_string()))?;
        if !outcome.broken.is_empty() {
            return Err(failed(&plan, &outcome));
        }
        many += 1;
        all.events += outcome.events;
        all.executions += outcome.executions;
        all.recoveries += outcome.recoveries;
        all.asks += outcome.asks;
        all.elsewhere += outcome.elsewhere;
        all.revivals += outcome.revivals;
        all.brakes += outcome.brakes;
        all.handbacks += outcome.handbacks;
    }
    let seconds = begun.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = (many * HOURS) as f64 / seconds;
    let Outcome { events, executions, recoveries, asks, elsewhere, revivals, brakes, handbacks, .. } = all;
    say(&format!(
        "{many} seeds, {} simulated hours in {seconds:.1} s: {rate:.0} hours a second; {events} events, \
         {executions} executions, {recoveries} of them by a backup, {asks} asked for by another, \
         {elsewhere} because of silence; {revivals} revivals, \
         {brakes} brakes, {handbacks} handbacks; no invariant broken",
        many * HOURS
    ))
}

fn failed(plan: &Plan, outcome: &Outcome) -> Mistake {
    let kept = shrink(plan, outcome).unwrap_or_else(|_| (0..plan.faults.len()).collect());
    let numbers: Vec<String> = kept.iter().map(ToString::to_string).collect();
    let mut text = format!("seed {} breaks", plan.seed);
    for broken in &outcome.broken {
        text.push_str(&format!("\n  {} at minute {}: {}", broken.law, broken.at / 60_000, broken.what));
    }
    text.push_str(&format!("\nfaults that it takes, {} of {}:", kept.len(), plan.faults.len()));
    for fault in kept.iter().filter_map(|n| plan.faults.get(*n)) {
        text.push_str(&format!("\n  {fault}"));
    }
    let faults = if numbers.is_empty() { "none".to_owned() } else { numbers.join(",") };
    text.push_str(&format!("\nreplay: standin-sim replay {} --faults {faults}", plan.seed));
    Mistake::Run(text)
}

fn replay(arguments: &[&str]) -> Result<ExitCode, Mistake> {
    let seed = number(arguments.first().ok_or(Mistake::Usage)?)?;
    let lateness = lateness(arguments)?;
    let mut plan = Plan { lateness, ..Plan::of(seed, HOURS, &kinds(arguments)?) };
    if let Some(list) = option(arguments, "--faults") {
        let numbers = list.split(',').filter(|n| *n != "none").map(str::parse::<usize>);
        plan = plan.only(&numbers.collect::<Result<Vec<_>, _>>().map_err(|_| Mistake::Usage)?);
    }
    let outcome = simulate(&plan).map_err(|e| Mistake::Run(e.to_string()))?;
    if !outcome.broken.is_empty() {
        return Err(failed(&plan, &outcome));
    }
    say(&format!("seed {seed}: hash {:016x}, {} events, no invariant broken", outcome.hash, outcome.events))
}

fn say(line: &str) -> Result<ExitCode, Mistake> {
    writeln!(std::io::stdout(), "{line}").map_err(|e| Mistake::Run(e.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

fn model(arguments: &[&str]) -> std::io::Result<ExitCode> {
    let chosen: Vec<&Check> = match arguments {
        [] => ALL.iter().collect(),
        [name] => ALL.iter().filter(|check| check.name == *name).collect(),
        _ => Vec::new(),
    };
    if chosen.is_empty() {
        let names: Vec<&str> = ALL.iter().map(|check| check.name).collect();
        writeln!(std::io::stderr(), "{USAGE}\nNAME is one of: {}", names.join(", "))?;
        return Ok(ExitCode::from(2));
    }
    let mut out = std::io::stdout();
    writeln!(out, "| model | expected | found | states | seconds |\n|---|---|---|---|---|")?;
    let mut code = ExitCode::SUCCESS;
    for check in chosen {
        let findings = check.run();
        writeln!(out, "{}", findings.row(check))?;
        if let Err(why) = findings.judge(check) {
            writeln!(std::io::stderr(), "{why}")?;
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
