//! A site: its `netlify.toml`, and the folder that its functions are in.

use standin_core::automation::Severity;

use crate::cron;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::lines::quote;
use crate::registry::Repository;
use crate::toml_file;
use crate::value::{Data, Key, Value};
use crate::walk::Nature;

/// Where functions are when nothing says otherwise.
const DEFAULT_FOLDER: &str = "netlify/functions";

/// What is said of a list that Netlify has never read.
const PASSED_OVER: &str = "Netlify passes over `[[scheduled.functions]]`";

/// One site of the repository.
pub(crate) struct Site {
    /// Path of its `netlify.toml`; empty when there is none.
    path: String,
    /// Its functions folder, relative to the root of the scan, without a slash at its end.
    folder: String,
    /// `[functions."pattern"] schedule = …`: the pattern, the expression, its line.
    schedules: Vec<(String, String, u32)>,
    /// `[[scheduled.functions]]`, which Netlify passes over: the name that each gives, and its line.
    passed_over: Vec<(String, u32)>,
    /// Why Netlify refuses the settings, and with them the whole site.
    problem: Option<String>,
}

impl Site {
    /// Why none of its functions would be deployed.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
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

    /// Why a schedule that `netlify.toml` means for a function is none.
    pub(crate) fn passed_over(&self, name: &str) -> Option<String> {
        let (_, line) = self.passed_over.iter().find(|(known, _)| known == name)?;
        Some(format!("nothing runs by its schedule in {} at line {line}: {PASSED_OVER}", self.path))
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
    for entry in repository.entries.iter().filter(|entry| entry.name() == "netlify.toml") {
        let read = match entry.nature {
            Nature::File => files::read(repository.root, &entry.path),
            Nature::Other => Err(files::not_a_file(&entry.path)),
        };
        let site = match read {
            Ok(text) => configured(&entry.path, entry.folder(), &text, gathered),
            Err(problem) => {
                let why = format!("{}: {}", entry.path, problem.message);
                gathered.find(problem);
                Site { problem: Some(why), ..plain(&entry.path, entry.folder()) }
            }
        };
        sites.push(site);
    }
    // Without settings at the root Netlify would look there, if a site is made of the root.
    let has_root = sites.iter().any(|site| site.path == "netlify.toml");
    if !has_root && !sites.iter().any(|site| site.folder == DEFAULT_FOLDER) {
        sites.push(plain("", ""));
    }
    // Two files that name one folder would list its functions twice.
    sites.sort_by(|a, b| {
        (&a.folder, a.path.is_empty(), &a.path).cmp(&(&b.folder, b.path.is_empty(), &b.path))
    });
    sites.dedup_by(|later, first| later.folder == first.folder);
    sites
}

fn plain(path: &str, folder: &str) -> Site {
    Site {
        path: path.to_owned(),
        folder: below(folder, "", DEFAULT_FOLDER),
        schedules: Vec::new(),
        passed_over: Vec::new(),
        problem: None,
    }
}

fn configured(path: &str, home: &str, text: &str, gathered: &mut Gathered) -> Site {
    let root = match toml_file::parse(text) {
        Ok(root) => root,
        Err(fault) => {
            let fix = "Correct the TOML at this line.";
            let why = format!("{path} is not TOML");
            gathered.find(finding("toml-unparsable", Severity::Error, path, fault.line, fault.message, fix));
            return Site { problem: Some(why), ..plain(path, home) };
        }
    };
    let build = root.get("build");
    let base = build.and_then(|build| build.get("base")).and_then(Value::text).unwrap_or("");
    let directory = root.get("functions").and_then(|functions| functions.get("directory"));
    let legacy = build.and_then(|build| build.get("functions"));
    let folder = directory.or(legacy).and_then(Value::text).unwrap_or(DEFAULT_FOLDER);
    let scheduled = root.get("scheduled").and_then(|scheduled| scheduled.get("functions"));
    let tables = scheduled.map(Value::items).unwrap_or_default();
    if let Some(inert) = root.get("scheduled") {
        let message = match tables.len() {
            0 | 1 => format!("{PASSED_OVER}: nothing runs by it"),
            count => format!("{PASSED_OVER}: nothing runs by any of these {count} schedules"),
        };
        let fix = "Write `[functions.\"NAME\"]` with `schedule = \"…\"`.";
        gathered.find(finding(
            "netlify-inert-schedule",
            Severity::Error,
            path,
            inert_line(inert),
            message,
            fix,
        ));
    }
    let schedules = schedules(path, &root, gathered);
    let bad = schedules.iter().find_map(|(_, cron, _)| refusal(cron));
    let problem = bad.map(|why| format!("Netlify refuses {path}: {why}"));
    let passed_over =
        tables.iter().filter_map(|table| Some((table.get("name")?.text()?.to_owned(), table.line)));
    let passed_over = passed_over.collect();
    Site { path: path.to_owned(), folder: below(home, base, folder), schedules, passed_over, problem }
}

/// Why the reader of the settings refuses an expression. It takes more than Netlify's schedules do: fewer fields, six,
/// `?`, `L` and `#`; and fewer names.
fn refusal(cron: &str) -> Option<String> {
    match cron::check(cron, "UTC") {
        Ok(_) if matches!(cron.trim(), "@midnight" | "@annually") => {
            Some(format!("`{}` is no name that it knows", cron.trim()))
        }
        Ok(_) => None,
        Err(flaw) => {
            let fields = cron.split_ascii_whitespace().count();
            let is_odd = fields != 5 || cron.contains(['?', 'L', '#']);
            let is_plain = cron.chars().all(|c| c.is_ascii_digit() || "*/,-?L# ".contains(c));
            (flaw.rule == "cron-never-fires" || !(is_odd && is_plain)).then_some(flaw.message)
        }
    }
}

fn inert_line(scheduled: &Value) -> u32 {
    scheduled
        .get("functions")
        .and_then(|list| list.items().first())
        .map_or(scheduled.line, |first| first.line)
}

fn schedules(path: &str, root: &Value, gathered: &mut Gathered) -> Vec<(String, String, u32)> {
    let mut schedules = Vec::new();
    for entry in root.get("functions").map(Value::entries).unwrap_or_default() {
        let (Key::Named(pattern), Some(schedule)) = (&entry.key, entry.value.get("schedule")) else {
            // Right below [functions] it is one for every function.
            if let (Key::Named(name), Data::Text(cron)) = (&entry.key, &entry.value.data)
                && name == "schedule"
            {
                schedules.push(("*".to_owned(), cron.to_string(), entry.value.line));
            }
            continue;
        };
        match &schedule.data {
            Data::Text(cron) => schedules.push((pattern.to_string(), cron.to_string(), schedule.line)),
            Data::Null
            | Data::Bool(_)
            | Data::Number(_)
            | Data::List(_)
            | Data::Map(_)
            | Data::Computed(_) => {
                let message = format!("`schedule` is a text, and this is {}", schedule.noun());
                let fix = "Write a cron expression in quotes, or @daily.";
                gathered.find(finding("cron-invalid", Severity::Error, path, schedule.line, message, fix));
            }
        }
    }
    schedules
}

/// A folder relative to the root of the scan: below the base, or below the site's home if it begins with `/`.
fn below(home: &str, base: &str, folder: &str) -> String {
    let start = if folder.starts_with('/') { "" } else { base };
    let mut parts: Vec<&str> = Vec::new();
    for part in home.split('/').chain(start.split('/')).chain(folder.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}
