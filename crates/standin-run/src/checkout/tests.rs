#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::fidelity::Weight;

struct Repository {
    folder: tempfile::TempDir,
    env: Environment,
}

impl Repository {
    /// A repository with a remote that has one commit of `main`.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Environment::from([("PATH".into(), std::env::var_os("PATH").unwrap())]);
        let repo = Self { folder, env };
        std::fs::create_dir_all(repo.root()).unwrap();
        repo.git(&["init", "-q", "-b", "main"]);
        repo.git(&["config", "user.name", "a"]);
        repo.git(&["config", "user.email", "a@localhost"]);
        repo.write(FILE, "on: push\n");
        repo.write("data.txt", "done");
        repo.commit();
        repo
    }

    fn with_remote() -> Self {
        let repo = Self::new();
        repo.git(&["init", "-q", "--bare", "-b", "main", "../remote.git"]);
        repo.git(&["remote", "add", "origin", "../remote.git"]);
        repo.git(&["push", "-q", "origin", "main"]);
        repo
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn git(&self, args: &[&str]) -> String {
        Git { dir: &self.root(), env: &self.env }.says(args).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    fn checkout(&self) -> (Checkout, Vec<(Weight, String)>) {
        let mut number = 0;
        let folder = loop {
            let folder = self.folder.path().join(format!("run{number}"));
            if !folder.exists() {
                break folder;
            }
            number += 1;
        };
        std::fs::create_dir_all(&folder).unwrap();
        let made = of(&self.root(), FILE, &folder, &self.env);
        let said = made.differences.iter().map(|d| (d.weight, d.what.clone())).collect();
        (made, said)
    }

    fn in_copy(&self, made: &Checkout, args: &[&str]) -> String {
        Git { dir: made.dir.as_ref().unwrap(), env: &self.env }.says(args).unwrap()
    }
}

const FILE: &str = ".github/workflows/nightly.yml";

#[test]
fn a_clean_checkout_of_the_default_branch_is_the_same() {
    let repo = Repository::with_remote();
    let (made, said) = repo.checkout();
    assert_eq!(said, []);
    assert_eq!(made.branch.as_deref(), Some("main"));
    assert_eq!(repo.in_copy(&made, &["rev-parse", "HEAD"]), repo.git(&["rev-parse", "HEAD"]));
    assert_eq!(repo.in_copy(&made, &["status", "-sb", "--porcelain"]), "## main...origin/main\n");
}

#[test]
fn nothing_unfinished_is_in_what_is_run() {
    let repo = Repository::with_remote();
    let pushed = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["tag", "v1"]);
    repo.git(&["checkout", "-q", "-b", "wip"]);
    repo.write("data.txt", "unfinished");
    repo.commit();
    repo.write("data.txt", "not even committed");
    repo.write("secret.txt", "untracked");
    repo.git(&["stash", "-q"]);
    repo.write("data.txt", "changed");
    let (made, said) = repo.checkout();
    let dir = made.dir.clone().unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("data.txt")).unwrap(), "done");
    assert!(!dir.join("secret.txt").exists());
    assert_eq!(repo.in_copy(&made, &["rev-parse", "HEAD"]), pushed);
    assert_eq!(
        repo.in_copy(&made, &["for-each-ref", "--format=%(refname)"]),
        "refs/heads/main\nrefs/remotes/origin/main\nrefs/tags/v1\n"
    );
    let (weight, what) = &said[0];
    assert_eq!(*weight, Weight::Differs);
    assert!(what.contains("on branch wip, at another commit, with 2 files not committed"), "{what}");
    // A push goes where the repository pushes, and takes that commit alone.
    repo.in_copy(&made, &["push", "-q", "origin", "HEAD:refs/heads/copy"]);
    assert_eq!(repo.git(&["ls-remote", "origin", "copy"]).split('\t').next(), Some(pushed.trim()));
    assert_eq!(repo.git(&["branch", "--show-current"]), "wip\n", "the repository itself is as it was");
    assert_eq!(repo.git(&["status", "--porcelain"]), " M data.txt\n?? secret.txt\n");
}

