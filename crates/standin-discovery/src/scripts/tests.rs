use standin_core::automation::Inventory;

use crate::tests::{rules, scan_of, standing};

mod languages;
mod libraries;
mod started;

/// Name, line, state, schedules and triggers of each automation.
pub(super) fn shown(inventory: &Inventory) -> Vec<String> {
    let line = |a: &standin_core::automation::Automation| {
        let when: Vec<String> = a.schedules.iter().map(|s| format!("{} {}", s.cron, s.timezone)).collect();
        format!("{} {} {} [{}] [{}]", a.name, a.source.line, a.state, when.join(";"), a.triggers.join(";"))
    };
    inventory.automations.iter().map(line).collect()
}

pub(super) fn one(path: &str, text: &str) -> Vec<String> {
    shown(&scan_of(&[(path, text)]))
}

#[test]
fn libraries_for_schedules_are_known() {
    let cases = [
        (
            "import cron from 'node-cron';\ncron.schedule('*/5 * * * *', tidy, { timezone: 'Europe/Berlin' });",
            "tidy 2 loadable [*/5 * * * * Europe/Berlin] [schedule]",
        ),
        (
            "const cron = require(\"node-cron\");\ncron.schedule('0 0 3 * * *', () => { x({ timezone: 'UTC' }); });",
            "task 2 loadable [0 3 * * * local] [schedule]",
        ),
        (
            "import { CronJob } from 'cron';\nnew CronJob('0 4 * * *', run, null, true, 'UTC');",
            "run 2 loadable [0 4 * * * UTC] [schedule]",
        ),
        (
            "import { CronJob } from 'cron';\nCronJob.from({ cronTime: '0 4 * * *', onTick: run, start: true, timeZone: 'UTC' });",
            "task 2 loadable [0 4 * * * UTC] [schedule]",
        ),
        (
            "import schedule from 'node-schedule';\nschedule.scheduleJob('mail', '30 6 * * 1', send);",
            "send 2 loadable [30 6 * * 1 local] [schedule]",
        ),
        (
            "import { Cron } from 'croner';\nnew Cron('@hourly', { timezone: 'UTC' }, sweep);",
            "sweep 2 loadable [@hourly UTC] [schedule]",
        ),
        (
            "import Agenda from 'agenda';\nawait agenda.every('3 minutes', 'tidy');",
            "task 2 loadable [] [every 3 minutes]",
        ),
        (
            "const Bree = require('bree');\nnew Bree({ jobs: [{ name: 'x',\n cron: '0 1 * * *' }] });",
            "x 3 loadable [0 1 * * * local] [schedule]",
        ),
        (
            "import { Cron } from '@nestjs/schedule';\nclass A {\n @Cron('45 * * * *') go() {} }",
            "go 3 loadable [45 * * * * local] [schedule]",
        ),
        (
            "import { Cron, CronExpression } from '@nestjs/schedule';\nclass A {\n @Cron(CronExpression.EVERY_DAY_AT_3AM, { name: 'x' })\n async go() {} }",
            "go 3 loadable [0 3 * * * local] [schedule]",
        ),
        (
            "import cron from 'node-cron';\nconst EVERY = '*/5 * * * *';\ncron.schedule(EVERY, tidy);",
            "tidy 3 loadable [*/5 * * * * local] [schedule]",
        ),
        (
            "import cron from 'node-cron';\ncron.schedule(process.env.WHEN || '0 3 * * *', async () => {});",
            "task 2 loadable [0 3 * * * local] [schedule]",
        ),
        (
            "import schedule from 'node-schedule';\nconst rule = '0 9 * * *';\nschedule.scheduleJob('mail', rule, send);",
            "send 3 loadable [0 9 * * * local] [schedule]",
        ),
        ("Deno.cron('nightly', '0 2 * * *', () => {});", "nightly 1 loadable [0 2 * * * UTC] [schedule]"),
    ];
    for (text, wanted) in cases {
        assert_eq!(one("src/jobs.ts", text), [wanted], "{text}");
    }
}

