use standin_core::automation::{Detail, Inventory};

use crate::tests::{rules, scan_of, standing};

mod files;

const FILE: &str = "ecosystem.config.js";

fn apps(list: &str) -> Inventory {
    scan_of(&[
        (FILE, &format!("module.exports = {{ apps: [\n{list}\n] }};")),
        ("a.js", ""),
        ("b/c.min.js", ""),
    ])
}

fn ids(inventory: &Inventory) -> Vec<&str> {
    inventory.automations.iter().map(|automation| automation.id.as_str()).collect()
}

#[test]
fn names_come_as_from_pm2() {
    let inventory = apps(
        "{script:'a.js'}, {script:'./b/c.min.js'}, {script:'.hidden'}, {cmd:'npm'}, {name: 7, script:'npm'}",
    );
    assert_eq!(ids(&inventory), ["pm2:.hidden", "pm2:7", "pm2:a", "pm2:c.min", "pm2:npm"]);
}

#[test]
fn what_starts_an_app_follows_from_its_options() {
    let cases = [
        ("", vec!["always"], "effective"),
        (", autorestart: false", vec!["once"], "effective"),
        (", autorestart: false, cron_restart: '0 3 * * *'", vec!["schedule"], "effective"),
        (", cron: '0 3 * * *'", vec!["always", "schedule"], "effective"),
        (", cron_restart: 0", vec!["always"], "effective"),
        (", cron_restart: '0 3 * * *', stop_exit_codes: [0]", vec!["schedule"], "effective"),
        (", stop_exit_codes: [0]", vec!["always"], "effective"),
        (", cron_restart: '0 0 L * *'", vec!["always", "schedule"], "effective"),
        (", cron: '*/90 * * * *'", vec!["always", "schedule"], "loadable"),
        (", cron_restart: '0 0 31 4 *'", vec!["always", "schedule"], "loadable"),
        (", cron_restart: process.env.C", vec!["always"], "effective"),
        (", cron_restart: process.env['C']", vec!["always"], "effective"),
        (", cron_restart: cron()", vec!["always", "schedule"], "loadable"),
        (", cwd: process.env.D", vec!["always"], "effective"),
        (", cwd: where()", vec!["always"], "declared"),
        (", cwd: 'b'", vec!["always"], "loadable"),
    ];
    for (options, triggers, state) in cases {
        let inventory = apps(&format!("{{ name: 'x', script: 'a.js'{options} }}"));
        assert_eq!(
            (&inventory.automations[0].triggers, standing(&inventory, "pm2:x").0.as_str()),
            (&triggers.iter().map(|t| (*t).to_owned()).collect(), state),
            "{options}"
        );
    }
}

#[test]
fn what_is_computed_is_said_and_not_guessed() {
    let cases = [
        ("{ name: n(), script: 'a.js' }", "computed-app"),
        ("{ name: 'x', script: s }", "computed-app"),
        ("{ name: 'x', script: 'a.js', ...rest() }", "computed-app"),
        ("...more()", "computed-app"),
        ("{ name: 'x' }", "pm2-app-invalid"),
        ("'a.js'", "pm2-app-invalid"),
    ];
    for (app, rule) in cases {
        let inventory = apps(app);
        assert_eq!(rules(&inventory, FILE), [(rule, 2)], "{app}");
        let states: Vec<String> = inventory.automations.iter().map(|one| one.state.to_string()).collect();
        // An app of a known name is listed, whatever else of it is unknown.
        let is_named = app.starts_with("{ name: 'x', script: ");
        assert_eq!(states, if is_named { vec!["declared"] } else { vec![] }, "{app}");
    }
    let inventory = scan_of(&[(FILE, "module.exports = { apps: names.map((name) => ({ name })) };")]);
    assert_eq!(rules(&inventory, FILE), [("computed-apps", 1)]);
}

#[test]
fn secrets_of_an_environment_stay_out() {
    let inventory = apps("{ name: 'x', script: 'gone.js', env: { KEY: 'hush' }, cron_restart: f('hush') }");
    assert!(!format!("{inventory:?}").contains("hush"));
    assert_eq!(inventory.findings.len(), 2);
}

