//! What GitHub would check out: the default branch as it was fetched last. A workflow is run from a repository of its own
//! with that commit, so that nothing unfinished is published by a step that commits and pushes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fidelity::{Difference, differs, stops};
use crate::tools::Environment;

/// What `git` is called with beside its arguments: it asks nobody, locks nothing, and fetches no large files.
const QUIET: [(&str, &str); 4] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_LFS_SKIP_SMUDGE", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
];

/// What is set again in the copy, after the settings of the repository.
const OWN_SETTINGS: &str =
    "\n[core]\n\tbare = false\n\tfsmonitor = false\n\tsparseCheckout = false\n[gc]\n\tauto = 0\n";

/// Longest file of settings, in bytes.
const MAX_SETTINGS_BYTES: usize = 1 << 20;

/// Where a workflow runs.
#[derive(Debug, Default)]
pub(crate) struct Checkout {
    /// The folder with the commit; `None` where there is nothing but the working tree.
    pub(crate) dir: Option<PathBuf>,
    /// The default branch, where there is one.
    pub(crate) branch: Option<String>,
    /// `OWNER/NAME`, where the repository is GitHub's.
    pub(crate) repository: Option<String>,
    /// What is not as in this working tree, or why there is only that.
    pub(crate) differences: Vec<Difference>,
}

/// Makes the commit that GitHub would run below `folder`, for the workflow `file`. Without git, without a commit and
/// without a remote there is only the working tree, and nowhere to publish it.
pub(crate) fn of(root: &Path, file: &str, folder: &Path, env: &Environment) -> Checkout {
    let git = Git { dir: root, env };
    let stopped = |why: String| {
        let what = format!("what GitHub would run cannot be checked out ({why}), only this working tree can");
        let fix = "correct that; with --anyway the working tree is run, and a step that pushes publishes it";
        Checkout { differences: vec![stops(what, fix)], ..Checkout::default() }
    };
    let known = match Known::of(&git, root) {
        Ok(Some(known)) => known,
        Ok(None) => return Checkout::default(),
        Err(why) => return stopped(why),
    };
    let (branch, repository) = (known.branch.clone(), known.repository());
    if known.remote.is_none() {
        return Checkout { branch, repository, ..Checkout::default() };
    }
    match known.made(&git, file, &folder.join("checkout")) {
        Ok((dir, differences)) => Checkout { dir: Some(dir), branch, repository, differences },
        Err(why) => Checkout { branch, repository, ..stopped(why) },
    }
}

/// `git`, in one folder.
struct Git<'a> {
    dir: &'a Path,
    env: &'a Environment,
}

