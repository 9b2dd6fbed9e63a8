//! An agent that is gone, on a machine that is still there: another watcher starts it again over ssh, once.

use std::time::Duration;

use super::shop::{Shop, watcher};
use crate::ssh::server::Sshd;

/// How long anything on the stage may take.
const LIMIT: Duration = Duration::from_secs(60);

fn files(sshd: &Sshd, host_key: &str, command: &str) -> Vec<(&'static str, String)> {
    let Sshd { user, port, .. } = sshd;
    let mesh = format!(
        "[[peer]]\nkind = \"agent\"\nname = \"box\"\nevery = \"1s\"\nsilent_after = \"1s\"\n\
         ssh = \"{user}@127.0.0.1:{port}\"\nssh_host_key = \"{host_key}\"\nssh_command = '{command}'\n\
         [[peer]]\nkind = \"action\"\nname = \"second\"\nworkflow = \"second.yml\"\nevery = \"1h\"\n"
    );
    vec![("standin.toml", mesh), (".github/workflows/second.yml", watcher())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_agent_is_started_over_ssh_once() {
    let sshd = Sshd::start();
    let note = sshd.folder().join("note");
    let command = format!("read -r line; echo \"$line\" >> {}", note.display());
    let shop = Shop::new(&files(&sshd, &sshd.host_key, &command)).await;
    let lines = || std::fs::read_to_string(&note).unwrap_or_default().lines().count();
    // It gives a sign of life, and then no more.
    let told = shop.check("box").await;
    assert_eq!(told.code, Some(0), "{}", told.said);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let second = || shop.watcher("second").set("STANDIN_SSH_KEY", &sshd.key);
    // What was started gives a sign of life again.
    let started = async {
        while lines() == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        shop.took("agent silent, started over ssh by an Action");
        shop.check("box").await
    };
    let (told, back) = tokio::join!(second().run(), tokio::time::timeout(LIMIT, started));
    assert!(back.is_ok_and(|back| back.code == Some(0)), "{}", told.said);
    assert_eq!((lines(), sshd.served()), (1, 1), "{}", told.said);
    assert_eq!(shop.phone.told("peer_silent", "peer:box"), 1, "{:?}\n{}", shop.phone.alerts(), told.said);
    assert!(
        told.said.contains("was helped, and is well") || told.said.contains("well again"),
        "{}",
        told.said
    );
    assert!(!told.said.contains("PRIVATE KEY"), "{}", told.said);
    let _ = shop.check("box").await;
    let told = second().run().await;
    assert_eq!((told.code, lines()), (Some(0), 1), "{}", told.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_another_host_key_gets_nothing_and_that_is_told() {
    let sshd = Sshd::start();
    let note = sshd.folder().join("note");
    let (_, other) = crate::ssh::server::pair(sshd.folder(), "other");
    let shop = Shop::new(&files(&sshd, other.trim(), &format!("touch {}", note.display()))).await;
    shop.check("box").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let told = shop.watcher("second").set("STANDIN_SSH_KEY", &sshd.key).run().await;
    assert!(told.said.contains("another host key than the pinned one"), "{}", told.said);
    assert!(!note.exists(), "{}", told.said);
}