#[test]
fn two_apps_of_one_name_are_said() {
    let inventory = apps("{ name: 'x', script: 'a.js' },\n{ name: 'x', script: 'a.js' }");
    assert_eq!((ids(&inventory), rules(&inventory, FILE)), (vec!["pm2:x"], vec![("duplicate-app", 3)]));
}

#[test]
fn the_name_of_the_file_decides() {
    let script = "module.exports = { apps: [{ name: 'x', script: 'npm' }] };";
    let module = "export const apps = [{ name: 'x', script: 'npm' }];";
    let json = "// c\n{ apps: [{ \"name\": \"x\", script: 'npm' }] }";
    let yaml = "apps:\n  - {name: x, script: npm}\n";
    for (path, text) in [
        (FILE, script),
        ("any.config.cjs", script),
        ("a.config.mjs", module),
        ("b.json", json),
        ("c/d.yml", yaml),
        ("process.yaml", yaml),
        ("pm2-prod.json", json),
        ("pm2-prod.json", "[{ \"name\": \"x\", \"script\": \"npm\" }]"),
        ("processes.json", "[{ \"name\": \"x\", \"script\": \"npm\" }]"),
    ] {
        let inventory = scan_of(&[(path, text)]);
        assert_eq!(
            (ids(&inventory), standing(&inventory, "pm2:x").0.as_str()),
            (vec!["pm2:x"], "effective"),
            "{path}"
        );
    }
    let inventory = scan_of(&[("ecosystem.cjs", script)]);
    assert_eq!(standing(&inventory, "pm2:x").0, "declared");
    assert!(inventory.findings.iter().any(|found| found.fix == "Rename it to ecosystem.config.cjs."));
    let inventory =
        scan_of(&[("ecosystem.config.mjs", "export default { apps: [{ name: 'x', script: 'npm' }] };")]);
    assert_eq!(standing(&inventory, "pm2:x").0, "declared");
    assert!(rules(&inventory, "ecosystem.config.mjs").contains(&("pm2-default-export", 1)));
}

#[test]
fn files_of_other_tools_are_left_alone() {
    let files = [
        ("vite.config.js", "export default { script: apps( };"),
        ("tailwind.config.js", "module.exports = { apps: 1, script: 2 };"),
        ("data.json", "{\"apps\": [{\"title\": \"script\"}]}"),
        ("x.yml", "apps: [script"),
        ("pm2-redundancy-report.json", "{\"apps\": 3, \"scripts\": []}"),
        ("processes.json", "[1, 2]"),
        ("process.js", "console.log('apps', 'script')"),
    ];
    assert_eq!(scan_of(&files), Inventory::default());
}

#[test]
fn a_script_with_a_space_goes_to_the_shell() {
    let inventory = apps("{ name: 'x', script: 'python3 x.py --ok' }");
    assert_eq!(rules(&inventory, FILE), [("script-is-a-command", 2)]);
    assert!(
        matches!(&inventory.automations[0].detail, Detail::Pm2App { script, .. } if script == "python3 x.py --ok")
    );
}

#[test]
fn what_follows_from_the_file_alone_is_worked_out() {
    let text = "const names = ['a', 'b'];
        const more = [{ n: 'c', s: 'x.js' }];
        module.exports = { apps: names.map((name, i) => ({ name: `${name}-${i}`, script: 'x.js' }))
          .concat(more.map(({ n, s }) => { return { name: n, script: s }; }), { name: process.env.D || 'd', script: 'x.js' }) };";
    let inventory = scan_of(&[(FILE, text), ("x.js", "")]);
    assert_eq!(ids(&inventory), ["pm2:a-0", "pm2:b-1", "pm2:c", "pm2:d"]);
    assert_eq!(rules(&inventory, FILE), [("computed-default", 4)]);
    assert!(inventory.automations.iter().all(|one| one.reason.is_empty()));
}

