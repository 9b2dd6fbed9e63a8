//! Conditions on who has started a run: a backup is started by another one than its primary, mostly by GitHub's own bot.

use super::{Refused, Source};
use crate::yaml::{self, Node};

/// How GitHub names who has started a run.
const ACTORS: [&str; 2] = ["github.actor", "github.triggering_actor"];

/// Who starts neither schedules nor backups, but for names that end in `[bot]`.
const OTHERS: [&str; 1] = ["nektos/act"];

/// Who starts what is dispatched with a token of a run.
const OURS: &str = "github-actions[bot]";

/// What is known of a condition when the event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    True,
    False,
    /// It hangs on something; on who has started the run, too.
    Open {
        on_actor: bool,
    },
}

/// Refuses jobs that work only for some.
pub(super) fn check(source: &Source<'_>) -> Result<(), Refused> {
    let found = job(source.root(), source.event());
    found.map_or(Ok(()), |job| Err(refusal(&format!("the job `{job}`"))))
}

/// Why `job` cannot be backed up.
pub(super) fn refusal(job: &str) -> Refused {
    Refused::new(
        format!(
            "{job} asks in its `if` for `github.actor`, and whoever dispatches a backup is another one than its schedule has"
        ),
        "Ask for the event instead, or only for other bots, such as `dependabot[bot]`.",
    )
}

/// The job of another file, a called workflow, that works only for some.
pub(super) fn in_file(text: &str, event: &str) -> Option<String> {
    let document = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?;
    job(&document.root, event)
}

fn job(root: &Node, event: &str) -> Option<String> {
    let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
    let found = jobs.iter().find(|job| job.value.get_text("if").is_some_and(|asked| asks(asked, event)))?;
    found.key.text().map(str::to_owned)
}

/// Whether a step of a job asks for it.
pub(super) fn in_steps(root: &Node, event: &str) -> bool {
    let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
    let mut steps = jobs.iter().flat_map(|job| job.value.get("steps").map(Node::items).unwrap_or_default());
    steps.any(|step| step.get_text("if").is_some_and(|asked| asks(asked, event)))
}

/// Whether a condition hangs on who has started the run, where it was this event.
fn asks(condition: &str, event: &str) -> bool {
    let bare = condition.trim();
    let bare = bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare);
    known(&bare.to_ascii_lowercase(), event, MAX_DEPTH) == Known::Open { on_actor: true }
}

/// Parentheses within parentheses that are read.
const MAX_DEPTH: usize = 24;

fn known(text: &str, event: &str, depth: usize) -> Known {
    let text = text.trim();
    let Some(depth) = depth.checked_sub(1) else { return Known::Open { on_actor: names_actor(text) } };
    let or = parted(text, "||");
    if or.len() > 1 {
        return joined(or.iter().map(|part| known(part, event, depth)), Known::True);
    }
    let and = parted(text, "&&");
    if and.len() > 1 {
        return joined(and.iter().map(|part| known(part, event, depth)), Known::False);
    }
    if let Some(rest) = text.strip_prefix('!') {
        return match known(rest, event, depth) {
            Known::True => Known::False,
            Known::False => Known::True,
            open @ Known::Open { .. } => open,
        };
    }
    if let Some(inner) =
        text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).filter(|inner| is_balanced(inner))
    {
        return known(inner, event, depth);
    }
    one(text, event)
}

/// Parts of `||`, where `ends` is true, or of `&&`, where it is false.
fn joined(parts: impl Iterator<Item = Known>, ends: Known) -> Known {
    let parts: Vec<Known> = parts.collect();
    if parts.contains(&ends) {
        return ends;
    }
    if parts.contains(&Known::Open { on_actor: true }) {
        return Known::Open { on_actor: true };
    }
    if parts.contains(&Known::Open { on_actor: false }) {
        return Known::Open { on_actor: false };
    }
    if ends == Known::True { Known::False } else { Known::True }
}

/// One comparison.
fn one(text: &str, event: &str) -> Known {
    if names_actor(text) {
        return Known::Open { on_actor: !is_of_others(text) };
    }
    let said = |holds: bool| if holds { Known::True } else { Known::False };
    match compared(text) {
        Some(("github.event_name", sign, value)) => said((value == event) == (sign == "==")),
        Some(_) => Known::Open { on_actor: false },
        None if text == "true" || text.replace(' ', "") == "always()" => Known::True,
        None if text == "false" => Known::False,
        None => Known::Open { on_actor: false },
    }
}

