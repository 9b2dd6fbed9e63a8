#![allow(clippy::unwrap_used, clippy::panic)]
use std::path::Path;

use super::*;
use crate::prepare::{Flag, Means, Trial, prepare};
use crate::tools::Environment;
use crate::work::{ShellWork, Work};

fn shell(command: &str, env: &[(&str, &str)], flag: Flag) -> Ready {
    let folder = Path::new("/");
    let env_from = env.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut all: Environment = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    all.insert("PATH".into(), std::env::var_os("PATH").unwrap());
    all.insert("UNASKED".into(), "not for everybody".into());
    let means = Means {
        root: folder.to_owned(),
        env: all,
        secrets: None,
        variables: BTreeMap::new(),
        flag,
        trial: Trial::Real,
    };
    let work = ShellWork { command: command.into(), dir: "/".into(), env: BTreeMap::new(), env_from };
    prepare(&Work::Shell(work), &means).unwrap()
}

async fn ran(ready: Ready, limit: u64) -> (Ended, String) {
    let mut text = String::new();
    let to = |_, line: &[u8]| text.push_str(&String::from_utf8_lossy(line));
    let ended = run(ready, Duration::from_secs(limit), std::future::pending(), to).await;
    (ended, text)
}

fn is_alive(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ")
}

#[tokio::test]
async fn a_run_ends_as_it_ends_and_its_output_has_no_secret() {
    let command = "echo \"to $A_TOKEN\"; echo err >&2; printf 'no end'; test -z \"$UNASKED$STANDIN_DRILL\" || exit 9; exit 3";
    let (ended, text) = ran(shell(command, &[("A_TOKEN", "hunter2hunter2")], Flag::Run), 60).await;
    assert_eq!(ended.end, RunEnd::Exited { code: 3 }, "{text}");
    assert!(text.contains("to ***\n") && text.contains("err\n") && text.contains("no end"), "{text}");
    assert_eq!(ended.tail, text);
    let (ended, text) = ran(shell("echo $STANDIN_DRILL; kill -9 $$", &[], Flag::Drill), 60).await;
    assert_eq!((ended.end, text.as_str()), (RunEnd::Killed { signal: "SIGKILL".into() }, "1\n"));
}

#[tokio::test]
async fn what_a_stopped_run_started_ends_too_also_in_a_group_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let command = format!(
        "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ > {0}.new; mv {0}.new {0}; sleep 600' & wait",
        pid.display()
    );
    let ready = shell(&command, &[], Flag::Run);
    let up = async {
        while !pid.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let ended = run(ready, Duration::from_secs(600), up, |_, _| {}).await;
    assert_eq!(ended.end, RunEnd::Killed { signal: "SIGTERM".into() });
    assert!(!is_alive(&std::fs::read_to_string(&pid).unwrap()), "the grandchild is gone");
}

#[tokio::test]
async fn a_run_beyond_its_limit_is_stopped_and_what_it_left_behind_holds_nobody_up() {
    let (ended, text) = ran(shell("echo begun; sleep 600", &[], Flag::Run), 1).await;
    assert_eq!((ended.end, text.as_str()), (RunEnd::TimedOut, "begun\n"));
    assert!(ended.took < Duration::from_secs(9), "{:?}", ended.took);
    let (ended, text) = ran(shell("sleep 5 & echo done", &[], Flag::Run), 60).await;
    assert_eq!((ended.end, text.as_str()), (RunEnd::Exited { code: 0 }, "done\n"));
    assert!(ended.took < Duration::from_secs(4), "{:?}", ended.took);
}

#[tokio::test]
async fn long_lines_come_in_pieces_and_only_the_end_is_kept() {
    let (ended, text) =
        ran(shell("head -c 200000 /dev/zero | tr '\\0' x; echo; echo end", &[], Flag::Run), 60).await;
    assert_eq!((text.len(), ended.tail.len()), (200_005, MAX_TAIL));
    assert!(ended.tail.ends_with("x\nend\n"));
}

#[tokio::test]
async fn what_cannot_be_started_says_so() {
    let mut ready = shell("true", &[], Flag::Run);
    ready.program = "/nowhere/at/all".into();
    let (ended, _) = ran(ready, 5).await;
    assert!(matches!(ended.end, RunEnd::NotStarted { why } if why.contains("/nowhere/at/all")));
}

