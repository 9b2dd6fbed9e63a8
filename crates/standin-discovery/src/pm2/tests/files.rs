//! Files that a configuration asks for, and files of other names.

use standin_core::automation::{Inventory, Severity};

use crate::tests::{rules, scan_of, standing};

const FILE: &str = "a/ecosystem.config.js";

/// A configuration with one app behind this line, beside its script.
fn with(line: &str, more: &[(&str, &str)]) -> Inventory {
    let text = format!("{line}\nmodule.exports = {{ apps: [{{ name: 'x', script: './s.js' }}] }};");
    let mut files = vec![(FILE, text.as_str()), ("a/s.js", "")];
    files.extend(more);
    scan_of(&files)
}

#[test]
fn a_file_that_node_does_not_find_keeps_pm2_from_loading_the_configuration() {
    let cases = [
        ("const x = require('./gone');", "requires ./gone"),
        ("require('./gone-side');", "requires ./gone-side"),
        ("const x = JSON.parse(require('fs').readFileSync(__dirname + '/gone.json'));", "reads ./gone.json"),
        (
            "const fs = require('node:fs'), p = require('path').join(__dirname, 'g'); fs.readdirSync(p);",
            "reads ./g",
        ),
        ("const x = (() => require('./gone'))();", "requires ./gone"),
        ("let x; try { x = 1 } finally { x = require('./gone') }", "requires ./gone"),
        ("if (1 === 1) { require('./gone') }", "requires ./gone"),
        ("const x = require('./gone') || {};", "requires ./gone"),
        ("const s = require.resolve('./gone.js');", "requires ./gone.js"),
        ("require('./there')", "requires ./there, which requires ./gone"),
        ("require('./broken.json')", "requires ./broken.json"),
    ];
    let more = [("a/there.js", "exports.a = require('./gone');"), ("a/broken.json", "{ a: 1 }")];
    for (line, what) in cases {
        let inventory = with(line, &more);
        let reason = standing(&inventory, "pm2:x");
        assert_eq!(reason.0, "declared", "{line}");
        assert!(
            reason.1.starts_with(&format!("PM2 cannot load this file: it {what}, which is no")),
            "{reason:?}"
        );
        assert_eq!(rules(&inventory, FILE), [("pm2-file-missing", 1)], "{line}");
    }
    let inventory = with("import x from './gone.js';", &[]);
    assert_eq!(
        standing(&inventory, "pm2:x").1,
        "PM2 cannot load this file: it imports ./gone.js, which is not there"
    );
}

#[test]
fn what_may_not_be_asked_for_keeps_nothing_from_loading() {
    let cases = [
        "function f() { return require('./gone') }",
        "const f = () => require('./gone'); class A { b() { require('./gone') } static c = require('./gone') }",
        "let x; try { x = require('./gone') } catch { x = {} }",
        "let x = {}; if (require('fs').existsSync('./gone')) x = require('./gone');",
        "const x = a() ? require('./gone') : {};",
        "const x = true || require('./gone');",
        "const { x = require('./gone') } = {};",
        "for (const one of []) require(one); for (const two of list()) require('./gone')",
        "switch (a()) { case 1: require('./gone') }",
        "require('gone'); require('gone/sub'); require(name());",
        "require('./there'); require('./folder'); require('./there.js'); require('.'); require('..')",
        "JSON.parse(require('fs').readFileSync('./above.json'))",
        "const fs = require('fs'); JSON.parse(fs.readFileSync(process.cwd() + '/above.json'))",
        "const x = require('./data.json');",
        "if (a()) return; require('./gone');",
        "(() => { if (a()) return; require('./gone') })()",
        "if (1 === 2) { throw new Error('x') }",
        "if (a()) { throw new Error('x') }",
        "a?.b(require('./gone'))",
        "x ||= require('./gone')",
    ];
    let more = [
        ("a/there.js", ""),
        ("a/folder/index.js", ""),
        ("a/index.js", ""),
        ("a/data.json", "\u{feff}{}"),
        ("above.json", "{}"),
    ];
    for line in cases {
        let inventory = with(line, &more);
        assert_eq!(standing(&inventory, "pm2:x").0, "effective", "{line}");
        assert_eq!(rules(&inventory, FILE), [], "{line}: {:?}", inventory.findings);
    }
}

