//! What a test or the demo does to this Netlify from within the process, and by `/_stage`.

use std::fmt;
use std::sync::Arc;

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::blobs::Atomicity;
use super::functions::{Caller, FunctionCall, FunctionReply, Functions, call_function};
use super::site::{Deploy, DeployState, Serving, Site};
use super::{Cloud, builds};
use crate::StageError;
use crate::control::complaint;
use crate::plane::{Plane, lock};
use crate::wire::{Reply, Request};

/// A deploy as the stage knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploySummary {
    /// Its id.
    pub id: String,
    /// Its title, which the trigger gave.
    pub title: String,
    /// `building`, `ready` or `error`.
    pub state: String,
    /// How its functions answer.
    pub serving: Serving,
    /// Whether it is the one that is live.
    pub live: bool,
}

/// A handle on the stage's Netlify. Clones are the same Netlify.
#[derive(Clone)]
pub struct Netlify(Arc<Cloud>);

impl fmt::Debug for Netlify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netlify").field("url", &self.0.base).finish_non_exhaustive()
    }
}

impl Netlify {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self(cloud)
    }

    pub(crate) fn stop(&self) {
        self.0.stop();
    }

    /// Faults, the log of requests, the clock.
    #[must_use]
    pub fn plane(&self) -> &Plane {
        &self.0.plane
    }

    fn with<T>(&self, site: &str, act: impl FnOnce(&mut Site) -> T) -> Result<T, StageError> {
        let done = lock(&self.0.world).site(site).map(act);
        done.ok_or_else(|| StageError::Unknown(site.to_owned()))
    }

    /// The site's id.
    ///
    /// # Errors
    /// There is no such site.
    pub fn site_id(&self, site: &str) -> Result<String, StageError> {
        self.with(site, |site| site.id.clone())
    }

    /// The address of the site's first build hook: whoever has it may build.
    ///
    /// # Errors
    /// There is no such site, or it has no hook any more.
    pub fn build_hook(&self, site: &str) -> Result<String, StageError> {
        let id = self.with(site, |site| site.hooks.first().map(|hook| hook.id.clone()))?;
        let id = id.ok_or_else(|| StageError::Unknown("build hook".to_owned()))?;
        Ok(format!("{}/build_hooks/{id}", self.0.base))
    }

    /// Makes a deploy go live whose functions answer so: how a bad deploy breaks a site. Returns its id.
    ///
    /// # Errors
    /// There is no such site.
    pub fn deploy(&self, site: &str, title: &str, serving: Serving) -> Result<String, StageError> {
        let (id, build, now) = {
            let mut world = lock(&self.0.world);
            (world.id(), world.id(), self.0.plane.now())
        };
        let made = self.with(site, |site| {
            site.begin_deploy(id.clone(), build, title, now);
            site.end_deploy(&id, DeployState::Ready, serving, now);
            id
        });
        self.0.changed.notify_waiters();
        made
    }

    /// Says what answers for the site's functions from now on.
    ///
    /// # Errors
    /// There is no such site.
    pub fn serve(&self, site: &str, served: Functions) -> Result<(), StageError> {
        self.with(site, |site| site.options.served = served)
    }

    /// Says what the site's builds do from now on.
    ///
    /// # Errors
    /// There is no such site.
    pub fn build_with(&self, site: &str, build: builds::Build) -> Result<(), StageError> {
        self.with(site, |site| site.options.build = build)
    }

    /// All deploys of a site, the oldest first.
    ///
    /// # Errors
    /// There is no such site.
    pub fn deploys(&self, site: &str) -> Result<Vec<DeploySummary>, StageError> {
        self.with(site, |site| site.deploys.iter().map(|deploy| summary(site, deploy)).collect())
    }

    /// Waits until a deploy with this title has been built, or has failed.
    ///
    /// # Errors
    /// There is no such site.
    pub async fn built(&self, site: &str, title: &str) -> Result<DeploySummary, StageError> {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Registered before looking: a change in between is not missed.
            changed.as_mut().enable();
            let ended = |deploy: &DeploySummary| deploy.title == title && deploy.state != "building";
            if let Some(deploy) = self.deploys(site)?.into_iter().find(ended) {
                return Ok(deploy);
            }
            changed.await;
        }
    }

    /// Takes a site away, with everything in it.
    pub fn remove_site(&self, site: &str) {
        lock(&self.0.world).sites.retain(|known| !known.is_called(site));
    }

    /// Says whether conditional writes of blobs are atomic from now on.
    pub fn set_atomicity(&self, atomicity: Atomicity) {
        *lock(&self.0.atomicity) = atomicity;
    }

    /// Calls a function as the vendor's scheduler would, and gives its answer: 404 or 502 where the live deploy is bad.
    pub async fn fire_schedule(&self, site: &str, function: &str) -> FunctionReply {
        let next = self.0.plane.now().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let call = FunctionCall {
            name: function.to_owned(),
            method: "POST".to_owned(),
            query: String::new(),
            headers: vec![header("x-nf-event", "schedule"), header("content-type", "application/json")],
            body: bytes::Bytes::from(json!({ "next_run": next }).to_string()),
        };
        let Reply { status, headers, body } =
            call_function(&self.0, Some(site), call, Caller::Scheduler).await;
        FunctionReply { status, headers, body }
    }

    fn first(&self) -> Option<String> {
        lock(&self.0.world).sites.first().map(|site| site.options.name.clone())
    }
}

