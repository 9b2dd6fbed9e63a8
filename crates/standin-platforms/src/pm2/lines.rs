//! The lines of PM2's own log that say what the list does not: how a process ended, and that somebody asked for it.

use standin_core::observation::StopCause;

/// A line that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A process ended. PM2 writes SIGINT where there was no signal.
    Exited { name: String, pm_id: u32, code: i32, signal: String },
    /// A process is being started.
    Starting { name: String, pm_id: u32 },
    /// PM2 was asked to end a process, as a stop, a delete or the first half of a restart.
    Stopping { name: String, pm_id: u32 },
    /// A cron job was dropped: the first step of a restart or a delete, never of a stop.
    CronDropped { pm_id: u32 },
    /// PM2 restarts a process by itself for its use of memory.
    MemoryRestart { pm_id: u32 },
    /// PM2 restarts an app by itself because a file changed.
    WatchRestart { name: String },
}

/// Reads one line; `None` for those that do not matter.
pub(super) fn read(line: &str) -> Option<Line> {
    let line = line.trim_end();
    if let Some(rest) = line.strip_prefix("App [") {
        return app(rest);
    }
    if let Some(rest) = line.strip_prefix("Stopping app:") {
        let (name, pm_id) = rest.rsplit_once(" id:")?;
        return Some(Line::Stopping { name: name.to_owned(), pm_id: pm_id.parse().ok()? });
    }
    if let Some(pm_id) = line.strip_prefix("[PM2] Deregistering a cron job on: ") {
        return Some(Line::CronDropped { pm_id: pm_id.parse().ok()? });
    }
    if let Some(rest) = line.strip_prefix("[PM2][WORKER] Process ") {
        let (pm_id, _) = rest.split_once(" restarted because it exceeds")?;
        return Some(Line::MemoryRestart { pm_id: pm_id.parse().ok()? });
    }
    let (_, rest) = line.strip_prefix("Change detected on path ")?.split_once(" for app ")?;
    Some(Line::WatchRestart { name: rest.strip_suffix(" - restarting")?.to_owned() })
}

/// What the words of [`Line::Exited`] come to: PM2 writes SIGINT where there was no signal, so that a death by SIGINT and
/// an exit with 0 look the same.
pub(super) fn cause(code: i32, signal: &str) -> StopCause {
    if signal == "SIGINT" || code != 0 {
        StopCause::Exited { code }
    } else {
        StopCause::Killed { signal: signal.to_owned() }
    }
}

/// What follows `App [`. A name may hold anything, so that the fixed words are looked for from the right.
fn app(rest: &str) -> Option<Line> {
    if let Some((who, how)) = rest.rsplit_once("] exited with code [") {
        let (name, pm_id) = split(who)?;
        let (code, signal) = how.split_once("] via signal [")?;
        let signal = signal.strip_suffix(']')?;
        return Some(Line::Exited { name, pm_id, code: code.parse().ok()?, signal: signal.to_owned() });
    }
    let (name, pm_id) = split(rest.rsplit_once("] starting in -")?.0)?;
    Some(Line::Starting { name, pm_id })
}

fn split(who: &str) -> Option<(String, u32)> {
    let (name, pm_id) = who.rsplit_once(':')?;
    Some((name.to_owned(), pm_id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_matter_are_read() {
        let exited = |name: &str, code, signal: &str| {
            Some(Line::Exited { name: name.to_owned(), pm_id: 4, code, signal: signal.to_owned() })
        };
        assert_eq!(read("App [a:4] exited with code [0] via signal [SIGKILL]\n"), exited("a", 0, "SIGKILL"));
        assert_eq!(
            read("App [x]:y:4] exited with code [3] via signal [SIGINT]"),
            exited("x]:y", 3, "SIGINT")
        );
        assert_eq!(
            read("App [a:0] starting in -fork mode-\n"),
            Some(Line::Starting { name: "a".to_owned(), pm_id: 0 })
        );
        assert_eq!(
            read("Stopping app:my id:x id:7\n"),
            Some(Line::Stopping { name: "my id:x".to_owned(), pm_id: 7 })
        );
        assert_eq!(read("[PM2] Deregistering a cron job on: 2"), Some(Line::CronDropped { pm_id: 2 }));
        let memory =
            "[PM2][WORKER] Process 5 restarted because it exceeds --max-memory-restart value (current)";
        assert_eq!(read(memory), Some(Line::MemoryRestart { pm_id: 5 }));
        assert_eq!(
            read("Change detected on path a/b for app w - restarting"),
            Some(Line::WatchRestart { name: "w".to_owned() })
        );
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "",
            "App [a:0] online",
            "App [",
            "App [a] exited with code [0] via signal [SIGINT]",
            "Stopping app:a id:_old_0",
            "Stopping app:",
            "pid=8 msg=process killed",
            "App [a:1] exited with code [x] via signal [SIGINT]",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
