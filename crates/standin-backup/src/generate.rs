//! All backups of a repository, as patches.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{Automation, Finding, Inventory, ScheduleSpec, Severity, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};

use crate::file::{Files, Place};
use crate::patch::FilePatch;
use crate::settings::{self, Remedy};
use crate::times::{self, Taken};
use crate::workflow::{self, Primary, Refused};
use crate::{PM2_FILE, WORKFLOWS, netlify, npm, pm2};

/// So many automations that start in one minute are worth a word.
const HERD: u32 = 5;

/// How many schedules of its own a backup has at the most.
const MAX_SCHEDULES: usize = 8;

/// Whether backups on this host run at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Off until they are needed.
    #[default]
    Standby,
    /// Beside what they stand in for.
    Active,
}

/// Whether scripts are added to the root's `package.json`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NpmScripts {
    /// It stays as it is.
    #[default]
    Leave,
    /// They are.
    Add,
}

/// Whether a `standin.toml` is written where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SettingsFile<'a> {
    /// It is not.
    #[default]
    Leave,
    /// It is, from these commented defaults.
    Write(&'a str),
}

/// What backups are made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What runs by itself.
    pub inventory: &'a Inventory,
    /// What stands at the paths of [`wanted_files`].
    pub files: &'a Files,
    /// Automations that a backup is asked for by name; none means all.
    pub asked: &'a BTreeSet<AutomationId>,
    /// Automations that get none: watchers, and those whose settings name other backups, or none.
    pub left_out: &'a BTreeSet<AutomationId>,
    /// Whether backups on this host run at once.
    pub mode: Mode,
    /// Whether scripts are added to `package.json`.
    pub npm_scripts: NpmScripts,
    /// Whether `standin.toml` is written.
    pub settings_file: SettingsFile<'a>,
}

/// An automation that gets no backup, or not all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Which.
    pub id: AutomationId,
    /// Why, in one sentence.
    pub why: String,
    /// What to do, in one sentence.
    pub fix: String,
}

/// What is to be written, and what a person should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generated {
    /// Ordered by path; none is empty of change.
    pub patches: Vec<FilePatch>,
    /// Ordered by id.
    pub refused: Vec<Refusal>,
    /// Many that start in one minute, and backups that could not avoid another's.
    pub findings: Vec<Finding>,
    /// What the user may want to do next, a sentence or an entry of `standin.toml` each.
    pub advice: Vec<String>,
    /// Every backup that there is afterwards: what it stands in for, and its path.
    pub backups: BTreeMap<String, AutomationId>,
}

/// Every path that [`generate`] and [`remove`] look at beyond those that carry our mark.
pub fn wanted_files(inventory: &Inventory) -> BTreeSet<String> {
    let mut paths: BTreeSet<String> = ["package.json", settings::FILE, PM2_FILE].map(str::to_owned).into();
    for automation in &inventory.automations {
        match automation.id.kind() {
            Kind::Workflow => {
                paths.insert(automation.source.path.clone());
                paths.insert(workflow_path(&backup_name(automation.id.name())));
            }
            Kind::Netlify => {
                let places = netlify::paths(automation);
                paths.insert(automation.source.path.clone());
                paths.insert(netlify::manifest_path(&places.folder));
                paths.insert(workflow_path(&netlify::workflow_name(&automation.id)));
                paths.insert(places.backup);
            }
            Kind::Pm2 => {
                paths.insert(automation.source.path.clone());
            }
            Kind::Npm
            | Kind::Command
            | Kind::Aws
            | Kind::Crontab
            | Kind::Systemd
            | Kind::Kubernetes
            | Kind::Script
            | Kind::Heartbeat => {}
        }
    }
    paths
}

/// Every backup, and the deletion of those whose primary is gone.
pub fn generate(inputs: &Inputs<'_>) -> Generated {
    let mut work = Work::new(inputs);
    let primaries: Vec<&Automation> = inputs.inventory.automations.iter().filter(|a| work.is_primary(a)).collect();
    for automation in &primaries {
        work.one(automation);
    }
    work.pm2_file();
    work.manifests(&primaries);
    work.npm_scripts();
    work.settings_file();
    work.asked_in_vain();
    work.stale();
    work.herd();
    work.into_generated()
}

