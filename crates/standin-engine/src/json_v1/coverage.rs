//! Version 1 of what `standin coverage` prints.

use serde::{Deserialize, Serialize};
use standin_core::coverage::{Covered, Level, Share, Step, Totals, steps};
use standin_core::health::Priority;
use standin_core::ident::{AutomationId, Domain, Kind, Starter};

use super::VERSION;

/// What `standin coverage --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageV1 {
    /// Always 1.
    pub version: u32,
    /// How many automations are counted: those that run by themselves, each once, without the backups of others.
    pub counted: usize,
    /// How many have reached each level or a higher one, from the lowest to the highest; empty when nothing is counted.
    pub levels: Vec<LevelV1>,
    /// The same for each platform.
    pub platforms: Vec<PlatformV1>,
    /// Ordered by id.
    pub automations: Vec<CoveredV1>,
    /// What to do, the most valuable first.
    pub steps: Vec<StepV1>,
    /// What is not counted, ordered by id.
    pub left_out: Vec<LeftOutV1>,
    /// The percentages of the days on which they were reckoned here, the oldest first.
    pub trend: Vec<DayV1>,
}

/// A level and how many have reached it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelV1 {
    /// unwatched, watched, backed-up, cross-domain or drilled.
    pub level: Level,
    /// How many automations are at this level or higher.
    pub count: usize,
    /// Their share, weighted by priority; rounded down to a tenth.
    pub percent: f64,
}

/// One platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlatformV1 {
    /// The kind of its automations.
    pub kind: Kind,
    /// How many are counted.
    pub counted: usize,
    /// As above.
    pub levels: Vec<LevelV1>,
}

/// One automation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoveredV1 {
    /// `kind:name`.
    pub id: String,
    /// What it fails together with.
    pub domain: Domain,
    /// Its weight.
    pub priority: Priority,
    /// The level that it has reached.
    pub level: Level,
    /// Why, one sentence for each condition that is met.
    pub evidence: Vec<String>,
    /// Why it has not reached the next level; empty at the highest.
    pub because: String,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepV1 {
    /// In words, with the command where there is one.
    pub text: String,
    /// For which automations.
    pub automations: Vec<String>,
}

/// Something that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutV1 {
    /// `kind:name`.
    pub id: String,
    /// Why.
    pub why: String,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayV1 {
    /// Such as `2026-11-22`, in UTC.
    pub day: String,
    /// How many were counted.
    pub counted: usize,
    /// As above.
    pub levels: Vec<LevelV1>,
}

impl CoverageV1 {
    /// From what was judged; `left_out` in words, `trend` up to today.
    pub fn of(covered: &[Covered], totals: &Totals, left_out: Vec<LeftOutV1>, trend: Vec<DayV1>) -> Self {
        let platform = |p: &standin_core::coverage::Platform| PlatformV1 {
            kind: p.kind,
            counted: p.count,
            levels: levels(&p.shares),
        };
        Self {
            version: VERSION,
            counted: totals.count,
            levels: levels(&totals.shares),
            platforms: totals.platforms.iter().map(platform).collect(),
            automations: covered.iter().map(CoveredV1::from).collect(),
            steps: steps(covered).iter().map(|(step, ids)| step_v1(step, ids)).collect(),
            left_out,
            trend,
        }
    }
}

/// The shares of a whole or of a platform.
pub fn levels(shares: &[Share]) -> Vec<LevelV1> {
    let of = |share: &Share| LevelV1 {
        level: share.level,
        count: share.count,
        percent: f64::from(share.permille) / 10.0,
    };
    shares.iter().map(of).collect()
}

impl From<&Covered> for CoveredV1 {
    fn from(covered: &Covered) -> Self {
        Self {
            id: covered.id.to_string(),
            domain: covered.domain,
            priority: covered.priority,
            level: covered.level,
            evidence: covered.evidence.clone(),
            because: covered.next.as_ref().map(|next| next.because.clone()).unwrap_or_default(),
        }
    }
}