#[test]
fn one_bad_app_makes_pm2_refuse_the_file() {
    let cases = [
        ("cron_restart: 'daily'", "cron-invalid"),
        ("cron_restart: '*/90 * * * *'", "cron-step-too-large"),
        ("cron_restart: '0 9 * * 1-3,5'", "cron-invalid"),
        ("cron_restart: '*/90 * * * * *'", "cron-step-too-large"),
        ("max_restarts: 'many'", "pm2-option-type"),
        ("watch: 3", "pm2-option-type"),
        ("name: 7", "pm2-option-type"),
        ("env: { A: 1 }, max_restarts: '10', instances: 'max', watch: ['src'], args: '-a b'", ""),
    ];
    for (options, rule) in cases {
        let inventory =
            apps(&format!("{{ name: 'y', script: 'a.js' }}, {{ name: 'x', script: 'a.js', {options} }}"));
        let wanted = if rule.is_empty() { ("effective", vec![]) } else { ("declared", vec![(rule, 2)]) };
        let seen = standing(&inventory, "pm2:y");
        assert_eq!((seen.0.as_str(), rules(&inventory, FILE)), wanted, "{options}");
    }
}

#[test]
fn details_say_how_an_app_is_started_without_its_secrets() {
    let inventory = apps(
        "{ name: 'x', script: 'a.js', args: ['-n', 3], interpreter: 'bash', node_args: '-r x', env: { B: 'hush', A: 1 } }",
    );
    let Detail::Pm2App { interpreter, interpreter_args, args, env_names, .. } =
        &inventory.automations[0].detail
    else {
        panic!()
    };
    assert_eq!(
        (interpreter.as_deref(), args.join(" "), env_names.join(" ")),
        (Some("bash"), "-n 3".into(), "A B".into())
    );
    assert_eq!(interpreter_args.join(" "), "-r x");
}

