//! What the platforms' own loaders, actionlint and zizmor say of the files that were written: all repositories in one call.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// A repository with what was written for it, by paths below the folder of all repositories.
pub(super) struct Written {
    pub(super) root: PathBuf,
    /// Relative to the repository.
    pub(super) files: BTreeSet<String>,
}

/// Where bin/test has installed something.
fn tool(variable: &str, usual: &str) -> PathBuf {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools").join(usual);
    let found = std::env::var_os(variable).map_or_else(ours, PathBuf::from);
    assert!(found.exists(), "no {}: run bin/test, or set {variable}", found.display());
    found
}

fn oracle(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/oracles").join(name)
}

fn output(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(input.as_bytes()).unwrap();
    drop(pipe);
    child.wait_with_output().unwrap()
}

/// The objects that it prints, one a line; whatever else it says is passed over.
fn lines(command: &mut Command, input: &str) -> Vec<Value> {
    let output = output(command, input);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(Value::is_object)
        .collect()
}

fn paths<'a>(
    all: &'a [Written],
    is: impl Fn(&str) -> bool + Copy + 'a,
) -> impl Iterator<Item = PathBuf> + 'a {
    all.iter()
        .flat_map(move |one| one.files.iter().filter(move |file| is(file)).map(|file| one.root.join(file)))
}

fn is_workflow(file: &str) -> bool {
    file.starts_with(".github/workflows/")
}

/// Every file that was written is loaded by its platform. Says how many there were of each.
pub(super) fn load(all: &[Written], out: &Path) -> BTreeMap<&'static str, usize> {
    BTreeMap::from([("workflows", workflows(all)), ("apps", apps(all)), ("functions", functions(all, out))])
}

fn workflows(all: &[Written]) -> usize {
    let list: Vec<String> = paths(all, is_workflow).map(|path| path.to_string_lossy().into_owned()).collect();
    let mut node = Command::new("node");
    node.arg(oracle("workflows.mjs")).arg("-").env("ORACLES", tool("STANDIN_ORACLES", "oracles"));
    let judged = lines(&mut node, &list.join("\n"));
    for one in &judged {
        assert_eq!(one["loadable"], true, "GitHub: {one}");
    }
    assert_eq!(judged.len(), list.len());
    list.len()
}

fn apps(all: &[Written]) -> usize {
    let pm2 = tool("STANDIN_PM2", "node/node_modules/.bin/pm2").canonicalize().unwrap();
    let pm2 = pm2.ancestors().find(|dir| dir.join("lib/Common.js").is_file()).unwrap();
    let files: Vec<PathBuf> = paths(all, |file| file.ends_with(".config.cjs")).collect();
    let mut node = Command::new("node");
    node.arg(oracle("pm2.cjs")).arg(pm2).args(&files).env("PM2_HOME", files[0].with_file_name("pm2-home"));
    let judged = lines(&mut node, "");
    assert_eq!(judged.len(), files.len(), "{judged:?}");
    let mut seen = 0;
    for one in &judged {
        let count = one["apps"].as_array().map_or(0, Vec::len);
        assert!(count > 0, "PM2: {one}");
        seen += count;
    }
    let _ = std::fs::remove_dir_all(files[0].with_file_name("pm2-home"));
    seen
}

fn functions(all: &[Written], out: &Path) -> usize {
    let netlify = tool("STANDIN_NETLIFY", "netlify/node_modules/.bin/netlify");
    let modules = netlify.ancestors().find(|dir| dir.ends_with("node_modules")).unwrap().to_owned();
    let is_function = |file: &str| !is_workflow(file) && file.contains("-backup.m");
    let mut sites = String::new();
    let mut count = 0;
    for one in all {
        let mut by_site: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for file in one.files.iter().filter(|file| is_function(file)).map(|file| one.root.join(file)) {
            // A repository may hold several sites.
            let has_settings = |folder: &&Path| folder.join("netlify.toml").is_file();
            let site = file.ancestors().skip(1).take_while(|folder| folder.starts_with(&one.root));
            let site = site.into_iter().find(has_settings).unwrap_or(&one.root).to_owned();
            by_site.entry(site).or_default().push(file);
        }
        for (root, files) in by_site {
            count += files.len();
            sites.push_str(&format!("{}\n", json!({ "root": root, "functions": files })));
        }
    }
    let judged = lines(Command::new("node").arg(oracle("netlify.mjs")).arg(modules).arg(out), &sites);
    assert_eq!(judged.len(), count, "{judged:?}");
    for one in &judged {
        assert!(one["schedule"].is_string() && one["version"] == 2, "Netlify: {one}");
    }
    count
}

/// What each file is complained about, by rule.
type Complaints = BTreeMap<String, BTreeSet<String>>;

/// Neither actionlint nor zizmor says of a backup what it does not say of its primary. `parent` holds all repositories.
pub(super) fn lint(all: &[Written], parent: &Path) {
    let below = |path: PathBuf| path.strip_prefix(parent).unwrap().to_string_lossy().into_owned();
    let backups: Vec<String> = paths(all, is_workflow).map(below).collect();
    let primary = |backup: &String| backup.replace("-backup.y", ".y");
    let files: BTreeSet<String> = backups
        .iter()
        .flat_map(|backup| [backup.clone(), primary(backup)])
        .filter(|path| parent.join(path).is_file())
        .collect();
    for complaints in [actionlint(&files, parent), zizmor(&files, parent)] {
        let of = |path: &str| complaints.get(path).cloned().unwrap_or_default();
        for backup in &backups {
            let new: Vec<String> = of(backup).difference(&of(&primary(backup))).cloned().collect();
            assert!(new.is_empty(), "{backup}: {new:?}");
        }
    }
}

fn python(name: &str) -> Command {
    Command::new(tool("STANDIN_ACT", "py/bin/act").with_file_name(name))
}

fn said(command: &mut Command) -> Vec<Value> {
    let output = output(command, "");
    let shown = || String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command:?}: {error}: {}", shown()))
}

fn actionlint(files: &BTreeSet<String>, parent: &Path) -> Complaints {
    let mut command = python("actionlint");
    command.current_dir(parent).args(["-shellcheck=", "-pyflakes=", "-format", "{{json .}}"]).args(files);
    let mut complaints = Complaints::new();
    for one in said(&mut command) {
        // The message without the place in it.
        let message = one["message"].as_str().unwrap().split(['"', '\'']).next().unwrap().to_owned();
        let rule = format!("actionlint {} {message}", one["kind"]);
        complaints.entry(one["filepath"].as_str().unwrap().to_owned()).or_default().insert(rule);
    }
    complaints
}

fn zizmor(files: &BTreeSet<String>, parent: &Path) -> Complaints {
    let mut command = python("zizmor");
    command
        .current_dir(parent)
        .args(["--offline", "--no-progress", "--format=json", "--min-severity=low"])
        .args(files);
    let mut complaints = Complaints::new();
    for one in said(&mut command) {
        let place = &one["locations"][0]["symbolic"]["key"]["Local"];
        let path = place["verbatim_path"]
            .as_str()
            .or(place["given_path"].as_str())
            .unwrap_or_else(|| panic!("{one}"));
        let rule = format!("zizmor {}", one["ident"]);
        complaints.entry(path.trim_start_matches("./").to_owned()).or_default().insert(rule);
    }
    complaints
}
