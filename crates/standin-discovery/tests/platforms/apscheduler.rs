//! APScheduler's own triggers: the same arguments are good, and the same slots come out.

use jiff::Timestamp;
use standin_core::automation::Standing;
use standin_core::schedule::Schedule;
use standin_discovery::{ScanOptions, scan};

use crate::python::ask;

const PYTHON: (&str, &str) = ("STANDIN_PYTHON", ".tools/py/bin/python");

const TRIGGERS: [&str; 16] = [
    "(hour=3, timezone='UTC')",
    "(minute='*/15', timezone='UTC')",
    "(hour='8-17', minute=30, timezone='UTC')",
    "(day=1, timezone='UTC')",
    "(month=6, timezone='UTC')",
    "(month='jan,jul', day=15, hour=6, timezone='UTC')",
    "(day_of_week='mon-fri', hour=8, timezone='UTC')",
    "(day_of_week=0, hour=1, timezone='UTC')",
    "(day_of_week='5,6', timezone='UTC')",
    "(day_of_week='sat-sun', hour=1, timezone='UTC')",
    "(day_of_week='mon', timezone='UTC')",
    "(second=0, timezone='UTC')",
    "(hour=3, minute=5, second=0, timezone='UTC')",
    "(hour=25, timezone='UTC')",
    "(minute='61', timezone='UTC')",
    "(day_of_week='xyz', timezone='UTC')",
];

#[test]
fn triggers_are_read_as_apscheduler_reads_them() {
    let arguments: Vec<&str> = std::iter::once("apscheduler").chain(TRIGGERS).collect();
    let Some(answers) = ask(PYTHON, "python.py", &arguments) else { return };
    let folder = tempfile::tempdir().unwrap();
    for (at, trigger) in TRIGGERS.iter().enumerate() {
        let text = format!(
            "from apscheduler.triggers.cron import CronTrigger\ns.add_job(f, CronTrigger{trigger})\n"
        );
        std::fs::write(folder.path().join(format!("j{at:02}.py")), text).unwrap();
    }
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let mut wrong = Vec::new();
    for (at, (trigger, theirs)) in TRIGGERS.iter().zip(&answers).enumerate() {
        let one = inventory.get(&format!("script:j{at:02}.py#f").parse().unwrap()).unwrap();
        if theirs.is_array() != (one.state >= Standing::Loadable) {
            wrong.push(format!("{trigger}: it says {theirs}, here {} {}", one.state, one.reason));
        }
        let (Some(theirs), Some(spec)) = (theirs.as_array(), one.schedules.first()) else { continue };
        let schedule = Schedule::parse(&spec.cron, &spec.timezone).unwrap();
        let mut last: Timestamp = "2026-01-15T00:00:00Z".parse().unwrap();
        let mut ours = Vec::new();
        for _ in theirs {
            last = schedule.next_after(last).unwrap();
            ours.push(last.strftime("%Y-%m-%d %H:%M:%S").to_string());
        }
        if ours != *theirs {
            wrong.push(format!("{trigger}: it says {theirs:?}, here {ours:?} of {}", spec.cron));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
