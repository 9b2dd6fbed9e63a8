//! What the runner is told: outputs, annotations, the summary of the job.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::{Context, Result};
use standin_body::alerts::{Alert, Level};
use standin_body::env::Env;

/// Longest summary of a step that GitHub takes, in bytes.
const MAX_SUMMARY: usize = 1024 * 1024;

/// Adds `name=value` to the step's outputs. A value of several lines is delimited by a word that is not in it.
pub(crate) fn output(env: &Env, name: &str, value: &str) -> Result<()> {
    let mut delimiter = "STANDIN".to_owned();
    while value.contains(&delimiter) {
        delimiter.push('_');
    }
    append(env, "GITHUB_OUTPUT", &format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

/// Adds to the summary of the job.
pub(crate) fn summary(env: &Env, markdown: &str) -> Result<()> {
    let text =
        if markdown.len() > MAX_SUMMARY { "The summary is too long for this page.\n" } else { markdown };
    append(env, "GITHUB_STEP_SUMMARY", text)
}

fn append(env: &Env, variable: &str, text: &str) -> Result<()> {
    let Some(path) = env.text(variable) else { return Ok(()) };
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .with_context(|| format!("{path} cannot be written"))?;
    file.write_all(text.as_bytes()).with_context(|| format!("{path} cannot be written"))
}

/// Writes everything that was seen to a file of the run, and says where it is.
pub(crate) fn write_report<T: serde::Serialize>(env: &Env, name: &str, said: &T) -> Result<String> {
    let folder =
        env.text("RUNNER_TEMP").unwrap_or_else(|| std::env::temp_dir().to_string_lossy().into_owned());
    let path = std::path::Path::new(&folder).join(name);
    std::fs::write(&path, serde_json::to_vec_pretty(said)?)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path.to_string_lossy().into_owned())
}

/// One annotation of the run.
pub(crate) fn annotate(level: Level, title: &str, text: &str) {
    let word = match level {
        Level::Good => "notice",
        Level::Warning => "warning",
        Level::Critical => "error",
    };
    println!("::{word} title={}::{}", property(title), message(text));
}

pub(crate) fn annotate_alert(alert: &Alert) {
    annotate(alert.level, &alert.about, &alert.text);
}

/// The runner reads commands line by line: what would end one is written otherwise.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_cannot_end_its_output_nor_a_text_its_annotation() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let env = Env::of([("GITHUB_OUTPUT".to_owned(), path.to_string_lossy().into_owned())]);
        output(&env, "plan", "a\nSTANDIN\nevil=1").unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, "plan<<STANDIN_\na\nSTANDIN\nevil=1\nSTANDIN_\n");
        assert_eq!(message("50 %\n::set-output::x"), "50 %25%0A::set-output::x");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
