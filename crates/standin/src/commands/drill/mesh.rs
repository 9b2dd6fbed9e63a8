//! Drills through the mesh: the backup is started where it stands, and what came of it is kept where all watchers find it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use standin_body::drill::{Dry, NoDrill, Order};
use standin_body::host::NoHost;
use standin_body::world::World;
use standin_core::automation::{Automation, Detail};
use standin_core::drill::{Backup, Drill, Outcome, Wanted};
use standin_core::ident::AutomationId;
use standin_platforms::github::KEY_INPUT;

use crate::cli::failover::{DrillArgs, Platform};
use crate::commands::part::{Database, Taken, mesh_of, peer_of, take};
use crate::commands::run::duration;
use crate::exit::Failure;
use crate::project::Project;

use super::{Plan, checked, one_line};

/// How long a backup elsewhere may work where nothing is said.
const LIMIT: Duration = Duration::from_secs(3_600);
/// The workflow that is taken for the watcher where `standin.toml` names none.
const USUAL_WATCHER: &str = "standin.yml";

/// The mesh of the repository, as far as it is in reach from here.
pub(crate) struct Elsewhere {
    world: Option<World<NoHost>>,
}

/// What the mesh can do about a drill.
pub(super) enum Through {
    /// It was done, or failed.
    Done(Drill),
    /// Nothing elsewhere stands in for it: it is drilled here.
    Here,
}

impl Elsewhere {
    /// Where `standin.toml` names watchers, a run of GitHub's asks, or a platform is named. Sends nothing.
    ///
    /// What is out of reach is only said where a platform was named: otherwise drills are done and kept here.
    pub(crate) async fn reach(project: &Project, named: Option<Platform>) -> Result<Self, Failure> {
        let mut mesh = mesh_of(project)?;
        if mesh.peers.is_empty() && (is_run_of_github() || named.is_some()) {
            mesh.ensure_action(USUAL_WATCHER);
        }
        if mesh.peers.is_empty() {
            return Ok(Self { world: None });
        }
        let taken = match peer_of(project, &mesh, None) {
            Ok(peer) => take(project, mesh, peer, Database::Leave).await,
            Err(failure) => Err(failure),
        };
        match taken {
            Ok(Taken { mesh, joined, reached, .. }) => {
                let missing = reached.missing.iter().filter(|_| named.is_some());
                missing.for_each(|missing| eprintln!("warning: {missing}"));
                Ok(Self { world: Some(World::new(mesh, joined, reached, NoHost)) })
            }
            Err(failure) if named.is_some() => Err(failure),
            Err(failure) => {
                tracing::debug!(%failure, "the mesh is out of reach");
                Ok(Self { world: None })
            }
        }
    }

    /// The drills that the mesh knows of; none where it is out of reach.
    pub(crate) async fn noted(&self) -> Vec<Drill> {
        match &self.world {
            Some(world) => world.noted_drills().await,
            None => Vec::new(),
        }
    }

    /// The watchers of which the mesh holds a sign of life; none where it is out of reach.
    pub(crate) async fn signed(&self) -> BTreeSet<String> {
        match &self.world {
            Some(world) => world.signed().await.iter().map(|peer| peer.as_str().to_owned()).collect(),
            None => BTreeSet::new(),
        }
    }

    /// Keeps a drill in the mesh as well. That it is not reached is said, and changes nothing of the drill.
    pub(super) async fn note(&self, drill: &Drill) {
        if let Some(world) = &self.world
            && let Err(why) = world.note_drill(drill).await
        {
            eprintln!("warning: only this machine remembers the drill: {why}");
        }
    }

    /// Whether a backup proves more than a drill here would: it does not fail together with its primary, or this is no
    /// machine but a run of GitHub's.
    fn is_apart(&self, project: &Project, plan: &Plan, backup: &AutomationId) -> bool {
        let domain = |id: &AutomationId| {
            project.resolved.inventory.get(id).map_or(id.kind().domain(), |found| found.domain)
        };
        is_run_of_github() || domain(backup) != domain(&plan.id)
    }