impl Git<'_> {
    /// What it prints, or the last line of what it complains about.
    fn says(&self, args: &[&str]) -> Result<String, String> {
        self.fed(args, "")
    }

    fn fed(&self, args: &[&str], input: &str) -> Result<String, String> {
        use std::io::Write;
        use std::process::Stdio;
        let mut git = Command::new("git");
        git.arg("-C").arg(self.dir).args(args).env_clear().envs(QUIET);
        let passed = ["PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR"];
        git.envs(passed.iter().filter_map(|name| Some((name, self.env.get(OsStr::new(name))?))));
        git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = git.spawn().map_err(|error| format!("git: {error}"))?;
        if let Some(mut pipe) = child.stdin.take() {
            // One that does not read its input says itself what is wrong.
            let _unread = pipe.write_all(input.as_bytes());
        }
        let done = child.wait_with_output().map_err(|error| format!("git: {error}"))?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        let told = String::from_utf8_lossy(&done.stderr);
        let last = told.lines().rev().map(str::trim).find(|line| !line.is_empty());
        Err(last.map_or_else(|| format!("git {}", args.first().unwrap_or(&"")), str::to_owned))
    }

    fn line(&self, args: &[&str]) -> Option<String> {
        let text = self.says(args).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// What a repository knows of its remote.
struct Known {
    /// The remote's name and address.
    remote: Option<(String, String)>,
    /// Every branch and every branch of the remote, by its full name, with its commit.
    refs: BTreeMap<String, String>,
    branch: Option<String>,
    /// The branch that is checked out.
    current: Option<String>,
}

impl Known {
    /// `None` for what is no repository with commits: GitHub runs workflows only from the top of one.
    fn of(git: &Git<'_>, root: &Path) -> Result<Option<Self>, String> {
        let top = match git.says(&["rev-parse", "--show-toplevel"]) {
            Ok(top) => top,
            // A repository that git does not read: somebody else's, or a broken one.
            Err(why) if root.join(".git").exists() && !why.starts_with("git: ") => return Err(why),
            Err(_) => return Ok(None),
        };
        let whole = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
        if whole(Path::new(top.trim()))? != whole(root)? {
            return Ok(None);
        }
        let remote = remote(git);
        let name = remote.as_ref().map_or("origin", |(name, _)| name.as_str());
        let tracked = format!("refs/remotes/{name}");
        let format = "--format=%(refname) %(objectname) %(symref)";
        let listed = git.says(&["for-each-ref", format, "refs/heads", &tracked])?;
        let current = git.line(&["symbolic-ref", "--quiet", "--short", "HEAD"]);
        let (mut refs, mut head) = (BTreeMap::new(), None);
        for line in listed.lines() {
            let mut words = line.split(' ');
            let (Some(full), Some(commit)) = (words.next(), words.next()) else { continue };
            match words.next().filter(|target| !target.is_empty()) {
                Some(target) if full == format!("{tracked}/HEAD") => head = Some(target.to_owned()),
                Some(_) | None if full == format!("{tracked}/HEAD") => {}
                Some(_) | None => drop(refs.insert(full.to_owned(), commit.to_owned())),
            }
        }
        if let Some(commit) = git.line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]) {
            refs.insert("HEAD".to_owned(), commit);
        }
        if refs.is_empty() {
            return Ok(None);
        }
        let of_remote: Vec<&str> =
            refs.keys().filter_map(|name| name.strip_prefix(&tracked)?.strip_prefix('/')).collect();
        let head = head.and_then(|head| Some(head.strip_prefix(&tracked)?.strip_prefix('/')?.to_owned()));
        let head = head.filter(|head| of_remote.contains(&head.as_str()));
        let branch = head.or_else(|| usual(&of_remote, current.as_deref())).or_else(|| {
            let own: Vec<&str> = refs.keys().filter_map(|name| name.strip_prefix("refs/heads/")).collect();
            if of_remote.is_empty() { usual(&own, current.as_deref()) } else { None }
        });
        Ok(Some(Self { remote, refs, branch, current }))
    }

    /// What was fetched last; where nothing ever was, the branch itself.
    fn commit(&self) -> Result<(&str, &str), String> {
        let (name, branch) = match (&self.remote, &self.branch) {
            (Some((name, _)), Some(branch)) => (name, branch),
            (remote, _) => {
                let name = remote.as_ref().map_or("origin", |(name, _)| name.as_str());
                return Err(format!("its default branch is not known: `git remote set-head {name} --auto`"));
            }
        };
        let tracked = self.refs.get(&format!("refs/remotes/{name}/{branch}"));
        let found = tracked.or_else(|| self.refs.get(&format!("refs/heads/{branch}")));
        let commit = found.or_else(|| self.refs.get("HEAD"));
        commit.map(|commit| (branch.as_str(), commit.as_str())).ok_or_else(|| "it has no commit".to_owned())
    }

    fn repository(&self) -> Option<String> {
        self.remote.as_ref().and_then(|(_, url)| slug(url))
    }

    fn made(&self, git: &Git<'_>, file: &str, dir: &Path) -> Result<(PathBuf, Vec<Difference>), String> {
        let (branch, commit) = self.commit()?;
        let (from, inner) = (git.dir.to_string_lossy(), dir.join(".git"));
        let to = inner.to_string_lossy();
        git.says(&["clone", "--quiet", "--mirror", "--local", &from, &to])
            .or_else(|_| git.says(&["clone", "--quiet", "--mirror", "--no-local", &from, &to]))?;
        let bare = Git { dir: &inner, ..*git };
        self.forget(&bare)?;
        self.settle(git, &inner)?;
        let made = Git { dir, ..*git };
        made.says(&["checkout", "--quiet", "--force", "--no-track", "-B", branch, commit])?;
        if self.refs.contains_key(&format!("refs/remotes/origin/{branch}")) {
            let _without = made.says(&["branch", "--quiet", &format!("--set-upstream-to=origin/{branch}")]);
        }
        let mut differences: Vec<Difference> = self.is_other(git, branch, commit).into_iter().collect();
        differences.extend(with_file(git.dir, dir, file, branch)?);
        if dir.join(".gitmodules").exists() {
            let fix = "let a step fetch them, where the workflow needs them";
            differences.push(differs("the submodules are not checked out here", fix));
        }
        Ok((dir.to_owned(), differences))
    }

    /// A checkout of GitHub's has its own branch, what is fetched, and the tags: no other branch, and no stash.
    fn forget(&self, bare: &Git<'_>) -> Result<(), String> {
        let listed = bare.says(&["for-each-ref", "--format=%(refname)"])?;
        let is_kept = |name: &&str| {
            name.starts_with("refs/tags/")
                || (name.starts_with("refs/remotes/origin/") && *name != "refs/remotes/origin/HEAD")
        };
        let gone: String =
            listed.lines().filter(|name| !is_kept(name)).map(|name| format!("delete {name}\n")).collect();
        bare.fed(&["update-ref", "--no-deref", "--stdin"], &gone).map(drop)
    }

    /// The settings of the repository: its addresses, and how it reaches them. They may hold a password, so that they never
    /// stand in an argument.
    fn settle(&self, git: &Git<'_>, inner: &Path) -> Result<(), String> {
        let common = git.says(&["rev-parse", "--git-common-dir"])?;
        let file = git.dir.join(common.trim()).join("config");
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        if text.len() > MAX_SETTINGS_BYTES {
            return Err("its settings are too long".to_owned());
        }
        let mut settings: String = text.lines().filter_map(|line| moved(line, git.dir)).collect();
        settings.push_str(OWN_SETTINGS);
        // GitHub's checkout knows its remote by this name alone.
        if let Some((_, url)) = self.remote.as_ref().filter(|(name, _)| name != "origin") {
            let url = absolute(url, git.dir).unwrap_or_else(|| url.clone());
            let url = url.replace('\\', "\\\\").replace('"', "\\\"");
            settings.push_str(&format!(
                "[remote \"origin\"]\n\turl = \"{url}\"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
            ));
        }
        std::fs::write(inner.join("config"), settings).map_err(|error| error.to_string())
    }

    /// Whether this working tree is something else.
    fn is_other(&self, git: &Git<'_>, branch: &str, commit: &str) -> Option<Difference> {
        let mut other = Vec::new();
        if self.current.as_deref().is_some_and(|current| current != branch) {
            other.extend(self.current.iter().map(|current| format!("on branch {current}")));
        }
        if self.refs.get("HEAD").is_some_and(|head| head != commit) {
            other.push("at another commit".to_owned());
        }
        let changed = git.says(&["status", "--porcelain"]).unwrap_or_default();
        // What Standin itself keeps there is no part of the work.
        let count = changed.lines().filter(|line| line.get(3..) != Some(".standin/")).count();
        if count > 0 {
            other.push(format!("with {count} file{} not committed", if count == 1 { "" } else { "s" }));
        }
        let short = commit.get(..8).unwrap_or(commit);
        let tracked =
            |(name, _): &(String, String)| self.refs.contains_key(&format!("refs/remotes/{name}/{branch}"));
        let of = if self.remote.as_ref().is_some_and(tracked) { ", as it was fetched last," } else { "" };
        let what =
            format!("this checkout is {}, and {branch}{of} is what is run ({short})", other.join(", "));
        (!other.is_empty()).then(|| differs(what, "commit and push what is to run, then `git fetch`"))
    }
}

