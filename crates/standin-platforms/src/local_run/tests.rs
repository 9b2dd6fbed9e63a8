#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command as Std, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use standin_core::effect::EffectKey;
use standin_engine::ports::Runner;
use tempfile::TempDir;

use super::files::start_of;
use super::*;

const LONG: Duration = Duration::from_secs(60);

struct Place {
    _dir: TempDir,
    folder: RunFolder,
}

fn place() -> Place {
    let dir = TempDir::new().unwrap();
    let folder = RunFolder::open(dir.path().join("runs")).unwrap();
    Place { _dir: dir, folder }
}

fn spec(command: &str) -> RunSpec {
    RunSpec {
        command: command.into(),
        dir: std::env::temp_dir(),
        env: BTreeMap::new(),
        env_from: Vec::new(),
        time_limit: LONG,
    }
}

fn name(text: &str) -> RunName {
    text.parse().unwrap()
}

/// Runs a command to its end.
async fn run(place: &Place, command: &str) -> (RunEnd, String) {
    let running = place.folder.start(&spec(command), &name("a")).unwrap();
    let end = running.wait(LONG).await;
    (end, place.folder.read_output(&name("a"), 10_000))
}

fn killed(signal: &str) -> RunEnd {
    RunEnd::Killed { signal: signal.into() }
}