    /// Starts the first backup that stands elsewhere and waits for its end.
    pub(super) async fn drill(
        &self,
        project: &Project,
        plan: &Plan,
        args: &DrillArgs,
    ) -> Result<Through, Failure> {
        let is_named = |id: &&AutomationId| args.through.is_none_or(|platform| platform.starts(id.kind()));
        let backups = self.world.as_ref().map(|world| world.backups_elsewhere(&plan.id)).unwrap_or_default();
        let found = backups
            .iter()
            .filter(is_named)
            .find(|backup| args.through.is_some() || self.is_apart(project, plan, backup));
        let (Some(world), Some(backup)) = (&self.world, found.filter(|_| !args.here)) else {
            return match args.through {
                Some(platform) => Err(Failure::Usage(format!(
                    "nothing on {platform} that is in reach stands in for `{}`: `standin mesh` says what helps, and a token has to be there",
                    plan.id
                ))),
                // A run of GitHub's is no machine that could stand in for anything.
                None if is_run_of_github() && !args.here => {
                    Err(Failure::Usage("nothing that is in reach from here stands in for it".to_owned()))
                }
                None => Ok(Through::Here),
            };
        };
        let dry = match plan.wanted {
            Wanted::Real => Dry::No,
            Wanted::Dry if knows_dry(project.resolved.inventory.get(backup), &plan.id) => Dry::Yes,
            Wanted::Dry if args.through.is_none() => return Ok(Through::Here),
            Wanted::Dry => {
                return Err(Failure::Usage(format!(
                    "`{backup}` would do its work: only a backup that Standin wrote can be drilled dry there; use --here"
                )));
            }
        };
        let limit =
            args.means.time_limit.as_deref().map(|text| duration("--time-limit", text)).transpose()?;
        let (at, began) = (Timestamp::now(), Instant::now());
        eprintln!("drilling {} by {backup}, where it stands", plan.id);
        let word = uuid::Uuid::new_v4().simple().to_string();
        let order = Order { word: &word, dry, limit: limit.unwrap_or(LIMIT) };
        let result = match Box::pin(world.drill(&plan.id, backup, &order)).await {
            Ok(result) => result,
            Err(NoDrill::NotThere(..)) if args.through.is_none() => return Ok(Through::Here),
            Err(why @ NoDrill::NotThere(..)) => return Err(Failure::Usage(why.to_string())),
            Err(why @ (NoDrill::AtWork(_) | NoDrill::Unknown(..))) => {
                return Err(Failure::Platform(why.to_string()));
            }
        };
        let result = match (result, &plan.check, dry) {
            (Ok(()), Some(check), Dry::No) => checked(project, args, check).await?,
            (result, _, _) => result,
        };
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            Err(why) => Outcome::Failed { why: one_line(&why) },
        };
        let backup = Backup::Automation(backup.clone());
        let took = began.elapsed();
        Ok(Through::Done(Drill { id: plan.id.clone(), backup, at, took, outcome, dry: dry == Dry::Yes }))
    }
}

fn is_run_of_github() -> bool {
    std::env::var("GITHUB_ACTIONS").is_ok_and(|is_run| is_run == "true")
}

/// Whether a backup asks for its slot before anything else: those that Standin writes do, and take the key.
fn knows_dry(backup: Option<&Automation>, id: &AutomationId) -> bool {
    let takes_key = |detail: &Detail| match detail {
        Detail::Workflow(workflow) => workflow.inputs.iter().any(|input| input.name == KEY_INPUT),
        Detail::Plain | Detail::Pm2App { .. } | Detail::NpmScript { .. } | Detail::NetlifyFunction { .. } => {
            false
        }
    };
    backup.is_some_and(|backup| backup.backup_of.as_ref() == Some(id) && takes_key(&backup.detail))
}
