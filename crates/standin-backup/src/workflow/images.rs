//! Names of images by the schedule that started a run: no expression says them, so that none can be rewritten.

use crate::yaml::{self, Node, NodeKind};

/// Actions that make names of images of the event, and by the schedule where they are not told by what.
const NAMERS: [&str; 3] =
    ["docker/metadata-action@", "crazy-max/ghaction-docker-meta@", "crazy-max/docker-metadata-action@"];

/// The rule that gives a name to what a schedule has started.
const RULE: &str = "type=schedule";

/// What they make that is the same but for a label.
const LABELS: [&str; 2] = ["labels", "annotations"];

/// Why a step names images by the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// It, or what it hands on, says so.
    Said,
    /// It says nothing of names, and the action's own rules begin with that one.
    ByDefault,
}

impl Named {
    /// What a person reads of it.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Said => "names images by `type=schedule`, which none has that is dispatched",
            Self::ByDefault => {
                "names images without `tags`, so also by the schedule (`nightly`), which none has that is dispatched"
            }
        }
    }

    /// What helps.
    pub(super) const fn fix(self) -> &'static str {
        match self {
            Self::Said => {
                "Write `type=raw` with `enable=${{ github.event_name == 'schedule' }}`, which is rewritten in a workflow."
            }
            Self::ByDefault => {
                "Write `tags` out: `type=raw,value=nightly,enable=${{ github.event_name == 'schedule' }}`, which is rewritten in a workflow, and `type=ref,event=branch`."
            }
        }
    }
}

/// Whether a step, or a job that calls a workflow, names images by the schedule. `text` is that of the whole file.
pub(super) fn by_schedule(step: &Node, text: &str) -> Option<Named> {
    let inputs = step.get("with");
    let handed = [inputs, step.get("env")];
    let mut scalars =
        handed.into_iter().flatten().flat_map(Node::entries).filter_map(|entry| entry.value.text());
    if scalars.any(has_rule) {
        return Some(Named::Said);
    }
    let uses = step.get_text("uses").unwrap_or_default().to_ascii_lowercase();
    let is_namer = NAMERS.iter().any(|action| uses.starts_with(action));
    // What is repeated by an alias is not known.
    let is_known = !inputs.is_some_and(|inputs| matches!(inputs.kind, NodeKind::Alias));
    let is_empty = match inputs.and_then(|inputs| inputs.get("tags")) {
        None => is_known,
        Some(tags) => tags.text().is_some_and(|tags| tags.lines().all(is_blank)),
    };
    (is_namer && is_empty && is_read(step.get_text("id"), text)).then_some(Named::ByDefault)
}

/// The first step or job of a called workflow, or of an action, that names images by the schedule.
pub(super) fn in_file(text: &str) -> Option<Named> {
    let document = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?;
    let steps = |node: &Node| {
        node.get("steps").and_then(|steps| steps.items().iter().find_map(|step| by_schedule(step, text)))
    };
    let mut jobs = document.root.get("jobs").map(Node::entries).unwrap_or_default().iter();
    let job = jobs.find_map(|job| by_schedule(&job.value, text).or_else(|| steps(&job.value)));
    job.or_else(|| document.root.get("runs").and_then(steps))
}

/// Whether one of these rules gives a name by the schedule.
fn has_rule(rules: &str) -> bool {
    rules.lines().map(str::trim).any(|line| {
        line.trim_start_matches('"')
            .strip_prefix(RULE)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([',', '"', ' ', '\t']))
    })
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// Whether more than the labels of such a step is read.
fn is_read(id: Option<&str>, text: &str) -> bool {
    let beyond = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let rest = text.get(at.saturating_add(word.len())..).unwrap_or_default();
            let output = rest.trim_start_matches(['.', '_']).to_ascii_lowercase().replace('_', "-");
            !LABELS
                .iter()
                .any(|label| output.strip_prefix("bake-file-").unwrap_or(&output).starts_with(label))
        })
    };
    beyond("DOCKER_METADATA_OUTPUT") || id.is_some_and(|id| beyond(&format!("steps.{id}.outputs")))
}
