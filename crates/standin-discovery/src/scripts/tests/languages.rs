//! Libraries and frameworks of other languages than JavaScript.

use super::{one, shown};
use crate::tests::{rules, scan_of, standing};

#[test]
fn celery_and_huey_are_read_with_their_zone() {
    let text = "from celery import Celery\nfrom celery.schedules import crontab\napp = Celery('x')\n\
                app.conf.timezone = 'Europe/Berlin'\napp.conf.beat_schedule = {\n    'nightly': {\n        'task': 'a.b',\n\
                \x20       'schedule': crontab(minute=0, hour='3,15', day_of_week='mon-friday'),\n    },\n\
                \x20   # 'no': {'schedule': crontab()},\n    'often': {'task': 'c', 'schedule': 30.0},\n\
                \x20   'both': {'task': 'd', 'schedule': crontab(0, 0, day_of_month='1', day_of_week='sun')},\n\
                \x20   'span': {'task': 'e', 'schedule': timedelta(minutes=5)},\n    'late': {'task': 'f', 'schedule': EVERY},\n}\n\
                @app.on_after_configure.connect\ndef setup(sender, **kw):\n    sender.add_periodic_task(crontab(minute='*/10'), tidy.s(), name='tidy')\n";
    let wanted = [
        "both 12 loadable [] [schedule;0 0 1 * sun]",
        "late 14 loadable [] [schedule]",
        "nightly 8 loadable [0 3,15 * * mon-fri Europe/Berlin] [schedule]",
        "often 11 loadable [] [every 30s]",
        "span 13 loadable [] [every 5 minutes]",
        "tidy 18 loadable [*/10 * * * * Europe/Berlin] [schedule]",
    ];
    assert_eq!(one("shop/celery.py", text), wanted);
    let files = [
        ("shop/celery.py", text),
        ("docker-compose.yml", "services:\n  beat:\n    command: celery -A shop beat\n"),
    ];
    let inventory = scan_of(&files);
    assert_eq!(standing(&inventory, "script:shop/celery.py#nightly"), ("effective".into(), ""));
    let huey = "from huey import crontab\n@huey.periodic_task(crontab(minute='0', hour='3'))\n@lock\ndef sweep():\n    pass\n";
    assert_eq!(one("tasks.py", huey), ["sweep 2 loadable [0 3 * * * UTC] [schedule]"]);
}

#[test]
fn apscheduler_fills_its_fields_in() {
    let head = "from apscheduler.schedulers.background import BackgroundScheduler\n";
    let cases = [
        ("s.add_job(run, 'cron', hour=3)", "run 2 loadable [0 3 * * * local] [schedule]"),
        (
            "s.add_job(run, trigger='cron', day_of_week='mon-fri', hour='8', timezone='UTC', id='x')",
            "run 2 loadable [0 8 * * mon-fri UTC] [schedule]",
        ),
        ("s.add_job(run, 'cron', day_of_week=0, hour=1)", "run 2 loadable [0 1 * * mon local] [schedule]"),
        ("s.add_job(a.run, 'interval', minutes=5)", "run 2 loadable [] [every 5 minutes]"),
        ("s.add_job(run, CronTrigger(day=1), id='x')", "run 2 loadable [0 0 1 * * local] [schedule]"),
        (
            "s.add_job(run, CronTrigger.from_crontab('0 3 * * 0'))",
            "run 2 loadable [0 3 * * mon local] [schedule]",
        ),
        (
            "s.add_job(run, 'cron', hour=4, timezone=ROME); ROME = ZoneInfo('Europe/Rome')",
            "run 2 loadable [0 4 * * * Europe/Rome] [schedule]",
        ),
        ("s.add_job(run, 'cron', hour=4, timezone=zone())", "run 2 loadable [] [schedule;0 4 * * *]"),
        ("s.add_job(run, 'cron', hour=HOUR)", "run 2 loadable [] [schedule]"),
        ("s.add_job(run, 'cron', second='*/5')", "run 2 loadable [] [schedule;second=*/5]"),
        ("@s.scheduled_job('cron', hour=2)\ndef job(): pass", "job 2 loadable [0 2 * * * local] [schedule]"),
    ];
    for (text, wanted) in cases {
        assert_eq!(one("jobs.py", &format!("{head}{text}\n")), [wanted], "{text}");
    }
    assert_eq!(
        one("jobs.py", &format!("{head}s.add_job(run, 'date', run_date=x)\nqueue.add_job(a, b)\n")),
        Vec::<String>::new()
    );
}

