//! Traces of real schedules: a manifest and one compressed table of slots for each.
//!
//! `manifest.csv` has at least the columns `trace_id`, `klass`, `cron` and `period_s`. `<trace_id>.csv.gz` has
//! `trace_id, cron, expected_unix, actual_unix, lateness_s`, one row a slot in the order of time, with
//! `actual_unix` empty where the slot never ran and two rows where it ran twice.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use standin_core::lateness::MERGE;
use standin_core::schedule::Schedule;

/// The most traces, rows of one trace and bytes of one line that are read.
const MAX_TRACES: usize = 10_000;
const MAX_ROWS: usize = 5_000_000;
const MAX_LINE_BYTES: u64 = 4096;

/// Times outside of the years 1980 to 2200 are no times of runs.
const TIMES_S: std::ops::Range<i64> = 315_532_800..7_258_118_400;

/// Periods outside of a second to 400 days are mistakes.
const PERIODS_S: std::ops::RangeInclusive<i64> = 1..=400 * 86_400;

/// Why the traces could not be read. Nothing was walked.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Give the folder that holds the file, or restore it.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Correct the line, or take the trace out of the manifest.
    #[error("{path}, line {line}: {what}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Split the folder or the file.
    #[error("{path} holds more than {limit} {what}")]
    TooMany {
        /// The file.
        path: PathBuf,
        /// How many are allowed.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
}

/// What was wrong with the rows of all traces. None of these stops a walk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Troubles {
    /// Rows without two times in them.
    pub unreadable_rows: usize,
    /// Arrivals before the one before; left out.
    pub reversed: usize,
    /// Arrivals at the same time as the one before, or within half a minute; left out.
    pub merged: usize,
    /// Traces whose cron expression is unknown: their slots are counted by the period.
    pub unknown_crons: usize,
    /// Traces with fewer than two arrivals.
    pub empty_traces: usize,
}

impl Troubles {
    fn add(&mut self, other: Self) {
        self.unreadable_rows += other.unreadable_rows;
        self.reversed += other.reversed;
        self.merged += other.merged;
        self.unknown_crons += other.unknown_crons;
        self.empty_traces += other.empty_traces;
    }
}

/// One run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When it arrived, in Unix seconds.
    pub at: i64,
    /// The slot after that.
    pub due: i64,
}

/// The runs of one schedule.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Its name.
    pub id: String,
    /// The class that it is counted in.
    pub class: String,
    /// The usual time between two slots, in seconds.
    pub period_s: i64,
    /// Its runs in the order of time, at least half a minute apart.
    pub arrivals: Vec<Run>,
}

/// All traces of a folder, in the order of the manifest.
#[derive(Debug, Default)]
pub struct TraceSet {
    /// The traces.
    pub traces: Vec<Trace>,
    /// What was wrong with them.
    pub troubles: Troubles,
}

/// Reads a folder of traces.
///
/// # Errors
///
/// A manifest or a trace that is not there, that is no gzip or no UTF-8, or that is too long; a line of the manifest
/// that cannot be understood. Rows of traces that cannot be understood are counted instead.
pub fn read(folder: &Path) -> Result<TraceSet, TraceError> {
    let mut set = TraceSet::default();
    for entry in manifest(&folder.join("manifest.csv"))? {
        let path = folder.join(format!("{}.csv.gz", entry.id));
        let mut troubles = Troubles::default();
        let rows = rows(&path, &mut troubles)?;
        let trace = assemble(entry, &rows, &mut troubles);
        set.troubles.add(troubles);
        set.traces.push(trace);
    }
    Ok(set)
}

struct Entry {
    id: String,
    class: String,
    cron: String,
    period_s: i64,
}

fn lines(path: &Path, from: impl Read) -> impl Iterator<Item = Result<String, TraceError>> {
    let mut reader = BufReader::new(from);
    let path = path.to_path_buf();
    std::iter::from_fn(move || {
        let mut line = String::new();
        match reader.by_ref().take(MAX_LINE_BYTES).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(Ok(line)),
            Err(source) => Some(Err(TraceError::Read { path: path.clone(), source })),
        }
    })
}

fn open(path: &Path) -> Result<File, TraceError> {
    File::open(path).map_err(|source| TraceError::Read { path: path.to_path_buf(), source })
}

