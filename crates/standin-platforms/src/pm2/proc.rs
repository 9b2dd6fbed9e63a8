//! What the kernel says of processes: who lives, since when, whose child it is, and which of them PM2 once started.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::list::RawEnv;
use super::loose::Loose;

/// The unit of start times in `/proc`, the same on every Linux architecture that is left.
const TICKS_PER_SECOND: u64 = 100;
/// The longest environment or command line that is read.
const MAX_BYTES: u64 = 1 << 20;
/// The most processes that are looked at.
const MAX_PROCESSES: usize = 100_000;
/// How often a process that was told to end is looked at: the kernel tells only its parent when it does.
const END_POLL: Duration = Duration::from_millis(20);
/// How long a process may take to go after SIGKILL.
const KILL_LIMIT: Duration = Duration::from_secs(3);

/// One process for good: a number alone is used again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DaemonId {
    /// Its number.
    pub(super) pid: u32,
    /// Its start, in ticks since the machine's.
    pub(super) ticks: u64,
    /// The kernel's name of the machine's start.
    pub(super) boot: String,
}

/// One line of `/proc/PID/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) parent: u32,
    session: u32,
    pub(super) ticks: u64,
}

/// A process that PM2 started and that no daemon minds any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Orphan {
    pub(super) pid: u32,
    pub(super) ticks: u64,
    pub(super) name: String,
    pub(super) exec_path: String,
    pub(super) cwd: String,
    pub(super) kill_timeout_ms: u64,
}