#[test]
fn a_job_of_apscheduler_takes_the_zone_of_its_scheduler() {
    let of = |zone: &str| format!("f 3 loadable [0 1 * * * {zone}] [schedule]");
    let cases = [
        (
            "s = BlockingScheduler(timezone='Europe/Berlin')\ns.add_job(f, 'cron', hour=1)",
            of("Europe/Berlin"),
        ),
        ("s = BlockingScheduler({'apscheduler.timezone': 'UTC'})\ns.add_job(f, 'cron', hour=1)", of("UTC")),
        ("s = BlockingScheduler(); s.configure(timezone=utc)\ns.add_job(f, 'cron', hour=1)", of("UTC")),
        ("s = BlockingScheduler(timezone='UTC')\ns.add_job(f, CronTrigger(hour=1))", of("local")),
        (
            "s = BlockingScheduler(timezone='UTC')\ns.add_job(f, 'cron', hour=1, timezone='Asia/Tokyo')",
            of("Asia/Tokyo"),
        ),
        (
            "s = BlockingScheduler(timezone=os.environ['TZ'])\ns.add_job(f, 'cron', hour=1)",
            "f 3 loadable [] [schedule;0 1 * * *]".to_owned(),
        ),
        ("\ns.add_job(f, 'cron', hour=1, timezone=os.environ.get('TZ', 'UTC'))", of("UTC")),
    ];
    for (text, wanted) in cases {
        let whole = format!("import apscheduler\n{text}\n");
        assert_eq!(one("jobs.py", &whole), [wanted], "{text}");
    }
    let inventory = scan_of(&[(
        "a.py",
        "import apscheduler\ns.add_job(f, 'cron', hour=1, timezone=os.environ.get('TZ', 'UTC'))\n",
    )]);
    assert_eq!(rules(&inventory, "a.py"), [("script-by-default", 2)]);
    let inventory =
        scan_of(&[("a.py", "import apscheduler\ns.add_job(f, 'cron', hour=1, timezone=zone())\n")]);
    assert_eq!(rules(&inventory, "a.py"), [("script-zone-computed", 2)]);
}

#[test]
fn triggers_of_apscheduler_are_followed() {
    let cases = [
        ("t = IntervalTrigger(seconds=5)\ns.add_job(f, t)", "f 3 loadable [] [every 5 seconds]"),
        ("t = CronTrigger(hour=3)\ns.add_job(f, t)", "f 3 loadable [0 3 * * * local] [schedule]"),
        ("\ns.add_job(lambda: f(), 'cron', hour=4)", "f 3 loadable [0 4 * * * local] [schedule]"),
        (
            "\ns.add_job(f, OrTrigger([CronTrigger(day_of_week='sat', hour=9), CronTrigger(hour=3)]))",
            "f 3 loadable [0 9 * * sat local;0 3 * * * local] [schedule]",
        ),
        ("\ns.add_job(f, 'cron', day='last fri', hour=3)", "f 3 loadable [] [schedule;day=last fri hour=3]"),
        ("\ns.add_job(f, 'cron', day='2nd mon')", "f 3 loadable [] [schedule;day=2nd mon]"),
        ("\ns.add_job(f, 'cron', day='last')", "f 3 loadable [] [schedule;day=last]"),
        ("HOUR = 3\ns.add_job(f, 'cron', hour=HOUR)", "f 3 loadable [0 3 * * * local] [schedule]"),
        ("EVERY = 5\ns.add_job(f, 'interval', minutes=EVERY)", "f 3 loadable [] [every 5 minutes]"),
        ("\ns.add_job(f, trigger=made())", "f 3 loadable [] [schedule]"),
    ];
    for (text, wanted) in cases {
        assert_eq!(one("jobs.py", &format!("import apscheduler\n{text}\n")), [wanted], "{text}");
    }
}

