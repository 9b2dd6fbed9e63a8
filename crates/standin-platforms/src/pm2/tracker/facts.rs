//! The facts of one listed process.

use std::time::Duration;

use jiff::Timestamp;
use standin_core::observation::{EventLoop, ProcessFact, ProcessStatus, StopCause};

use super::super::list::{Listed, Pulse};
use super::super::memory::End;
use super::{Asked, Life, SeenPulse, Tracker, after, since};

/// How long a stop must last before it is judged: in the middle of a restart PM2 calls a process stopped too, and the
/// bus may say how it ended only after the list has shown that it did.
const SETTLE: Duration = Duration::from_millis(400);
/// How far apart two looks at a process may be for measurements that stood still between them to mean that its event
/// loop did: twice the time between the agent's own looks. Whoever was asleep for longer starts to measure anew.
const WATCHED_WITHIN: Duration = Duration::from_secs(2 * 15);

impl Tracker {
    /// The facts of one listed process of the inventory.
    pub(in crate::pm2) fn fact(&mut self, process: &Listed, now: Timestamp) -> ProcessFact {
        let key = (process.name.clone(), process.pm_id);
        let life = self.lives.entry(key).or_insert_with(|| Life::new(0, process.restarts));
        if life.uptime_stamp == 0 {
            // Heard of before it was first listed: PM2's count so far is where counting begins.
            life.restarts = process.restarts;
        }
        // A list that PM2 made before the life that is known is late, and its count is no reset.
        if process.uptime_stamp >= life.uptime_stamp {
            life.count(process.restarts, now);
        }
        if life.uptime_stamp != process.uptime_stamp {
            life.uptime_stamp = process.uptime_stamp;
            life.pulse = None;
            life.ended_since = None;
        }
        let event_loop = event_loop(life, process.pulse, now);
        let recent_restarts = life.restarted_at.iter().copied().collect();
        let (status, stop, stopped_at) = self.end_of(process, now);
        ProcessFact {
            pm_id: process.pm_id,
            pid: if process.has_ended() { 0 } else { process.pid },
            status,
            uptime_stamp: process.uptime_stamp,
            restarts: process.restarts,
            memory_bytes: process.memory_bytes,
            respawn: process.respawn,
            cron_restart: process.cron_restart.clone(),
            event_loop,
            stop,
            stopped_at,
            recent_restarts,
        }
    }

    /// Takes in what else is known of an end that the fact just given says nobody has heard, and that only the first
    /// time it says so; `look_up` is not called otherwise.
    pub(in crate::pm2) fn complete(
        &mut self,
        mut fact: ProcessFact,
        look_up: impl FnOnce() -> Option<StopCause>,
    ) -> ProcessFact {
        if let Some(key) = self.unheard.take()
            && let Some(cause) = look_up()
        {
            fact.stop = cause.clone();
            if let Some(end) = self.memory.ends.get_mut(&key) {
                end.cause = cause;
            }
        }
        fact
    }

    /// The status of a process, how it ended and when, as far as that is settled.
    fn end_of(&mut self, process: &Listed, now: Timestamp) -> (ProcessStatus, StopCause, Option<Timestamp>) {
        let key = (process.name.clone(), process.uptime_stamp);
        let end = self.memory.ends.get(&key).cloned();
        let Some(life) = self.lives.get_mut(&(process.name.clone(), process.pm_id)) else {
            return (process.status, StopCause::None, None);
        };
        match process.status {
            ProcessStatus::Stopped | ProcessStatus::Errored => {}
            ProcessStatus::WaitingRestart => {
                let (cause, at) = end.map_or((StopCause::None, None), |end| (end.cause, Some(end.at)));
                return (process.status, cause, at);
            }
            ProcessStatus::Online | ProcessStatus::Launching => {
                life.was_alive = true;
                return (process.status, StopCause::None, None);
            }
            ProcessStatus::Stopping | ProcessStatus::Unrecognised => {
                return (process.status, StopCause::None, None);
            }
        }
        let ended_since = *life.ended_since.get_or_insert(now);
        let asked = if life.asked == Asked::ByHand { Some(StopCause::ByHand) } else { None };
        let cause = asked.or_else(|| end.as_ref().map(|end| end.cause.clone()));
        let told = matches!(cause, Some(StopCause::Exited { .. } | StopCause::Killed { .. }));
        if !told && life.was_alive && since(ended_since, now) < SETTLE {
            self.recheck_at(after(ended_since, SETTLE));
            return (ProcessStatus::Stopping, StopCause::None, None);
        }
        let cause = cause.unwrap_or_else(|| not_heard(process));
        if end.is_none() && cause == StopCause::NotSeen {
            self.unheard = Some(key.clone());
        }
        if end.is_none() || asked_now(&cause, end.as_ref()) {
            self.remember_end(key.clone(), cause.clone(), ended_since);
        }
        let at = self.memory.ends.get(&key).map_or(ended_since, |end| end.at);
        (process.status, cause, Some(at))
    }
}

fn asked_now(cause: &StopCause, end: Option<&End>) -> bool {
    *cause == StopCause::ByHand && end.is_some_and(|end| end.cause != StopCause::ByHand)
}

/// What the list alone tells of an end: PM2 gives up only on what ended by itself.
fn not_heard(process: &Listed) -> StopCause {
    match (process.status, process.exit_code) {
        (ProcessStatus::Errored, Some(code)) if code != 0 => StopCause::Exited { code },
        (_, _) => StopCause::NotSeen,
    }
}

fn event_loop(life: &mut Life, pulse: Pulse, now: Timestamp) -> EventLoop {
    match pulse {
        Pulse::None => {
            life.pulse = None;
            EventLoop::No
        }
        Pulse::Beat(beat) => {
            let last_report = match &life.pulse {
                Some(seen) if seen.beat == beat && since(seen.looked, now) <= WATCHED_WITHIN => seen.changed,
                Some(_) | None => now,
            };
            life.pulse = Some(SeenPulse { beat, changed: last_report, looked: now });
            EventLoop::Yes { last_report }
        }
    }
}
