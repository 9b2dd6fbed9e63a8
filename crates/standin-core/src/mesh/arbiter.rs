//! Which store decides for which target: a function of the configuration, never of what can be reached. A watcher that
//! cannot reach the arbiter does nothing; it never asks another one.

use serde::{Deserialize, Serialize};

use crate::ident::Domain;

/// A sort of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// The agent's own database.
    Sqlite,
    /// Refs of a GitHub repository.
    GithubRefs,
    /// A DynamoDB table.
    DynamoDb,
    /// A bucket of S3, or of something that speaks like it.
    S3,
    /// A bucket of Google Cloud Storage.
    Gcs,
    /// A container of Azure's blob storage.
    Azure,
    /// Netlify Blobs: evidence only, its conditional writes are none.
    NetlifyBlobs,
}

/// What the conformance suite said of a store's compare-and-swap, when the store was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conformance {
    /// It has one.
    Passed,
    /// It has none, or has not been asked.
    NotPassed,
}

/// One configured store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConfiguredStore {
    /// Its name in the configuration.
    pub name: String,
    /// Its sort.
    pub kind: StoreKind,
    /// Whether it may hold decisions.
    pub conformance: Conformance,
}

/// Who decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Arbiter {
    /// This store, by name.
    Home(String),
    /// A majority of these three, by name.
    Quorum([String; 3]),
}

/// How decisions are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode<'a> {
    /// By the store that fails together with the target.
    Home,
    /// By a majority of these, by name.
    Quorum(&'a [String]),
}

/// Why nobody can decide. Nothing was changed: the target is watched and alerted, and nothing is done to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArbiterError {
    /// No configured store may decide for targets of this domain.
    #[error("no store that may hold decisions is configured for targets on {0}")]
    None(Domain),
    /// A quorum is of three: two tolerate no failure at all, and more are not supported.
    #[error("a quorum is of exactly three stores, not of {0}")]
    Size(usize),
    /// A store of the quorum is named twice.
    #[error("the store `{0}` is in the quorum twice")]
    Twice(String),
    /// A store of the quorum is not configured, or may not hold decisions.
    #[error("the store `{0}` cannot hold decisions")]
    Unfit(String),
}

impl ConfiguredStore {
    /// Whether it may hold decisions: it has passed, and is of a sort that can.
    pub fn may_decide(&self) -> bool {
        self.conformance == Conformance::Passed && self.kind != StoreKind::NetlifyBlobs
    }
}

/// The sorts of stores that decide for targets of a domain, the first choice first.
const fn homes(domain: Domain) -> &'static [StoreKind] {
    use StoreKind::{Azure, DynamoDb, Gcs, GithubRefs, S3, Sqlite};
    match domain {
        Domain::Github => &[GithubRefs],
        Domain::Host => &[Sqlite],
        Domain::Netlify | Domain::Aws => &[DynamoDb, S3, Gcs, Azure, GithubRefs],
        Domain::Elsewhere => &[GithubRefs, DynamoDb, S3, Gcs, Azure, Sqlite],
    }
}

/// Who decides for targets of a domain.
///
/// # Errors
/// [`ArbiterError`], why nobody can.
pub fn arbiter(domain: Domain, stores: &[ConfiguredStore], mode: Mode<'_>) -> Result<Arbiter, ArbiterError> {
    match mode {
        Mode::Home => {
            let of_kind = |kind| stores.iter().filter(move |s| s.kind == kind && s.may_decide());
            // Of several of one sort the first by name: the order in a file decides nothing.
            let home = homes(domain).iter().find_map(|kind| of_kind(*kind).map(|s| &s.name).min());
            home.cloned().map(Arbiter::Home).ok_or(ArbiterError::None(domain))
        }
        Mode::Quorum(names) => quorum(stores, names),
    }
}

fn quorum(stores: &[ConfiguredStore], names: &[String]) -> Result<Arbiter, ArbiterError> {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let three: [String; 3] = sorted.try_into().map_err(|all: Vec<_>| ArbiterError::Size(all.len()))?;
    for pair in three.windows(2) {
        if let [a, b] = pair
            && a == b
        {
            return Err(ArbiterError::Twice(a.clone()));
        }
    }
    for name in &three {
        if !stores.iter().any(|s| s.name == *name && s.may_decide()) {
            return Err(ArbiterError::Unfit(name.clone()));
        }
    }
    Ok(Arbiter::Quorum(three))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str, kind: StoreKind) -> ConfiguredStore {
        ConfiguredStore { name: name.into(), kind, conformance: Conformance::Passed }
    }

    fn home(domain: Domain, stores: &[ConfiguredStore]) -> Result<String, ArbiterError> {
        match arbiter(domain, stores, Mode::Home)? {
            Arbiter::Home(name) => Ok(name),
            Arbiter::Quorum(three) => panic!("{three:?}"),
        }
    }

    #[test]
    fn each_domain_has_its_home() {
        let mut stores = vec![store("here", StoreKind::Sqlite), store("repo", StoreKind::GithubRefs)];
        for (domain, name) in [
            (Domain::Github, "repo"),
            (Domain::Host, "here"),
            (Domain::Netlify, "repo"),
            (Domain::Aws, "repo"),
            (Domain::Elsewhere, "repo"),
        ] {
            assert_eq!(home(domain, &stores).as_deref(), Ok(name), "{domain}");
        }
        stores.push(store("bucket", StoreKind::S3));
        stores.push(store("another", StoreKind::S3));
        assert_eq!(home(Domain::Aws, &stores).as_deref(), Ok("another"));
        assert_eq!(home(Domain::Github, &stores).as_deref(), Ok("repo"), "it fails together with its target");
    }

    #[test]
    fn a_store_that_has_not_passed_decides_nothing() {
        let unproved =
            ConfiguredStore { conformance: Conformance::NotPassed, ..store("repo", StoreKind::GithubRefs) };
        assert_eq!(home(Domain::Github, &[unproved]), Err(ArbiterError::None(Domain::Github)));
        let blobs = [store("blobs", StoreKind::NetlifyBlobs)];
        assert_eq!(home(Domain::Netlify, &blobs), Err(ArbiterError::None(Domain::Netlify)));
    }

    #[test]
    fn a_quorum_is_of_three_different_stores_that_may_decide() {
        let stores = [store("a", StoreKind::S3), store("b", StoreKind::Gcs), store("c", StoreKind::DynamoDb)];
        let ask = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            arbiter(Domain::Aws, &stores, Mode::Quorum(&names))
        };
        let three = Arbiter::Quorum(["a", "b", "c"].map(str::to_owned));
        assert_eq!(ask(&["c", "a", "b"]), Ok(three), "in whatever order they are written");
        assert_eq!(ask(&["a", "b"]), Err(ArbiterError::Size(2)));
        assert_eq!(ask(&["a", "b", "b"]), Err(ArbiterError::Twice("b".into())));
        assert_eq!(ask(&["a", "b", "x"]), Err(ArbiterError::Unfit("x".into())));
    }
}
