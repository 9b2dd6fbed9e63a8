//! A site: its `netlify.toml`, and the folder that its functions are in.

use std::path::Path;

use standin_core::automation::{Severity, Standing};

use super::{inert, settings};
use crate::asked::There;
use crate::cron;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::lines::quote;
use crate::registry::Repository;
use crate::toml_file;
use crate::value::Value;
use crate::walk::Nature;

/// Where functions are when nothing says otherwise.
const DEFAULT_FOLDER: &str = "netlify/functions";

/// One site of the repository.
#[derive(Default)]
pub(crate) struct Site {
    /// Path of its `netlify.toml`; empty when there is none.
    path: String,
    /// Its functions folder, relative to the root of the scan, without a slash at its end.
    folder: String,
    /// `[functions."pattern"] schedule = …`: the pattern, the expression, its line.
    schedules: Vec<(String, String, u32)>,
    /// Schedules that Netlify passes over: the function that each names, its line, and what is passed over.
    passed_over: Vec<inert::Named>,
    /// `node_bundler` of functions by pattern.
    bundlers: Vec<(String, String)>,
    /// The command that builds the site, if its settings name one.
    command: Option<String>,
    /// Why none of its functions would be deployed, and what that leaves of them.
    problem: Option<(Standing, String)>,
}

impl Site {
    /// Why none of its functions would be deployed.
    pub(crate) fn problem(&self) -> Option<(Standing, &str)> {
        self.problem.as_ref().map(|(state, why)| (*state, why.as_str()))
    }

    /// What the paths of its functions begin with.
    pub(crate) fn functions_prefix(&self) -> String {
        if self.folder.is_empty() { String::new() } else { format!("{}/", self.folder) }
    }

    /// The schedule that `netlify.toml` gives a function: expression, path, line. An exact name goes before a pattern.
    pub(crate) fn schedule(&self, name: &str) -> Option<(String, String, u32)> {
        let exact = self.schedules.iter().find(|(pattern, ..)| pattern == name);
        let (_, cron, line) =
            exact.or_else(|| self.schedules.iter().find(|(pattern, ..)| matches(pattern, name)))?;
        Some((cron.clone(), self.path.clone(), *line))
    }

    /// The bundler that `netlify.toml` names for a function.
    pub(crate) fn bundler(&self, name: &str) -> Option<&str> {
        let exact = self.bundlers.iter().find(|(pattern, _)| pattern == name);
        let found = exact.or_else(|| self.bundlers.iter().find(|(pattern, _)| matches(pattern, name)));
        found.map(|(_, bundler)| bundler.as_str())
    }

    /// The command that builds the site.
    pub(crate) fn command(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Why a schedule that `netlify.toml` means for a function is none.
    pub(crate) fn passed_over(&self, name: &str) -> Option<String> {
        let one = self.passed_over.iter().find(|one| one.name == name)?;
        Some(format!("nothing runs by its schedule in {} at line {}: {}", self.path, one.line, one.why))
    }

    /// Says which schedules belong to no function.
    pub(crate) fn unmatched(&self, repository: &Repository<'_>, gathered: &mut Gathered) {
        let prefix = self.functions_prefix();
        let names: Vec<String> = repository
            .entries
            .iter()
            .filter_map(|entry| entry.path.strip_prefix(&prefix).and_then(super::function_name))
            .map(|(name, _)| name)
            .collect();
        for (pattern, _, line) in &self.schedules {
            if !names.iter().any(|name| matches(pattern, name)) {
                let message = format!("there is no function `{}` in {}", quote(pattern), quote(&self.folder));
                let fix = "Correct the name, or the functions folder.";
                gathered.find(finding(
                    "netlify-no-function",
                    Severity::Error,
                    &self.path,
                    *line,
                    message,
                    fix,
                ));
            }
        }
    }
}

/// `*` stands for any part of a name.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    let mut parts = pattern.split('*').peekable();
    let Some(first) = parts.next() else { return false };
    let Some(after_first) = rest.strip_prefix(first) else { return false };
    rest = after_first;
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at.saturating_add(part.len())..).unwrap_or(""),
            None => return false,
        }
    }
    true
}

