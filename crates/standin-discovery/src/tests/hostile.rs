//! Files that are not what they seem: each is said, none stops the scan.

use std::os::unix::fs::symlink;

use super::*;

const GOOD: (&str, &str) =
    (".github/workflows/good.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: y}]\n");

fn with_good(path: &str, bytes: &[u8]) -> Inventory {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), GOOD.0, GOOD.1.as_bytes());
    write(folder.path(), path, bytes);
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    assert_eq!(standing(&inventory, "workflow:good.yml").0, "effective");
    inventory
}

#[test]
fn every_format_says_where_it_cannot_be_read() {
    let cases = [
        (".github/workflows/x.yml", "on: push\njobs: }\n", "yaml-unparsable", 2),
        ("ecosystem.config.js", "module.exports = {\n  apps: [,,}\n", "js-unparsable", 2),
        ("ecosystem.json", "{\n\"apps\": [}\n", "json-unparsable", 2),
        ("pm2.yml", "apps:\n\t- x\n", "yaml-unparsable", 2),
        ("netlify.toml", "[build]\nbase = \n", "toml-unparsable", 2),
        ("netlify/functions/x.ts", "let a: = 1;\n", "js-unparsable", 1),
        ("package.json", "{\n  \"scripts\": {\n    a\n", "json-unparsable", 3),
        ("a/package.json", "", "json-unparsable", 1),
    ];
    for (path, text, rule, line) in cases {
        let inventory = with_good(path, text.as_bytes());
        assert_eq!(rules(&inventory, path), [(rule, line)], "{path}");
    }
}

#[test]
fn what_is_no_text_is_said() {
    let cases: [(&[u8], &str, u32); 4] = [
        (b"\x7fELF\x01\x00\x00", "not-text", 1),
        (b"on: push\n\xff\xfejobs", "not-text", 2),
        (b"\xff\xfeo\x00n\x00", "not-text", 1),
        (b"on: push\nname: a\x00b\n", "not-text", 2),
    ];
    for (bytes, rule, line) in cases {
        let inventory = with_good(".github/workflows/x.yml", bytes);
        assert_eq!(rules(&inventory, ".github/workflows/x.yml"), [(rule, line)]);
        assert_eq!(standing(&inventory, "workflow:x.yml").0, "declared");
    }
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_no_harm() {
    let text = format!("\u{feff}{}", GOOD.1.replace('\n', "\r\n"));
    let inventory = with_good(".github/workflows/x.yml", text.as_bytes());
    assert_eq!(standing(&inventory, "workflow:x.yml").0, "effective");
    let inventory = with_good("package.json", "\u{feff}{\"scripts\":\r\n{\"a\":\r\n\"b\"}}".as_bytes());
    assert_eq!(inventory.get(&"npm:.#a".parse().unwrap()).unwrap().source.line, 3);
}

#[test]
fn a_large_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    for path in [".github/workflows/big.yml", "ecosystem.config.js", "package.json", "netlify.toml"] {
        write(folder.path(), path, b"");
        let file = std::fs::File::options().write(true).open(folder.path().join(path)).unwrap();
        file.set_len(50 << 20).unwrap();
    }
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let rules: Vec<&str> = inventory.findings.iter().map(|found| found.rule.as_str()).collect();
    assert_eq!(rules, ["file-too-large"; 4]);
}

#[test]
fn pipes_and_folders_under_a_files_name_are_never_opened() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    std::fs::create_dir_all(workflows.join("folder.yml")).unwrap();
    let pipe = |path: std::path::PathBuf| nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    pipe(workflows.join("pipe.yml"));
    for name in ["ecosystem.config.js", "package.json", "netlify.toml", ".gitignore", "other.json"] {
        pipe(folder.path().join(name));
    }
    std::fs::create_dir_all(folder.path().join("netlify/functions")).unwrap();
    pipe(folder.path().join("netlify/functions/f.js"));
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let said: Vec<&str> = inventory
        .findings
        .iter()
        .filter(|f| f.rule == "not-a-file")
        .map(|found| found.path.as_str())
        .collect();
    let expected = [
        ".github/workflows/folder.yml",
        ".github/workflows/pipe.yml",
        ".gitignore",
        "ecosystem.config.js",
        "netlify.toml",
        "netlify/functions/f.js",
        "package.json",
    ];
    assert_eq!(said, expected);
}

