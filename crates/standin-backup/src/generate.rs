//! All backups of a repository, as patches.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::{Automation, Finding, Inventory};
use standin_core::ident::{AutomationId, Kind};

use crate::file::{Files, Place};
use crate::host::{self, HostCommand};
use crate::patch::FilePatch;
use crate::{PM2_FILE, WORKFLOWS, netlify, npm, settings, times, workflow};

mod work;

pub(crate) use work::NOT_ASKED;
use work::Work;

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
    /// Its root, absolute.
    pub root: &'a str,
    /// What stands at the paths of [`wanted_files`], and of [`wanted_scripts`].
    pub files: &'a Files,
    /// The commands of `standin.toml`, which are in the inventory.
    pub commands: &'a BTreeMap<AutomationId, HostCommand>,
    /// What has an entry in `standin.toml`: a second one would be an error there.
    pub entries: &'a BTreeSet<AutomationId>,
    /// What has a schedule there, so that watchers expect something of it in each slot.
    pub clocked: &'a BTreeSet<AutomationId>,
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

impl Refusal {
    /// Whether a backup could be written if somebody asked for it, or never for what is of this kind: neither is a word
    /// about this automation.
    pub fn is_of_kind(&self) -> bool {
        self.why == NOT_ASKED || !wanted_kinds().contains(&self.id.kind())
    }
}

/// Kinds that backups are written for.
fn wanted_kinds() -> [Kind; 6] {
    [Kind::Workflow, Kind::Netlify, Kind::Pm2, Kind::Npm, Kind::Command, Kind::Crontab]
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
            Kind::Pm2 | Kind::Npm | Kind::Command | Kind::Crontab => {
                paths.insert(automation.source.path.clone());
                paths.insert(workflow_path(&errand_name(&automation.id)));
            }
            Kind::Aws | Kind::Systemd | Kind::Kubernetes | Kind::Script | Kind::Heartbeat => {}
        }
    }
    paths
}

/// Every path that tells whether the work of a machine can be done elsewhere: scripts, lock files. `inputs` has the files
/// of [`wanted_files`] already.
pub fn wanted_scripts(inputs: &Inputs<'_>) -> BTreeSet<String> {
    let known = inputs.known();
    let all = &inputs.inventory.automations;
    let errands = all.iter().filter(|a| inputs.is_errand(a)).flat_map(|errand| host::wanted(errand, known));
    let workflows = all.iter().filter(|a| a.id.kind() == Kind::Workflow && a.backup_of.is_none());
    let around = workflows.flat_map(|a| workflow::wanted_around(&a.source.path, inputs.files));
    let functions = all.iter().filter(|a| a.id.kind() == Kind::Netlify && a.backup_of.is_none());
    let packages = functions.flat_map(|a| host::wanted_packages(host::folder_of(&a.source.path)));
    errands.chain(around).chain(packages).collect()
}

impl<'a> Inputs<'a> {
    pub(crate) fn known(&self) -> host::Known<'a> {
        host::Known { root: self.root, files: self.files, commands: self.commands }
    }

    /// Whether a machine does this, in slots that somebody knows of; or somebody asks, or has asked, for its backup.
    pub(crate) fn is_errand(&self, automation: &Automation) -> bool {
        let id = &automation.id;
        let is_there = || matches!(self.files.place(&workflow_path(&errand_name(id))), Place::Ours(_));
        let is_wanted = || self.asked.contains(id) || self.clocked.contains(id) || is_there();
        match id.kind() {
            Kind::Pm2 => !automation.schedules.is_empty() || is_wanted(),
            Kind::Command => !automation.schedules.is_empty(),
            Kind::Npm | Kind::Crontab => is_wanted(),
            Kind::Workflow
            | Kind::Netlify
            | Kind::Aws
            | Kind::Systemd
            | Kind::Kubernetes
            | Kind::Script
            | Kind::Heartbeat => false,
        }
    }
}

/// The workflow that does the work of a machine: `npm:.#mail` is backed up by `npm-mail-backup.yml`.
fn errand_name(id: &AutomationId) -> String {
    let name = id.name().strip_prefix(".#").unwrap_or(id.name());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '-' }).take(MAX_NAME).collect();
    // Two names may be the same without their signs.
    let apart = if plain == name { String::new() } else { format!("-{:04x}", times::seed(name) & 0xffff) };
    format!("{}-{plain}{apart}-backup.yml", id.kind())
}

/// Longest part of a file's name that is made of a name.
const MAX_NAME: usize = 80;

/// Every backup, and the deletion of those whose primary is gone.
pub fn generate(inputs: &Inputs<'_>) -> Generated {
    let mut work = Work::new(inputs);
    let primaries: Vec<&Automation> =
        inputs.inventory.automations.iter().filter(|a| work.is_primary(a)).collect();
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
    let text = text.replace('\r', "");
    let Some(entries) = text.strip_prefix(&settings::file(defaults, &[]).replace('\r', "")) else {
        return true;
    };
    entries.lines().any(|line| {
        let is_ours = line.is_empty()
            || line == "[[automation]]"
            || line.starts_with("id = ")
            || line.starts_with("backup = ");
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
