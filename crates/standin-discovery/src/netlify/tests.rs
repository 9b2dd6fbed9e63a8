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
        ("[build]\nbase = 'web'\n[functions]\ndirectory = '/fns'\n", "web/fns/a.js"),
        ("[functions.'*']\ndirectory = 'fns'\n", "fns/a.js"),
        ("[context.production]\nfunctions = 'fns'\n", "fns/a.js"),
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
        (
            "import { schedule } from '@netlify/functions';\nexport default schedule('@daily', f);",
            "netlify-inert-schedule",
            2,
            "loadable",
        ),
        (
            "import * as nf from '@netlify/functions';\nexport const handler = nf.schedule('@daily', f);",
            "netlify-inert-schedule",
            2,
            "loadable",
        ),
        (
            "const netlify = require('@netlify/functions');\nexports.handler = netlify.schedule('@daily', f);",
            "netlify-inert-schedule",
            2,
            "loadable",
        ),
        (
            "exports.handler = require('@netlify/functions').schedule('@daily', f);",
            "netlify-inert-schedule",
            1,
            "loadable",
        ),
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

const CODE: &str = "export default () => {};";
const DAILY: &str = "export default () => {}; export const config = { schedule: '@daily' };";

#[test]
fn what_the_reader_of_the_settings_refuses_takes_the_site_with_it() {
    let cases = [
        ("[[functions]]\nname = 'f'\n", 1),
        ("[[plugins]]\nname = 'x'\n", 2),
        ("[functions]\ndirectory = ['netlify/functions']\n", 2),
        ("[build]\npublish = 5\n", 2),
        ("[functions]\nnode_bundler = 'webpack'\n", 2),
        ("[[edge_functions]]\npath = '/x'\n", 1),
        ("[[edge_functions]]\npath = 'x'\nfunction = 'f'\n", 2),
        ("[functions.schedule]\nf = '@daily'\n", 1),
        ("[build.functions]\nx = 1\n", 1),
        ("[build.functions.f]\nschedule = '@daily'\n", 1),
        ("[[functions.scheduled]]\nname = 'f'\n", 1),
        ("[functions.f]\nschedule = 'every day'\n", 2),
        ("[functions.f]\nschedule = 5\n", 2),
        ("[functions.f]\ndirectory = 'x'\n", 2),
        ("[functions.f]\nincluded_files = 'x'\n", 2),
        ("[functions]\nf = '@daily'\n", 2),
        ("[functions]\nvcpu = 4\n", 2),
        ("[build]\nbase = 'nope'\n", 2),
        ("[context.production.functions.f]\nschedule = 'never'\n", 2),
    ];
    for (toml, line) in cases {
        let inventory = scan_of(&[("netlify.toml", toml), ("netlify/functions/f.js", DAILY)]);
        assert_eq!(standing(&inventory, "netlify:f").0, "declared", "{toml}");
        let lines: Vec<u32> = rules(&inventory, "netlify.toml").iter().map(|(_, line)| *line).collect();
        assert!(lines.contains(&line), "{toml}: {:?}", inventory.findings);
    }
    let taken = "[build]\ncommand = 'make'\nenvironment = { A = '1' }\n[functions]\nnode_bundler = 'esbuild'\n\
        external_node_modules = ['a']\n[functions.f]\nmemory = 512\n[[plugins]]\npackage = 'x'\n[plugins.inputs]\na = 1\n\
        [[edge_functions]]\npattern = '/x'\nfunction = 'f'\nmethod = ['get']\n[[redirects]]\nfrom = '/a'\n[dev]\nport = 3\n";
    let inventory = scan_of(&[("netlify.toml", taken), ("netlify/functions/f.js", DAILY)]);
    assert_eq!((standing(&inventory, "netlify:f").0.as_str(), &inventory.findings), ("effective", &vec![]));
}

