//! Git's objects over REST: blobs, trees and commits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{Answered, Call, Refusal, invalid, missing, not_found};
use super::objects::{Commit, Entry, Object, Oid, Person, TREE_MODE};
use super::shapes;
use crate::wire::Reply;

/// GitHub lists no more of a tree at once.
const MAX_TREE: usize = 100_000;

/// `POST git/blobs`.
pub(crate) fn create_blob(call: &mut Call<'_>) -> Answered {
    let content = call.text("content")?;
    let data = match call.body.get("encoding").and_then(Value::as_str).unwrap_or("utf-8") {
        "utf-8" => Bytes::copy_from_slice(content.as_bytes()),
        "base64" => decode(content)?,
        _ => return Err(invalid("encoding")),
    };
    let oid = call.repo.objects.put(Object::Blob(data));
    let url = format!("{}/git/blobs/{oid}", call.url());
    Ok(Reply::json(201, &json!({ "url": url, "sha": oid.to_string() })).with("location", url))
}

/// `GET git/blobs/{sha}`, as JSON or, where `Accept` says so, raw.
pub(crate) fn blob(call: &Call<'_>, sha: &str) -> Answered {
    let oid: Oid = sha.parse().map_err(|()| not_found())?;
    let data = call.repo.objects.blob(oid).ok_or_else(not_found)?;
    if shapes::wants_raw(call.request) {
        return Ok(Reply::bytes(200, "application/octet-stream", data.clone()));
    }
    let body = json!({
        "sha": sha,
        "node_id": shapes::node_id("B", sha),
        "size": data.len(),
        "url": format!("{}/git/blobs/{sha}", call.url()),
        "content": encode(data),
        "encoding": "base64",
    });
    Ok(Reply::json(200, &body))
}

/// Base64 with a line end after each 60 characters, as GitHub wraps it.
pub(crate) fn encode(data: &[u8]) -> String {
    let whole = STANDARD.encode(data);
    let mut wrapped = String::with_capacity(whole.len() + whole.len() / 60 + 1);
    for line in whole.as_bytes().chunks(60) {
        wrapped.push_str(&String::from_utf8_lossy(line));
        wrapped.push('\n');
    }
    wrapped
}

pub(crate) fn decode(content: &str) -> Result<Bytes, Refusal> {
    let packed: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).map(Bytes::from).map_err(|_| Refusal::new(422, "content is not valid Base64"))
}

/// `GET git/trees/{sha or ref}`, with everything below where `recursive` is given.
pub(crate) fn tree(call: &Call<'_>, name: &str) -> Answered {
    let parsed = name.parse().ok().filter(|oid| call.repo.objects.get(*oid).is_some());
    let oid = parsed.or_else(|| call.repo.resolve(name)).ok_or_else(not_found)?;
    let (oid, entries) = call.repo.objects.tree(oid).ok_or_else(not_found)?;
    let recursive = call.request.query("recursive").is_some();
    let entries = if recursive { call.repo.objects.walk(oid) } else { entries.clone() };
    let truncated = entries.len() > MAX_TREE;
    Ok(Reply::json(200, &tree_shape(call, oid, entries.iter().take(MAX_TREE), truncated)))
}

fn tree_shape<'e>(
    call: &Call<'_>,
    oid: Oid,
    entries: impl Iterator<Item = (&'e String, &'e Entry)>,
    truncated: bool,
) -> Value {
    let url = call.url();
    let line = |(path, entry): (&String, &Entry)| {
        let kind = if entry.mode == TREE_MODE { "tree" } else { "blob" };
        let at = format!("{url}/git/{kind}s/{}", entry.oid);
        let mut line = json!({ "path": path, "mode": entry.mode, "type": kind, "sha": entry.oid.to_string(), "url": at });
        if let (Some(data), Value::Object(line)) = (call.repo.objects.blob(entry.oid), &mut line) {
            line.insert("size".into(), json!(data.len()));
        }
        line
    };
    let lines: Vec<Value> = entries.map(line).collect();
    json!({ "sha": oid.to_string(), "url": format!("{url}/git/trees/{oid}"), "tree": lines, "truncated": truncated })
}