#[test]
fn rules_members_and_spans_of_libraries_are_read() {
    let rule = "const schedule = require('node-schedule');\n";
    let bull = "import { Queue } from 'bullmq';\n";
    let nest = "import { Cron, Interval } from '@nestjs/schedule';\nclass A {\n";
    let cases = [
        (format!("{rule}schedule.scheduleJob({{ hour: 14, minute: 30, dayOfWeek: 0 }}, f);"), "f 2 loadable [30 14 * * 0 local] [schedule]"),
        (format!("{rule}schedule.scheduleJob('x', {{ month: 0, date: 1, hour: 0, minute: 0, tz: 'UTC' }}, f);"), "f 2 loadable [0 0 1 1 * UTC] [schedule]"),
        (format!("{rule}const r = new schedule.RecurrenceRule();\nr.minute = [0, 30];\nr.dayOfWeek = [0, new schedule.Range(4, 6)];\nschedule.scheduleJob(r, f);"), "f 5 loadable [0,30 * * * 0,4-6 local] [schedule]"),
        (format!("{rule}schedule.scheduleJob({{ date: 1, dayOfWeek: 1, hour: 3, minute: 0 }}, f);"), "f 2 loadable [] [schedule;date and dayOfWeek]"),
        (format!("{rule}schedule.scheduleJob({{ hour: h, minute: 0 }}, f);"), "f 2 loadable [] [schedule]"),
        ("const cron = require('node-cron');\nconst config = { a: 1, sync: { schedule: '0 4 * * *' } };\ncron.schedule(config.sync.schedule, f);".into(), "f 3 loadable [0 4 * * * local] [schedule]"),
        ("import { schedule as s } from 'node-cron';\ns('3 * * * *', f);".into(), "f 2 loadable [3 * * * * local] [schedule]"),
        ("const { schedule: s } = require('node-cron');\ns('3 * * * *', f);".into(), "f 2 loadable [3 * * * * local] [schedule]"),
        (format!("{bull}await q.add('y', {{}}, {{ repeat: {{ every: 10000 }} }});"), "y 2 loadable [] [every 10s]"),
        (format!("{bull}await q.upsertJobScheduler('id', {{ every: 1000 * 60 * 5 }}, {{ name: 'z' }});"), "id 2 loadable [] [every 300s]"),
        (format!("{nest}@Cron('0 4 * * *')\n handleCron() {{ this.logger.debug('x'); }} }}"), "handleCron 3 loadable [0 4 * * * local] [schedule]"),
        (format!("{nest}@Cron('0 4 * * *', {{ name: 'n' }})\n @UseGuards(X)\n private async go() {{ f(1); }} }}"), "go 3 loadable [0 4 * * * local] [schedule]"),
        (format!("{nest}@Interval('n', 10000)\n poll() {{}} }}"), "poll 3 loadable [] [every 10s]"),
    ];
    for (text, wanted) in cases {
        assert_eq!(one("src/jobs.ts", &text), [wanted], "{text}");
    }
    let off = format!("{nest}@Cron('0 4 * * *', {{ disabled: true }})\n off() {{}} }}");
    let inventory = scan_of(&[("src/a.ts", &off)]);
    assert_eq!(standing(&inventory, "script:src/a.ts#off"), ("loadable".into(), "it is disabled"));
}

#[test]
fn a_job_is_started_by_its_own_name() {
    let text = "const { CronJob } = require('cron');\nconst a = new CronJob('0 1 * * *', run);\na.start();\nconst b = new CronJob('0 2 * * *', walk);\n\
                const c = new CronJob('0 3 * * *', jump);\njobs.push(c);\nnew CronJob('0 4 * * *', hop).start();\n";
    let inventory = scan_of(&[("a.js", text)]);
    assert_eq!(rules(&inventory, "a.js"), [("script-not-started", 4)]);
    assert_eq!(inventory.automations.len(), 4);
}