/// Every site: one for each `netlify.toml`, and the root if it has only the default folder.
pub(crate) fn find(repository: &Repository<'_>, gathered: &mut Gathered) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut has_root = false;
    for entry in repository.entries.iter().filter(|entry| entry.name() == "netlify.toml") {
        has_root |= entry.path == "netlify.toml";
        let read = match entry.nature {
            Nature::File => files::read(repository.root, &entry.path),
            Nature::Other => Err(files::not_a_file(&entry.path)),
        };
        match read {
            Ok(text) => {
                let file = File { repository, path: &entry.path, home: entry.folder() };
                sites.extend(file.sites(&text, gathered));
            }
            Err(problem) => {
                let why = format!("{}: {}", entry.path, problem.message);
                gathered.find(problem);
                sites.push(plain(&entry.path, entry.folder(), Some((Standing::Declared, why))));
            }
        }
    }
    // Without settings at the root Netlify would look there, if a site is made of the root.
    if !has_root && !sites.iter().any(|site| site.folder == DEFAULT_FOLDER) {
        sites.push(plain("", "", None));
    }
    // Two files that name one folder would list its functions twice.
    sites.sort_by(|a, b| {
        let key = |site: &Site| {
            (site.folder.clone(), site.problem.is_some(), site.path.is_empty(), site.path.clone())
        };
        key(a).cmp(&key(b))
    });
    sites.dedup_by(|later, first| later.folder == first.folder);
    sites
}

fn plain(path: &str, base: &str, problem: Option<(Standing, String)>) -> Site {
    let folder = below(&[base, DEFAULT_FOLDER]).unwrap_or_default();
    Site { path: path.to_owned(), folder, problem, ..Site::default() }
}

/// A `netlify.toml`.
struct File<'a> {
    repository: &'a Repository<'a>,
    path: &'a str,
    /// The folder that it is in.
    home: &'a str,
}

