//! One machine: what Standin costs and how fast it is, beside the programs that do a part of it, in one run.

mod function;
pub mod json_v1;
mod kill;
mod lateness;
mod matrix;
mod memory;
mod mesh;
mod pings;
mod proc;
mod report;
mod scan;
mod scene;
mod status;
pub mod table;
mod tick;
mod watch;
mod world;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;

pub use report::{Goal, Growth, Quantity, Report, Row, Unit};

/// How many automations the memory is measured with.
pub const AUTOMATIONS: u32 = 226;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bench {
    /// Resident memory of schedules: one agent against one process each.
    Memory,
    /// From the death of a process to the knowledge of it and to its next life.
    Kill,
    /// One question: how is everything?
    Status,
    /// Heartbeats that are kept, against the same server keeping nothing.
    Pings,
    /// Repositories with thousands of files, beside actionlint and zizmor.
    Scan,
    /// Judging and planning when nothing is due.
    Tick,
    /// Arrivals in the lateness detector.
    Lateness,
    /// Joining what peers write, and simulated hours.
    Mesh,
    /// The function beside one that does nothing.
    Function,
    /// From an outage to the work being done again, for each watcher that acts.
    Matrix,
    /// A watch cycle of many automations, and the start of the Action.
    Watch,
}

/// What to measure, with what.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `standin` binary.
    pub standin: PathBuf,
    /// The `pm2` command.
    pub pm2: PathBuf,
    /// The `actionlint` command.
    pub actionlint: Option<PathBuf>,
    /// The `zizmor` command.
    pub zizmor: Option<PathBuf>,
    /// A folder of real workflows.
    pub workflows: Option<PathBuf>,
    /// The `standin-sim` command.
    pub sim: Option<PathBuf>,
    /// The function as it ships.
    pub function: Option<PathBuf>,
    /// A function that does nothing.
    pub empty: Option<PathBuf>,
    /// The Action as it ships.
    pub action: Option<PathBuf>,
    /// Empty for all.
    pub only: Vec<Bench>,
    /// How many apps PM2 runs for the memory.
    pub peer_apps: u32,
}

impl Options {
    /// The watchers as they ship; `None` where one of them was not given.
    fn binaries(&self) -> Option<scene::Binaries> {
        let [standin, action, function] = [Some(&self.standin), self.action.as_ref(), self.function.as_ref()]
            .map(|path| std::path::absolute(path?).ok());
        Some(scene::Binaries { standin: standin?, action: action?, function: function? })
    }
}

/// Measures, one after the other, and says on stderr which.
///
/// # Errors
/// What could not be started, read or awaited; whatever was started is ended.
pub fn measure(options: &Options) -> anyhow::Result<Report> {
    for (name, path) in [("standin", &options.standin), ("pm2", &options.pm2)] {
        anyhow::ensure!(path.is_file(), "no {name} at {}", path.display());
    }
    world::end_all_on_signals()?;
    let mut report = Report::of_this_machine();
    let chosen = |bench: &&Bench| options.only.is_empty() || options.only.contains(bench);
    for bench in Bench::value_variants().iter().filter(chosen) {
        let name = bench.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        eprintln!("measuring: {name}");
        let part = match bench {
            Bench::Memory => memory::measure(options),
            Bench::Kill => kill::measure(options),
            Bench::Status => status::measure(options),
            Bench::Pings => pings::measure(),
            Bench::Scan => scan::measure(options),
            Bench::Tick => tick::measure(),
            Bench::Lateness => lateness::measure(),
            Bench::Mesh => mesh::measure(options.sim.as_deref()),
            Bench::Function => function::measure(options.function.as_deref(), options.empty.as_deref()),
            Bench::Matrix => matrix::measure(options),
            Bench::Watch => watch::measure(options),
        };
        report.add(part.with_context(|| format!("{name} was not measured"))?);
    }
    Ok(report)
}
