//! When and why PM2 starts an app.

use standin_core::automation::{ScheduleSpec, Severity, Standing};

use super::{App, EDIT, File, croner, fall_short};
use crate::cron;
use crate::findings::finding;
use crate::lines::quote;
use crate::steps;
use crate::value::{Data, Lookup, Value};

/// Whether an app has slots, good or bad.
#[derive(Clone, Copy)]
enum Slots {
    None,
    Some,
}

impl File<'_> {
    pub(super) fn starts(&mut self, app: &Value, read: &mut App) {
        let restarts = match app.look_up("autorestart") {
            Lookup::Found(Value { data: Data::Bool(false), .. }) => false,
            Lookup::Found(Value { data: Data::Computed(_), line }) => self.taken_for_true(*line),
            Lookup::Computed(line) => self.taken_for_true(line),
            Lookup::Found(_) | Lookup::Missing => true,
        };
        let slots = self.slots(app, read);
        match (restarts, slots) {
            (true, Slots::None) => read.triggers = vec!["always".into()],
            (false, Slots::None) => read.triggers = vec!["once".into()],
            // It ends by itself, and only its slot starts it again.
            (true, Slots::Some) if ends_well(app) => read.triggers = vec!["schedule".into()],
            (true, Slots::Some) => read.triggers = vec!["always".into(), "schedule".into()],
            (false, Slots::Some) => read.triggers = vec!["schedule".into()],
        }
    }

    fn taken_for_true(&mut self, line: u32) -> bool {
        self.note("computed-field", line, "`autorestart` may be computed: it is taken for true", EDIT);
        true
    }

    fn slots(&mut self, app: &Value, read: &mut App) -> Slots {
        let found = ["cron_restart", "cron"].into_iter().find_map(|field| Some((field, app.get(field)?)));
        let Some((field, value)) = found else { return Slots::None };
        let refused = self.refused.clone();
        match (&value.data, value.scalar()) {
            (Data::Null, _) => return Slots::None,
            (Data::Computed(_), _) if self.is_unset(value) => return Slots::None,
            // PM2 takes 0 and an empty text for "none".
            (_, Some(text)) if text == "0" || text.is_empty() || text == "false" => return Slots::None,
            (Data::Text(cron), _) => self.cron(cron, value.line, read),
            (Data::Computed(what), _) => {
                let message = format!("`cron_restart` is computed: {what}");
                self.computed("computed-field", value.line, &message);
                fall_short(read, Standing::Loadable, &message);
            }
            (Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_), _) => {
                let message = format!("`cron_restart` is a text, and this is {}", value.noun());
                self.error("cron-invalid", value.line, &message, "Write five fields, such as '0 3 * * *'.");
                self.refuse(&message);
            }
        }
        // Under its short name PM2 looks at it only when it starts the app.
        if field == "cron" && self.refused != refused {
            let why = std::mem::replace(&mut self.refused, refused).unwrap_or_default();
            fall_short(read, Standing::Loadable, &why);
        }
        Slots::Some
    }

    fn cron(&mut self, cron: &str, line: u32, read: &mut App) {
        if let Some(why) = croner::refusal(cron) {
            let rule = if why.contains("takes no step of") { "cron-step-too-large" } else { "cron-invalid" };
            self.error(rule, line, &why, "Write five fields as PM2 reads them, such as '0 3 * * *'.");
            return self.refuse(&why);
        }
        let Some(five) = without_seconds(cron) else {
            let message = "PM2 takes the first of six fields for seconds, which cannot be watched here";
            let fix = "Write five fields, such as '0 3 * * *'.";
            self.gathered.find(finding("cron-seconds", Severity::Warning, self.path, line, message, fix));
            return;
        };
        match cron::check(&five, "local") {
            Ok(_) => {
                let said = steps::too_large(&five, self.path, line);
                said.into_iter().for_each(|one| self.gathered.find(one));
                read.schedules.push(ScheduleSpec { cron: five, timezone: "local".into() });
            }
            Err(flaw) if flaw.rule == "cron-never-fires" => {
                self.error(flaw.rule, line, &flaw.message, "Correct the expression at this line.");
                fall_short(read, Standing::Loadable, &flaw.message);
            }
            // What PM2's own reader takes beyond five plain fields.
            Err(_) => {
                let message = format!("`{}` has no equal among five cron fields", quote(cron));
                let fix = "Watch it by heartbeats, or give it a schedule in standin.toml.";
                self.note("schedule-beyond-cron", line, &message, fix);
            }
        }
    }
}

/// Five fields for six whose seconds are 0; `None` where five cannot say it.
fn without_seconds(cron: &str) -> Option<String> {
    let fields: Vec<&str> = cron.split_ascii_whitespace().collect();
    match fields.as_slice() {
        [seconds, five @ ..] if five.len() == 5 => {
            seconds.parse::<u32>().is_ok_and(|second| second == 0).then(|| five.join(" "))
        }
        _ => Some(cron.to_owned()),
    }
}

/// Whether PM2 leaves it stopped when it has ended without an error.
fn ends_well(app: &Value) -> bool {
    let is_zero = |code: &Value| code.scalar().is_some_and(|code| code == "0");
    app.get("stop_exit_codes").is_some_and(|codes| is_zero(codes) || codes.items().iter().any(is_zero))
}
