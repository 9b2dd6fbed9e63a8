//! cfn-lint, which knows CloudFormation's specifications and translates SAM, on every template of the fixtures.

use std::path::{Path, PathBuf};

use serde_json::Value;
use standin_core::automation::Standing;
use standin_discovery::{ScanOptions, scan};

use crate::expected::cases;
use crate::python::ask;

const PYTHON: (&str, &str) = ("STANDIN_AWS_PYTHON", ".tools/aws/bin/python");

/// Schedules that it takes and that are not called loadable, or the other way round.
const DIFFERENCES: [(&str, &str); 2] = [
    ("aws/sam/template.yaml#Digest.Wrong", "its rules do not look into the schedules of SAM's events"),
    (
        "aws/cloudformation/infra/scheduler.yml#Once",
        "the target and its role are of another stack here, which is no fault of the schedule",
    ),
];

/// Expressions, each of which a rule has and a schedule of EventBridge Scheduler.
const EXPRESSIONS: [&str; 26] = [
    "rate(1 minute)",
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(5 minutes)",
    "rate(0 hours)",
    "rate(1 week)",
    "rate(10minutes)",
    "cron(0 3 * * ? *)",
    "cron(0 3 ? * MON-FRI *)",
    "cron(0 3 * * *)",
    "cron(0 3 * * * *)",
    "cron(0 3 1 * 2 *)",
    "cron(0 3 ? * ? *)",
    "cron(0/15 * * * ? *)",
    "cron(*/1 * ? * * *)",
    "cron(0 3 L * ? *)",
    "cron(0 3 ? * 6#3 *)",
    "cron(0 0 1 1/3 ? *)",
    "cron(20 9 ? 1/1 MON#1 *)",
    "cron(0 3 * * ? 2030)",
    "cron(0 3 15W * ? *)",
    "cron(60 3 * * ? *)",
    "cron(0 24 * * ? *)",
    "0 3 * * *",
    "@daily",
    "every day",
];

/// Expressions of which cfn-lint looks at less than the service does.
const UNCHECKED: [(&str, &str); 3] = [
    ("cron(0 3 ? * ? *)", "it looks for two days, and not for none"),
    ("cron(60 3 * * ? *)", "it counts the fields and does not look at the numbers"),
    ("cron(0 24 * * ? *)", "the same"),
];

fn templates(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            templates(&path, found);
        } else if ["yaml", "yml", "json", "template"].iter().any(|ending| name.ends_with(ending))
            && !name.contains("serverless.")
            && !name.contains("cdk.json")
        {
            found.push(path);
        }
    }
}

/// What it has against a resource, or against what SAM makes of it.
fn against(errors: &Value, name: &str) -> Vec<String> {
    let flat = name.replace('.', "");
    let whole = name.split('.').next().unwrap_or(name);
    let is_its = |error: &&Value| {
        let path = error["path"].as_array().unwrap();
        path.len() > 1
            && path[0] == "Resources"
            && (path[1] == *whole && !name.contains('.') || path[1] == *flat)
            || path.len() > 2
                && path[1] == *whole
                && (path[2] == "Condition" || name.split('.').all(|part| path.iter().any(|one| one == part)))
    };
    errors.as_array().unwrap().iter().filter(is_its).map(|error| error["message"].to_string()).collect()
}

#[test]
fn what_is_loadable_is_what_cloudformation_takes() {
    let mut wrong = Vec::new();
    for case in cases("aws") {
        let mut files = Vec::new();
        templates(&case.repo(), &mut files);
        files.sort();
        let Some(answers) = ask(PYTHON, "aws.py", &files) else { return };
        let inventory = case.scan();
        for (file, errors) in files.iter().zip(&answers) {
            let path = file.strip_prefix(case.repo()).unwrap().to_string_lossy().into_owned();
            for one in inventory.automations.iter().filter(|one| one.source.path == path) {
                let place = format!("{}/{path}#{}", case.name, one.name);
                let theirs = against(errors, &one.name);
                let is_known = DIFFERENCES.iter().any(|(known, _)| *known == place);
                if (theirs.is_empty() == (one.state >= Standing::Loadable)) == is_known {
                    wrong.push(format!("{place}: cfn-lint {theirs:?}, here {} {}", one.state, one.reason));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn expressions_are_those_that_cloudformation_takes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("template.json");
    let resources: Vec<String> = EXPRESSIONS
        .iter()
        .enumerate()
        .map(|(at, expression)| {
            format!(
                r#""R{at}": {{"Type": "AWS::Events::Rule", "Properties": {{"ScheduleExpression": "{expression}", "Targets": [{{"Id": "a", "Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}}]}}}}"#
            )
        })
        .collect();
    std::fs::write(&file, format!("{{\"Resources\": {{{}}}}}", resources.join(",\n"))).unwrap();
    let Some(answers) = ask(PYTHON, "aws.py", &[&file]) else { return };
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let mut wrong = Vec::new();
    for (at, expression) in EXPRESSIONS.iter().enumerate() {
        let one = inventory.get(&format!("aws:template.json#R{at}").parse().unwrap()).unwrap();
        let theirs = against(&answers[0], &format!("R{at}"));
        let is_known = UNCHECKED.iter().any(|(known, _)| known == expression);
        if (theirs.is_empty() == (one.state >= Standing::Loadable)) == is_known {
            wrong.push(format!("{expression}: cfn-lint {theirs:?}, here {} {}", one.state, one.reason));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
