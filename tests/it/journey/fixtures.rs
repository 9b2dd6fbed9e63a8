//! Every fixture of the crates, and the bundled example, all the way: scan, coverage, init, `init --check`, the platforms'
//! own loaders, run, drill, `--remove`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use serde_json::{Value, json};

use super::Repository;
use super::loaders::{self, Written};

/// What came of each automation, as it is written in `fixtures.txt`.
type Ends = BTreeMap<String, String>;

/// How long one run may take.
const LIMIT: &str = "30s";
/// How long one of an app's may: one of them waits for ever.
const SHORT_LIMIT: &str = "5s";
/// How many repositories are worked on at once: most of the time is waited for Node.
const SIDE_BY_SIDE: usize = 4;

/// What the fixtures' own workflows call, and have not.
const SCRIPTS: [&str; 3] = ["work.sh", "day.sh", "night.sh"];

/// One fixture on its way.
struct Way {
    name: String,
    repository: Repository,
    /// Before anything was written.
    files: BTreeMap<String, Vec<u8>>,
    folders: Vec<PathBuf>,
    before: Value,
    /// With what was written.
    between: BTreeMap<String, Vec<u8>>,
}

#[test]
fn every_fixture_goes_the_whole_way() {
    let parent = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let ways: Vec<Way> =
        side_by_side(fixtures(), |folder| Way::begin(&folder, parent.path())).into_iter().flatten().collect();
    let all: Vec<Written> = ways.iter().map(Way::written).collect();
    assert!(all.iter().map(|one| one.files.len()).sum::<usize>() > 30);
    let loaded = loaders::load(&all, &parent.path().join("bundles"));
    assert!(loaded["workflows"] > 20 && loaded["apps"] > 30 && loaded["functions"] > 5, "{loaded:?}");
    loaders::lint(&all, parent.path());
    eprintln!("written and loaded: {loaded:?} after {:.0?}", began.elapsed());

    let ends: Ends = side_by_side(ways, Way::go).into_iter().flatten().collect();
    eprintln!("run and drilled after {:.0?}", began.elapsed());
    compare(&ends);
    let covered = ends.keys().filter(|what| what.contains(" coverage ")).count();
    assert!(covered > 8, "only {covered} are drilled, as coverage says");
    let ran = ends.values().filter(|end| *end == "ran" || *end == "drilled").count();
    assert!(ran > 50, "only {ran} of {} did their work", ends.len());
}

/// What is no work of this host's, whatever the fixture: its kind says so.
const ELSEWHERE: [&str; 2] =
    ["which nothing on this host can run", "runs all the time: PM2 keeps it running"];

/// Whatever did not do its work ended as `fixtures.txt` names it.
fn compare(ends: &Ends) {
    let is_usual = |end: &str| {
        ["ran", "drilled"].contains(&end)
            || ELSEWHERE.iter().any(|why| end.starts_with("2: ") && end.contains(why))
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/journey/fixtures.txt");
    let text: String =
        ends.iter().filter(|(_, end)| !is_usual(end)).map(|(what, end)| format!("{what}: {end}\n")).collect();
    if std::env::var_os("STANDIN_WRITE_EXPECTED").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) = (text.lines().collect(), wanted.lines().collect());
    let new: Vec<&&str> = ours.difference(&theirs).collect();
    let gone: Vec<&&str> = theirs.difference(&ours).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "{} says otherwise (STANDIN_WRITE_EXPECTED=1 writes it anew)\nnow: {new:#?}\nnot any more: {gone:#?}",
        path.display()
    );
}

fn side_by_side<T: Send, R: Send>(work: Vec<T>, one: impl Fn(T) -> R + Sync) -> Vec<R> {
    // The largest come first in the list.
    let (open, done) = (Mutex::new(work.into_iter().rev().collect::<Vec<T>>()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let Some(next) = open.lock().unwrap().pop() else { return };
                    let result = one(next);
                    done.lock().unwrap().push(result);
                }
            });
        }
    });
    done.into_inner().unwrap()
}

