//! Runs with the real tools: act, Node and Netlify's bundler.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod act;
mod checkout;
mod functions;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use standin_core::automation::{Automation, Detail, ScheduleSpec, Source, Standing};
use standin_core::ident::Domain;
use standin_core::run::RunEnd;
use standin_run::process::{Ended, run};
use standin_run::tools::Environment;
use standin_run::work::{Work, work_of};
use standin_run::{Flag, Means, Ready, Trial, prepare};

/// A repository on the disk.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
    pub(crate) env: Environment,
}

fn tool(variable: &str, below: &str) -> PathBuf {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools").join(below);
    let path = std::env::var_os(variable).map_or_else(ours, PathBuf::from);
    assert!(path.exists(), "nothing at {}: run bin/test, or set {variable}", path.display());
    path
}

impl Repository {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Environment::from([
            ("PATH".into(), std::env::var_os("PATH").unwrap()),
            ("HOME".into(), folder.path().join("home").into()),
            ("STANDIN_CACHE".into(), folder.path().join("cache").into()),
            ("STANDIN_ACT".into(), tool("STANDIN_ACT", "py/bin/act").into()),
            (
                "STANDIN_ZISI".into(),
                tool("STANDIN_ZISI", "netlify/node_modules/@netlify/zip-it-and-ship-it").into(),
            ),
        ]);
        let repo = Self { folder, env };
        fs::create_dir_all(repo.root()).unwrap();
        fs::create_dir_all(repo.path("../home")).unwrap();
        for (path, text) in files {
            repo.write(path, text);
        }
        let git = std::process::Command::new("git").args(["init", "-q"]).current_dir(repo.root()).status();
        assert!(git.unwrap().success());
        repo
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn means(&self, flag: Flag, trial: Trial) -> Means {
        let (root, env) = (self.root(), self.env.clone());
        Means { root, env, secrets: None, variables: BTreeMap::new(), flag, trial }
    }

    pub(crate) fn ready(&self, work: &Work, flag: Flag, trial: Trial) -> Ready {
        prepare(work, &self.means(flag, trial)).unwrap()
    }

    pub(crate) fn work(
        &self,
        id: &str,
        path: &str,
        crons: &[&str],
        triggers: &[&str],
        detail: Detail,
    ) -> Work {
        let schedule = |cron: &&str| ScheduleSpec { cron: (*cron).into(), timezone: "UTC".into() };
        let automation = Automation {
            id: id.parse().unwrap(),
            name: id.into(),
            domain: Domain::Github,
            source: Source { path: path.into(), line: 1 },
            schedules: crons.iter().map(schedule).collect(),
            triggers: triggers.iter().map(|t| (*t).into()).collect(),
            state: Standing::Effective,
            reason: String::new(),
            detail,
            backup_of: None,
        };
        work_of(&automation, None, &self.root(), "2026-11-22T04:00:00Z".parse().unwrap()).unwrap()
    }
}

pub(crate) async fn ran(ready: Ready) -> (RunEnd, String) {
    let mut text = String::new();
    let to = |_, line: &[u8]| text.push_str(&String::from_utf8_lossy(line));
    let Ended { end, .. } = run(ready, Duration::from_secs(120), std::future::pending(), to).await;
    (end, text)
}
