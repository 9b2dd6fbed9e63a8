//! Netlify functions: the files of a site's functions folder and what `netlify.toml` says of them.

use std::collections::BTreeMap;

use standin_core::automation::{Automation, Detail, Flavour, ScheduleSpec, Severity, Source, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::ownership;

use crate::cron;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::registry::Repository;
use crate::steps;
use crate::walk::{Entry, Nature};

mod inert;
mod settings;
mod site;
mod source;

#[cfg(test)]
mod tests;

use site::Site;

/// Endings of functions, from the one that Netlify prefers on.
const ENDINGS: [&str; 7] = ["js", "mjs", "cjs", "ts", "tsx", "mts", "cts"];

/// The order in which Netlify looks for the main file of a function that is a folder.
const IN_FOLDER: [&str; 7] = ["js", "ts", "mjs", "cjs", "tsx", "mts", "cts"];

/// Adds the functions of every site.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    for site in site::find(repository, gathered) {
        for (name, entry) in functions(repository, &site, gathered) {
            function(repository, &site, &name, entry, gathered);
        }
        site.unmatched(repository, gathered);
    }
}

/// The functions of a site by name. Of several files for one name Netlify takes one: the folder before the file,
/// and among files the ending that it prefers.
fn functions<'a>(
    repository: &'a Repository<'_>,
    site: &Site,
    gathered: &mut Gathered,
) -> BTreeMap<String, &'a Entry> {
    let mut found: BTreeMap<String, (usize, &Entry)> = BTreeMap::new();
    let prefix = site.functions_prefix();
    for entry in repository.entries {
        let Some((name, rank)) = entry.path.strip_prefix(&prefix).and_then(function_name) else { continue };
        match found.get(&name) {
            Some((known, _)) if *known <= rank => shadowed(entry, &name, gathered),
            Some((_, other)) => {
                shadowed(other, &name, gathered);
                found.insert(name, (rank, entry));
            }
            None => {
                found.insert(name, (rank, entry));
            }
        }
    }
    found.into_iter().map(|(name, (_, entry))| (name, entry)).collect()
}

/// The function that a path within the functions folder is the main file of, and its rank: the lowest is taken.
fn function_name(path: &str) -> Option<(String, usize)> {
    let (folder, file) = path.split_once('/').map_or((None, path), |(folder, file)| (Some(folder), file));
    let (stem, ending) = file.rsplit_once('.')?;
    if file.contains('/') || stem.is_empty() {
        return None;
    }
    let Some(folder) = folder else {
        let rank = ENDINGS.iter().position(|known| *known == ending)?;
        return Some((stem.to_owned(), rank.saturating_add(100)));
    };
    // A folder's name, too, ends before its last dot.
    let name = folder.rsplit_once('.').map_or(folder, |(name, _)| name).to_owned();
    if ending == "go" {
        return (stem == "main" || stem == folder).then_some((name, 50));
    }
    let rank = IN_FOLDER.iter().position(|known| *known == ending)?.saturating_mul(2);
    match stem {
        _ if stem == folder => Some((name, rank)),
        "index" => Some((name, rank.saturating_add(1))),
        _ => None,
    }
}

fn shadowed(entry: &Entry, name: &str, gathered: &mut Gathered) {
    let message = format!("Netlify takes another file for the function `{name}` and passes over this one");
    let fix = "Delete or rename one of the two.";
    gathered.find(finding("netlify-shadowed", Severity::Warning, &entry.path, 1, message, fix));
}

/// What has been found out about one function.
struct Function<'a> {
    path: &'a str,
    line: u32,
    schedule: Option<(String, String, u32)>,
    is_background: Background,
    flavour: Flavour,
    backup_of: Option<AutomationId>,
    state: Standing,
    reason: String,
}

/// Whether a function answers at once and works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Background {
    Yes,
    No,
}

impl Function<'_> {
    fn fall_short(&mut self, state: Standing, reason: &str) {
        if state < self.state {
            self.state = state;
            self.reason = reason.to_owned();
        }
    }
}

