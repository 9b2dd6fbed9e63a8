//! How late GitHub starts a schedule, and how often not at all: a table, or real traces.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::rng::Rng;

/// The runs of hourly schedules since the beginning of 2026, in seconds at thousandths. A trace cannot show a run that
/// is later than the next slot, so the last 15 are the hours that silences of the same schedules show.
const TABLE: [(u64, u64); 8] =
    [(0, 5), (100, 155), (250, 678), (500, 1_525), (750, 2_322), (900, 3_080), (985, 3_599), (1_000, 14_400)];

/// How many of a hundred slots of the same schedules had no run.
const SKIPPED: u64 = 27;

/// Traces from before this are of another regime: the beginning of 2026.
const SINCE: u64 = 1_767_225_600;

/// So many rows are read at most, of all files together.
const MAX_ROWS: usize = 5_000_000;

/// The lateness to draw from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lateness {
    /// Milliseconds, sorted.
    late: Vec<u64>,
    /// In percent.
    skipped: u64,
}

/// Why traces were not read. Nothing was simulated.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// A file or the folder.
    #[error("{path}: {source}", path = .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No row of 2026 in any of them.
    #[error("no run since 2026 in the traces of {}", .0.display())]
    Empty(PathBuf),
}

impl Default for Lateness {
    fn default() -> Self {
        let mut late = Vec::with_capacity(1_000);
        for pair in TABLE.windows(2) {
            if let [(from, low), (to, high)] = pair {
                late.extend((*from..*to).map(|n| (low + (high - low) * (n - from) / (to - from)) * 1_000));
            }
        }
        Self { late, skipped: SKIPPED }
    }
}

impl Lateness {
    /// From a folder of traces: files `*.csv.gz` with the columns `trace_id, cron, expected_unix, actual_unix,
    /// lateness_s`. A row that makes no sense is left out.
    ///
    /// # Errors
    /// [`TracesError`].
    pub fn read(folder: &Path) -> Result<Self, TracesError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| TracesError::Read { path, source }
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
            files.push(entry.map_err(failed(folder))?.path());
        }
        files.retain(|path| path.to_string_lossy().ends_with(".csv.gz"));
        files.sort();
        let (mut late, mut rows, mut skipped) = (Vec::new(), 0usize, 0usize);
        for path in files {
            let file = File::open(&path).map_err(failed(&path))?;
            for line in BufReader::new(GzDecoder::new(file)).lines() {
                let line = line.map_err(failed(&path))?;
                match row(&line) {
                    Some(Row::Ran(seconds)) => late.push(seconds * 1_000),
                    Some(Row::Skipped) => skipped += 1,
                    None => continue,
                }
                rows += 1;
                if rows >= MAX_ROWS {
                    break;
                }
            }
        }
        if late.is_empty() {
            return Err(TracesError::Empty(folder.to_owned()));
        }
        late.sort_unstable();
        let skipped = u64::try_from(skipped * 100 / rows.max(1)).unwrap_or(0);
        Ok(Self { late, skipped })
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> u64 {
        self.late.get(rng.below(self.late.len())).copied().unwrap_or(0)
    }

    pub(super) fn skips(&self, rng: &mut Rng) -> bool {
        rng.percent(self.skipped)
    }
}

enum Row {
    Ran(u64),
    Skipped,
}

fn row(line: &str) -> Option<Row> {
    // The text of the schedule may hold commas, so the numbers are counted from the end.
    let mut fields = line.rsplitn(4, ',');
    let (late, actual, expected) = (fields.next()?, fields.next()?, fields.next()?);
    let expected: u64 = expected.parse().ok()?;
    if expected < SINCE {
        return None;
    }
    if actual.is_empty() { Some(Row::Skipped) } else { Some(Row::Ran(late.parse().ok()?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_make_no_sense_are_left_out() {
        assert!(matches!(row("t,0 * * * *,1767225600,1767225700,100"), Some(Row::Ran(100))));
        assert!(matches!(row("t,\"0 1,2 * * *\",1767225600,,"), Some(Row::Skipped)));
        for bad in ["", "trace_id,cron,expected_unix,actual_unix,lateness_s", "t,x,1767225599,1767225700,101"]
        {
            assert!(row(bad).is_none(), "{bad}");
        }
        assert!(row("t,x,1767225600,1767225500,-100").is_none());
    }

    #[test]
    fn the_table_is_what_it_says() {
        let table = Lateness::default();
        assert_eq!((table.late.len(), table.late[500], table.late[900]), (1_000, 1_525_000, 3_080_000));
    }
}
