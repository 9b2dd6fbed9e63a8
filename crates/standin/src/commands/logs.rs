//! `standin logs`.

use std::io::Write;
use std::time::Duration;

use standin_agent::logs::{Follow, LogLine, Part, tail};

use crate::cli::LogsArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Root;

/// How often new lines are looked for.
const POLL: Duration = Duration::from_millis(200);

/// Prints the newest lines, and goes on if asked.
pub(crate) fn logs(args: &LogsArgs) -> Result<Exit, Failure> {
    let root = Root::find(args.path.as_deref())?;
    let dir = root.state.logs();
    let part = args.part.as_deref().map(part_named).transpose()?;
    let mut follow = args.follow.then(|| Follow::new(&dir, part));
    let lines = tail(&dir, part, args.lines);
    if lines.is_empty() && !args.follow {
        eprintln!("nothing is logged yet in {}", dir.display());
    }
    output::write(&text(&lines))?;
    while let Some(follow) = &mut follow {
        std::thread::sleep(POLL);
        let out = text(&follow.poll());
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away ends this, and is no failure.
        if stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            break;
        }
    }
    Ok(Exit::Fine)
}

fn part_named(word: &str) -> Result<Part, Failure> {
    Part::named(word).ok_or_else(|| {
        let all: Vec<_> = Part::ALL.iter().map(|part| part.as_str()).collect();
        Failure::Usage(format!("`{word}` is no part of the logs: it is one of {}", all.join(", ")))
    })
}

fn text(lines: &[LogLine]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
