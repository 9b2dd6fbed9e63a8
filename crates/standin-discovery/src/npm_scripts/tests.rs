use crate::tests::{rules, scan_of, standing};

#[test]
fn each_script_has_its_line_and_its_starter() {
    let text = "{\n  \"name\": \"x\",\n  \"scripts\": {\n    \"a\": \"b\",\n    \"prepare\": \"c\"\n  }\n}\n";
    let inventory = scan_of(&[("package.json", text), ("w/package.json", text)]);
    let seen: Vec<(&str, u32, &str)> = inventory
        .automations
        .iter()
        .map(|a| (a.id.as_str(), a.source.line, a.triggers[0].as_str()))
        .collect();
    let expected = [
        ("npm:.#a", 4, "manual"),
        ("npm:.#prepare", 5, "npm prepare"),
        ("npm:w#a", 4, "manual"),
        ("npm:w#prepare", 5, "npm prepare"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(standing(&inventory, "npm:.#a").0, "loadable");
}

#[test]
fn of_a_name_that_stands_twice_the_last_counts_as_in_javascript() {
    let inventory = scan_of(&[("package.json", "{\"scripts\":{\"a\":\"b\",\n\"a\":\"c\"}}")]);
    assert_eq!((inventory.automations.len(), inventory.automations[0].source.line), (1, 2));
}

#[test]
fn what_is_no_script_is_said() {
    let cases = [
        ("{\"scripts\":\n[]}", "scripts-invalid", 2),
        ("{\"scripts\":{\n\"a\": 1}}", "scripts-invalid", 2),
        ("{\"scripts\":{\"\\u0007\":\"b\"}}", "bad-name", 1),
        ("[]", "json-unparsable", 1),
        ("{\"scripts\":{}}\n\n x", "json-unparsable", 3),
    ];
    for (text, rule, line) in cases {
        assert_eq!(rules(&scan_of(&[("package.json", text)]), "package.json"), [(rule, line)], "{text}");
    }
    for text in ["{}", "{\"scripts\":null}", "{\"scripts\":{}}"] {
        assert_eq!(scan_of(&[("package.json", text)]).findings, [], "{text}");
    }
}

#[test]
fn what_a_script_calls_has_to_be_there() {
    let text = r#"{"scripts": {
        "a": "npm run gone",
        "b": "node x.js && node src/gone.js",
        "c": "node dist/x.js",
        "d": "missing-tool --x",
        "e": "npm run f", "f": "npm run e",
        "predeploy": "echo", "prepare:x": "tsc", "pre-commit": "tsc", "prea": "echo", "prettier": "tsc"
    }}"#;
    let lock = r#"{"packages": {"node_modules/typescript": {"bin": {"tsc": "bin/tsc"}}}}"#;
    let inventory = scan_of(&[("package.json", text), ("package-lock.json", lock), ("x.js", "")]);
    let said = [
        ("npm-script-missing", 2),
        ("npm-file-missing", 3),
        ("npm-file-not-built", 4),
        ("npm-program-missing", 5),
        ("npm-circle", 6),
        ("npm-circle", 6),
        ("npm-hook-without-target", 7),
    ];
    assert_eq!(rules(&inventory, "package.json"), said);
    assert_eq!(standing(&inventory, "npm:.#b"), ("loadable".into(), "the file src/gone.js does not exist"));
    let trigger = |id: &str| inventory.get(&id.parse().unwrap()).unwrap().triggers[0].clone();
    assert_eq!([trigger("npm:.#prea"), trigger("npm:.#predeploy")], ["npm run a", "manual"]);
}