#[test]
fn endless_loops_and_intervals_of_a_started_program_are_found() {
    let cases = [
        (
            "while (true) {\n  await run();\n  await sleep(60000);\n}\n",
            "loop 1 effective [] [every 60s;within Procfile]",
        ),
        (
            "for (;;) {\n  await run();\n  await new Promise((resolve) => setTimeout(resolve, 5 * 60 * 1000));\n}\n",
            "loop 1 effective [] [every 300s;within Procfile]",
        ),
        (
            "while (!stopped) {\n  if (await x()) { await sleep(5000); }\n  for (const a of b) { if (a) break; }\n  await sleep(300_000);\n}\n",
            "loop 1 effective [] [every 300s;within Procfile]",
        ),
        (
            "const EVERY = Number(process.env.X || 120000);\nsetInterval(check, EVERY);\n",
            "interval 2 effective [] [every 120s;within Procfile]",
        ),
    ];
    for (text, wanted) in cases {
        let files = [("Procfile", "worker: node main.js\n"), ("main.js", text)];
        assert_eq!(shown(&scan_of(&files)), [wanted], "{text}");
        // One that nothing starts and nothing loads waits for somebody to start it.
        let (loadable, _) = wanted.split_once(';').unwrap();
        assert_eq!(
            one("src/main.js", text),
            [format!("{}]", loadable.replace("effective", "loadable"))],
            "{text}"
        );
        let loaded = [("src/main.js", text), ("src/a.js", "import './main';\n")];
        assert_eq!(shown(&scan_of(&loaded)), Vec::<String>::new(), "{text}");
        assert_eq!(
            one("src/main.js", &format!("export const a = 1;\n{text}")),
            Vec::<String>::new(),
            "{text}"
        );
        assert_eq!(one("public/main.js", text), Vec::<String>::new(), "{text}");
    }
    let by_hand = [
        ("package.json", r#"{"scripts": {"c": "node c.js"}}"#),
        ("c.js", "export const a = setInterval(b, 60000);\n"),
    ];
    let found = scan_of(&by_hand);
    assert_eq!(
        standing(&found, "script:c.js#interval").1,
        "it lives only while `npm:.#c` runs, and nothing here says what starts that"
    );
    let tick = "setInterval(() => document.title = x(), 60000);\nprocess.exit;\n";
    assert_eq!(one("autopilot.cjs", "setInterval(tick, 60000);\n").len(), 1);
    assert_eq!(one("main.js", tick), Vec::<String>::new());
    let two = "setInterval(a, 60000);\nsetInterval(b, 3600000);\nsetInterval(draw, 16);\nsetInterval(() => {}, 60000);\n";
    let seen = shown(&scan_of(&[("Procfile", "web: node main.js\n"), ("main.js", two)]));
    assert_eq!(
        seen,
        [
            "interval 1 effective [] [every 60s;within Procfile]",
            "interval-2 2 effective [] [every 3600s;within Procfile]"
        ]
    );
    for text in [
        "while (true) {\n  if (await x()) break;\n  await sleep(60000);\n}\n",
        "async function f() {\n  for (;;) {\n    try { return await g(); } catch { await sleep(5000); }\n  }\n}\n",
        "while (true) {\n  step();\n}\n",
        "while (true) {\n  sleep(60000);\n}\n",
    ] {
        let files = [("Procfile", "worker: node main.js\n"), ("main.js", text)];
        assert_eq!(shown(&scan_of(&files)), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_only_speaks_of_schedules_is_none() {
    let cases = [
        "// cron.schedule('* * * * *', x) with 'node-cron'\n",
        "import cron from 'node-cron';\n/* cron.schedule('* * * * *', x) */\n",
        "calendar.schedule('0 3 * * *', x);",
        "const text = \"import 'node-cron'; cron.schedule\";",
        "import Cron from './cron';\nnew Cron('0 3 * * *');",
        "setInterval(draw, 5000);",
        "import x from 'node-cron'; function schedule(a) { return '0 3 * * *'; }",
    ];
    for text in cases {
        assert_eq!(one("src/jobs.js", text), Vec::<String>::new(), "{text}");
    }
    let job = "import cron from 'node-cron';\ncron.schedule('* * * * *', x);";
    assert_eq!(one("test/jobs.js", job), Vec::<String>::new());
    assert_eq!(one("src/jobs.spec.ts", job), Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_task_is_said() {
    let cases = [
        ("cron.schedule(EVERY, x);", "script-computed", 2, "loadable"),
        ("cron.schedule(`*/${n} * * * *`, x);", "script-computed", 2, "loadable"),
        ("cron.schedule('99 * * * *', x);", "cron-invalid", 2, "declared"),
        ("cron.schedule('*/10 * * * * *', x);", "cron-seconds", 2, "loadable"),
        ("cron.schedule('0 3 * * *', x, { scheduled: false });", "script-not-started", 2, "loadable"),
        ("cron.schedule('0 0 30 2 *', x);", "cron-never-fires", 2, "loadable"),
    ];
    for (call, rule, line, state) in cases {
        let inventory = scan_of(&[("a.js", &format!("const cron = require('node-cron');\n{call}\n"))]);
        assert_eq!(rules(&inventory, "a.js"), [(rule, line)], "{call}");
        let states: Vec<String> = inventory.automations.iter().map(|a| a.state.to_string()).collect();
        assert_eq!(states.join(" "), state, "{call}");
    }
}

#[test]
fn a_task_of_a_program_that_pm2_runs_is_effective() {
    let files = [
        ("ecosystem.config.js", "module.exports = { apps: [{ name: 'jobs', script: 'src/jobs.js' }] };"),
        ("src/jobs.js", "const cron = require('node-cron');\ncron.schedule('0 3 * * *', tidy);\n"),
    ];
    let inventory = scan_of(&files);
    assert_eq!(standing(&inventory, "script:src/jobs.js#tidy"), ("effective".into(), ""));
    assert!(shown(&inventory)[1].ends_with("[schedule;within pm2:jobs]"));
}

#[test]
fn pg_cron_is_read_in_sql_and_in_code() {
    let sql = "-- select cron.schedule('no', '0 1 * * *', 'x');\nselect cron.schedule('nightly', '0 3 * * *', $$delete from t where d < now()$$);\nSELECT cron.schedule('30 seconds', 'call x()');\nselect cron.schedule('x', f(), 'y');\n";
    let inventory = scan_of(&[("db/001.sql", sql)]);
    let expected = ["job 3 loadable [] [every 30 seconds]", "nightly 2 loadable [0 3 * * * UTC] [schedule]"];
    assert_eq!(shown(&inventory), expected);
    assert_eq!(rules(&inventory, "db/001.sql"), [("script-computed", 4)]);
    let code = "await db.query(`\n  select cron.schedule('weekly', '0 4 * * 0', 'vacuum')`);";
    assert_eq!(one("migrate.ts", code), ["weekly 2 loadable [0 4 * * 0 UTC] [schedule]"]);
}

#[test]
fn pg_cron_is_read_in_bodies_and_not_in_other_code() {
    let body = "DO $$\nBEGIN\n  PERFORM cron.schedule('indo', '6 5 * * *', 'select 1');\nEND $$;\n";
    assert_eq!(one("m/1.sql", body), ["indo 3 loadable [6 5 * * * UTC] [schedule]"]);
    let function = "create function f() returns void as $fn$\nbegin\n perform cron.schedule('in', '1 1 * * *', $q$select 1$q$);\nend $fn$;\n";
    assert_eq!(one("m/1.sql", function), ["in 3 loadable [1 1 * * * UTC] [schedule]"]);
    for text in [
        "const tpl = `cron.schedule('*/10 * * * *', () => { go(); })`;",
        "console.log(\"use cron.schedule('0 1 * * *', fn)\");",
        "const help = \"cron.schedule('nightly', '0 1 * * *', 'x')\";",
    ] {
        let inventory = scan_of(&[("a.js", text)]);
        assert_eq!((shown(&inventory), inventory.findings.len()), (vec![], 0), "{text}");
    }
}

#[test]
fn a_later_migration_takes_the_place_of_an_earlier_one() {
    let schedule =
        |name: &str, hour: u32| format!("select cron.schedule('{name}', '0 {hour} * * *', 'x');\n");
    let files = [
        ("m/1.sql", schedule("job", 1)),
        ("m/2.sql", format!("select cron.unschedule('job');\n{}", schedule("job", 2))),
        ("m/3.sql", format!("{}{}", schedule("gone", 3), schedule("kept", 4))),
        ("m/4.sql", "select cron.unschedule(jobid) from cron.job where jobname = 'gone';\n".to_owned()),
        ("m/5_down.sql", "select cron.unschedule('kept');\n".to_owned()),
        ("other/1.sql", schedule("job", 5)),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let wanted = [
        "job 2 loadable [0 2 * * * UTC] [schedule]",
        "kept 2 loadable [0 4 * * * UTC] [schedule]",
        "job 1 loadable [0 5 * * * UTC] [schedule]",
    ];
    let inventory = scan_of(&files);
    assert_eq!(shown(&inventory), wanted);
    assert_eq!(inventory.findings, []);
}

#[test]
fn a_loop_of_python_pauses_as_long_as_one_turn_of_it_does() {
    let cases = [
        ("EVERY = 5 * 60\nwhile True:\n    run()\n    time.sleep(EVERY)\n", "every 300s"),
        ("while self.running:\n    run()\n    await asyncio.sleep(60)\n", "every 60s"),
        ("while not stop.is_set():\n    run()\n    stop.wait(timeout=90)\n", "every 90s"),
        (
            "while True:\n    try:\n        run()\n        time.sleep(60)\n    except KeyboardInterrupt:\n        break\n",
            "every 60s",
        ),
        ("while True:\n    for a in b:\n        if a:\n            break\n    time.sleep(60)\n", "every 60s"),
        ("while True:\n    if x():\n        y()\n        time.sleep(5)\n    time.sleep(300)\n", "every 300s"),
        (
            "while True:\n    try:\n        run()\n        time.sleep(60)\n    except E:\n        time.sleep(10)\n",
            "every 60s",
        ),
        ("while True:\n    run()\n    time.sleep(args.every)\n", "loop"),
    ];
    for (text, wanted) in cases {
        let seen = one("a.py", text);
        assert!(seen.len() == 1 && seen[0].ends_with(&format!("[{wanted}]")), "{text}: {seen:?}");
    }
    for text in [
        "while True:\n    schedule.run_pending()\n    time.sleep(40)\n",
        "while True:\n    if x():\n        break\n    time.sleep(60)\n",
        "while True:\n    if x():\n        return 1\n    time.sleep(60)\n",
        "while True:\n    time.sleep(3600)\n",
        "while x < 3:\n    run()\n    time.sleep(60)\n",
        "while True:\n    run()\n    time.sleep(1)\n",
        "def f():\n    while True:\n        yield g()\n        time.sleep(60)\n",
        "def f(every):\n    while True:\n        g()\n        time.sleep(every)\n",
    ] {
        assert_eq!(one("a.py", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn shell_scripts_install_crontabs_and_run_loops() {
    let text = "#!/bin/sh\n# 0 1 * * * /no\ncrontab - <<'EOF'\nMAILTO=x\n0 3 * * * /opt/a.sh\nEOF\n\
                (crontab -l; echo \"*/5 * * * * /opt/b.sh >> /l\") | crontab -\n\
                cat > /etc/cron.d/shop <<EOF\n@daily root /opt/c.sh\n$WHEN * * * * root /opt/d.sh\nEOF\n\
                while true; do\n  while read x; do echo; done\n  sleep 5m\ndone\n\
                while true; do try && break; sleep 1; done\nwhile ! ready; do sleep 1; done\n";
    let inventory = scan_of(&[("setup.sh", text)]);
    let expected = [
        "a.sh 5 loadable [0 3 * * * local] [schedule]",
        "b.sh 7 loadable [*/5 * * * * local] [schedule]",
        "c.sh 9 loadable [@daily local] [schedule]",
        "loop 12 loadable [] [every 300s]",
    ];
    assert_eq!(shown(&inventory), expected);
    assert_eq!(rules(&inventory, "setup.sh"), [("script-computed", 10)]);
    assert_eq!(
        one("l.sh", "while :\ndo\n  x\n  sleep ${EVERY:-30}\ndone\n"),
        ["loop 1 loadable [] [every 30s]"]
    );
    assert_eq!(one("l.sh", "cat <<EOF\n0 3 * * * /opt/a.sh\nEOF\n"), Vec::<String>::new());
}

#[test]
fn loops_of_subshells_and_of_other_shells_and_a_crontab_in_a_variable_are_known() {
    assert_eq!(
        one("l.sh", "( while true; do\n  ./turn || true\n  sleep 900\ndone ) & echo $! > pid\n"),
        ["loop 1 loadable [] [every 900s]"]
    );
    let text = "CMD=\"./turn\"\nnohup bash -lc \"while true; do $CMD; sleep 120; done\" >/dev/null 2>&1 &\n";
    assert_eq!(one("l.sh", text), ["loop 2 loadable [] [every 120s]"]);
    // Words of a sentence, and what is only printed, are no loop.
    assert_eq!(one("l.sh", "echo \"while true; do x; sleep 5; done\"\n"), Vec::<String>::new());
    assert_eq!(one("l.sh", "awhile true; do x; sleep 5; done\n"), Vec::<String>::new());
    let text =
        "block=$(cat <<EOF\n# BEGIN\n*/2 * * * * ./sync --all\nEOF\n)\nprintf '%s' \"$block\" | crontab -\n";
    assert_eq!(one("l.sh", text), ["sync 3 loadable [*/2 * * * * local] [schedule]"]);
}

#[test]
fn shell_scripts_install_timers() {
    let text = "#!/bin/sh\ncat > /etc/systemd/system/backup.timer <<'EOF'\n[Unit]\nDescription=x\n\n[Timer]\nOnCalendar=*-*-* 03:00:00 UTC\n\n[Install]\nWantedBy=timers.target\nEOF\n\
                sudo tee /etc/systemd/system/poll.timer > /dev/null <<EOF\n[Timer]\nOnCalendar=$WHEN\nEOF\ncat > a.timer.txt <<EOF\n[Timer]\nEOF\n";
    let inventory = scan_of(&[("setup.sh", text)]);
    let wanted = ["backup.timer 7 loadable [0 3 * * * UTC] [schedule]", "poll.timer 14 declared [] []"];
    assert_eq!(shown(&inventory), wanted);
    assert_eq!(rules(&inventory, "setup.sh"), [("script-computed", 14)]);
}

#[test]
fn python_loops_and_triggers_are_known() {
    let text = "import time\nwhile True:\n    run()\n    time.sleep(5 * 60)\n\nwhile True:\n    if x: \n        break\n    time.sleep(1)\n";
    assert_eq!(one("a.py", text), ["loop 2 loadable [] [every 300s]"]);
    let text = "s.add_job(f, CronTrigger.from_crontab('0 3 * * *', timezone='UTC'))\n";
    assert_eq!(one("a.py", text), ["f 1 loadable [0 3 * * * UTC] [schedule]"]);
}

#[test]
fn an_interval_counts_in_a_program_that_nothing_imports() {
    let text = "import { x } from './x.js';\nfunction go() {\n  setInterval(() => { f(1, 2); }, 5 * 60 * 1000);\n}\n";
    assert_eq!(one("workers/poll.js", text), ["interval 3 loadable [] [every 300s]"]);
    assert_eq!(
        shown(&scan_of(&[("workers/poll.js", text), ("app.js", "import './workers/poll.js';")])),
        Vec::<String>::new()
    );
    assert_eq!(one("workers/poll.js", &text.replace("1000", "n")), Vec::<String>::new());
    let module = format!("{text}module.exports = go;\n");
    assert_eq!(one("workers/poll.js", &module), Vec::<String>::new());
    let program = format!("if (require.main === module) go();\n{module}");
    assert_eq!(one("workers/poll.js", &program), ["interval 4 loadable [] [every 300s]"]);
}

#[test]
fn of_a_file_with_thousands_of_tasks_the_rest_is_left_out() {
    let shell = "while true; do\n".repeat(60_000);
    let code = format!("import 'node-cron';\n{}", "schedule(schedule(x);\n".repeat(40_000));
    let sql: String =
        (0..20_000).map(|n| format!("select cron.schedule('a{n}', '0 0 * * *', 'b');\n")).collect();
    let inventory = scan_of(&[("a.sh", &shell), ("b.js", &code), ("c.sql", &sql)]);
    let most = crate::limits::MAX_TASKS_OF_A_FILE;
    assert_eq!(inventory.automations.len(), most);
    for path in ["a.sh", "b.js", "c.sql"] {
        let said = rules(&inventory, path).iter().filter(|(rule, _)| *rule == "too-many-tasks").count();
        assert_eq!(said, 1, "{path}");
    }
}
