//! How `act` is called: on the host, without a container, without a server that others could reach, with its actions out
//! of a cache, and with nothing of the machine that the workflow did not ask for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::work::WorkflowWork;
use crate::{DRILL_FLAG, Flag, Trial};

/// Labels that mean GitHub's own Linux: also for what an expression comes to.
const USUAL: [&str; 6] =
    ["ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04", "ubuntu-slim", "ubuntu-24.04-arm", "self-hosted"];

/// Files that `act` would read by itself, from wherever it is started.
const UNASKED: [&str; 3] = ["--env-file", "--var-file", "--input-file"];

/// What a call of `act` needs.
pub(crate) struct Call<'a> {
    pub(crate) work: &'a WorkflowWork,
    pub(crate) root: &'a Path,
    /// A folder for this run alone, that only its owner can look into.
    pub(crate) folder: &'a Path,
    /// Where its actions stay.
    pub(crate) cache: &'a Path,
    pub(crate) secrets: &'a BTreeMap<String, SecretString>,
    pub(crate) variables: &'a BTreeMap<String, String>,
    pub(crate) flag: Flag,
    pub(crate) trial: Trial,
}

/// Writes the event and the secrets, and gives the arguments.
///
/// A secret reaches it by a file, because arguments can be seen by everybody and its own environment by every step.
pub(crate) fn arguments(call: &Call<'_>) -> std::io::Result<Vec<OsString>> {
    let event = call.folder.join("event.json");
    std::fs::write(&event, call.work.payload.to_string())?;
    // As YAML: a file of lines NAME=value is read wrongly where there are quotation marks.
    let secrets = call.folder.join("secrets.yml");
    let mut file = std::fs::File::create(&secrets)?;
    for (name, value) in call.secrets {
        writeln!(file, "{name}: {}", Value::from(value.expose_secret()))?;
    }
    let mut args: Vec<OsString> = vec![call.work.event.clone().into()];
    let mut with = |name: &str, value: OsString| args.extend([name.into(), value]);
    with("--directory", call.root.into());
    with("--workflows", call.work.file.clone().into());
    with("--eventpath", event.into());
    with("--secret-file", secrets.into());
    with("--action-cache-path", call.cache.into());
    with("--artifact-server-addr", "127.0.0.1".into());
    for name in UNASKED {
        with(name, "/dev/null".into());
    }
    let usual = USUAL.iter().map(|label| (*label).to_owned());
    let mut labels: Vec<String> = call.work.labels.iter().filter(|l| !l.contains("${{")).cloned().collect();
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
    match call.trial {
        Trial::Real => {}
        // Its own dry run is none outside of containers: it carries out every step.
        Trial::Dry => args.push("--validate".into()),
    }
    Ok(args)
}
