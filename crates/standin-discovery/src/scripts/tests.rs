use standin_core::automation::Inventory;

use crate::tests::{rules, scan_of, standing};

mod languages;

/// Name, line, state, schedules and triggers of each automation.
fn shown(inventory: &Inventory) -> Vec<String> {
    let line = |a: &standin_core::automation::Automation| {
        let when: Vec<String> = a.schedules.iter().map(|s| format!("{} {}", s.cron, s.timezone)).collect();
        format!("{} {} {} [{}] [{}]", a.name, a.source.line, a.state, when.join(";"), a.triggers.join(";"))
    };
    inventory.automations.iter().map(line).collect()
}

fn one(path: &str, text: &str) -> Vec<String> {
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
            "run 2 loadable [0 4 * * * local] [schedule]",
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
            "task 3 loadable [0 1 * * * local] [schedule]",
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
        ("cron.schedule(EVERY, x);", "script-computed", 2, "declared"),
        ("cron.schedule(`*/${n} * * * *`, x);", "script-computed", 2, "declared"),
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
    let sql = "select cron.schedule('a', '0 0 * * *', 'b');\n".repeat(20_000);
    let inventory = scan_of(&[("a.sh", &shell), ("b.js", &code), ("c.sql", &sql)]);
    let most = crate::limits::MAX_TASKS_OF_A_FILE;
    assert_eq!(inventory.automations.len(), most);
    for path in ["a.sh", "b.js", "c.sql"] {
        let said = rules(&inventory, path).iter().filter(|(rule, _)| *rule == "too-many-tasks").count();
        assert_eq!(said, 1, "{path}");
    }
}
