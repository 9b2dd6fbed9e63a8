//! `standin recover`: the fourth way in. A running agent does it; without one, this command does one tick itself.

use std::path::Path;

use standin_agent::api::RecoverRequest;
use standin_core::ident::AutomationId;
use standin_engine::json_v1::RecoverV1;
use standin_engine::render::pages;

use crate::cli::RecoverArgs;
use crate::client::{ACT, Asked, Client};
use crate::commands::parts;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::{Project, Root};

/// Recovers; ends with 4 when a platform refused, with 1 when something could not be helped.
pub(crate) async fn recover(repository: Option<&Path>, args: RecoverArgs) -> Result<Exit, Failure> {
    let root = Root::find(repository)?;
    let ids = args.ids.iter().map(|id| id.parse()).collect::<Result<Vec<AutomationId>, _>>()?;
    let request = RecoverRequest { ids, dry_run: args.dry_run };
    let answer = match Client::of(&root.state)? {
        Some(client) => client.post("/api/v1/recover", &request, ACT).await?,
        None => Asked::NoAgent,
    };
    let answer: RecoverV1 = match answer {
        Asked::Answered(answer) => answer,
        Asked::NoAgent => parts::recover_here(Project::load(Some(&root.path))?, request).await?,
    };
    output::print(&answer, pages::recover, args.format)?;
    Ok(exit_of(&answer))
}

fn exit_of(answer: &RecoverV1) -> Exit {
    let outcome = |word: &str| answer.effects.iter().any(|e| e.outcome == word);
    let helpless = answer.decisions.iter().any(|d| matches!(d.choice.as_str(), "no_remedy" | "gave_up"));
    match (outcome("refused") || outcome("unknown"), helpless || outcome("failed")) {
        (true, _) => Exit::Platform,
        (false, true) => Exit::Found,
        (false, false) => Exit::Fine,
    }
}