fn manifest(path: &Path) -> Result<Vec<Entry>, TraceError> {
    let wrong = |line, what| TraceError::Manifest { path: path.to_path_buf(), line, what };
    let mut lines = lines(path, open(path)?).zip(1..);
    let header = match lines.next() {
        Some((line, _)) => fields(line?.trim_end()),
        None => return Err(wrong(1, "the header is missing")),
    };
    let column = |name: &str| header.iter().position(|field| field == name);
    let columns = [column("trace_id"), column("klass"), column("cron"), column("period_s")];
    let [Some(id), Some(class), Some(cron), Some(period)] = columns else {
        return Err(wrong(1, "the header has to name trace_id, klass, cron and period_s"));
    };
    let mut entries = Vec::new();
    for (line, number) in lines {
        let fields = fields(line?.trim_end());
        let field = |index: usize| fields.get(index).filter(|_| fields.len() == header.len());
        let (Some(id), Some(class), Some(cron), Some(period)) =
            (field(id), field(class), field(cron), field(period))
        else {
            return Err(wrong(number, "it has another number of fields than the header"));
        };
        let is_name = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        if !is_name(id) {
            return Err(wrong(number, "a trace_id is made of letters, digits, '_' and '-'"));
        }
        let period_s = period.parse().ok().filter(|period| PERIODS_S.contains(period));
        let Some(period_s) = period_s else {
            return Err(wrong(number, "period_s has to be between a second and 400 days"));
        };
        if entries.len() >= MAX_TRACES {
            return Err(TraceError::TooMany { path: path.to_path_buf(), limit: MAX_TRACES, what: "traces" });
        }
        entries.push(Entry { id: id.clone(), class: class.clone(), cron: cron.clone(), period_s });
    }
    Ok(entries)
}

/// The fields of a line of comma-separated values, with double quotes around those that hold commas.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match (character, is_quoted) {
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => fields.push(String::new()),
            (other, _) => {
                if let Some(field) = fields.last_mut() {
                    field.push(other);
                }
            }
        }
    }
    fields
}

/// One row: the slot and the arrival, if there was one.
type Row = (i64, Option<i64>);

fn rows(path: &Path, troubles: &mut Troubles) -> Result<Vec<Row>, TraceError> {
    let mut rows = Vec::new();
    for (line, number) in lines(path, MultiGzDecoder::new(open(path)?)).zip(0usize..) {
        let line = line?;
        if number == 0 {
            // The header; read for its errors, so that what is no gzip is not taken for an empty trace.
            continue;
        }
        let Some(row) = row(line.trim_end()) else {
            troubles.unreadable_rows += 1;
            continue;
        };
        if rows.len() >= MAX_ROWS {
            return Err(TraceError::TooMany { path: path.to_path_buf(), limit: MAX_ROWS, what: "rows" });
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Reads from the right, because an expression may hold commas that nobody quoted.
fn row(line: &str) -> Option<Row> {
    let mut from_right = line.rsplitn(4, ',');
    let _lateness = from_right.next()?;
    let actual = from_right.next()?;
    let expected = time(from_right.next()?)?;
    let _names = from_right.next()?;
    if actual.is_empty() { Some((expected, None)) } else { Some((expected, Some(time(actual)?))) }
}

/// Whole Unix seconds within [`TIMES_S`]; a fraction is cut off.
fn time(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().ok().filter(|time| TIMES_S.contains(time))
}

fn assemble(entry: Entry, rows: &[Row], troubles: &mut Troubles) -> Trace {
    let Entry { id, class, cron, period_s } = entry;
    let slots = Slots::of(&cron, period_s, rows);
    if matches!(slots, Slots::Unknown) {
        troubles.unknown_crons += 1;
    }
    let mut arrivals: Vec<Run> = Vec::new();
    for (expected, actual) in rows {
        let Some(at) = *actual else { continue };
        let since = arrivals.last().map_or(i64::MAX, |last| at - last.at);
        if since < 0 {
            troubles.reversed += 1;
        } else if since < MERGE.as_secs().cast_signed() {
            troubles.merged += 1;
        } else {
            arrivals.push(Run { at, due: slots.after(*expected, period_s, at) });
        }
    }
    if arrivals.len() < 2 {
        troubles.empty_traces += 1;
    }
    Trace { id, class, period_s, arrivals }
}

/// Where the slots of a trace lie.
enum Slots {
    /// Every period, counted from the slot of the row.
    Even,
    /// As the expression says, which is not even.
    Cron(Schedule),
    /// The expression is unknown: every period, for want of better.
    Unknown,
}

/// How many rows show whether a schedule is even.
const SAMPLES: usize = 50;

impl Slots {
    fn of(cron: &str, period_s: i64, rows: &[Row]) -> Self {
        let Ok(schedule) = Schedule::parse(cron, "UTC") else { return Self::Unknown };
        let next = |from: i64| Timestamp::from_second(from).ok().and_then(|from| schedule.next_after(from));
        let is_even = rows.iter().take(SAMPLES).all(|(expected, _)| {
            next(*expected).is_some_and(|next| next.as_second() == expected.saturating_add(period_s))
        });
        if is_even { Self::Even } else { Self::Cron(schedule) }
    }

    fn after(&self, expected: i64, period_s: i64, at: i64) -> i64 {
        let even = expected + ((at - expected).div_euclid(period_s) + 1) * period_s;
        match self {
            Self::Even | Self::Unknown => even,
            Self::Cron(schedule) => {
                let at = Timestamp::from_second(at).ok();
                at.and_then(|at| schedule.next_after(at)).map_or(even, Timestamp::as_second)
            }
        }
    }
}

#[cfg(test)]
mod tests;