#[test]
fn what_the_remote_calls_its_default_is_what_runs() {
    let repo = Repository::with_remote();
    repo.git(&["checkout", "-q", "-b", "develop"]);
    repo.write("data.txt", "developed");
    repo.commit();
    repo.git(&["push", "-q", "origin", "develop"]);
    repo.git(&["remote", "set-head", "origin", "develop"]);
    repo.git(&["checkout", "-q", "main"]);
    let (made, _) = repo.checkout();
    assert_eq!(made.branch.as_deref(), Some("develop"));
    assert_eq!(std::fs::read_to_string(made.dir.unwrap().join("data.txt")).unwrap(), "developed");
}

#[test]
fn a_default_branch_that_nobody_knows_stops_the_run() {
    let repo = Repository::with_remote();
    repo.git(&["push", "-q", "origin", "main:one", "main:two"]);
    repo.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    let (made, said) = repo.checkout();
    assert!(made.dir.is_none() && said[0].0 == Weight::Stops && said[0].1.contains("set-head"), "{said:?}");
}

#[test]
fn a_workflow_that_github_does_not_have_is_run_and_never_committed() {
    let repo = Repository::with_remote();
    repo.git(&["rm", "-q", "--cached", FILE]);
    repo.git(&["commit", "-q", "-m", "x"]);
    repo.git(&["push", "-q", "origin", "main"]);
    let (made, said) = repo.checkout();
    assert!(
        said.iter().any(|(_, what)| what.contains("main has no .github/workflows/nightly.yml")),
        "{said:?}"
    );
    assert!(made.dir.as_ref().unwrap().join(FILE).is_file());
    assert_eq!(repo.in_copy(&made, &["status", "--porcelain"]), "");
    repo.commit();
    repo.git(&["push", "-q", "origin", "main"]);
    repo.write(FILE, "on: workflow_dispatch\n");
    let (made, said) = repo.checkout();
    assert!(said.iter().any(|(_, what)| what.contains("another one on main")), "{said:?}");
    assert_eq!(std::fs::read_to_string(made.dir.unwrap().join(FILE)).unwrap(), "on: push\n");
}

#[test]
fn a_remote_that_was_never_fetched_has_the_branch_itself() {
    let repo = Repository::new();
    repo.git(&["remote", "add", "hub", "https://user:hunter2@github.com/acme/shop.git"]);
    repo.write("data.txt", "changed");
    let (made, said) = repo.checkout();
    assert_eq!(made.repository.as_deref(), Some("acme/shop"));
    assert_eq!(std::fs::read_to_string(made.dir.as_ref().unwrap().join("data.txt")).unwrap(), "done");
    assert_eq!(said.len(), 1);
    let origin = repo.in_copy(&made, &["remote", "get-url", "origin"]);
    assert_eq!(origin, "https://user:hunter2@github.com/acme/shop.git\n");
}

#[test]
fn without_a_remote_or_a_commit_there_is_only_the_working_tree() {
    let repo = Repository::new();
    let (made, said) = repo.checkout();
    assert!(made.dir.is_none() && said.is_empty() && made.branch.as_deref() == Some("main"));
    std::fs::remove_dir_all(repo.root().join(".git")).unwrap();
    let (made, said) = repo.checkout();
    assert!(made.dir.is_none() && said.is_empty() && made.branch.is_none());
    repo.git(&["init", "-q"]);
    assert!(repo.checkout().0.branch.is_none());
}

#[test]
fn a_repository_that_git_does_not_read_stops_the_run() {
    let repo = Repository::with_remote();
    repo.write(".git/config", "[core\n");
    let (made, said) = repo.checkout();
    assert!(made.dir.is_none() && said[0].0 == Weight::Stops, "{said:?}");
}

#[test]
fn a_worktree_is_as_good_as_the_repository() {
    let repo = Repository::with_remote();
    repo.git(&["worktree", "add", "-q", "-b", "wip", "../other"]);
    let folder = repo.folder.path().join("run");
    std::fs::create_dir_all(&folder).unwrap();
    let made = of(&repo.folder.path().join("other"), FILE, &folder, &repo.env);
    assert_eq!(repo.in_copy(&made, &["branch", "--show-current"]), "main\n");
    assert!(repo.in_copy(&made, &["remote", "get-url", "origin"]).ends_with("remote.git\n"));
}

#[test]
fn the_name_of_a_repository_is_read_from_its_address() {
    for url in [
        "https://github.com/acme/shop.git",
        "https://x:y@github.com/acme/shop/",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com/acme/shop",
    ] {
        assert_eq!(slug(url).as_deref(), Some("acme/shop"), "{url}");
    }
    assert_eq!(slug("/srv/git/shop.git"), None);
}
