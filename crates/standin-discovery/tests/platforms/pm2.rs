//! PM2's own loader, on every fixture of its kind: it accepts the apps that are called loadable, and no others.

use std::collections::BTreeSet;

use standin_core::automation::{Inventory, Standing};

use crate::expected::cases;
use crate::tools::{ask, modules};

/// Files of which PM2 knows more: running them tells what reading them does not, or another file has the same app.
const PARTLY_KNOWN: [(&str, &str); 5] = [
    ("pm2/computed/apps.json", "a list in a file of any name is PM2's only for whoever hands it to PM2"),
    ("pm2/computed/required/apps.json", "the same"),
    (
        "pm2/woven/asked/ecosystem.config.js",
        "it lists a folder and calls a function of another file, which only running it does",
    ),
    ("pm2/three-files/deploy/ecosystem.json", "the app of another file counts, this one is a finding"),
    ("pm2/three-files/pm2.config.js", "the same"),
];

fn loadable(inventory: &Inventory, path: &str) -> BTreeSet<String> {
    let of_file = inventory.automations.iter().filter(|one| one.source.path == path);
    of_file.filter(|one| one.state >= Standing::Loadable).map(|one| one.name.clone()).collect()
}

#[test]
fn what_is_loadable_is_what_pm2_accepts() {
    let modules = modules("STANDIN_PM2", ".tools/node/node_modules/.bin/pm2");
    let pm2 = modules.join("pm2");
    let mut wrong = Vec::new();
    let cases = cases("pm2");
    let roots: Vec<_> = cases.iter().map(|case| case.repo()).collect();
    let Some(answers) = ask("pm2.cjs", &pm2.join("lib/Common.js"), &pm2, &roots) else { return };
    for (case, seen) in cases.iter().zip(&answers) {
        let inventory = case.scan();
        for (path, said) in seen.as_object().unwrap() {
            let accepted: BTreeSet<String> = said["apps"]
                .as_array()
                .map(|apps| apps.iter().map(|app| app.as_str().unwrap_or("?").to_owned()).collect())
                .unwrap_or_default();
            let ours = loadable(&inventory, path);
            let place = format!("{}/{path}", case.name);
            let known = PARTLY_KNOWN.iter().find(|(one, _)| *one == place);
            let agrees = if known.is_some() {
                ours.is_subset(&accepted) && ours != accepted
            } else {
                ours == accepted
            };
            if !agrees {
                wrong.push(format!("{place}: PM2 {accepted:?} {}, here {ours:?}", said["error"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
