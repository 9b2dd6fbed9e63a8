//! What all backups share, and what is left of earlier ones.

use std::collections::BTreeMap;

use standin_core::automation::{Automation, Severity, Standing};
use standin_core::ident::{Domain, Kind};

use super::Work;
use crate::file::Place;
use crate::generate::{Generated, NpmScripts, SettingsFile};
use crate::patch::FilePatch;
use crate::settings::Remedy;
use crate::times::{self, Taken};
use crate::workflow::Refused;
use crate::{PM2_FILE, netlify, npm, pm2, settings};

/// So many automations that start in one minute are worth a word.
const HERD: u32 = 5;

impl<'a> Work<'a> {
    pub(in crate::generate) fn pm2_file(&mut self) {
        if self.apps.is_empty() {
            return;
        }
        let text = pm2::file(&self.apps, self.inputs.mode);
        if let Err(why) = self.put(PM2_FILE, text, None) {
            self.out.advice.push(format!(
                "{why}: no backups for PM2 are written; rename it, and run `standin backup` again"
            ));
            self.out.backups.retain(|path, _| !path.starts_with(PM2_FILE));
        }
    }

    pub(in crate::generate) fn manifests(&mut self, primaries: &[&'a Automation]) {
        let mut folders: BTreeMap<String, Vec<(&Automation, Option<String>)>> = BTreeMap::new();
        for function in primaries.iter().filter(|a| a.id.kind() == Kind::Netlify) {
            let backup = self.backed_up.get(&function.id).cloned();
            folders.entry(netlify::paths(function).folder).or_default().push((function, backup));
        }
        for (folder, functions) in folders {
            if functions.iter().all(|(_, backup)| backup.is_none()) {
                continue;
            }
            if let Err(why) = self.put(&netlify::manifest_path(&folder), netlify::manifest(&functions), None)
            {
                self.out.advice.push(format!("{why}: no list of the functions is written"));
            }
        }
    }

    pub(in crate::generate) fn npm_scripts(&mut self) {
        if self.inputs.npm_scripts == NpmScripts::Leave {
            return;
        }
        let Some((text, added)) =
            self.inputs.files.text("package.json").and_then(|text| Some((text, npm::add(text)?)))
        else {
            self.out
                .advice
                .push("package.json is not there, or is no object: no scripts were added".to_owned());
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
    pub(in crate::generate) fn settings_file(&mut self) {
        let existing = self.inputs.files.text(settings::FILE);
        match (existing, self.inputs.settings_file) {
            (None, SettingsFile::Write(defaults))
                if matches!(self.inputs.files.place(settings::FILE), Place::Free) =>
            {
                let after = Some(settings::file(defaults, &self.remedies));
                let path = settings::FILE.to_owned();
                self.out.patches.push(FilePatch { path, before: None, after, about: None });
            }
            (existing, _) => {
                let existing = existing.unwrap_or_default();
                self.remedies.retain(|remedy| !existing.contains(remedy.backup.as_str()));
                self.advise();
            }
        }
    }

    /// What a `standin.toml` that is the user's lacks.
    fn advise(&mut self) {
        let is_meant = |id| self.inputs.asked.is_empty() || self.inputs.asked.contains(id);
        let remedies = std::mem::take(&mut self.remedies);
        let (there, new): (Vec<&Remedy>, Vec<&Remedy>) = remedies
            .iter()
            .filter(|remedy| is_meant(&remedy.id))
            .partition(|remedy| self.inputs.entries.contains(&remedy.id));
        for remedy in there {
            self.out.advice.push(format!(
                "add to the entry of {} in standin.toml, so that the watchers use it: {}",
                remedy.id,
                remedy.line()
            ));
        }
        if !new.is_empty() {
            let entries: Vec<String> = new.iter().map(|remedy| remedy.entry()).collect();
            self.out
                .advice
                .push(format!("add to standin.toml, so that the watchers use them:\n{}", entries.join("\n")));
        }
        self.out.advice.extend(new.iter().filter_map(|remedy| remedy.beside()));
    }

    pub(in crate::generate) fn asked_in_vain(&mut self) {
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
    pub(in crate::generate) fn stale(&mut self) {
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

    pub(in crate::generate) fn herd(&mut self) {
        let mut taken = Taken::default();
        let mut first: Option<&Automation> = None;
        for automation in self
            .inputs
            .inventory
            .automations
            .iter()
            .filter(|a| a.domain == Domain::Github && a.state == Standing::Effective && self.is_others(a))
        {
            for schedule in &automation.schedules {
                taken.add(&schedule.cron, &schedule.timezone);
                first.get_or_insert(automation);
            }
        }
        if let (Some((minute, count)), Some(first)) =
            (taken.busiest().filter(|(_, count)| *count >= HERD), first)
        {
            let message =
                format!("{count} schedules start in one minute, first on {}", times::spoken(minute));
            let fix = "Spread them over the hour: GitHub is late where everybody starts.";
            self.find("schedule-herd", Severity::Note, &first.source, message, fix);
        }
        self.crowd();
    }

    /// One word about all the backups for which no minute was free.
    fn crowd(&mut self) {
        let crowded = std::mem::take(&mut self.crowded);
        let Some((place, first)) = crowded.first() else { return };
        let rest = match crowded.len().saturating_sub(1) {
            0 => String::new(),
            1 => " and 1 more".to_owned(),
            more => format!(" and {more} more"),
        };
        let message = format!("no minute is free for {first}{rest}: another starts together with it");
        let fix = "Nothing, if both may run at once; else start fewer automations within the hour.";
        self.find("schedule-collision", Severity::Note, place, message, fix);
    }

    pub(in crate::generate) fn into_generated(mut self) -> Generated {
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
