//! What was measured, as plain data.

use std::fmt;
use std::fs;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 1024 * 1024 bytes.
    Mebibytes,
    /// Thousandths of a second.
    Milliseconds,
    /// So many in each second.
    PerSecond,
    /// So many requests.
    Requests,
}

/// A number with its unit, and what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    /// What it counts.
    pub unit: Unit,
    /// Further numbers, such as percentiles; empty when there are none.
    pub detail: String,
}

/// What a row has to reach. A ratio is Standin's number divided by the peer's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// It is only said.
    None,
    /// The ratio is at most one in so many.
    AtMostOneIn(f64),
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The ratio is at most this.
    RatioAtMost(f64),
    /// Standin's own number is at most this, in milliseconds.
    AtMost(f64),
    /// Standin's own number is at most this, in mebibytes.
    AtMostMebibytes(f64),
    /// Standin's own number is at most this many requests.
    AtMostRequests(f64),
    /// Standin's own number is at least this, a second.
    AtLeast(f64),
}

/// One thing that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What.
    pub what: String,
    /// Standin's.
    pub standin: Quantity,
    /// Whose the other number is, or what there is instead of a number; empty when there is neither.
    pub peer_name: &'static str,
    /// The other's.
    pub peer: Option<Quantity>,
    /// What is to be reached.
    pub goal: Goal,
}

/// The time of one judgement and plan over so many automations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// How many.
    pub automations: usize,
    /// The median.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// Resident memory of all that is remembered of one automation; 0 where there are too few to tell.
    pub bytes_each: u64,
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Cores, processor, memory, load at the beginning.
    pub machine: String,
    /// In the order in which they were measured.
    pub rows: Vec<Row>,
    /// How the time of a tick grows; empty when that was not measured.
    pub growth: Vec<Growth>,
    /// What a reader has to know of this run.
    pub notes: Vec<String>,
}

/// What one bench adds.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) rows: Vec<Row>,
    pub(super) growth: Vec<Growth>,
    pub(super) notes: Vec<String>,
}

impl Quantity {
    pub(super) fn new(value: f64, unit: Unit) -> Self {
        Self { value, unit, detail: String::new() }
    }

    pub(super) fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

impl Row {
    /// Standin's number divided by the peer's.
    pub fn ratio(&self) -> Option<f64> {
        self.peer.as_ref().filter(|peer| peer.value > 0.0).map(|peer| self.standin.value / peer.value)
    }

    /// Whether the goal is reached; `None` without a goal or a peer to compare with.
    pub fn met(&self) -> Option<bool> {
        match self.goal {
            Goal::None => None,
            Goal::AtMostOneIn(parts) => self.ratio().map(|ratio| ratio * parts <= 1.0),
            Goal::RatioAtLeast(least) => self.ratio().map(|ratio| ratio >= least),
            Goal::RatioAtMost(most) => self.ratio().map(|ratio| ratio <= most),
            Goal::AtMost(most) | Goal::AtMostMebibytes(most) | Goal::AtMostRequests(most) => {
                Some(self.standin.value <= most)
            }
            Goal::AtLeast(least) => Some(self.standin.value >= least),
        }
    }
}

impl Report {
    pub(super) fn of_this_machine() -> Self {
        Self { machine: machine(), rows: Vec::new(), growth: Vec::new(), notes: Vec::new() }
    }

    pub(super) fn add(&mut self, part: Part) {
        self.rows.extend(part.rows);
        self.growth.extend(part.growth);
        self.notes.extend(part.notes);
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!("{cores} cores of {processor}, {} MiB, load {load} at the beginning", memory.unwrap_or(0) / 1024)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The value below which so many percent of the sorted values lie; 0 for none.
pub(super) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last * percent).div_ceil(100)).copied().unwrap_or(0.0)
}

/// Times in milliseconds, with the rest of their distribution beside the one that counts.
pub(super) fn times(mut all: Vec<f64>, percent: usize) -> Quantity {
    all.sort_by(f64::total_cmp);
    let [p50, p99] = [50, 99].map(|p| percentile(&all, p));
    let detail = format!("p50 {p50:.1}, p99 {p99:.1}, n {}", all.len());
    Quantity::new(percentile(&all, percent), Unit::Milliseconds).with(detail)
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mebibytes => "MiB",
            Self::Milliseconds => "ms",
            Self::PerSecond => "/s",
            Self::Requests => "requests",
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, unit, detail } = self;
        match unit {
            Unit::PerSecond | Unit::Requests => write!(f, "{value:.0} {unit}")?,
            Unit::Mebibytes | Unit::Milliseconds if *value >= 1000.0 => write!(f, "{value:.0} {unit}")?,
            Unit::Mebibytes | Unit::Milliseconds => write!(f, "{value:.1} {unit}")?,
        }
        if detail.is_empty() { Ok(()) } else { write!(f, " ({detail})") }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("-"),
            Self::AtMostOneIn(parts) => write!(f, "<= 1/{parts:.0}"),
            Self::RatioAtLeast(least) => write!(f, ">= {least:.2}"),
            Self::RatioAtMost(most) => write!(f, "<= {most:.2}"),
            Self::AtMost(most) => write!(f, "<= {most:.0} ms"),
            Self::AtMostMebibytes(most) => write!(f, "<= {most:.0} MiB"),
            Self::AtMostRequests(most) => write!(f, "<= {most:.0} requests"),
            Self::AtLeast(least) => write!(f, ">= {least:.0} /s"),
        }
    }
}
