//! One backup after another.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{Automation, Detail, Finding, ScheduleSpec, Severity, Source, Standing};
use standin_core::ident::{AutomationId, Kind};

use super::{Generated, Inputs, Mode, Refusal, backup_name, errand_name, workflow_path};
use crate::file::Place;
use crate::patch::FilePatch;
use crate::settings::{self, Remedy};
use crate::times::{self, Taken};
use crate::workflow::{self, Primary, Refused};
use crate::{PM2_FILE, host, netlify, pm2};

mod shared;

/// Why the line of a crontab has no backup although it could have one.
pub(crate) const NOT_ASKED: &str =
    "nobody sees from elsewhere whether it has run, so it gets one only when asked for";

/// How many schedules of its own a backup has at the most.
const MAX_SCHEDULES: usize = 8;

/// What is under way.
pub(super) struct Work<'a> {
    inputs: &'a Inputs<'a>,
    taken: Taken,
    out: Generated,
    written: BTreeSet<String>,
    apps: Vec<pm2::App>,
    remedies: Vec<Remedy>,
    backed_up: BTreeMap<AutomationId, String>,
    /// The schedules of the backups that are there, by their path: what still fits is kept, so that one more workflow
    /// moves no other's backup.
    earlier: BTreeMap<String, Vec<ScheduleSpec>>,
    /// Those of them that are kept for sure, by the path and the number of the primary's schedule.
    kept: BTreeMap<(String, usize), ScheduleSpec>,
    /// Backups that start in a minute that somebody else has, each as its primary's place and in words.
    crowded: Vec<(Source, String)>,
}

