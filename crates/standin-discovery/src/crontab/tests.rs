use standin_core::automation::Inventory;

use super::command;
use crate::tests::{rules, scan_of, standing};

fn crontab(text: &str) -> Inventory {
    scan_of(&[("ops/crontab", text)])
}

#[test]
fn lines_become_automations_with_their_zone_and_line() {
    let text = "# m h\nMAILTO = \"ops@example.org\"\n0 3 * * * /opt/backup.sh --full\n\nCRON_TZ=Europe/Berlin\n\
                @daily cd /srv && npm run digest >> log 2>&1\n@reboot /opt/warm\n";
    let inventory = crontab(text);
    let seen: Vec<(String, u32, String, &str)> = inventory
        .automations
        .iter()
        .map(|a| {
            let when = a.schedules.first().map_or(String::new(), |s| format!("{} {}", s.cron, s.timezone));
            (a.id.to_string(), a.source.line, when, a.triggers[0].as_str())
        })
        .collect();
    let expected = [
        ("crontab:ops/crontab#backup.sh".into(), 3, "0 3 * * * local".into(), "schedule"),
        ("crontab:ops/crontab#digest".into(), 6, "@daily Europe/Berlin".into(), "schedule"),
        ("crontab:ops/crontab#warm".into(), 7, String::new(), "reboot"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(rules(&inventory, "ops/crontab"), [("crontab-zone", 5)]);
}

#[test]
fn what_cron_would_not_do_is_said() {
    let cases = [
        ("0 3 * * * tar czf /b/$(date +%F).tgz /srv\n", "crontab-percent", 1, "effective"),
        ("0 3 * * * tar czf /b/$(date +\\%F).tgz /srv\n", "", 0, "effective"),
        ("0 3 * * * /a", "crontab-no-newline", 1, "declared"),
        ("0 3 * * * /a\r\n", "crontab-crlf", 1, "effective"),
        ("0 3 * *\n", "crontab-line", 1, ""),
        ("0 3 * * *\n", "crontab-line", 1, ""),
        ("61 3 * * * /a\n", "cron-invalid", 1, "declared"),
        ("5/10 3 * * * /a\n", "cron-invalid", 1, "declared"),
        ("0 0 30 2 * /a\n", "cron-never-fires", 1, "loadable"),
        ("0 0 1 1 ? /a\n", "cron-invalid", 1, "declared"),
        ("CRON_TZ=Mars/Olympus\n0 0 1 1 * /a\n", "timezone-unknown", 1, "effective"),
    ];
    for (text, rule, line, state) in cases {
        let inventory = crontab(text);
        let wanted = if rule.is_empty() { vec![] } else { vec![(rule, line)] };
        assert_eq!(rules(&inventory, "ops/crontab"), wanted, "{text}");
        let states: Vec<String> = inventory.automations.iter().map(|a| a.state.to_string()).collect();
        assert_eq!(states.join(" "), state, "{text}");
    }
}

#[test]
fn the_user_column_is_known_by_place_and_by_name() {
    for path in ["etc/cron.d/shop", "etc/crontab", "crontab"] {
        let inventory = scan_of(&[(path, "0 3 * * * root /opt/a.sh\n")]);
        assert_eq!(standing(&inventory, &format!("crontab:{path}#a.sh")).0, "effective");
    }
    let inventory = scan_of(&[("etc/cron.d/shop", "0 3 * * * /opt/a.sh --now\n")]);
    assert_eq!(rules(&inventory, "etc/cron.d/shop"), [("crontab-no-user", 1)]);
    assert_eq!(inventory.automations[0].state.to_string(), "declared");
    let inventory = scan_of(&[("etc/cron.d/shop.cron", "0 3 * * * root /opt/a.sh\n")]);
    assert_eq!(rules(&inventory, "etc/cron.d/shop.cron"), [("crontab-file-name", 1)]);
}

#[test]
fn a_command_gets_the_name_of_what_it_runs() {
    let cases = [
        ("cd /srv/app && node jobs/clean.js --x", "clean.js"),
        ("FOO=1 /usr/bin/report daily", "report"),
        ("npm run build:all", "build:all"),
        ("/usr/bin/flock -n /tmp/l /usr/local/bin/report", "report"),
        ("cd /srv && pg_dump shop | gzip > x", "pg_dump"),
        ("%", "command"),
        ("if [ -x /usr/sbin/a ]; then /usr/sbin/b --now; fi", "b"),
        ("test -e /run/systemd/system || /sbin/scrub -A", "scrub"),
        ("test -x /usr/bin/certbot && perl -e 'sleep int(rand(43200))' && certbot -q renew", "certbot"),
        ("if [ $(date +\\%d) -le 7 ]; then /usr/share/mdadm/checkarray --cron; fi", "checkarray"),
        ("command -v sa1 > /dev/null && sa1 1 1", "sa1"),
        ("/srv/venv/bin/python /srv/app/manage.py clearsessions", "clearsessions"),
        ("cd /srv && php artisan schedule:run >> /dev/null 2>&1", "schedule:run"),
        ("[ -f /etc/a.conf ] && /usr/sbin/sanoid --cron", "sanoid"),
    ];
    for (text, name) in cases {
        assert_eq!(command::name(text), name, "{text}");
    }
}

#[test]
fn what_is_no_crontab_is_passed_over() {
    let inventory = scan_of(&[
        ("crontab", "#!/bin/sh\nexec real-crontab one two three four five\n"),
        ("usr/bin/crontab", "a b c d e f\n"),
    ]);
    assert_eq!((inventory.automations, inventory.findings), (vec![], vec![]));
    let inventory = crontab("0 4\t*  * * /a.sh\n");
    assert_eq!(inventory.automations[0].schedules[0].cron, "0 4 * * *");
}

#[test]
fn equal_names_get_a_number() {
    let inventory = crontab("0 1 * * * /a.sh\n0 2 * * * /a.sh\n");
    let ids: Vec<&str> = inventory.automations.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["crontab:ops/crontab#a.sh", "crontab:ops/crontab#a.sh-2"]);
    assert_eq!(inventory.findings, []);
}

#[test]
fn supercronic_reads_seconds_and_years() {
    let lines = [
        ("*/5 * * * * * * echo hi", "[] [every 5s]"),
        ("* * * * * * * echo hi", "[] [every 1s]"),
        ("0 0 3 * * * * /b.sh", "[0 3 * * *] [schedule]"),
        ("0 3 * * * * /b.sh", "[0 3 * * *] [schedule]"),
        ("*/7 * * * * * * /b.sh", "[] [schedule;*/7 * * * * * *]"),
        ("0 3 * * MON 2030 /b.sh", "[] [schedule;0 3 * * MON 2030]"),
        ("0 3 * * * date +%F", "[0 3 * * *] [schedule]"),
        ("@daily /b.sh", "[@daily] [schedule]"),
    ];
    for (line, wanted) in lines {
        for path in ["crontab", "jobs.txt"] {
            let image =
                format!("FROM alpine\nCOPY {path} /app/{path}\nCMD [\"supercronic\", \"/app/{path}\"]\n");
            let inventory = scan_of(&[("Dockerfile", &image), (path, line)]);
            let a = &inventory.automations[0];
            let crons: Vec<&str> = a.schedules.iter().map(|one| one.cron.as_str()).collect();
            let seen = format!("[{}] [{}]", crons.join(";"), a.triggers.join(";"));
            assert_eq!(
                (seen.as_str(), a.state.to_string().as_str()),
                (wanted, "effective"),
                "{path}: {line}"
            );
            // It reads a last line without a line break, and % as it is.
            let said: Vec<&str> = inventory.findings.iter().map(|found| found.rule.as_str()).collect();
            assert!(said.iter().all(|rule| *rule == "schedule-beyond-cron"), "{line}: {said:?}");
        }
    }
    // To cron all of it behind the fifth field is the command.
    let inventory = scan_of(&[("crontab", "0 3 * * * 2030 x\n")]);
    assert_eq!(inventory.automations[0].schedules[0].cron, "0 3 * * *");
}
