//! The end of PM2's own log file, for an end of a process that nobody heard.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use standin_core::observation::StopCause;

use super::lines::{self, Line};

/// How much of the log is read, from its end.
const MAX_TAIL_BYTES: u64 = 256 << 10;
/// What PM2 writes between the time and its words.
const MARKS: [&str; 2] = ["PM2 log: ", "PM2 error: "];
/// What a daemon writes when it starts: what was before it says nothing of its processes.
const NEW_DAEMON: &str = "New PM2 Daemon started";

/// How the last life of a process ended, as the log says; `None` where it does not, or not for certain.
pub(super) fn how_it_ended(home: &Path, name: &str, pm_id: u32) -> Option<StopCause> {
    let mut file = File::open(home.join("pm2.log")).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MAX_TAIL_BYTES))).ok()?;
    let mut tail = Vec::new();
    file.take(MAX_TAIL_BYTES).read_to_end(&mut tail).ok()?;
    last_end(&String::from_utf8_lossy(&tail), name, pm_id)
}

fn last_end(log: &str, name: &str, pm_id: u32) -> Option<StopCause> {
    let mut end = None;
    let mut for_restart = false;
    for line in log.lines() {
        if line.contains(NEW_DAEMON) {
            (end, for_restart) = (None, false);
            continue;
        }
        let words = MARKS.iter().find_map(|mark| Some(line.split_once(mark)?.1)).unwrap_or(line);
        match lines::read(words) {
            Some(Line::Starting { name: of, pm_id: id }) if of == name && id == pm_id => {
                (end, for_restart) = (None, false);
            }
            Some(Line::Stopping { name: of, pm_id: id }) if of == name && id == pm_id => {
                end = Some(StopCause::ByHand);
            }
            Some(Line::Exited { name: of, pm_id: id, code, signal }) if of == name && id == pm_id => {
                // What ended because it was asked to was not ended by what PM2 writes of it then.
                end = end.or_else(|| Some(lines::cause(code, &signal)));
            }
            Some(Line::CronDropped { pm_id: id } | Line::MemoryRestart { pm_id: id }) if id == pm_id => {
                for_restart = true;
            }
            Some(Line::WatchRestart { name: of }) if of == name => for_restart = true,
            Some(
                Line::Starting { .. }
                | Line::Stopping { .. }
                | Line::Exited { .. }
                | Line::CronDropped { .. }
                | Line::MemoryRestart { .. }
                | Line::WatchRestart { .. },
            )
            | None => {}
        }
    }
    end.filter(|_| !for_restart)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "2026-01-02T03:04:05: PM2 log: App [web:0] starting in -fork mode-\n";
    const STOP: &str = "2026-01-02T03:04:06: PM2 log: Stopping app:web id:0\n";
    const KILLED: &str =
        "2026-01-02T03:04:07: PM2 log: App [web:0] exited with code [0] via signal [SIGKILL]\n";
    const OTHERS: &str = "2026-01-02T03:04:07: PM2 log: Stopping app:web id:1\n\
        2026-01-02T03:04:07: PM2 log: App [api:0] exited with code [7] via signal [SIGINT]\n\u{fffd}\n";

    fn of(lines: &[&str]) -> Option<StopCause> {
        last_end(&lines.concat(), "web", 0)
    }

    #[test]
    fn the_last_life_of_this_process_counts_and_who_asked_for_its_end() {
        let killed = Some(StopCause::Killed { signal: "SIGKILL".to_owned() });
        assert_eq!(of(&[START, KILLED, OTHERS]), killed);
        assert_eq!(of(&[START, STOP, KILLED, OTHERS]), Some(StopCause::ByHand));
        assert_eq!(of(&[START, STOP, KILLED, START, OTHERS, KILLED]), killed);
        assert_eq!(
            of(&["App [web:0] exited with code [3] via signal [SIGINT]\n"]),
            Some(StopCause::Exited { code: 3 })
        );
    }

    #[test]
    fn where_it_is_not_certain_nothing_is_told() {
        let daemon = "2026-01-02T03:04:08: PM2 log: --- New PM2 Daemon started -----\n";
        let cron = "2026-01-02T03:04:05: PM2 log: [PM2] Deregistering a cron job on: 0\n";
        for lines in [
            &["" as &str] as &[&str],
            &[OTHERS],
            &[KILLED, START],
            &[KILLED, daemon],
            &[START, cron, STOP, KILLED],
        ] {
            assert_eq!(of(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn only_the_end_of_the_log_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(how_it_ended(dir.path(), "web", 0), None);
        let noise = "x".repeat(usize::try_from(MAX_TAIL_BYTES).unwrap());
        std::fs::write(dir.path().join("pm2.log"), format!("{KILLED}{noise}\n{STOP}")).unwrap();
        assert_eq!(how_it_ended(dir.path(), "web", 0), Some(StopCause::ByHand));
        std::fs::write(dir.path().join("pm2.log"), format!("{KILLED}{noise}\n")).unwrap();
        assert_eq!(how_it_ended(dir.path(), "web", 0), None);
    }
}