#[test]
fn a_file_that_may_be_there_elsewhere_is_a_note() {
    let more = [
        (".gitignore", ".env.json\nsecrets/\nlocal.js*\n"),
        (".gitmodules", "[submodule \"shared\"]\n\tpath = a/shared\n"),
        ("a/src.ts", ""),
    ];
    let cases = [
        ("require('./.env.json')", "in a checkout, because Git ignores it"),
        ("require('./local')", "in a checkout, because Git ignores it"),
        ("require('./secrets')", "in a checkout, because Git ignores it"),
        ("require('fs').readFileSync(__dirname + '/secrets/key')", "in a checkout, because Git ignores it"),
        ("require('./dist/config')", "unless something makes it before"),
        ("require('./src')", "unless something makes it before"),
        ("require('child_process').execSync('make'); require('./made')", "unless something makes it before"),
        ("require('./shared/config')", "unless its submodule is fetched"),
        ("require('fs').readFileSync('/no/such/file')", "on this machine"),
        ("require(`./env/${process.env.STAGE || 'dev'}`)", "unless `process.env.STAGE` is set"),
    ];
    for (line, why) in cases {
        let inventory = with(line, &more);
        assert_eq!(standing(&inventory, "pm2:x").0, "effective", "{line}");
        let found: Vec<_> = inventory.findings.iter().filter(|one| one.rule == "pm2-file-missing").collect();
        assert_eq!(found.len(), 1, "{line}: {:?}", inventory.findings);
        assert_eq!(found[0].severity, Severity::Note, "{line}");
        assert!(found[0].message.contains(&format!("{why}: PM2 loads none")), "{line}: {}", found[0].message);
    }
}

#[test]
fn what_a_configuration_throws_is_said() {
    let unless = |names: &str| {
        format!("this file throws when it is loaded unless {names} is set: PM2 loads none of its apps then")
    };
    let cases = [
        ("if (!process.env.TOKEN) throw new Error('TOKEN');", unless("`process.env.TOKEN`")),
        ("if (!process.env['TOKEN']) { console.error('x'); throw 1 }", unless("`process.env.TOKEN`")),
        ("const token = process.env.TOKEN; if (!token) throw 1;", unless("`process.env.TOKEN`")),
        ("const { TOKEN: t } = process.env; if (!t) { throw 1 }", unless("`process.env.TOKEN`")),
        ("if (process.env.STAGE !== 'live') throw 1;", unless("`process.env.STAGE`")),
        (
            "if (!process.env.TOKEN) { process.exit(1) }",
            "this file ends the process that loads it unless `process.env.TOKEN` is set: PM2 loads none of its apps then".to_owned(),
        ),
    ];
    for (line, message) in cases {
        let inventory = with(line, &[]);
        assert_eq!(standing(&inventory, "pm2:x").0, "effective", "{line}");
        let found: Vec<_> = inventory.findings.iter().filter(|one| one.path == FILE).collect();
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert_eq!((found[0].rule.as_str(), found[0].severity), ("pm2-throws", Severity::Note), "{line}");
        assert_eq!(found[0].message, message);
    }
    for line in [
        "process.env.TOKEN ||= 'x'; if (!process.env.TOKEN) throw 1;",
        "if (process.env.TOKEN) throw 1;",
        "const { T = 'x' } = process.env; if (!T) throw 1;",
        "if (process.env.STAGE === 'live' && !process.env.TOKEN) throw 1;",
    ] {
        assert_eq!(rules(&with(line, &[]), FILE), [], "{line}");
    }
    let inventory = with("throw new Error('unfinished');", &[]);
    assert_eq!(standing(&inventory, "pm2:x").1, "PM2 cannot load this file: it throws when it is loaded");
}

#[test]
fn a_variable_of_the_environment_with_a_default_counts_as_it_would_be_without() {
    let text = "const { CRON = '0 3 * * *', DIR } = process.env;
module.exports = { apps: [{ name: 'x', script: require.resolve('./s'), cron_restart: CRON, cwd: DIR }] };";
    let inventory = scan_of(&[(FILE, text), ("a/s.js", "")]);
    assert_eq!(standing(&inventory, "pm2:x").0, "effective");
    assert_eq!(inventory.automations[0].schedules[0].cron, "0 3 * * *");
    assert_eq!(rules(&inventory, FILE), [("computed-default", 1), ("computed-default", 2)]);
}

