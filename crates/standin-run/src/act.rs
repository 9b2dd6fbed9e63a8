//! How `act` is called: on the host, without a container, without a server that others could reach, with its actions out
//! of a cache, and with nothing of the machine that the workflow did not ask for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use base64::Engine;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::checkout::Checkout;
use crate::work::WorkflowWork;
use crate::{DRILL_FLAG, Flag, Trial};

/// Labels that mean GitHub's own Linux: also for what an expression comes to.
const USUAL: [&str; 10] = [
    "ubuntu-latest",
    "ubuntu-26.04",
    "ubuntu-24.04",
    "ubuntu-22.04",
    "ubuntu-20.04",
    "ubuntu-slim",
    "ubuntu-24.04-arm",
    "ubuntu-22.04-arm",
    "self-hosted",
    "linux",
];

/// Files that `act` would read by itself, from wherever it is started.
const UNASKED: [&str; 2] = ["--var-file", "--input-file"];

/// Every step has a terminal here and none on GitHub: a pager, an editor or a question would wait for somebody.
const NOBODY_IS_THERE: [(&str, &str); 9] = [
    ("TERM", "dumb"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("GH_PAGER", "cat"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_MERGE_AUTOEDIT", "no"),
    ("GH_PROMPT_DISABLED", "1"),
    ("SSH_ASKPASS", "/bin/false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// Where GitHub's checkout leaves the token for `git`.
const TOKEN_FOR: &str = "http.https://github.com/.extraheader";

/// What a call of `act` needs.
pub(crate) struct Call<'a> {
    pub(crate) work: &'a WorkflowWork,
    /// What its jobs run on, as far as it is spelled out.
    pub(crate) labels: &'a [String],
    pub(crate) root: &'a Path,
    pub(crate) checkout: &'a Checkout,
    /// A folder for this run alone, that only its owner can look into.
    pub(crate) folder: &'a Path,
    /// Where its actions stay.
    pub(crate) cache: &'a Path,
    pub(crate) secrets: &'a BTreeMap<String, SecretString>,
    /// What `git` sends with a request, where the workflow checks out with the token.
    pub(crate) header: Option<&'a SecretString>,
    pub(crate) variables: &'a BTreeMap<String, String>,
    /// A free port for artifacts, where there are any.
    pub(crate) artifacts_at: Option<u16>,
    pub(crate) flag: Flag,
    pub(crate) trial: Trial,
}

/// Writes the event and the secrets, and gives the arguments.
///
/// A secret reaches it by a file, because arguments can be seen by everybody and its own environment by every step.
pub(crate) fn arguments(call: &Call<'_>) -> std::io::Result<Vec<OsString>> {
    let event = call.folder.join("event.json");
    std::fs::write(&event, payload(call.work, call.checkout).to_string())?;
    let secrets = call.folder.join("secrets.yml");
    values(&secrets, call.secrets.iter().map(|(name, value)| (name.as_str(), value.expose_secret())))?;
    let env = call.folder.join("env.yml");
    let header = call.header.map(|header| {
        [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", TOKEN_FOR),
            ("GIT_CONFIG_VALUE_0", header.expose_secret()),
        ]
    });
    values(&env, NOBODY_IS_THERE.into_iter().chain(header.into_iter().flatten()))?;
    let mut args: Vec<OsString> = vec![call.work.event.clone().into()];
    let mut with = |name: &str, value: OsString| args.extend([name.into(), value]);
    with("--directory", call.checkout.dir.as_deref().unwrap_or(call.root).into());
    with("--workflows", call.work.file.clone().into());
    with("--eventpath", event.into());
    with("--secret-file", secrets.into());
    with("--action-cache-path", call.cache.into());
    with("--env-file", env.into());
    with("--artifact-server-addr", "127.0.0.1".into());
    if let Some(port) = call.artifacts_at {
        with("--artifact-server-path", call.folder.join("artifacts").into());
        with("--artifact-server-port", port.to_string().into());
    }
    for name in UNASKED {
        with(name, "/dev/null".into());
    }
    let usual = USUAL.iter().map(|label| (*label).to_owned());
    let mut labels: Vec<String> = call.labels.iter().filter(|l| !l.contains("${{")).cloned().collect();
    labels.extend(usual);
    labels.sort();
    labels.dedup();
    for label in labels {
        with("--platform", format!("{label}=-self-hosted").into());
    }
    for (name, value) in call.variables {
        with("--var", format!("{name}={value}").into());
    }
    if call.flag == Flag::Drill {
        with("--env", format!("{DRILL_FLAG}=1").into());
    }
    args.extend(["--no-cache-server".into(), "--action-offline-mode".into()]);
    if call.checkout.dir.is_some() {
        // Everything there belongs to the commit, also what a later rule would ignore.
        args.push("--use-gitignore=false".into());
    }
    match call.trial {
        Trial::Real => {}
        // Its own dry run is none outside of containers: it carries out every step.
        Trial::Dry => args.push("--validate".into()),
    }
    Ok(args)
}

/// As YAML: a file of lines NAME=value is read wrongly where there are quotation marks.
fn values<'a>(path: &Path, values: impl Iterator<Item = (&'a str, &'a str)>) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    for (name, value) in values {
        writeln!(file, "{name}: {}", Value::from(value))?;
    }
    Ok(())
}

/// The event as GitHub sends it: with its repository, and of the default branch. Without that, `act` takes a tag for the
/// branch.
fn payload(work: &WorkflowWork, checkout: &Checkout) -> Value {
    let mut event = work.payload.clone();
    let (Some(fields), Some(branch)) = (event.as_object_mut(), &checkout.branch) else { return event };
    let mut repository = json!({ "default_branch": branch });
    if let Some((owner, name)) = checkout.repository.as_deref().and_then(|full| full.split_once('/')) {
        repository = json!({
            "default_branch": branch, "name": name, "full_name": format!("{owner}/{name}"),
            "owner": { "login": owner, "name": owner },
        });
    }
    fields.entry("repository").or_insert(repository);
    if work.event != "schedule" {
        fields.entry("ref").or_insert_with(|| format!("refs/heads/{branch}").into());
    }
    event
}

/// What `git` sends with the token, as GitHub's checkout has it.
pub(crate) fn header(token: &SecretString) -> SecretString {
    let pair = format!("x-access-token:{}", token.expose_secret());
    format!("AUTHORIZATION: basic {}", base64::engine::general_purpose::STANDARD.encode(pair)).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn called(header: Option<&SecretString>, dir: Option<&str>) -> (Vec<String>, String, Value) {
        let folder = tempfile::tempdir().unwrap();
        let work = WorkflowWork {
            file: "a.yml".into(),
            workflow: None,
            called: Vec::new(),
            event: "workflow_dispatch".into(),
            payload: json!({ "inputs": {} }),
        };
        let checkout = Checkout {
            dir: dir.map(Into::into),
            branch: Some("main".into()),
            repository: Some("acme/shop".into()),
            ..Checkout::default()
        };
        let call = Call {
            work: &work,
            labels: &["ubuntu-18.04".into(), "${{ matrix.os }}".into()],
            root: Path::new("/r"),
            checkout: &checkout,
            folder: folder.path(),
            cache: Path::new("/c"),
            secrets: &BTreeMap::new(),
            header,
            variables: &BTreeMap::new(),
            artifacts_at: Some(4_000),
            flag: Flag::Run,
            trial: Trial::Real,
        };
        let args = arguments(&call).unwrap();
        let args = args.into_iter().map(|arg| arg.into_string().unwrap()).collect();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        (args, read("env.yml"), serde_json::from_str(&read("event.json")).unwrap())
    }

    #[test]
    fn the_event_is_of_the_default_branch() {
        let (_, _, event) = called(None, None);
        assert_eq!(event["repository"]["default_branch"], "main");
        assert_eq!(event["repository"]["full_name"], "acme/shop");
        assert_eq!(event["ref"], "refs/heads/main");
    }

    #[test]
    fn nobody_is_asked_and_the_token_stands_in_no_argument() {
        let header = header(&"hunter2".into());
        assert_eq!(header.expose_secret(), "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46aHVudGVyMg==");
        let (args, env, _) = called(Some(&header), Some("/made"));
        assert!(
            env.contains("GIT_TERMINAL_PROMPT: \"0\"\n") && env.contains("GIT_PAGER: \"cat\"\n"),
            "{env}"
        );
        assert!(env.contains("GIT_CONFIG_VALUE_0: \"AUTHORIZATION: basic eC1"), "{env}");
        assert!(!args.iter().any(|arg| arg.contains("eC1")), "{args:?}");
        let (_, env, _) = called(None, None);
        assert!(!env.contains("GIT_CONFIG"), "{env}");
    }

    #[test]
    fn the_checkout_is_what_runs_and_every_label_is_this_host() {
        let of = |args: &[String], name: &str| {
            args.iter().zip(args.iter().skip(1)).find(|(at, _)| *at == name).map(|(_, value)| value.clone())
        };
        let (args, ..) = called(None, Some("/made"));
        assert_eq!(of(&args, "--directory").as_deref(), Some("/made"));
        assert!(args.contains(&"--use-gitignore=false".to_owned()));
        assert_eq!(of(&args, "--artifact-server-port").as_deref(), Some("4000"));
        for label in ["ubuntu-18.04", "ubuntu-20.04", "self-hosted"] {
            assert!(args.contains(&format!("{label}=-self-hosted")), "{args:?}");
        }
        let (args, ..) = called(None, None);
        assert_eq!(of(&args, "--directory").as_deref(), Some("/r"));
    }
}
