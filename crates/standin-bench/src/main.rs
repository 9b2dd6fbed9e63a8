//! `standin-bench`: prints what `docs/` claims, from the data or the seed that it is given.
//!
//! Exit codes: 0 the table was printed, 1 the data could not be read, 2 the command line is wrong.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use standin_bench::lateness::{self, detectors};
use standin_bench::machine::{self, Bench as MachineBench};

/// Benches of Standin's parts on real and synthetic data.
#[derive(Parser)]
#[command(name = "standin-bench", version)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Walk traces of real schedules forward and compare the lateness detectors.
    Lateness {
        /// The folder with manifest.csv and one .csv.gz for each trace.
        #[arg(long, value_name = "DIR")]
        traces: PathBuf,
        /// Only these detectors (default: all).
        #[arg(long = "detector", value_name = "NAME", num_args = 1.., value_parser = detectors::NAMES)]
        detectors: Vec<String>,
        /// How to print the result.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Count how many arrivals a second the lateness detector takes in.
    Arrivals {
        /// How many arrivals to take in.
        #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
        count: u32,
    },
    /// Measure one machine: Standin beside PM2 and the others, in one run.
    Machine {
        /// The `standin` binary.
        #[arg(long, env = "STANDIN_BIN", value_name = "FILE")]
        standin: PathBuf,
        /// The `pm2` command.
        #[arg(long, env = "STANDIN_PM2", value_name = "FILE")]
        pm2: PathBuf,
        /// The `actionlint` command; without it only Standin scans.
        #[arg(long, env = "STANDIN_ACTIONLINT", value_name = "FILE")]
        actionlint: Option<PathBuf>,
        /// The `zizmor` command; without it it is not compared.
        #[arg(long, env = "STANDIN_ZIZMOR", value_name = "FILE")]
        zizmor: Option<PathBuf>,
        /// A folder of real workflows, which the three read as well; without it, or without the folder, they are left out.
        #[arg(long)]
        workflows: Option<PathBuf>,
        /// The `standin-sim` command; without it no hours are simulated.
        #[arg(long, env = "STANDIN_SIM", value_name = "FILE")]
        sim: Option<PathBuf>,
        /// The function as it ships, with its empty counterpart; without both it is not measured.
        #[arg(long, env = "STANDIN_FUNCTION", value_name = "FILE")]
        function: Option<PathBuf>,
        /// A function that does nothing.
        #[arg(long, env = "STANDIN_EMPTY_FUNCTION", value_name = "FILE")]
        empty_function: Option<PathBuf>,
        /// The Action as it ships; without it and the function the matrix is not measured.
        #[arg(long, env = "STANDIN_ACTION", value_name = "FILE")]
        action: Option<PathBuf>,
        /// Only these (default: all).
        #[arg(long, value_enum, value_name = "NAME", num_args = 1..)]
        only: Vec<MachineBench>,
        /// How many apps PM2 runs for the memory; fewer than 226 is no comparison.
        #[arg(long, default_value_t = machine::AUTOMATIONS, value_parser = clap::value_parser!(u32).range(1..=1000))]
        peer_apps: u32,
        /// How to print the result.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Tables for people.
    Text,
    /// JSON, version 1.
    Json,
}

fn main() -> ExitCode {
    match run(Arguments::parse().bench) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when even stderr is closed.
            let _ = writeln!(std::io::stderr(), "standin-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(bench: Bench) -> anyhow::Result<()> {
    let text = match bench {
        Bench::Lateness { traces, detectors, format } => {
            let set = lateness::traces::read(&traces)?;
            let report = lateness::compare(&set, &detectors)?;
            match format {
                Format::Text => lateness::table::render(&report),
                Format::Json => lateness::json_v1::render(&report)?,
            }
        }
        Bench::Arrivals { count } => lateness::arrivals::render(count)?,
        Bench::Machine {
            standin,
            pm2,
            actionlint,
            zizmor,
            workflows,
            sim,
            function,
            empty_function,
            action,
            only,
            peer_apps,
            format,
        } => {
            let empty = empty_function;
            let options = machine::Options {
                standin,
                pm2,
                actionlint,
                zizmor,
                workflows,
                sim,
                function,
                empty,
                action,
                only,
                peer_apps,
            };
            let report = machine::measure(&options)?;
            match format {
                Format::Text => machine::table::render(&report),
                Format::Json => machine::json_v1::render(&report)?,
            }
        }
    };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}
