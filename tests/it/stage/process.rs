//! Processes, as the kernel tells of them.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub(crate) fn signal(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal);
}

/// Kills it, and waits until it is dead.
pub(crate) fn kill_nine(pid: u32) {
    signal(pid, Signal::SIGKILL);
    super::until("did it die", || (!alive(pid)).then_some(()), || command_line(pid));
}

/// The fields of `/proc/PID/stat` after the name: state, parent and so on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = text.rsplit_once(") ")?.1;
    Some(rest.split(' ').map(ToOwned::to_owned).collect())
}

/// Whether it runs; one that has ended and was not waited for does not.
pub(crate) fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| fields[0] != "Z")
}

pub(crate) fn parent(pid: u32) -> Option<u32> {
    stat(pid)?[1].parse().ok()
}

/// All processes that run.
pub(crate) fn all() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| alive(*pid)).collect()
}

/// Its command line, with spaces between the arguments.
pub(crate) fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// Those whose environment has all of these entries.
pub(crate) fn with_environment(marks: &[String]) -> Vec<u32> {
    let has = |pid: &u32| {
        let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        marks.iter().all(|mark| text.split('\0').any(|entry| entry == mark))
    };
    all().into_iter().filter(has).collect()
}

/// Those that work in this folder or were told to.
pub(super) fn of_folder(folder: &Path) -> Vec<u32> {
    let mark = [format!("PM2_HOME={}", folder.join("pm2").display())];
    let works_there =
        |pid: &u32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|at| at.starts_with(folder));
    let mut pids = with_environment(&mark);
    pids.extend(all().into_iter().filter(works_there));
    pids
}
