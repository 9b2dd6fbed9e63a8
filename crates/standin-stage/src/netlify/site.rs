//! A site: its deploys, which of them is live, its build hooks, its blobs.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::builds::Build;
use super::functions::Functions;
use crate::plane::iso;

/// A function as a deploy carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionOptions {
    /// Its name.
    pub name: String,
    /// Its cron expression, in UTC. One with a schedule is not called over HTTP, as with the vendor.
    #[serde(default)]
    pub schedule: Option<String>,
}

/// A site to begin with.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// Its name.
    pub name: String,
    /// What each good deploy carries.
    pub functions: Vec<FunctionOptions>,
    /// What answers for the functions of a good deploy.
    pub served: Functions,
    /// What a build hook starts.
    pub build: Build,
}

impl SiteOptions {
    /// A site without functions, whose builds succeed after a moment.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let (functions, served, build) = (Vec::new(), Functions::None, Build::default());
        Self { name: name.to_owned(), functions, served, build }
    }

    /// The same with one more function.
    #[must_use]
    pub fn with_function(mut self, name: &str, schedule: Option<&str>) -> Self {
        self.functions.push(FunctionOptions { name: name.to_owned(), schedule: schedule.map(str::to_owned) });
        self
    }
}

/// How the functions of a deploy answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Serving {
    /// They do.
    Works,
    /// They are not there: 404.
    Missing,
    /// They crash: 502.
    Crashes,
}

/// How far a deploy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeployState {
    Building,
    Ready,
    Failed(String),
}

impl DeployState {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Ready => "ready",
            Self::Failed(_) => "error",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Deploy {
    pub(crate) id: String,
    pub(crate) build: String,
    pub(crate) title: String,
    pub(crate) state: DeployState,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) published: Option<Timestamp>,
    pub(crate) serving: Serving,
    pub(crate) functions: Vec<FunctionOptions>,
}

#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) branch: String,
    pub(crate) created: Timestamp,
}

/// Whether the live deploy may be replaced by the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publishing {
    Automatic,
    Locked,
}

#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) etag: String,
    pub(crate) data: Bytes,
    pub(crate) changed: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) id: String,
    pub(crate) options: SiteOptions,
    pub(crate) created: Timestamp,
    /// The oldest first.
    pub(crate) deploys: Vec<Deploy>,
    /// The deploy that is live.
    pub(crate) live: Option<String>,
    pub(crate) publishing: Publishing,
    pub(crate) hooks: Vec<Hook>,
    /// By store, then by key.
    pub(crate) blobs: BTreeMap<String, BTreeMap<String, Blob>>,
}

impl Site {
    pub(crate) fn new(
        options: SiteOptions,
        id: String,
        hook: String,
        deploy: String,
        now: Timestamp,
    ) -> Self {
        let (title, branch) = ("stage".to_owned(), "main".to_owned());
        let hook = Hook { id: hook, title, branch, created: now };
        let mut site = Self {
            id,
            options,
            created: now,
            deploys: Vec::new(),
            live: None,
            publishing: Publishing::Automatic,
            hooks: vec![hook],
            blobs: BTreeMap::new(),
        };
        site.begin_deploy(deploy.clone(), deploy.clone(), "first", now);
        site.end_deploy(&deploy, DeployState::Ready, Serving::Works, now);
        site
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.id == name
            || self.options.name == name
            || name.strip_suffix(".netlify.app") == Some(&self.options.name)
    }

    pub(crate) fn begin_deploy(&mut self, id: String, build: String, title: &str, now: Timestamp) {
        self.deploys.push(Deploy {
            id,
            build,
            title: title.to_owned(),
            state: DeployState::Building,
            created: now,
            updated: now,
            published: None,
            serving: Serving::Works,
            functions: Vec::new(),
        });
    }

