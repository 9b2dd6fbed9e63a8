//! The part of GitHub's GraphQL that Standin may use: `repository { id, ref, refs, object }`, `rateLimit`, `viewer`, and the
//! mutations `updateRefs` and `createCommitOnBranch`, both true compare-and-swap.

mod mutations;
mod parse;
mod queries;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use self::parse::{Field, Operation};
use super::{World, graphql_error};
use crate::wire::Reply;

/// What a field of an operation comes to: a value to project, or why not.
type Resolved = Result<Value, (&'static str, String)>;

/// Answers a document. As with the vendor, an error is answered with status 200.
pub(crate) fn answer(world: &mut World, body: &Value, base: &str, now: Timestamp) -> Reply {
    let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
    let empty = json!({});
    let variables = body.get("variables").filter(|value| value.is_object()).unwrap_or(&empty);
    let Some(operation) = parse::parse(query, variables) else {
        let message = "Parse error on the query, or it uses what the stage does not know";
        return Reply::json(200, &json!({ "errors": [{ "message": message }] }));
    };
    let (mut data, mut errors) = (Map::new(), Vec::new());
    let Operation { mutates, fields } = operation;
    for field in &fields {
        let resolved = match (mutates, field.name.as_str()) {
            (true, "updateRefs") => mutations::update_refs(world, field, now),
            (true, "createCommitOnBranch") => mutations::create_commit(world, field, base, now),
            (false, "repository") => queries::repository(world, field, base),
            (false, "rateLimit") => Ok(world.rate.overview(now).get("rate").cloned().unwrap_or_default()),
            (false, "viewer") => Ok(json!({ "login": "stage", "id": "STAGE" })),
            (_, name) => Err(("undefinedField", format!("Field '{name}' doesn't exist"))),
        };
        let value = match resolved {
            Ok(value) => project(&value, &field.fields),
            Err((kind, message)) => {
                errors.push(graphql_error(kind, &field.alias, &message));
                Value::Null
            }
        };
        data.insert(field.alias.clone(), value);
    }
    let mut answer = json!({ "data": data });
    if let (false, Value::Object(answer)) = (errors.is_empty(), &mut answer) {
        answer.insert("errors".into(), Value::Array(errors));
    }
    Reply::json(200, &answer)
}

/// Keeps what was selected. What is selected and not there is null.
fn project(value: &Value, fields: &[Field]) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| project(item, fields)).collect()),
        Value::Object(known) if !fields.is_empty() => {
            let one = |field: &Field| {
                // A field with arguments was resolved under its alias.
                let found = known.get(&field.alias).or_else(|| known.get(&field.name));
                (field.alias.clone(), found.map_or(Value::Null, |value| project(value, &field.fields)))
            };
            Value::Object(fields.iter().map(one).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
