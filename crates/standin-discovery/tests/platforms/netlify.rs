//! Netlify's own settings reader and bundler, on every fixture of its kind.

use std::collections::BTreeMap;

use standin_core::automation::{Detail, Flavour, Standing};

use crate::expected::cases;
use crate::tools::{ask, modules};

/// Functions that Netlify's bundler takes and its service refuses, or the other way round.
const DIFFERENCES: [(&str, &str); 2] = [
    (
        "netlify/refused/netlify/functions/bad-cron.mjs",
        "the bundler hands on any text as a schedule; only the service, which no test can ask, reads it as cron",
    ),
    (
        "netlify/six-fields/netlify/functions/a.js",
        "the settings' reader takes six fields, and Netlify's schedules are documented with five",
    ),
];

#[test]
fn what_is_loadable_is_what_netlify_bundles() {
    let modules = modules("STANDIN_NETLIFY", ".tools/netlify/node_modules/.bin/netlify");
    let mut wrong = Vec::new();
    let cases = cases("netlify");
    let roots: Vec<_> = cases.iter().map(|case| case.repo()).collect();
    let needs = modules.join("@netlify/zip-it-and-ship-it/dist/main.js");
    let Some(answers) = ask("netlify.mjs", &needs, &modules, &roots) else { return };
    for (case, seen) in cases.iter().zip(&answers) {
        let mut theirs: BTreeMap<String, String> = BTreeMap::new();
        for one in seen.as_array().unwrap() {
            if let (Some(main), true) = (one["main"].as_str(), one["error"].is_null()) {
                let what = format!("{} v{} {}", one["name"], one["version"], one["schedule"]);
                theirs.insert(main.to_owned(), what);
            }
        }
        let mut ours: BTreeMap<String, String> = BTreeMap::new();
        for one in case.scan().automations.iter().filter(|one| one.state >= Standing::Loadable) {
            let version = match &one.detail {
                Detail::NetlifyFunction { flavour: Flavour::V2, .. } => 2,
                Detail::NetlifyFunction { flavour: Flavour::Go, .. } => 0,
                _ => 1,
            };
            let schedule = one.schedules.first().map_or("null".to_owned(), |one| format!("{:?}", one.cron));
            ours.insert(one.source.path.clone(), format!("{:?} v{version} {schedule}", one.name));
        }
        let paths: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for path in paths {
            let place = format!("{}/{path}", case.name);
            let is_known = DIFFERENCES.iter().any(|(one, _)| *one == place);
            if (ours.get(path) == theirs.get(path)) == is_known {
                wrong.push(format!("{place}: Netlify {:?}, here {:?}", theirs.get(path), ours.get(path)));
            }
        }
        for one in seen.as_array().unwrap().iter().filter(|one| one["error"].is_string()) {
            println!("{}: {one}", case.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
