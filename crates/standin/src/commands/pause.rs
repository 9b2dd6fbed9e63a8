//! `standin pause` and `standin resume`: a person has all watchers do nothing for a while.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use standin_body::host::NoHost;
use standin_body::world::World;

use crate::commands::part::{Database, Taken, mesh_of, peer_of, take};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// The longest pause: one that is forgotten ends by itself.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Pauses all recoveries of the mesh.
pub(crate) async fn pause(path: Option<&Path>, time: &str) -> Result<Exit, Failure> {
    let wrong = |why: &str| Failure::Usage(format!("--for {time}: {why}; write it as 30m, 4h or 2d"));
    let asked = standin_config::duration(time).map_err(wrong)?;
    if asked.is_zero() || asked > LONGEST {
        return Err(wrong("a pause is of at least a moment and at most 30 days"));
    }
    let until = Timestamp::now().checked_add(asked).map_err(anyhow::Error::from)?;
    tell(path, Some(until)).await?;
    output::write(&format!(
        "Nothing is recovered by the mesh until {until:.0}, or until `standin resume`.\n"
    ))?;
    Ok(Exit::Fine)
}

/// Ends a pause.
pub(crate) async fn resume(path: Option<&Path>) -> Result<Exit, Failure> {
    tell(path, None).await?;
    output::write("Recovery goes on.\n")?;
    Ok(Exit::Fine)
}

async fn tell(path: Option<&Path>, until: Option<Timestamp>) -> Result<(), Failure> {
    let project = Project::load(path)?;
    let mesh = mesh_of(&project)?;
    let peer = peer_of(&project, &mesh, None)?;
    let Taken { mesh, joined, reached, .. } = Box::pin(take(&project, mesh, peer, Database::Leave)).await?;
    let missing = reached.missing.join("\n");
    let world = World::new(mesh, joined, reached, NoHost);
    let by = format!("cli/{}", std::env::var("USER").unwrap_or_default());
    let told = world.pause(until, &by).await;
    told.map_err(|why| Failure::Platform(if missing.is_empty() { why } else { format!("{why}\n{missing}") }))
}