fn summary(site: &Site, deploy: &Deploy) -> DeploySummary {
    DeploySummary {
        id: deploy.id.clone(),
        title: deploy.title.clone(),
        state: deploy.state.name().to_owned(),
        serving: deploy.serving,
        live: site.live.as_ref() == Some(&deploy.id),
    }
}

/// `/_stage` of Netlify: bad deploys, schedules, blobs that are not atomic. `?site=NAME` says which, the first where it
/// is absent.
pub(crate) fn stage(netlify: &Netlify, request: &Request, path: &[&str]) -> Option<Reply> {
    let Some(site) = request.query("site").map(str::to_owned).or_else(|| netlify.first()) else {
        return Some(complaint(404, "there is no site on this stage"));
    };
    let enumerated = |name: &str| request.query(name).map(|text| json!(text)).unwrap_or_default();
    let reply = match (&request.method, path) {
        (&Method::POST, ["deploy"]) => match serde_json::from_value::<Serving>(enumerated("serving")) {
            Ok(serving) => {
                match netlify.deploy(&site, request.query("title").unwrap_or("by hand"), serving) {
                    Ok(id) => Reply::json(200, &json!({ "deploy_id": id })),
                    Err(error) => complaint(404, &error.to_string()),
                }
            }
            Err(_) => complaint(400, "say ?serving=works, missing or crashes"),
        },
        (&Method::GET, ["deploys"]) => match netlify.deploys(&site) {
            Ok(deploys) => Reply::json(200, &json!(deploys)),
            Err(error) => complaint(404, &error.to_string()),
        },
        (&Method::POST, ["atomicity"]) => match serde_json::from_value::<Atomicity>(enumerated("to")) {
            Ok(atomicity) => {
                netlify.set_atomicity(atomicity);
                Reply::empty(204)
            }
            Err(_) => complaint(400, "say ?to=true or blind"),
        },
        (&Method::POST, ["cron", function]) => {
            let (netlify_too, function) = (netlify.clone(), (*function).to_owned());
            let task = tokio::spawn(async move {
                // The vendor's scheduler does not tell the outside what came of it.
                let _answer = netlify_too.fire_schedule(&site, &function).await;
            });
            netlify.0.keep(task.abort_handle());
            Reply::empty(202)
        }
        _ => return None,
    };
    Some(reply)
}