#[test]
fn spans_of_celery_are_calculated_and_never_guessed() {
    let cases = [
        ("HOUR = 60 * 60", "6 * HOUR", "[every 21600s]"),
        ("DAY = 86400", "DAY", "[every 86400s]"),
        ("from a import settings", "5 * settings.X", "[schedule]"),
        ("", "30 if settings.DEBUG else 3600", "[schedule]"),
        ("", "24 * 60 * 60 + 30", "[every 86430s]"),
        ("MIN = 5", "timedelta(minutes=MIN)", "[every 5 minutes]"),
        ("EVERY = timedelta(hours=2)", "EVERY", "[every 2 hours]"),
        ("", "timedelta(minutes=5).total_seconds()", "[every 5 minutes]"),
    ];
    for (head, schedule, wanted) in cases {
        let text = format!(
            "from celery import Celery\n{head}\napp.conf.beat_schedule = {{'a': {{'task': 't', 'schedule': {schedule}}}}}\n"
        );
        assert_eq!(one("a.py", &text), [format!("a 3 loadable [] {wanted}")], "{schedule}");
    }
    let zone = |zone: &str| {
        format!(
            "from celery import Celery\napp.conf.timezone = {zone}\napp.conf.beat_schedule = {{'a': {{'task': 't', 'schedule': crontab(minute=M)}}}}\nM = 5\n"
        )
    };
    let default = zone("os.getenv('TZ', 'Europe/Rome')");
    assert_eq!(one("a.py", &default), ["a 3 loadable [5 * * * * Europe/Rome] [schedule]"]);
    assert_eq!(one("a.py", &zone("os.environ['TZ']")), ["a 3 loadable [] [schedule;5 * * * *]"]);
}

#[test]
fn pythons_schedule_is_known_however_it_is_imported() {
    let day = "job 2 loadable [30 10 * * * local] [schedule]";
    let cases = [
        ("import sys, time, schedule\nschedule.every().day.at('10:30').do(job)", day),
        ("import time as t, schedule as s\ns.every().day.at('10:30').do(job)", day),
        ("from schedule import every, repeat\n@repeat(every().day.at('10:30'))\ndef job(): pass", day),
        (
            "import schedule\n@schedule.repeat(schedule.every(10).minutes)\ndef job(): pass",
            "job 2 loadable [] [every 10 minutes]",
        ),
        ("import schedule\nschedule.every(5).to(10).days.do(job)", "job 2 loadable [] [every 5 to 10 days]"),
        (
            "import schedule\nschedule.every().day.at(AT, TZ).do(job); AT = '10:30'; TZ = 'UTC'",
            "job 2 loadable [30 10 * * * UTC] [schedule]",
        ),
        ("import schedule\nschedule.every(N).hours.do(job); N = 2 * 2", "job 2 loadable [] [every 4 hours]"),
    ];
    for (text, wanted) in cases {
        assert_eq!(one("a.py", &format!("{text}\n")), [wanted], "{text}");
    }
    let other = "import time\nfrom .schedule import x\na.every().day.do(job)\n";
    assert_eq!(one("a.py", other), Vec::<String>::new());
}

