//! What was generated, as a person or a program reads it.

use sha1::{Digest, Sha1};
use standin_backup::{FilePatch, Generated, Refusal, diff};
use standin_engine::json_v1::{BackupV1, ChangeV1, DoingV1, FindingV1, PatchV1, RefusedV1, VERSION};

use super::Doing;
use crate::exit::Failure;

/// So many are named of those that one reason keeps from a backup.
const NAMED: usize = 8;

/// For a terminal.
pub(super) fn text(generated: &Generated, doing: Doing) -> String {
    let mut out = String::new();
    match doing {
        Doing::Write => {
            for patch in &generated.patches {
                let verb = match change(patch) {
                    ChangeV1::Create => "written",
                    ChangeV1::Change => "changed",
                    ChangeV1::Delete => "deleted",
                };
                let about = patch.about.as_ref().map_or(String::new(), |id| format!("  stands in for {id}"));
                out.push_str(&format!("{verb}  {}{about}\n", patch.path));
            }
        }
        Doing::Check | Doing::DryRun => generated.patches.iter().for_each(|patch| out.push_str(&diff(patch))),
    }
    if generated.patches.is_empty() {
        out.push_str("nothing to change\n");
    }
    out.push_str(&none(&generated.refused));
    for finding in &generated.findings {
        out.push_str(&format!("{}:{}: {}. {}\n", finding.path, finding.line, finding.message, finding.fix));
    }
    for advice in &generated.advice {
        out.push_str(&format!("next: {advice}\n"));
    }
    out
}

/// What gets no backup, together where one reason is that of many.
fn none(refused: &[Refusal]) -> String {
    let mut reasons: Vec<(&Refusal, Vec<String>)> = Vec::new();
    for refusal in refused {
        let is_same = |(first, _): &&mut (&Refusal, Vec<String>)| {
            first.id.kind() == refusal.id.kind() && first.why == refusal.why && first.fix == refusal.fix
        };
        match reasons.iter_mut().find(is_same) {
            Some((_, ids)) => ids.push(refusal.id.to_string()),
            None => reasons.push((refusal, vec![refusal.id.to_string()])),
        }
    }
    let line = |(first, ids): &(&Refusal, Vec<String>)| {
        let named = ids.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let rest = match ids.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more (`--format json` names each)"),
        };
        format!("no backup for {named}{rest}: {}. {}\n", first.why, first.fix)
    };
    reasons.iter().map(line).collect()
}

/// One object, with a version.
pub(super) fn json(generated: &Generated, doing: Doing) -> Result<String, Failure> {
    let page = BackupV1 {
        version: VERSION,
        doing: match doing {
            Doing::Write => DoingV1::Written,
            Doing::Check | Doing::DryRun => DoingV1::Compared,
        },
        drift: generated.patches.iter().any(|patch| patch.before.is_some()),
        patches: generated.patches.iter().map(patch).collect(),
        refused: generated.refused.iter().map(refused).collect(),
        findings: generated.findings.iter().cloned().map(FindingV1::from).collect(),
        advice: generated.advice.clone(),
    };
    let json = serde_json::to_string_pretty(&page).map_err(anyhow::Error::from)?;
    Ok(format!("{json}\n"))
}

const fn change(patch: &FilePatch) -> ChangeV1 {
    match (&patch.before, &patch.after) {
        (None, _) => ChangeV1::Create,
        (Some(_), Some(_)) => ChangeV1::Change,
        (Some(_), None) => ChangeV1::Delete,
    }
}

fn patch(patch: &FilePatch) -> PatchV1 {
    PatchV1 {
        path: patch.path.clone(),
        action: change(patch),
        owner: patch.about.as_ref().map(ToString::to_string),
        before_sha: patch.before.as_deref().map(sha),
        sha: patch.after.as_deref().map(sha),
    }
}

fn refused(refusal: &standin_backup::Refusal) -> RefusedV1 {
    RefusedV1 { id: refusal.id.to_string(), why: refusal.why.clone(), fix: refusal.fix.clone() }
}

/// Git's name of a text, so that anybody can compare it with what lies in a commit.
fn sha(text: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", text.len()));
    hash.update(text);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_reason_is_said_once() {
        let refusal = |id: &str, why: &str| Refusal {
            id: id.parse().unwrap_or_else(|_| unreachable!()),
            why: why.into(),
            fix: "Do.".into(),
        };
        let all =
            ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(|name| refusal(&format!("aws:{name}"), "no"));
        let all = [all.as_slice(), &[refusal("script:e", "no")]].concat();
        let said = none(&[all.as_slice(), &[refusal("aws:f", "other")]].concat());
        assert_eq!(
            said,
            "no backup for aws:a, aws:b, aws:c, aws:d, aws:e, aws:f, aws:g, aws:h and 1 more (`--format json` names each): no. Do.\nno backup for script:e: no. Do.\nno backup for aws:f: other. Do.\n"
        );
    }

    #[test]
    fn a_text_has_the_name_that_git_gives_it() {
        assert_eq!(sha(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(sha("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
