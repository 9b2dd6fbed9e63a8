//! The parts of the agent that have log files of their own.

use std::fmt;

/// A part: what the name of its log files begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The loop, the configuration, the control API.
    Agent,
    /// Verdicts and incidents.
    Incident,
    /// The other watchers, and what is done with them.
    Mesh,
    /// Heartbeats.
    Pings,
    /// PM2.
    Pm2,
    /// What was done to bring something back.
    Recovery,
    /// Commands in their slots, with the end of their output.
    Runs,
    /// The journal.
    Store,
    /// Libraries.
    Other,
}

impl Part {
    /// Every part, in the order of their names but for the last.
    pub const ALL: [Self; 9] = [
        Self::Agent,
        Self::Incident,
        Self::Mesh,
        Self::Pings,
        Self::Pm2,
        Self::Recovery,
        Self::Runs,
        Self::Store,
        Self::Other,
    ];

    /// The word in file names, and for `standin logs`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Incident => "incident",
            Self::Mesh => "mesh",
            Self::Pings => "pings",
            Self::Pm2 => "pm2",
            Self::Recovery => "recovery",
            Self::Runs => "runs",
            Self::Store => "store",
            Self::Other => "other",
        }
    }

    /// The part of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == word)
    }

    /// The part that a target of `tracing` belongs to: its own word, or the module that it is by default.
    pub fn of_target(target: &str) -> Self {
        if let Some(part) = Self::named(target) {
            return part;
        }
        // What people are told is about the mesh.
        if target == "alert" {
            return Self::Mesh;
        }
        const MODULES: [(&str, Part); 7] = [
            ("standin_platforms::pm2", Part::Pm2),
            ("standin_platforms::local_run", Part::Runs),
            ("standin_agent::pings", Part::Pings),
            ("standin_agent::mesh", Part::Mesh),
            ("standin_body", Part::Mesh),
            ("standin_stores", Part::Store),
            ("standin", Part::Agent),
        ];
        MODULES.iter().find(|(module, _)| target.starts_with(module)).map_or(Self::Other, |(_, part)| *part)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
