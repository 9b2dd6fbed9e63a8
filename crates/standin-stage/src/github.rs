//! GitHub's control plane: the part of its REST and GraphQL that Standin uses, with state.

mod access;
mod act;
mod call;
mod contents;
mod data;
mod expressions;
mod graphql;
mod handle;
mod objects;
mod refs;
mod repo;
mod routes;
mod runner;
mod runs;
mod seed;
mod shapes;
mod stage;
mod workflows;
mod yaml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use tokio::task::AbortHandle;

pub use self::access::{Access, Grant, Right};
pub use self::act::Act;
pub use self::handle::{Github, Lists, RunSummary};
pub use self::runner::{RunHandler, RunRequest, Runner};
pub use self::runs::Conclusion;
pub use self::seed::{RepositoryOptions, SeedError};
pub use self::workflows::{Script, ScriptedJobs, WorkflowState};

pub(crate) use self::access::Rate;
use self::call::{Ids, Refusal};
use self::repo::Repo;
use crate::faults::{FaultKind, Refused};
use crate::plane::{Plane, http_date, lock};
use crate::serve::{Answer, Handler};
use crate::wire::{Reply, Request};

/// At most so many runs are carried out at a time; the others stay queued, as with a full runner pool.
const MAX_RUNNING: usize = 8;

/// How this GitHub is.
#[derive(Debug, Clone)]
pub struct GithubOptions {
    /// The port on the loopback interface; 0 lets the kernel choose.
    pub port: u16,
    /// The repositories, each with a first commit of its files.
    pub repositories: Vec<RepositoryOptions>,
    /// Who may do what.
    pub access: Access,
    /// What carries runs out.
    pub runner: Runner,
    /// Requests an hour, as the rate limit headers say; the limit is enforced.
    pub rate_limit: u32,
}

impl Default for GithubOptions {
    fn default() -> Self {
        Self {
            port: 0,
            repositories: Vec::new(),
            access: Access::Open,
            runner: Runner::default(),
            rate_limit: 1_000,
        }
    }
}

/// The state, under one lock: every request is one atomic step.
#[derive(Debug)]
pub(crate) struct World {
    /// By full name in small letters: GitHub's names have no case.
    repos: BTreeMap<String, Repo>,
    ids: Ids,
    rate: Rate,
}

pub(crate) struct Hub {
    plane: Plane,
    base: String,
    access: Access,
    runner: Runner,
    world: Mutex<World>,
    /// Something about a run has changed.
    changed: Notify,
    running: Arc<Semaphore>,
    tasks: Mutex<BTreeMap<u64, AbortHandle>>,
}

impl Hub {
    pub(crate) fn new(options: GithubOptions, base: String) -> Result<Self, SeedError> {
        let plane = Plane::default();
        let (mut ids, mut repos) = (Ids::new(), BTreeMap::new());
        for repository in &options.repositories {
            let files = repository.files()?;
            let branch = &repository.default_branch;
            let repo = Repo::new(&repository.name, branch, files, &mut ids, plane.now());
            repos.insert(repository.name.to_lowercase(), repo);
        }
        let world = World { repos, ids, rate: Rate::new(options.rate_limit, 3_600) };
        Ok(Self {
            plane,
            base,
            access: options.access,
            runner: options.runner,
            world: Mutex::new(world),
            changed: Notify::new(),
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
            tasks: Mutex::new(BTreeMap::new()),
        })
    }

    /// Ends every run that is carried out.
    pub(crate) fn stop(&self) {
        for (_, task) in std::mem::take(&mut *lock(&self.tasks)) {
            task.abort();
        }
    }

    fn respond(self: &Arc<Self>, request: &Request) -> Reply {
        let now = self.plane.now();
        let right = routes::needed(request);
        let reply = match self.access.check(request, right) {
            Err(refusal) => refusal.reply(),
            Ok(()) => {
                // Not held while the request is carried out, which locks the world itself.
                let within_limit = lock(&self.world).rate.spend(now);
                if within_limit {
                    self.carry(request).unwrap_or_else(|refusal| refusal.reply())
                } else {
                    access::used_up()
                }
            }
        };
        self.begin_runs();
        let reply = routes::conditional(request, reply);
        if reply.status == 304 {
            lock(&self.world).rate.refund();
        }
        self.dressed(reply)
    }

    fn carry(&self, request: &Request) -> Result<Reply, Refusal> {
        let body = request.json().map_err(|_| Refusal::new(400, "Problems parsing JSON"))?;
        if !body.is_object() {
            return Err(Refusal::new(400, "Body should be a JSON object"));
        }
        let mut world = lock(&self.world);
        let now = self.plane.now();
        let parts: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["graphql"] if request.method == hyper::Method::POST => {
                Ok(graphql::answer(&mut world, &body, &self.base, now))
            }
            ["rate_limit"] => Ok(Reply::json(200, &world.rate.overview(now))),
            ["repos", owner, name, rest @ ..] => {
                let World { repos, ids, .. } = &mut *world;
                let repo = repos.get_mut(&format!("{owner}/{name}").to_lowercase());
                let repo = repo.ok_or_else(call::not_found)?;
                let call = call::Call { repo, request, body: &body, base: &self.base, now, ids };
                routes::route(call, rest)
            }
            _ => Err(call::not_found()),
        }
    }

    /// The headers that every answer has.
    fn dressed(&self, reply: Reply) -> Reply {
        let now = self.plane.now();
        let rate = lock(&self.world).rate.headers(now);
        let reply = rate.into_iter().fold(reply, |reply, (name, value)| {
            let given = reply.headers.iter().any(|(known, _)| known == name);
            if given { reply } else { reply.with(name, value) }
        });
        reply
            .with("date", http_date(now))
            .with("x-github-request-id", "STAGE")
            .with("x-github-media-type", "github.v3; format=json")
    }
}

impl Handler for Hub {
    fn plane(&self) -> &Plane {
        &self.plane
    }

    fn answer(self: Arc<Self>, request: Request) -> Answer {
        Box::pin(async move { self.respond(&request) })
    }

    fn stage(self: Arc<Self>, request: &Request, path: &[&str]) -> Option<Reply> {
        stage::answer(&Github::new(self), request, path)
    }

    fn refuse(&self, fault: &FaultKind) -> Reply {
        let (refused, again) = fault.refusal();
        let reply = match refused {
            Refused::UsedUp => access::used_up(),
            Refused::TooFast => {
                let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
                Refusal::new(403, message).reply()
            }
            Refused::With(code) => Refusal::new(code, status_message(code)).reply(),
            Refused::Broken => Reply::json(500, &Value::Null),
        };
        self.dressed(reply.again_after(again))
    }
}

fn status_message(code: u16) -> &'static str {
    match code {
        401 => "Bad credentials",
        403 => "Resource not accessible by integration",
        404 => "Not Found",
        409 => "Conflict",
        422 => "Validation Failed",
        429 => "Too Many Requests",
        _ => "Server Error",
    }
}

/// An error of GraphQL: the status is 200, and the errors say what is wrong.
fn graphql_error(kind: &str, path: &str, message: &str) -> Value {
    json!({ "type": kind, "path": [path], "locations": [{ "line": 1, "column": 1 }], "message": message })
}