#[tokio::test]
async fn a_run_of_jobs_that_were_all_skipped_is_a_failure() {
    let of = |said: &str| Ready { proof: Proof::Jobs, ..shell(&format!("printf '{said}'"), &[], Flag::Run) };
    let (ended, text) = ran(of("[a/b] ⭐ Run x\\n[a/b]   | 🏁  Job succeeded\\n"), 60).await;
    assert_eq!(ended.end, RunEnd::Exited { code: 1 });
    assert!(text.ends_with("was\n") && ended.tail.contains("no job ran"), "{text}");
    let (ended, _) = ran(of("[a/b] 🏁  Job succeeded\\n"), 60).await;
    assert_eq!(ended.end, RunEnd::Exited { code: 0 });
    let unsupported = "[a/b] 🏁  Job succeeded\\n[a/c] 🚧  Skipping unsupported platform -- x\\n";
    let (ended, text) = ran(of(unsupported), 60).await;
    assert!(ended.end == RunEnd::Exited { code: 1 } && text.contains("a job was not run"), "{text}");
}

#[test]
fn a_failed_run_says_why() {
    let act = "[f/d] ⭐ Run Main x\n[f/d]   | working\n[f/d]   | Error: database is gone\n[f/d]   |     at run (node:vm:1)\n[f/d]   | \n[f/d]   | Node.js v20.20.2\n[f/d]   ❌  Failure - Main x [1ms]\n[f/d] exit status 1\n[f/d]   ✅  Success - Complete job\n[f/d] 🏁  Job failed\nError: Job 'd' failed\n";
    assert_eq!(reason(act).as_deref(), Some("Error: database is gone"));
    let late =
        "[f/d]   | working\n[f/d]   ❌  Failure - Main x\n[f/d]   | Error: late\n[f/d] ⭐ Run Complete job\n";
    assert_eq!(reason(late).as_deref(), Some("Error: late"));
    let silent = "[f/d] ⭐ Run Main x\n[f/d]   | all went well\n[f/d]   | no rows\n[f/d]   ❌  Failure - Main x\n[f/d]   | cleaned\n";
    assert_eq!(reason(silent).as_deref(), Some("no rows"));
    let mixed = "[f/d] ⭐ Run Main x\n[f/d]   | npm warn a\n[f/d]   ❌  Failure - Main x\n[f/d] ⭐ Run Complete job\n[f/d]   ✅  Success - Complete job\n[f/d]   | npm error Missing script\n[f/d] 🏁  Job failed\nError: Job 'd' failed\n";
    for (no, report) in
        [("", mixed.to_owned()), ("nothing before", mixed.replace("[f/d]   | npm warn a\n", ""))]
    {
        assert_eq!(reason(&report).as_deref(), Some("npm error Missing script"), "{no}");
    }
    let cleaned =
        mixed.replace("⭐ Run Complete job", "⭐ Run Post y").replace("error Missing", "ERR! of the cleaner");
    assert_eq!(reason(&cleaned).as_deref(), Some("the step `x` of the job `d` failed"));
    let two = "[f/good] ⭐ Run Main echo\n[f/bad ] ⭐ Run Main exit 1\n[f/bad ]   ❌  Failure - Main exit 1 [2ms]\n[f/good]   | fine\n[f/bad ] 🏁  Job failed\nError: Job 'bad' failed\n";
    assert_eq!(reason(two).as_deref(), Some("the step `exit 1` of the job `bad` failed"));
    let spoken = two.replace("[f/bad ]   ❌", "[f/bad ]   | no rows\n[f/bad ]   ❌");
    assert_eq!(reason(&spoken).as_deref(), Some("no rows"));
    assert_eq!(reason("a\nValueError: b\n\n---\n").as_deref(), Some("ValueError: b"));
    assert_eq!(reason("\u{1b}[90mfirst\u{1b}[39m\nlast\n").as_deref(), Some("last"));
    assert_eq!(reason("standin: no job ran: why\n").as_deref(), Some("standin: no job ran: why"));
    let npm = "> x\nnpm error code E1\nnpm error Missing script: \"report\"\nnpm error\nnpm error To see a list of scripts, run:\nnpm error   npm run\nnpm error A complete log of this run can be found in: /x\n";
    assert_eq!(reason(npm).as_deref(), Some("npm error Missing script: \"report\""));
    assert_eq!(reason(" \n--\n"), None);
}
