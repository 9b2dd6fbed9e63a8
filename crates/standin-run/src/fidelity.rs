//! What would be different on this host: said before anything runs, and enough to stop a run that would prove nothing.

use std::collections::BTreeSet;
use std::fmt;

use standin_core::automation::{Need, Workflow};

/// What is known of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// As Rust names it: `linux`, `macos`.
    pub os: String,
    /// As Rust names it: `x86_64`, `aarch64`.
    pub arch: String,
    /// Names of the secrets that can be handed over, the empty ones too.
    pub secrets: BTreeSet<String>,
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

fn stops(what: impl Into<String>, fix: impl Into<String>) -> Difference {
    Difference { weight: Weight::Stops, what: what.into(), fix: fix.into() }
}

fn differs(what: impl Into<String>, fix: impl Into<String>) -> Difference {
    Difference { weight: Weight::Differs, what: what.into(), fix: fix.into() }
}

/// What is different for a workflow that runs here, outside of any container, in this order: what stops it first.
/// `secrets` are the names that its files use.
pub fn of_workflow(workflow: &Workflow, secrets: &BTreeSet<String>, host: &Host) -> Vec<Difference> {
    let mut found: Vec<Difference> = workflow.needs.iter().map(|need| of_need(*need, workflow)).collect();
    found.extend(workflow.labels.iter().filter_map(|label| of_label(label, host)));
    let missing: Vec<&str> = secrets
        .iter()
        .filter(|name| *name != "GITHUB_TOKEN" && !host.secrets.contains(*name))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        let fix = "set them in the environment or in the file that --secrets names; write NAME= for one that may be empty";
        found.push(stops(format!("it uses secrets that are not here ({list})"), fix));
    }
    found.extend(of_token(workflow, secrets, host));
    if workflow.actions.iter().any(|action| action.starts_with("docker://")) {
        found.push(stops("a step is a container", "run it where Docker is, or put the step into a script"));
    }
    found.sort();
    found.dedup();
    found
}

fn of_need(need: Need, workflow: &Workflow) -> Difference {
    match need {
        Need::Container => {
            stops("a job runs in a container", "install what it needs on this host, and drop `container`")
        }
        Need::Services => stops(
            "a job has service containers",
            "start them on this host under the same names and ports, then use --anyway",
        ),
        Need::Oidc => stops(
            "it asks GitHub for a signed token (`id-token: write`), and only GitHub can sign it",
            "give this host credentials of its own, then use --anyway",
        ),
        Need::Artifacts if old_artifacts_only(workflow) => {
            differs("artifacts are kept nowhere", "keep what matters by a step of its own")
        }
        Need::Artifacts => stops(
            "it stores artifacts of version 4 or later, which only GitHub takes",
            "hand files over within one job, then use --anyway",
        ),
        Need::Parallel => stops(
            "steps run beside one another (`parallel`, `background`), which `act` does not know",
            "let one step start both, or write the steps one after another",
        ),
        Need::Cache => differs("GitHub's cache is not here", "expect it to be slower"),
        Need::Environment => differs(
            "the deployment environment's secrets, approvals and protection rules do not hold here",
            "see that its secrets are in the file that --secrets names",
        ),
    }
}

/// Whether every action of artifacts is of a version before the fourth.
fn old_artifacts_only(workflow: &Workflow) -> bool {
    let version = |action: &String| {
        let (name, version) = action.split_once('@')?;
        let is_artifact = matches!(name, "actions/upload-artifact" | "actions/download-artifact");
        is_artifact
            .then(|| version.trim_start_matches('v').split('.').next().and_then(|v| v.parse::<u32>().ok()))
    };
    let mut versions = workflow.actions.iter().filter_map(version).peekable();
    versions.peek().is_some() && versions.all(|version| version.is_some_and(|version| version < 4))
}