fn read_limited(path: impl AsRef<Path>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The kernel's name of the machine's start; empty where there is none.
pub(super) fn boot_id() -> String {
    let bytes = read_limited("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// A live process; `None` for one that is gone or only waits for its parent to notice.
pub(super) fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&String::from_utf8_lossy(&read_limited(format!("/proc/{pid}/stat"))?))
}

fn parse_stat(line: &str) -> Option<Stat> {
    // The second field is the program's name in brackets and may hold anything, brackets too.
    let mut fields = line.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    Some(Stat { parent, session, ticks: fields.nth(15)?.parse().ok()? })
}

/// When a process with this start was started, to a few hundredths of a second: ask once and keep the answer.
pub(super) fn started(ticks: u64) -> Option<Timestamp> {
    // The machine's start in `/proc/stat` is rounded down to a second, its age is not.
    let uptime = String::from_utf8_lossy(&read_limited("/proc/uptime")?).into_owned();
    let (seconds, hundredths) = uptime.split_whitespace().next()?.split_once('.')?;
    let age =
        seconds.parse::<u64>().ok()?.checked_mul(TICKS_PER_SECOND)?.checked_add(hundredths.parse().ok()?)?;
    let ms = age.saturating_sub(ticks).checked_mul(1000)? / TICKS_PER_SECOND;
    Timestamp::now().checked_sub(Duration::from_millis(ms)).ok()
}

/// The pid in a small file, if it holds one.
pub(super) fn pid_in(file: &Path) -> Option<u32> {
    String::from_utf8_lossy(&read_limited(file)?).trim().parse().ok().filter(|pid| *pid > 0)
}

/// Whether a live process is a daemon of PM2, and not another that got its number.
pub(super) fn is_daemon(pid: u32) -> bool {
    let line = read_limited(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    stat(pid).is_some() && (line.contains("God Daemon") || line.contains("pm2/lib/Daemon.js"))
}

fn all_stats() -> BTreeMap<u32, Stat> {
    let Ok(dir) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    dir.flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .take(MAX_PROCESSES)
        .filter_map(|pid| Some((pid, stat(pid)?)))
        .collect()
}

/// The processes whose environment says that PM2 started them from this home, and that are not children of `daemon`.
pub(super) fn orphans(home: &Path, daemon: Option<u32>) -> Vec<Orphan> {
    let stats = all_stats();
    let marks: BTreeMap<u32, Mark> = stats.keys().filter_map(|pid| Some((*pid, mark(*pid, home)?))).collect();
    let mut found = Vec::new();
    for (pid, mark) in &marks {
        let Some(stat) = stats.get(pid) else { continue };
        let of_parent = marks.get(&stat.parent).is_some_and(|parent| parent.unique_id == mark.unique_id);
        // PM2 starts each app as the head of a session; what the app itself started has the same environment.
        let heads = stat.session == *pid || mark.is_worker || pid_in(Path::new(&mark.pid_file)) == Some(*pid);
        if heads && !of_parent && Some(stat.parent) != daemon {
            found.push(Orphan {
                pid: *pid,
                ticks: stat.ticks,
                name: mark.name.clone(),
                exec_path: mark.exec_path.clone(),
                cwd: mark.cwd.clone(),
                kill_timeout_ms: mark.kill_timeout_ms,
            });
        }
    }
    found
}

/// What PM2 wrote into a process's environment.
struct Mark {
    name: String,
    exec_path: String,
    cwd: String,
    pid_file: String,
    unique_id: String,
    kill_timeout_ms: u64,
    is_worker: bool,
}

#[derive(Deserialize)]
struct WorkerEnv {
    #[serde(default)]
    pm_pid_path: Loose,
    #[serde(default)]
    unique_id: Loose,
}

fn mark(pid: u32, home: &Path) -> Option<Mark> {
    let bytes = read_limited(format!("/proc/{pid}/environ"))?;
    let found = parse_environ(&bytes)?;
    Path::new(&found.pid_file).starts_with(home.join("pids")).then_some(found)
}

fn parse_environ(bytes: &[u8]) -> Option<Mark> {
    let find = |key: &str| {
        let entry = bytes.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(key.as_bytes()));
        entry.and_then(|value| String::from_utf8(value.to_vec()).ok())
    };
    if let Some(json) = find("pm2_env=") {
        let env: RawEnv = serde_json::from_str(&json).ok()?;
        let worker: WorkerEnv = serde_json::from_str(&json).ok()?;
        return Some(Mark {
            name: env.name.text()?.to_owned(),
            exec_path: env.pm_exec_path.text()?.to_owned(),
            cwd: env.pm_cwd.text().unwrap_or_default().to_owned(),
            pid_file: worker.pm_pid_path.text()?.to_owned(),
            unique_id: worker.unique_id.text().unwrap_or_default().to_owned(),
            kill_timeout_ms: env.kill_timeout_ms(),
            is_worker: true,
        });
    }
    let kill_timeout = find("kill_timeout=").and_then(|ms| ms.parse().ok());
    Some(Mark {
        name: find("name=")?,
        exec_path: find("pm_exec_path=")?,
        cwd: find("pm_cwd=").unwrap_or_default(),
        pid_file: find("pm_pid_path=")?,
        unique_id: find("unique_id=").unwrap_or_default(),
        kill_timeout_ms: kill_timeout.unwrap_or(super::list::DEFAULT_KILL_TIMEOUT_MS),
        is_worker: false,
    })
}

/// Ends these processes and what they started: SIGINT as PM2 does it, SIGKILL when their time is over.
///
/// # Errors
/// Says which one does not go; the others are gone.
pub(super) async fn end(orphans: &[Orphan]) -> Result<(), String> {
    let Some(longest) = orphans.iter().map(|orphan| orphan.kill_timeout_ms).max() else { return Ok(()) };
    let heads: BTreeSet<(u32, u64)> = orphans.iter().map(|orphan| (orphan.pid, orphan.ticks)).collect();
    let tree = with_descendants(&heads, &all_stats());
    signal(&tree, Signal::SIGINT);
    if !gone_within(&tree, Duration::from_millis(longest)).await {
        signal(&tree, Signal::SIGKILL);
        if !gone_within(&tree, KILL_LIMIT).await {
            let stuck = tree.iter().find(|(pid, ticks)| lives(*pid, *ticks)).map_or(0, |(pid, _)| *pid);
            return Err(format!("process {stuck} does not end"));
        }
    }
    Ok(())
}

fn lives(pid: u32, ticks: u64) -> bool {
    stat(pid).is_some_and(|stat| stat.ticks == ticks)
}

fn with_descendants(heads: &BTreeSet<(u32, u64)>, stats: &BTreeMap<u32, Stat>) -> BTreeSet<(u32, u64)> {
    let mut tree = heads.clone();
    // Each round adds one generation; a tree is not deeper than it has members.
    for _ in 0..stats.len() {
        let parents: BTreeSet<u32> = tree.iter().map(|(pid, _)| *pid).collect();
        let before = tree.len();
        tree.extend(
            stats.iter().filter(|(_, s)| parents.contains(&s.parent)).map(|(pid, s)| (*pid, s.ticks)),
        );
        if tree.len() == before {
            break;
        }
    }
    tree
}

fn signal(tree: &BTreeSet<(u32, u64)>, signal: Signal) {
    for (pid, _) in tree.iter().filter(|(pid, ticks)| *pid != std::process::id() && lives(*pid, *ticks)) {
        if let Ok(pid) = i32::try_from(*pid) {
            // One that has just gone is what was wanted.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

async fn gone_within(tree: &BTreeSet<(u32, u64)>, limit: Duration) -> bool {
    let all_gone = async {
        while tree.iter().any(|(pid, ticks)| *pid != std::process::id() && lives(*pid, *ticks)) {
            tokio::time::sleep(END_POLL).await;
        }
    };
    tokio::time::timeout(limit, all_gone).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_with_brackets_in_its_name_is_read_and_a_zombie_is_not_alive() {
        let line = |state: &str| format!("7 (a) b) {state} 1 7 9 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4242 99 1");
        assert_eq!(parse_stat(&line("S")), Some(Stat { parent: 1, session: 9, ticks: 4242 }));
        assert_eq!(parse_stat(&line("Z")), None);
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn this_process_lives_and_has_started_before_now() {
        let me = stat(std::process::id()).unwrap();
        let started = started(me.ticks).unwrap();
        assert!(started <= Timestamp::now() && !boot_id().is_empty());
        assert!(!is_daemon(std::process::id()));
    }

    #[test]
    fn the_marks_of_both_modes_are_read() {
        let fork = b"A=1\0name=web\0pm_exec_path=/a/web.js\0pm_pid_path=/h/pids/web-0.pid\0unique_id=u\0kill_timeout=9\0";
        let mark = parse_environ(fork).unwrap();
        assert_eq!((mark.name.as_str(), mark.kill_timeout_ms, mark.is_worker), ("web", 9, false));
        let worker = br#"pm2_env={"name":"w","pm_exec_path":"/a/w.js","pm_pid_path":"/h/pids/w-1.pid"}"#;
        assert!(parse_environ(worker).unwrap().is_worker);
        assert!(parse_environ(b"HOME=/root\0name=x\0").is_none());
    }

    #[test]
    fn a_tree_holds_all_generations_and_no_strangers() {
        let of = |parent| Stat { parent, session: 0, ticks: 5 };
        let stats = BTreeMap::from([(2, of(1)), (3, of(2)), (4, of(3)), (5, of(1))]);
        let tree = with_descendants(&BTreeSet::from([(2, 5)]), &stats);
        assert_eq!(tree, BTreeSet::from([(2, 5), (3, 5), (4, 5)]));
    }
}
