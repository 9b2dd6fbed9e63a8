//! The first page of the README: the example, as a newcomer tries it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::blocks::{block, root};
use super::shell::{Said, Shell, lines, programs};
use crate::stage::{Stage, binary};

/// How long the example may take to become well, on a machine that does other things as well.
const LIMIT: Duration = Duration::from_secs(60);

/// What of this repository a clone has that the pages' lines use.
fn clone(folder: &Path) -> PathBuf {
    let clone = folder.join("clone");
    fs::create_dir_all(clone.join("examples")).unwrap();
    for part in ["bin", "tools", "examples/shop"] {
        let to = clone.join(part);
        let copied = Command::new("cp").arg("-r").arg(root().join(part)).arg(to).status().unwrap();
        assert!(copied.success());
    }
    let shop = clone.join("examples/shop");
    let _unused = fs::remove_dir_all(shop.join(".standin"));
    // Another agent may listen on this machine; and without this file PM2 asks its maker's server for a newer version.
    let settings = fs::read_to_string(shop.join("standin.toml")).unwrap();
    let settings = format!("[agent]\nlisten = \"127.0.0.1:0\"\n{settings}");
    fs::write(shop.join("standin.toml"), settings).unwrap();
    fs::create_dir_all(shop.join(".standin/pm2")).unwrap();
    fs::write(shop.join(".standin/pm2/touch"), "1").unwrap();
    clone
}

/// A program of a few words, such as Cargo as far as bin/up calls it: the binary that is tested is what was built.
pub(super) fn script(file: &Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    file.to_path_buf()
}

/// Types a line until what it says is so.
fn until(shell: &mut Shell, line: &str, is_so: impl Fn(&Said) -> bool) -> Said {
    let begun = Instant::now();
    loop {
        let said = shell.run(line);
        if is_so(&said) {
            return said;
        }
        assert!(begun.elapsed() < LIMIT, "`{line}` still says: {}", said.text);
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How the status calls this automation.
fn is(said: &Said, id: &str, health: &str) -> bool {
    said.text.lines().any(|line| line.contains(id) && line.to_lowercase().contains(health))
}

#[test]
fn the_example_is_tried_as_the_page_says() {
    // Its end finds every process that stands below its folder.
    let stage = Stage::empty();
    let clone = clone(&stage.repo());
    fs::create_dir_all(clone.join(".tools")).unwrap();
    std::os::unix::fs::symlink(root().join(".tools/node"), clone.join(".tools/node")).unwrap();
    let built =
        "mkdir -p \"$CARGO_TARGET_DIR/local\" && ln -sf \"$TESTED\" \"$CARGO_TARGET_DIR/local/standin\"";
    let shims = stage.repo().join("shims");
    let path = programs(
        &stage.repo().join("path"),
        &[
            ("cargo", script(&shims.join("cargo"), built)),
            ("rustc", script(&shims.join("rustc"), "echo 'rustc 1.95.0 (x)'")),
        ],
    );
    let env = BTreeMap::from([
        ("PATH", path),
        ("HOME", stage.repo().display().to_string()),
        ("TZ", "UTC".to_owned()),
        ("TESTED", binary().display().to_string()),
        ("CARGO_TARGET_DIR", stage.repo().join("target").display().to_string()),
    ]);
    let mut first = Shell::new(&clone, &env);
    let typed = lines(&block("README.md", "Standin", 0));
    let [up, test] = typed.as_slice() else { panic!("{typed:?}") };
    // The second is what runs this.
    assert!(test.starts_with("bin/test ") && clone.join("bin/test").is_file());
    first.run(&format!("({up}\n) >up.log &"));

    let mut shell = Shell::new(&clone, &env);
    let typed = lines(&block("README.md", "Try it", 0));
    let [status, list, kill, again, stop, recover, logs, down] = typed.as_slice() else {
        panic!("{typed:?}")
    };
    until(&mut shell, status, |said| ["mailer", "web", "worker"].iter().all(|app| is(said, app, "healthy")));
    assert!(shell.must(list).contains("shop-worker"));
    shell.must(kill);
    until(&mut shell, again, |said| is(said, "pm2:shop-worker", "healthy") && said.text.contains("ncident"));
    shell.must(stop);
    until(&mut shell, status, |said| is(said, "pm2:shop-web", "stopped"));
    shell.must(recover);
    until(&mut shell, status, |said| is(said, "pm2:shop-web", "healthy"));
    let followed = shell.run(&format!("timeout 2 {logs}"));
    assert!(followed.code == 124 && followed.text.contains("shop-worker"), "{}", followed.text);
    shell.must(down);
    assert_ne!(shell.run(status).code, 0, "no agent runs any more");
}

#[test]
fn the_outage_is_told_as_the_page_shows_it() {
    let stage = Stage::empty();
    let clone = clone(&stage.repo());
    let shown = block("README.md", "What would an outage do?", 0);
    let (typed, expected) = shown.strip_prefix("$ ").and_then(|text| text.split_once('\n')).unwrap();
    let path = programs(&stage.repo().join("path"), &[("standin", binary())]);
    let env = BTreeMap::from([("PATH", path), ("HOME", stage.repo().display().to_string())]);
    let said = Shell::new(&clone, &env).run(typed);
    assert_eq!(said.text.trim_end(), expected.trim_end());
    assert_eq!(said.code, 1, "something is missing");
}

#[test]
fn the_coverage_before_and_after_is_as_the_page_shows_it() {
    let stage = Stage::empty();
    let clone = clone(&stage.repo());
    let path = programs(&stage.repo().join("path"), &[("standin", binary())]);
    let env = BTreeMap::from([("PATH", path), ("HOME", stage.repo().display().to_string())]);
    let mut shell = Shell::new(&clone, &env);
    let shown = block("README.md", "What could take its place?", 0);
    let mut said = String::new();
    for typed in shown.lines().filter_map(|line| line.strip_prefix("$ ")) {
        said.push_str(&format!("$ {typed}\n"));
        let answer = shell.must(typed);
        said.extend(answer.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")));
    }
    shell.must("standin down -C examples/shop");
    assert_eq!(said, shown);
}
