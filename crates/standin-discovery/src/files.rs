//! Reads one file, within limits; whatever is wrong with it is a finding.

use std::fs::{File, Metadata};
use std::io::Read;

use standin_core::automation::{Finding, Severity};

use crate::asked::{Answer, Root};
use crate::cache::Stamp;
use crate::findings::finding;
use crate::limits::MAX_FILE_BYTES;

/// The text of a file of at most [`MAX_FILE_BYTES`], without a byte order mark.
///
/// # Errors
/// The finding that says why there is no text.
pub(crate) fn read(root: &Root, path: &str) -> Result<String, Finding> {
    // A pipe would block whoever opens it, so the kind is asked for first.
    let about = ask(root, path).map_err(|error| unreadable(path, &error))?;
    read_known(root, path, &about)
}

/// What the system says of a file.
pub(crate) fn ask(root: &Root, path: &str) -> std::io::Result<Metadata> {
    let about = std::fs::metadata(root.join(path));
    root.note(path, Answer::Stamp(about.as_ref().ok().map(Stamp::new)));
    about
}

/// As [`read`], where the system has been asked already.
pub(crate) fn read_known(root: &Root, path: &str, about: &Metadata) -> Result<String, Finding> {
    if !about.is_file() {
        return Err(not_a_file(path));
    }
    if about.len() > MAX_FILE_BYTES {
        return Err(too_large(path));
    }
    let bytes = bytes(root, path, about).map_err(|error| unreadable(path, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(too_large(path));
    }
    let text = decode(path, bytes)?;
    match conflict(&text) {
        Some(line) => Err(conflicted(path, line)),
        None => Ok(text),
    }
}

/// The bytes of a file, and at most one more than there may be. Most are read at one go.
fn bytes(root: &Root, path: &str, about: &Metadata) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(root.join(path))?;
    let length = usize::try_from(about.len()).unwrap_or(0);
    let mut bytes = vec![0; length.saturating_add(1)];
    let first = file.read(&mut bytes)?;
    bytes.truncate(first);
    if first != length {
        let most = MAX_FILE_BYTES.saturating_add(1).saturating_sub(u64::try_from(first).unwrap_or(u64::MAX));
        file.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The line on which Git marks the first part of a conflict that nobody has resolved.
fn conflict(text: &str) -> Option<u32> {
    // Most files have no such mark, which is quickly seen.
    text.contains("<<<<<<< ").then_some(())?;
    let mut opened = None;
    for (line, text) in (1_u32..).zip(text.lines()) {
        match opened {
            Some(_) | None if text.starts_with("<<<<<<< ") => opened = Some((line, false)),
            Some((first, false)) if text == "=======" => opened = Some((first, true)),
            Some((first, true)) if text.starts_with(">>>>>>> ") => return Some(first),
            Some(_) | None => {}
        }
    }
    None
}

fn conflicted(path: &str, line: u32) -> Finding {
    let message = "a merge has left its conflict markers here";
    let fix = "Choose one of the two sides, and delete the lines with the markers.";
    finding("conflict-markers", Severity::Error, path, line, message, fix)
}

/// The size of a file, if it is one.
pub(crate) fn size(root: &Root, path: &str) -> Option<u64> {
    ask(root, path).ok().filter(Metadata::is_file).map(|about| about.len())
}

fn decode(path: &str, bytes: Vec<u8>) -> Result<String, Finding> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(not_text(path, 1, "the file is UTF-16"));
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(not_text(path, line_of(&bytes, at), "the file holds a NUL byte: it is no text"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(not_text(path, line_of(error.as_bytes(), at), "the file is not UTF-8"))
        }
    }
}

fn line_of(bytes: &[u8], at: usize) -> u32 {
    let breaks = bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks.saturating_add(1)).unwrap_or(u32::MAX)
}

fn unreadable(path: &str, error: &std::io::Error) -> Finding {
    let message = format!("the file cannot be read: {}", error.kind());
    finding("file-unreadable", Severity::Error, path, 1, message, "Give the right to read it, or delete it.")
}

pub(crate) fn not_a_file(path: &str) -> Finding {
    let message = "this is a folder, a pipe or a device under a file's name: it was not opened";
    finding("not-a-file", Severity::Error, path, 1, message, "Put a file here, or give it another name.")
}

fn too_large(path: &str) -> Finding {
    let message = format!("the file is larger than {} KiB: it was not read", MAX_FILE_BYTES >> 10);
    finding(
        "file-too-large",
        Severity::Error,
        path,
        1,
        message,
        "Make it smaller, or ignore it in .gitignore.",
    )
}

fn not_text(path: &str, line: u32, message: &str) -> Finding {
    finding("not-text", Severity::Error, path, line, message, "Save it as UTF-8, or give it another name.")
}
