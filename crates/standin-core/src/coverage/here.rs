//! What no run on a host can do in place of GitHub, as far as the text of a workflow tells.
//!
//! A run on the host and coverage both ask here, so that nothing counts which would not be run.

use crate::automation::{Need, Workflow};

/// Why a run on a host would mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stop {
    /// What, in one sentence without a full stop.
    pub what: String,
    /// What to do about it, in the same form.
    pub fix: &'static str,
}

fn stop(what: impl Into<String>, fix: &'static str) -> Stop {
    Stop { what: what.into(), fix }
}

/// What the label of a runner says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Only running the workflow tells.
    Computed,
    /// A chip, which is a difference and no more.
    Chip,
    /// A system, as Rust names it.
    System(&'static str),
    /// A name of somebody's own.
    Own,
}

/// What a label says.
pub fn label(label: &str) -> Label {
    let name = label.to_ascii_lowercase();
    if label.contains("${{") {
        Label::Computed
    } else if name.starts_with("windows") {
        Label::System("windows")
    } else if name.starts_with("macos") {
        Label::System("macos")
    } else if name.starts_with("ubuntu") || name == "linux" {
        Label::System("linux")
    } else if matches!(name.as_str(), "x64" | "arm64" | "arm") {
        Label::Chip
    } else {
        Label::Own
    }
}

/// What stops a run of whatever has this need.
pub fn of_need(need: Need) -> Option<Stop> {
    Some(match need {
        Need::Container => {
            stop("a job runs in a container", "install what it needs on this host, and drop `container`")
        }
        Need::Services => stop(
            "a job has service containers",
            "start them on this host under the same names and ports, then use --anyway",
        ),
        Need::Oidc => stop(
            "it asks GitHub for a signed token (`id-token: write`), and only GitHub can sign it",
            "give this host credentials of its own, then use --anyway",
        ),
        Need::Parallel => stop(
            "steps run beside one another (`parallel`, `background`), which `act` does not know",
            "let one step start both, or write the steps one after another",
        ),
        Need::Artifacts | Need::Cache | Need::Environment => return None,
    })
}

/// What stops a run of a job with this label on a host with this system; of a host that is not known only that it is
/// Linux or macOS.
pub fn of_label(name: &str, system: Option<&str>) -> Option<Stop> {
    let Label::System(asked) = label(name) else { return None };
    let what = match system {
        Some(own) if own != asked => format!("a job runs on {name}, and this host is {own}"),
        None if asked == "windows" => format!("a job runs on {name}, and no agent runs on Windows"),
        Some(_) | None => return None,
    };
    Some(stop(what, "name a host of that system as its backup"))
}

/// What stops a run of a step that uses this action.
pub fn of_action(action: &str) -> Option<Stop> {
    let is_container = action.starts_with("docker://");
    is_container
        .then(|| stop("a step is a container", "run it where Docker is, or put the step into a script"))
}

/// What stops a run of a workflow on a host with this system, each once and in order.
pub fn of_workflow(workflow: &Workflow, system: Option<&str>) -> Vec<Stop> {
    let needs = workflow.needs.iter().filter_map(|need| of_need(*need));
    let labels = workflow.labels.iter().filter_map(|label| of_label(label, system));
    let actions = workflow.actions.iter().filter_map(|action| of_action(action));
    let mut stops: Vec<Stop> = needs.chain(labels).chain(actions).collect();
    stops.sort();
    stops.dedup();
    stops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_github_has_stops_a_run_here_and_what_is_only_different_does_not() {
        let of = |labels: &[&str], needs: &[Need], system| {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect();
            of_workflow(&Workflow { labels, needs: needs.to_vec(), ..Workflow::default() }, system).len()
        };
        let all = [Need::Container, Need::Services, Need::Oidc, Need::Parallel];
        assert_eq!(of(&[], &all, None), 4);
        assert_eq!(of(&[], &[Need::Artifacts, Need::Cache, Need::Environment], None), 0);
        assert_eq!(of(&["Windows-2025"], &[], None), 1);
        assert_eq!(of(&["macos-14", "ubuntu-latest", "gpu", "x64", "${{ matrix.os }}"], &[], None), 0);
        assert_eq!(of(&["macos-14", "ubuntu-latest"], &[], Some("macos")), 1);
        let step = Workflow { actions: vec!["docker://alpine:3".into()], ..Workflow::default() };
        assert_eq!(of_workflow(&step, None).len(), 1);
    }
}
