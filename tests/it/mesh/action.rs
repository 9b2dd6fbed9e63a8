//! The shipped Action, started as a runner starts a step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

/// A step that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(170);

/// The binary that is tested.
pub(crate) fn binary(name: &str) -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let path = me.parent().and_then(Path::parent).unwrap().join(name);
    assert!(path.is_file(), "no {} yet: run the tests of the whole workspace", path.display());
    path
}

/// One step.
pub(crate) struct Action {
    folder: PathBuf,
    env: BTreeMap<String, String>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    /// Both of its streams.
    pub(crate) said: String,
    pub(crate) summary: String,
    /// What a check saw.
    pub(crate) check: Value,
    outputs: BTreeMap<String, String>,
}

impl Told {
    pub(crate) fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// What it told of this, in words for programs.
    pub(crate) fn alerts(&self, about: &str) -> Vec<String> {
        let alerts = self.check["alerts"].as_array().cloned().unwrap_or_default();
        let told = alerts.iter().filter(|alert| alert["about"] == about);
        told.filter_map(|alert| alert["what"].as_str().map(str::to_owned)).collect()
    }
}

impl Action {
    /// In the checkout below this folder.
    pub(crate) fn new(folder: &Path, env: &BTreeMap<String, String>) -> Self {
        let action = Self { folder: folder.to_path_buf(), env: env.clone() };
        action.set("STANDIN_CONFIG", &folder.join("repo").to_string_lossy())
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) async fn run(self) -> Told {
        let own = tempfile::tempdir_in(&self.folder).unwrap();
        let mut command = tokio::process::Command::new(binary("standin-action"));
        command.env_clear().envs(&self.env).stdin(Stdio::null()).kill_on_drop(true);
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("TZ", "UTC");
        for (name, file) in [("GITHUB_OUTPUT", "output"), ("GITHUB_STEP_SUMMARY", "summary")] {
            command.env(name, own.path().join(file));
        }
        command.env("RUNNER_TEMP", own.path()).env("HOME", own.path());
        let output = tokio::time::timeout(LIMIT, command.output()).await.expect("the step ends").unwrap();
        let read = |file: &str| std::fs::read_to_string(own.path().join(file)).unwrap_or_default();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Told {
            code: output.status.code(),
            said: said.concat(),
            summary: read("summary"),
            check: serde_json::from_str(&read("standin-check.json")).unwrap_or_default(),
            outputs: outputs(&read("output")),
        }
    }
}

/// `name=value` lines, and `name<<END` blocks.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some((name, end)) = line.split_once("<<") {
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
            outputs.insert(name.to_owned(), value.join("\n"));
        } else if let Some((name, value)) = line.split_once('=') {
            outputs.insert(name.to_owned(), value.to_owned());
        }
    }
    outputs
}
