//! Secrets taken out of what a run prints.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

/// Shorter values stay: they are switches such as `true`, and no secret worth its name.
const MIN_BYTES: usize = 6;

/// What stands where a secret was.
const STARS: &[u8] = b"***";

/// The values that nobody is to read. Its `Debug` shows none.
#[derive(Default)]
pub(crate) struct Masks {
    values: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Masks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masks({})", self.values.len())
    }
}

impl Masks {
    /// Of these secrets; of one with several lines each line is one, because output comes by lines.
    pub(crate) fn of(secrets: &BTreeMap<String, SecretString>) -> Self {
        let lines = secrets.values().flat_map(|secret| secret.expose_secret().lines());
        let long = lines.map(str::trim).filter(|line| line.len() >= MIN_BYTES);
        let mut values: Vec<Vec<u8>> = long.map(|line| line.as_bytes().to_vec()).collect();
        // A value may be part of a longer one.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    /// The line without them.
    pub(crate) fn masked(&self, line: Vec<u8>) -> Vec<u8> {
        self.values.iter().fold(line, |line, value| replaced(line, value))
    }
}

fn replaced(line: Vec<u8>, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = line.as_slice();
    while let Some(at) = rest.windows(value.len()).position(|window| window == value) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(STARS);
        rest = after.get(value.len()..).unwrap_or_default();
    }
    if out.is_empty() {
        return line;
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_the_longest_first_and_line_by_line() {
        let secrets =
            [("A", "hunter2"), ("B", "hunter2-and-more"), ("C", "true"), ("D", "first line\nsecond line")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), SecretString::from(value))).into();
        let masks = Masks::of(&secrets);
        let masked = |line: &str| String::from_utf8_lossy(&masks.masked(line.into())).into_owned();
        assert_eq!(masked("a hunter2 b hunter2-and-more true"), "a *** b *** true");
        assert_eq!(masked("hunter2hunter2"), "******");
        assert_eq!(masked("> second line <"), "> *** <");
        assert!(!format!("{masks:?}").contains("hunter2"));
    }
}