fn step_v1(step: &Step, ids: &[AutomationId]) -> StepV1 {
    let text = match step {
        Step::Mend => "mend it: `standin scan` says what is wrong and how".to_owned(),
        Step::Watch(hint) => hint.clone(),
        Step::Back => match ids {
            [one] => format!("give it a backup: `standin backup {}`", word(one)),
            _ => "give them backups: `standin backup`".to_owned(),
        },
        Step::BackByHand => {
            format!(
                "name what could do the same elsewhere: `backup = [\"{}\"]` under its [[automation]] in standin.toml",
                example(ids)
            )
        }
        Step::Name(backup) => {
            let of = ids.first().map_or("", AutomationId::as_str);
            // What a platform starts can be started there once more.
            let again = match ids.first().map(|id| id.kind().started_by()) {
                Some(Starter::Github | Starter::Netlify) => "\"again\", ",
                Some(Starter::Agent | Starter::Nobody) | None => "",
            };
            format!("name it in standin.toml: `backup = [{again}\"{backup}\"]` in the [[automation]] of `{of}`")
        }
        Step::Renew => "write its backup again: `standin backup`".to_owned(),
        Step::MendBackup(id) if id.kind() == Kind::Command => {
            format!("mend its backup {id} in standin.toml, or what it runs")
        }
        Step::MendBackup(id) => format!("mend its backup {id}: `standin scan` says what is wrong"),
        Step::Replace(id) => {
            format!("name what does the same work in place of `{id}` in `backup` in standin.toml")
        }
        Step::BackElsewhere(Domain::Github) => {
            "have the agent do the same on its machine: [[peer]] `kind = \"agent\"` and [backup] `here = true` in standin.toml"
                .to_owned()
        }
        Step::BackElsewhere(domain @ (Domain::Netlify | Domain::Aws | Domain::Host | Domain::Elsewhere)) => {
            format!("give it a backup outside of {domain}: `standin backup` says which it can have")
        }
        Step::WatchElsewhere(domain) => {
            let kind = match domain {
                Domain::Host => "action",
                Domain::Github | Domain::Netlify | Domain::Aws | Domain::Elsewhere => "agent",
            };
            format!(
                "let a watcher outside of {domain} act: [[peer]] `kind = \"{kind}\"` in standin.toml, where [recovery] `mode` is not \"alert\""
            )
        }
        Step::Drill => match ids {
            [one] => format!("prove that its backup works: `standin drill {}`", word(one)),
            _ => "prove that their backups work: `standin drill --all`".to_owned(),
        },
    };
    StepV1 { text, automations: ids.iter().map(ToString::to_string).collect() }
}

/// What a backup elsewhere is called: a command of the agent for what is on a platform, a workflow for what is not.
fn example(ids: &[AutomationId]) -> &'static str {
    let is_on_github = |id: &AutomationId| id.kind().domain() == Domain::Github;
    if ids.iter().any(is_on_github) { "command:NAME" } else { "workflow:NAME.yml" }
}

/// An id as a shell reads it back.
fn word(id: &AutomationId) -> String {
    let id = id.as_str();
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_' | '/' | '#' | '@');
    if id.chars().all(is_plain) { id.to_owned() } else { format!("'{}'", id.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_step_names_what_can_be_done() {
        let of = |step: Step, id: &str| step_v1(&step, &[id.parse().unwrap()]).text;
        let command = || "command:nb".parse().unwrap();
        assert!(of(Step::Replace(command()), "pm2:nightly").contains("in place of `command:nb`"));
        assert!(of(Step::MendBackup(command()), "pm2:nightly").contains("in standin.toml"));
        assert!(of(Step::BackByHand, "workflow:a.yml").contains("\"command:NAME\""));
        assert!(of(Step::BackByHand, "pm2:web").contains("\"workflow:NAME.yml\""));
    }
}
