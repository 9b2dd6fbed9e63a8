//! Libraries of JavaScript: zones, queues, Bree, and what starts a job.

use super::{one, shown};
use crate::tests::{rules, scan_of};

#[test]
fn a_zone_is_looked_up_like_its_expression() {
    let node = "import cron from 'node-cron';";
    let cases = [
        ("const TZ = 'Asia/Tokyo';", "cron.schedule('0 1 * * *', f, { timezone: TZ });", "Asia/Tokyo"),
        ("", "cron.schedule('0 1 * * *', f, { timezone: process.env.TZ || 'Europe/Rome' });", "Europe/Rome"),
        ("const timezone = 'UTC';", "cron.schedule('0 1 * * *', f, { timezone });", "UTC"),
        ("const OPT = { timezone: 'UTC' };", "cron.schedule('0 1 * * *', f, OPT);", "UTC"),
        ("const OPT = { timezone: 'UTC' };", "cron.schedule('0 1 * * *', f, { ...OPT, name: 'x' });", "UTC"),
        ("const config = { tz: 'UTC' };", "cron.schedule('0 1 * * *', f, { timezone: config.tz });", "UTC"),
        ("", "cron.schedule('0 1 * * *', f, { timezone: undefined });", "local"),
        ("", "cron.schedule('0 1 * * *', f, { name: 'x' });", "local"),
    ];
    for (head, call, zone) in cases {
        let wanted = format!("f 3 loadable [0 1 * * * {zone}] [schedule]");
        assert_eq!(one("a.js", &format!("{node}\n{head}\n{call}\n")), [wanted], "{head} {call}");
    }
    for call in [
        "cron.schedule('0 1 * * *', f, { timezone: config.tz });",
        "cron.schedule('0 1 * * *', f, { timezone: TZ });",
        "cron.schedule('0 1 * * *', f, options);",
        "cron.schedule('0 1 * * *', f, { ...options });",
    ] {
        let inventory =
            scan_of(&[("a.js", &format!("{node}\nimport {{ TZ, options }} from './x';\n{call}\n"))]);
        assert_eq!(shown(&inventory), ["f 3 loadable [] [schedule;0 1 * * *]"], "{call}");
        assert_eq!(rules(&inventory, "a.js"), [("script-zone-computed", 3)], "{call}");
    }
    let job = "import { CronJob } from 'cron';\nconst TZ = 'UTC';\nnew CronJob('0 7 * * *', () => {}, null, true, TZ);\n";
    assert_eq!(one("a.js", job), ["task 3 loadable [0 7 * * * UTC] [schedule]"]);
    let offset = "import { CronJob } from 'cron';\n\nnew CronJob('0 7 * * *', f, null, true, null, null, false, 120);\n";
    assert_eq!(one("a.js", offset), ["f 3 loadable [] [schedule;0 7 * * *]"]);
}

#[test]
fn repeated_jobs_of_queues_are_read_as_calls() {
    let cases = [
        (
            "const P = '0 3 * * *';",
            "await q.upsertJobScheduler('x', { pattern: P, tz: 'UTC' }, {});",
            "x 3 loadable [0 3 * * * UTC] [schedule]",
        ),
        (
            "const pattern = process.env.X || '0 2 * * *', tz = 'UTC';",
            "await q.upsertJobScheduler('x', { pattern, tz });",
            "x 3 loadable [0 2 * * * UTC] [schedule]",
        ),
        (
            "const P = '0 3 * * *';",
            "await q.add('x', {}, { repeat: { pattern: P } });",
            "x 3 loadable [0 3 * * * local] [schedule]",
        ),
        (
            "const EVERY = { every: 60_000 };",
            "await q.upsertJobScheduler('x', EVERY, {});",
            "x 3 loadable [] [every 60s]",
        ),
        (
            "import { P } from './p';",
            "await q.upsertJobScheduler('x', { pattern: P });",
            "x 3 loadable [] [schedule]",
        ),
        ("import { P } from './p';", "await q.upsertJobScheduler('x', P);", "x 3 loadable [] [schedule]"),
        (
            "",
            "await q.upsertJobScheduler('x', { pattern: '5 3 * * *', tz: 'Europe/Moscow' });",
            "x 3 loadable [5 3 * * * Europe/Moscow] [schedule]",
        ),
        (
            "",
            "await q.add({ a: 1 }, { repeat: { cron: '1 3 * * *' } });",
            "task 3 loadable [1 3 * * * local] [schedule]",
        ),
        (
            "",
            "await q.addBulk([{ name: 'n', data: {}, opts: { repeat: { pattern: '1 3 * * *' } } }]);",
            "n 3 loadable [1 3 * * * local] [schedule]",
        ),
        (
            "const OPT = { repeat: { every: 5000 } };",
            "await q.add('x', {}, OPT);",
            "x 3 loadable [] [every 5s]",
        ),
    ];
    for (head, call, wanted) in cases {
        let text = format!("import {{ Queue }} from 'bullmq';\n{head}\n{call}\n");
        assert_eq!(one("a.ts", &text), [wanted], "{call}");
    }
    for call in [
        "await q.removeRepeatable('rep', { pattern: '9 9 * * *' });",
        "await q.removeRepeatable('rep', { repeat: { pattern: '9 9 * * *' } });",
        "await q.add('x', {});",
        "match({ pattern: '0 3 * * *' });",
    ] {
        let text = format!("import {{ Queue }} from 'bullmq';\n{call}\n");
        assert_eq!(one("a.ts", &text), Vec::<String>::new(), "{call}");
    }
}