/// The deletion of everything that Standin has written; of what is about `asked`, if that names anything.
pub fn remove(inputs: &Inputs<'_>) -> Generated {
    let mut out = Generated::default();
    for (path, text) in inputs.files.ours() {
        let about = standin_core::ownership::backup_of(text);
        let is_meant = inputs.asked.is_empty() || about.as_ref().is_some_and(|id| inputs.asked.contains(id));
        if !is_meant {
            continue;
        }
        if path == settings::FILE && is_edited(text, inputs.settings_file) {
            out.advice.push(format!("{path} was changed by hand since Standin wrote it, so it stays; delete it if you do not need it"));
            continue;
        }
        let (before, path) = (Some(text.to_owned()), path.to_owned());
        out.patches.push(FilePatch { path, before, after: None, about });
    }
    if let Some(text) = inputs.files.text("package.json").filter(|_| inputs.asked.is_empty())
        && let Some(after) = npm::remove(text).filter(|after| after != text)
    {
        let path = "package.json".to_owned();
        out.patches.push(FilePatch { path, before: Some(text.to_owned()), after: Some(after), about: None });
    }
    out.patches.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

/// Whether a file of settings says more than what was written: entries of backups come after the defaults.
fn is_edited(text: &str, written: SettingsFile<'_>) -> bool {
    let SettingsFile::Write(defaults) = written else { return true };
    let Some(entries) = text.strip_prefix(&settings::file(defaults, &[])) else { return true };
    entries.lines().any(|line| {
        let is_ours = line.is_empty() || line == "[[automation]]" || line.starts_with("id = ") || line.starts_with("backup = ");
        !is_ours
    })
}

/// `nightly.yml` is backed up by `nightly-backup.yml`: the watchers find it by that name.
fn backup_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}-backup.{ending}"),
        None => format!("{name}-backup"),
    }
}

fn workflow_path(name: &str) -> String {
    format!("{WORKFLOWS}{name}")
}

struct Work<'a> {
    inputs: &'a Inputs<'a>,
    taken: Taken,
    out: Generated,
    written: BTreeSet<String>,
    apps: Vec<pm2::App>,
    remedies: Vec<Remedy>,
    backed_up: BTreeMap<AutomationId, String>,
}

impl<'a> Work<'a> {
    fn new(inputs: &'a Inputs<'a>) -> Self {
        let mut work = Self {
            inputs,
            taken: Taken::default(),
            out: Generated::default(),
            written: BTreeSet::new(),
            apps: Vec::new(),
            remedies: Vec::new(),
            backed_up: BTreeMap::new(),
        };
        let mut taken = Taken::default();
        for automation in inputs.inventory.automations.iter().filter(|a| work.is_others(a)) {
            for schedule in &automation.schedules {
                taken.add(&schedule.cron, &schedule.timezone);
            }
        }
        work.taken = taken;
        work
    }

    /// Whether somebody else has written the file that it is in.
    fn is_others(&self, automation: &Automation) -> bool {
        let is_marked = matches!(self.inputs.files.place(&automation.source.path), Place::Ours(_));
        automation.backup_of.is_none() && (!is_marked || automation.source.path == settings::FILE)
    }

    fn is_primary(&self, automation: &Automation) -> bool {
        self.is_others(automation) && !self.inputs.left_out.contains(&automation.id)
    }

    fn is_asked(&self, id: &AutomationId) -> bool {
        self.inputs.asked.contains(id)
    }

    fn refuse(&mut self, id: &AutomationId, refused: Refused) {
        self.out.refused.push(Refusal { id: id.clone(), why: refused.why, fix: refused.fix });
    }

