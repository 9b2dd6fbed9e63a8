//! One watch cycle of a function, within the time that it has.

use std::time::Duration;

use anyhow::{Result, bail};
use standin_body::check::{CheckV1, check};
use standin_body::look::look;

use crate::limits::end;
use crate::part::Function;

/// Looks and acts.
pub(crate) async fn tick(function: &Function, left: Duration) -> Result<CheckV1> {
    let world = function.world(left).await?;
    for missing in world.missing() {
        tracing::warn!("{missing}");
    }
    for (id, why) in &world.joined().undecided {
        tracing::warn!("{id} is only watched: {why}");
    }
    match tokio::time::timeout(end(left), Box::pin(check(&world, None))).await {
        Ok(checked) => Ok(checked.said),
        Err(_) => bail!(
            "the time was over before the tick was: what it had begun stands, and the next tick goes on"
        ),
    }
}

/// Only looks.
pub(crate) async fn status(function: &Function, left: Duration) -> Result<CheckV1> {
    let world = function.world(left).await?;
    match tokio::time::timeout(end(left), Box::pin(look(&world))).await {
        Ok(said) => Ok(said),
        Err(_) => bail!("the time was over before everything had answered"),
    }
}
