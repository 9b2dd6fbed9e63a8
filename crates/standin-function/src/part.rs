//! The function's part in the mesh that it carries.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use standin_body::env::Env;
use standin_body::reach::reach;
use standin_body::setup::join;
use standin_body::world::World;
use standin_config::mesh::{Mesh, PeerKind, PeerSettings};
use standin_core::mesh::peer::PeerId;
use standin_http::Http;

use crate::beats::Heard;
use crate::limits::limits;

/// What the mesh is called.
const FILE: &str = "mesh.json";

/// How large it may be, in bytes: ten thousand automations.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// The version of it that is understood.
const VERSION: u32 = 1;

/// How to make it.
const FIX: &str =
    "run `standin mesh --format json > mesh.json` in the repository, and deploy the file beside the function";

/// What stays between two events of one process.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) env: Env,
    pub(crate) mesh: Mesh,
    pub(crate) peer: PeerSettings,
    http: Http,
}

impl Function {
    /// Reads the mesh, and finds out which of its watchers this is. Sends nothing.
    pub(crate) fn new(env: Env) -> Result<Self> {
        let mesh = read(&env)?;
        let peer = peer(&env, &mesh)?.clone();
        let roots = env.text("SSL_CERT_FILE").map(PathBuf::from);
        // Each request has its own limit; this one only ends what all of them have forgotten.
        let http = Http::new(Duration::from_secs(60), roots.as_deref())?;
        Ok(Self { env, mesh, peer, http })
    }

    /// The world of one event that has so much time left. Sends nothing but what keys need.
    pub(crate) async fn world(&self, left: Duration) -> Result<Arc<World<Heard>>> {
        let (body, times) = limits(left, self.peer.every)?;
        let joined = join(&self.mesh, &self.peer.name, body)?;
        let reached = reach(&self.mesh, &self.env, self.http.clone(), times, None).await;
        let heard = Heard::default();
        let world = Arc::new(World::new(self.mesh.clone(), joined, reached, heard.clone()));
        heard.listen(&world);
        Ok(world)
    }
}

fn read(env: &Env) -> Result<Mesh> {
    let said = env.text("STANDIN_MESH").map(PathBuf::from);
    let places = said.map_or_else(|| places(env), |path| vec![path]);
    for path in &places {
        match read_file(path) {
            Ok(Some(text)) => return parse(&text).with_context(|| path.display().to_string()),
            Ok(None) => {}
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }
    let looked: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
    bail!("there is no {FILE} ({}): {FIX}", looked.join(", "))
}

/// Beside the binary, in the working directory, and where Lambda says that the code is.
fn places(env: &Env) -> Vec<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.to_owned()));
    let here = std::env::current_dir().ok();
    let root = env.text("LAMBDA_TASK_ROOT").map(PathBuf::from);
    let mut places: Vec<_> = [beside, here, root].into_iter().flatten().map(|dir| dir.join(FILE)).collect();
    places.dedup();
    places
}

fn read_file(path: &Path) -> Result<Option<String>> {
    use std::io::Read;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut text = String::new();
    file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        bail!("it is larger than {MAX_FILE} bytes: {FIX}");
    }
    Ok(Some(text))
}

fn parse(text: &str) -> Result<Mesh> {
    let mesh: Mesh = serde_json::from_str(text)
        .with_context(|| format!("this is no mesh of this version of Standin: {FIX}"))?;
    if mesh.version != VERSION {
        bail!("this is a mesh of version {}, and version {VERSION} is understood: {FIX}", mesh.version);
    }
    Ok(mesh)
}

/// Which watcher this is: the one that was named, else the first of its sort, else the first function.
fn peer<'m>(env: &Env, mesh: &'m Mesh) -> Result<&'m PeerSettings> {
    let known: Vec<_> = mesh.peers.iter().map(|peer| peer.name.as_str()).collect();
    if let Some(name) = env.text("STANDIN_PEER") {
        let name: PeerId = name.parse().context("STANDIN_PEER names no watcher")?;
        let found = mesh.peers.iter().find(|peer| peer.name == name);
        return found.with_context(|| {
            format!("STANDIN_PEER is `{name}`, and the mesh has only: {}", known.join(", "))
        });
    }
    let is_lambda = |peer: &&PeerSettings| matches!(peer.kind, PeerKind::Lambda { .. });
    let is_netlify = |peer: &&PeerSettings| matches!(peer.kind, PeerKind::Netlify { .. });
    let lambda = mesh.peers.iter().find(is_lambda);
    let netlify = mesh.peers.iter().find(is_netlify);
    let found =
        if env.text("AWS_LAMBDA_RUNTIME_API").is_some() { lambda.or(netlify) } else { netlify.or(lambda) };
    found.with_context(|| {
        format!(
            "the mesh has no [[peer]] kind = \"netlify\" or \"lambda\": add one to standin.toml, and {FIX}"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::of(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    const MESH: &str = r#"{"version":1,"quorum":null,
        "github":{"repository":null,"api_url":null,"token_env":null,"git_ref":null},
        "netlify":{"site":null,"url":null,"api_url":null,"token_env":null,"build_hook_env":null},
        "aws":{"region":null,"endpoint":null},"alerts":{"webhook_env":null},"stores":[],"peers":[PEERS],"targets":[]}"#;

    fn mesh(kinds: &[&str]) -> String {
        let peer = |(place, kind): (usize, &&str)| {
            format!(
                r#"{{"name":"{kind}-{place}","kind":{{"kind":"{kind}","function":"f","workflow":"w","ssh":null}},
                "every":{{"secs":60,"nanos":0}},"silent_after":{{"secs":60,"nanos":0}},"backup":[]}}"#
            )
        };
        MESH.replace("PEERS", &kinds.iter().enumerate().map(peer).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn a_function_is_the_peer_that_was_named_or_the_first_of_its_sort() {
        let mesh = parse(&mesh(&["agent", "netlify", "lambda", "netlify"])).unwrap();
        let name = |pairs: &[(&str, &str)]| peer(&env(pairs), &mesh).map(|peer| peer.name.to_string());
        assert_eq!(name(&[]).unwrap(), "netlify-1");
        assert_eq!(name(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")]).unwrap(), "lambda-2");
        assert_eq!(name(&[("STANDIN_PEER", "netlify-3")]).unwrap(), "netlify-3");
        let error = name(&[("STANDIN_PEER", "box")]).unwrap_err().to_string();
        assert!(error.contains("only: agent-0, netlify-1"), "{error}");
    }

    #[test]
    fn what_is_no_mesh_is_refused_with_how_to_make_one() {
        let lonely = parse(&mesh(&["agent"])).unwrap();
        let none = peer(&env(&[]), &lonely).unwrap_err();
        let newer = parse(&mesh(&[]).replace("\"version\":1", "\"version\":2")).unwrap_err();
        let garbage = parse("{").unwrap_err();
        let absent = read(&env(&[("STANDIN_MESH", "/nowhere/mesh.json")])).unwrap_err();
        for error in [none, newer, garbage, absent] {
            assert!(format!("{error:#}").contains("standin mesh --format json > mesh.json"), "{error:#}");
        }
    }
}
