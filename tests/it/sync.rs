//! `standin sync`, stopped in the middle: what it has kept is printed, and the printed commands bring it back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::stage::binary;

/// Ends the git that moves the branch, when all files are the remote's already.
const KILLS: &str = "#!/bin/sh
[ \"$1\" = prepared ] || exit 0
while read -r _ _ name; do
  [ \"$name\" = refs/heads/main ] && kill -TERM \"$PPID\"
done
exit 0
";

fn run(folder: &Path, program: &str, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_remove("GIT_DIR").env("HOME", folder.parent().unwrap());
    for name in ["GIT_AUTHOR", "GIT_COMMITTER"] {
        command.env(format!("{name}_NAME"), "A").env(format!("{name}_EMAIL"), "a@example.org");
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap()
}

#[track_caller]
fn shell(folder: &Path, script: &str) -> String {
    let output = run(folder, "sh", &["-ec", script]);
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_sync_whose_git_is_killed_prints_what_it_kept_and_the_commands_bring_it_back() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path();
    for name in ["other", "remote.git"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    shell(&root.join("remote.git"), "git init -q --bare -b main");
    shell(
        &root.join("other"),
        "git init -q -b main; git remote add origin ../remote.git; echo 1 > price; git add .; git commit -qm 1; git push -q origin main",
    );
    shell(&root.join("remote.git"), "git clone -q . ../work");
    shell(
        &root.join("other"),
        "echo theirs > price; echo theirs > taken; git add .; git commit -qm 2; git push -q origin main",
    );
    let work = root.join("work");
    shell(
        &work,
        "echo mine > mine; git add mine; git commit -qm mine; echo changed > price; echo untracked > taken",
    );
    let (head, hook) = (shell(&work, "git rev-parse HEAD"), work.join(".git/hooks/reference-transaction"));
    fs::write(&hook, KILLS).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();

    let ended = run(&work, binary().to_str().unwrap(), &["sync", "--strategy", "hardreset", "--clean"]);
    let (said, errors) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(ended.status.code(), Some(4), "{said}{errors}");
    assert!(said.contains("kept 1 commit under refs/standin/sync/"), "{said}{errors}");
    assert!(said.contains("kept 2 files under refs/standin/sync/"), "{said}{errors}");

    // Whatever it has left, and whatever somebody does then to get on.
    fs::remove_file(&hook).unwrap();
    shell(
        &work,
        "git reset -q --hard origin/main; git clean -qfd; git reflog expire --expire=now --all; git gc -q --prune=now",
    );
    assert_eq!(shell(&work, "cat price taken; ls"), "theirs\ntheirs\nprice\ntaken\n");
    let commands: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(commands.len() >= 2, "{said}");
    commands.iter().for_each(|command| drop(shell(&work, command)));
    assert_eq!(shell(&work, "git rev-parse HEAD"), head);
    assert_eq!(shell(&work, "cat price taken mine"), "changed\nuntracked\nmine\n");
}
