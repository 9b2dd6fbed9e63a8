//! What is seen on Netlify: a site, its deploys, its functions.

use jiff::Timestamp;
use serde::Deserialize;
use standin_core::effect::EffectKey;

/// How much of a title or an error is kept, in characters.
const KEPT_CHARS: usize = 200;

/// How far a deploy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeployState {
    /// It waits, builds or is uploaded.
    Building,
    /// It is done and can be published.
    Ready,
    /// It failed, was rejected or was cancelled.
    Failed,
    /// There was nothing to build.
    Skipped,
}

/// One deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// Netlify's id.
    pub id: String,
    /// How far it is.
    pub state: DeployState,
    /// Whether it is one of the live site, and no preview or branch.
    pub is_production: bool,
    /// When it came to be, on Netlify's clock; `None` when Netlify does not say.
    pub created: Option<Timestamp>,
    /// When it was last published; `None` when it never was.
    pub published: Option<Timestamp>,
    /// Its title; empty without.
    pub title: String,
    /// Why it failed, in Netlify's words; empty without.
    pub error: String,
}

impl Deploy {
    /// Whether it was asked for under this key.
    pub fn carries(&self, key: &EffectKey) -> bool {
        !key.0.is_empty() && self.title.contains(&key.0)
    }
}

/// The site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Netlify's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is served, without a slash at its end.
    pub url: String,
    /// The id of the deploy that is live; `None` before the first one.
    pub published: Option<String>,
    /// Whether somebody keeps that deploy from being replaced.
    pub lock: Lock,
    /// Whether Netlify builds it.
    pub builds: Builds,
    /// The schedules that are in effect, from the published deploy.
    pub schedules: Vec<Schedule>,
}

/// Whether the published deploy may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// It may.
    Open,
    /// Somebody locked it.
    Locked,
}

/// Whether Netlify builds a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builds {
    /// It does.
    Active,
    /// Somebody stopped them.
    Stopped,
}

/// A function with a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The function's name.
    pub function: String,
    /// Its cron expression, as Netlify has it.
    pub cron: String,
}

/// One look at a site.
///
/// When a scheduled function last ran is not among it: Netlify's API does not tell. Its slots are seen by its
/// heartbeats alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSeen {
    /// Netlify's clock, if it said.
    pub at: Option<Timestamp>,
    /// The site.
    pub site: Site,
    /// Its newest deploys, newest first.
    pub deploys: Vec<Deploy>,
    /// The names of the functions of the published deploy; empty when Netlify did not say.
    pub functions: Vec<String>,
}

impl SiteSeen {
    /// The newest deploy of the live site that was built at all.
    pub fn newest(&self) -> Option<&Deploy> {
        self.deploys.iter().find(|deploy| deploy.is_production && deploy.state != DeployState::Skipped)
    }

    /// The deploy that is live, if it is among the newest ones.
    pub fn published(&self) -> Option<&Deploy> {
        self.deploys.iter().find(|deploy| Some(&deploy.id) == self.site.published.as_ref())
    }

    /// The newest deploy that was live before the one that is now, and is ready to be again.
    pub fn last_good(&self) -> Option<&Deploy> {
        let is_good = |deploy: &&Deploy| {
            deploy.is_production && deploy.state == DeployState::Ready && deploy.published.is_some()
        };
        self.deploys.iter().filter(is_good).find(|deploy| Some(&deploy.id) != self.site.published.as_ref())
    }

    /// A deploy that was asked for under this key and has not failed.
    pub fn under(&self, key: &EffectKey) -> Option<&Deploy> {
        self.deploys.iter().find(|deploy| deploy.carries(key) && deploy.state != DeployState::Failed)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct SiteJson {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    url: Option<String>,
    ssl_url: Option<String>,
    published_deploy: Option<DeployJson>,
    build_settings: Option<BuildJson>,
}

#[derive(Debug, Deserialize)]
struct BuildJson {
    stop_builds: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeployJson {
    id: String,
    state: Option<String>,
    context: Option<String>,
    created_at: Option<Timestamp>,
    published_at: Option<Timestamp>,
    title: Option<String>,
    error_message: Option<String>,
    skipped: Option<bool>,
    locked: Option<bool>,
    function_schedules: Option<Vec<ScheduleJson>>,
}

#[derive(Debug, Deserialize)]
struct ScheduleJson {
    name: String,
    cron: String,
}

/// What Netlify keeps of functions: a list of groups, or one group.
#[derive(Debug, Deserialize)]
pub(super) struct FunctionsJson {
    #[serde(default)]
    functions: Vec<serde_json::Value>,
}

impl SiteJson {
    pub(super) fn read(self) -> Site {
        let stopped = self.build_settings.and_then(|settings| settings.stop_builds) == Some(true);
        let locked = self.published_deploy.as_ref().and_then(|deploy| deploy.locked) == Some(true);
        let schedules = self.published_deploy.as_ref().and_then(|deploy| deploy.function_schedules.as_ref());
        let schedule = |s: &ScheduleJson| Schedule { function: kept(&s.name), cron: kept(&s.cron) };
        let url = self.ssl_url.filter(|url| !url.is_empty()).or(self.url).unwrap_or_default();
        Site {
            schedules: schedules.into_iter().flatten().map(schedule).collect(),
            published: self.published_deploy.map(|deploy| deploy.id),
            id: self.id,
            name: self.name,
            url: url.trim_end_matches('/').to_owned(),
            lock: if locked { Lock::Locked } else { Lock::Open },
            builds: if stopped { Builds::Stopped } else { Builds::Active },
        }
    }
}

impl DeployJson {
    pub(super) fn read(self) -> Deploy {
        let state = if self.skipped == Some(true) {
            DeployState::Skipped
        } else {
            match self.state.as_deref() {
                Some("ready") => DeployState::Ready,
                Some("error" | "rejected" | "cancelled") => DeployState::Failed,
                // Words that are not known here say nothing bad.
                Some(_) | None => DeployState::Building,
            }
        };
        Deploy {
            id: self.id,
            state,
            is_production: self.context.as_deref().is_none_or(|context| context == "production"),
            created: self.created_at,
            published: self.published_at,
            title: kept(&self.title.unwrap_or_default()),
            error: kept(&self.error_message.unwrap_or_default()),
        }
    }
}

impl FunctionsJson {
    pub(super) fn names(self) -> impl Iterator<Item = String> {
        let name = |function: serde_json::Value| {
            let name = function.get("name").or_else(|| function.get("n"))?.as_str()?;
            Some(kept(name))
        };
        self.functions.into_iter().filter_map(name)
    }
}

fn kept(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(KEPT_CHARS).collect()
}
