//! Loaders that are written in Python.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What an oracle says of each text. `None`, with a word, where it is not installed.
pub(crate) fn ask(
    (variable, default): (&str, &str),
    script: &str,
    arguments: &[impl AsRef<std::ffi::OsStr>],
) -> Option<Vec<Value>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../..").join(std::env::var_os(variable).unwrap_or_else(|| default.into()));
    if !python.is_file() {
        println!("skipped: {} is not there", python.display());
        return None;
    }
    let mut command = Command::new(&python);
    command.arg(here.join("tests/oracles").join(script)).args(arguments);
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    Some(serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{complaint}")))
}
