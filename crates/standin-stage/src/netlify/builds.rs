//! Builds: nothing at all, a handler in this process, or a command that really builds.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use super::Cloud;
use super::site::{DeployState, Serving};
use crate::plane::lock;

/// The vendor ends a build after so long.
const LONGEST: Duration = Duration::from_secs(900);
/// How much of what a failed command said becomes the deploy's error, in characters.
const KEPT_CHARS: usize = 500;

/// What a build handler learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    /// The site's name.
    pub site: String,
    /// The deploy's id.
    pub deploy: String,
    /// The deploy's title, which the trigger gave.
    pub title: String,
}

/// How a build ended: how its functions answer, or why it failed.
pub type BuildResult = Result<Serving, String>;

/// Builds a site, and says how it ended.
pub type BuildHandler =
    Arc<dyn Fn(BuildRequest) -> Pin<Box<dyn Future<Output = BuildResult> + Send>> + Send + Sync>;

/// What a build does.
#[derive(Clone)]
pub enum Build {
    /// Nothing: it succeeds after so long.
    BuiltIn(Duration),
    /// This program does it.
    Handler(BuildHandler),
    /// A command does it; the exit status says how it went. It gets the title in `INCOMING_HOOK_TITLE`.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// Where it runs.
        folder: PathBuf,
    },
}

impl Default for Build {
    fn default() -> Self {
        Self::BuiltIn(Duration::from_millis(50))
    }
}

impl fmt::Debug for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(after) => f.debug_tuple("BuiltIn").field(after).finish(),
            Self::Handler(_) => f.write_str("Handler"),
            Self::Command { folder, .. } => {
                f.debug_struct("Command").field("folder", folder).finish_non_exhaustive()
            }
        }
    }
}

/// Begins a build and returns the ids of the deploy and the build; none where there is no such site.
pub(crate) fn begin(cloud: &Arc<Cloud>, site: &str, title: &str) -> Option<(String, String)> {
    let now = cloud.plane.now();
    let (request, build, build_id) = {
        let mut world = lock(&cloud.world);
        let (deploy, build_id) = (world.id(), world.id());
        let site = world.site(site)?;
        site.begin_deploy(deploy.clone(), build_id.clone(), title, now);
        let request = BuildRequest { site: site.options.name.clone(), deploy, title: title.to_owned() };
        (request, site.options.build.clone(), build_id)
    };
    let deploy = request.deploy.clone();
    let cloud_too = cloud.clone();
    let task = tokio::spawn(async move { carry(&cloud_too, request, build).await });
    cloud.keep(task.abort_handle());
    Some((deploy, build_id))
}

async fn carry(cloud: &Cloud, request: BuildRequest, build: Build) {
    let (site, deploy) = (request.site.clone(), request.deploy.clone());
    let result = match build {
        Build::BuiltIn(after) => {
            tokio::time::sleep(after).await;
            Ok(Serving::Works)
        }
        Build::Handler(handler) => handler(request).await,
        Build::Command { command, folder } => run(&command, folder, &request.title).await,
    };
    let (state, serving) = match result {
        Ok(serving) => (DeployState::Ready, serving),
        Err(message) => (DeployState::Failed(message), Serving::Missing),
    };
    let now = cloud.plane.now();
    if let Some(site) = lock(&cloud.world).site(&site) {
        site.end_deploy(&deploy, state, serving, now);
    }
    cloud.changed.notify_waiters();
}

async fn run(command: &[String], folder: PathBuf, title: &str) -> BuildResult {
    let Some((program, arguments)) = command.split_first() else { return Err("no build command".to_owned()) };
    let mut child = tokio::process::Command::new(program);
    child.args(arguments).current_dir(folder).env("INCOMING_HOOK_TITLE", title);
    child.stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(LONGEST, child.output()).await {
        Err(_) => Err("the build took too long".to_owned()),
        Ok(Err(error)) => Err(format!("the build command does not start: {error}")),
        Ok(Ok(output)) if output.status.success() => Ok(Serving::Works),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: String = said.chars().take(KEPT_CHARS).collect();
            Err(format!("Build script returned non-zero exit code ({}): {said}", output.status))
        }
    }
}
