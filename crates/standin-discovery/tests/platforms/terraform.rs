//! python-hcl2, on every file of the fixtures and on texts that are no HCL.

use std::path::PathBuf;

use standin_discovery::{ScanOptions, scan};

use crate::expected::cases;
use crate::python::ask;

const PYTHON: (&str, &str) = ("STANDIN_PYTHON", ".tools/py/bin/python");

/// A block whose presence makes a folder worth reading.
const BLOCK: &str =
    "resource \"aws_scheduler_schedule\" \"x\" {\n  target {}\n  flexible_time_window {}\n}\n";

const TEXTS: [&str; 16] = [
    "a = 1\n",
    "a {\n  b = \"x ${f(\"y\")} z\"\n}\n",
    "a \"b\" {\n  c = <<-EOT\n  } no end\n  EOT\n}\n",
    "a {\n  b = [\n    1,\n    2,\n  ]\n}\n",
    "a {\n  b = {\n    c = 1\n    \"d\" = 2\n  }\n}\n",
    "a {\n  b = x ? 1 : 2\n  c = [for y in z : y.id if y.on]\n}\n",
    "a { b = 1 }\n",
    "# only a comment\n",
    "a {\n  b = m[\"k\"].c[0]\n  d = n[*].id\n}\n",
    "a {\n  b = x == 1 && !y\n}\n",
    "a {\n",
    "}\n",
    "a {\n  b = [\n}\n",
    "a {\n  b =\n}\n",
    "a {\n  b = \"open\n}\n",
    "a\nb {\n}\n",
];

#[test]
fn what_is_hcl_is_what_another_reader_takes() {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    for (at, text) in TEXTS.iter().enumerate() {
        let home = folder.path().join(format!("t{at:02}"));
        std::fs::create_dir(&home).unwrap();
        std::fs::write(home.join("text.tf"), text).unwrap();
        std::fs::write(home.join("x.tf"), BLOCK).unwrap();
        let inventory = scan(&home, &ScanOptions::default()).unwrap();
        let is_good =
            !inventory.findings.iter().any(|found| found.rule == "hcl-unparsable" && found.path == "text.tf");
        files.push((home.join("text.tf"), is_good));
    }
    for case in cases("terraform") {
        let inventory = case.scan();
        let mut folders = vec![case.repo()];
        while let Some(home) = folders.pop() {
            for entry in std::fs::read_dir(home).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "tf") {
                    let own = path.strip_prefix(case.repo()).unwrap().to_string_lossy().into_owned();
                    let is_bad = |found: &standin_core::automation::Finding| {
                        found.rule == "hcl-unparsable" && found.path == own
                    };
                    files.push((path, !inventory.findings.iter().any(is_bad)));
                }
            }
        }
    }
    let arguments: Vec<PathBuf> =
        std::iter::once("hcl2".into()).chain(files.iter().map(|(path, _)| path.clone())).collect();
    let Some(answers) = ask(PYTHON, "python.py", &arguments) else { return };
    let mut wrong = Vec::new();
    for ((path, is_good), theirs) in files.iter().zip(&answers) {
        if *is_good != (theirs == true) {
            let text = std::fs::read_to_string(path).unwrap();
            wrong.push(format!("{}: it says {theirs}, here {is_good}: {text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