#[test]
fn jobs_of_bree_have_intervals_too() {
    let cases = [
        ("{ name: 'email', interval: 'at 12:00 am' }", "email 2 loadable [0 0 * * * local] [schedule]"),
        ("{ name: 'y', interval: '5m' }", "y 2 loadable [] [every 5m]"),
        ("{ name: 'y', interval: 'every 2 minutes', timeout: 0 }", "y 2 loadable [] [every 2 minutes]"),
        ("{ name: 'y', interval: 60 * 1000 }", "y 2 loadable [] [every 60s]"),
        (
            "{ name: 'y', interval: 'on the last day of the month' }",
            "y 2 loadable [] [schedule;on the last day of the month]",
        ),
        ("{ name: 'y', cron: CRON }", "y 2 loadable [] [schedule]"),
        ("{ name: 'y', cron: '0 1 * * *', timezone: 'UTC' }", "y 2 loadable [0 1 * * * UTC] [schedule]"),
    ];
    for (job, wanted) in cases {
        let text = format!("import Bree from 'bree';\nnew Bree({{ jobs: ['once', {job}] }}).start();\n");
        assert_eq!(one("a.js", &text), [wanted], "{job}");
    }
    let of_all = "import Bree from 'bree';\nnew Bree({ timezone: 'UTC', jobs: [{ name: 'a', cron: '0 1 * * *' }, { name: 'b', timeout: '1m' }] });\n";
    assert_eq!(one("a.js", of_all), ["a 2 loadable [0 1 * * * UTC] [schedule]"]);
}

#[test]
fn a_job_that_nobody_holds_is_not_started_by_another() {
    let job = "import { CronJob } from 'cron';";
    let node = "import cron from 'node-cron';";
    let croner = "import { Cron } from 'croner';";
    let off = [
        format!("{job}\nnew CronJob('0 0 * * *', f); server.start();"),
        format!("{job}\nboot()\nnew CronJob('0 0 * * *', f)\nserver.start()"),
        format!("{job}\nconst a: CronJob = new CronJob('0 0 * * *', f); server.start();"),
        format!("{node}\ncron.schedule('0 0 * * *', f, {{ scheduled: false }}); server.start();"),
        format!("{croner}\nnew Cron('0 0 * * *', {{ paused: true }}, f); bree.start();"),
    ];
    for text in off {
        let inventory = scan_of(&[("a.ts", &text)]);
        assert_eq!(
            rules(&inventory, "a.ts").first().map(|(rule, _)| *rule),
            Some("script-not-started"),
            "{text}"
        );
    }
    let on = [
        format!("{job}\njobs.push(new CronJob('0 0 * * *', f)); jobs.forEach((one) => one.start());"),
        format!("{job}\nconst a: CronJob = new CronJob('0 0 * * *', f); a.start();"),
        format!("{job}\nclass A {{ go() {{ this.job = new CronJob('0 0 * * *', f); this.job.start(); }} }}"),
        format!("{job}\nnew CronJob('0 0 * * *', f, null, config.on);"),
        format!("{job}\nfunction plan() {{ return new CronJob('0 0 * * *', f); }} plan().start();"),
        format!("{node}\nthis.cron.schedule('0 0 * * *', f, {{ scheduled: isOn }});"),
    ];
    for text in on {
        let inventory = scan_of(&[("a.ts", &text)]);
        assert_eq!((rules(&inventory, "a.ts"), inventory.automations.len()), (vec![], 1), "{text}");
    }
}

#[test]
fn croner_that_only_counts_is_no_job() {
    for text in [
        "Cron('0 11 * * *').nextRun();",
        "const a = new Cron('0 11 * * *', { timezone: 'UTC' });\na.msToNext();",
    ] {
        assert_eq!(
            one("a.js", &format!("import {{ Cron }} from 'croner';\n{text}\n")),
            Vec::<String>::new(),
            "{text}"
        );
    }
    for text in ["Cron('0 11 * * *').schedule(f);", "const a = Cron('0 11 * * *'); a.schedule(f);"] {
        let seen = one("a.js", &format!("import {{ Cron }} from 'croner';\n{text}\n"));
        assert_eq!(seen, ["task 2 loadable [0 11 * * * local] [schedule]"], "{text}");
    }
}
