use standin_core::automation::Inventory;

use crate::tests::{rules, scan_of, standing};

fn schedule<'a>(inventory: &'a Inventory, id: &str) -> Vec<&'a str> {
    let found = inventory.get(&id.parse().unwrap()).unwrap();
    assert!(found.schedules.iter().all(|schedule| schedule.timezone == "UTC"));
    found.schedules.iter().map(|schedule| schedule.cron.as_str()).collect()
}

#[test]
fn the_folder_comes_from_the_settings() {
    let code = "export default () => {};";
    let cases = [
        ("[functions]\ndirectory = 'fns'\n", "fns/a.js"),
        ("[build]\nfunctions = 'fns'\n", "fns/a.js"),
        ("[build]\nbase = 'web'\n[functions]\ndirectory = './fns'\n", "web/fns/a.js"),
        ("[build]\nbase = 'web'\n[functions]\ndirectory = '/fns'\n", "fns/a.js"),
        ("[build]\nbase = 'web'\n", "web/netlify/functions/a.js"),
        ("", "netlify/functions/a/index.mts"),
        ("", "netlify/functions/a/a.cjs"),
        ("", "netlify/functions/a/main.go"),
    ];
    for (toml, path) in cases {
        let inventory = scan_of(&[("netlify.toml", toml), (path, code)]);
        assert_eq!(inventory.automations[0].id.as_str(), "netlify:a", "{toml}");
        assert_eq!(inventory.automations[0].source.path, path);
        let inner = scan_of(&[("site/netlify.toml", toml), (&format!("site/{path}"), code)]);
        assert_eq!(inner.automations.len(), 1, "{toml}");
    }
    assert_eq!(scan_of(&[("netlify/functions/a.js", code)]).automations.len(), 1);
    assert!(
        scan_of(&[("netlify/functions/a/b/c.js", code), ("netlify/functions/a.go", "package main")])
            .automations
            .is_empty()
    );
}

#[test]
fn schedules_that_count() {
    let cases = [
        "import { schedule } from '@netlify/functions'; export const handler = schedule('0 3 * * *', f);",
        "import { schedule as s } from '@netlify/functions'; const handler = s('0 3 * * *', f); export { handler };",
        "const { schedule } = require('@netlify/functions'); exports.handler = schedule('0 3 * * *', f);",
        "const { schedule } = require('@netlify/functions'); const C = '0 3 * * *'; module.exports.handler = schedule(C, f);",
        "export default async () => {}; export const config = { schedule: '0 3 * * *' };",
        "const config = { schedule: '0 3 * * *' }; export default f; export { config };",
        "export default { fetch() {}, config: { schedule: '0 3 * * *' } };",
    ];
    for code in cases {
        let inventory = scan_of(&[("netlify/functions/a.js", code)]);
        assert_eq!(
            (schedule(&inventory, "netlify:a"), &inventory.findings),
            (vec!["0 3 * * *"], &vec![]),
            "{code}"
        );
        assert_eq!(inventory.automations[0].triggers, ["schedule"]);
    }
}

#[test]
fn schedules_that_are_inert_do_not_count() {
    let cases = [
        (
            "exports.handler = f;\nexports.config = { schedule: '0 3 * * *' };",
            "netlify-inert-schedule",
            2,
            "loadable",
        ),
        ("export const config = { schedule: '0 3 * * *' };", "netlify-inert-schedule", 1, "loadable"),
        ("export default f; export const config = { schedule: C };", "netlify-inert-schedule", 1, "loadable"),
        (
            "const C = '0 3 * * *'; export default f;\nexport const config = { schedule: C };",
            "netlify-inert-schedule",
            2,
            "loadable",
        ),
        ("export default f; export const config = make();", "netlify-computed-config", 1, "effective"),
        (
            "import { schedule } from '@netlify/functions'; export const handler = f;",
            "netlify-schedule-unused",
            1,
            "declared",
        ),
        (
            "import { schedule } from '@netlify/functions';\nexport const handler = schedule(C, f);",
            "netlify-schedule-computed",
            2,
            "declared",
        ),
        ("const a = 1;", "netlify-no-handler", 1, "loadable"),
    ];
    for (code, rule, line, state) in cases {
        let inventory = scan_of(&[("netlify/functions/a.js", code)]);
        assert!(
            rules(&inventory, "netlify/functions/a.js").contains(&(rule, line)),
            "{code}: {:?}",
            inventory.findings
        );
        assert_eq!(
            (schedule(&inventory, "netlify:a"), standing(&inventory, "netlify:a").0.as_str()),
            (vec![], state),
            "{code}"
        );
    }
}

#[test]
fn settings_give_schedules_by_name_and_pattern() {
    let toml = "[functions.a]\nschedule = '@daily'\n[functions.'b-*']\nschedule = '61 * * * *'\n[functions.gone]\nschedule = '0 0 * * *'\n";
    let code = "export default () => {};";
    let inventory = scan_of(&[
        ("netlify.toml", toml),
        ("netlify/functions/a.js", code),
        ("netlify/functions/b-c.js", code),
    ]);
    assert_eq!(schedule(&inventory, "netlify:a"), ["@daily"]);
    assert_eq!(standing(&inventory, "netlify:b-c").0, "declared");
    assert_eq!(rules(&inventory, "netlify.toml"), [("cron-invalid", 4), ("netlify-no-function", 6)]);
}

#[test]
fn of_two_files_for_one_function_one_is_taken() {
    let code = "export default () => {};";
    let files = ["netlify/functions/a.js", "netlify/functions/a.ts", "netlify/functions/a/index.mjs"];
    let inventory = scan_of(&files.map(|path| (path, code)));
    assert_eq!(inventory.automations[0].source.path, files[2]);
    let said: Vec<&str> = inventory.findings.iter().map(|found| found.path.as_str()).collect();
    assert_eq!(said, files[..2]);
}
