//! `repository`: its id, its refs and the objects that they name.

use serde_json::{Map, Value, json};

use super::parse::Field;
use super::{Resolved, World};
use crate::github::objects::{Object, Oid};
use crate::github::repo::Repo;
use crate::github::{data, shapes};
use crate::plane::iso;

/// The vendor gives no more of a connection at once.
const MAX_PAGE: usize = 100;

/// `repository(owner:, name:)`.
pub(super) fn repository(world: &World, field: &Field, base: &str) -> Resolved {
    let (owner, name) = (field.text("owner").unwrap_or_default(), field.text("name").unwrap_or_default());
    let repo = world.repos.get(&format!("{owner}/{name}").to_lowercase()).ok_or_else(|| {
        ("NOT_FOUND", format!("Could not resolve to a Repository with the name '{owner}/{name}'."))
    })?;
    let branch = format!("refs/heads/{}", repo.default_branch);
    let mut shape = Map::from_iter([
        ("id".to_owned(), json!(shapes::repository_node_id(repo))),
        ("databaseId".to_owned(), json!(repo.id)),
        ("name".to_owned(), json!(repo.name)),
        ("nameWithOwner".to_owned(), json!(repo.full_name())),
        ("url".to_owned(), json!(format!("{base}/{}", repo.full_name()))),
        ("isPrivate".to_owned(), json!(true)),
        ("defaultBranchRef".to_owned(), one_ref(repo, &branch)),
    ]);
    for inner in &field.fields {
        let value = match inner.name.as_str() {
            "ref" => inner.text("qualifiedName").map(|name| {
                let full =
                    if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") };
                one_ref(repo, &full)
            }),
            "refs" => Some(refs(repo, inner)),
            "object" => Some(by_name(repo, inner).map_or(Value::Null, |oid| object(repo, oid))),
            _ => None,
        };
        if let Some(value) = value {
            shape.insert(inner.alias.clone(), value);
        }
    }
    Ok(Value::Object(shape))
}

/// `object(oid:)` or `object(expression: "ref:path")`.
fn by_name(repo: &Repo, field: &Field) -> Option<Oid> {
    if let Some(oid) = field.text("oid") {
        return oid.parse().ok();
    }
    let expression = field.text("expression")?;
    let (name, path) = expression.split_once(':').unwrap_or((expression, ""));
    let commit = repo.resolve(name)?;
    if path.is_empty() { Some(commit) } else { repo.objects.find(commit, path).map(|entry| entry.oid) }
}

/// A ref; null where there is none of this name.
fn one_ref(repo: &Repo, full: &str) -> Value {
    let Some(oid) = repo.refs.get(full) else { return Value::Null };
    let short = full.splitn(3, '/').nth(2).unwrap_or(full);
    let prefix = full.strip_suffix(short).unwrap_or_default();
    json!({
        "id": shapes::node_id("REF", full), "name": short, "prefix": prefix, "target": object(repo, *oid),
    })
}

fn refs(repo: &Repo, field: &Field) -> Value {
    let prefix = field.text("refPrefix").unwrap_or("refs/heads/");
    let first = field.arguments.get("first").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let after = field.text("after").unwrap_or_default();
    let all: Vec<&String> = repo.refs.keys().filter(|name| name.starts_with(prefix)).collect();
    let total = all.len();
    let later = all.into_iter().filter(|name| name.as_str() > after);
    let size = first.unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let mut found: Vec<&String> = later.take(size + 1).collect();
    let more = found.len() > size;
    found.truncate(size);
    let end = found.last().map(|name| (*name).clone());
    let node = |full: &&String| {
        let mut node = one_ref(repo, full);
        if let (Value::Object(node), Some(short)) = (&mut node, full.strip_prefix(prefix)) {
            node.extend([("name".to_owned(), json!(short)), ("prefix".to_owned(), json!(prefix))]);
        }
        node
    };
    let nodes: Vec<Value> = found.iter().map(node).collect();
    json!({ "totalCount": total, "nodes": nodes, "pageInfo": { "hasNextPage": more, "endCursor": end } })
}

/// An object with the fields of its own type.
fn object(repo: &Repo, oid: Oid) -> Value {
    let mut shape = Map::from_iter([("oid".to_owned(), json!(oid.to_string()))]);
    match repo.objects.get(oid) {
        None => return Value::Null,
        Some(Object::Blob(data)) => {
            let text = std::str::from_utf8(data).ok();
            shape.extend([
                ("__typename".to_owned(), json!("Blob")),
                ("byteSize".to_owned(), json!(data.len())),
                ("isBinary".to_owned(), json!(text.is_none())),
                ("text".to_owned(), json!(text)),
            ]);
        }
        Some(Object::Tree(entries)) => {
            let entry = |(name, entry): (&String, &crate::github::objects::Entry)| {
                let kind = repo.objects.get(entry.oid).map(Object::kind);
                let inner = repo.objects.blob(entry.oid).map(|_| object(repo, entry.oid));
                json!({ "name": name, "oid": entry.oid.to_string(), "type": kind, "object": inner })
            };
            let entries: Vec<Value> = entries.iter().map(entry).collect();
            shape.extend([("__typename".to_owned(), json!("Tree")), ("entries".to_owned(), json!(entries))]);
        }
        Some(Object::Commit(commit)) => {
            let parents: Vec<Value> =
                commit.parents.iter().map(|oid| json!({ "oid": oid.to_string() })).collect();
            shape.extend([
                ("__typename".to_owned(), json!("Commit")),
                ("message".to_owned(), json!(commit.message)),
                ("committedDate".to_owned(), json!(iso(commit.committer.at))),
                ("parents".to_owned(), json!({ "totalCount": parents.len(), "nodes": parents })),
                ("tree".to_owned(), object(repo, commit.tree)),
            ]);
        }
    }
    Value::Object(shape)
}

/// The content of a file that a mutation carries.
pub(super) fn content(field: &Value) -> Option<bytes::Bytes> {
    data::decode(field.get("contents")?.as_str()?).ok()
}
