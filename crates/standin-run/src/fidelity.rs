//! What would be different on this host: said before anything runs, and enough to stop a run that would prove nothing.

use std::collections::BTreeSet;
use std::fmt;

use standin_core::automation::Need;
use standin_core::coverage::here::{self, Label};

/// What is known of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// As Rust names it: `linux`, `macos`.
    pub os: String,
    /// As Rust names it: `x86_64`, `aarch64`.
    pub arch: String,
    /// Names of the secrets that can be handed over, the empty ones too.
    pub secrets: BTreeSet<String>,
    /// Names of the variables that are given.
    pub variables: BTreeSet<String>,
}

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The run means nothing with it: it is not begun, unless somebody insists.
    Stops,
    /// Worth knowing.
    Differs,
}

/// One thing that is different here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// How much it matters.
    pub weight: Weight,
    /// What, in one sentence without a full stop.
    pub what: String,
    /// What to do about it, in the same form.
    pub fix: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.fix)
    }
}

pub(crate) fn stops(what: impl Into<String>, fix: impl Into<String>) -> Difference {
    Difference { weight: Weight::Stops, what: what.into(), fix: fix.into() }
}

pub(crate) fn differs(what: impl Into<String>, fix: impl Into<String>) -> Difference {
    Difference { weight: Weight::Differs, what: what.into(), fix: fix.into() }
}

/// What a workflow, with all that it calls, asks for here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// What its jobs need of a runner.
    pub needs: BTreeSet<Need>,
    /// Labels of the runners of its jobs.
    pub labels: BTreeSet<String>,
    /// Actions that its steps use.
    pub actions: BTreeSet<String>,
    /// What its token may do.
    pub permissions: BTreeSet<String>,
    /// Names of secrets.
    pub secrets: BTreeSet<String>,
    /// Whether it takes secrets that only running it tells.
    pub all_secrets: bool,
    /// Names of variables.
    pub variables: BTreeSet<String>,
    /// Workflows of other repositories that it calls.
    pub strangers: BTreeSet<String>,
}

/// What is different for a workflow that runs here, outside of any container, in this order: what stops it first.
pub fn of_workflow(asked: &Demands, host: &Host) -> Vec<Difference> {
    let mut found: Vec<Difference> = asked.needs.iter().filter_map(|need| of_need(*need)).collect();
    found.extend(asked.labels.iter().filter_map(|label| of_label(label, host)));
    let list = |names: Vec<&str>| (!names.is_empty()).then(|| names.join(", "));
    let is_here = |name: &&String| *name == "GITHUB_TOKEN" || host.secrets.contains(*name);
    if let Some(list) = list(asked.secrets.iter().filter(|name| !is_here(name)).map(String::as_str).collect())
    {
        let fix = "set them in the environment or in the file that --secrets names; write NAME= for one that may be empty";
        found.push(stops(format!("it uses secrets that are not here ({list})"), fix));
    }
    if asked.all_secrets {
        let fix = "put the ones that it needs into the file that --secrets names";
        found.push(differs(
            "which of the secrets it takes is computed, so that it gets all of the file's",
            fix,
        ));
    }
    let unset = asked.variables.iter().filter(|name| !host.variables.contains(*name)).map(String::as_str);
    if let Some(list) = list(unset.collect()) {
        let what = format!("it uses variables that are not here, and so are empty ({list})");
        found.push(differs(what, "give each by --var NAME=VALUE"));
    }
    if let Some(list) = list(asked.strangers.iter().map(String::as_str).collect()) {
        let what = format!(
            "it calls workflows of other repositories ({list}), and what they need is not looked into"
        );
        found.push(differs(what, "see that this host has what they ask for"));
    }
    found.extend(of_token(asked, host));
    let containers = asked.actions.iter().filter_map(|action| here::of_action(action));
    found.extend(containers.map(|stop| stops(stop.what, stop.fix)));
    found.sort();
    found.dedup();
    found
}

fn of_need(need: Need) -> Option<Difference> {
    if let Some(stop) = here::of_need(need) {
        return Some(stops(stop.what, stop.fix));
    }
    match need {
        Need::Artifacts => {
            Some(differs("artifacts are kept for this run only", "keep what matters by a step of its own"))
        }
        Need::Cache => Some(differs("GitHub's cache is not here", "expect it to be slower")),
        Need::Environment => Some(differs(
            "the deployment environment's secrets, approvals and protection rules do not hold here",
            "see that its secrets are in the file that --secrets names",
        )),
        Need::Container | Need::Services | Need::Oidc | Need::Parallel => None,
    }
}

