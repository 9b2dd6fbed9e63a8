//! The schedule against Python's croniter, with its Vixie flag, on a fixed sample of random expressions.
//!
//! Known differences, left out here: croniter reads a range of one number (`5-5`) as the whole field, and it takes a
//! day field that lists every day (`0-6`, `1-31`) for `*`, so that it no longer makes either field enough.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the oracle's interpreter is named by the environment")]

mod schedule_cases;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use schedule_cases::{Case, FieldCase, sample};
use serde_json::{Value, json};
use standin_core::schedule::Schedule;

const EXPRESSIONS: usize = 3000;
const SLOTS: usize = 4;
/// The exit code of the oracle when croniter is not installed.
const NO_CRONITER: i32 = 3;
/// 2100-12-31 23:59:59, the last second that is searched.
const LAST_SECOND: i64 = 4_133_980_799;

#[test]
fn agrees_with_croniter() {
    let cases: Vec<(Case, i64)> = sample(EXPRESSIONS)
        .into_iter()
        .filter(|case| case.can_fire() && croniter_reads_it(case))
        .enumerate()
        // Instants spread over 1973 to 2068, off the minute.
        .map(|(index, case)| (case, 100_000_000 + i64::try_from(index).unwrap() * 1_000_003))
        .collect();
    let Some(answers) = ask(&cases) else { return };
    assert_eq!(answers.len(), cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .zip(&answers)
        .filter_map(|((case, after), answer)| differs(case, *after, answer))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("croniter agrees on {} expressions", cases.len());
}

fn croniter_reads_it(case: &Case) -> bool {
    let one_number = |item: &str| {
        let range = item.split('/').next().unwrap();
        range.split_once('-').is_some_and(|(from, to)| from == to)
    };
    let [_, _, day, _, weekday] = &case.fields;
    let listed_in_full = |field: &FieldCase, all: usize| field.values.len() == all && !field.starred;
    !case.fields.iter().any(|field| field.text.split(',').any(one_number))
        && !listed_in_full(day, 31)
        && !listed_in_full(weekday, 7)
}

fn differs(case: &Case, after: i64, answer: &Value) -> Option<String> {
    let schedule = Schedule::parse(&case.text(), "UTC").unwrap();
    let mut instant = Timestamp::from_second(after).unwrap();
    let mut ours = Vec::new();
    for _ in 0..SLOTS {
        let Some(next) = schedule.next_after(instant) else { break };
        ours.push(next.as_second());
        instant = next;
    }
    let theirs: Vec<i64> =
        answer["next"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    let theirs: Vec<i64> = theirs.into_iter().filter(|second| *second <= LAST_SECOND).collect();
    let just_before = Timestamp::from_second(after - 1).unwrap();
    let previous = schedule.previous_at_or_before(just_before).map(Timestamp::as_second);
    let their_previous = answer["previous"].as_i64().filter(|second| *second >= 0);
    let same = ours == theirs && previous == their_previous && answer.get("error").is_none();
    (!same).then(|| format!("{case:?} after {after}: {ours:?} {previous:?}, croniter {answer}"))
}

/// The oracle's answers; `None`, with a line that says why, when it is not installed.
fn ask(cases: &[(Case, i64)]) -> Option<Vec<Value>> {
    let questions: String = cases
        .iter()
        .map(|(case, after)| json!({"cron": case.text(), "after": after, "count": SLOTS}).to_string() + "\n")
        .collect();
    let python = interpreter();
    let output = match run(&python, questions) {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: {} does not start ({error})", python.display());
            return None;
        }
    };
    if output.status.code() == Some(NO_CRONITER) {
        println!("skipped: {} has no croniter", python.display());
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn interpreter() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(std::env::var_os("STANDIN_PYTHON").unwrap_or_else(|| ".tools/py/bin/python3".into()))
}

fn run(python: &Path, questions: String) -> std::io::Result<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/croniter_oracle.py");
    let mut oracle = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = oracle.stdin.take().unwrap();
    // Written beside the reading, so that full pipes cannot stop both sides.
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = oracle.wait_with_output()?;
    // The oracle may end before it has read everything, which its exit code tells better.
    drop(writer.join());
    Ok(output)
}
