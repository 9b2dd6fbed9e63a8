#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

const KEY: &str =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkgc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----";
const PIN: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB";

fn options() -> SshOptions {
    SshOptions {
        user: "deploy".to_owned(),
        host: "box.example".to_owned(),
        port: 22,
        host_key: PIN.to_owned(),
        key: KEY.into(),
        key_env: "STANDIN_SSH_KEY".to_owned(),
        command: "pm2 resurrect".to_owned(),
        program: "ssh".into(),
        timeout: Duration::from_secs(5),
    }
}

#[test]
fn what_could_be_taken_for_an_option_or_a_second_line_is_refused() {
    assert!(Ssh::new(options()).is_ok());
    for user in ["-oProxyCommand=x", "", "a b", "a\nb"] {
        assert!(Ssh::new(SshOptions { user: user.to_owned(), ..options() }).is_err(), "{user}");
    }
    for host in ["-v", "", "a;b", "a@b"] {
        assert!(Ssh::new(SshOptions { host: host.to_owned(), ..options() }).is_err(), "{host}");
    }
    for command in ["", " ", "a\nb", "a\0b"] {
        assert!(Ssh::new(SshOptions { command: command.to_owned(), ..options() }).is_err(), "{command:?}");
    }
    for pin in
        ["", "ssh-ed25519", "box ssh-ed25519 AAAA", "ssh-ed25519 AAAA\n* ssh-rsa AAAA", "x-y AAAA", PIN]
    {
        let made = Ssh::new(SshOptions { host_key: pin.to_owned(), ..options() });
        assert_eq!(made.is_ok(), pin == PIN, "{pin:?}");
    }
}

#[test]
fn a_key_that_has_lost_its_line_ends_on_the_way_is_still_one() {
    let made = |key: &str| Secret::read(&key.to_owned().into());
    for key in [KEY.to_owned(), format!("{KEY}\n"), KEY.replace('\n', "\\n"), KEY.replace('\n', "\r\n")] {
        let secret = made(&key).unwrap_or_else(|| panic!("{key:?}"));
        let files = Files::write(&secret, PIN).unwrap();
        assert_eq!(std::fs::read_to_string(files.key_path()).unwrap(), format!("{KEY}\n"));
    }
    assert!(made("").is_none());
    assert!(made("/home/deploy/.ssh/id_ed25519").is_none());
    assert!(made(&KEY.replace('\n', " ")).is_none());
}

#[test]
fn the_files_are_gone_with_the_run_and_no_one_else_can_read_them() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::write(&Secret::read(&KEY.into()).unwrap(), PIN).unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(files.key_path()), 0o600);
    assert_eq!(mode(files.key_path().parent().unwrap().to_owned()), 0o700);
    assert_eq!(std::fs::read_to_string(files.known_hosts_path()).unwrap(), format!("{HOST} {PIN}\n"));
    let gone = files.key_path();
    drop(files);
    assert!(!gone.exists());
}

#[test]
fn neither_the_arguments_nor_debug_hold_the_key() {
    let ssh = Ssh::new(options()).unwrap();
    let files = Files::write(&ssh.secret, &ssh.host_key).unwrap();
    let shown = format!("{ssh:?} {:?}", ssh.command(&files));
    assert!(shown.contains("box.example") && shown.contains("StrictHostKeyChecking=yes"), "{shown}");
    assert!(!shown.contains("b3BlbnNz"), "{shown}");
}

#[test]
fn before_the_machine_has_let_us_in_nothing_was_run() {
    let open = "Authenticated to box.example ([10.0.0.1]:22) using \"publickey\".\n";
    assert_eq!(door(&Some(open.to_owned())), Door::Open);
    assert_eq!(door(&None), Door::Open);
    assert_eq!(door(&Some(String::new())), Door::Shut(String::new()));
    let ssh = Ssh::new(options()).unwrap();
    assert_eq!(ssh.lost("gone", Door::Open).sent, Sent::Unknown);
    assert_eq!(ssh.late(&Door::Open).sent, Sent::Unknown);
    assert_eq!(ssh.late(&Door::Shut(String::new())).sent, Sent::Refused);
    for (log, words) in [
        ("Host key verification failed.", "another host key"),
        ("Load key \"/tmp/key\": error in libcrypto", "STANDIN_SSH_KEY"),
        ("deploy@box: Permission denied (publickey).", "authorized_keys"),
        ("ssh: Could not resolve hostname box: Name or service not known", "resolved"),
        ("ssh: connect to host box port 22: Connection refused", "Connection refused"),
        ("", "it said nothing"),
    ] {
        let ran = ssh.lost("gone", Door::Shut(log.to_owned()));
        assert_eq!(ran.sent, Sent::Refused, "{log}");
        let said = ran.error.unwrap().to_string();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn the_last_line_is_told_without_what_may_be_a_secret() {
    for (output, told) in [
        ("one\ntwo\n\n", "two"),
        ("", ""),
        ("pm2: no dump in /home/deploy/.pm2/dump.pm2", "pm2: no dump in /home/deploy/.pm2/dump.pm2"),
        ("DB_PASSWORD=hunter2 is wrong", "DB_PASSWORD=*** is wrong"),
        ("token: hunter2 is wrong", "token=*** *** is wrong"),
        ("the password hunter2", "the password ***"),
        ("at postgres://me:hunter2@db/shop", "at ***"),
        ("key ghp_0123456789abcdefghijklmnopqrstuv", "key ***"),
        ("with 0123456789abcdef0123456789abcdef01", "with ***"),
        ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
    ] {
        assert_eq!(last_line(output.as_bytes()), told);
    }
    assert_eq!(last_line("long ".repeat(200).as_bytes()).len(), 199);
}