/// `POST git/trees`: the lines given, on top of `base_tree` where it is given.
pub(crate) fn create_tree(call: &mut Call<'_>) -> Answered {
    let lines = call.body.get("tree").and_then(Value::as_array).ok_or_else(|| missing("tree"))?;
    let mut files = match call.body.get("base_tree").and_then(Value::as_str) {
        None => std::collections::BTreeMap::new(),
        Some(base) => {
            let oid: Oid =
                base.parse().map_err(|()| Refusal::new(422, "base_tree is not a valid tree oid"))?;
            let known = call.repo.objects.tree(oid).is_some();
            if !known {
                return Err(Refusal::new(422, "base_tree is not a valid tree oid"));
            }
            call.repo.objects.files(oid)
        }
    };
    for line in lines {
        put_line(call.repo, &mut files, line)?;
    }
    let oid = call.repo.objects.build(&files);
    let entries = call.repo.objects.tree(oid).map(|(_, entries)| entries.clone()).unwrap_or_default();
    let shape = tree_shape(call, oid, entries.iter(), false);
    Ok(Reply::json(201, &shape).with("location", format!("{}/git/trees/{oid}", call.url())))
}

type Files = std::collections::BTreeMap<String, Entry>;

fn put_line(repo: &mut super::repo::Repo, files: &mut Files, line: &Value) -> Result<(), Refusal> {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let path = text("path").filter(|path| !path.is_empty() && !path.starts_with('/') && !path.contains("//"));
    let path = path.ok_or_else(|| Refusal::new(422, "tree.path contains a malformed path component"))?;
    let mode = text("mode").unwrap_or("100644");
    if !["100644", "100755", TREE_MODE, "160000", "120000"].contains(&mode) {
        return Err(Refusal::new(422, "tree.mode is not valid"));
    }
    let below = format!("{path}/");
    files.retain(|known, _| known != path && !known.starts_with(&below));
    if let Some(content) = text("content") {
        let oid = repo.objects.put(Object::Blob(Bytes::copy_from_slice(content.as_bytes())));
        files.insert(path.to_owned(), Entry { mode: mode.to_owned(), oid });
        return Ok(());
    }
    match line.get("sha") {
        // Null deletes.
        Some(Value::Null) => Ok(()),
        Some(Value::String(sha)) => {
            let oid = sha.parse().ok().filter(|oid| repo.objects.get(*oid).is_some());
            let oid = oid.ok_or_else(|| Refusal::new(422, "tree.sha is not a valid object"))?;
            if mode == TREE_MODE {
                let inner = repo.objects.files(oid);
                files.extend(inner.into_iter().map(|(name, entry)| (format!("{path}/{name}"), entry)));
            } else {
                files.insert(path.to_owned(), Entry { mode: mode.to_owned(), oid });
            }
            Ok(())
        }
        _ => Err(missing("sha")),
    }
}

/// `POST git/commits`.
pub(crate) fn create_commit(call: &mut Call<'_>) -> Answered {
    let message = call.text("message")?.to_owned();
    let tree: Oid = call.text("tree")?.parse().map_err(|()| invalid("tree"))?;
    if !matches!(call.repo.objects.get(tree), Some(Object::Tree(_))) {
        return Err(Refusal::new(422, "Tree SHA does not exist"));
    }
    let mut parents = Vec::new();
    for parent in call.body.get("parents").and_then(Value::as_array).into_iter().flatten() {
        let oid = parent.as_str().and_then(|sha| sha.parse().ok());
        let oid = oid.filter(|oid| call.repo.objects.commit(*oid).is_some());
        parents.push(
            oid.ok_or_else(|| Refusal::new(422, "Parent SHA does not exist or is not a commit object"))?,
        );
    }
    let author = person(call, "author", None)?;
    let committer = person(call, "committer", Some(&author))?;
    let oid = call.repo.objects.put(Object::Commit(Commit { tree, parents, author, committer, message }));
    let shape = shapes::git_commit(call, oid).ok_or_else(not_found)?;
    Ok(Reply::json(201, &shape).with("location", format!("{}/git/commits/{oid}", call.url())))
}

/// A commit's times have whole seconds: the same content in the same second is the same commit.
fn person(call: &Call<'_>, role: &str, default: Option<&Person>) -> Result<Person, Refusal> {
    let given = call.body.get(role).filter(|value| value.is_object());
    let Some(given) = given else {
        let own = || call.repo.person(call.now);
        return Ok(default.cloned().unwrap_or_else(own));
    };
    let text =
        |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| missing(name));
    let at = match given.get("date").and_then(Value::as_str) {
        None => call.now,
        Some(date) => date.parse::<Timestamp>().map_err(|_| invalid("date"))?,
    };
    Ok(Person { name: text("name")?, email: text("email")?, at })
}

/// `GET git/commits/{sha}`.
pub(crate) fn commit(call: &Call<'_>, sha: &str) -> Answered {
    let oid = sha.parse().map_err(|()| not_found())?;
    Ok(Reply::json(200, &shapes::git_commit(call, oid).ok_or_else(not_found)?))
}
