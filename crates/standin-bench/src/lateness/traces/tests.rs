use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const HEADER: &str = "trace_id,cron,expected_unix,actual_unix,lateness_s\n";

fn folder(manifest: &str, traces: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifest.csv"), manifest).unwrap();
    for (id, text) in traces {
        let file = File::create(folder.path().join(format!("{id}.csv.gz"))).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }
    folder
}

fn one(cron: &str, period: &str, rows: &str) -> TraceSet {
    let manifest = format!("trace_id,klass,cron,period_s\na,h1,\"{cron}\",{period}\n");
    let folder = folder(&manifest, &[("a", &format!("{HEADER}{rows}"))]);
    read(folder.path()).unwrap()
}

#[test]
fn a_trace_is_its_runs_and_the_slots_after_them() {
    let set = one(
        "0 * * * *",
        "3600",
        "a,0 * * * *,1579644000,1579644054,54\na,0 * * * *,1579647600,,\na,0 * * * *,1579651200,1579651260,60\n",
    );
    let runs = [Run { at: 1_579_644_054, due: 1_579_647_600 }, Run { at: 1_579_651_260, due: 1_579_654_800 }];
    assert_eq!(set.traces[0].arrivals, runs);
    assert_eq!(set.troubles, Troubles::default());
}

#[test]
fn bad_rows_are_counted_and_left_out() {
    let set = one(
        "0 * * * *",
        "3600",
        "a,c,1579644000,1579644054,54\n\
         a,c,1579644000,1579644054,54\n\
         a,c,1579644000,1579644070,70\n\
         a,c,1579640400,1579640500,100\n\
         a,c,NaN,1579651260,60\n\
         a,c,1579651200,inf,60\n\
         a,c,1579651200,99999999999999999999,60\n\
         nothing\n\
         a,c,1579651200,1579651260.75,60\n",
    );
    let troubles = Troubles { unreadable_rows: 4, reversed: 1, merged: 2, ..Troubles::default() };
    assert_eq!(set.troubles, troubles);
    assert_eq!(set.traces[0].arrivals.len(), 2);
}

#[test]
fn an_unknown_expression_is_counted_and_its_slots_go_by_the_period() {
    let set =
        one("every now and then", "3600", "a,x,1579644000,1579651000,7000\na,x,1579651200,1579651260,60\n");
    assert_eq!(set.troubles.unknown_crons, 1);
    assert_eq!(set.traces[0].arrivals[0].due, 1_579_651_200);
}

#[test]
fn an_uneven_schedule_has_the_slots_of_its_expression() {
    // Two and twenty-two hours apart.
    let set = one(
        "0 0,2 * * *",
        "7200",
        "a,0 0,2 * * *,1579651200,1579651260,60\na,0 0,2 * * *,1579658400,1579658460,60\n",
    );
    assert_eq!(set.troubles.unknown_crons, 0);
    assert_eq!(set.traces[0].arrivals[1].due, 1_579_658_400 + 22 * 3600, "the slot after 02:01");
}

#[test]
fn a_broken_manifest_says_where() {
    for (manifest, line) in [
        ("", 1),
        ("trace_id,cron\n", 1),
        ("trace_id,klass,cron,period_s\na,h1,0 * * * *\n", 2),
        ("trace_id,klass,cron,period_s\na,h1,0 * * * *,0\n", 2),
        ("trace_id,klass,cron,period_s\na,h1,0 * * * *,NaN\n", 2),
        ("trace_id,klass,cron,period_s\n../a,h1,0 * * * *,3600\n", 2),
    ] {
        let folder = folder(manifest, &[]);
        match read(folder.path()) {
            Err(TraceError::Manifest { line: found, .. }) => assert_eq!(found, line, "{manifest}"),
            other => panic!("{manifest}: {other:?}"),
        }
    }
}

#[test]
fn a_trace_that_is_missing_or_no_gzip_is_an_error() {
    let manifest = "trace_id,klass,cron,period_s\na,h1,0 * * * *,3600\n";
    let missing = folder(manifest, &[]);
    assert!(matches!(read(missing.path()), Err(TraceError::Read { .. })));
    let broken = folder(manifest, &[]);
    std::fs::write(broken.path().join("a.csv.gz"), "no gzip").unwrap();
    assert!(matches!(read(broken.path()), Err(TraceError::Read { .. })));
}

#[test]
fn an_empty_trace_is_counted() {
    assert_eq!(one("0 * * * *", "3600", "").troubles.empty_traces, 1);
}