fn function(repository: &Repository<'_>, site: &Site, name: &str, entry: &Entry, gathered: &mut Gathered) {
    let mut function = Function {
        path: &entry.path,
        line: 1,
        schedule: site.schedule(name),
        is_background: if name.ends_with("-background") { Background::Yes } else { Background::No },
        flavour: Flavour::Unknown,
        backup_of: None,
        state: Standing::Effective,
        reason: String::new(),
    };
    let read = match entry.nature {
        Nature::File => files::read(repository.root, &entry.path),
        Nature::Other => Err(files::not_a_file(&entry.path)),
    };
    match read {
        Ok(text) => {
            function.backup_of = ownership::backup_of(&text);
            if entry.path.ends_with(".go") {
                function.flavour = Flavour::Go;
            } else {
                source::read(repository, &text, &mut function, gathered);
            }
        }
        Err(problem) => {
            function.fall_short(Standing::Declared, &problem.message);
            gathered.find(problem);
        }
    }
    if let Some(problem) = site.problem() {
        function.fall_short(problem.0, problem.1);
    }
    if let Some(why) = site.passed_over(name).filter(|_| function.schedule.is_none()) {
        function.fall_short(Standing::Loadable, &why);
    }
    helper(name, entry, gathered);
    let schedules = schedules(&mut function, gathered);
    let id = match AutomationId::new(Kind::Netlify, name) {
        Ok(id) => id,
        Err(error) => {
            let fix = "Give the function a shorter name.";
            gathered.find(finding("bad-name", Severity::Error, &entry.path, 1, error.to_string(), fix));
            return;
        }
    };
    let mut triggers = Vec::new();
    if function.schedule.is_some() {
        triggers.push("schedule".to_owned());
    }
    match (function.is_background, triggers.is_empty()) {
        (Background::Yes, _) => triggers.push("background".to_owned()),
        (Background::No, true) => triggers.push("http".to_owned()),
        // Netlify gives a scheduled function no address in production.
        (Background::No, false) => {}
    }
    gathered.automation(Automation {
        id,
        name: name.to_owned(),
        domain: Domain::Netlify,
        source: Source { path: entry.path.clone(), line: function.line },
        schedules,
        triggers,
        state: function.state,
        reason: function.reason,
        detail: Detail::NetlifyFunction {
            flavour: function.flavour,
            background: function.is_background == Background::Yes,
            main: repository.absolute(&entry.path).to_string_lossy().into_owned(),
        },
        backup_of: function.backup_of,
    });
}

/// Tests, declarations and the like that lie among the functions: Netlify makes a function of each.
fn helper(name: &str, entry: &Entry, gathered: &mut Gathered) {
    let is_odd = !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_odd || name.starts_with('_') {
        let message = format!(
            "Netlify makes a function of every file of this folder, and calls this one `{}`",
            crate::lines::quote(name)
        );
        let fix = "Move what is no function out of the folder, or into one of its own that has no main file.";
        gathered.find(finding("netlify-helper", Severity::Warning, &entry.path, 1, message, fix));
    }
}

/// Names of schedules elsewhere that Netlify does not know.
fn is_unknown_name(cron: &str) -> bool {
    matches!(cron.trim(), "@midnight" | "@annually")
}

fn unknown_name(cron: &str) -> String {
    format!("`{}` is no name that Netlify knows: it is @daily or @yearly there", cron.trim())
}

fn schedules(function: &mut Function<'_>, gathered: &mut Gathered) -> Vec<ScheduleSpec> {
    let Some((cron, path, line)) = function.schedule.clone() else { return Vec::new() };
    match cron::check(&cron, "UTC") {
        Ok(_) if is_unknown_name(&cron) => {
            let message = unknown_name(&cron);
            function.fall_short(Standing::Declared, &message);
            let fix = "Correct the expression at this line.";
            gathered.find(finding("cron-invalid", Severity::Error, &path, line, message, fix));
            Vec::new()
        }
        Ok(_) => {
            steps::too_large(&cron, &path, line).into_iter().for_each(|one| gathered.find(one));
            vec![ScheduleSpec { cron, timezone: "UTC".to_owned() }]
        }
        Err(flaw) => {
            let never = flaw.rule == "cron-never-fires";
            let state = if never { Standing::Loadable } else { Standing::Declared };
            function.fall_short(state, &flaw.message);
            let fix = "Correct the expression at this line.";
            gathered.find(finding(flaw.rule, Severity::Error, &path, line, flaw.message, fix));
            Vec::new()
        }
    }
}