fn of_label(label: &str, host: &Host) -> Option<Difference> {
    let name = label.to_ascii_lowercase();
    if label.contains("${{") {
        return Some(differs(
            format!("runners are computed ({label}), and all of those jobs run here"),
            "expect those for another system to fail",
        ));
    }
    let system = if name.starts_with("windows") {
        "windows"
    } else if name.starts_with("macos") {
        "macos"
    } else if name.starts_with("ubuntu") || name == "linux" {
        "linux"
    } else if matches!(name.as_str(), "x64" | "arm64" | "arm") {
        return None;
    } else {
        return Some(differs(
            format!("a job asks for a runner of its own ({label})"),
            "see that this host has what that runner has",
        ));
    };
    if system != host.os {
        return Some(stops(
            format!("a job runs on {label}, and this host is {}", host.os),
            "name a host of that system as its backup",
        ));
    }
    let other_chip = name.ends_with("-arm") && host.arch != "aarch64";
    other_chip.then(|| {
        differs(format!("a job runs on {label}, and this host is {}", host.arch), "expect other binaries")
    })
}

/// The token here is somebody's own, if there is one at all.
fn of_token(workflow: &Workflow, secrets: &BTreeSet<String>, host: &Host) -> Option<Difference> {
    let writes: Vec<&str> =
        workflow.permissions.iter().map(String::as_str).filter(|right| right.contains("write")).collect();
    if writes.is_empty() && !secrets.contains("GITHUB_TOKEN") {
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
        Host { os: "linux".into(), arch: "x86_64".into(), secrets: BTreeSet::from(["HERE".to_owned()]) }
    }

    fn of(change: impl FnOnce(&mut Workflow), secrets: &[&str]) -> Vec<(Weight, String)> {
        let mut workflow = Workflow { labels: vec!["ubuntu-latest".into()], ..Workflow::default() };
        change(&mut workflow);
        let secrets = secrets.iter().map(|name| (*name).to_owned()).collect();
        of_workflow(&workflow, &secrets, &host()).into_iter().map(|d| (d.weight, d.what)).collect()
    }

    #[test]
    fn a_plain_workflow_is_the_same_here() {
        assert_eq!(of(|_| {}, &["HERE"]), []);
    }

    #[test]
    fn what_makes_a_run_meaningless_stops_it() {
        for need in [Need::Container, Need::Services, Need::Oidc, Need::Artifacts] {
            let found = of(|w| w.needs = vec![need], &[]);
            assert_eq!((found.len(), found[0].0), (1, Weight::Stops), "{need:?}: {found:?}");
        }
        for label in ["windows-latest", "macos-14", "Windows-2025"] {
            assert_eq!(of(|w| w.labels = vec![label.into()], &[])[0].0, Weight::Stops, "{label}");
        }
        let found = of(|_| {}, &["HERE", "GONE", "GITHUB_TOKEN", "LOST"]);
        assert!(found[0].1.contains("(GONE, LOST)") && found[0].0 == Weight::Stops, "{found:?}");
        assert_eq!(of(|w| w.actions = vec!["docker://alpine:3".into()], &[])[0].0, Weight::Stops);
    }

    #[test]
    fn what_is_only_different_is_said() {
        let old = |w: &mut Workflow| {
            w.needs = vec![Need::Artifacts];
            w.actions = vec!["actions/upload-artifact@v3".into(), "actions/download-artifact@v3.1".into()];
        };
        assert_eq!(of(old, &[])[0].0, Weight::Differs);
        let mixed = |w: &mut Workflow| {
            old(w);
            w.actions.push("actions/upload-artifact@v4".into());
        };
        assert_eq!(of(mixed, &[])[0].0, Weight::Stops);
        for label in ["self-hosted", "gpu-large", "${{ matrix.os }}", "ubuntu-24.04-arm"] {
            assert_eq!(of(|w| w.labels = vec![label.into()], &[])[0].0, Weight::Differs, "{label}");
        }
        assert_eq!(of(|w| w.labels = vec!["linux".into(), "x64".into()], &[]), []);
        let token = of(|w| w.permissions = vec!["contents: write".into(), "issues: read".into()], &[]);
        assert!(
            token[0].1.contains("no GITHUB_TOKEN") && token[0].1.contains("(contents: write)"),
            "{token:?}"
        );
        assert_eq!(of(|w| w.needs = vec![Need::Cache, Need::Environment], &[]).len(), 2);
    }

    #[test]
    fn what_stops_comes_first() {
        let found = of(|w| w.needs = vec![Need::Cache, Need::Oidc], &[]);
        assert_eq!([found[0].0, found[1].0], [Weight::Stops, Weight::Differs]);
    }
}
