//! Netlify's control plane: sites, deploys, build hooks that really build, functions that are really served, blobs.

mod blobs;
mod builds;
mod functions;
mod handle;
mod routes;
mod site;

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub use self::blobs::Atomicity;
pub use self::builds::{Build, BuildHandler, BuildRequest, BuildResult};
pub use self::functions::{FunctionCall, FunctionHandler, FunctionReply, Functions};
pub use self::handle::{DeploySummary, Netlify};
pub use self::site::{FunctionOptions, Serving, SiteOptions};

use self::site::Site;
use crate::faults::{FaultKind, Refused};
use crate::github::{Access, Rate};
use crate::plane::{Plane, http_date, lock};
use crate::serve::{Answer, Handler};
use crate::wire::{Reply, Request};

/// How this Netlify is.
#[derive(Debug, Clone)]
pub struct NetlifyOptions {
    /// The port on the loopback interface; 0 lets the kernel choose.
    pub port: u16,
    /// The sites, each with one good deploy that is live.
    pub sites: Vec<SiteOptions>,
    /// Who is let in; any token of the list may do everything.
    pub access: Access,
    /// Requests a minute, as the rate limit headers say; the limit is enforced.
    pub rate_limit: u32,
}

impl Default for NetlifyOptions {
    fn default() -> Self {
        Self { port: 0, sites: Vec::new(), access: Access::Open, rate_limit: 500 }
    }
}

/// The state, under one lock.
#[derive(Debug)]
pub(crate) struct World {
    sites: Vec<Site>,
    next: u64,
    rate: Rate,
}

impl World {
    fn site(&mut self, name: &str) -> Option<&mut Site> {
        self.sites.iter_mut().find(|site| site.is_called(name))
    }

    /// A new id, of the form that the vendor's have.
    fn id(&mut self) -> String {
        self.next += 1;
        format!("{:024x}", 0x5749_0000_u64 + self.next)
    }
}

pub(crate) struct Cloud {
    plane: Plane,
    base: String,
    access: Access,
    world: Mutex<World>,
    /// Something about a deploy has changed.
    changed: Notify,
    tasks: Mutex<Vec<AbortHandle>>,
    atomicity: Mutex<Atomicity>,
}

const WINDOW_S: i64 = 60;

impl Cloud {
    pub(crate) fn new(options: NetlifyOptions, base: String) -> Self {
        let plane = Plane::default();
        let rate = Rate::new(options.rate_limit, WINDOW_S);
        let mut world = World { sites: Vec::new(), next: 0, rate };
        for site in options.sites {
            let (id, hook, deploy) = (world.id(), world.id(), world.id());
            world.sites.push(Site::new(site, id, hook, &deploy, plane.now()));
        }
        Self {
            plane,
            base,
            access: options.access,
            world: Mutex::new(world),
            changed: Notify::new(),
            tasks: Mutex::new(Vec::new()),
            atomicity: Mutex::new(Atomicity::True),
        }
    }

    pub(crate) fn stop(&self) {
        lock(&self.tasks).drain(..).for_each(|task| task.abort());
    }

    fn keep(&self, task: AbortHandle) {
        let mut tasks = lock(&self.tasks);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    async fn respond(self: Arc<Self>, request: Request) -> Reply {
        let parts: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        // What is served to the world, and what carries its right in its address, needs no token.
        match parts.as_slice() {
            [".netlify", "functions", name] => return functions::serve(&self, None, name, &request).await,
            ["_site", site, ".netlify", "functions", name] => {
                return functions::serve(&self, Some(site), name, &request).await;
            }
            ["build_hooks", id] | ["api", "v1", "build_hooks", id] => {
                return routes::hook(&self, id, &request);
            }
            ["_signed", _, site, store, key @ ..] => {
                let reply = blobs::answer(&self, &request, site, store, &key.join("/")).await;
                return self.dressed(reply);
            }
            _ => {}
        }
        let now = self.plane.now();
        let reply = match self.access.check(&request, None) {
            Err(refusal) => error(refusal.status, "Access Denied: Invalid token"),
            Ok(()) if !lock(&self.world).rate.spend(now) => error(429, "Too Many Requests"),
            Ok(()) => match parts.as_slice() {
                ["api", "v1", "blobs", site, store, key @ ..] => {
                    blobs::api(&self, &request, site, store, &key.join("/")).await
                }
                ["api", "v1", rest @ ..] => routes::answer(&self, &request, rest),
                [site, store, key @ ..] if store.starts_with("site:") => {
                    blobs::answer(&self, &request, site, store, &key.join("/")).await
                }
                _ => error(404, "Not Found"),
            },
        };
        self.dressed(reply)
    }

    /// The headers that every answer of the API has.
    fn dressed(&self, reply: Reply) -> Reply {
        let now = self.plane.now();
        let rate = lock(&self.world).rate.headers(now);
        let wanted = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
        let rate = rate.into_iter().filter(|(name, _)| wanted.contains(name));
        let reply = rate.fold(reply, |reply, (name, value)| {
            let given = reply.headers.iter().any(|(known, _)| known == name);
            if given { reply } else { reply.with(name, value) }
        });
        reply.with("date", http_date(now))
    }
}

/// An error of the vendor's shape.
pub(crate) fn error(code: u16, message: &str) -> Reply {
    Reply::json(code, &json!({ "code": code, "message": message }))
}

impl Handler for Cloud {
    fn plane(&self) -> &Plane {
        &self.plane
    }

    fn answer(self: Arc<Self>, request: Request) -> Answer {
        Box::pin(self.respond(request))
    }

    fn stage(self: Arc<Self>, request: &Request, path: &[&str]) -> Option<Reply> {
        handle::stage(&Netlify::new(self), request, path)
    }

    fn refuse(&self, fault: &FaultKind) -> Reply {
        let (refused, again) = fault.refusal();
        let reply = match refused {
            Refused::UsedUp => error(429, "Too Many Requests").with("x-ratelimit-remaining", "0"),
            Refused::TooFast => error(429, "Too Many Requests"),
            Refused::With(code) => error(code, "as it was asked of the stage"),
            Refused::Broken => error(500, "Internal Server Error"),
        };
        self.dressed(reply.again_after(again))
    }
}
