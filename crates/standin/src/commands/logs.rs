//! `standin logs`.

use std::io::Write;

use standin_agent::logs::{follow, tail};

use crate::cli::LogsArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Root;

/// Prints the newest lines, and goes on if asked.
pub fn logs(args: &LogsArgs) -> Result<Exit, Failure> {
    let root = Root::find(args.path.as_deref())?;
    let dir = root.state.logs();
    let what = format!("{} cannot be read", dir.display());
    let part = args.part.as_deref();
    if args.follow {
        let print = |line: &str| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        };
        match follow(&dir, part, args.lines, print) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(Failure::io(what)(error)),
            Ok(()) | Err(_) => {}
        }
        return Ok(Exit::Fine);
    }
    let lines = tail(&dir, part, args.lines).map_err(Failure::io(what))?;
    if lines.is_empty() {
        eprintln!("nothing is logged yet in {}", dir.display());
    }
    output::write(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(Exit::Fine)
}
