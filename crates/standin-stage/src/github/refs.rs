//! Refs over REST: create-if-absent, fast-forward or forced updates, deletes, and lists by prefix.

use serde_json::{Value, json};

use super::call::{Answered, Call, Refusal, invalid, missing};
use super::objects::Oid;
use super::repo::Repo;
use crate::wire::Reply;

/// Git's rules for a ref's name, as far as they matter to a client: at least `refs/x/y`, no odd characters.
pub(crate) fn is_well_formed(name: &str) -> bool {
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let parts: Vec<&str> = name.split('/').collect();
    parts.first() == Some(&"refs")
        && parts.len() >= 3
        && !name.contains(odd)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && parts.iter().all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

/// Whether a ref of this name could lie beside the others: none is a folder of the other.
pub(crate) fn has_room(repo: &Repo, name: &str) -> bool {
    let below = format!("{name}/");
    let is_folder =
        repo.refs.range(below.clone()..).next().is_some_and(|(other, _)| other.starts_with(&below));
    let above =
        name.match_indices('/').filter_map(|(at, _)| name.get(..at)).any(|part| repo.refs.contains_key(part));
    !is_folder && !above
}

fn shape(call: &Call<'_>, name: &str, oid: Oid) -> Value {
    let kind = call.repo.objects.get(oid).map_or("commit", super::objects::Object::kind);
    let url = call.url();
    json!({
        "ref": name,
        "node_id": super::shapes::node_id("REF", name),
        "url": format!("{url}/git/{name}"),
        "object": { "sha": oid.to_string(), "type": kind, "url": format!("{url}/git/{kind}s/{oid}") },
    })
}

fn object(call: &Call<'_>) -> Result<Oid, Refusal> {
    let oid = call.text("sha")?.parse().map_err(|()| invalid("sha"))?;
    match call.repo.objects.get(oid) {
        Some(_) => Ok(oid),
        None => Err(Refusal::new(422, "Object does not exist")),
    }
}

/// `GET git/ref/{ref}`: the one ref of exactly this name.
pub(crate) fn get(call: &Call<'_>, name: &str) -> Answered {
    let name = format!("refs/{name}");
    let oid = call.repo.refs.get(&name).copied().ok_or_else(super::call::not_found)?;
    Ok(Reply::json(200, &shape(call, &name, oid)))
}

/// `GET git/matching-refs/{prefix}`: every ref whose name begins so. The vendor does not page this list.
pub(crate) fn matching(call: &Call<'_>, prefix: &str) -> Answered {
    let prefix = format!("refs/{prefix}");
    let found = call.repo.refs.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
    let shapes: Vec<Value> = found.map(|(name, oid)| shape(call, name, *oid)).collect();
    Ok(Reply::json(200, &Value::Array(shapes)))
}

/// `POST git/refs`: makes a ref that is not there yet.
pub(crate) fn create(call: &mut Call<'_>) -> Answered {
    let name = call.text("ref")?.to_owned();
    if !is_well_formed(&name) {
        return Err(Refusal::new(422, "Reference name is not well-formed"));
    }
    let oid = object(call)?;
    if call.repo.refs.contains_key(&name) {
        return Err(Refusal::new(422, "Reference already exists"));
    }
    if !has_room(call.repo, &name) {
        return Err(Refusal::new(422, "Reference update failed"));
    }
    branch_holds_commits(call.repo, &name, oid)?;
    call.repo.set_ref(&name, Some(oid), call.ids, call.now);
    Ok(Reply::json(201, &shape(call, &name, oid)).with("location", format!("{}/git/{name}", call.url())))
}

/// `PATCH git/refs/{ref}`: moves it forward; anywhere, with `force`.
pub(crate) fn update(call: &mut Call<'_>, name: &str) -> Answered {
    let name = format!("refs/{name}");
    let force = match call.body.get("force") {
        None | Some(Value::Null) => false,
        Some(value) => value.as_bool().ok_or_else(|| invalid("force"))?,
    };
    if call.body.get("sha").is_none() {
        return Err(missing("sha"));
    }
    let old = call.repo.refs.get(&name).copied();
    let old = old.ok_or_else(|| Refusal::new(422, "Reference does not exist"))?;
    let new = object(call)?;
    branch_holds_commits(call.repo, &name, new)?;
    if !force && !call.repo.objects.is_ancestor(old, new) {
        return Err(Refusal::new(422, "Update is not a fast forward"));
    }
    call.repo.set_ref(&name, Some(new), call.ids, call.now);
    Ok(Reply::json(200, &shape(call, &name, new)))
}

/// `DELETE git/refs/{ref}`.
pub(crate) fn delete(call: &mut Call<'_>, name: &str) -> Answered {
    let name = format!("refs/{name}");
    if !call.repo.refs.contains_key(&name) {
        return Err(Refusal::new(422, "Reference does not exist"));
    }
    call.repo.set_ref(&name, None, call.ids, call.now);
    Ok(Reply::empty(204))
}

/// A branch is a line of commits; other refs may point at anything.
pub(crate) fn branch_holds_commits(repo: &Repo, name: &str, oid: Oid) -> Result<(), Refusal> {
    if name.starts_with("refs/heads/") && repo.objects.commit(oid).is_none() {
        return Err(Refusal::new(422, "Object is not a commit"));
    }
    Ok(())
}
