//! One command a file.

mod backup;
mod beat;
mod check;
mod coverage;
mod demo;
mod doctor;
mod down;
mod drill;
mod exec;
mod host;
mod init;
mod logs;
mod look;
mod mesh;
mod part;
mod parts;
mod pause;
mod recover;
mod report;
mod run;
mod scan;
mod schema;
mod simulate;
mod stores;
mod sync;
mod up;

use std::future::Future;
use std::path::PathBuf;

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Failure};

/// Does what was asked.
pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    let repository = cli.repository;
    let at = |path: Option<PathBuf>| path.or_else(|| repository.clone());
    match cli.command {
        Command::Scan(args) => scan::scan(at(args.path.clone()).as_deref(), &args),
        Command::Coverage(args) => block_on(coverage::coverage(at(args.look.path.clone()).as_deref(), &args)),
        Command::Init(args) => init::init(at(args.path.clone()).as_deref(), &args),
        Command::Backup(args) => backup::backup(repository.as_deref(), &args),
        Command::Up(mut args) => {
            args.path = at(args.path);
            up::up(args)
        }
        Command::Down(args) => block_on(down::down(at(args.path).as_deref(), args.force)),
        Command::Status(args) => block_on(look::status(at(args.path).as_deref(), args.format)),
        Command::Health(args) => block_on(look::health(at(args.path).as_deref(), args.format)),
        Command::Report(args) => block_on(report::report(at(args.look.path).as_deref(), args.look.format)),
        Command::Logs(mut args) => {
            args.path = at(args.path);
            logs::logs(&args)
        }
        Command::Recover(args) => block_on(recover::recover(repository.as_deref(), args)),
        Command::Beat(args) => block_on(beat::beat(repository.as_deref(), args)),
        Command::Exec(args) => block_on(exec::exec(repository.as_deref(), args)),
        Command::Run(args) => block_on(run::run(repository.as_deref(), args)),
        Command::Drill(args) => block_on(drill::drill(repository.as_deref(), args)),
        Command::Sync(args) => sync::sync(at(args.path.clone()).as_deref(), &args),
        Command::Doctor(args) => block_on(doctor::doctor(at(args.look.path.clone()).as_deref(), &args)),
        Command::Check(args) => block_on(check::check(at(args.look.path.clone()).as_deref(), &args)),
        Command::Mesh(args) => mesh::mesh(at(args.path).as_deref(), args.format),
        Command::Pause(args) => block_on(pause::pause(at(args.path).as_deref(), &args.time)),
        Command::Resume(args) => block_on(pause::resume(at(args.path).as_deref())),
        Command::Simulate(mut args) => {
            args.path = at(args.path);
            simulate::simulate(&args)
        }
        Command::Demo(args) => block_on(demo::demo(args.pace)),
        Command::Schema(args) => schema::schema(&args),
    }
}

/// One thread is enough for everything that Standin waits for, and each further one costs memory.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::io("the runtime cannot be started"))?.block_on(future)
}