/// `origin`, or whatever there is.
fn remote(git: &Git<'_>) -> Option<(String, String)> {
    let listed = git.says(&["config", "--get-regexp", r"^remote\..*\.url$"]).ok()?;
    let all: Vec<(String, String)> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(key, url)| {
            Some((key.strip_prefix("remote.")?.strip_suffix(".url")?.to_owned(), url.to_owned()))
        })
        .collect();
    all.iter().find(|(name, _)| name == "origin").or(all.first()).cloned()
}

/// The default branch where nothing says which it is: one of the usual names, or the only one there is.
fn usual(branches: &[&str], current: Option<&str>) -> Option<String> {
    let named = ["main", "master", "trunk"].into_iter().find(|name| branches.contains(name));
    let only = || if let [only] = branches { Some(*only) } else { None };
    let current = || current.filter(|name| branches.contains(name));
    named.or_else(only).or_else(current).map(str::to_owned)
}

/// The workflow, where the commit does not have it: kept out of what a step commits.
fn with_file(root: &Path, dir: &Path, file: &str, branch: &str) -> Result<Option<Difference>, String> {
    let told = |error: std::io::Error| format!("{file}: {error}");
    let (own, theirs) = (root.join(file), dir.join(file));
    let Ok(text) = std::fs::read(&own) else { return Ok(None) };
    if theirs.is_file() {
        let is_same = std::fs::read(&theirs).map_err(told)? == text;
        let what = format!("{file} is another one on {branch}, and that one is run");
        return Ok((!is_same).then(|| differs(what, "commit and push it, then `git fetch`")));
    }
    if let Some(folder) = theirs.parent() {
        std::fs::create_dir_all(folder).map_err(told)?;
    }
    std::fs::write(&theirs, text).map_err(told)?;
    let info = dir.join(".git/info");
    std::fs::create_dir_all(&info).map_err(told)?;
    std::fs::write(info.join("exclude"), format!("/{file}\n")).map_err(told)?;
    let what = format!("{branch} has no {file}, so that GitHub does not run it yet; the one here is run");
    Ok(Some(differs(what, "commit and push it, then `git fetch`")))
}

