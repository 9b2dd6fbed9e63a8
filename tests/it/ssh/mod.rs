//! A machine over ssh: what the adapter says that it did, and what was really run there.

pub(crate) mod server;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Sent;
use standin_platforms::ssh::{Ran, Ssh, SshError, SshOptions};

use server::{Sshd, pair};

/// Longer than any command here takes on a machine that does other things as well.
const LONG: Duration = Duration::from_secs(60);

/// As long as a test waits for what does not come.
const SHORT: Duration = Duration::from_secs(6);

fn options(sshd: &Sshd, command: String) -> SshOptions {
    SshOptions {
        user: sshd.user.clone(),
        host: "127.0.0.1".to_owned(),
        port: sshd.port,
        host_key: sshd.host_key.clone(),
        key: sshd.key.clone().into(),
        key_env: "STANDIN_SSH_KEY".to_owned(),
        command,
        program: "ssh".into(),
        timeout: LONG,
    }
}

async fn run(options: SshOptions) -> Ran {
    Ssh::new(options).unwrap().run(&EffectKey("0123456789abcdef".to_owned()), 2).await
}

/// A command that leaves its first line of input in a file.
fn noting(file: &Path) -> String {
    format!("read -r line; echo \"$line\" >> {}", file.display())
}

fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// OpenSSH clients that talk to this port.
fn clients(port: u16) -> Vec<PathBuf> {
    let wanted = format!("\0-p\0{port}\0");
    let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let is_one = |path: &PathBuf| {
        std::fs::read_to_string(path.join("cmdline")).is_ok_and(|line| line.contains(&wanted))
    };
    all.filter(is_one).collect()
}

#[tokio::test]
async fn with_the_right_keys_the_command_runs_once_and_reads_the_orders_key() {
    let sshd = Sshd::start();
    let note = sshd.folder().join("note");
    let ran = run(options(&sshd, noting(&note))).await;
    assert_eq!(ran.sent, Sent::Accepted, "{:?}", ran.error);
    assert_eq!(lines(&note), ["0123456789abcdef 2"]);
    assert_eq!((sshd.served(), clients(sshd.port).len()), (1, 0));
}

#[tokio::test]
async fn another_host_key_than_the_pinned_one_gets_nothing() {
    let sshd = Sshd::start();
    let note = sshd.folder().join("note");
    let (_, other) = pair(sshd.folder(), "other");
    for pin in [other.clone(), other.replace("ssh-ed25519", "ssh-rsa")] {
        let ran = run(SshOptions { host_key: pin, ..options(&sshd, noting(&note)) }).await;
        assert_eq!(ran.sent, Sent::Refused);
        assert!(matches!(ran.error, Some(SshError::OtherHost(_))), "{:?}", ran.error);
    }
    assert!(lines(&note).is_empty());
}

#[tokio::test]
async fn another_private_key_is_denied_with_the_fix() {
    let sshd = Sshd::start();
    let note = sshd.folder().join("note");
    let (other, _) = pair(sshd.folder(), "other");
    let ran = run(SshOptions { key: other.into(), ..options(&sshd, noting(&note)) }).await;
    assert_eq!(ran.sent, Sent::Refused);
    assert!(ran.error.unwrap().to_string().contains("authorized_keys"));
    assert!(lines(&note).is_empty());
    let cut = sshd.key.replace("b3BlbnNzaC1rZXk", "b3BlbnNzaC1rZXo");
    assert_ne!(cut, sshd.key);
    let ran = run(SshOptions { key: cut.into(), ..options(&sshd, noting(&note)) }).await;
    assert_eq!(ran.sent, Sent::Refused);
    assert!(lines(&note).is_empty());
}

#[tokio::test]
async fn a_command_that_fails_says_so_in_its_last_line() {
    let sshd = Sshd::start();
    let command = "echo one; echo 'no dump with TOKEN=abc' >&2; exit 3".to_owned();
    let ran = run(options(&sshd, command)).await;
    assert_eq!(ran.sent, Sent::Refused);
    let said = ran.error.unwrap().to_string();
    assert!(said.contains("ended with 3: no dump with TOKEN=***"), "{said}");
    let ran = run(options(&sshd, "/nowhere/pm2 resurrect".to_owned())).await;
    assert!(matches!(ran.error, Some(SshError::NoCommand(_))), "{:?}", ran.error);
    // More than anybody reads, and no end of line.
    let ran = run(options(&sshd, "head -c 3000000 /dev/zero; exit 1".to_owned())).await;
    assert!(matches!(ran.error, Some(SshError::Failed { code: 1, .. })), "{:?}", ran.error);
}

#[tokio::test]
async fn a_command_that_hangs_is_given_up_and_the_client_is_gone() {
    let sshd = Sshd::start();
    let note = sshd.folder().join("note");
    let command = format!("{}; exec sleep 600", noting(&note));
    let ran = run(SshOptions { timeout: SHORT, ..options(&sshd, command) }).await;
    assert_eq!(ran.sent, Sent::Unknown);
    assert!(matches!(ran.error, Some(SshError::TimedOut { .. })), "{:?}", ran.error);
    assert_eq!(lines(&note).len(), 1);
    assert!(clients(sshd.port).is_empty());
}

#[tokio::test]
async fn a_client_that_nobody_waits_for_any_more_is_gone_as_well() {
    let sshd = Sshd::start();
    let hanging = run(options(&sshd, "exec sleep 600".to_owned()));
    assert!(tokio::time::timeout(Duration::from_secs(3), hanging).await.is_err());
    // Killed, and taken off the list by whoever looks after children.
    let gone = async {
        while !clients(sshd.port).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, gone).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_leaves_it_open() {
    let sshd = Sshd::start();
    let note = sshd.folder().join("note");
    let cut = async {
        while lines(&note).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sshd.cut();
    };
    let command = format!("{}; exec sleep 600", noting(&note));
    let (ran, ()) = tokio::join!(run(options(&sshd, command)), cut);
    assert_eq!(ran.sent, Sent::Unknown, "{:?}", ran.error);
}

#[tokio::test]
async fn where_nobody_answers_nothing_was_run() {
    let sshd = Sshd::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = SshOptions { port, timeout: Duration::from_secs(2), ..options(&sshd, "true".to_owned()) };
    let ran = run(silent.clone()).await;
    assert_eq!(ran.sent, Sent::Refused, "{:?}", ran.error);
    drop(listener);
    let ran = run(silent).await;
    assert_eq!(ran.sent, Sent::Refused);
    assert!(ran.error.unwrap().to_string().contains("Connection refused"));
    let absent = SshOptions { program: "/nowhere/ssh".into(), ..options(&sshd, "true".to_owned()) };
    let ran = run(absent).await;
    assert!(ran.error.unwrap().to_string().contains("install the OpenSSH client"));
}