impl Way {
    /// Scan, coverage, init and `--check`; `None` for what already has files of Standin's: those lose them whose primary is
    /// gone, so that it is no way there and back.
    fn begin(folder: &Path, parent: &Path) -> Option<Self> {
        // What is expected of a scan lies beside some of them.
        let own = Some(folder.join("repo")).filter(|own| own.is_dir());
        let repository = Repository::copied_into(own.as_deref().unwrap_or(folder), parent);
        let is_ours = |text: &Vec<u8>| String::from_utf8_lossy(text).contains(standin_core::ownership::MARK);
        if repository.files().values().any(is_ours) {
            return None;
        }
        supply(&repository);
        let (files, folders) = (repository.files(), repository.folders());
        let scan = repository.standin(&["scan", "--format", "json"]);
        assert!(matches!(scan.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&scan.stderr));
        let sarif = repository.json(&["scan", "--format", "sarif"], scan.status.code().unwrap());
        assert_eq!(sarif["version"], "2.1.0");
        let before = repository.json(&["coverage", "--format", "json"], 0);
        assert_eq!(repository.files(), files, "a look changes nothing");

        repository.said(&["init", "--npm-scripts"], 0);
        let between = repository.files();
        for (path, text) in &files {
            let is_kept = between.get(path) == Some(text) || path == "package.json";
            assert!(is_kept, "{path} is not Standin's to change");
        }
        repository.said(&["init", "--npm-scripts", "--check"], 0);
        repository.said(&["backup", "--check"], 0);
        repository.said(&["init", "--npm-scripts"], 0);
        assert_eq!(repository.files(), between, "a second time changes nothing");
        repository.agent_has_run();
        Some(Self { name: short(folder), repository, files, folders, before, between })
    }

    fn written(&self) -> Written {
        let files = self.between.keys().filter(|path| !self.files.contains_key(*path)).cloned().collect();
        Written { root: self.repository.root(), files }
    }

    /// Runs, drills, coverage and `--remove`.
    fn go(self) -> Ends {
        let after = self.repository.json(&["coverage", "--format", "json"], 0);
        assert_eq!(
            after["counted"], self.before["counted"],
            "a backup counts for its primary, not for itself"
        );
        let level = |coverage: &Value, at: usize| coverage["levels"][at]["percent"].as_f64().unwrap_or(0.0);
        (0..5)
            .for_each(|at| assert!(level(&after, at) >= level(&self.before, at), "{} {after}", self.before));

        let mut ends = Ends::new();
        let inventory = self.repository.standin(&["scan", "--format", "json"]);
        let inventory: Value = serde_json::from_slice(&inventory.stdout).unwrap();
        for automation in inventory["automations"].as_array().unwrap() {
            let id = automation["id"].as_str().unwrap();
            let is_primary = self.files.contains_key(automation["source"]["path"].as_str().unwrap());
            // The run of a function with a schedule is its drill: each takes Netlify's bundler two seconds.
            let is_drilled = automation["kind"] == "netlify" && automation["schedules"] != json!([]);
            if is_primary && automation["state"] == "effective" && !is_drilled {
                let (end, jobs) = self.run(id);
                ends.insert(format!("{} run {id}", self.name), end);
                ends.extend(
                    jobs.into_iter().map(|(job, end)| (format!("{} run {id} {job}", self.name), end)),
                );
            }
        }
        self.unchanged("a run");
        let drilled = self.drill();
        self.unchanged("a drill");
        for id in self.covered(&after, &drilled) {
            ends.insert(format!("{} coverage {id}", self.name), "drilled".to_owned());
        }
        ends.extend(drilled.into_iter().map(|(id, end)| (format!("{} drill {id}", self.name), end)));

        self.repository.said(&["backup", "--remove"], 0);
        self.left();
        ends
    }

