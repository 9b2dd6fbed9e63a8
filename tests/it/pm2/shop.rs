//! The bundled example, as a newcomer starts it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use crate::stage::{FREE_PORT, Stage, alive, id, is_quiet, kill_nine, until};

const APPS: [&str; 3] = ["shop-mailer", "shop-web", "shop-worker"];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_name() == ".standin" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_example_starts_where_no_pm2_runs_with_one_daemon_and_is_kept_up() {
    let mut stage = Stage::empty();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/shop"), &stage.repo());
    stage.write("standin.toml", format!("{FREE_PORT}{}", stage.read("standin.toml")));
    assert_eq!(stage.daemons(), Vec::<u32>::new());
    stage.up(&["--start"]);
    let healthy = |s: &serde_json::Value, name: &str| id(s, &format!("pm2:{name}"))["health"] == "healthy";
    stage.until("three healthy apps", |s| is_quiet(s) && APPS.iter().all(|name| healthy(s, name)));
    assert_eq!(stage.daemons().len(), 1, "{:?}", stage.daemons());
    let mut names: Vec<_> = stage.jlist().iter().map(|a| a["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, APPS);

    let worker = stage.copies("shop-worker");
    assert_eq!(worker.len(), 1);
    kill_nine(worker[0]);
    let back = || Some(stage.copies("shop-worker")).filter(|now| now.len() == 1 && *now != worker);
    let now = until("is the worker back", back, || stage.said());
    stage.until("all is well", |s| is_quiet(s) && APPS.iter().all(|name| healthy(s, name)));
    assert_eq!(stage.copies("shop-worker"), now, "it was started once");
    stage.run(&["down"]).ended(0);
    assert!(alive(now[0]), "the apps go on without the agent");
}
