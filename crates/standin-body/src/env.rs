//! The environment as a value: which variables there are. Secrets come from here alone.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

/// Variables by name. `Debug` shows names only.
#[derive(Debug, Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, SecretString>,
}

impl Env {
    /// Those of this process. What is not text, or empty, is not there.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            (!value.is_empty()).then(|| (name, SecretString::from(value)))
        };
        Self { variables: std::env::vars_os().filter_map(text).collect() }
    }

    /// These, for tests and for the Action's inputs.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: pairs.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect() }
    }

    /// Sets one, over what was there.
    pub fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), SecretString::from(value));
    }

    /// A secret.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.variables.get(name).cloned()
    }

    /// What is no secret.
    pub fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| value.expose_secret().to_owned())
    }

    /// All whose names begin with one of these, for libraries that take their keys as variables.
    pub fn beginning_with(&self, prefixes: &[&str]) -> BTreeMap<String, String> {
        let all = self.variables.iter();
        let theirs = all.filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)));
        theirs.map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect()
    }

    /// The first of these that is there.
    pub fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }
}