    fn one(&mut self, automation: &Automation) {
        match automation.id.kind() {
            Kind::Workflow => self.workflow(automation),
            Kind::Netlify => self.function(automation),
            Kind::Pm2 => match pm2::of_app(automation, self.inputs.files, self.inputs.mode) {
                Ok(app) => self.app(&automation.id, app),
                Err(refused) => self.refuse(&automation.id, refused),
            },
            Kind::Npm
            | Kind::Command
            | Kind::Aws
            | Kind::Crontab
            | Kind::Systemd
            | Kind::Kubernetes
            | Kind::Script
            | Kind::Heartbeat => {
                if self.is_asked(&automation.id) {
                    let why = format!("Standin writes no backup for a {}", automation.id.kind());
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
        if !self.is_wanted(automation, &path) {
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
        let primary = Primary {
            id,
            name: &automation.name,
            path: &automation.source.path,
            text,
            schedules: &schedules,
            is_scheduled: !automation.schedules.is_empty(),
        };
        match workflow::backup(primary) {
            Ok(text) => {
                self.write(&path, text, id);
                let run = pm2::of_run(automation, schedules.first(), self.inputs.mode);
                self.app(id, run);
            }
            Err(refused) => self.refuse(id, refused),
        }
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
        match netlify::backup(automation, schedules.first()) {
            Ok(text) => {
                if self.write(&places.backup, text, id) {
                    self.backed_up.insert(id.clone(), places.name.clone());
                }
            }
            Err(refused) => self.refuse(id, refused),
        }
        let name = netlify::workflow_name(id);
        let path = workflow_path(&name);
        let elsewhere = self.schedules(automation, &path);
        let source = self.inputs.files.text(&automation.source.path).unwrap_or_default();
        if self.write(&path, workflow::of_function(id, &automation.source.path, source, &elsewhere), id)
            && let Ok(backup) = AutomationId::new(Kind::Workflow, &name)
        {
            self.remedies.push(Remedy { id: id.clone(), backup });
        }
        let run = pm2::of_run(automation, schedules.first(), self.inputs.mode);
        self.app(id, run);
    }

    /// When a backup starts by itself, and that nobody else may start then.
    fn schedules(&mut self, automation: &Automation, path: &str) -> Vec<ScheduleSpec> {
        let mut found: Vec<ScheduleSpec> = Vec::new();
        for schedule in &automation.schedules {
            let Some(shifted) = times::after(schedule, &self.taken, times::seed(path)) else {
                let message = format!("no five fields say a time after `{}`: the backup of {} is only dispatched", schedule.cron, automation.id);
                self.find("backup-unscheduled", Severity::Note, automation, message, "Start it earlier in the day.");
                continue;
            };
            let spec = ScheduleSpec { cron: shifted.cron, timezone: schedule.timezone.clone() };
            if shifted.collisions > 0 {
                let message = format!("no minute is free for the backup of {}: `{}` starts {} times a week together with another", automation.id, spec.cron, shifted.collisions);
                self.find("schedule-collision", Severity::Note, automation, message, "Start fewer automations every minute.");
            }
            if !found.contains(&spec) && found.len() < MAX_SCHEDULES {
                self.taken.add(&spec.cron, &spec.timezone);
                found.push(spec);
            }
        }
        found
    }

    fn find(&mut self, rule: &str, severity: Severity, about: &Automation, message: String, fix: &str) {
        let (path, line) = (about.source.path.clone(), about.source.line);
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
        if before.as_ref() != Some(&text) {
            let (path, after) = (path.to_owned(), Some(text));
            self.out.patches.push(FilePatch { path, before, after, about: about.cloned() });
        }
        Ok(())
    }

    fn pm2_file(&mut self) {
        if self.apps.is_empty() {
            return;
        }
        let text = pm2::file(&self.apps, self.inputs.mode);
        if let Err(why) = self.put(PM2_FILE, text, None) {
            self.out.advice.push(format!("{why}: no backups for PM2 are written; rename it, and run `standin backup` again"));
            self.out.backups.retain(|path, _| !path.starts_with(PM2_FILE));
        }
    }

    fn manifests(&mut self, primaries: &[&'a Automation]) {
        let mut folders: BTreeMap<String, Vec<(&Automation, Option<String>)>> = BTreeMap::new();
        for function in primaries.iter().filter(|a| a.id.kind() == Kind::Netlify) {
            let backup = self.backed_up.get(&function.id).cloned();
            folders.entry(netlify::paths(function).folder).or_default().push((function, backup));
        }
        for (folder, functions) in folders {
            if functions.iter().all(|(_, backup)| backup.is_none()) {
                continue;
            }
            if let Err(why) = self.put(&netlify::manifest_path(&folder), netlify::manifest(&functions), None) {
                self.out.advice.push(format!("{why}: no list of the functions is written"));
            }
        }
    }

    fn npm_scripts(&mut self) {
        if self.inputs.npm_scripts == NpmScripts::Leave {
            return;
        }
        let Some((text, added)) = self.inputs.files.text("package.json").and_then(|text| Some((text, npm::add(text)?)))
        else {
            self.out.advice.push("package.json is not there, or is no object: no scripts were added".to_owned());
            return;
        };
        for name in added.kept {
            self.out.advice.push(format!("package.json has a script `{name}` of its own, which stays"));
        }
        if added.text != text {
            let (path, before) = ("package.json".to_owned(), Some(text.to_owned()));
            self.out.patches.push(FilePatch { path, before, after: Some(added.text), about: None });
        }
    }

    /// Settings are the user's as soon as they are there; what they lack is advice.
    fn settings_file(&mut self) {
        let existing = self.inputs.files.text(settings::FILE);
        match (existing, self.inputs.settings_file) {
            (None, SettingsFile::Write(defaults)) if matches!(self.inputs.files.place(settings::FILE), Place::Free) => {
                let after = Some(settings::file(defaults, &self.remedies));
                let path = settings::FILE.to_owned();
                self.out.patches.push(FilePatch { path, before: None, after, about: None });
            }
            (existing, _) => {
                let existing = existing.unwrap_or_default();
                for remedy in self.remedies.iter().filter(|remedy| !existing.contains(remedy.backup.as_str())) {
                    self.out.advice.push(format!("add to standin.toml, so that the watchers use it:\n{}", remedy.entry()));
                }
            }
        }
    }

    fn asked_in_vain(&mut self) {
        for id in self.inputs.asked {
            let found = self.inputs.inventory.get(id);
            let refused = match found {
                None => Refused::new("there is no such automation", "`standin scan` lists the ids."),
                Some(automation) if !self.is_others(automation) => {
                    Refused::new("it is a backup itself", "Name what it stands in for.")
                }
                Some(_) if self.inputs.left_out.contains(id) => Refused::new(
                    "it is a watcher, or standin.toml names other backups for it",
                    "Take its `backup` out of standin.toml.",
                ),
                Some(_) => continue,
            };
            self.refuse(id, refused);
        }
    }

    /// What we have written for something that is gone, or that gets no backup any more.
    fn stale(&mut self) {
        let stale: Vec<FilePatch> = self
            .inputs
            .files
            .ours()
            .filter(|(path, _)| *path != settings::FILE && !self.written.contains(*path))
            .map(|(path, text)| FilePatch {
                path: path.to_owned(),
                before: Some(text.to_owned()),
                after: None,
                about: standin_core::ownership::backup_of(text),
            })
            .collect();
        self.out.patches.extend(stale);
    }

    fn herd(&mut self) {
        let mut taken = Taken::default();
        let mut first: Option<&Automation> = None;
        for automation in self.inputs.inventory.automations.iter().filter(|a| a.domain == Domain::Github && self.is_others(a)) {
            for schedule in &automation.schedules {
                taken.add(&schedule.cron, &schedule.timezone);
                first.get_or_insert(automation);
            }
        }
        if let (Some((minute, count)), Some(first)) = (taken.busiest().filter(|(_, count)| *count >= HERD), first) {
            let message = format!("{count} schedules start in one minute, first on {}", times::spoken(minute));
            let fix = "Spread them over the hour: GitHub is late where everybody starts.";
            self.find("schedule-herd", Severity::Note, first, message, fix);
        }
    }

    fn into_generated(mut self) -> Generated {
        if !self.inputs.asked.is_empty() {
            let asked = self.inputs.asked;
            self.out.patches.retain(|patch| patch.about.as_ref().is_none_or(|id| asked.contains(id)));
            self.out.refused.retain(|refusal| asked.contains(&refusal.id));
        }
        self.out.patches.sort_by(|a, b| a.path.cmp(&b.path));
        self.out.refused.sort();
        self.out.refused.dedup();
        self.out
    }
}
