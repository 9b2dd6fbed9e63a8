//! From the value of an ecosystem file to automations, as PM2 7 reads it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use standin_core::automation::{Automation, Detail, Known, ScheduleSpec, Severity, Source, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::ownership::Owner;

use super::{Access, Configuration, options};
use crate::asked::There;
use crate::built;
use crate::findings::{Gathered, finding};
use crate::js;
use crate::lines::quote;
use crate::registry::Repository;
use crate::value::{Data, Lookup, Value};
use crate::walk::Entry;

mod croner;
mod starts;

/// Most of what is taken for granted in one file that is said.
const MAX_ASSUMED: usize = 100;

/// What to do about a computed value.
const EDIT: &str = "Write it out, or let `standin scan --evaluate` run the file.";

/// Says what was taken for granted in a file, each once: one more app of the same kind makes it no other question.
fn assumed(path: &str, places: &[(u32, String)], gathered: &mut Gathered) {
    let mut first: Vec<(u32, &str, usize)> = Vec::new();
    for (line, message) in places {
        if let Some((.., times)) = first.iter_mut().find(|(_, known, _)| known == message) {
            *times = times.saturating_add(1);
        } else if first.len() < MAX_ASSUMED {
            first.push((*line, message, 1));
        }
    }
    for (line, message, times) in first {
        let message = match times {
            1 => message.to_owned(),
            times => format!("{message}; so in {times} places of this file"),
        };
        let fix = "Nothing, if that is how PM2 is started.";
        gathered.find(finding("computed-default", Severity::Note, path, line, message, fix));
    }
}

/// Adds the apps of one file.
pub(crate) fn read(
    repository: &Repository<'_>,
    entry: &Entry,
    configuration: &Configuration,
    gathered: &mut Gathered,
) {
    // What Standin wrote is not for the user to change.
    if configuration.owner == Owner::Others {
        assumed(&entry.path, &configuration.assumed, gathered);
    }
    if configuration.access == Access::DefaultExport {
        let message = "PM2 passes over the default export of an ES module and finds no apps";
        let fix = "Write `module.exports = { apps }` in a .config.cjs file, or `export const apps = [ … ]`.";
        let line = configuration.value.line;
        gathered.find(finding("pm2-default-export", Severity::Error, &entry.path, line, message, fix));
    }
    let mut file = File {
        repository,
        path: &entry.path,
        folder: repository.absolute(entry.folder()),
        access: configuration.access,
        owner: configuration.owner.clone(),
        known: configuration.known,
        unloadable: configuration.unloadable.clone(),
        refused: None,
        found: Vec::new(),
        names: BTreeMap::new(),
        gathered,
    };
    for app in file.list(&configuration.value) {
        file.app(app);
    }
    file.finish();
}

struct File<'a> {
    repository: &'a Repository<'a>,
    path: &'a str,
    /// The folder of the file, from which PM2 is taken to be started.
    folder: PathBuf,
    access: Access,
    owner: Owner,
    known: Known,
    /// Why PM2 cannot load the file.
    unloadable: Option<String>,
    /// Why PM2 would refuse the whole file: one bad app is enough.
    refused: Option<String>,
    found: Vec<Automation>,
    /// The names so far, and their lines.
    names: BTreeMap<String, u32>,
    gathered: &'a mut Gathered,
}

/// What an app was written to stand in for. In a file of Standin's for several automations, an app that runs another one
/// names it, and any other has the name of its primary.
fn backup_of(owner: &Owner, name: &str, args: &[String]) -> Option<AutomationId> {
    match (owner, args) {
        (Owner::Others, _) => None,
        (Owner::BackupOf(id), _) => Some(id.clone()),
        (Owner::Standin, [run, id]) if run == "run" => id.parse().ok(),
        (Owner::Standin, _) => AutomationId::new(Kind::Pm2, name.strip_suffix("-backup")?).ok(),
    }
}

/// What has been found out about one app.
struct App {
    name: String,
    line: u32,
    script: String,
    cwd: PathBuf,
    schedules: Vec<ScheduleSpec>,
    triggers: Vec<String>,
    /// Why it would not run as written; empty when it would.
    reason: String,
    state: Standing,
}

