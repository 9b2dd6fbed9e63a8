//! Files of a branch, with the blob's name as the expected value of a write; and commits by name.

use bytes::Bytes;
use serde_json::{Value, json};

use super::call::{Answered, Call, Refusal, missing, not_found};
use super::objects::{Commit, Entry, Object, Oid, TREE_MODE};
use super::{data, shapes};
use crate::wire::Reply;

/// Above this the vendor sends a file only raw.
const MAX_INLINE: usize = 1024 * 1024;

fn shape(call: &Call<'_>, path: &str, entry: &Entry, reference: &str) -> Value {
    let kind = if entry.mode == TREE_MODE { "dir" } else { "file" };
    let size = call.repo.objects.blob(entry.oid).map_or(0, Bytes::len);
    let (url, web) = (call.url(), format!("{}/{}", call.base, call.repo.full_name()));
    let own = format!("{url}/contents/{path}?ref={reference}");
    let object = if kind == "dir" { "tree" } else { "blob" };
    let git = format!("{url}/git/{object}s/{}", entry.oid);
    let html = format!("{web}/{object}/{reference}/{path}");
    json!({
        "type": kind,
        "size": size,
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "sha": entry.oid.to_string(),
        "url": own,
        "git_url": git,
        "html_url": html,
        "download_url": (kind == "file").then(|| format!("{web}/raw/{reference}/{path}")),
        "_links": { "git": git, "self": own, "html": html },
    })
}

/// `GET contents/{path}`.
pub(crate) fn get(call: &Call<'_>, path: &str) -> Answered {
    let reference = call.request.query("ref").unwrap_or(&call.repo.default_branch);
    let commit = call
        .repo
        .resolve(reference)
        .ok_or_else(|| Refusal::new(404, format!("No commit found for the ref {reference}")))?;
    let entry = call.repo.objects.find(commit, path).ok_or_else(not_found)?;
    let Some(data) = call.repo.objects.blob(entry.oid) else {
        let entries = call.repo.objects.tree(entry.oid).map(|(_, entries)| entries).ok_or_else(not_found)?;
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let list: Vec<Value> = entries
            .iter()
            .map(|(name, entry)| shape(call, &format!("{prefix}{name}"), entry, reference))
            .collect();
        return Ok(Reply::json(200, &Value::Array(list)));
    };
    if shapes::wants_raw(call.request) {
        return Ok(Reply::bytes(200, "application/vnd.github.raw+json; charset=utf-8", data.clone()));
    }
    let mut shape = shape(call, path, &entry, reference);
    let inline = data.len() <= MAX_INLINE;
    if let Value::Object(shape) = &mut shape {
        shape.insert("encoding".into(), json!(if inline { "base64" } else { "none" }));
        shape.insert("content".into(), json!(if inline { data::encode(data) } else { String::new() }));
    }
    Ok(Reply::json(200, &shape))
}

/// `PUT contents/{path}`: makes a file, or replaces the one whose blob is named by `sha`.
pub(crate) fn put(call: &mut Call<'_>, path: &str) -> Answered {
    let message = call.text("message")?.to_owned();
    let content = data::decode(call.text("content")?)?;
    let (branch, head, old) = expected(call, path)?;
    let oid = call.repo.objects.put(Object::Blob(content));
    let entry = Entry { mode: old.map_or_else(|| "100644".to_owned(), |old| old.mode), oid };
    let status = if call.body.get("sha").is_some_and(Value::is_string) { 200 } else { 201 };
    let commit = change(call, &branch, head, path, Some(entry.clone()), message);
    let content = shape(call, path, &entry, branch.trim_start_matches("refs/heads/"));
    Ok(Reply::json(status, &json!({ "content": content, "commit": shapes::git_commit(call, commit) })))
}

/// `DELETE contents/{path}`.
pub(crate) fn delete(call: &mut Call<'_>, path: &str) -> Answered {
    let message = call.text("message")?.to_owned();
    call.text("sha")?;
    let (branch, head, old) = expected(call, path)?;
    if old.is_none() {
        return Err(not_found());
    }
    let commit = change(call, &branch, head, path, None, message);
    Ok(Reply::json(200, &json!({ "content": null, "commit": shapes::git_commit(call, commit) })))
}

/// The branch's full name, its head, and the file there, which must be the one that the client names.
fn expected(call: &Call<'_>, path: &str) -> Result<(String, Oid, Option<Entry>), Refusal> {
    let branch = call.body.get("branch").and_then(Value::as_str).unwrap_or(&call.repo.default_branch);
    let name = format!("refs/heads/{}", branch.trim_start_matches("refs/heads/"));
    let head = call.repo.refs.get(&name).copied();
    let head = head.ok_or_else(|| Refusal::new(404, format!("Branch {branch} not found")))?;
    let old = call.repo.objects.find(head, path);
    let given = call.body.get("sha").and_then(Value::as_str);
    match (&old, given) {
        (Some(entry), Some(sha)) if entry.oid.to_string() != sha => {
            Err(Refusal::new(409, format!("{path} does not match {sha}")))
        }
        (None, Some(sha)) => Err(Refusal::new(409, format!("{path} does not match {sha}"))),
        (Some(_), None) => Err(missing("sha")),
        (Some(_), Some(_)) | (None, None) => Ok((name, head, old)),
    }
}

/// Commits one changed file onto a branch.
pub(crate) fn change(
    call: &mut Call<'_>,
    branch: &str,
    head: Oid,
    path: &str,
    entry: Option<Entry>,
    message: String,
) -> Oid {
    let mut files = call.repo.objects.files(head);
    match entry {
        Some(entry) => files.insert(path.to_owned(), entry),
        None => files.remove(path),
    };
    let tree = call.repo.objects.build(&files);
    let person = call.repo.person(call.now);
    let (author, committer) = (person.clone(), person);
    let oid = call.repo.objects.put(Object::Commit(Commit {
        tree,
        parents: vec![head],
        author,
        committer,
        message,
    }));
    call.repo.set_ref(branch, Some(oid), call.ids, call.now);
    oid
}

/// `GET commits/{ref}`.
pub(crate) fn commit(call: &Call<'_>, name: &str) -> Answered {
    let oid = call.repo.resolve(name);
    let oid = oid.ok_or_else(|| Refusal::new(422, format!("No commit found for SHA: {name}")))?;
    let git = shapes::git_commit(call, oid).ok_or_else(not_found)?;
    let url = format!("{}/commits/{oid}", call.url());
    let part = |name: &str| git.get(name).cloned().unwrap_or_default();
    let mut inner = git.clone();
    if let Value::Object(inner) = &mut inner {
        inner.retain(|name, _| {
            ["author", "committer", "message", "tree", "url", "verification"].contains(&name.as_str())
        });
        inner.insert("comment_count".into(), json!(0));
    }
    let user = shapes::user(call.base, &call.repo.owner);
    Ok(Reply::json(
        200,
        &json!({
            "sha": oid.to_string(), "node_id": part("node_id"), "url": url, "html_url": part("html_url"),
            "comments_url": format!("{url}/comments"), "commit": inner, "author": user, "committer": user,
            "parents": part("parents"), "stats": { "additions": 0, "deletions": 0, "total": 0 }, "files": [],
        }),
    ))
}