/// `NAME == 'VALUE'`, in either order.
fn compared(text: &str) -> Option<(&str, &str, &str)> {
    let (sign, (left, right)) =
        ["==", "!="].iter().find_map(|sign| text.split_once(sign).map(|parts| (*sign, parts)))?;
    let literal = |text: &str| -> Option<(usize, usize)> {
        (text.len() >= 2 && text.starts_with('\'') && text.ends_with('\''))
            .then(|| (1, text.len().saturating_sub(1)))
    };
    let (left, right) = (left.trim(), right.trim());
    match (literal(left), literal(right)) {
        (None, Some((from, to))) => Some((left, sign, right.get(from..to)?)),
        (Some((from, to)), None) => Some((right, sign, left.get(from..to)?)),
        _ => None,
    }
}

fn names_actor(text: &str) -> bool {
    ACTORS.iter().any(|name| {
        text.match_indices(name).any(|(at, _)| {
            let after = text.get(at.saturating_add(name.len())..).and_then(|rest| rest.chars().next());
            !after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    })
}

/// Whether it compares with somebody who starts neither.
fn is_of_others(text: &str) -> bool {
    let is_other = |value: &str| OTHERS.contains(&value) || value.ends_with("[bot]") && value != OURS;
    if let Some((_, _, value)) = compared(text) {
        return is_other(value);
    }
    let bare = text.replace(' ', "");
    let begins = ["startswith(", "contains("].iter().find_map(|function| bare.strip_prefix(function));
    let of_actor =
        begins.and_then(|rest| ACTORS.iter().find_map(|name| rest.strip_prefix(&format!("{name},'"))));
    of_actor.is_some_and(|value| value.starts_with("dependabot") || value.starts_with("renovate"))
}

/// The parts between these signs, outside of quotes and parentheses.
fn parted<'t>(text: &'t str, sign: &str) -> Vec<&'t str> {
    let mut out = Vec::new();
    let (mut from, mut open, mut is_quoted) = (0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' | '[' => open = open.saturating_add(1),
            ')' | ']' => open = open.saturating_sub(1),
            _ if open == 0 && at >= from && text.get(at..).is_some_and(|rest| rest.starts_with(sign)) => {
                out.push(text.get(from..at).unwrap_or_default());
                from = at.saturating_add(sign.len());
            }
            _ => {}
        }
    }
    out.push(text.get(from..).unwrap_or_default());
    out
}

/// Whether every parenthesis is closed that is opened, and none before.
fn is_balanced(text: &str) -> bool {
    let (mut open, mut is_quoted) = (0_i32, false);
    for c in text.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => open = open.saturating_add(1),
            ')' if !is_quoted => open = open.saturating_sub(1),
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_starts_a_run_counts_only_where_the_event_does_not_decide() {
        for asked in [
            "github.actor != 'github-actions[bot]'",
            "${{ github.actor == 'me' && github.event_name == 'schedule' }}",
            "github.triggering_actor == github.repository_owner",
            "contains(fromJSON('[\"a\"]'), github.actor)",
            "!(github.event_name == 'push' && x) && (github.actor == 'a' || success())",
            "endsWith(github.actor, '[bot]')",
        ] {
            assert!(asks(asked, "schedule"), "{asked}");
        }
        for asked in [
            "github.actor != 'dependabot[bot]'",
            "'renovate[bot]' != github.actor && github.ref == 'refs/heads/main'",
            "startsWith(github.actor, 'dependabot') == false || !startsWith( github.actor , 'renovate')",
            "github.actor != 'nektos/act'",
            "github.event_name == 'schedule' || github.actor == 'me'",
            "github.event_name != 'pull_request' || (github.actor == 'me' && success())",
            "github.event_name == 'push' && github.actor != 'github-actions[bot]'",
            "github.actor_id == '1' && 'github.act' == 'x'",
            "always()",
        ] {
            assert!(!asks(asked, "schedule"), "{asked}");
        }
    }
}
