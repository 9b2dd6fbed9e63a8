//! Lateness of real schedules, from a folder of traces.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::Lateness;

/// Traces from before this are of another regime: the beginning of 2026.
const SINCE: u64 = 1_767_225_600;

/// So many rows are read at most, of all files together.
const MAX_ROWS: usize = 5_000_000;

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
}