#[test]
fn names_that_pm2_does_not_recognise_are_said() {
    let apps = "module.exports = { apps: [{ name: 'x', script: './s.js' }] };";
    let cases = [
        ("pm2-ecosystem.js", apps, "Rename it to pm2-ecosystem.config.js."),
        ("pm2.js", apps, "Rename it to pm2.config.js."),
        ("pm2_config.js", apps, "Rename it to pm2.config.js."),
        ("ops/automation.ecosystem.js", apps, "Rename it to automation.ecosystem.config.js."),
        ("pm2-apps.cjs", apps, "Rename it to pm2-apps.config.cjs."),
        ("scheduler.pm2.js", apps, "Rename it to scheduler.pm2.config.js."),
        ("processes.js", apps, "Rename it to processes.config.js."),
        ("PM2.ts", apps, "Write it in JavaScript, as PM2.config.cjs."),
        (
            "ecosystem.toml",
            "[[apps]]\nname = \"x\"\nscript = \"./s.js\"\n",
            "Write it in JavaScript, as ecosystem.config.cjs.",
        ),
    ];
    for (path, text, fix) in cases {
        let inventory = scan_of(&[(path, text), ("s.js", ""), ("ops/s.js", "")]);
        let reason = standing(&inventory, "pm2:x");
        assert_eq!(reason, ("declared".to_owned(), "PM2 starts a file of this name as a script"), "{path}");
        assert_eq!(rules(&inventory, path), [("pm2-file-name", 1)], "{path}");
        assert_eq!(inventory.findings[0].fix, fix);
    }
    let beside =
        scan_of(&[("pm2.js", apps), ("pm2.config.js", "module.exports = { apps: [] }"), ("s.js", "")]);
    assert!(beside.findings[0].fix.starts_with("Put its apps into pm2.config.js"), "{:?}", beside.findings);
}

#[test]
fn a_module_of_another_file_is_no_configuration_of_its_own() {
    let apps = "module.exports = { apps: [{ name: 'x', script: './s.js' }] };";
    for (other, text) in [
        (FILE, "module.exports = { apps: require('./pm2-apps.cjs').apps };"),
        ("a/start.js", "require('pm2').start(require('./pm2-apps.cjs'));"),
        ("a/start.mjs", "import all from './pm2-apps.cjs';"),
    ] {
        let inventory = scan_of(&[(other, text), ("a/pm2-apps.cjs", apps), ("a/s.js", "")]);
        assert_eq!(rules(&inventory, "a/pm2-apps.cjs"), [], "{other}");
    }
    for text in [
        "console.log('apps', 'script');",
        "const apps = [{ script: 'x' }]; run(apps);",
        "const pm2 = require('pm2');\nmodule.exports = { apps: [{ name: 'x', script: './s.js' }] };",
    ] {
        assert_eq!(scan_of(&[("process.js", text), ("pm2.js", text), ("s.js", "")]), Inventory::default());
    }
}

#[test]
fn data_that_a_configuration_reads_is_no_second_one() {
    let data = "{ \"apps\": [{ \"name\": \"x\", \"script\": \"./s.js\" }] }";
    for reads in
        ["require('./apps.json')", "JSON.parse(require('fs').readFileSync(__dirname + '/apps.json'))"]
    {
        let text = format!("const cfg = {reads};\nmodule.exports = {{ apps: cfg.apps }};");
        let inventory = scan_of(&[(FILE, &text), ("a/apps.json", data), ("a/s.js", "")]);
        assert_eq!(inventory.findings, [], "{reads}");
        assert_eq!(inventory.automations[0].source.path, FILE);
    }
    // Deeper than its data, and with only a part of it.
    let text = "module.exports = { apps: require('../../apps.json').apps.slice(0, 1) };";
    let inventory = scan_of(&[("a/b/ecosystem.config.js", text), ("apps.json", data), ("s.js", "")]);
    assert!(inventory.findings.iter().all(|found| found.rule != "duplicate-id"), "{:?}", inventory.findings);
    // One JavaScript file that hands on another.
    let text = "module.exports = require('./pm2.config.js');";
    let apps = "module.exports = { apps: [{ name: 'x', script: './s.js' }] };";
    let inventory = scan_of(&[(FILE, text), ("a/pm2.config.js", apps), ("a/s.js", "")]);
    assert_eq!((inventory.findings.len(), inventory.automations[0].source.path.as_str()), (0, FILE));
    // A copy is still one.
    let inventory = scan_of(&[(FILE, apps), ("a/apps.json", data), ("a/s.js", "")]);
    assert_eq!(rules(&inventory, FILE).len() + rules(&inventory, "a/apps.json").len(), 1);
}

#[test]
fn of_what_standin_wrote_nothing_is_said_that_its_user_could_not_change() {
    let mark = standin_core::ownership::mark(None);
    let apps = "module.exports = { apps: [
  { name: 'workflow-a', script: 'standin', interpreter: 'none', args: ['run', 'workflow:a.yml'], env: { A: process.env.A || '' } },
  ...again('ecosystem.config.js', 'web'),
] };";
    let inventory = scan_of(&[("standin.backup.config.cjs", &format!("// {mark}\n{apps}"))]);
    assert_eq!(inventory.findings, []);
    assert_eq!(inventory.automations.len(), 1);
    // Running it still tells what else it holds.
    assert_eq!(crate::computed_configurations(&inventory), ["standin.backup.config.cjs"]);
    let theirs = scan_of(&[("standin.backup.config.cjs", apps)]);
    let found: Vec<&str> = theirs.findings.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(found, ["computed-default", "script-is-a-command", "computed-app"]);
}