/// The process id that a command printed as its first line.
async fn first_pid(folder: &RunFolder, run: &RunName) -> i32 {
    // The file is written by another process: there is nothing to await but its content.
    for _ in 0..1_000 {
        if let Some((pid, _)) = folder.read_output(run, 100).split_once('\n') {
            return pid.parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the command has not started");
}

/// Resolves when the process is gone, or is a corpse that nobody has taken away yet.
async fn gone(pid: i32) {
    for _ in 0..1_000 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{pid} is still there");
}

#[tokio::test]
async fn the_end_and_the_output_are_learnt() {
    let (end, output) = run(&place(), "echo out; echo err >&2; exit 7").await;
    assert_eq!((end, output.as_str()), (RunEnd::Exited { code: 7 }, "out\nerr\n"));
    assert_eq!(run(&place(), "true").await.0, RunEnd::Exited { code: 0 });
    assert_eq!(run(&place(), "exit 255").await.0, RunEnd::Exited { code: 255 });
    assert_eq!(run(&place(), "no-such-command-anywhere").await.0, RunEnd::Exited { code: 127 });
    assert_eq!(run(&place(), "kill -USR1 $$").await.0, killed("SIGUSR1"));
    assert_eq!(run(&place(), "cat").await.0, RunEnd::Exited { code: 0 });
}

#[tokio::test]
async fn the_environment_is_what_was_asked_for() {
    let place = place();
    let mut asked = spec("env | cut -d= -f1 | sort; echo \"$KEY\"; pwd");
    asked.env.insert("KEY".into(), SecretString::from("a 'b' $c"));
    asked.env_from.push("CARGO_MANIFEST_DIR".into());
    asked.dir = "/".into();
    place.folder.start(&asked, &name("a")).unwrap().wait(LONG).await;
    let output = place.folder.read_output(&name("a"), 10_000);
    let shells_own = ["PWD", "OLDPWD", "SHLVL", "_"];
    let known = |line: &&str| !PASSED_ON.contains(line) && !shells_own.contains(line);
    assert_eq!(
        output.lines().filter(known).collect::<Vec<_>>(),
        ["CARGO_MANIFEST_DIR", "KEY", "a 'b' $c", "/"]
    );

    asked.env_from.push("STANDIN_TEST_NOT_SET".into());
    let refused = place.folder.start(&asked, &name("b")).unwrap_err();
    assert!(refused.to_string().contains("STANDIN_TEST_NOT_SET"));
    assert!(matches!(place.folder.adopt(&name("b")), Adopted::Unknown));
    asked.dir = "/no/such/directory".into();
    assert!(matches!(place.folder.start(&asked, &name("b")), Err(StartError::NoDirectory(_))));
}

#[tokio::test]
async fn a_name_starts_one_run_and_no_second() {
    let place = place();
    run(&place, "echo once").await;
    assert!(matches!(place.folder.start(&spec("echo twice"), &name("a")), Err(StartError::Known(_))));
    assert_eq!(place.folder.read_output(&name("a"), 100), "once\n");
    assert_eq!(place.folder.known(), [name("a")]);
    place.folder.forget(&name("a"));
    assert!(matches!(place.folder.adopt(&name("a")), Adopted::Unknown));
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_time_limit_ends_grandchildren_too() {
    let place = place();
    let running = place.folder.start(&spec("sh -c 'echo $$; exec sleep 1000' & wait"), &name("a")).unwrap();
    let grandchild = first_pid(&place.folder, &name("a")).await;
    assert_eq!(running.wait(Duration::from_millis(1)).await, RunEnd::TimedOut);
    gone(grandchild).await;
    assert!(matches!(place.folder.adopt(&name("a")), Adopted::Ended(RunEnd::TimedOut)));
}

#[tokio::test]
async fn who_ignores_the_first_signal_gets_the_second() {
    let place = place();
    let running =
        place.folder.start(&spec("trap '' TERM; echo $$; while :; do sleep 1000; done"), &name("a")).unwrap();
    let child = first_pid(&place.folder, &name("a")).await;
    assert_eq!(running.stop(Duration::from_millis(100)).await, killed("SIGTERM"));
    gone(child).await;
    assert!(matches!(place.folder.adopt(&name("a")), Adopted::Ended(end) if end == killed("SIGTERM")));
}

#[tokio::test]
async fn a_wrapper_that_is_killed_leaves_nothing_behind() {
    let place = place();
    let running = place.folder.start(&spec("echo $$; exec sleep 1000"), &name("a")).unwrap();
    let child = first_pid(&place.folder, &name("a")).await;
    kill(Pid::from_raw(running.pid().unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(running.wait(LONG).await, killed("SIGKILL"));
    gone(child).await;
    assert!(matches!(place.folder.adopt(&name("a")), Adopted::Ended(RunEnd::Lost)));
}

/// Not a test, but the agent that is killed below, which gives it the variable: it starts one run, says so, and waits to
/// be killed.
#[tokio::test]
async fn agent_to_be_killed() {
    let Some(runs) = std::env::var_os("STANDIN_TEST_RUNS") else { return };
    let folder = RunFolder::open(runs).unwrap();
    let command = "echo $$; read x <\"$STANDIN_TEST_GATE\"; echo after; exit 3";
    let asked = RunSpec { env_from: vec!["STANDIN_TEST_GATE".into()], ..spec(command) };
    let running = folder.start(&asked, &name("a")).unwrap();
    println!("started");
    running.wait(LONG).await;
}

/// Starts an agent with one run, kills it with SIGKILL, and gives the run's pipe to go on and its process id.
async fn orphan(place: &Place) -> (PathBuf, i32) {
    let gate = place.folder.path().join("gate");
    assert!(Std::new("mkfifo").arg(&gate).status().unwrap().success());
    let mut agent = Std::new(std::env::current_exe().unwrap())
        .args(["--exact", "local_run::tests::agent_to_be_killed", "--nocapture"])
        .env("STANDIN_TEST_RUNS", place.folder.path())
        .env("STANDIN_TEST_GATE", &gate)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(agent.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("started")));
    let pid = first_pid(&place.folder, &name("a")).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    (gate, pid)
}

#[tokio::test]
async fn a_run_outlives_its_agent_and_its_end_is_learnt_while_waiting() {
    let place = place();
    let (gate, _) = orphan(&place).await;
    let Adopted::Running(running) = place.folder.adopt(&name("a")) else { panic!("it should still run") };
    assert!(matches!(place.folder.start(&spec("true"), &name("a")), Err(StartError::Known(_))));
    std::fs::OpenOptions::new().write(true).open(&gate).unwrap().write_all(b"go\n").unwrap();
    assert_eq!(running.wait(LONG).await, RunEnd::Exited { code: 3 });
    assert!(place.folder.read_output(&name("a"), 100).ends_with("\nafter\n"));
}

#[tokio::test]
async fn an_orphan_that_has_ended_meanwhile_is_known_too() {
    let place = place();
    let (gate, pid) = orphan(&place).await;
    std::fs::OpenOptions::new().write(true).open(&gate).unwrap().write_all(b"go\n").unwrap();
    gone(pid).await;
    let end = match place.folder.adopt(&name("a")) {
        Adopted::Ended(end) => end,
        Adopted::Running(running) => running.wait(LONG).await,
        Adopted::Unknown => panic!("it is known"),
    };
    assert_eq!(end, RunEnd::Exited { code: 3 });
}

#[tokio::test]
async fn an_orphan_keeps_its_time_limit_and_is_ended_with_its_group() {
    let place = place();
    let (_gate, pid) = orphan(&place).await;
    let Adopted::Running(running) = place.folder.adopt(&name("a")) else { panic!("it should still run") };
    assert_eq!(running.wait(Duration::from_millis(1)).await, RunEnd::TimedOut);
    gone(pid).await;
}

#[tokio::test]
async fn a_process_id_that_somebody_else_has_now_is_left_alone() {
    let place = place();
    let mut stranger = Std::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
    let pid = i32::try_from(stranger.id()).unwrap();
    let run = |start: u64| {
        // A run whose files say this process, and whose lock somebody holds.
        let record = format!("{{\"pid\":{pid},\"start\":{start}}}");
        std::fs::write(place.folder.path().join("b.pid"), record).unwrap();
    };
    let out = std::fs::File::create(place.folder.path().join("b.out")).unwrap();
    out.lock().unwrap();
    run(start_of(pid).unwrap() + 1);
    let Adopted::Running(running) = place.folder.adopt(&name("b")) else { panic!("it is locked") };
    running.stop(Duration::from_millis(1)).await;
    assert!(stranger.try_wait().unwrap().is_none(), "a stranger was killed");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn an_output_that_grows_too_large_is_cut_while_it_is_written() {
    let place = place();
    let command = "yes 0123456789 | head -c 12100000; echo middle";
    run(&place, command).await;
    let path = place.folder.files(&name("a")).out();
    let appending = OpenOptions::new().append(true).open(&path).unwrap();
    output::bound(&path).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < KEPT_OUTPUT_BYTES + 100);
    (&appending).write_all(b"end\n").unwrap();
    assert_eq!(place.folder.read_output(&name("a"), 20), "middle\nend\n");
    let all = std::fs::read_to_string(&path).unwrap();
    assert!(all.starts_with("[standin: 11100007 bytes of output are left out]\n"), "{}", &all[..60]);
}

#[tokio::test]
async fn outputs_are_the_owners_alone_and_go_nowhere_else() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = place();
    run(&place, "echo out").await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.folder.files(&name("a")).out()), 0o600);
    std::fs::set_permissions(place.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let again = RunFolder::open(place.folder.path()).unwrap();
    assert_eq!(mode(again.path()), 0o700);
    let linked = place.folder.path().join("linked");
    symlink(place.folder.path(), &linked).unwrap();
    assert!(RunFolder::open(&linked).unwrap_err().to_string().contains("linked is a symbolic link"));
    let victim = place.folder.path().join("victim");
    let large = std::fs::File::create(&victim).unwrap();
    large.set_len(MAX_OUTPUT_BYTES + 1).unwrap();
    symlink(&victim, place.folder.files(&name("b")).out()).unwrap();
    output::bound(&place.folder.files(&name("b")).out()).unwrap_err();
    assert_eq!(large.metadata().unwrap().len(), MAX_OUTPUT_BYTES + 1);
}

#[tokio::test]
async fn the_port_runs_a_key_once_and_tells_its_end_again() {
    let place = place();
    let id: standin_core::ident::AutomationId = "command:b/1".parse().unwrap();
    let mark = place.folder.path().join("mark");
    let commands = BTreeMap::from([(id.clone(), spec(&format!("echo x >>'{}'; exit 4", mark.display())))]);
    let key = EffectKey("run/command:b/1/2026-01-01T00:00:00Z".into());
    for _ in 0..2 {
        // The second is a new life of the agent.
        let runner = LocalRunner::new(place.folder.clone(), commands.clone());
        assert_eq!(runner.run(&id, &key, 1).await, RunEnd::Exited { code: 4 });
    }
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "x\n");
    let runner = LocalRunner::new(place.folder.clone(), BTreeMap::new());
    assert!(matches!(runner.run(&id, &key, 2).await, RunEnd::NotStarted { .. }));
}

#[test]
fn names_are_safe_for_files_and_differ_as_their_keys_do() {
    assert_ne!(RunName::of("a/b", 1), RunName::of("a_b", 1));
    assert_ne!(RunName::of("a", 1), RunName::of("a", 2));
    let long = RunName::of(&"é/../".repeat(500), 255).to_string();
    assert!(long.parse::<RunName>().is_ok(), "{long}");
    for bad in ["", ".", "../a", "a/b", "a b", ".hidden"] {
        assert_eq!(bad.parse::<RunName>(), Err(NameError), "{bad}");
    }
}
