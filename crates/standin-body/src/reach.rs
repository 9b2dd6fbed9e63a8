//! From the mesh and the environment to adapters: what this body has an address and a secret for.
//!
//! What is missing is out of reach: its store is silent, its platform unknown, and nothing is done through it. It is
//! said once, as a warning that names the variable.

mod elsewhere;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use standin_config::mesh::{GithubSettings, Mesh, StoreSettings};
use standin_core::mesh::arbiter::StoreKind;
use standin_http::{Http, HttpError};
use standin_platforms::github::{Github, GithubOptions};
use standin_platforms::netlify::{Netlify, NetlifyOptions};
use standin_stores::shared::github_refs::{GithubRefs, Repository};
use standin_stores::shared::netlify_blobs::{BlobsSite, Door, NetlifyBlobs};

use crate::alerts::Alerts;
use crate::beyond::Beyond;
use crate::env::Env;
use crate::platforms::{Platforms, Troubles};
use crate::store::{EvidenceOnly, OutOfReach, Slots, Store, Whole};

/// GitHub's own API.
const GITHUB_API: &str = "https://api.github.com";
/// Netlify's own API.
const NETLIFY_API: &str = "https://api.netlify.com/api/v1";
/// The name of the store among Netlify's blobs.
const BLOBS: &str = "standin";

/// The times of a body, as its adapters need them.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// How long one request may take.
    pub request: Duration,
    /// After this long a recovery that has not left does not leave any more.
    pub send_within: Duration,
}

/// What a body reaches.
pub struct Reached {
    /// One for each store of the setup, in its order.
    pub stores: Vec<Box<dyn Store>>,
    /// The platforms.
    pub platforms: Platforms,
    /// People.
    pub alerts: Alerts,
    /// What is out of reach, and why, a sentence each. No secret is in it.
    pub missing: Vec<String>,
}

/// The database that only an agent has.
pub type Own = Box<dyn Store>;

/// Where GitHub is, and with what it is asked.
#[derive(Debug, Clone)]
pub struct GithubAccess {
    /// The API's address.
    pub api_url: String,
    /// OWNER/NAME.
    pub repository: String,
    /// The token.
    pub token: SecretString,
}

/// Where GitHub is for this body.
///
/// # Errors
/// A sentence that names what is missing.
pub fn github_access(settings: &GithubSettings, env: &Env) -> Result<GithubAccess, String> {
    let variable = settings.token_env.as_deref().unwrap_or("GITHUB_TOKEN");
    let repository = settings.repository.clone().or_else(|| env.text("GITHUB_REPOSITORY")).ok_or(
        "GitHub is out of reach: no repository is known; write [github] repository = \"OWNER/NAME\" into standin.toml",
    )?;
    let token = env
        .secret(variable)
        .ok_or_else(|| format!("GitHub is out of reach: the variable {variable} holds no token"))?;
    let api_url = settings.api_url.clone().or_else(|| env.text("GITHUB_API_URL"));
    Ok(GithubAccess { api_url: api_url.unwrap_or_else(|| GITHUB_API.to_owned()), repository, token })
}

/// The client that all adapters of a body share. `SSL_CERT_FILE` names further roots.
///
/// # Errors
/// [`HttpError`] when those cannot be used.
pub fn client(env: &Env, times: Times) -> Result<Http, HttpError> {
    let roots = env.text("SSL_CERT_FILE").map(PathBuf::from);
    Http::new(times.request, roots.as_deref())
}

/// Builds everything that this body has an address and a secret for. Sends nothing.
///
/// `own` is the agent's database; the stores of the setup end with it where there is an agent.
pub async fn reach(mesh: &Mesh, env: &Env, http: Http, times: Times, own: Option<Own>) -> Reached {
    let mut missing = Vec::new();
    let github = github_access(&mesh.github, env);
    let mut stores: Vec<Box<dyn Store>> = Vec::new();
    for store in &mesh.stores {
        let opened = open(store, mesh, env, &http, &github).await;
        stores.push(opened.unwrap_or_else(|why| {
            missing.push(format!("the store `{}` is out of reach: {why}", store.name));
            Box::new(OutOfReach)
        }));
    }
    stores.push(own.unwrap_or_else(|| Box::new(OutOfReach)));
    let platforms = Platforms {
        github: github
            .and_then(|access| github_platform(mesh, access, &http, times))
            .map_err(|why| missing.push(why))
            .ok(),
        netlify: netlify_platform(mesh, env, &http, times, &mut missing),
        build_hook: env.secret(mesh.netlify.build_hook_env.as_deref().unwrap_or("NETLIFY_BUILD_HOOK")),
        token: env.secret("STANDIN_TOKEN"),
        beyond: Beyond::reach(mesh, env, &http, times, &mut missing),
        http: http.clone(),
        troubles: Troubles::default(),
    };
    let webhook = env.secret(mesh.alerts.webhook_env.as_deref().unwrap_or("STANDIN_ALERT_URL"));
    Reached { stores, platforms, alerts: Alerts::new(http, webhook), missing }
}

