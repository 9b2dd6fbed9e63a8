//! A repository with a workflow whose slot was missed, GitHub on the stage, and what a function carries of both.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use standin_stage::{Options, RepositoryOptions, RunSummary, Stage};
use tempfile::TempDir;

use crate::stage::binary;

pub(crate) const REPO: &str = "octo/shop";
pub(crate) const TOKEN: &str = "a-token-of-the-tests";
pub(crate) const PING_KEY: &str = "a-key-of-the-tests";

pub(crate) struct Shop {
    pub(crate) stage: Stage,
    dir: TempDir,
}

/// Due two hours ago, and not again today.
pub(crate) fn nightly() -> String {
    let cron = (Timestamp::now() - SignedDuration::from_hours(2)).strftime("%-M %-H * * *");
    format!(
        "name: Nightly\nrun-name: nightly ${{{{ inputs.standin-key }}}}\non:\n  schedule:\n    - cron: '{cron}'\n  \
         workflow_dispatch:\n    inputs: {{ standin-key: {{}}, standin-attempt: {{}}, standin-slot: {{}} }}\n\
         jobs:\n  work: {{ runs-on: ubuntu-latest, steps: [{{ run: 'true' }}] }}\n"
    )
}

const NIGHTLY: &str = "[[automation]]\nid = \"workflow:nightly.yml\"\nheartbeats = true\ngrace = \"60s\"\n\
                       [[automation]]\nname = \"offsite\"\nschedule = \"0 * * * *\"\n";

/// Puts the function's binary somewhere, without what only a debugger reads.
pub(crate) fn place(to: &Path) {
    let from = binary().with_file_name("standin-function");
    assert!(from.is_file(), "no {}: run the tests of the whole workspace", from.display());
    let stripped = Command::new("strip").arg("-o").arg(to).arg(&from).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(from, to).unwrap();
    }
}

impl Shop {
    /// With these stores and peers in `standin.toml`.
    pub(crate) async fn new(settings: &str) -> Self {
        let dir = TempDir::with_prefix_in("f", "/tmp").unwrap();
        let workflow = nightly();
        let mut options = Options::default();
        options.github.repositories =
            vec![RepositoryOptions::new(REPO).with_file(".github/workflows/nightly.yml", &workflow)];
        let stage = Stage::start(options).await.unwrap();
        let repo = dir.path().join("repo");
        fs::create_dir_all(repo.join(".github/workflows")).unwrap();
        fs::write(repo.join(".github/workflows/nightly.yml"), workflow).unwrap();
        let github = format!("[github]\nrepository = \"{REPO}\"\napi_url = \"{}\"\n", stage.github_url);
        fs::write(repo.join("standin.toml"), format!("{github}{settings}{NIGHTLY}")).unwrap();
        Self { stage, dir }
    }

    /// A folder of its own.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// What the guide says to write into `mesh.json`.
    pub(crate) fn carry(&self, mesh: &Path) {
        let told = Command::new(binary())
            .args(["mesh", "--format", "json"])
            .current_dir(self.dir.path().join("repo"))
            .env_clear()
            .output()
            .unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        fs::write(mesh, told.stdout).unwrap();
    }

    pub(crate) fn place(&self, to: &Path) {
        place(to);
    }

    pub(crate) fn runs(&self) -> Vec<RunSummary> {
        self.stage.github.runs(REPO).unwrap()
    }

    /// What a function's platform is told to give it.
    pub(crate) fn secrets() -> BTreeMap<&'static str, &'static str> {
        [("GITHUB_TOKEN", "any"), ("STANDIN_TOKEN", TOKEN), ("STANDIN_PING_KEY", PING_KEY)].into()
    }
}
