//! `updateRefs` and `createCommitOnBranch`: all or nothing, and only from the state that the client expects.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::parse::Field;
use super::{Resolved, World, queries};
use crate::github::objects::{Commit, Entry, Object, Oid};
use crate::github::repo::Repo;
use crate::github::{refs, shapes};

/// The vendor takes no more updates at once.
const MAX_UPDATES: usize = 1_000;

fn refused(message: impl Into<String>) -> (&'static str, String) {
    ("UNPROCESSABLE", message.into())
}

struct Update {
    name: String,
    after: Oid,
}

/// `updateRefs(input: { repositoryId, refUpdates: [{ name, beforeOid, afterOid, force }] })`.
pub(super) fn update_refs(world: &mut World, field: &Field, now: Timestamp) -> Resolved {
    let World { repos, ids, .. } = world;
    let input = field.arguments.get("input").ok_or_else(|| refused("input is missing"))?;
    let id = input.get("repositoryId").and_then(Value::as_str).unwrap_or_default();
    let repo = repos.values_mut().find(|repo| shapes::repository_node_id(repo) == id);
    let repo = repo
        .ok_or_else(|| ("NOT_FOUND", format!("Could not resolve to a node with the global id of '{id}'")))?;
    let given =
        input.get("refUpdates").and_then(Value::as_array).ok_or_else(|| refused("refUpdates is missing"))?;
    if given.len() > MAX_UPDATES {
        return Err(refused("too many ref updates"));
    }
    // Everything is checked before anything moves.
    let updates: Vec<Update> = given.iter().map(|update| checked(repo, update)).collect::<Result<_, _>>()?;
    for Update { name, after } in updates {
        let to = (after != Oid::ZERO).then_some(after);
        repo.set_ref(&name, to, ids, now);
    }
    Ok(json!({ "clientMutationId": input.get("clientMutationId") }))
}

fn checked(repo: &Repo, update: &Value) -> Result<Update, (&'static str, String)> {
    let text = |name: &str| update.get(name).and_then(Value::as_str);
    let name = text("name").unwrap_or_default().to_owned();
    if !refs::is_well_formed(&name) {
        return Err(refused(format!("{name} is not a well-formed ref name")));
    }
    let oid = |name: &str| match text(name) {
        None => Ok(None),
        Some(text) => {
            text.parse::<Oid>().map(Some).map_err(|()| refused(format!("{name} is not an object id")))
        }
    };
    let after = oid("afterOid")?.ok_or_else(|| refused("afterOid is missing"))?;
    let current = repo.refs.get(&name).copied();
    if let Some(before) = oid("beforeOid")?
        && before != current.unwrap_or(Oid::ZERO)
    {
        let at = current.unwrap_or(Oid::ZERO);
        return Err(refused(format!("Reference cannot be updated: {name} is at {at} but expected {before}")));
    }
    if after == Oid::ZERO {
        if current.is_none() {
            return Err(refused(format!("{name} does not exist")));
        }
        return Ok(Update { name, after });
    }
    if repo.objects.get(after).is_none() {
        return Err(refused(format!("object {after} does not exist")));
    }
    refs::branch_holds_commits(repo, &name, after).map_err(|refusal| refused(refusal.message))?;
    let force = update.get("force").and_then(Value::as_bool) == Some(true);
    match current {
        Some(current) if !force && !repo.objects.is_ancestor(current, after) => {
            Err(refused(format!("{name} cannot be updated: not a fast forward")))
        }
        None if !refs::has_room(repo, &name) => {
            Err(refused(format!("{name} cannot be created beside the others")))
        }
        Some(_) | None => Ok(Update { name, after }),
    }
}

/// `createCommitOnBranch(input: { branch, expectedHeadOid, message, fileChanges })`.
pub(super) fn create_commit(world: &mut World, field: &Field, base: &str, now: Timestamp) -> Resolved {
    let World { repos, ids, .. } = world;
    let input = field.arguments.get("input").ok_or_else(|| refused("input is missing"))?;
    let text = |pointer: &str| input.pointer(pointer).and_then(Value::as_str);
    let name = text("/branch/repositoryNameWithOwner").unwrap_or_default();
    let repo = repos.get_mut(&name.to_lowercase());
    let repo = repo
        .ok_or_else(|| ("NOT_FOUND", format!("Could not resolve to a Repository with the name '{name}'.")))?;
    let branch = text("/branch/branchName").unwrap_or_default();
    let branch = if branch.starts_with("refs/") { branch.to_owned() } else { format!("refs/heads/{branch}") };
    let head = repo.refs.get(&branch).copied();
    let head = head.ok_or_else(|| ("NOT_FOUND", format!("No such branch: {branch}")))?;
    let expected = text("/expectedHeadOid").unwrap_or_default();
    if head.to_string() != expected {
        let message = format!(
            "Expected branch to point to \"{expected}\" but it points to \"{head}\". Pull and try again."
        );
        return Err(("STALE_DATA", message));
    }
    let mut files = repo.objects.files(head);
    let list = |pointer: &str| input.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    for change in list("/fileChanges/deletions") {
        files.remove(change.get("path").and_then(Value::as_str).unwrap_or_default());
    }
    for change in list("/fileChanges/additions") {
        let path = change.get("path").and_then(Value::as_str).ok_or_else(|| refused("path is missing"))?;
        let content = queries::content(&change).ok_or_else(|| refused("contents is not Base64"))?;
        let oid = repo.objects.put(Object::Blob(content));
        let mode = files.get(path).map_or_else(|| "100644".to_owned(), |entry| entry.mode.clone());
        files.insert(path.to_owned(), Entry { mode, oid });
    }
    let tree = repo.objects.build(&files);
    let (headline, body) = (text("/message/headline").unwrap_or_default(), text("/message/body"));
    let message = body.map_or_else(|| headline.to_owned(), |body| format!("{headline}\n\n{body}"));
    let person = repo.person(now);
    let (author, committer) = (person.clone(), person);
    let oid =
        repo.objects.put(Object::Commit(Commit { tree, parents: vec![head], author, committer, message }));
    repo.set_ref(&branch, Some(oid), ids, now);
    let url = format!("{base}/{}/commit/{oid}", repo.full_name());
    let commit = json!({ "oid": oid.to_string(), "url": url });
    Ok(json!({ "commit": commit, "clientMutationId": input.get("clientMutationId") }))
}