impl File<'_> {
    /// The site that it describes; a second one where functions lie in another folder than Netlify looks in; none where
    /// Netlify reads another file in its place.
    fn sites(&self, text: &str, gathered: &mut Gathered) -> Vec<Site> {
        let root = match toml_file::parse(text) {
            Ok(root) => inert::in_production(&root),
            Err(fault) => {
                let fix = "Correct the TOML at this line.";
                let why = format!("{} is not TOML", self.path);
                self.say("toml-unparsable", Severity::Error, fault.line, fault.message, fix, gathered);
                return vec![plain(self.path, self.home, Some((Standing::Declared, why)))];
            }
        };
        let base = root.get("build").and_then(|build| build.get("base"));
        let home = match self.base(base) {
            Ok(home) => home,
            Err(why) => {
                let line = base.map_or(1, |base| base.line);
                let fix = "Correct `base`: it counts from the root of the repository.";
                self.say("netlify-settings-invalid", Severity::Error, line, why.clone(), fix, gathered);
                let why = format!("Netlify refuses {}: {why}", self.path);
                return vec![plain(self.path, self.home, Some((Standing::Declared, why)))];
            }
        };
        let other = below(&[&home, "netlify.toml"]).filter(|other| other != self.path);
        if let Some(other) =
            other.filter(|other| self.repository.entries.iter().any(|one| one.path == *other))
        {
            let message =
                format!("Netlify reads {} in place of this file, because of its `base`", quote(&other));
            let line = base.map_or(1, |base| base.line);
            let fix = "Move what is to count into that file.";
            self.say("netlify-other-settings", Severity::Note, line, message, fix, gathered);
            return Vec::new();
        }
        let mut refused = settings::refused(&root);
        let sorted = settings::sorted(&root);
        let directory = sorted.directory().or_else(|| root.get("build")?.get("functions"));
        let directory = directory.filter(|folder| folder.text().is_some_and(|text| !text.is_empty()));
        let written = directory.and_then(Value::text).unwrap_or(DEFAULT_FOLDER);
        let folder = below(&[&home, written]);
        if folder.is_none() && self.repository.root.kind(Path::new(".git")) != There::Nothing {
            let message = format!("`{}` leads out of the repository", quote(written));
            let line = directory.map_or(1, |value| value.line);
            refused.push(settings::Refused { line, message, fix: None });
        }
        let folder = folder.unwrap_or_default();
        for one in &refused {
            let fix =
                one.fix.as_deref().unwrap_or("Correct it at this line: Netlify refuses the whole file.");
            self.say(
                "netlify-settings-invalid",
                Severity::Error,
                one.line,
                one.message.clone(),
                fix,
                gathered,
            );
        }
        let (schedules, bad) = self.schedules(&sorted, gathered);
        let problem = refused.into_iter().map(|one| one.message).chain(bad).next();
        let problem =
            problem.map(|why| (Standing::Declared, format!("Netlify refuses {}: {why}", self.path)));
        let site = Site {
            path: self.path.to_owned(),
            passed_over: inert::passed_over(self.path, &root, &sorted, gathered),
            folder,
            schedules,
            bundlers: bundlers(&sorted),
            command: text_at(&root, "build", "command"),
            problem,
        };
        let misplaced = directory.and_then(|value| self.misplaced(&root, value.line, &site, &home, gathered));
        [site].into_iter().chain(misplaced).collect()
    }

    /// The folder from which everything counts. A `base` counts from the root of the repository; what has none of the
    /// root's folders may be the file of a repository of its own.
    fn base(&self, base: Option<&Value>) -> Result<String, String> {
        let Some(base) = base.and_then(Value::text).filter(|base| !base.is_empty()) else {
            return Ok(self.home.to_owned());
        };
        let is_folder =
            |path: &String| path.is_empty() || self.repository.root.kind(Path::new(path)) == There::Folder;
        let candidates = [below(&[base]), below(&[self.home, base])];
        let found = candidates.into_iter().flatten().find(is_folder);
        found.ok_or_else(|| format!("its base folder `{}` is not there", quote(base)))
    }

    /// Functions that lie where Netlify would look by itself, or where the name has other capitals, while the folder of
    /// the settings is not there.
    fn misplaced(
        &self,
        root: &Value<'static>,
        line: u32,
        site: &Site,
        home: &str,
        gathered: &mut Gathered,
    ) -> Option<Site> {
        if site.problem.is_some() || self.repository.root.kind(Path::new(&site.folder)) == There::Folder {
            return None;
        }
        let is_built = root.get("build").and_then(|build| build.get("command")).is_some();
        let entries = self.repository.entries;
        let other = entries.iter().find_map(|entry| {
            let (start, rest) = entry.path.split_at_checked(site.folder.len())?;
            let is_it = start.eq_ignore_ascii_case(&site.folder) && rest.starts_with('/');
            is_it.then(|| start.to_owned())
        });
        let usual = below(&[home, DEFAULT_FOLDER]).unwrap_or_default();
        let holds = |folder: &String| {
            let prefix = format!("{folder}/");
            entries
                .iter()
                .any(|entry| entry.path.strip_prefix(&prefix).and_then(super::function_name).is_some())
        };
        let there = other.or(Some(usual)).filter(holds);
        let folder = quote(&site.folder);
        let message = match &there {
            Some(there) => format!(
                "Netlify looks for functions in {folder}, which is not there: there are some in {there}"
            ),
            None => format!("Netlify looks for functions in {folder}, which is not there"),
        };
        let (severity, state, more) = match (is_built, &there) {
            (true, None) => (Severity::Note, Standing::Loadable, "; a build may make it"),
            (true, Some(_)) => (Severity::Warning, Standing::Loadable, "; a build may make it"),
            (false, None) => (Severity::Warning, Standing::Declared, ""),
            (false, Some(_)) => (Severity::Error, Standing::Declared, ""),
        };
        let message = format!("{message}{more}");

        self.say(
            "netlify-no-folder",
            severity,
            line,
            message.clone(),
            "Correct the functions folder.",
            gathered,
        );
        Some(Site {
            path: self.path.to_owned(),
            folder: there?,
            command: site.command.clone(),
            problem: Some((state, message)),
            ..Site::default()
        })
    }

    /// The schedules that it gives, and why Netlify refuses the first that it refuses.
    fn schedules(
        &self,
        sorted: &settings::Sorted<'_>,
        gathered: &mut Gathered,
    ) -> (Vec<(String, String, u32)>, Option<String>) {
        let of_all = sorted.all.iter().filter(|entry| entry.key.name() == Some("schedule"));
        let of_all = of_all.take(1).map(|entry| ("*".to_owned(), &entry.value));
        let single = sorted.single.iter();
        let single = single.filter_map(|one| Some((one.key.name()?.to_owned(), one.value.get("schedule")?)));
        let mut schedules = Vec::new();
        let mut bad = None;
        for (pattern, schedule) in single.chain(of_all) {
            // What is no text is refused with the other settings.
            let Some(cron) = schedule.text() else { continue };
            schedules.push((pattern, cron.to_owned(), schedule.line));
            if let Some((rule, why)) = refusal(cron) {
                let fix = "Correct the expression at this line.";
                self.say(rule, Severity::Error, schedule.line, why.clone(), fix, gathered);
                bad.get_or_insert(why);
            }
        }
        (schedules, bad)
    }

    fn say(
        &self,
        rule: &str,
        severity: Severity,
        line: u32,
        message: String,
        fix: &str,
        gathered: &mut Gathered,
    ) {
        gathered.find(finding(rule, severity, self.path, line, message, fix));
    }
}