#[test]
fn links_never_lead_astray() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "package.json", b"{\"scripts\":{\"secret\":\"x\"}}");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/package.json", b"{\"scripts\":{\"b\":\"ls\"}}");
    symlink("..", folder.path().join("a/loop")).unwrap();
    symlink("self.json", folder.path().join("self.json")).unwrap();
    symlink(outside.path(), folder.path().join("out")).unwrap();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    symlink(outside.path().join("package.json"), folder.path().join("d/package.json")).unwrap();
    std::fs::create_dir(folder.path().join("e")).unwrap();
    symlink("../a/package.json", folder.path().join("e/package.json")).unwrap();
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let ids: Vec<&str> = inventory.automations.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["npm:a#b", "npm:e#b"]);
    let said: Vec<(&str, &str)> =
        inventory.findings.iter().map(|f| (f.path.as_str(), f.rule.as_str())).collect();
    let expected = [
        ("a/loop", "link-loop"),
        ("d/package.json", "link-outside"),
        ("out", "link-not-followed"),
        ("self.json", "link-broken"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn github_follows_no_link_to_a_workflow() {
    let workflow: &[u8] = b"on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n";
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "ci/real.yml", workflow);
    write(folder.path(), ".github/workflows/plain.yml", workflow);
    symlink("../../ci/real.yml", folder.path().join(".github/workflows/linked.yml")).unwrap();
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let seen: Vec<String> = inventory.automations.iter().map(|a| format!("{} {}", a.id, a.state)).collect();
    assert_eq!(seen, ["workflow:linked.yml declared", "workflow:plain.yml effective"]);
    assert_eq!(crate::tests::rules(&inventory, ".github/workflows/linked.yml"), [("workflow-link", 1)]);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "ci/workflows/real.yml", workflow);
    symlink("ci", folder.path().join(".github")).unwrap();
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let said = inventory.findings.iter().find(|found| found.path == ".github").unwrap();
    assert_eq!(said.severity, standin_core::automation::Severity::Error);
}

#[test]
fn a_repository_within_is_not_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let script = b"{\"scripts\":{\"a\":\"ls\"}}";
    write(folder.path(), ".git/HEAD", b"x");
    write(folder.path(), "package.json", script);
    write(folder.path(), "sub/package.json", script);
    write(folder.path(), "sub/.git", b"gitdir: ../.git/modules/sub");
    write(folder.path(), "other/deep/.git/HEAD", b"x");
    write(folder.path(), "other/deep/package.json", script);
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let ids: Vec<&str> = inventory.automations.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["npm:.#a"]);
    let said: Vec<(&str, &str)> =
        inventory.findings.iter().map(|f| (f.path.as_str(), f.rule.as_str())).collect();
    assert_eq!(said, [("other/deep", "nested-repository"), ("sub", "nested-repository")]);
}

#[test]
fn a_name_that_is_no_text_is_said() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        ".github/workflows/a.yml",
        b"on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n",
    );
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.yml");
    std::fs::write(folder.path().join(".github/workflows").join(name), "on: push").unwrap();
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let rules: Vec<&str> = inventory.findings.iter().map(|found| found.rule.as_str()).collect();
    assert!(rules.contains(&"name-not-utf8") && !rules.contains(&"file-unreadable"), "{rules:?}");
    assert_eq!(inventory.automations.len(), 1);
}

#[test]
fn what_git_ignores_or_tools_install_is_left_out() {
    let script = "{\"scripts\":{\"a\":\"b\"}}";
    let mut files =
        vec![(".gitignore", "# c\nbuilt/\n/top\n*.[\n!keep\n"), ("sub/.gitignore", "inner\n!built\n")];
    for path in [
        "built",
        "top",
        "sub/top",
        "sub/inner",
        "sub/built",
        "node_modules/x",
        ".tools",
        "target",
        ".standin",
        ".git",
    ] {
        files.push((Box::leak(format!("{path}/package.json").into_boxed_str()), script));
    }
    let inventory = scan_of(&files);
    let ids: Vec<&str> = inventory.automations.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["npm:sub/built#a", "npm:sub/top#a"]);
}

#[test]
fn folders_are_entered_to_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let deep = "d/".repeat(limits::MAX_DEPTH + 5);
    write(folder.path(), &format!("{deep}package.json"), b"{\"scripts\":{\"a\":\"b\"}}");
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    assert!(inventory.automations.is_empty());
    assert_eq!(inventory.findings.len(), 1);
    assert_eq!(inventory.findings[0].rule, "too-deep");
}

#[test]
fn an_empty_folder_is_an_empty_inventory() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(scan(folder.path(), &ScanOptions::default()).unwrap(), Inventory::default());
}

#[test]
fn what_cannot_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/package.json", b"{}");
    write(folder.path(), "package.json", b"{}");
    let none = std::fs::Permissions::from_mode(0o0);
    std::fs::set_permissions(folder.path().join("package.json"), none.clone()).unwrap();
    std::fs::set_permissions(folder.path().join("a"), none).unwrap();
    let can_read_all = std::fs::read(folder.path().join("package.json")).is_ok();
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    std::fs::set_permissions(folder.path().join("a"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let rules: Vec<&str> = inventory.findings.iter().map(|found| found.rule.as_str()).collect();
    // Whoever may read everything, such as root, has nothing to be told.
    assert_eq!(rules, if can_read_all { vec![] } else { vec!["folder-unreadable", "file-unreadable"] });
}

#[test]
fn two_of_one_id_are_said() {
    let app = "module.exports = { apps: [{ name: 'a', script: 'npm' }] };";
    let inventory = scan_of(&[("one/ecosystem.config.js", app), ("two/ecosystem.config.js", app)]);
    assert_eq!(inventory.automations.len(), 1);
    assert!(rules(&inventory, "two/ecosystem.config.js").contains(&("duplicate-id", 1)));
    let inventory = scan_of(&[("a/ecosystem.config.js", app), ("ecosystem.config.js", app)]);
    assert_eq!(inventory.automations[0].source.path, "ecosystem.config.js");
}