/// A line of settings for a copy elsewhere; `None` for where the working tree lies.
fn moved(line: &str, root: &Path) -> Option<String> {
    let (key, value) =
        line.split_once('=').map_or((line.trim(), ""), |(key, value)| (key.trim(), value.trim()));
    if key.eq_ignore_ascii_case("worktree") {
        return None;
    }
    let is_address = ["url", "pushurl"].iter().any(|name| key.eq_ignore_ascii_case(name));
    match absolute(value, root).filter(|_| is_address) {
        Some(address) => Some(format!("\t{key} = {address}\n")),
        None => Some(format!("{line}\n")),
    }
}

/// The place of an address that is relative to the repository.
fn absolute(address: &str, root: &Path) -> Option<String> {
    let is_relative = address.starts_with("./") || address.starts_with("../");
    is_relative.then(|| root.join(address).to_string_lossy().into_owned())
}

/// `OWNER/NAME` of an address on GitHub.
fn slug(url: &str) -> Option<String> {
    let (_, path) = url.split_once("github.com")?;
    let path = path.trim_start_matches([':', '/']).trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let mut parts = path.split('/');
    let (owner, name) = (parts.next()?, parts.next()?);
    (!owner.is_empty() && !name.is_empty() && parts.next().is_none()).then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests;