#[test]
fn scripts_of_other_packages_and_options_of_runners_are_told_apart() {
    let text = r#"{"devDependencies": {"typescript": "5", "ts-node": "10"}, "scripts": {
        "docs:dev": "cd docs && npm run docs:dev",
        "docs:gone": "cd docs && npm run gone",
        "raw": "ts-node --project tsconfig.cjs.json scripts/raw.ts",
        "bin": "yarn run tsc",
        "made": "node generated/x.js && node ignored/y.js"
    }}"#;
    let docs = r#"{"scripts": {"docs:dev": "true"}}"#;
    let inventory = scan_of(&[
        ("package.json", text),
        ("docs/package.json", docs),
        ("scripts/raw.ts", ""),
        (".gitignore", "ignored/\n"),
    ]);
    let said = [("npm-script-missing", 3), ("npm-file-not-built", 6), ("npm-file-not-built", 6)];
    assert_eq!(rules(&inventory, "package.json"), said);
}

#[test]
fn what_is_wrong_with_a_test_or_an_example_is_a_note() {
    let broken = r#"{"scripts": {"a": "node src/gone.js"}}"#;
    let inventory = scan_of(&[
        ("package.json", broken),
        ("examples/x/package.json", broken),
        ("tests/fixtures/y/package.json", broken),
        ("docs/package.json", broken),
    ]);
    let severe: Vec<&str> = inventory
        .findings
        .iter()
        .filter(|found| found.severity == standin_core::automation::Severity::Error)
        .map(|found| found.path.as_str())
        .collect();
    assert_eq!((severe, inventory.findings.len()), (vec!["docs/package.json", "package.json"], 4));
}

#[test]
fn scripts_of_other_packages_have_to_be_there() {
    let root = r#"{"workspaces": ["packages/*"], "scripts": {
        "w": "npm run missing -w @x/a",
        "y": "yarn workspace @x/a gone",
        "f": "pnpm --filter @x/a run gone",
        "c": "yarn --cwd packages/a gone3",
        "k": "concurrently \"npm run nope\" \"npm:nada\"",
        "p": "run-p nix:*",
        "m": "pm2 start ecosystem.config.js",
        "ok": "npm run there -w packages/a && pnpm --filter @x/a there && run-p ok:* && npm run x -w @elsewhere/b",
        "ok:1": "true"
    }}"#;
    let a = r#"{"name": "@x/a", "scripts": {"there": "true"}}"#;
    let lock = r#"{"packages": {"x": {"bin": {"concurrently": "x", "run-p": "x"}}}}"#;
    let files = [("package.json", root), ("packages/a/package.json", a), ("package-lock.json", lock)];
    let inventory = scan_of(&files);
    let said = [
        ("npm-script-missing", 2),
        ("npm-script-missing", 3),
        ("npm-script-missing", 4),
        ("npm-script-missing", 5),
        ("npm-script-missing", 6),
        ("npm-script-missing", 6),
        ("npm-script-missing", 7),
        ("npm-file-missing", 8),
    ];
    assert_eq!(rules(&inventory, "package.json"), said);
    // A dependency may bring a program of any name.
    let a = r#"{"name": "@x/a", "dependencies": {"b": "1"}}"#;
    let root = r#"{"scripts": {"y": "yarn workspace @x/a tsc"}}"#;
    assert_eq!(scan_of(&[("package.json", root), ("packages/a/package.json", a)]).findings, []);
}

fn said(files: &[(&str, &str)]) -> Vec<String> {
    let inventory = scan_of(files);
    inventory
        .findings
        .iter()
        .map(|found| format!("{} {} {:?}", found.rule, found.line, found.severity))
        .collect()
}