impl<'a> Work<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>) -> Self {
        let mut work = Self {
            inputs,
            taken: Taken::default(),
            out: Generated::default(),
            written: BTreeSet::new(),
            apps: Vec::new(),
            remedies: Vec::new(),
            backed_up: BTreeMap::new(),
            earlier: BTreeMap::new(),
            kept: BTreeMap::new(),
            crowded: Vec::new(),
        };
        let mut taken = Taken::default();
        // What its platform does not load never starts.
        let starts = |a: &&Automation| work.is_others(a) && a.state > Standing::Declared;
        for automation in inputs.inventory.automations.iter().filter(starts) {
            for schedule in &automation.schedules {
                taken.add(&schedule.cron, &schedule.timezone);
            }
        }
        work.taken = taken;
        work.keep();
        work
    }

    /// Keeps every time of an earlier run that still fits and that nobody else has.
    fn keep(&mut self) {
        for backup in inventory_of(self.inputs).filter(|backup| backup.backup_of.is_some()) {
            let earlier = self.earlier.entry(backup.source.path.clone()).or_default();
            earlier.extend(backup.schedules.iter().cloned());
        }
        for primary in inventory_of(self.inputs).filter(|a| self.is_primary(a)).collect::<Vec<_>>() {
            for path in places(primary) {
                for (nth, schedule) in slots(primary).iter().enumerate() {
                    let free = |spec: &&ScheduleSpec| self.taken.collisions(&spec.cron, &spec.timezone) == 0;
                    let Some(spec) = self.earlier_one(&path, schedule).filter(free).cloned() else {
                        continue;
                    };
                    self.taken.add(&spec.cron, &spec.timezone);
                    self.kept.insert((path.clone(), nth), spec);
                }
            }
        }
    }

    /// What an earlier run chose for a schedule, if that still fits.
    fn earlier_one(&self, path: &str, schedule: &ScheduleSpec) -> Option<&ScheduleSpec> {
        let earlier = self.earlier.get(path)?;
        let is_other =
            |spec: &&ScheduleSpec| !self.kept.iter().any(|((at, _), kept)| at == path && kept == *spec);
        earlier.iter().filter(is_other).find(|spec| times::fits(schedule, spec))
    }

    /// Whether somebody else has written the file that it is in.
    fn is_others(&self, automation: &Automation) -> bool {
        let is_marked = matches!(self.inputs.files.place(&automation.source.path), Place::Ours(_));
        automation.backup_of.is_none() && (!is_marked || automation.source.path == settings::FILE)
    }

    pub(super) fn is_primary(&self, automation: &Automation) -> bool {
        self.is_others(automation)
            && !self.inputs.left_out.contains(&automation.id)
            && (self.is_asked(&automation.id) || !self.is_backup_by_name(automation))
    }

    /// Whether somebody has written it under the name that the backup of another has: a backup of it would be one of a
    /// backup.
    fn is_backup_by_name(&self, automation: &Automation) -> bool {
        let id = &automation.id;
        let primaries: Vec<String> = match id.kind() {
            Kind::Workflow => {
                let stem = id.name().rsplit_once('.').and_then(|(stem, _)| stem.strip_suffix("-backup"));
                stem.into_iter().flat_map(|stem| [format!("{stem}.yml"), format!("{stem}.yaml")]).collect()
            }
            Kind::Netlify => netlify::original(id.name()).into_iter().collect(),
            Kind::Pm2
            | Kind::Npm
            | Kind::Command
            | Kind::Aws
            | Kind::Crontab
            | Kind::Systemd
            | Kind::Kubernetes
            | Kind::Script
            | Kind::Heartbeat => Vec::new(),
        };
        let mut primaries = primaries.iter().filter_map(|name| AutomationId::new(id.kind(), name).ok());
        primaries.any(|primary| self.inputs.inventory.get(&primary).is_some())
    }

    fn is_asked(&self, id: &AutomationId) -> bool {
        self.inputs.asked.contains(id)
    }

    fn refuse(&mut self, id: &AutomationId, refused: Refused) {
        self.out.refused.push(Refusal { id: id.clone(), why: refused.why, fix: refused.fix });
    }

    pub(super) fn one(&mut self, automation: &Automation) {
        match automation.id.kind() {
            Kind::Workflow => self.workflow(automation),
            Kind::Netlify => self.function(automation),
            Kind::Pm2 if automation.state == Standing::Declared => {
                let why = format!("PM2 would not load it: {}", automation.reason);
                self.refuse(
                    &automation.id,
                    Refused::new(why, "Mend its file, and run `standin backup` again."),
                );
            }
            Kind::Pm2 => {
                match pm2::of_app(automation, self.inputs.files) {
                    Ok(app) => self.app(&automation.id, app),
                    Err(refused) => self.refuse(&automation.id, refused),
                }
                self.errand(automation);
            }
            Kind::Crontab if !self.inputs.is_errand(automation) => {
                if runs_by_clock(automation) {
                    let fix = "Ask for its backup with `standin backup ID`, which says what else it takes.";
                    self.refuse(&automation.id, Refused::new(NOT_ASKED, fix));
                }
            }
            Kind::Npm | Kind::Command | Kind::Crontab => self.errand(automation),
            Kind::Aws | Kind::Systemd | Kind::Kubernetes | Kind::Script | Kind::Heartbeat => {
                if self.is_asked(&automation.id) || runs_by_clock(automation) {
                    let why = format!("Standin writes none for {}", work_of(automation.id.kind()));
                    let fix = "Name something that does the same as its `backup` in standin.toml.";
                    self.refuse(&automation.id, Refused::new(why, fix));
                }
            }
        }
    }

    fn app(&mut self, id: &AutomationId, app: pm2::App) {
        self.apps.push(app);
        self.out.backups.insert(format!("{PM2_FILE}#{id}"), id.clone());
    }

    /// Whether an automation is one that backups are for: it runs by the clock, or somebody asks, or has asked.
    fn is_wanted(&self, automation: &Automation, path: &str) -> bool {
        let is_there = matches!(self.inputs.files.place(path), Place::Ours(_));
        !automation.schedules.is_empty() || self.is_asked(&automation.id) || is_there
    }

    fn workflow(&mut self, automation: &Automation) {
        let id = &automation.id;
        let path = workflow_path(&backup_name(id.name()));
        if !self.is_wanted(automation, &path) && !is_refused_by_github(automation) {
            return;
        }
        if automation.state < Standing::Effective {
            let why = format!("it would never run itself: {}", automation.reason);
            self.refuse(id, Refused::new(why, "Mend the workflow, and run `standin backup` again."));
            return;
        }
        let Some(text) = self.inputs.files.text(&automation.source.path) else {
            self.refuse(id, Refused::new("its file cannot be read", "Give the right to read it."));
            return;
        };
        let schedules = self.schedules(automation, &path);
        let followers = self.followers(automation);
        let primary = Primary {
            id,
            name: &automation.name,
            path: &automation.source.path,
            text,
            schedules: &schedules,
            is_scheduled: !automation.schedules.is_empty(),
            group: self.group(id),
            followers: &followers,
            files: self.inputs.files,
        };
        match workflow::backup(primary) {
            Ok(backup) => {
                self.write(&path, backup.text, id);
                for note in backup.notes {
                    self.find(note.rule, Severity::Note, &automation.source, note.what, note.fix);
                }
                let run = pm2::of_run(automation, schedules.first(), self.inputs.mode, &self.apps);
                self.app(id, run);
            }
            Err(refused) => self.refuse(id, refused),
        }
    }

    /// What the concurrency group of a backup is called: by the name of the file, with its ending where another has the
    /// same name but for that.
    fn group<'b>(&self, id: &'b AutomationId) -> &'b str {
        let Some((stem, ending)) = id.name().rsplit_once('.') else { return id.name() };
        let other = if ending == "yml" { "yaml" } else { "yml" };
        let twin = AutomationId::new(Kind::Workflow, &format!("{stem}.{other}"));
        if twin.is_ok_and(|twin| self.inputs.inventory.get(&twin).is_some()) { id.name() } else { stem }
    }

    /// The files of workflows that run after this one, by its name.
    fn followers(&self, automation: &Automation) -> Vec<String> {
        let follows = |other: &&Automation| match &other.detail {
            Detail::Workflow(workflow) => workflow.follows.iter().any(|one| one.workflow == automation.name),
            Detail::Plain
            | Detail::Pm2App { .. }
            | Detail::NetlifyFunction { .. }
            | Detail::NpmScript { .. } => false,
        };
        let others =
            inventory_of(self.inputs).filter(|other| self.is_others(other) && other.id != automation.id);
        others.filter(follows).map(|other| other.source.path.clone()).collect()
    }

    fn function(&mut self, automation: &Automation) {
        let id = &automation.id;
        let places = netlify::paths(automation);
        if !self.is_wanted(automation, &places.backup) {
            return;
        }
        if automation.state < Standing::Effective {
            let why = format!("it would never run itself: {}", automation.reason);
            self.refuse(id, Refused::new(why, "Mend the function, and run `standin backup` again."));
            return;
        }
        let schedules = self.schedules(automation, &places.backup);
        match netlify::backup(automation, schedules.first(), self.inputs.mode) {
            Ok(text) => {
                if self.write(&places.backup, text, id) {
                    self.backed_up.insert(id.clone(), places.name.clone());
                }
            }
            Err(refused) => self.refuse(id, refused),
        }
        let name = netlify::workflow_name(id);
        let path = workflow_path(&name);
        // Nobody can see from there whether the function has worked, so nothing starts it but an order, or the user's wish.
        let elsewhere = match self.inputs.mode {
            Mode::Active => self.schedules(automation, &path),
            Mode::Standby => Vec::new(),
        };
        let source = self.inputs.files.text(&automation.source.path).unwrap_or_default();
        let file = automation.source.path.as_str();
        let known = self.inputs.known();
        let node = host::node::of(host::folder_of(file), &known);
        match host::checkout([file].into_iter(), &known) {
            Ok(checkout) => {
                let text = workflow::of_function(id, (file, source), (checkout, node.as_ref()), &elsewhere);
                self.function_elsewhere(id, (&name, &path), text);
            }
            Err(refused) => self.refuse(id, refused),
        }
        let run = pm2::of_run(automation, schedules.first(), self.inputs.mode, &self.apps);
        self.app(id, run);
    }

    /// The workflow of a function, and who starts it.
    fn function_elsewhere(&mut self, id: &AutomationId, (name, path): (&str, &str), text: String) {
        if self.write(path, text, id)
            && let Ok(backup) = AutomationId::new(Kind::Workflow, name)
        {
            self.remedies.push(Remedy { id: id.clone(), backup, schedule: None });
        }
    }

    /// What a machine does, once more on GitHub.
    fn errand(&mut self, automation: &Automation) {
        if !self.inputs.is_errand(automation) {
            return;
        }
        let id = &automation.id;
        if automation.state == Standing::Declared {
            let why = format!("it would never run itself: {}", automation.reason);
            self.refuse(id, Refused::new(why, "Mend it, and run `standin backup` again."));
            return;
        }
        let errand = match host::of(automation, self.inputs.known()) {
            Ok(errand) => errand,
            Err(Refused { why, fix }) => {
                let why = format!("GitHub cannot do its work: {why}");
                self.refuse(id, Refused { why, fix });
                return;
            }
        };
        let name = errand_name(id);
        let path = workflow_path(&name);
        // Nobody can see from there whether the machine has worked, so nothing starts it but an order, or the user's wish.
        let schedules = match self.inputs.mode {
            Mode::Active => self.schedules(automation, &path),
            Mode::Standby => Vec::new(),
        };
        let text = workflow::of_errand(id, &automation.source.path, &errand, &schedules);
        if self.write(&path, text, id)
            && let Ok(backup) = AutomationId::new(Kind::Workflow, &name)
        {
            let is_clocked = self.inputs.clocked.contains(id);
            let schedule = match id.kind() {
                Kind::Crontab if !is_clocked => automation.schedules.first().cloned(),
                // Whoever asks for it knows when it is to run.
                Kind::Npm if !is_clocked => {
                    Some(ScheduleSpec { cron: "@daily".into(), timezone: "local".into() })
                }
                Kind::Workflow
                | Kind::Pm2
                | Kind::Netlify
                | Kind::Npm
                | Kind::Command
                | Kind::Aws
                | Kind::Crontab
                | Kind::Systemd
                | Kind::Kubernetes
                | Kind::Script
                | Kind::Heartbeat => None,
            };
            self.remedies.push(Remedy { id: id.clone(), backup, schedule });
        }
    }

    /// When a backup starts by itself, and that nobody else may start then.
    fn schedules(&mut self, automation: &Automation, path: &str) -> Vec<ScheduleSpec> {
        let mut found: Vec<ScheduleSpec> = Vec::new();
        for (nth, schedule) in slots(automation).iter().enumerate() {
            if let Some(spec) = self.kept.get(&(path.to_owned(), nth)).filter(|_| found.len() < MAX_SCHEDULES)
            {
                found.push(spec.clone());
                continue;
            }
            let shifted = times::after(schedule, &self.taken, times::seed(path)).map(|shifted| {
                // Where nobody can have a minute alone, the one of an earlier run is as good.
                let earlier = self.earlier_one(path, schedule).filter(|_| shifted.collisions > 0);
                earlier.map_or(shifted, |spec| times::Shifted {
                    cron: spec.cron.clone(),
                    collisions: self.taken.collisions(&spec.cron, &spec.timezone),
                })
            });
            let Some(shifted) = shifted else {
                let message = format!(
                    "no five fields say a time after `{}`: the backup of {} is only dispatched",
                    schedule.cron, automation.id
                );
                self.find(
                    "backup-unscheduled",
                    Severity::Note,
                    &automation.source,
                    message,
                    "Start it earlier in the day.",
                );
                continue;
            };
            let spec = ScheduleSpec { cron: shifted.cron, timezone: schedule.timezone.clone() };
            if shifted.collisions > 0 {
                self.crowded.push((automation.source.clone(), format!("`{}` of {path}", spec.cron)));
            }
            if !found.contains(&spec) && found.len() < MAX_SCHEDULES {
                self.taken.add(&spec.cron, &spec.timezone);
                found.push(spec);
            }
        }
        found
    }

    fn find(&mut self, rule: &str, severity: Severity, place: &Source, message: String, fix: &str) {
        let (path, line) = (place.path.clone(), place.line);
        self.out.findings.push(Finding { rule: rule.into(), severity, path, line, message, fix: fix.into() });
    }

    /// Writes a file of ours. `false` when somebody else's is in its place.
    fn write(&mut self, path: &str, text: String, about: &AutomationId) -> bool {
        match self.put(path, text, Some(about)) {
            Ok(()) => {
                self.out.backups.insert(path.to_owned(), about.clone());
                true
            }
            Err(why) => {
                let fix = "Rename that file, or name it as the `backup` in standin.toml.";
                self.refuse(about, Refused::new(why, fix));
                false
            }
        }
    }

    fn put(&mut self, path: &str, text: String, about: Option<&AutomationId>) -> Result<(), String> {
        let before = match self.inputs.files.place(path) {
            Place::Taken(why) => return Err(why),
            Place::Free => None,
            Place::Ours(before) => Some(before.to_owned()),
        };
        self.written.insert(path.to_owned());
        // A checkout may have other ends of lines than the commit.
        if before.as_ref().is_none_or(|before| before.replace('\r', "") != text.replace('\r', "")) {
            let (path, after) = (path.to_owned(), Some(text));
            self.out.patches.push(FilePatch { path, before, after, about: about.cloned() });
        }
        Ok(())
    }
}

