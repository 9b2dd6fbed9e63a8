//! Which request goes where, what right it needs, and which answers may come from a client's own copy.

use hyper::Method;
use sha1::{Digest, Sha1};

use super::access::Right;
use super::call::{Answered, Call, not_found};
use super::runs::Again;
use super::workflows::WorkflowState;
use super::{contents, data, refs, runs, shapes, workflows};
use crate::wire::{Reply, Request};

/// A request below `repos/{owner}/{repo}`.
pub(crate) fn route(mut call: Call<'_>, rest: &[&str]) -> Answered {
    let call = &mut call;
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Ok(Reply::json(200, &shapes::repository(call))),
        ("POST", ["dispatches"]) => workflows::repository_dispatch(call),
        (_, ["git", rest @ ..]) => git(call, rest),
        (_, ["actions", rest @ ..]) => actions(call, rest),
        ("GET", ["contents", path @ ..]) => contents::get(call, &path.join("/")),
        ("PUT", ["contents", path @ ..]) => contents::put(call, &path.join("/")),
        ("DELETE", ["contents", path @ ..]) => contents::delete(call, &path.join("/")),
        ("GET", ["commits", name @ ..]) if !name.is_empty() => contents::commit(call, &name.join("/")),
        _ => Err(not_found()),
    }
}

fn git(call: &mut Call<'_>, rest: &[&str]) -> Answered {
    match (call.request.method.as_str(), rest) {
        ("GET", ["ref", name @ ..]) => refs::get(call, &name.join("/")),
        ("GET", ["matching-refs", name @ ..]) => refs::matching(call, &with_slash(call.request, name)),
        ("POST", ["refs"]) => refs::create(call),
        ("PATCH", ["refs", name @ ..]) => refs::update(call, &name.join("/")),
        ("DELETE", ["refs", name @ ..]) => refs::delete(call, &name.join("/")),
        ("POST", ["blobs"]) => data::create_blob(call),
        ("GET", ["blobs", sha]) => data::blob(call, sha),
        ("POST", ["trees"]) => data::create_tree(call),
        ("GET", ["trees", name @ ..]) => data::tree(call, &name.join("/")),
        ("POST", ["commits"]) => data::create_commit(call),
        ("GET", ["commits", sha]) => data::commit(call, sha),
        _ => Err(not_found()),
    }
}

/// A prefix that ends with a slash means the folder alone: `a/` does not match `ab`.
fn with_slash(request: &Request, name: &[&str]) -> String {
    let joined = name.join("/");
    if request.ends_with_slash && !joined.ends_with('/') { joined + "/" } else { joined }
}

fn actions(call: &mut Call<'_>, rest: &[&str]) -> Answered {
    match (call.request.method.as_str(), rest) {
        ("GET", ["workflows"]) => workflows::list(call),
        ("GET", ["workflows", key]) => workflows::get(call, key),
        ("PUT", ["workflows", key, "enable"]) => workflows::set_state(call, key, WorkflowState::Active),
        ("PUT", ["workflows", key, "disable"]) => {
            workflows::set_state(call, key, WorkflowState::DisabledManually)
        }
        ("POST", ["workflows", key, "dispatches"]) => workflows::dispatch(call, key),
        ("GET", ["workflows", key, "runs"]) => runs::list(call, Some(key)),
        ("GET", ["runs"]) => runs::list(call, None),
        ("GET", ["runs", id]) => runs::get(call, id),
        ("GET", ["runs", id, "jobs"]) => runs::jobs(call, id),
        ("POST", ["runs", id, "rerun"]) => runs::rerun(call, id, Again::All),
        ("POST", ["runs", id, "rerun-failed-jobs"]) => runs::rerun(call, id, Again::Failed),
        ("POST", ["runs", id, "cancel" | "force-cancel"]) => runs::cancel(call, id),
        _ => Err(not_found()),
    }
}

/// The right that a request needs.
pub(crate) fn needed(request: &Request) -> Option<Right> {
    let parts: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let reads = request.method == Method::GET;
    match parts.as_slice() {
        ["repos", _, _, "actions", ..] if reads => Some(Right::ReadActions),
        ["repos", _, _, "actions", ..] => Some(Right::WriteActions),
        ["repos", _, _, ..] if reads => Some(Right::ReadContents),
        ["repos", _, _, ..] => Some(Right::WriteContents),
        ["graphql"] => {
            let mutates = request.json().ok().and_then(|body| {
                body.get("query").and_then(serde_json::Value::as_str).map(|query| query.contains("mutation"))
            });
            Some(if mutates == Some(true) { Right::WriteContents } else { Right::ReadContents })
        }
        _ => None,
    }
}

/// Gives what was read an entity tag, and answers 304 where the client has the same already.
pub(crate) fn conditional(request: &Request, reply: Reply) -> Reply {
    if request.method != Method::GET || reply.status != 200 {
        return reply;
    }
    let hash: [u8; 20] = Sha1::digest(&reply.body).into();
    let tag: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("W/\"{tag}\"");
    let same = |known: &str| {
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag.trim_start_matches("W/"))
    };
    if request.header("if-none-match").is_some_and(same) {
        return Reply::empty(304).with("etag", tag);
    }
    reply.with("etag", tag)
}