#[test]
fn a_file_that_is_looked_for_or_made_before_is_no_mistake() {
    let text = r#"{"scripts": {
        "guard1": "[ -f local.js ] && node local.js || true",
        "guard2": "test -e local.js && node local.js",
        "guard3": "if [ -f local.js ]; then node local.js; fi",
        "made1": "echo 'x' > gen.js && node gen.js",
        "made2": "curl -o d.sh https://h.example/d && bash d.sh",
        "preuse": "node x.js > made.js",
        "use": "node made.js",
        "by": "npm run make-it && node it.js", "make-it": "cp x.js it.js"
    }}"#;
    assert_eq!(
        said(&[("package.json", text), ("x.js", ""), ("package-lock.json", "{\"packages\":{}}")]),
        [""; 0]
    );
    let text = r#"{"scripts": {
        "a": "tsc -p . && node app/gone.js",
        "b": "yarn c && node app/gone.js", "c": "make x",
        "d": "node typed.js",
        "e": "node writes.js && node written.js",
        "f": "node gone.js || true",
        "g": "[ -n \"$CI\" ] && node gone.js",
        "h": "sh -c 'node tools/gone5.js'",
        "i": "node gone.js || exit 1"
    }, "devDependencies": {"typescript": "5"}}"#;
    let files = [("package.json", text), ("typed.ts", ""), ("writes.js", "write('written.js')")];
    let expected = [
        "npm-file-not-built 2 Note",
        "npm-file-not-built 3 Note",
        "npm-file-not-built 4 Note",
        "npm-file-not-built 5 Note",
        "npm-file-missing 6 Warning",
        "npm-file-missing 7 Error",
        "npm-file-missing 8 Error",
        "npm-file-missing 9 Error",
    ];
    assert_eq!(said(&files), expected);
}

#[test]
fn programs_are_missed_without_a_lock_file_of_npms_too() {
    let text = r#"{"scripts": {
        "clean": "rimraf dist",
        "y": "yarn run nope2",
        "fine": "docker ps && netlify deploy && vercel && pm2 ls && if true; then aws s3 ls; fi && for x in a; do echo; done"
    }}"#;
    let missed = ["npm-program-missing 2 Warning", "npm-program-missing 3 Warning"];
    assert_eq!(said(&[("package.json", text)]), missed);
    for lock in ["yarn.lock", "pnpm-lock.yaml"] {
        assert_eq!(said(&[("package.json", text), (lock, "")]), missed, "{lock}");
    }
    // Some package has to bring them, and these are not known to.
    let with = |more: &str| text.replacen('{', &format!("{{{more},"), 1);
    let some = with(r#""dependencies": {"express": "4"}"#);
    let unsure = ["npm-program-missing 2 Warning", "npm-program-missing 3 Note"];
    assert_eq!(said(&[("package.json", &some)]), unsure);
    let lock = "express@4:\n  version \"4\"\n\nrimraf@3:\n  version \"3\"\n";
    assert_eq!(said(&[("package.json", &some), ("yarn.lock", lock)]), ["npm-program-missing 3 Note"]);
    let umbrella = with(r#""devDependencies": {"@x/scripts": "1"}"#);
    let unknown = ["npm-program-missing 2 Note", "npm-program-missing 3 Note"];
    assert_eq!(said(&[("package.json", &umbrella)]), unknown);
    let declared = with(r#""devDependencies": {"rimraf": "5", "@y/nope2-cli": "1"}"#);
    assert_eq!(said(&[("package.json", &declared)]), [""; 0]);
}

#[test]
fn a_package_finds_programs_of_those_around_it() {
    let root = r#"{"workspaces": ["packages/*"], "devDependencies": {"typescript": "5"}}"#;
    let a = r#"{"name": "a", "bin": {"own-tool": "x.js"}, "devDependencies": {"rimraf": "5"}, "scripts": {"b": "tsc"}}"#;
    let b = r#"{"name": "b", "scripts": {"b": "tsc && rimraf x && own-tool && ng build"}}"#;
    let files = [("package.json", root), ("packages/a/package.json", a), ("packages/b/package.json", b)];
    assert_eq!(said(&files), ["npm-program-missing 1 Warning"]);
    let lone = r#"{"scripts": {"b": "tsc"}}"#;
    assert_eq!(
        said(&[("package.json", lone), ("packages/a/package.json", a)]),
        ["npm-program-missing 1 Warning", "npm-program-missing 1 Warning"]
    );
}
