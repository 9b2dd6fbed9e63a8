//! What a store must do before it may hold decisions, tried on the store itself.
//!
//! This is no test code: `standin doctor --stores` runs it on the user's own store. It writes only under names that
//! begin with `conformance/<run>/`, ends within a named time, and removes what it wrote.

mod bench;
mod faults;
mod races;
mod shelf;
mod single;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

pub use faults::lost_answers;
pub use shelf::shelf;

use super::Cells;
use bench::Bench;

/// How often a check is tried again, under another name, when the store's answers did not come.
const MAX_TRIES: u32 = 3;

/// How much longer than its extent says a run may last, to remove what it wrote.
const CLEANING: Duration = Duration::from_secs(30);

/// How much is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// What this run is called in the names that it writes: a random word, so that two runs do not meet.
    pub run: String,
    /// How many write at once in a race.
    pub writers: usize,
    /// How many races of a kind are run.
    pub rounds: u32,
    /// How many cells are listed at once. More than the store puts on a page.
    pub listed: usize,
    /// How long one request may take.
    pub request: Duration,
    /// How long all checks together may take. What has not been tried by then is unclear.
    pub total: Duration,
}

impl Extent {
    /// All of it: 8 writers, 50 rounds. About 1,700 requests.
    pub fn full() -> Self {
        Self {
            run: uuid::Uuid::new_v4().simple().to_string().split_off(20),
            writers: 8,
            rounds: 50,
            listed: 120,
            request: Duration::from_secs(10),
            total: Duration::from_secs(240),
        }
    }

    /// For stores that count requests, such as GitHub: 8 writers, 5 rounds. About 200 requests.
    pub fn short() -> Self {
        Self { rounds: 5, listed: 5, ..Self::full() }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The store did what it must.
    Passed,
    /// The store broke a promise. It must not decide anything.
    Broken,
    /// It could not be found out: the store did not answer, or the time was over. What is not known is not relied on.
    Unclear,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was tried: a stable name of lower-case words joined by hyphens.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, or what was seen, in one sentence.
    pub why: String,
}

/// What a run found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conformance {
    /// All checks, in the order in which they ran.
    pub checks: Vec<Check>,
}

impl Conformance {
    /// Whether the store did all that it must.
    pub fn is_passed(&self) -> bool {
        !self.checks.is_empty() && self.refusals().next().is_none()
    }

    /// The checks because of which the store is refused.
    pub fn refusals(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome != Outcome::Passed)
    }

    /// The check of this name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

impl fmt::Display for Conformance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let word = match check.outcome {
                Outcome::Passed => "passed",
                Outcome::Broken => "BROKEN",
                Outcome::Unclear => "unclear",
            };
            writeln!(f, "{word:8} {:22} {}", check.name, check.why)?;
        }
        Ok(())
    }
}

/// What speaks against a store.
#[derive(Debug)]
enum Finding {
    /// It did what it must not.
    Broken(String),
    /// It did not answer.
    Unclear(String),
}

/// What a check saw, in words, or what speaks against the store.
type Seen = Result<String, Finding>;

fn broken<T>(why: impl Into<String>) -> Result<T, Finding> {
    Err(Finding::Broken(why.into()))
}

fn unclear<T>(why: impl Into<String>) -> Result<T, Finding> {
    Err(Finding::Unclear(why.into()))
}

/// Whether the cells of a store may hold decisions.
///
/// `clients` are connections to the same store: two or more that share no memory, so that what one of them keeps to
/// itself is noticed. With one alone, that cannot be seen.
pub async fn cells<C: Cells>(clients: &[C], extent: &Extent) -> Conformance {
    let mut found = Conformance::default();
    let Some(bench) = Bench::new(clients, extent) else { return found };
    macro_rules! run {
        ($($name:literal => $check:path),+ $(,)?) => {$(
            let mut tries = 0;
            let seen = loop {
                tries += 1;
                let folder = format!("{}{}-{tries}/", bench.prefix(), $name);
                let seen = match bench.in_time($check(&bench, &folder)).await {
                    None => unclear("the time was over"),
                    Some(seen) => seen,
                };
                let is_worth_another = matches!(seen, Err(Finding::Unclear(_))) && bench.is_in_time();
                if !is_worth_another || tries >= MAX_TRIES {
                    break seen;
                }
            };
            found.checks.push(told($name, seen));
        )+};
    }
    run! {
        "nothing-is-nothing" => single::nothing_is_nothing,
        "create-if-absent" => single::create_if_absent,
        "stale-is-refused" => single::stale_is_refused,
        "versions-never-repeat" => single::versions_never_repeat,
        "own-write-is-read" => single::own_write_is_read,
        "creates-race" => races::creates,
        "swaps-race" => races::swaps,
        "removals-race" => races::removals,
        "time-never-goes-back" => races::time_never_goes_back,
        "large-values" => single::large_values,
        "odd-names" => single::odd_names,
        "listing" => single::listing,
    }
    found.checks.push(told("clock-runs", bench.clock()));
    found.checks.push(told("cleaned-up", bench.clean(CLEANING).await));
    found
}

/// One line of the result.
fn told(name: &'static str, seen: Seen) -> Check {
    let (outcome, why) = match seen {
        Ok(why) => (Outcome::Passed, why),
        Err(Finding::Broken(why)) => (Outcome::Broken, why),
        Err(Finding::Unclear(why)) => (Outcome::Unclear, why),
    };
    Check { name, outcome, why }
}
