//! The real PM2, with a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::process::{all, command_line, with_environment};
use super::{Stage, until};

/// An app that notes each of its starts, with its process, in `NAME.starts` and then does `then`.
pub(crate) fn app(name: &str, then: &str, more: &Value) -> (String, String, Value) {
    let script = format!("echo $$ >>{name}.starts\n{then}\n");
    let mut entry = json!({ "name": name, "script": format!("./{name}.sh"), "interpreter": "/bin/sh" });
    let fields = more.as_object().expect("the fields of an app are an object");
    entry.as_object_mut().unwrap().extend(fields.clone());
    (format!("{name}.sh"), script, entry)
}

impl Stage {
    pub(crate) fn pm2_home(&self) -> PathBuf {
        self.dir.path().join("pm2")
    }

    pub(crate) fn pm2_binary(&self) -> PathBuf {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/node/node_modules/.bin/pm2");
        std::env::var_os("STANDIN_PM2").map_or(ours, PathBuf::from)
    }

    fn pm2_command(&self, args: &[&str]) -> Command {
        let pm2 = self.pm2_binary();
        assert!(pm2.is_file(), "no PM2 at {}: run bin/test, or set STANDIN_PM2 to one", pm2.display());
        let mut command = Command::new(pm2);
        command.args(args).env_clear().env("PM2_HOME", self.pm2_home()).env("HOME", self.dir.path());
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("PM2_DISABLE_VERSION_CHECK", "1");
        command.current_dir(self.repo()).stdin(Stdio::null());
        command
    }

    /// Runs PM2's command and gives what it printed.
    #[track_caller]
    pub(crate) fn pm2(&self, args: &[&str]) -> String {
        let output = self.pm2_command(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "pm2 {args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// PM2's own list.
    pub(crate) fn jlist(&self) -> Vec<Value> {
        let text = self.pm2(&["jlist"]);
        let at = text.find('[').expect("PM2 prints a list");
        serde_json::from_str(&text[at..]).unwrap()
    }

    /// How often PM2 has restarted an app.
    #[track_caller]
    pub(crate) fn restarts(&self, name: &str) -> u64 {
        let list = self.jlist();
        let app = list.iter().find(|app| app["name"] == name).expect("PM2 lists the app");
        app["pm2_env"]["restart_time"].as_u64().unwrap()
    }

    /// Writes the ecosystem file and the scripts of these apps.
    pub(crate) fn declare(&self, apps: &[(String, String, Value)]) {
        for (file, script, _) in apps {
            self.write(file, script);
        }
        let entries: Vec<&Value> = apps.iter().map(|(_, _, entry)| entry).collect();
        self.write("ecosystem.config.js", format!("module.exports = {};\n", json!({ "apps": entries })));
    }

    /// The same, and PM2 starts all of them.
    pub(crate) fn start(&self, apps: &[(String, String, Value)]) {
        self.declare(apps);
        self.pm2(&["start", "ecosystem.config.js"]);
        for (file, _, _) in apps {
            self.until_lines(&file.replace(".sh", ".starts"), 1);
        }
    }

    /// An app of PM2 that belongs to nobody here; its program lies beside the repository.
    pub(crate) fn start_stranger(&self, name: &str) -> u32 {
        let script = self.dir.path().join("stranger.sh");
        std::fs::write(&script, format!("echo $$ >>repo/{name}.stranger\nexec sleep 1000\n")).unwrap();
        let file = self.dir.path().join("stranger.config.json");
        let entry = json!({ "name": name, "script": script, "interpreter": "/bin/sh",
            "cwd": self.dir.path(), "autorestart": false });
        std::fs::write(&file, json!({ "apps": [entry] }).to_string()).unwrap();
        self.pm2(&["start", file.to_str().unwrap()]);
        let starts = format!("{name}.stranger");
        self.until_lines(&starts, 1);
        self.lines(&starts)[0].parse().unwrap()
    }

    /// The process of an app's newest start.
    pub(crate) fn pid(&self, name: &str) -> u32 {
        self.lines(&format!("{name}.starts")).last().expect("it was started").parse().unwrap()
    }

    /// How often an app was started.
    pub(crate) fn starts(&self, name: &str) -> usize {
        self.lines(&format!("{name}.starts")).len()
    }

    /// The processes that run as this app, by their environment.
    pub(crate) fn copies(&self, name: &str) -> Vec<u32> {
        with_environment(&[format!("PM2_HOME={}", self.pm2_home().display()), format!("name={name}")])
    }

    /// PM2's daemons on this home, however many there are.
    pub(crate) fn daemons(&self) -> Vec<u32> {
        let title = format!("God Daemon ({})", self.pm2_home().display());
        all().into_iter().filter(|pid| command_line(*pid).contains(&title)).collect()
    }

    /// PM2's one daemon.
    #[track_caller]
    pub(crate) fn daemon(&self) -> u32 {
        let one = || match self.daemons().as_slice() {
            [pid] => Some(*pid),
            _ => None,
        };
        until("one daemon", one, || format!("{:?}", self.daemons()))
    }

    /// The names in PM2's saved list.
    pub(crate) fn saved(&self) -> Vec<String> {
        let text =
            std::fs::read_to_string(self.pm2_home().join("dump.pm2")).unwrap_or_else(|_| "[]".to_owned());
        let list: Vec<Value> = serde_json::from_str(&text).unwrap();
        list.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends the daemon and everything that it runs as a power cut would: nothing is told of it.
    pub(crate) fn kill_pm2(&self) {
        let mark = [format!("PM2_HOME={}", self.pm2_home().display())];
        for pid in self.daemons().into_iter().chain(with_environment(&mark)) {
            super::kill_nine(pid);
        }
    }

    pub(super) fn end_pm2(&self) {
        if self.pm2_home().join("pm2.pid").exists() {
            let _ = self.pm2_command(&["kill"]).output();
        }
        // One that was still on its way when the test ended, or a second one. Their title hides their environment.
        for pid in self.daemons() {
            super::kill_nine(pid);
        }
    }
}
