//! What PM2's event bus says, reduced to what the tracker takes in.

use serde::Deserialize;

use super::lines::{self, Line};
use super::list::RawEnv;
use super::loose::Loose;

/// One thing that the bus said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// Something happened to a process.
    Process(ProcessEvent),
    /// A line of PM2's own log.
    Line(Line),
    /// The daemon says that it ends.
    DaemonEnds(Ending),
}

/// Who ended the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// `pm2 kill` (or `pm2 update`, which starts another at once).
    ByCommand,
    /// A signal, from whomever: a watcher of memory sends SIGTERM too.
    BySignal,
}

/// What happened to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    Exit,
    Online,
    /// PM2 was asked to run something new, as by a start or a resurrection.
    Start,
    /// The command line says that it has stopped the app.
    StopByHand,
    /// Anything else.
    Other,
}

/// A process event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProcessEvent {
    pub(super) happened: Happened,
    pub(super) name: String,
    pub(super) pm_id: u32,
    pub(super) uptime_stamp: i64,
    pub(super) restarts: u32,
    pub(super) exit_code: i32,
}

/// The topics that are read; the bodies of all others, such as the output of apps, are skipped unread.
pub(super) fn wanted(topic: &[u8]) -> bool {
    matches!(topic, b"process:event" | b"log:PM2" | b"pm2:kill")
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(default)]
    event: Loose,
    #[serde(default)]
    manually: Loose,
    process: RawEnv,
}

#[derive(Deserialize)]
struct RawLine {
    #[serde(default)]
    data: Loose,
}

#[derive(Deserialize)]
struct RawKill {
    #[serde(default)]
    msg: Loose,
}

/// Reads a message of a wanted topic; `None` when it says nothing of interest or cannot be read.
pub(super) fn read(topic: &[u8], body: &[u8]) -> Option<Event> {
    match topic {
        b"process:event" => process(&serde_json::from_slice(body).ok()?).map(Event::Process),
        b"log:PM2" => {
            let line: RawLine = serde_json::from_slice(body).ok()?;
            lines::read(line.data.text()?).map(Event::Line)
        }
        b"pm2:kill" => {
            let kill: RawKill = serde_json::from_slice(body).ok()?;
            let by_command = kill.msg.text().is_some_and(|words| words.contains("via CLI"));
            Some(Event::DaemonEnds(if by_command { Ending::ByCommand } else { Ending::BySignal }))
        }
        _ => None,
    }
}

fn process(raw: &RawEvent) -> Option<ProcessEvent> {
    let by_hand = raw.manually == Loose::Bool(true);
    let Loose::Int(pm_id) = raw.process.pm_id else { return None };
    Some(ProcessEvent {
        happened: match raw.event.text()? {
            "exit" => Happened::Exit,
            "online" => Happened::Online,
            "start" => Happened::Start,
            "stop" if by_hand => Happened::StopByHand,
            _ => Happened::Other,
        },
        name: raw.process.name.text()?.to_owned(),
        pm_id: u32::try_from(pm_id).ok()?,
        uptime_stamp: raw.process.pm_uptime.int().unwrap_or(0),
        restarts: raw.process.restart_time.int().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        exit_code: raw.process.exit_code.int().and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_topics_are_read_and_garbage_is_nothing() {
        let exit = br#"{"event":"exit","manually":false,"at":1,"process":{"name":"a","pm_id":2,"pm_uptime":7,
            "restart_time":1,"exit_code":3,"TOKEN":"hunter2"}}"#;
        let Some(Event::Process(event)) = read(b"process:event", exit) else { panic!("an exit") };
        assert_eq!((event.happened, event.pm_id, event.exit_code), (Happened::Exit, 2, 3));
        let stop = |manually: bool| {
            format!(r#"{{"event":"stop","manually":{manually},"process":{{"name":"a","pm_id":0}}}}"#)
        };
        let happened = |body: &str| match read(b"process:event", body.as_bytes()) {
            Some(Event::Process(event)) => event.happened,
            other => panic!("{other:?}"),
        };
        assert_eq!(happened(&stop(true)), Happened::StopByHand);
        assert_eq!(happened(&stop(false)), Happened::Other);
        let by_command = br#"{"status":"killed","msg":"pm2 has been killed via CLI"}"#;
        assert_eq!(read(b"pm2:kill", by_command), Some(Event::DaemonEnds(Ending::ByCommand)));
        let by_signal = br#"{"msg":"pm2 has been killed by SIGNAL"}"#;
        assert_eq!(read(b"pm2:kill", by_signal), Some(Event::DaemonEnds(Ending::BySignal)));
        for (topic, body) in
            [("process:event", "{"), ("process:event", "{}"), ("log:PM2", "7"), ("log:out", "{}")]
        {
            assert_eq!(read(topic.as_bytes(), body.as_bytes()), None);
        }
        assert!(wanted(b"log:PM2") && !wanted(b"log:out") && !wanted(b"log:err"));
    }
}