fn of_label(label: &str, host: &Host) -> Option<Difference> {
    if let Some(stop) = here::of_label(label, Some(&host.os)) {
        return Some(stops(stop.what, stop.fix));
    }
    match here::label(label) {
        Label::Computed => Some(differs(
            format!("runners are computed ({label}), and all of those jobs run here"),
            "expect those for another system to fail",
        )),
        Label::Chip => None,
        Label::Own => Some(differs(
            format!("a job asks for a runner of its own ({label})"),
            "see that this host has what that runner has",
        )),
        Label::System(_) => {
            let other_chip = label.to_ascii_lowercase().ends_with("-arm") && host.arch != "aarch64";
            other_chip.then(|| {
                differs(
                    format!("a job runs on {label}, and this host is {}", host.arch),
                    "expect other binaries",
                )
            })
        }
    }
}

/// The token here is somebody's own, if there is one at all.
fn of_token(asked: &Demands, host: &Host) -> Option<Difference> {
    let writes: Vec<&str> =
        asked.permissions.iter().map(String::as_str).filter(|right| right.contains("write")).collect();
    if writes.is_empty() && !asked.secrets.contains("GITHUB_TOKEN") {
        return None;
    }
    let rights = if writes.is_empty() { String::new() } else { format!(" ({})", writes.join(", ")) };
    Some(if host.secrets.contains("GITHUB_TOKEN") {
        let what = format!(
            "GITHUB_TOKEN is yours, and not limited to the rights that the workflow asks for{rights}"
        );
        differs(what, "give it a token with those rights only")
    } else {
        let what = format!("there is no GITHUB_TOKEN, and it has rights on GitHub{rights}");
        differs(what, "set GITHUB_TOKEN to a token with those rights only")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn host() -> Host {
        Host {
            os: "linux".into(),
            arch: "x86_64".into(),
            secrets: BTreeSet::from(["HERE".to_owned()]),
            variables: BTreeSet::from(["GIVEN".to_owned()]),
        }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn of(change: impl FnOnce(&mut Demands), secrets: &[&str]) -> Vec<(Weight, String)> {
        let mut asked =
            Demands { labels: set(&["ubuntu-latest"]), secrets: set(secrets), ..Demands::default() };
        change(&mut asked);
        of_workflow(&asked, &host()).into_iter().map(|d| (d.weight, d.what)).collect()
    }

    #[test]
    fn a_plain_workflow_is_the_same_here() {
        assert_eq!(of(|_| {}, &["HERE"]), []);
    }

    #[test]
    fn what_makes_a_run_meaningless_stops_it() {
        for need in [Need::Container, Need::Services, Need::Oidc, Need::Parallel] {
            let found = of(|w| w.needs = [need].into(), &[]);
            assert_eq!((found.len(), found[0].0), (1, Weight::Stops), "{need:?}: {found:?}");
        }
        for label in ["windows-latest", "macos-14", "Windows-2025"] {
            assert_eq!(of(|w| w.labels = set(&[label]), &[])[0].0, Weight::Stops, "{label}");
        }
        let found = of(|_| {}, &["HERE", "GONE", "GITHUB_TOKEN", "LOST"]);
        assert!(found[0].1.contains("(GONE, LOST)") && found[0].0 == Weight::Stops, "{found:?}");
        assert_eq!(of(|w| w.actions = set(&["docker://alpine:3"]), &[])[0].0, Weight::Stops);
    }

    #[test]
    fn what_is_only_different_is_said() {
        assert_eq!(of(|w| w.needs = [Need::Artifacts].into(), &[])[0].0, Weight::Differs);
        let found = of(|w| w.variables = set(&["GIVEN", "LACKING"]), &[]);
        assert!(found[0].0 == Weight::Differs && found[0].1.contains("(LACKING)"), "{found:?}");
        assert!(of(|w| w.all_secrets = true, &[])[0].1.contains("computed"));
        assert!(of(|w| w.strangers = set(&["o/r/.github/workflows/x.yml@v1"]), &[])[0].1.contains("o/r/"));
        for label in ["self-hosted", "gpu-large", "${{ matrix.os }}", "ubuntu-24.04-arm"] {
            assert_eq!(of(|w| w.labels = set(&[label]), &[])[0].0, Weight::Differs, "{label}");
        }
        assert_eq!(of(|w| w.labels = set(&["linux", "x64"]), &[]), []);
        let token = of(|w| w.permissions = set(&["contents: write", "issues: read"]), &[]);
        assert!(
            token[0].1.contains("no GITHUB_TOKEN") && token[0].1.contains("(contents: write)"),
            "{token:?}"
        );
        assert_eq!(of(|w| w.needs = [Need::Cache, Need::Environment].into(), &[]).len(), 2);
    }

    #[test]
    fn what_stops_comes_first() {
        let found = of(|w| w.needs = [Need::Cache, Need::Oidc].into(), &[]);
        assert_eq!([found[0].0, found[1].0], [Weight::Stops, Weight::Differs]);
    }
}
