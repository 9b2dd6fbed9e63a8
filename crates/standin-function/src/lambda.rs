//! Under AWS Lambda.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};
use standin_body::env::Env;

use crate::event::Event;
use crate::once::left;
use crate::part::Function;
use crate::routes::answer;
use crate::watch;

/// Serves events until the platform ends the process.
pub(crate) async fn run(env: Env) -> Result<()> {
    // A function without its mesh still answers, so that whoever asks is told what is missing.
    let function = Arc::new(Function::new(env));
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let function = Arc::clone(&function);
        async move { Box::pin(handle(&function, event)).await }
    });
    lambda_runtime::run(handler).await.map_err(|error| anyhow!("the runtime has ended: {error}"))
}

async fn handle(function: &Result<Function>, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let left = left(event.context.deadline);
    match Event::of_lambda(event.payload).map_err(|error| failure("Standin.Event", &error))? {
        Event::Tick => {
            let function = function.as_ref().map_err(|error| failure("Standin.Configuration", error))?;
            let said = watch::tick(function, left).await.map_err(|error| failure("Standin.Tick", &error))?;
            Ok(json!(said))
        }
        event @ (Event::Woken(_) | Event::Http(_)) => {
            let reply = answer(function, event, left).await;
            Ok(json!({ "statusCode": reply.status, "headers": reply.headers, "body": reply.body }))
        }
    }
}

/// What the platform notes of an event that failed: one word to count by, and the whole sentence.
fn failure(what: &str, error: &impl std::fmt::Display) -> Diagnostic {
    // An error with causes shows all of them.
    let why = format!("{error:#}");
    tracing::error!("{why}");
    Diagnostic { error_type: what.to_owned(), error_message: why }
}
