//! A function that answers and does nothing else: what the benches compare the real one with.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

async fn answer(event: LambdaEvent<Value>) -> Result<Value, lambda_runtime::Error> {
    drop(event);
    Ok(Value::Null)
}

fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_runtime::run(service_fn(answer)))
}