    /// What a run came to: that it did its work, or the last line of why not; then also its jobs.
    fn run(&self, id: &str) -> (String, Ends) {
        let limit = if id.starts_with("pm2:") { SHORT_LIMIT } else { LIMIT };
        let ended = self.repository.standin(&["run", id, "--time-limit", limit]);
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        let code = ended.status.code().unwrap_or(-1);
        if code == 0 {
            return ("ran".to_owned(), Ends::new());
        }
        // The first reason is the one that stops it; else the words of whoever failed come before how it ended.
        let stops = errors.lines().find(|line| line.starts_with("stops: "));
        let own = errors.lines().rfind(|line| line.starts_with("standin: ") || line.starts_with("Error: "));
        let end = errors.lines().rfind(|line| line.starts_with("error: "));
        let why =
            stops.or(own).or(end).unwrap_or_else(|| panic!("{} {id} says nothing: {errors}", self.name));
        let jobs = jobs(&format!("{}{errors}", String::from_utf8_lossy(&ended.stdout)));
        (format!("{code}: {}", self.told(why)), jobs)
    }

    /// Without the place of this repository.
    fn told(&self, text: &str) -> String {
        if ELSEWHERE.iter().any(|why| text.contains(why)) {
            return text.to_owned();
        }
        let text = text.replace(&self.repository.root().to_string_lossy().into_owned(), "REPO");
        // Of several jobs that fail side by side act names the one that ends first. Each is told by its own end.
        let is_of_act = ["Error: Job '", "Error: Unable to determine", "https://github.com/"];
        if is_of_act.iter().any(|part| text.contains(part)) {
            return "a job failed".to_owned();
        }
        // Where it is kept has another name each time.
        let place = self.repository.dir.path().to_string_lossy().into_owned();
        let text = text.split(&place).next().unwrap();
        text.split(" after ").next().unwrap().trim_end().chars().take(160).collect()
    }

