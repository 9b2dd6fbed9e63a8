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

mod gaps;
mod imports;
mod inert;
mod odd;
mod settings;
mod site;
mod source;

#[cfg(test)]
mod tests;

use imports::{Bundler, Imports};
use site::Site;

/// Endings of functions, from the one that Netlify prefers on.
const ENDINGS: [&str; 7] = ["js", "mjs", "cjs", "ts", "tsx", "mts", "cts"];

/// The order in which Netlify looks for the main file of a function that is a folder.
const IN_FOLDER: [&str; 7] = ["js", "ts", "mjs", "cjs", "tsx", "mts", "cts"];

/// Adds the functions of every site.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    let mut imports = Imports::new(repository);
    for site in site::find(repository, gathered) {
        let functions = functions(repository, &site, gathered);
        // What is a function and what is only a part of one is known when all of them have been read.
        let read: Vec<Function<'_>> = functions
            .iter()
            .map(|(name, entry)| function(repository, &site, name, entry, &mut imports, gathered))
            .collect();
        for mut function in read {
            odd::say(&mut function, &imports, gathered);
            if let Some(automation) = automation(repository, function, gathered) {
                gathered.automation(automation);
            }
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
    name: &'a str,
    path: &'a str,
    schedule: Option<(String, String, u32)>,
    is_background: Background,
    flavour: Flavour,
    backup_of: Option<AutomationId>,
    lacks: Option<Lack>,
    state: Standing,
    reason: String,
}

/// Why a file that exports nothing to call may do so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    /// It asks for what tests ask for.
    Test,
    Handler,
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

fn function<'a>(
    repository: &Repository<'_>,
    site: &Site,
    name: &'a str,
    entry: &'a Entry,
    imports: &mut Imports<'_>,
    gathered: &mut Gathered,
) -> Function<'a> {
    let mut function = Function {
        name,
        path: &entry.path,
        schedule: site.schedule(name),
        is_background: if name.ends_with("-background") { Background::Yes } else { Background::No },
        flavour: Flavour::Unknown,
        backup_of: None,
        lacks: None,
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
            } else if let Some(asks) = source::read(repository, &text, &mut function, gathered) {
                let bundler = match function.flavour {
                    Flavour::V2 => Bundler::of_default(site.bundler(name)),
                    Flavour::V1 | Flavour::Go | Flavour::Unknown => {
                        Bundler::of_handler(site.bundler(name), &entry.path, asks.syntax)
                    }
                };
                imports.know(&entry.path, asks);
                gaps::find(&mut function, bundler, site, imports, gathered);
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
    function
}

/// The function as an automation; none where its name can be none's.
fn automation(
    repository: &Repository<'_>,
    mut function: Function<'_>,
    gathered: &mut Gathered,
) -> Option<Automation> {
    let schedules = schedules(&mut function, gathered);
    let id = match AutomationId::new(Kind::Netlify, function.name) {
        Ok(id) => id,
        Err(error) => {
            let fix = "Give the function a shorter name.";
            gathered.find(finding("bad-name", Severity::Error, function.path, 1, error.to_string(), fix));
            return None;
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
    Some(Automation {
        id,
        name: function.name.to_owned(),
        domain: Domain::Netlify,
        source: Source { path: function.path.to_owned(), line: 1 },
        schedules,
        triggers,
        state: function.state,
        reason: function.reason,
        detail: Detail::NetlifyFunction {
            flavour: function.flavour,
            background: function.is_background == Background::Yes,
            main: repository.absolute(function.path).to_string_lossy().into_owned(),
        },
        backup_of: function.backup_of,
    })
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
