use std::process::Command;

use standin_core::automation::Detail;
use standin_core::run::RunEnd;
use standin_run::work::Work;
use standin_run::{Flag, Trial};

use super::{Repository, ran};

const FILE: &str = ".github/workflows/publish.yml";
const OK: RunEnd = RunEnd::Exited { code: 0 };

fn git(repo: &Repository, args: &[&str]) -> String {
    let who = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
    let done = Command::new("git").args(who).args(args).current_dir(repo.root()).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A repository with a remote, and with this workflow on its `main`.
fn published(steps: &str) -> Repository {
    let jobs = format!("jobs:\n  publish:\n    runs-on: ubuntu-20.04\n    steps:\n{steps}");
    let text = format!("on: {{ schedule: [{{ cron: '0 3 * * *' }}] }}\n{jobs}");
    let repo = Repository::new(&[(FILE, &text), ("data.txt", "done\n"), (".gitignore", "*.log\n")]);
    git(&repo, &["init", "-q", "--bare", "-b", "main", "../remote.git"]);
    git(&repo, &["checkout", "-q", "-b", "main"]);
    repo.write("kept.log", "forced in\n");
    git(&repo, &["add", "-A", "-f"]);
    git(&repo, &["commit", "-q", "-m", "first"]);
    git(&repo, &["remote", "add", "origin", "../remote.git"]);
    git(&repo, &["push", "-q", "origin", "main"]);
    repo
}

fn work(repo: &Repository) -> Work {
    let detail = Detail::Workflow(Box::default());
    repo.work("workflow:publish.yml", FILE, &["0 3 * * *"], &["schedule"], detail)
}

#[tokio::test]
async fn a_step_that_pushes_publishes_nothing_unfinished() {
    let repo = published(
        "      - uses: actions/checkout@v4
      - run: |
          git log
          test -f kept.log && date +%N > stamp.txt
          git config user.name bot && git config user.email bot@localhost
          git add -A && git commit -qm 'by the bot' && git push -q origin HEAD:main
",
    );
    git(&repo, &["checkout", "-q", "-b", "wip"]);
    repo.write("half.txt", "half done");
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "-m", "half"]);
    git(&repo, &["tag", "v1"]);
    repo.write("data.txt", "broken\n");
    repo.write("notes.txt", "mine\n");
    let ready = repo.ready(&work(&repo), Flag::Drill, Trial::Real);
    assert!(ready.differences[0].what.contains("on branch wip"), "{:?}", ready.differences);
    let (end, text) = ran(ready).await;
    assert_eq!(end, OK, "{text}");
    git(&repo, &["fetch", "-q"]);
    let files = git(&repo, &["ls-tree", "-r", "--name-only", "origin/main"]);
    assert_eq!(files, ".github/workflows/publish.yml\n.gitignore\ndata.txt\nkept.log\nstamp.txt\n");
    assert_eq!(git(&repo, &["show", "origin/main:data.txt"]), "done\n");
    assert_eq!(git(&repo, &["log", "--format=%s", "origin/main"]), "by the bot\nfirst\n");
    assert_eq!(git(&repo, &["status", "--porcelain"]), " M data.txt\n?? notes.txt\n");
}

#[tokio::test]
async fn conditions_see_the_default_branch_and_nobody_is_asked() {
    let repo = published(
        "      - if: github.ref == format('refs/heads/{0}', github.event.repository.default_branch)
        run: echo on $GITHUB_REF with ${TERM}; git commit -q --amend || echo no editor
      - run: 'echo \"$GITHUB_REF\"; test \"$GITHUB_REF\" = refs/heads/main'
",
    );
    git(&repo, &["tag", "v1"]);
    let (end, text) = ran(repo.ready(&work(&repo), Flag::Run, Trial::Real)).await;
    assert!(end == OK && text.contains("on refs/heads/main with dumb"), "{text}");
}

#[tokio::test]
async fn jobs_that_are_all_skipped_are_no_run() {
    let repo = published("      - run: echo never\n");
    let text = std::fs::read_to_string(repo.path(FILE)).unwrap();
    repo.write(FILE, &text.replace("    runs-on", "    if: vars.ENABLED == 'true'\n    runs-on"));
    git(&repo, &["commit", "-q", "-am", "second"]);
    git(&repo, &["push", "-q", "origin", "main"]);
    let ready = repo.ready(&work(&repo), Flag::Run, Trial::Real);
    assert!(ready.differences[0].what.contains("(ENABLED)"), "{:?}", ready.differences);
    let (end, text) = ran(ready).await;
    assert!(end == RunEnd::Exited { code: 1 } && text.contains("no job ran"), "{end:?} {text}");
    let mut means = repo.means(Flag::Run, Trial::Real);
    means.variables.insert("ENABLED".into(), "true".into());
    let (end, text) = ran(standin_run::prepare(&work(&repo), &means).unwrap()).await;
    assert_eq!(end, OK, "{text}");
}