#[test]
fn an_app_of_standins_own_file_is_the_backup_of_what_it_runs_or_is_named_after() {
    let text = format!(
        "// {}\nmodule.exports = {{ apps: [\n  {{ name: 'workflow-a', script: 'standin', interpreter: 'none', args: ['run', 'workflow:a.yml'] }},\n  {{ name: 'web-backup', script: 'web.js' }},\n] }};\n",
        standin_core::ownership::mark(None)
    );
    let theirs = text.replacen("// ", "// not ", 1).replace(standin_core::ownership::MARK, "");
    for (text, expected) in [(text, [Some("pm2:web"), Some("workflow:a.yml")]), (theirs, [None, None])] {
        let inventory = scan_of(&[("standin.backup.config.cjs", &text)]);
        let found: Vec<Option<&str>> =
            inventory.automations.iter().map(|a| a.backup_of.as_ref().map(|id| id.as_str())).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn of_one_app_in_two_files_the_one_that_pm2_reads_counts() {
    let text = "module.exports = { apps: [{ name: 'a', script: 'a.js', cron_restart: '7 3 * * *' }] };";
    let files =
        [("ecosystem.pm2.cjs", text), ("jobs/deep/ecosystem.config.js", text), ("jobs/deep/a.js", "")];
    let inventory = scan_of(&files);
    assert_eq!(inventory.automations[0].source.path, "jobs/deep/ecosystem.config.js");
    assert_eq!(standing(&inventory, "pm2:a").0, "effective");
    assert!(rules(&inventory, "ecosystem.pm2.cjs").contains(&("duplicate-id", 1)));
    // Of an example it is no app of the repository.
    let aside = [("ecosystem.pm2.cjs", text), ("examples/ecosystem.config.js", text), ("examples/a.js", "")];
    assert_eq!(standing(&scan_of(&aside), "pm2:a").0, "declared");
}

#[test]
fn what_is_taken_for_granted_is_said_once_in_a_file() {
    let app =
        |name: &str| format!("{{ name: '{name}', script: 'a.js', env: {{ R: process.env.REMOTE || 'o' }} }}");
    let text = format!("module.exports = {{ apps: [\n{},\n{},\n{}] }};", app("a"), app("b"), app("c"));
    let inventory = scan_of(&[("ecosystem.config.js", &text), ("a.js", "")]);
    assert_eq!(rules(&inventory, "ecosystem.config.js"), [("computed-default", 2)]);
    assert!(
        inventory.findings[0].message.ends_with("so in 3 places of this file"),
        "{:?}",
        inventory.findings
    );
}

#[test]
fn six_fields_with_no_seconds_are_five() {
    for (cron, expected) in [("0 0 3 * * *", Some("0 3 * * *")), ("15 0 3 * * *", None)] {
        let inventory = apps(&format!("{{ name: 'x', script: 'a.js', cron_restart: '{cron}' }}"));
        let found = inventory.automations[0].schedules.first().map(|one| one.cron.as_str());
        assert_eq!(found, expected);
        assert_eq!(inventory.findings.is_empty(), expected.is_some());
    }
}

#[test]
fn of_one_app_in_two_files_the_one_that_pm2_starts_by_itself_counts() {
    let text = "module.exports = { apps: [{ name: 'x', script: 'npm' }] };";
    for other in ["apps.config.js", "ecosystem.config.dev.js"] {
        let inventory = scan_of(&[(other, text), ("ecosystem.config.js", text)]);
        assert_eq!(inventory.automations[0].source.path, "ecosystem.config.js");
        assert!(rules(&inventory, other).contains(&("duplicate-id", 1)), "{:?}", inventory.findings);
    }
    let inventory = scan_of(&[("ecosystem.config.dev.js", text)]);
    assert_eq!(inventory.findings[0].fix, "Rename it to ecosystem.dev.config.js.");
}

#[test]
fn numbers_and_texts_are_worked_out_too() {
    let text = "const names = ['a', 'b'];
module.exports = { apps: names.map((n, i) => ({
  name: `${String(i + 1).padStart(2, '0')}-${n.toUpperCase()}`, script: 'x.js',
  cron_restart: [i * 5 % 60, Math.floor(i / 2) + 3, '*', '*', '*'].join(' ') })) };";
    let inventory = scan_of(&[(FILE, text), ("x.js", "")]);
    let seen: Vec<(&str, &str)> =
        inventory.automations.iter().map(|a| (a.name.as_str(), a.schedules[0].cron.as_str())).collect();
    assert_eq!(seen, [("01-A", "0 3 * * *"), ("02-B", "5 3 * * *")]);
    assert_eq!(inventory.findings, []);
    for code in [
        "1 / 0",
        "[f()].join()",
        "'a'.repeat(5000)",
        "'a'.replace('a', '$&')",
        "parseInt('10', 2)",
        "Math.random()",
    ] {
        let text = format!(
            "module.exports = {{ apps: [{{ name: 'x', script: 'x.js', cron_restart: String({code}) }}] }};"
        );
        assert_eq!(rules(&scan_of(&[(FILE, &text), ("x.js", "")]), FILE), [("computed-field", 1)], "{code}");
    }
}

#[test]
fn one_unknown_part_takes_no_app_away_that_is_spelled_out() {
    let (a, b) = ("{ name: 'a', script: 'a.js' }", "{ name: 'b', script: 'a.js', autorestart: true }");
    for (text, found, said) in [
        (format!("module.exports = {{}}; module.exports.apps = [{a}];"), vec!["pm2:a"], vec![]),
        (format!("exports.apps = []; exports.apps.push({a}, {b});"), vec!["pm2:a", "pm2:b"], vec![]),
        (
            format!("const c = {{ apps: [{a}] }}; c.apps.push({b}); module.exports = c;"),
            vec!["pm2:a", "pm2:b"],
            vec![],
        ),
        (
            format!("const l = [{a}]; if (f()) l.push({b}); module.exports = {{ apps: l }};"),
            vec!["pm2:a"],
            vec![("computed-app", 1)],
        ),
        (
            format!("module.exports = {{ apps: [{a}, ...dirs().map((n) => ({b}))].filter(Boolean) }};"),
            vec!["pm2:a"],
            vec![("computed-app", 1)],
        ),
        (
            format!("module.exports = {{ apps: [{a}], ...deploy() }};"),
            vec!["pm2:a"],
            vec![("computed-apps", 1)],
        ),
        (
            format!("const l = []; for (const n of dirs()) l.push({b}); module.exports = {{ apps: l }};"),
            vec![],
            vec![("computed-app", 1)],
        ),
    ] {
        for path in [FILE, "b.config.js"] {
            let inventory = scan_of(&[(path, &text), ("a.js", "")]);
            assert_eq!(
                (ids(&inventory), rules(&inventory, path)),
                (found.clone(), said.clone()),
                "{path}: {text}"
            );
            assert!(inventory.automations.iter().all(|one| one.state.to_string() == "effective"), "{text}");
        }
    }
    let said =
        &scan_of(&[(FILE, "const l = []; dirs().forEach((n) => l.push(n)); module.exports = l;")]).findings;
    assert_eq!(said[0].message, "some apps are computed: what else is put into `l`");
}