fn github_platform(mesh: &Mesh, access: GithubAccess, http: &Http, times: Times) -> Result<Github, String> {
    let options = GithubOptions {
        api_url: access.api_url,
        repository: access.repository,
        token: access.token,
        git_ref: mesh.github.git_ref.clone(),
        timeout: times.request,
        send_within: times.send_within,
    };
    Github::new(http, options).map_err(|error| error.to_string())
}

fn netlify_platform(
    mesh: &Mesh,
    env: &Env,
    http: &Http,
    times: Times,
    missing: &mut Vec<String>,
) -> Option<Netlify> {
    let settings = &mesh.netlify;
    let site = settings.site.clone().or_else(|| env.first(&["NETLIFY_SITE_ID", "SITE_ID"]))?;
    let variable = settings.token_env.as_deref().unwrap_or("NETLIFY_AUTH_TOKEN");
    let Some(token) = env.secret(variable) else {
        missing.push(format!("Netlify is out of reach: the variable {variable} holds no token"));
        return None;
    };
    let api_url = settings.api_url.clone().or_else(|| env.text("NETLIFY_API_URL"));
    let options = NetlifyOptions {
        api_url: api_url.unwrap_or_else(|| NETLIFY_API.to_owned()),
        site,
        token,
        timeout: times.request,
        send_within: times.send_within,
    };
    Netlify::new(http, options).map_err(|error| missing.push(error.to_string())).ok()
}

async fn open(
    store: &StoreSettings,
    mesh: &Mesh,
    env: &Env,
    http: &Http,
    github: &Result<GithubAccess, String>,
) -> Result<Box<dyn Store>, String> {
    match store.kind {
        StoreKind::GithubRefs => {
            let access = github.as_ref().map_err(Clone::clone)?;
            let (owner, name) =
                access.repository.split_once('/').ok_or("the repository is not OWNER/NAME")?;
            let repository = Repository {
                api: access.api_url.clone(),
                owner: owner.to_owned(),
                name: name.to_owned(),
                token: access.token.clone(),
            };
            let refs = GithubRefs::new(http.clone(), &repository).map_err(|error| error.to_string())?;
            let slots = Slots::Apart(refs.slots());
            let whole = Whole::new(refs.cells(), refs.shelf(), slots);
            Ok(Box::new(whole.with_fault(Box::new(move || refs.last_fault().map(|fault| fault.to_string())))))
        }
        StoreKind::NetlifyBlobs => {
            let site = mesh.netlify.site.clone().or_else(|| env.first(&["NETLIFY_SITE_ID", "SITE_ID"]));
            let variable = mesh.netlify.token_env.as_deref().unwrap_or("NETLIFY_AUTH_TOKEN");
            let api = mesh.netlify.api_url.as_deref().unwrap_or(NETLIFY_API);
            let site = BlobsSite {
                door: Door::Api(api.trim_end_matches("/api/v1").to_owned()),
                site: site.ok_or("no site is known; write [netlify] site = \"…\" into standin.toml")?,
                store: BLOBS.to_owned(),
                token: env
                    .secret(variable)
                    .ok_or_else(|| format!("the variable {variable} holds no token"))?,
            };
            let blobs = NetlifyBlobs::new(http.clone(), &site).map_err(|error| error.to_string())?;
            Ok(Box::new(EvidenceOnly::new(blobs)))
        }
        StoreKind::Sqlite => Err("the agent's database is no store of the file".to_owned()),
        StoreKind::DynamoDb => elsewhere::dynamodb(store, mesh, env, http).await,
        StoreKind::S3 | StoreKind::Gcs | StoreKind::Azure => elsewhere::bucket(store, mesh, env, http),
    }
}
