//! A run that is alive: waiting for its end, and ending it.

use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use standin_core::run::RunEnd;
use tokio::process::Child;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::files::{Files, Identity, Liveness, Stopped, end_of, start_of};
use super::output;

/// How long the processes of a run have between SIGTERM and SIGKILL at the time limit.
pub const TERM_GRACE: Duration = Duration::from_secs(10);

/// How often a run that is not our child is looked at: only a parent is told of an end.
const LOOK: Duration = Duration::from_millis(200);

/// How often the size of the output is looked at.
const OUTPUT_LOOK: Duration = Duration::from_secs(2);

/// After SIGKILL the kernel needs a moment, and more only if the disk hangs.
const KILL_GRACE: Duration = Duration::from_secs(2);

/// A longer limit is none: what is added to a clock must stay in its range.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Ticks of `/proc` in a second: fixed in the kernel's interface for programs.
const TICKS: u64 = 100;

/// A run that was alive when it was last looked at. Dropping it leaves the run alone.
#[derive(Debug)]
pub struct Running {
    files: Files,
    /// `None` when an earlier life of the agent started it.
    child: Option<Child>,
    /// The wrapper's process id; `None` while an adopted run has not said it yet.
    pid: Option<i32>,
    began: Instant,
}

impl Running {
    pub(super) fn started(files: Files, child: Child) -> Self {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        Self { files, child: Some(child), pid, began: Instant::now() }
    }

    pub(super) fn adopted(files: Files) -> Self {
        let identity = files.identity();
        let age = identity.and_then(age_of).unwrap_or_default();
        let began = Instant::now().checked_sub(age).unwrap_or_else(Instant::now);
        Self { files, child: None, pid: identity.map(|i| i.pid), began }
    }

    /// The wrapper's process id, which is also the id of the run's process group.
    pub const fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Waits for the end. After `limit`, counted from the start of the run, its process group gets SIGTERM, and after
    /// [`TERM_GRACE`] SIGKILL; the end is [`RunEnd::TimedOut`] then. The output is kept within its limits meanwhile.
    pub async fn wait(mut self, limit: Duration) -> RunEnd {
        let deadline = self.began + limit.min(LONGEST);
        loop {
            tokio::select! {
                end = self.ended() => return end,
                () = sleep_until(deadline) => return self.end_with(Stopped::TimedOut, TERM_GRACE).await,
                // A full disk is a reason to say nothing here: the next look tries again.
                () = sleep(OUTPUT_LOOK) => drop(output::bound(&self.files.out())),
            }
        }
    }

    /// Ends the run: SIGTERM for its process group, and SIGKILL after `grace`.
    pub async fn stop(mut self, grace: Duration) -> RunEnd {
        self.end_with(Stopped::Asked, grace).await
    }

    /// Resolves when the run has ended. May be dropped and asked again.
    async fn ended(&mut self) -> RunEnd {
        let Some(child) = &mut self.child else { return self.orphan_ended().await };
        let status = child.wait().await;
        if let Some(end) = self.files.end() {
            return end;
        }
        // The wrapper died before it could record anything, so nobody looks after what it started.
        self.signal(Signal::SIGKILL);
        match status {
            Ok(status) => match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
                (Some(code), _) => end_of(code),
                (None, Some(number)) => end_of(128 + number),
                (None, None) => RunEnd::Lost,
            },
            Err(_) => RunEnd::Lost,
        }
    }

    async fn orphan_ended(&self) -> RunEnd {
        loop {
            // The order matters: a run records its end before it lets go of the lock.
            let alive = matches!(self.files.liveness(), Liveness::Alive);
            match self.files.end() {
                Some(end) => return end,
                None if alive => sleep(LOOK).await,
                None => return RunEnd::Lost,
            }
        }
    }

    async fn end_with(&mut self, why: Stopped, grace: Duration) -> RunEnd {
        if self.files.record_stop(why).is_err() {
            // The end will be told from here; only an agent that is started during the grace could not know it.
            tracing::warn!(target: "runs", run = %self.files.base().display(), "the end of a run could not be recorded");
        }
        if self.pid.is_none() {
            self.pid = self.files.identity().map(|i| i.pid);
        }
        self.signal(Signal::SIGTERM);
        let gone = timeout(grace, self.gone()).await.is_ok();
        // Whoever is left in the group has ignored SIGTERM, or was left behind by who did not.
        self.signal(Signal::SIGKILL);
        if !gone {
            let _ = timeout(KILL_GRACE, self.gone()).await;
        }
        let told = match why {
            Stopped::TimedOut => RunEnd::TimedOut,
            Stopped::Asked => RunEnd::Killed { signal: Signal::SIGTERM.as_str().into() },
        };
        self.files.end().unwrap_or(told)
    }

    /// Resolves when the wrapper is gone.
    async fn gone(&mut self) {
        match &mut self.child {
            Some(child) => drop(child.wait().await),
            None => {
                while matches!(self.files.liveness(), Liveness::Alive) {
                    sleep(LOOK).await;
                }
            }
        }
    }

    /// Sends a signal to the run's process group, if it still is the run's.
    fn signal(&self, signal: Signal) {
        let Some(pid) = self.pid else { return };
        // A process id is free for others once its group is empty: whoever has it with another start is a stranger.
        let stranger = match (self.files.identity(), start_of(pid)) {
            (Some(known), Some(start)) => known.pid != pid || known.start != start,
            (Some(_), None) => false,
            // The wrapper has not said who it is yet: only a child of ours is known without that.
            (None, _) => self.child.is_none(),
        };
        if !stranger {
            // It may be gone already, which is what was wanted.
            let _ = killpg(Pid::from_raw(pid), signal);
        }
    }
}

/// How long a process has been running.
fn age_of(identity: Identity) -> Option<Duration> {
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = uptime.split(' ').next()?.parse().ok()?;
    let up = Duration::try_from_secs_f64(seconds).ok()?;
    up.checked_sub(Duration::from_millis(identity.start.saturating_mul(1_000 / TICKS)))
}
