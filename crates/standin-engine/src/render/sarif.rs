//! Findings for the tools that show them beside the code: SARIF 2.1.0.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use standin_core::automation::Severity;

use crate::json_v1::{FindingV1, ScanV1};

/// What stands for itself in the path of a URI.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The findings of a scan as one run; `version` is the program's own. Paths are relative to the repository.
pub fn sarif(scan: &ScanV1, version: &str) -> Value {
    let mut rules: BTreeMap<&str, &FindingV1> = BTreeMap::new();
    for finding in &scan.findings {
        rules.entry(&finding.rule).or_insert(finding);
    }
    let places: BTreeMap<&str, usize> =
        rules.keys().enumerate().map(|(place, rule)| (*rule, place)).collect();
    let rule = |rule: &str, first: &FindingV1| {
        json!({
            "id": rule,
            "name": rule,
            "shortDescription": { "text": rule.replace('-', " ") },
            "help": { "text": first.fix },
            "defaultConfiguration": { "level": level(first.severity) },
        })
    };
    let result = |finding: &FindingV1| {
        json!({
            "ruleId": finding.rule,
            "ruleIndex": places.get(finding.rule.as_str()),
            "level": level(finding.severity),
            "message": { "text": format!("{} {}", sentence(&finding.message), finding.fix) },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": uri(&finding.path), "uriBaseId": "%SRCROOT%" },
                    "region": { "startLine": finding.line.max(1) },
                },
            }],
        })
    };
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "standin",
                    "version": version,
                    "informationUri": "https://github.com/standin-dev/standin",
                    "rules": rules.iter().map(|(name, first)| rule(name, first)).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": scan.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn sentence(message: &str) -> String {
    if message.ends_with(['.', '!', '?']) { message.to_owned() } else { format!("{message}.") }
}

fn uri(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn finding(rule: &str, severity: Severity, path: &str, line: u32) -> FindingV1 {
        let (message, fix) = ("it never fires".to_owned(), "Correct the day.".to_owned());
        FindingV1 { rule: rule.into(), severity, path: path.into(), line, message, fix }
    }

    #[test]
    fn each_rule_comes_once_and_each_finding_points_at_its_rule_and_its_line() {
        let findings = vec![
            finding("cron-never-fires", Severity::Error, ".github/workflows/a b#1.yml", 7),
            finding("file-too-large", Severity::Note, ".", 0),
            finding("cron-never-fires", Severity::Error, "x.yml", 9),
        ];
        let scan = ScanV1 { version: 1, automations: Vec::new(), findings };
        let sarif = sarif(&scan, "0.1.0");
        let run = &sarif["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 2);
        for result in run["results"].as_array().unwrap() {
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        let first = &run["results"][0];
        assert_eq!(first["message"]["text"], "it never fires. Correct the day.");
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], ".github/workflows/a%20b%231.yml");
        assert_eq!(place["region"]["startLine"], 7);
        // Lines are counted from 1 there, whatever was found out.
        assert_eq!(run["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
        assert_eq!(run["results"][1]["level"], "note");
    }
}