#[test]
fn airflow_and_the_others_of_python() {
    let cases = [
        (
            "from airflow import DAG\nwith DAG('etl', schedule_interval='@daily') as d: pass",
            "etl 2 loadable [@daily UTC] [schedule]",
        ),
        (
            "from airflow.decorators import dag\n@dag(schedule='0 6 * * *', start_date=pendulum.datetime(2024, 1, 1, tz='Europe/Paris'))\ndef etl(): pass",
            "etl 2 loadable [0 6 * * * Europe/Paris] [schedule]",
        ),
        (
            "from airflow import DAG\nDAG(dag_id='x', schedule=timedelta(hours=2))",
            "x 2 loadable [] [every 2 hours]",
        ),
        (
            "import schedule\nschedule.every().day.at('10:30').do(job)",
            "job 2 loadable [30 10 * * * local] [schedule]",
        ),
        ("import schedule\nschedule.every(10).minutes.do(job, 1)", "job 2 loadable [] [every 10 minutes]"),
        (
            "import schedule\nschedule.every().monday.at('08:00', 'UTC').do(job)",
            "job 2 loadable [0 8 * * 1 UTC] [schedule]",
        ),
        (
            "from discord.ext import tasks\n@tasks.loop(minutes=5)\nasync def poll(): pass",
            "poll 2 loadable [] [every 5 minutes]",
        ),
        (
            "import azure.functions as func\n@app.timer_trigger(schedule='0 */5 * * * *', arg_name='t')\ndef tick(t): pass",
            "tick 2 effective [*/5 * * * * UTC] [schedule]",
        ),
        (
            "CRONJOBS = [\n ('*/5 * * * *', 'app.cron.job'),\n]",
            "job 2 loadable [*/5 * * * * local] [schedule]",
        ),
        (
            "from dagster import ScheduleDefinition\nScheduleDefinition(name='n', cron_schedule='0 0 * * *')",
            "n 2 loadable [0 0 * * * UTC] [schedule]",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(one("app/jobs.py", &format!("{text}\n")), [wanted], "{text}");
    }
    for text in [
        "from airflow import DAG\nDAG('x', schedule=None)\n",
        "import airflow\nDAG('x', schedule='@once')\n",
        "while True:\n    time.sleep(1)\n",
    ] {
        assert_eq!(one("app/jobs.py", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn spring_needs_to_be_told() {
    let text = "package com.example.demo;\nimport org.springframework.scheduling.annotation.Scheduled;\nclass Jobs {\n\
                \x20 // @Scheduled(cron = \"0 0 1 * * *\")\n  @Scheduled(cron = \"0 30 2 * * ?\", zone = \"UTC\")\n  @Transactional\n  public void tidy() {}\n\
                \x20 @Scheduled(fixedRate = 5 * 60 * 1000)\n  void poll() {}\n  @Scheduled(cron = \"${a.b:0 0 4 * * MON}\")\n  void mail() {}\n\
                \x20 @Scheduled(cron = \"${a.b}\")\n  void none() {}\n  @Scheduled(cron = \"-\")\n  void off() {}\n}\n";
    let path = "src/main/java/com/example/demo/Jobs.java";
    let app = "@EnableScheduling\nclass App {}\n";
    let inventory = scan_of(&[(path, text), ("src/main/java/com/example/demo/App.java", app)]);
    let wanted = [
        "mail 10 loadable [0 4 * * MON local] [schedule]",
        "none 12 loadable [] [schedule]",
        "poll 8 loadable [] [every 300s]",
        "tidy 5 loadable [30 2 * * * UTC] [schedule]",
    ];
    assert_eq!(shown(&inventory), wanted);
    assert_eq!(rules(&inventory, path), [("script-by-default", 10), ("script-computed", 12)]);
    let said = rules(&scan_of(&[(path, text)]), path)
        .iter()
        .filter(|(rule, _)| *rule == "script-not-enabled")
        .count();
    assert_eq!(said, 4);
}

#[test]
fn spans_of_spring_are_read_from_texts() {
    let path = "src/main/java/com/example/demo/Jobs.java";
    let cases = [
        ("fixedRateString = \"60000\"", "[every 60s]"),
        ("fixedRateString = \"5\", timeUnit = TimeUnit.MINUTES", "[every 5 minutes]"),
        ("fixedDelayString = \"${x.delay:5000}\"", "[every 5s]"),
        ("fixedDelayString = \"PT5M\"", "[every PT5M]"),
        ("fixedDelayString = \"${x.delay}\"", "[schedule]"),
        ("cron = \"${x.cron:-}\"", "[schedule]"),
    ];
    for (given, wanted) in cases {
        let text = format!(
            "import org.springframework.scheduling.annotation.Scheduled;\n@EnableScheduling class A {{\n @Scheduled({given})\n void go() {{}}\n}}\n"
        );
        assert_eq!(one(path, &text), [format!("go 3 loadable [] {wanted}")], "{given}");
    }
}

#[test]
fn each_scheduler_of_go_has_its_own_zone_and_seconds() {
    let head = "package x\nimport \"github.com/robfig/cron/v3\"\n";
    let cases = [
        ("c := cron.New(cron.WithLocation(time.UTC))", "0 4 * * * UTC", "schedule"),
        (
            "loc, _ := time.LoadLocation(\"America/New_York\"); c := cron.New(cron.WithLocation(loc))",
            "0 4 * * * America/New_York",
            "schedule",
        ),
        ("c := cron.New()", "0 4 * * * local", "schedule"),
        ("c := cron.New(); d := cron.New(cron.WithSeconds())", "0 4 * * * local", "schedule"),
        ("c := cron.New(cron.WithLocation(zone()))", "", "schedule;0 4 * * *"),
        ("c := cron.New(options...)", "", "schedule;0 4 * * *"),
    ];
    for (made, schedule, triggers) in cases {
        let text = format!("{head}func f() {{\n {made}\n c.AddFunc(\"0 4 * * *\", tidy)\n}}\n");
        assert_eq!(one("a.go", &text), [format!("tidy 5 loadable [{schedule}] [{triggers}]")], "{made}");
    }
    let gocron = "package x\nimport \"github.com/go-co-op/gocron/v2\"\nfunc f() {\n s, _ := gocron.NewScheduler(gocron.WithLocation(time.UTC))\n\
                  s.NewJob(gocron.DailyJob(1, gocron.NewAtTimes(gocron.NewAtTime(10, 30, 0))), gocron.NewTask(tidy))\n\
                  s.NewJob(gocron.WeeklyJob(1, gocron.NewWeekdays(time.Monday, time.Friday), gocron.NewAtTimes(gocron.NewAtTime(9, 0, 0))), gocron.NewTask(mail))\n\
                  s.NewJob(gocron.DailyJob(3, gocron.NewAtTimes(gocron.NewAtTime(1, 0, 0))), gocron.NewTask(walk))\n}\n";
    let wanted = [
        "mail 6 loadable [0 9 * * 1,5 UTC] [schedule]",
        "tidy 5 loadable [30 10 * * * UTC] [schedule]",
        "walk 7 loadable [] [every 3 days]",
    ];
    assert_eq!(one("a.go", gocron), wanted);
}

#[test]
fn laravel_ruby_and_go() {
    let head = "<?php\nuse Illuminate\\Support\\Facades\\Schedule;\n";
    let cases = [
        (
            "Schedule::command('a:b --x')->dailyAt('13:05')->timezone('Europe/Rome');",
            "a:b 3 loadable [5 13 * * * Europe/Rome] [schedule]",
        ),
        ("$schedule->command('a')->weekdays()->at('8:00');", "a 3 loadable [0 8 * * 1-5 UTC] [schedule]"),
        (
            "$schedule->job(new App\\Jobs\\Tidy)->everyFiveMinutes()->withoutOverlapping();",
            "Tidy 3 loadable [*/5 * * * * UTC] [schedule]",
        ),
        (
            "$schedule->call(function () { x(); })->weeklyOn(1, '8:00');",
            "call 3 loadable [0 8 * * 1 UTC] [schedule]",
        ),
        (
            "$schedule->command('a')->cron('0 */2 * * *')->when(fn () => true);",
            "a 3 loadable [0 */2 * * * UTC] [schedule;conditional]",
        ),
        ("$schedule->command('a')->everyTenSeconds();", "a 3 loadable [] [every TenSeconds]"),
        ("$schedule->command('a')->cron($when);", "a 3 loadable [] [schedule]"),
    ];
    for (text, wanted) in cases {
        assert_eq!(one("routes/console.php", &format!("{head}{text}\n")), [wanted], "{text}");
    }
    assert_eq!(
        one("routes/console.php", &format!("{head}// $schedule->command('a')->daily();\n")),
        Vec::<String>::new()
    );
    let ruby = "set :output, 'x'\nevery 1.day, at: '4:30 am' do\n  runner 'User.tidy'\nend\nevery :sunday, :at => '12pm' do\n  rake 'mail:send'\nend\n\
                every '0 0 27-31 * *' do\n  command 'x'\nend\nevery 3.hours do\n  rake 'a'\nend\n# every 2.hours do\n";
    let wanted = [
        "User.tidy 2 loadable [30 4 * * * local] [schedule]",
        "a 11 loadable [0 */3 * * * local] [schedule]",
        "mail:send 5 loadable [0 12 * * 0 local] [schedule]",
        "x 8 loadable [0 0 27-31 * * local] [schedule]",
    ];
    assert_eq!(one("config/schedule.rb", ruby), wanted);
    let go = "package x\nimport \"github.com/robfig/cron/v3\"\nfunc f() {\n c := cron.New()\n // c.AddFunc(\"* * * * *\", no)\n\
              \x20c.AddFunc(\"CRON_TZ=UTC 0 4 * * ?\", tidy)\n c.AddFunc(\"@every 1h\", func() {})\n m.AddFunc(\"text/html\", x)\n}\n";
    let wanted = ["task 7 loadable [] [every 1h]", "tidy 6 loadable [0 4 * * * UTC] [schedule]"];
    assert_eq!(one("jobs/cron.go", go), wanted);
}

#[test]
fn firebase_counts_where_it_is_deployed() {
    let text = "import * as functions from 'firebase-functions';\nexport const daily = functions.pubsub.schedule('every day 09:00').timeZone('Asia/Tokyo').onRun(f);\n\
                export const often = onSchedule({ schedule: 'every 5 minutes' }, f);\nexports.utc = onSchedule('0 3 * * *', f);\n";
    let inventory = scan_of(&[("functions/index.ts", text), ("firebase.json", "{}")]);
    let wanted = [
        "daily 2 effective [0 9 * * * Asia/Tokyo] [schedule]",
        "often 3 effective [] [every 5 minutes]",
        "utc 4 effective [0 3 * * * UTC] [schedule]",
    ];
    assert_eq!(shown(&inventory), wanted);
    assert!(one("functions/index.ts", text).iter().all(|line| line.contains("loadable")));
}

#[test]
fn what_stands_aside_is_no_automation() {
    let text = "import cron from 'node-cron';\ncron.schedule('* * * * *', x);";
    for folder in ["docs", "examples/a", "vendor/b", "lib/third_party"] {
        assert_eq!(one(&format!("{folder}/jobs.js"), text), Vec::<String>::new(), "{folder}");
    }
}

#[test]
fn words_of_ruby_and_methods_of_laravel_are_read() {
    let whenever = [
        (
            "every 1.day, at: ['4:30 am', '6:00 pm'] do\n  rake 'a'\nend\n",
            "a 1 loadable [30 4 * * * local;0 18 * * * local] [schedule]",
        ),
        (
            "every 1.day, at: '5:30 am, 7:30 pm' do\n  rake 'a'\nend\n",
            "a 1 loadable [30 5,19 * * * local] [schedule]",
        ),
        (
            "every 1.month, at: 'start of the month at 3am' do\n  rake 'a'\nend\n",
            "a 1 loadable [0 3 1 * * local] [schedule]",
        ),
        (
            "every [:monday, :friday], at: '5:00' do\n  rake 'a'\nend\n",
            "a 1 loadable [0 5 * * 1,5 local] [schedule]",
        ),
        ("every :monday, at: 'noonish' do\n  rake 'a'\nend\n", "a 1 loadable [] [schedule;at noonish]"),
    ];
    for (text, wanted) in whenever {
        assert_eq!(one("config/schedule.rb", text), [wanted], "{text}");
    }
    let clock = "require 'clockwork'\nevery(1.week, 'w', at: 'Monday 10:00', tz: 'UTC') { }\nevery(1.hour, 'h', at: '**:30') { }\n";
    assert_eq!(
        one("lib/clock.rb", clock),
        ["h 3 loadable [30 * * * * local] [schedule]", "w 2 loadable [0 10 * * 1 UTC] [schedule]"]
    );
    let laravel = [
        ("twiceDailyAt(1, 13, 15)", "15 1,13 * * *"),
        ("yearlyOn(6, 1, '17:00')", "0 17 1 6 *"),
        ("twiceMonthly(1, 16, '13:00')", "0 13 1,16 * *"),
        ("quarterlyOn(4, '14:00')", "0 14 4 1-12/3 *"),
        ("days([1, 3])->at('4:00')", "0 4 * * 1,3"),
        ("days([Schedule::MONDAY, 3])->at('4:00')", "0 4 * * 1,3"),
        ("cron(env('CRON', '*/5 * * * *'))", "*/5 * * * *"),
    ];
    for (methods, fields) in laravel {
        let text = format!(
            "<?php\nuse Illuminate\\Console\\Scheduling\\Schedule;\n$schedule->command('a')->{methods};\n"
        );
        assert_eq!(
            one("app/Console/Kernel.php", &text),
            [format!("a 3 loadable [{fields} UTC] [schedule]")],
            "{methods}"
        );
    }
    let celery = "from celery import Celery\napp.conf.beat_schedule = {'early': {'task': 'a', 'schedule': crontab(minute=1)}}\napp.conf.beat_schedule[\"late\"] = {'task': 'b', 'schedule': crontab(minute=2)}\n";
    assert_eq!(
        one("a.py", celery),
        ["early 2 loadable [1 * * * * UTC] [schedule]", "late 3 loadable [2 * * * * UTC] [schedule]"]
    );
}