    /// What each drill of `--all` came to.
    fn drill(&self) -> Ends {
        let output = self.repository.standin(&["drill", "--all", "--time-limit", LIMIT, "--format", "json"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let page: Value =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{errors}"));
        let list = |name: &str| page[name].as_array().cloned().unwrap_or_default();
        let mut ends = Ends::new();
        for drill in list("drills") {
            let id = drill["id"].as_str().unwrap();
            if drill["passed"] == true {
                ends.insert(id.to_owned(), "drilled".to_owned());
                continue;
            }
            let own =
                errors.split("\ndrilling ").find(|part| part.trim_start_matches("drilling ").starts_with(id));
            let jobs = own.map(jobs).unwrap_or_default();
            let why = drill["why"].as_str().unwrap();
            // Of a step that fails act may lose the last words: which step it was is told by its job.
            let is_of_job =
                jobs.values().any(|end| end.starts_with("failed")) && !why.contains(": standin: ");
            ends.insert(id.to_owned(), if is_of_job { "a job failed".to_owned() } else { self.told(why) });
            ends.extend(jobs.into_iter().map(|(job, end)| (format!("{id} {job}"), end)));
        }
        for left in list("left_out") {
            let why = self.told(left["why"].as_str().unwrap());
            ends.insert(left["id"].as_str().unwrap().to_owned(), format!("left out: {why}"));
        }
        let is_passed = list("drills").iter().all(|drill| drill["passed"] == true);
        assert_eq!(output.status.code(), Some(i32::from(!is_passed)), "{said}{errors}");
        ends
    }

    /// What passed in a drill is drilled, if it was covered elsewhere; nothing else is.
    fn covered(&self, before: &Value, drilled: &Ends) -> Vec<String> {
        let mut reached = Vec::new();
        let now = self.repository.json(&["coverage", "--format", "json"], 0);
        let levels = |coverage: &Value| -> BTreeMap<String, String> {
            let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
            coverage["automations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| (text(one, "id"), text(one, "level")))
                .collect()
        };
        let before = levels(before);
        for (id, level) in levels(&now) {
            if level == "drilled" {
                reached.push(id.clone());
            }
            let is_drilled = drilled.get(&id).is_some_and(|end| end == "drilled");
            match before.get(&id).map(String::as_str) {
                Some("cross-domain") if is_drilled => assert_eq!(level, "drilled", "{} {id}", self.name),
                known => assert_eq!(Some(level.as_str()), known, "{} {id}", self.name),
            }
        }
        reached
    }

    /// Nobody has touched a primary or a backup.
    fn unchanged(&self, by: &str) {
        let now = self.repository.files();
        for (path, text) in &self.between {
            assert!(now.get(path) == Some(text) || is_work(path), "{}: {by} has changed {path}", self.name);
        }
    }

    fn left(&self) {
        let mut now = self.repository.files();
        now.retain(|path, _| self.files.contains_key(path) || !is_work(path));
        let new: Vec<&String> = now.keys().filter(|path| !self.files.contains_key(*path)).collect();
        assert!(new.is_empty(), "{}: traces are left: {new:?}", self.name);
        assert!(now == self.files, "{}: something of the primary's has changed", self.name);
        let folders: Vec<PathBuf> =
            self.repository.folders().into_iter().filter(|path| !path.ends_with("work")).collect();
        assert_eq!(folders, self.folders, "{}: no folder is left", self.name);
    }
}

/// How each job ended, as act says it, by its name: one that it could not even plan is not there.
fn jobs(said: &str) -> Ends {
    let mut ends = Ends::new();
    let mut failed_at = BTreeMap::new();
    for line in said.lines() {
        let Some((name, rest)) = line.strip_prefix('[').and_then(|line| line.split_once("] ")) else {
            continue;
        };
        let job = format!("job {}", name.split_once('/').map_or(name, |(_, job)| job).trim());
        if let Some(end) = rest.trim().strip_prefix("🏁  Job ") {
            let step = failed_at.get(&job).map_or(String::new(), |step| format!(" at {step}"));
            ends.insert(job, format!("{end}{step}"));
        } else if let Some(step) = rest.trim().strip_prefix("❌  Failure - ") {
            // How long it took stands behind it.
            let step = step.rsplit_once(" [").map_or(step, |(step, _)| step);
            failed_at.entry(job).or_insert_with(|| step.to_owned());
        }
    }
    ends
}

/// What the work of the example, and of the errands, itself writes.
fn is_work(path: &str) -> bool {
    path.starts_with("work/") || path == "out.txt"
}

/// What the fixtures call and do not have: their workflows' scripts, which no step has checked out, become commands of
/// this machine; and Netlify's own module for their functions.
fn supply(repository: &Repository) {
    let workflows = repository.root().join(".github/workflows");
    for path in fs::read_dir(workflows).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let called = SCRIPTS.iter().fold(text, |text, name| text.replace(&format!("./{name}"), name));
        fs::write(&path, called).unwrap();
    }
    SCRIPTS.iter().for_each(|name| repository.command_of_home(name, "#!/bin/sh\nexit 0\n"));
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/netlify/node_modules");
    if repository.root().join("netlify").is_dir() && modules.is_dir() {
        std::os::unix::fs::symlink(modules.canonicalize().unwrap(), repository.root().join("node_modules"))
            .unwrap();
    }
}

fn short(folder: &Path) -> String {
    let parts: Vec<String> = folder.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let from = parts.iter().rposition(|part| part == "fixtures" || part == "examples").unwrap_or(0);
    let owner = parts[..from].iter().rfind(|part| part.starts_with("standin-")).cloned().unwrap_or_default();
    let own = parts[from + 1..].join("/");
    if parts.len() - from > 2 { own } else { format!("{own}({})", owner.trim_start_matches("standin-")) }
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf();
    let mut found = vec![root.join("examples/shop"), root.join("crates/standin-discovery/fixtures/shop")];
    let mut of = |folder: PathBuf| {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        found.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
    };
    of(root.join("crates/standin-backup/tests/fixtures"));
    let kinds = root.join("crates/standin-discovery/tests/fixtures");
    for kind in fs::read_dir(&kinds).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        of(kind);
    }
    found.sort();
    assert!(found.len() > 40, "{found:?}");
    found
}
