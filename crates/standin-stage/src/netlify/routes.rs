//! The REST API below `/api/v1`, and the build hooks.

use std::sync::Arc;

use hyper::Method;
use serde_json::{Value, json};

use super::site::{Deploy, DeployState, Hook, Publishing, Site};
use super::{Cloud, World, builds, error};
use crate::plane::{iso, lock};
use crate::wire::{Reply, Request};

/// The vendor gives no more of a list at once.
const MAX_PAGE: usize = 100;

fn not_found() -> Reply {
    error(404, "Not Found")
}

fn page<T>(request: &Request, items: impl Iterator<Item = T>) -> Vec<T> {
    let number = |name, default: usize| request.number(name, default).unwrap_or(default).max(1);
    let (size, page) = (number("per_page", MAX_PAGE).min(MAX_PAGE), number("page", 1));
    items.skip(size.saturating_mul(page - 1)).take(size).collect()
}

/// `POST build_hooks/{id}`: whoever knows the address may build. Answers nothing, as the vendor does.
pub(crate) fn hook(cloud: &Arc<Cloud>, id: &str, request: &Request) -> Reply {
    let found = lock(&cloud.world).sites.iter().find_map(|site| {
        site.hooks.iter().find(|hook| hook.id == id).map(|hook| (site.id.clone(), hook.title.clone()))
    });
    let (Some((site, name)), &Method::POST) = (found, &request.method) else { return not_found() };
    let title = request
        .query("trigger_title")
        .map_or_else(|| format!("Deploy triggered by hook: {name}"), str::to_owned);
    builds::begin(cloud, &site, &title);
    Reply::empty(200)
}

/// A request with a token.
pub(crate) fn answer(cloud: &Arc<Cloud>, request: &Request, rest: &[&str]) -> Reply {
    if let (&Method::POST, ["sites", site, "builds"]) = (&request.method, rest) {
        let title = request.query("title").unwrap_or("Triggered by the API");
        return match builds::begin(cloud, site, title) {
            Some((deploy, build)) => {
                let created = iso(cloud.plane.now());
                let body = json!({ "id": build, "deploy_id": deploy, "done": false, "created_at": created });
                Reply::json(200, &body)
            }
            None => not_found(),
        };
    }
    let reply = within(cloud, &mut lock(&cloud.world), request, rest);
    cloud.changed.notify_waiters();
    reply
}

fn within(cloud: &Cloud, world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let (base, now) = (cloud.base.as_str(), cloud.plane.now());
    let Some(first) = world.sites.first().map(|site| site.id.clone()) else { return not_found() };
    let whole = |site: &Site, deploy: &Deploy| site.deploy_shape(deploy, base, &first);
    match (request.method.as_str(), rest) {
        ("GET", ["sites"]) => {
            let name = request.query("name").unwrap_or_default();
            let named = world.sites.iter().filter(|site| site.options.name.contains(name));
            let shapes = named.map(|site| site.shape(base, &first));
            Reply::json(200, &Value::Array(page(request, shapes)))
        }
        (method, ["deploys", id, rest @ ..]) => {
            let Some(site) = world.sites.iter_mut().find(|site| site.deploy(id).is_some()) else {
                return not_found();
            };
            match (method, rest) {
                ("GET", []) => {
                    site.deploy(id).map_or_else(not_found, |deploy| Reply::json(200, &whole(site, deploy)))
                }
                ("POST", ["lock" | "unlock"]) => {
                    site.publishing =
                        if rest == ["lock"] { Publishing::Locked } else { Publishing::Automatic };
                    site.deploy(id).map_or_else(not_found, |deploy| Reply::json(200, &whole(site, deploy)))
                }
                ("POST", ["cancel"]) => {
                    site.end_deploy(
                        id,
                        DeployState::Failed("Canceled build".to_owned()),
                        super::Serving::Missing,
                        now,
                    );
                    site.deploy(id).map_or_else(not_found, |deploy| Reply::json(201, &whole(site, deploy)))
                }
                _ => not_found(),
            }
        }
        (method, ["sites", name, rest @ ..]) => {
            let hook = world.id();
            let Some(site) = world.site(name) else { return not_found() };
            of_site(site, Asked { method, rest, request, base, first: &first, hook, now })
        }
        _ => not_found(),
    }
}