/// `node_bundler` of single functions, and then that of all.
fn bundlers(sorted: &settings::Sorted<'_>) -> Vec<(String, String)> {
    let single = sorted.single.iter();
    let single = single.filter_map(|one| Some((one.key.name()?.to_owned(), one.value.get("node_bundler")?)));
    let of_all = sorted.all.iter().find(|entry| entry.key.name() == Some("node_bundler"));
    let of_all = of_all.map(|entry| ("*".to_owned(), &entry.value));
    single.chain(of_all).filter_map(|(name, value)| Some((name, value.text()?.to_owned()))).collect()
}

/// A text of a table at the top, unless it is empty.
fn text_at(root: &Value<'static>, table: &str, key: &str) -> Option<String> {
    let text = root.get(table)?.get(key)?.text()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Why the reader of the settings refuses an expression, after the rule that it breaks. It takes more than Netlify's
/// schedules do: fewer fields, six, `?`, `L` and `#`; and fewer names.
fn refusal(cron: &str) -> Option<(&'static str, String)> {
    match cron::check(cron, "UTC") {
        Ok(_) if super::is_unknown_name(cron) => Some(("cron-invalid", super::unknown_name(cron))),
        Ok(_) => None,
        Err(flaw) => {
            let fields = cron.split_ascii_whitespace().count();
            let is_odd = fields != 5 || cron.contains(['?', 'L', '#']);
            let is_plain = cron.chars().all(|c| c.is_ascii_digit() || "*/,-?L# ".contains(c));
            let is_refused = flaw.rule == "cron-never-fires" || !(is_odd && is_plain);
            is_refused.then_some((flaw.rule, flaw.message))
        }
    }
}

/// Folders one below the other, relative to the root of the scan; a slash at the start of one means nothing to Netlify.
/// `None` when they lead out of it.
fn below(folders: &[&str]) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folders.iter().flat_map(|folder| folder.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
