//! The output of runs: bounded on disk and when it is read.
//!
//! A limit of the shell (`ulimit -f`) would also cut the files that a command is there to write, such as a backup, and
//! a pipe would need a reader that outlives the agent. So the file grows freely and is cut now and then, in place:
//! the run appends, so whatever it writes next lands behind what was kept. What it writes during the cut can be lost.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;
use secrecy::ExposeSecret;

use super::RunSpec;

/// A larger output file is cut.
pub const MAX_OUTPUT_BYTES: u64 = 10_000_000;

/// So much of its end is kept then.
pub const KEPT_OUTPUT_BYTES: u64 = 1_000_000;

/// Shorter values are left in a text: they are switches such as `true`, and no secret worth its name.
const MIN_SECRET_BYTES: usize = 6;

/// What stands where a secret was.
const STARS: &str = "***";

/// Cuts the file if it is too large.
pub(super) fn bound(path: &Path) -> io::Result<()> {
    let size = std::fs::metadata(path)?.len();
    if size <= MAX_OUTPUT_BYTES {
        return Ok(());
    }
    let kept = end_of(path, KEPT_OUTPUT_BYTES)?;
    let gone = size.saturating_sub(KEPT_OUTPUT_BYTES);
    let mut file = OpenOptions::new().append(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)?;
    file.set_len(0)?;
    let mut text = format!("[standin: {gone} bytes of output are left out]\n").into_bytes();
    text.extend_from_slice(&kept);
    file.write_all(&text)
}

/// The last part of the file as text, at most `max` bytes; it begins with a whole line unless that line is longer.
pub(super) fn tail(path: &Path, max: usize) -> String {
    let max = u64::try_from(max).unwrap_or(u64::MAX).min(MAX_OUTPUT_BYTES);
    let cut = std::fs::metadata(path).is_ok_and(|m| m.len() > max);
    let Ok(bytes) = end_of(path, max) else { return String::new() };
    let from = if cut { bytes.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1) } else { 0 };
    let whole = bytes.get(from..).filter(|rest| !rest.is_empty()).unwrap_or(&bytes);
    String::from_utf8_lossy(whole).into_owned()
}

/// The text without the values of the variables that the command was given for itself: its environment is where
/// secrets belong, and a log is read by more people than a command.
pub(super) fn masked(text: String, spec: &RunSpec) -> String {
    let set = spec.env.values().map(|value| value.expose_secret().to_owned());
    let passed = spec.env_from.iter().filter_map(|name| std::env::var(name).ok());
    let mut values: Vec<String> = set.chain(passed).filter(|value| value.len() >= MIN_SECRET_BYTES).collect();
    // A value may be part of a longer one.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.iter().fold(text, |text, value| text.replace(value.as_str(), STARS))
}

/// The end of the text that takes at most `max` bytes in JSON, where a control character takes six. It begins with a
/// whole line unless that line is longer.
pub(super) fn end_for_json(text: &str, max: usize) -> &str {
    let mut left = max;
    let fits = |(_, c): &(usize, char)| match left.checked_sub(in_json(*c)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let from = text.char_indices().rev().take_while(fits).last().map_or(text.len(), |(at, _)| at);
    let (cut, kept) = text.split_at_checked(from).unwrap_or_default();
    if cut.is_empty() || cut.ends_with('\n') {
        return kept;
    }
    match kept.split_once('\n') {
        Some((_, whole)) if !whole.is_empty() => whole,
        Some(_) | None => kept,
    }
}

/// The bytes that a character takes in a JSON text.
const fn in_json(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

fn end_of(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(max)))?;
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    #[test]
    fn values_of_the_environment_are_masked_the_longest_first_and_switches_are_not() {
        let env = [("A", "hunter2"), ("B", "hunter2-and-more"), ("C", "true")];
        let spec = RunSpec {
            command: String::new(),
            dir: "/".into(),
            env: env
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            // Set for every test by the program that builds and runs it.
            env_from: vec!["CARGO_MANIFEST_DIR".to_owned(), "NOT_SET_ANYWHERE".to_owned()],
            time_limit: Duration::ZERO,
        };
        let text =
            format!("hunter2 hunter2-and-more true in {}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
        assert_eq!(masked(text, &spec), "*** *** true in ***");
    }

    #[test]
    fn an_output_fits_its_line_of_the_log_whatever_it_is_made_of() {
        let max = 1_000;
        for piece in [
            "\u{1b}",
            "\u{1}\n",
            "\0",
            "\u{fffd}",
            "\"",
            "\\",
            "a",
            "\t\u{8}\u{c}\r",
            "\u{7f}\u{85}é\u{2028}",
        ] {
            let text = piece.repeat(2_000);
            let kept = end_for_json(&text, max);
            let size = serde_json::to_string(kept).map_or(0, |json| json.len() - 2);
            assert!(size <= max && size > max - 40, "{piece:?}: {size}");
            assert!(text.ends_with(kept));
        }
    }

    #[test]
    fn the_end_of_an_output_begins_with_a_whole_line() {
        assert_eq!(end_for_json("one\ntwo\n", 100), "one\ntwo\n");
        assert_eq!(end_for_json("one\ntwo\n", 7), "two\n");
        assert_eq!(end_for_json("one\ntwo\n", 5), "two\n");
        assert_eq!(end_for_json("a line that is too long\n", 6), "long\n");
        assert_eq!(end_for_json("\u{1b}", 5), "");
    }
}