    /// A build has ended; a good one goes live, unless somebody locked what is live.
    pub(crate) fn end_deploy(&mut self, id: &str, state: DeployState, serving: Serving, now: Timestamp) {
        let functions = self.options.functions.clone();
        let Some(deploy) = self.deploys.iter_mut().find(|deploy| deploy.id == id) else { return };
        if deploy.state != DeployState::Building {
            return;
        }
        let goes_live = state == DeployState::Ready && self.publishing == Publishing::Automatic;
        (deploy.state, deploy.serving, deploy.updated, deploy.functions) = (state, serving, now, functions);
        if goes_live {
            deploy.published = Some(now);
            self.live = Some(id.to_owned());
        }
    }

    /// Makes a ready deploy the live one.
    pub(crate) fn publish(&mut self, id: &str, now: Timestamp) -> Option<&Deploy> {
        let deploy = self.deploys.iter_mut().find(|deploy| deploy.id == id)?;
        if deploy.state != DeployState::Ready {
            return None;
        }
        deploy.published = Some(now);
        self.live = Some(id.to_owned());
        Some(deploy)
    }

    pub(crate) fn deploy(&self, id: &str) -> Option<&Deploy> {
        self.deploys.iter().find(|deploy| deploy.id == id)
    }

    pub(crate) fn live(&self) -> Option<&Deploy> {
        self.deploy(self.live.as_deref()?)
    }

    /// The deploy that was live before the one that is.
    pub(crate) fn before_live(&self) -> Option<&Deploy> {
        let good = |deploy: &&Deploy| {
            deploy.state == DeployState::Ready
                && Some(&deploy.id) != self.live.as_ref()
                && deploy.published.is_some()
        };
        self.deploys.iter().rev().find(good)
    }

    fn url(&self, base: &str, first: &str) -> String {
        if self.id == first { base.to_owned() } else { format!("{base}/_site/{}", self.options.name) }
    }

    /// The vendor's shape of a deploy.
    pub(crate) fn deploy_shape(&self, deploy: &Deploy, base: &str, first: &str) -> Value {
        let url = self.url(base, first);
        let schedule = |function: &FunctionOptions| {
            function.schedule.as_ref().map(|cron| json!({ "name": function.name, "cron": cron }))
        };
        let schedules: Vec<Value> = deploy.functions.iter().filter_map(schedule).collect();
        let locked = self.publishing == Publishing::Locked && self.live.as_ref() == Some(&deploy.id);
        let mut shape = Map::from_iter([
            ("id".to_owned(), json!(deploy.id)),
            ("site_id".to_owned(), json!(self.id)),
            ("build_id".to_owned(), json!(deploy.build)),
            ("state".to_owned(), json!(deploy.state.name())),
            ("name".to_owned(), json!(self.options.name)),
            ("title".to_owned(), json!(deploy.title)),
            ("context".to_owned(), json!("production")),
            ("branch".to_owned(), json!("main")),
            ("created_at".to_owned(), json!(iso(deploy.created))),
            ("updated_at".to_owned(), json!(iso(deploy.updated))),
            ("locked".to_owned(), json!(locked)),
            ("skipped".to_owned(), json!(false)),
            ("function_schedules".to_owned(), json!(schedules)),
            ("admin_url".to_owned(), json!(format!("{base}/sites/{}", self.options.name))),
        ]);
        for name in ["url", "ssl_url", "deploy_url", "deploy_ssl_url"] {
            shape.insert(name.to_owned(), json!(url));
        }
        if let Some(published) = deploy.published {
            shape.insert("published_at".to_owned(), json!(iso(published)));
        }
        if let DeployState::Failed(message) = &deploy.state {
            shape.insert("error_message".to_owned(), json!(message));
        }
        Value::Object(shape)
    }

    /// The vendor's shape of a site.
    pub(crate) fn shape(&self, base: &str, first: &str) -> Value {
        let url = self.url(base, first);
        let mut shape = json!({
            "id": self.id, "state": "current", "plan": "stage", "name": self.options.name,
            "url": url, "ssl_url": url, "admin_url": format!("{base}/sites/{}", self.options.name),
            "created_at": iso(self.created), "updated_at": iso(self.created),
            "build_settings": { "stop_builds": false, "repo_branch": "main" },
        });
        if let (Some(live), Value::Object(shape)) = (self.live(), &mut shape) {
            shape.insert("published_deploy".into(), self.deploy_shape(live, base, first));
        }
        shape
    }
}