impl File<'_> {
    /// `apps`, else `pm2`, else the value itself; one app or a list of them.
    fn list<'v>(&mut self, value: &'v Value<'v>) -> Vec<&'v Value<'v>> {
        let list = match (value.look_up("apps"), value.get("apps"), value.get("pm2")) {
            (Lookup::Found(apps), _, _) => apps,
            (Lookup::Missing, _, Some(apps)) => apps,
            (Lookup::Missing, _, None) => value,
            (Lookup::Computed(line), Some(apps), _) => {
                let message = "some apps are computed: what is put in here may have other ones";
                self.computed("computed-apps", line, message);
                apps
            }
            (Lookup::Computed(line), None, _) => {
                self.computed("computed-apps", line, "whether there are apps is computed here");
                return Vec::new();
            }
        };
        match &list.data {
            Data::List(apps) => apps.iter().collect(),
            Data::Map(_) => vec![list],
            Data::Computed(what) => {
                self.computed("computed-apps", list.line, &format!("the list of apps is computed: {what}"));
                Vec::new()
            }
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) => {
                let message = format!("PM2 expects a list of apps, and this is {}", list.noun());
                self.error("pm2-no-apps", list.line, &message, "Write `apps: [{ name: '…', script: '…' }]`.");
                Vec::new()
            }
        }
    }

    /// Hands over what was found.
    fn finish(self) {
        let refused = self.refused.map(|why| format!("PM2 refuses the whole file: {why}"));
        let why = self.unloadable.or(refused);
        for mut automation in self.found {
            if let (Some(why), true) = (&why, automation.state > Standing::Declared) {
                automation.state = Standing::Declared;
                automation.reason.clone_from(why);
            }
            self.gathered.automation(automation);
        }
    }

    fn refuse(&mut self, why: &str) {
        self.refused.get_or_insert_with(|| why.to_owned());
    }

    fn app(&mut self, app: &Value) {
        match &app.data {
            Data::Map(_) => {}
            Data::Computed(what) => {
                let who = if js::is_more(what) { "some apps are" } else { "an app is" };
                return self.computed("computed-app", app.line, &format!("{who} computed: {what}"));
            }
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) => {
                let message = format!("an app is a map, and this is {}", app.noun());
                return self.error(
                    "pm2-app-invalid",
                    app.line,
                    &message,
                    "Write `{ name: '…', script: '…' }`.",
                );
            }
        }
        for (line, message) in options::wrong_types(app) {
            self.error("pm2-option-type", line, &message, "Write it as PM2 wants it.");
            self.refuse(&message);
        }
        let (app, open) = spelled_out(app);
        let app = &*app;
        let Some((script, line)) = self.script(app) else { return };
        let Some(name) = self.name(app, &script) else { return };
        if let Some(first) = self.names.get(&name) {
            let message = format!("two apps are called `{}`: the first is in line {first}", quote(&name));
            return self.error("duplicate-app", app.line, &message, "Give each app a name of its own.");
        }
        self.names.insert(name.clone(), app.line);
        let mut read = App {
            name,
            line: app.line,
            script,
            cwd: self.folder.clone(),
            schedules: Vec::new(),
            triggers: Vec::new(),
            reason: String::new(),
            state: Standing::Effective,
        };
        if let Some(line) = open {
            let message = "what is put into this app is computed: it may replace what is written before";
            self.computed("computed-app", line, message);
            fall_short(&mut read, Standing::Declared, message);
        }
        self.complete(app, read, line);
    }

    /// `script`, or one of the names that PM2 also takes.
    fn script(&mut self, app: &Value) -> Option<(String, u32)> {
        for field in ["script", "cmd", "command", "exec"] {
            match app.look_up(field) {
                Lookup::Missing => {}
                Lookup::Found(Value { data: Data::Text(script), line }) if !script.is_empty() => {
                    return Some((script.to_string(), *line));
                }
                Lookup::Found(Value { data: Data::Computed(what), line }) => {
                    return self.unknown_script(app, *line, &format!("its script is computed: {what}"));
                }
                Lookup::Found(other) => {
                    let message = format!("`{field}` is a text, and this is {}", other.noun());
                    self.error("pm2-app-invalid", other.line, &message, "Name the file that PM2 is to run.");
                    return None;
                }
                Lookup::Computed(line) => {
                    return self.unknown_script(app, line, "its script may be computed here");
                }
            }
        }
        self.error(
            "pm2-app-invalid",
            app.line,
            "an app has no `script`",
            "Name the file that PM2 is to run.",
        );
        None
    }

    /// An app of a known name is worth listing, although only running the file tells what it starts.
    fn unknown_script(&mut self, app: &Value, line: u32, why: &str) -> Option<(String, u32)> {
        self.computed("computed-app", line, why);
        let Lookup::Found(name) = app.look_up("name") else { return None };
        let name = name.text().filter(|name| !name.is_empty())?;
        let read = App {
            name: name.to_owned(),
            line: app.line,
            script: String::new(),
            cwd: self.folder.clone(),
            schedules: Vec::new(),
            triggers: Vec::new(),
            reason: why.to_owned(),
            state: Standing::Declared,
        };
        if self.names.insert(name.to_owned(), app.line).is_none() {
            self.complete(app, read, line);
        }
        None
    }

    /// `name`, else the script's last part up to its last dot.
    fn name(&mut self, app: &Value, script: &str) -> Option<String> {
        match app.look_up("name") {
            Lookup::Found(value) => match (&value.data, value.scalar()) {
                (_, Some(name)) if !name.is_empty() => return Some(name),
                (Data::Computed(what), _) => {
                    let message = format!("the name of an app is computed: {what}");
                    self.computed("computed-app", value.line, &message);
                    return None;
                }
                _ => {}
            },
            Lookup::Computed(line) => {
                self.computed("computed-app", line, "the name of an app may be computed here");
                return None;
            }
            Lookup::Missing => {}
        }
        let base = script.trim_end_matches('/').rsplit('/').next().unwrap_or(script);
        Some(match base.rfind('.') {
            Some(dot) if dot > 0 => base.get(..dot).unwrap_or(base).to_owned(),
            Some(_) | None => base.to_owned(),
        })
    }

    fn complete(&mut self, app: &Value, mut read: App, script_line: u32) {
        if !read.script.is_empty() {
            self.place(app, &mut read, script_line);
        }
        self.starts(app, &mut read);
        if self.access != Access::Exported {
            read.state = Standing::Declared;
            read.reason = match self.access {
                Access::WrongName => "PM2 starts a file of this name as a script".to_owned(),
                Access::DefaultExport | Access::Exported => "PM2 passes over a default export".to_owned(),
            };
        }
        let id = match AutomationId::new(Kind::Pm2, &read.name) {
            Ok(id) => id,
            Err(error) => {
                return self.error("bad-name", read.line, &error.to_string(), "Give the app another name.");
            }
        };
        let args = options::args(app);
        self.found.push(Automation {
            backup_of: backup_of(&self.owner, &read.name, &args),
            id,
            name: read.name,
            domain: Domain::Host,
            source: Source { path: self.path.to_owned(), line: read.line },
            schedules: read.schedules,
            triggers: read.triggers,
            state: read.state,
            reason: read.reason,
            detail: Detail::Pm2App {
                script: read.script,
                cwd: read.cwd.to_string_lossy().into_owned(),
                interpreter: options::interpreter(app),
                interpreter_args: options::interpreter_args(app),
                args,
                env_names: options::env_names(app),
                known: self.known,
            },
        });
    }

    /// The working directory, and the script in it.
    fn place(&mut self, app: &Value, read: &mut App, line: u32) {
        let cwd = match app.look_up("cwd") {
            Lookup::Found(Value { data: Data::Text(cwd), .. }) => &**cwd,
            Lookup::Missing | Lookup::Found(Value { data: Data::Null, .. }) => "",
            Lookup::Found(value) if self.is_unset(value) => "",
            Lookup::Computed(_) | Lookup::Found(_) => {
                let message = "`cwd` is computed, so the script cannot be looked for";
                self.computed("computed-app", line, message);
                fall_short(read, Standing::Declared, message);
                return;
            }
        };
        read.cwd = self.working_directory(cwd, &read.script);
        let written = std::mem::take(&mut read.script);
        read.script = resolve(&read.cwd, &written).to_string_lossy().into_owned();
        if self.repository.root.kind(Path::new(&read.script)) != There::Nothing {
            return;
        }
        if written.contains(' ') {
            // PM2 hands a script with a space to the shell.
            read.script = written;
            let message = "PM2 hands this script to a shell: whether it runs is not known here";
            self.note("script-is-a-command", line, message, "Nothing, if the command is right.");
        } else if !written.contains('/') && !written.contains('.') {
            let message =
                format!("`{}` is no file here: PM2 looks for a command of that name", quote(&written));
            read.script = written;
            self.note("script-is-a-command", line, &message, "Nothing, if the command is installed.");
        } else {
            self.missing(read, line);
        }
    }

    /// Where PM2 would look for a script. Paths count from where PM2 is started: the folder of the file, or one above it.
    fn working_directory(&self, cwd: &str, script: &str) -> PathBuf {
        let of = |folder: &Path| if cwd.is_empty() { folder.to_owned() } else { resolve(folder, cwd) };
        let above = self.folder.ancestors().take_while(|folder| folder.starts_with(self.repository.root));
        let mut places = above.map(of);
        places
            .find(|place| self.repository.root.kind(&resolve(place, script)) == There::File)
            .unwrap_or_else(|| of(&self.folder))
    }

    /// A script that is not there: it may have to be built first, or be there on another machine only.
    fn missing(&mut self, read: &mut App, line: u32) {
        let (root, script) = (self.repository.root, Path::new(&read.script));
        let shown = self.shown(&read.script);
        let is_elsewhere = !script.starts_with(root) && root.kind(&read.cwd) != There::Folder;
        if is_elsewhere || built::is_product(root, script) {
            let why = if is_elsewhere { "on this machine" } else { "yet: a build may make it" };
            let message = format!("the script {shown} is not there {why}");
            self.note("script-not-built", line, &message, "Nothing, if it is there where PM2 runs.");
            fall_short(read, Standing::Loadable, &message);
        } else {
            let message = format!("the script {shown} does not exist");
            self.error("script-missing", line, &message, "Correct `script` or `cwd`, or build it first.");
            fall_short(read, Standing::Loadable, &message);
        }
    }

    /// A path as a person wants to read it: relative to the root where it is below it.
    fn shown(&self, path: &str) -> String {
        let relative = Path::new(path).strip_prefix(self.repository.root).unwrap_or(Path::new(path));
        quote(&relative.to_string_lossy())
    }

    /// Whether a value is a variable of the environment, which is taken to be unset.
    fn is_unset(&mut self, value: &Value) -> bool {
        let Some(variable) = value.variable() else { return false };
        let fix = "Nothing, if that is how PM2 is started.";
        self.note("computed-default", value.line, &js::is_unset(variable), fix);
        true
    }

    fn error(&mut self, rule: &str, line: u32, message: &str, fix: &str) {
        self.gathered.find(finding(rule, Severity::Error, self.path, line, message, fix));
    }

    /// What only running the file would tell: nothing is wrong with it. Where running it would come to nothing, that is
    /// said, and Standin's own files are known without it.
    fn computed(&mut self, rule: &str, line: u32, message: &str) {
        if self.unloadable.is_some() || self.owner != Owner::Others {
            return;
        }
        self.gathered.find(finding(rule, Severity::Warning, self.path, line, message, EDIT));
    }

    fn note(&mut self, rule: &str, line: u32, message: &str, fix: &str) {
        if self.owner != Owner::Others {
            return;
        }
        self.gathered.find(finding(rule, Severity::Note, self.path, line, message, fix));
    }
}

/// An app without what is computed behind its name and its script; and the line of that.
fn spelled_out<'v>(app: &'v Value<'v>) -> (Cow<'v, Value<'v>>, Option<u32>) {
    let is_written = |name: &str| app.get(name).and_then(Value::text).is_some_and(|text| !text.is_empty());
    match (app.look_up("script"), app.look_up("name")) {
        (Lookup::Computed(line), _) | (_, Lookup::Computed(line))
            if is_written("script") && is_written("name") =>
        {
            let known = app.entries().iter().filter(|entry| entry.key.name().is_some()).cloned().collect();
            (Cow::Owned(Value::new(app.line, Data::Map(known))), Some(line))
        }
        _ => (Cow::Borrowed(app), None),
    }
}

/// The worst state counts, and the first reason for it.
fn fall_short(read: &mut App, state: Standing, reason: &str) {
    if state < read.state {
        read.state = state;
        read.reason = reason.to_owned();
    }
}

/// As Node resolves: absolute paths stay, `.` and `..` go.
fn resolve(base: &Path, path: &str) -> PathBuf {
    js::resolve(base, path)
}