#[test]
fn tables_that_netlify_has_never_read_are_named() {
    let cases = [
        ("[[scheduled_functions]]\nfunction = 'f'\ncron = '0 * * * *'\n", 1),
        ("[[scheduled_functions]]\npath = '/.netlify/functions/f'\nschedule = '0 2 * * *'\n", 1),
        ("[scheduled_functions.f]\nschedule = '0 2 * * *'\n", 1),
        ("[[scheduled.functions]]\nname = 'f'\n", 1),
        ("[functions.f]\ncron = '@daily'\n", 2),
        ("[[crons]]\npath = '/api/f'\nschedule = '@daily'\n", 1),
    ];
    for (toml, line) in cases {
        let inventory = scan_of(&[("netlify.toml", toml), ("netlify/functions/f.js", CODE)]);
        assert_eq!(rules(&inventory, "netlify.toml"), [("netlify-inert-schedule", line)], "{toml}");
        let (state, reason) = standing(&inventory, "netlify:f");
        assert!(state == "loadable" && reason.contains("passes over"), "{toml}: {reason}");
    }
}

#[test]
fn a_folder_that_is_not_there_has_no_functions_and_others_are_declared() {
    let cases = [
        ("[build]\nfunctions = 'netlify/Functions'\n", "declared"),
        ("[build]\nfunctions = 'does/not/exist'\n", "declared"),
        ("[build]\ncommand = 'tsc'\nfunctions = 'dist'\n", "loadable"),
    ];
    for (toml, state) in cases {
        let inventory = scan_of(&[("netlify.toml", toml), ("netlify/functions/f.js", DAILY)]);
        assert_eq!(standing(&inventory, "netlify:f").0, state, "{toml}");
        assert!(rules(&inventory, "netlify.toml").iter().any(|(rule, _)| *rule == "netlify-no-folder"));
    }
    let inventory = scan_of(&[("netlify.toml", "[functions]\ndirectory = 'gone'\n")]);
    assert_eq!(rules(&inventory, "netlify.toml"), [("netlify-no-folder", 2)]);
}

#[test]
fn a_base_counts_from_the_root_and_its_own_file_goes_first() {
    let toml = "[build]\nbase = 'apps/web'\n[functions.f]\nschedule = '@hourly'\n";
    let inventory = scan_of(&[("apps/web/netlify.toml", toml), ("apps/web/netlify/functions/f.js", CODE)]);
    assert_eq!((schedule(&inventory, "netlify:f"), &inventory.findings), (vec!["@hourly"], &vec![]));
    let inventory = scan_of(&[
        ("netlify.toml", "[build]\nbase = 'web'\nfunctions = 'fns'\n"),
        ("web/netlify.toml", "[build]\npublish = 'dist'\n"),
        ("web/fns/passed.js", DAILY),
        ("web/netlify/functions/taken.js", DAILY),
        ("netlify/functions/root.js", DAILY),
    ]);
    let ids: Vec<&str> = inventory.automations.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["netlify:taken"]);
    assert_eq!(rules(&inventory, "netlify.toml"), [("netlify-other-settings", 2)]);
}

#[test]
fn what_counts_is_what_production_has() {
    let toml = "[context.production.functions.f]\nschedule = '@hourly'\n[context.deploy-preview.functions.g]\nschedule = '@hourly'\n";
    let files = [("netlify.toml", toml), ("netlify/functions/f.js", CODE), ("netlify/functions/g.js", CODE)];
    let inventory = scan_of(&files);
    assert_eq!(schedule(&inventory, "netlify:f"), ["@hourly"]);
    assert_eq!(schedule(&inventory, "netlify:g"), Vec::<&str>::new());
}

#[test]
fn a_list_of_functions_is_told_how_it_is_written() {
    let cases = [
        (
            "[[functions.scheduled]]\nname = 'f'\nschedule = '0 2 * * *'\n",
            "[functions.\"f\"]` with `schedule = \"0 2 * * *\"`.",
        ),
        (
            "[[functions.scheduled]]\nfunction = 'f'\ncron = '@daily'\n[[functions.scheduled]]\nfunction = 'g'\n",
            "and so for each of the others",
        ),
        ("[[functions]]\npath = '/.netlify/functions/f'\nschedule = '@daily'\n", "[functions.\"f\"]"),
        ("[functions]\nf = '@daily'\n", "[functions.\"f\"]` with `schedule = \"@daily\"`"),
    ];
    for (toml, fix) in cases {
        let inventory = scan_of(&[("netlify.toml", toml), ("netlify/functions/f.js", CODE)]);
        assert!(inventory.findings[0].fix.contains(fix), "{toml}: {:?}", inventory.findings);
    }
}