/// Whether something starts without anybody.
fn runs_by_clock(automation: &Automation) -> bool {
    let by_clock = |trigger: &String| trigger == "schedule" || trigger.starts_with("every ");
    !automation.schedules.is_empty() || automation.triggers.iter().any(by_clock)
}

/// What of a kind has no backup.
const fn work_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Aws => "what runs on AWS",
        Kind::Systemd => "what runs under systemd",
        Kind::Kubernetes => "what runs on Kubernetes",
        Kind::Script => "schedules within programs and of other platforms",
        Kind::Workflow
        | Kind::Pm2
        | Kind::Netlify
        | Kind::Npm
        | Kind::Command
        | Kind::Crontab
        | Kind::Heartbeat => "what only sends heartbeats",
    }
}

fn inventory_of<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = &'a Automation> {
    inputs.inventory.automations.iter()
}

/// When an automation runs. A platform has no zone of a machine, so that one counts as UTC.
fn slots(automation: &Automation) -> Vec<ScheduleSpec> {
    let elsewhere = |spec: &ScheduleSpec| match spec.timezone.as_str() {
        "local" => ScheduleSpec { timezone: "UTC".into(), ..spec.clone() },
        _ => spec.clone(),
    };
    automation.schedules.iter().map(elsewhere).collect()
}

/// Where the backups of an automation are that have schedules.
fn places(primary: &Automation) -> Vec<String> {
    let id = &primary.id;
    match id.kind() {
        Kind::Workflow => vec![workflow_path(&backup_name(id.name()))],
        Kind::Netlify => {
            vec![netlify::paths(primary).backup, workflow_path(&netlify::workflow_name(id))]
        }
        Kind::Pm2 | Kind::Npm | Kind::Command | Kind::Crontab => vec![workflow_path(&errand_name(id))],
        Kind::Aws | Kind::Systemd | Kind::Kubernetes | Kind::Script | Kind::Heartbeat => Vec::new(),
    }
}

/// A workflow where GitHub looks for it, that it would not load: whatever schedule it has is not known.
fn is_refused_by_github(automation: &Automation) -> bool {
    let name = automation.source.path.strip_prefix(crate::WORKFLOWS).unwrap_or("/");
    let is_file = !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"));
    automation.state == Standing::Declared && is_file
}
