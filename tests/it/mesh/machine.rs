//! The machine: the shipped agent beside the real PM2, in a checkout of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::shop::Shop;
use crate::stage::Stage;

/// A machine with the repository on it.
pub(crate) struct Machine {
    pub(crate) stage: Stage,
    env: BTreeMap<String, String>,
}

impl Machine {
    /// The files of the checkout as they are now.
    pub(crate) fn of(shop: &Shop) -> Self {
        let stage = Stage::empty();
        let from = shop.folder().join("repo/.");
        assert!(Command::new("cp").arg("-r").arg(from).arg(stage.repo()).status().unwrap().success());
        Self { stage, env: shop.env() }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the agent, which looks at once, and then each `every` of its peer.
    pub(crate) fn up(&mut self) {
        let env: Vec<_> = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.stage.up_in(&[], &env);
    }

    /// Has the agent look now, and waits for what it saw.
    pub(crate) fn look(&self) -> Value {
        let answer = self.stage.run(&["check", "--format", "json"]);
        assert!(answer.code <= 1, "{answer:?}\n{}", self.stage.said());
        answer.json()
    }

    /// What a login on the machine runs to start the agent: with an environment of its own, as a service would have it.
    pub(crate) fn start_script(&self, standin: &Path) -> String {
        let home = self.stage.pm2_home();
        let set = |(name, value): (&str, &str)| format!("{name}='{value}'");
        let mut words: Vec<_> = self.env.iter().map(|(name, value)| set((name, value))).collect();
        words.push(set(("PM2_HOME", &home.to_string_lossy())));
        words.push(set(("HOME", &home.parent().unwrap().to_string_lossy())));
        words.push(set(("PATH", &std::env::var("PATH").unwrap())));
        let repo = self.stage.repo();
        format!(
            "cd '{}' && exec env -i TZ=UTC {} '{}' up --detach\n",
            repo.display(),
            words.join(" "),
            standin.display()
        )
    }

    /// The power is gone: the agent, PM2's daemon and its apps at once.
    pub(crate) fn dies(&mut self) {
        self.stage.kill_agent();
        self.stage.kill_pm2();
    }
}
