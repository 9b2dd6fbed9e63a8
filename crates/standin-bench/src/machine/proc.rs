//! Processes, as the kernel tells of them.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How often is looked for survivors; each look ends all that it finds.
const MAX_PASSES: usize = 50;

/// Proportional set size: what a process has for itself, and its share of what it has with others. 0 once it is gone.
pub(super) fn pss_bytes(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kibibytes = line.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// The most that a process has ever had resident; 0 once it is gone.
pub(super) fn peak_bytes(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Whether it runs; one that has ended and was not waited for does not.
pub(super) fn is_alive(pid: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The processes that were started with this entry in their environment.
pub(super) fn marked(entry: &str) -> Vec<u32> {
    let Ok(list) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = list.flatten().filter_map(|item| item.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        bytes.split(|byte| *byte == 0).any(|one| one == entry.as_bytes()) && is_alive(*pid)
    })
    .collect()
}

/// Ends a process as the kernel would.
pub(super) fn kill_nine(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        // One that has ended by itself needs no end.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// Ends all that belongs to a PM2 home, until nothing is left: its daemon may start apps anew before it dies.
pub(super) fn end_all_of(home: &Path) {
    let entry = mark(home);
    for _ in 0..MAX_PASSES {
        let left = marked(&entry);
        if left.is_empty() {
            return;
        }
        left.into_iter().for_each(kill_nine);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// What all processes of a PM2 home have in their environment.
pub(super) fn mark(home: &Path) -> String {
    format!("PM2_HOME={}", home.display())
}