/// What is asked of one site.
struct Asked<'a> {
    method: &'a str,
    rest: &'a [&'a str],
    request: &'a Request,
    base: &'a str,
    first: &'a str,
    /// An id for what may be made.
    hook: String,
    now: jiff::Timestamp,
}

fn of_site(site: &mut Site, asked: Asked<'_>) -> Reply {
    let Asked { method, rest, request, base, first, hook, now } = asked;
    let one = |site: &Site, deploy: Option<&Deploy>, status| {
        deploy.map_or_else(not_found, |deploy| Reply::json(status, &site.deploy_shape(deploy, base, first)))
    };
    match (method, rest) {
        ("GET", []) => Reply::json(200, &site.shape(base, first)),
        ("GET", ["deploys"]) => {
            let wanted = request.query("state");
            let fits = |deploy: &&Deploy| wanted.is_none_or(|state| deploy.state.name() == state);
            let shapes =
                site.deploys.iter().rev().filter(fits).map(|deploy| site.deploy_shape(deploy, base, first));
            Reply::json(200, &Value::Array(page(request, shapes)))
        }
        ("GET", ["deploys", id]) => one(site, site.deploy(id), 200),
        ("POST", ["deploys", id, "restore"]) => {
            if site.deploy(id).is_some_and(|deploy| deploy.state != DeployState::Ready) {
                return error(422, "Only a deploy that is ready can be published");
            }
            site.publish(id, now);
            one(site, site.deploy(id), 201)
        }
        ("PUT", ["rollback"]) => {
            let Some(id) = site.before_live().map(|deploy| deploy.id.clone()) else {
                return error(422, "There is no deploy to roll back to");
            };
            site.publish(&id, now);
            Reply::empty(204)
        }
        ("GET", ["functions"]) => Reply::json(200, &functions(site)),
        ("GET", ["build_hooks"]) => Reply::json(
            200,
            &Value::Array(site.hooks.iter().map(|hook| hook_shape(site, hook, base)).collect()),
        ),
        ("GET", ["build_hooks", id]) => match site.hooks.iter().find(|hook| hook.id == *id) {
            Some(hook) => Reply::json(200, &hook_shape(site, hook, base)),
            None => not_found(),
        },
        ("POST", ["build_hooks"]) => {
            let body = request.json().unwrap_or_default();
            let text = |name: &str, default: &str| {
                body.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
            };
            let hook =
                Hook { id: hook, title: text("title", "hook"), branch: text("branch", "main"), created: now };
            let shape = hook_shape(site, &hook, base);
            site.hooks.push(hook);
            Reply::json(201, &shape)
        }
        ("DELETE", ["build_hooks", id]) => {
            site.hooks.retain(|hook| hook.id != *id);
            Reply::empty(204)
        }
        _ => not_found(),
    }
}

fn hook_shape(site: &Site, hook: &Hook, base: &str) -> Value {
    json!({
        "id": hook.id, "title": hook.title, "branch": hook.branch, "site_id": site.id,
        "url": format!("{base}/build_hooks/{}", hook.id), "created_at": iso(hook.created),
    })
}

/// The functions of the live deploy, in the vendor's short names too.
fn functions(site: &Site) -> Value {
    let Some(live) = site.live() else { return json!([]) };
    let one = |function: &super::FunctionOptions| json!({ "n": function.name, "name": function.name, "id": format!("{}-{}", live.id, function.name), "schedule": function.schedule, "r": "nodejs" });
    let functions: Vec<Value> = match live.serving {
        super::Serving::Works | super::Serving::Crashes => live.functions.iter().map(one).collect(),
        super::Serving::Missing => Vec::new(),
    };
    json!([{ "id": live.id, "branch": "main", "created_at": iso(live.created), "provider": "stage", "log_type": "stage", "functions": functions }])
}
