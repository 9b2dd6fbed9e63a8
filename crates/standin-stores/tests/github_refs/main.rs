//! GitHub refs as a store, against the stage: the suite, the faults, the requests.
#![cfg(feature = "github")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::cast_possible_truncation, clippy::wildcard_enum_match_arm)]

mod cells;
mod faults;
mod requests;
mod scripted;
mod suite;
mod sweep;

use std::time::Duration;

use standin_http::Http;
use standin_stage::{Options, RepositoryOptions, Stage};
use standin_stores::shared::github_refs::{GithubRefs, Repository};

const TOKEN: &str = "ghs_never_shown";
const REPOSITORY: &str = "octo/shop";

/// A stage whose limit no test meets by accident.
async fn stage() -> Stage {
    stage_with(1_000_000).await
}

async fn stage_with(rate_limit: u32) -> Stage {
    let mut options = Options::default();
    options.github.repositories = vec![RepositoryOptions::new(REPOSITORY)];
    options.github.rate_limit = rate_limit;
    Stage::start(options).await.unwrap()
}

fn http() -> Http {
    Http::new(Duration::from_secs(2), None).unwrap()
}

fn repository(api: &str) -> Repository {
    Repository {
        api: api.to_owned(),
        owner: "octo".to_owned(),
        name: "shop".to_owned(),
        token: TOKEN.to_owned().into(),
    }
}

/// A client of its own, which shares nothing with others.
fn refs(stage: &Stage) -> GithubRefs {
    GithubRefs::new(http(), &repository(&stage.github_url)).unwrap()
}

/// The requests since the last call, each as its method and the part of the path after `/git/`.
fn asked(stage: &Stage) -> Vec<String> {
    let plane = stage.github.plane();
    let line = |request: standin_stage::RequestRecord| {
        let path = request.path.split_once("/git/").map_or(request.path.clone(), |(_, rest)| rest.to_owned());
        let path = match path.split_once("commits/") {
            Some(_) => "commits/*".to_owned(),
            None => path,
        };
        format!("{} {path}", request.method)
    };
    let lines = plane.requests().into_iter().map(line).collect();
    plane.clear_requests();
    lines
}
