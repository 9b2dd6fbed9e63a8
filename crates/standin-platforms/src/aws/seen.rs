//! What is seen on Lambda: a function, its alias, its versions.

use std::str::FromStr;

use serde::Deserialize;
use standin_core::mesh::claim::Probed;

use super::AwsError;
use crate::api::encoded;
use crate::text::shown;

/// Longest name of a function and of an alias.
const MAX_NAME: usize = 64;
const MAX_ALIAS: usize = 128;

/// A function, and the alias by which it is called, written `NAME` or `NAME:ALIAS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRef {
    /// Its name.
    pub name: String,
    /// The alias; without one its newest code is what runs.
    pub alias: Option<String>,
}

impl FromStr for FunctionRef {
    type Err = AwsError;

    fn from_str(text: &str) -> Result<Self, AwsError> {
        let (name, alias) = match text.trim().split_once(':') {
            Some((name, alias)) => (name, Some(alias)),
            None => (text.trim(), None),
        };
        let fits = |text: &str, most: usize| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            !text.is_empty() && text.len() <= most && text.chars().all(plain)
        };
        // A number would be a version, which never changes.
        let is_alias = |alias: &str| fits(alias, MAX_ALIAS) && !alias.chars().all(|c| c.is_ascii_digit());
        if !fits(name, MAX_NAME) || !alias.is_none_or(is_alias) {
            let fix = "it has to be NAME or NAME:ALIAS, without its ARN and without a version";
            return Err(AwsError::Setting { what: "`function`", value: shown(text), fix });
        }
        Ok(Self { name: name.to_owned(), alias: alias.map(str::to_owned) })
    }
}

impl FunctionRef {
    /// What makes a request about the alias.
    pub(super) fn query(&self) -> String {
        self.alias.as_ref().map_or_else(String::new, |alias| format!("?Qualifier={}", encoded(alias)))
    }
}

/// Whether Lambda can run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can.
    Active,
    /// It is being made ready.
    Pending,
    /// It was not called for weeks; the next call makes it ready.
    Inactive,
    /// It cannot.
    Failed,
    /// Something that is not known here.
    Other,
}

/// How its last update ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// Well.
    Successful,
    /// It goes on.
    InProgress,
    /// Not well: what ran before still runs.
    Failed,
    /// Something that is not known here.
    Other,
}

/// A function, as Lambda shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its whole name, with the alias if it was asked for by that.
    pub arn: String,
    /// The version that this is: a number, or `$LATEST`.
    pub version: String,
    /// Whether it can run.
    pub state: State,
    /// How its last update ended.
    pub update: Update,
    /// Whether somebody has taken all concurrency from it, which is how a function is stopped by hand.
    pub is_stopped: bool,
}

impl Function {
    /// Whether Lambda would run it.
    pub const fn probed(&self) -> Probed {
        match (self.state, self.update) {
            (State::Failed | State::Inactive, _) | (_, Update::Failed) => Probed::Down,
            (State::Active, Update::Successful) => Probed::Well,
            (State::Active | State::Pending | State::Other, _) => Probed::Unknown,
        }
    }
}

/// What `GetFunction` answers, of which the environment and the code's address are left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionJson {
    configuration: ConfigurationJson,
    concurrency: Option<ConcurrencyJson>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigurationJson {
    function_arn: String,
    #[serde(default)]
    version: String,
    state: Option<String>,
    last_update_status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConcurrencyJson {
    reserved_concurrent_executions: Option<u64>,
}

impl FunctionJson {
    pub(super) fn read(self) -> Function {
        let Self { configuration: seen, concurrency } = self;
        Function {
            arn: seen.function_arn,
            version: seen.version,
            state: match seen.state.as_deref() {
                // Functions from before 2019 have none.
                Some("Active") | None => State::Active,
                Some("Pending") => State::Pending,
                Some("Inactive") => State::Inactive,
                Some("Failed") => State::Failed,
                Some(_) => State::Other,
            },
            update: match seen.last_update_status.as_deref() {
                Some("Successful") | None => Update::Successful,
                Some("InProgress") => Update::InProgress,
                Some("Failed") => Update::Failed,
                Some(_) => Update::Other,
            },
            is_stopped: concurrency.and_then(|c| c.reserved_concurrent_executions) == Some(0),
        }
    }
}

/// An alias, as Lambda shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasJson {
    pub(super) function_version: String,
    pub(super) revision_id: String,
    #[serde(default)]
    pub(super) description: String,
    routing_config: Option<RoutingJson>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoutingJson {
    #[serde(default)]
    additional_version_weights: Option<std::collections::BTreeMap<String, f64>>,
}

impl AliasJson {
    /// Whether it sends some calls to another version.
    pub(super) fn is_shifting(&self) -> bool {
        let weights = self.routing_config.as_ref().and_then(|r| r.additional_version_weights.as_ref());
        weights.is_some_and(|weights| !weights.is_empty())
    }
}

/// A page of versions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionsJson {
    versions: Vec<VersionJson>,
    pub(super) next_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionJson {
    version: String,
}

impl VersionsJson {
    /// Those that never change: `$LATEST` is none of them.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.versions.iter().filter_map(|version| version.version.parse().ok())
    }
}
