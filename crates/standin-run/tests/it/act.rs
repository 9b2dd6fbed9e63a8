use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use standin_core::automation::{Detail, Workflow};
use standin_core::run::RunEnd;
use standin_run::fidelity::Weight;
use standin_run::process::run;
use standin_run::work::Work;
use standin_run::{Flag, Trial};

use super::{Repository, ran};

const FILE: &str = ".github/workflows/nightly.yml";
const OK: RunEnd = RunEnd::Exited { code: 0 };

fn nightly(repo: &Repository) -> Work {
    let workflow = Workflow { labels: vec!["ubuntu-latest".into(), "beefy".into()], ..Workflow::default() };
    let triggers = ["schedule", "workflow_dispatch"];
    repo.work(
        "workflow:nightly.yml",
        FILE,
        &["0 3 * * *", "0 15 * * *"],
        &triggers,
        Detail::Workflow(Box::new(workflow)),
    )
}

fn with_steps(steps: &str) -> Repository {
    let text = format!(
        "name: Nightly\non:\n  schedule: [{{ cron: '0 3 * * *' }}, {{ cron: '0 15 * * *' }}]\n  workflow_dispatch:\njobs:\n  work:\n    runs-on: [beefy]\n    if: github.event.schedule == '0 3 * * *'\n    steps:\n{steps}"
    );
    Repository::new(&[(FILE, &text), ("data.txt", "from the checkout")])
}

#[tokio::test]
async fn a_workflow_runs_as_its_schedule_with_its_secret_and_nothing_else() {
    let mut repo = with_steps(
        "      - uses: actions/checkout@v4
      - env: { KEY: '${{ secrets.API_KEY }}' }
        run: |
          test \"$KEY\" = 'top \"secret\" value'
          echo \"have $KEY and $(cat data.txt) on $GITHUB_EVENT_NAME, drill=$STANDIN_DRILL\"
          ps -eo args | grep 'to[p] .secret' && exit 9
          test -z \"$UNASKED\" && test -z \"$FROM_DOT_ENV\"
",
    );
    repo.write(".env", "FROM_DOT_ENV=1");
    repo.write(".actrc", "--env FROM_DOT_ENV=2");
    repo.env.insert("UNASKED".into(), "other".into());
    let ready = repo.ready(&nightly(&repo), Flag::Run, Trial::Real);
    assert!(ready.is_stopped() && ready.differences[0].what.contains("API_KEY"), "{:?}", ready.differences);
    repo.env.insert("API_KEY".into(), "top \"secret\" value".into());
    let ready = repo.ready(&nightly(&repo), Flag::Run, Trial::Real);
    assert!(!ready.is_stopped() && ready.differences[0].weight == Weight::Differs, "{:?}", ready.differences);
    let (end, text) = ran(ready).await;
    assert_eq!(end, OK, "{text}");
    assert!(text.contains("have *** and from the checkout on schedule, drill=\n"), "{text}");
    assert!(!text.contains("top \"secret\""), "{text}");
    let (_, text) = ran(repo.ready(&nightly(&repo), Flag::Drill, Trial::Real)).await;
    assert!(text.contains("drill=1\n"), "{text}");
}

#[tokio::test]
async fn a_failing_step_is_a_failing_run_and_secrets_come_from_a_private_file() {
    let repo = with_steps("      - run: test \"${{ secrets.A }}\" = fine\n      - run: exit 3\n");
    repo.write(".standin/secrets", "A=fine\n");
    let means = repo.means(Flag::Run, Trial::Real);
    let error = standin_run::prepare(&nightly(&repo), &means).unwrap_err().to_string();
    assert!(error.contains("others can read"), "{error}");
    fs::set_permissions(repo.path(".standin/secrets"), fs::Permissions::from_mode(0o600)).unwrap();
    let (end, text) = ran(repo.ready(&nightly(&repo), Flag::Run, Trial::Real)).await;
    assert_eq!(end, RunEnd::Exited { code: 1 }, "{text}");
    assert!(text.contains("exit status 3"), "{text}");
}

#[tokio::test]
async fn cached_actions_work_while_their_home_is_down() {
    let repo = with_steps("      - uses: octo/hello@v1\n");
    // There is no such host for this action, so an uncached one fails.
    let (end, text) = ran(repo.ready(&nightly(&repo), Flag::Run, Trial::Real)).await;
    assert_ne!(end, OK, "{text}");
    let cached = repo.path("../cache/act/octo-hello@v1");
    let _ = fs::remove_dir_all(&cached);
    fs::create_dir_all(&cached).unwrap();
    let action = "name: hello\nruns:\n  using: composite\n  steps:\n    - run: echo hello from the cache\n      shell: bash\n";
    fs::write(cached.join("action.yml"), action).unwrap();
    let who = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
    let home = format!("https://{}/octo/hello", ["github", "com"].join("."));
    for args in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &[&who[..], &["commit", "-qm", "x"]].concat(),
        &["tag", "v1"],
        &["remote", "add", "origin", &home],
    ] {
        assert!(Command::new("git").args(args).current_dir(&cached).status().unwrap().success(), "{args:?}");
    }
    let (end, text) = ran(repo.ready(&nightly(&repo), Flag::Run, Trial::Real)).await;
    assert_eq!(end, OK, "{text}");
    assert!(text.contains("hello from the cache"), "{text}");
}

#[tokio::test]
async fn a_dry_run_checks_the_file_and_runs_no_step() {
    let repo = with_steps("      - run: touch \"$HOME/ran\"\n");
    let (end, text) = ran(repo.ready(&nightly(&repo), Flag::Drill, Trial::Dry)).await;
    assert_eq!(end, OK, "{text}");
    assert!(!repo.path("../home/ran").exists(), "{text}");
    repo.write(FILE, &fs::read_to_string(repo.path(FILE)).unwrap().replace("run:", "runn:"));
    let (end, text) = ran(repo.ready(&nightly(&repo), Flag::Drill, Trial::Dry)).await;
    assert_eq!(end, RunEnd::Exited { code: 1 }, "{text}");
}

#[tokio::test]
async fn a_stopped_workflow_leaves_no_step_behind() {
    let repo = with_steps("      - run: 'echo $$ > $HOME/pid.new; mv $HOME/pid.new $HOME/pid; sleep 600'\n");
    let pid = repo.path("../home/pid");
    let begun = async {
        while !pid.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ready = repo.ready(&nightly(&repo), Flag::Run, Trial::Real);
    let ended =
        tokio::time::timeout(Duration::from_secs(60), run(ready, Duration::from_secs(600), begun, |_, _| {}));
    assert_eq!(ended.await.unwrap().end, RunEnd::Killed { signal: "SIGTERM".into() });
    let pid = fs::read_to_string(&pid).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}
