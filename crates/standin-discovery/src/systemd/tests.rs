use crate::tests::{rules, scan_of, standing};

const SERVICE: (&str, &str) = ("units/shop.service", "[Service]\nExecStart=/opt/shop\n");
const INSTALL: &str = "[Install]\nWantedBy=timers.target\n";

#[test]
fn a_timer_runs_when_its_unit_is_there_and_it_is_enabled() {
    let text = format!(
        "[Unit]\nDescription=x\n[Timer]\nOnCalendar=\\\n  x\nOnCalendar=\nOnCalendar=Mon..Fri 06:15 UTC\nPersistent=true\n{INSTALL}"
    );
    let inventory = scan_of(&[("units/shop.timer", &text), SERVICE]);
    assert_eq!(standing(&inventory, "systemd:shop.timer"), ("effective".into(), ""));
    let found = &inventory.automations[0];
    assert_eq!(
        (found.schedules[0].cron.as_str(), found.schedules[0].timezone.as_str()),
        ("15 6 * * 1-5", "UTC")
    );
    assert_eq!((found.triggers[0].as_str(), found.source.line), ("schedule", 4));
    assert_eq!(inventory.findings, []);
}

#[test]
fn what_would_not_run_is_said() {
    let cases = [
        ("[Timer]\nOnCalendar=daily\nUnit=gone.service\n", "systemd-no-unit", 3, "loadable"),
        ("[Timer]\nOnUnitActiveSec=5min\n", "systemd-never-starts", 2, "loadable"),
        ("[Timer]\nOnBootSec=1min\nOnUnitActiveSec=5min\n", "", 0, "effective"),
        ("[Timer]\nOnCalendar=never\n", "systemd-calendar", 2, "declared"),
        ("[Timer]\nOnCalendar=*-02-30 00:00\n", "cron-never-fires", 2, "loadable"),
        ("[Timer]\nPersistent=true\n", "systemd-no-time", 2, "declared"),
        ("[Timer]\nOnCalendar=*-*-* *:*:30\n", "schedule-beyond-cron", 2, "effective"),
    ];
    for (text, rule, line, state) in cases {
        let text = format!("{text}{INSTALL}");
        let inventory = scan_of(&[("units/shop.timer", &text), SERVICE]);
        let wanted = if rule.is_empty() { vec![] } else { vec![(rule, line)] };
        assert_eq!(rules(&inventory, "units/shop.timer"), wanted, "{text}");
        assert_eq!(standing(&inventory, "systemd:shop.timer").0, state, "{text}");
    }
    let inventory = scan_of(&[("units/shop.timer", "[Timer]\nOnCalendar=daily\n"), SERVICE]);
    assert_eq!(rules(&inventory, "units/shop.timer"), [("systemd-not-installed", 2)]);
    let inventory = scan_of(&[("units/shop.timer", "[Unit]\n")]);
    assert_eq!(rules(&inventory, "units/shop.timer"), [("systemd-no-timer", 1)]);
}
