//! A PM2 of its own for each test: its own home, a scrubbed environment, and everything ended afterwards.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use standin_core::ident::{AutomationId, Kind};
use standin_core::observation::{Daemon, OwnedApp, Pm2App, Pm2View, ProcessFact};
use standin_engine::ports::Processes;
use standin_platforms::pm2::{Pm2, Pm2Binary, Pm2Options};

/// How long anything may take on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The `pm2` to test with; `None` when these tests are to be skipped.
pub(crate) fn binary() -> Option<PathBuf> {
    if std::env::var_os("STANDIN_SKIP_PM2").is_some_and(|skip| skip == "1") {
        eprintln!("skipped: STANDIN_SKIP_PM2=1");
        return None;
    }
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/node/node_modules/.bin/pm2");
    let path = std::env::var_os("STANDIN_PM2").map_or(repo, PathBuf::from);
    assert!(
        path.is_file(),
        "no PM2 at {}: run bin/test, which installs it, or set STANDIN_PM2 to one, or STANDIN_SKIP_PM2=1",
        path.display()
    );
    Some(path)
}

pub(crate) struct Stage {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) home: PathBuf,
    pub(crate) pm2: PathBuf,
}

impl Stage {
    pub(crate) fn new() -> Option<Self> {
        let pm2 = binary()?;
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        std::fs::create_dir(&home).unwrap();
        std::fs::create_dir(dir.path().join("repo")).unwrap();
        let stage = Self { dir, home, pm2 };
        // Without this file PM2 asks its maker's server for a newer version.
        std::fs::write(stage.home.join("touch"), "1").unwrap();
        stage.script("sleep.sh", "exec sleep 1000");
        Some(stage)
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.repo().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes the ecosystem file, with `sh` as interpreter where an app names none.
    pub(crate) fn ecosystem(&self, apps: &[Value]) -> PathBuf {
        let mut apps = apps.to_vec();
        for app in &mut apps {
            let fields = app.as_object_mut().unwrap();
            let script = self.repo().join(fields["script"].as_str().unwrap());
            fields.insert("script".to_owned(), json!(script));
            if script.extension().is_some_and(|kind| kind == "sh") {
                fields.insert("interpreter".to_owned(), json!("/bin/sh"));
            }
        }
        let path = self.repo().join("ecosystem.json");
        std::fs::write(&path, json!({ "apps": apps }).to_string()).unwrap();
        path
    }

    /// Writes the ecosystem file and starts all of it.
    pub(crate) fn start(&self, apps: &[Value]) {
        let file = self.ecosystem(apps);
        self.run(&["start", file.to_str().unwrap()]);
    }

    pub(crate) fn run(&self, args: &[&str]) {
        let output = self.command(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "pm2 {args:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.pm2);
        command.args(args).env_clear().env("PM2_HOME", &self.home).env("HOME", self.dir.path());
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("PM2_DISABLE_VERSION_CHECK", "1");
        command.current_dir(self.repo()).stdin(Stdio::null());
        command
    }

    pub(crate) fn options(&self) -> Pm2Options {
        Pm2Options {
            home: self.home.clone(),
            binary: Pm2Binary::At(self.pm2.clone()),
            memory: String::new(),
            agent_app: None,
        }
    }

    pub(crate) fn adapter(&self) -> Pm2 {
        Pm2::new(self.options())
    }

    pub(crate) fn app(&self, name: &str, script: &str) -> OwnedApp {
        OwnedApp {
            id: id(name),
            name: name.to_owned(),
            script: self.repo().join(script).display().to_string(),
            file: self.repo().join("ecosystem.json").display().to_string(),
        }
    }

    pub(crate) fn daemon_pid(&self) -> u32 {
        std::fs::read_to_string(self.home.join("pm2.pid")).unwrap().trim().parse().unwrap()
    }

    /// The processes that were started as this app, by their environment; not what they started themselves.
    pub(crate) fn copies(&self, name: &str) -> Vec<u32> {
        let marks = [format!("PM2_HOME={}", self.home.display()), format!("name={name}")];
        with_environment(&marks)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Only what belongs to this home, whatever state the test left it in.
        let _ = self.command(&["kill"]).output();
        for pid in with_environment(&[format!("PM2_HOME={}", self.home.display())]) {
            signal(pid, Signal::SIGKILL);
        }
    }
}

fn with_environment(marks: &[String]) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let environ = String::from_utf8_lossy(&environ);
            marks.iter().all(|mark| environ.split('\0').any(|entry| entry == mark))
        })
        .collect()
}

pub(crate) fn id(name: &str) -> AutomationId {
    AutomationId::new(Kind::Pm2, name).unwrap()
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal);
}

pub(crate) fn kill_nine(pid: u32) {
    signal(pid, Signal::SIGKILL);
}

/// Looks, each time that the adapter says something has changed, until what is seen is what is waited for.
pub(crate) async fn until(
    pm2: &Pm2,
    apps: &[OwnedApp],
    what: &str,
    mut seen: impl FnMut(&Pm2View) -> bool,
) -> Pm2View {
    let mut last = None;
    let found = tokio::time::timeout(LIMIT, async {
        loop {
            let view = pm2.look(apps).await;
            if seen(&view) {
                return view;
            }
            last = Some(view);
            // A look now and then also without news, as the engine takes them.
            let _ = tokio::time::timeout(Duration::from_millis(500), pm2.changed()).await;
        }
    });
    match found.await {
        Ok(view) => view,
        Err(_) => panic!("never {what}; last seen: {last:#?}"),
    }
}

pub(crate) fn processes<'a>(view: &'a Pm2View, name: &str) -> &'a [ProcessFact] {
    match view.apps.get(&id(name)) {
        Some(Pm2App::Listed { processes }) => processes,
        Some(Pm2App::Absent { .. } | Pm2App::Foreign { .. }) | None => &[],
    }
}

pub(crate) fn process(view: &Pm2View, name: &str) -> Option<ProcessFact> {
    processes(view, name).first().cloned()
}

pub(crate) fn is_up(view: &Pm2View) -> bool {
    matches!(view.daemon, Daemon::Up { .. })
}
