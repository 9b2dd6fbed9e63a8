use crate::tests::{rules, scan_of, standing};

const INERT: &str = "netlify-inert-schedule";

#[test]
fn schedules_beside_a_function_are_named_wherever_they_stand() {
    for code in [
        "module.exports = { handler: f,\n config: { schedule: '@daily' } };",
        "const config = {\n schedule: '@daily' }; module.exports = { handler, config };",
        "exports.handler = f;\nexports.config = { cron: '0 3 * * *' };",
        "exports.handler = f;\nexports.config = { cron: ['0 3 * * *'] };",
        "exports.handler = f;\nexports.schedule = '0 3 * * *';",
        "export const handler = f;\nexport const schedule = '@daily';",
        "exports.handler = f;\nObject.assign(module.exports, { config: { schedule: '@daily' } });",
        "const config = {\n schedule: '@daily' }; exports.handler = f; Object.assign(exports, { config });",
        "const handler = f;\nhandler.config = { schedule: '@daily' }; exports.handler = handler;",
        "exports.handler = f;\nexports.handler.schedule = '@daily';",
        "export default f;\nexport const schedule = '@daily';",
        "export default f;\nexport const config = { cron: '@daily' };",
        "export default f;\nexport const config = { path: '/x', schedules: ['@daily'] };",
    ] {
        let inventory = scan_of(&[("netlify/functions/a.js", code)]);
        assert_eq!(rules(&inventory, "netlify/functions/a.js"), [(INERT, 2)], "{code}");
        let (state, reason) = standing(&inventory, "netlify:a");
        assert!(state == "loadable" && reason.contains("passes over"), "{code}: {reason}");
    }
}

#[test]
fn what_is_no_schedule_is_passed_over() {
    for code in [
        "exports.handler = f; exports.schedule = 'weekly report';",
        "exports.handler = f; exports.schedule = makeSchedule;",
        "exports.handler = f; exports.config = { path: '/x' };",
        "exports.handler = f; other.config = { schedule: '@daily' };",
        "exports.handler = f; Object.assign(other, { config: { schedule: '@daily' } });",
        "export default f; export const config = { schedule: '@daily' }; export const cron = '@daily';",
        "export default f; export const config = { path: '/x' };",
    ] {
        let inventory = scan_of(&[("netlify/functions/a.js", code)]);
        assert_eq!(
            (standing(&inventory, "netlify:a").0.as_str(), &inventory.findings),
            ("effective", &vec![]),
            "{code}"
        );
    }
}

#[test]
fn a_handler_is_seen_in_every_way_of_exporting_it() {
    for code in [
        "exports.main = exports.handler = f;",
        "Object.assign(module.exports, { handler });",
        "Object.assign(exports, require('./x'));",
        "export * from 'some-package';",
        "Object.defineProperty(exports, 'handler', { get: f });",
        "if (x) { exports.handler = f; }",
    ] {
        let inventory = scan_of(&[("netlify/functions/a.js", code)]);
        assert!(
            !rules(&inventory, "netlify/functions/a.js")
                .iter()
                .any(|(rule, _)| *rule == "netlify-no-handler"),
            "{code}"
        );
    }
}

#[test]
fn what_is_no_function_is_said_once_and_truly() {
    let handler = "const { fmt } = require('./helpers'); exports.handler = async () => fmt(1);";
    let cases = [
        (
            "helpers.js",
            "exports.fmt = String;",
            "a part of netlify/functions/use.js",
            "correct who imports it",
        ),
        ("use.spec.ts", "import { it } from 'vitest'; it('works', () => {});", "a test", "Move it out"),
        ("v2.test.js", "const t = require('./use'); test('x', () => {});", "a test", "Move it out"),
        ("checks.js", "import test from 'node:test'; test('x', () => {});", "a test", "Move it out"),
        ("_shared.ts", "export const x = 1;", "no function", "Move it out"),
        ("types.d.ts", "export interface A { a: string }", "a declaration of types", "Move it out"),
    ];
    for (file, code, what, fix) in cases {
        let path = format!("netlify/functions/{file}");
        let inventory = scan_of(&[
            ("netlify/functions/use.js", handler),
            ("netlify/functions/helpers.js", "exports.fmt = String;"),
            (&path, code),
        ]);
        let said: Vec<_> = inventory.findings.iter().filter(|found| found.path == path).collect();
        assert_eq!(said.len(), 1, "{file}: {said:?}");
        assert!(said[0].rule == "netlify-helper" && said[0].message.contains(what), "{file}: {said:?}");
        assert!(said[0].fix.contains(fix) && !said[0].fix.contains("export default"), "{file}: {said:?}");
        let (state, reason) = standing(&inventory, &format!("netlify:{}", file.rsplit_once('.').unwrap().0));
        assert!(state == "loadable" && reason.contains(what), "{file}: {reason}");
    }
    let inventory = scan_of(&[("netlify/functions/lone.js", "exports.fmt = String;")]);
    assert_eq!(rules(&inventory, "netlify/functions/lone.js"), [("netlify-no-handler", 1)]);
    assert!(inventory.findings[0].fix.contains("if this is no function, move it out"));
}
