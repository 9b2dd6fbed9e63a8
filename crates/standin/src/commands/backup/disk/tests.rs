#![allow(clippy::unwrap_used, clippy::panic)]
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn patch(path: &str, before: Option<&str>, after: Option<&str>) -> FilePatch {
    let own = |text: Option<&str>| text.map(str::to_owned);
    FilePatch { path: path.into(), before: own(before), after: own(after), about: None }
}

#[test]
fn files_and_their_folders_come_and_go_without_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::write(root.join("kept"), "1").unwrap();
    fs::set_permissions(root.join("kept"), Permissions::from_mode(0o600)).unwrap();
    let new = [patch("a/b/c", None, Some("x")), patch("kept", Some("1"), Some("2"))];
    apply(root, &new).unwrap();
    assert_eq!(fs::read_to_string(root.join("a/b/c")).unwrap(), "x");
    assert_eq!(fs::metadata(root.join("kept")).unwrap().permissions().mode() & 0o777, 0o600);
    apply(root, &[patch("a/b/c", Some("x"), None)]).unwrap();
    let left: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["kept"]);
}

#[test]
fn what_has_changed_meanwhile_stops_everything() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("b"), "theirs").unwrap();
    let failure = apply(dir.path(), &[patch("a", None, Some("x")), patch("b", None, Some("y"))]).unwrap_err();
    assert!(failure.to_string().contains("b has changed meanwhile"), "{failure}");
    assert!(!dir.path().join("a").exists());
}

#[test]
fn a_folder_that_cannot_be_made_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("z"), "a file").unwrap();
    let patches = [patch("a/b", None, Some("x")), patch("z/c", None, Some("y"))];
    apply(dir.path(), &patches).unwrap_err();
    assert!(!dir.path().join("a").exists());
}

#[test]
fn no_link_is_followed() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(outside.path(), dir.path().join(".github")).unwrap();
    symlink(outside.path().join("x"), dir.path().join("link")).unwrap();
    let wanted = [".github/workflows/a.yml".to_owned(), "link".to_owned()].into();
    gather(dir.path(), &wanted).unwrap();
    for path in [".github/workflows/a.yml", "link"] {
        let failure = apply(dir.path(), &[patch(path, None, Some("x"))]).unwrap_err();
        assert!(failure.to_string().contains("nothing was written"), "{failure}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}
