//! What the repository says is kept running: the programs of PM2, of images, of Procfiles and of services, and what these
//! load.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use standin_core::automation::{Detail, Standing};

use crate::files;
use crate::findings::Gathered;
use crate::limits::{MAX_STARTED_COMMANDS, MAX_STARTED_FILES};
use crate::registry::Repository;

mod commands;
mod imports;
mod managers;
mod places;
mod starters;

pub(crate) use places::join;
pub(crate) use starters::command;

/// Who starts a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Starter {
    /// Something that the repository names: an app of PM2's, or a file.
    Host(String),
    /// A script of a package, which nothing here starts: its id.
    Script(String),
}

/// A command that something starts, and the folder that it is written in.
#[derive(Debug, Clone)]
struct Started {
    by: Starter,
    folder: String,
    command: String,
}

/// What is started, and by whom.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    files: BTreeMap<String, Starter>,
    commands: Vec<Started>,
    /// The files that are started themselves, by whatever it is, and not loaded by another.
    entries: BTreeSet<String>,
}

impl Programs {
    /// Follows all that is started, from file to file.
    pub(crate) fn new(repository: &Repository<'_>, gathered: &Gathered) -> Self {
        let mut programs = Self::default();
        // What a person starts by hand comes last: a file counts as started by whoever does so by itself.
        let by_hand = starters::scripts(repository);
        let hosts = pm2(repository, gathered).into_iter().chain(starters::all(repository));
        programs.follow(repository, hosts.collect());
        programs.follow(repository, by_hand);
        programs
    }

    /// Who starts a file.
    pub(crate) fn starter(&self, path: &str) -> Option<&Starter> {
        self.files.get(path)
    }

    /// Whether a file is started itself, and not only loaded by another.
    pub(crate) fn is_entry(&self, path: &str) -> bool {
        self.entries.contains(path)
    }

    /// Who starts a command in which one of these words stands.
    pub(crate) fn runs(&self, wanted: &[&str]) -> Option<&str> {
        self.commands.iter().find_map(|one| {
            let Starter::Host(by) = &one.by else { return None };
            let is_named = commands::words(&one.command).iter().any(|word| {
                let base = word.rsplit('/').next().unwrap_or(word);
                wanted.contains(word) || wanted.contains(&base)
            });
            is_named.then_some(by.as_str())
        })
    }

    /// Whether something gives a program a file of this name: `supercronic /app/crontab`.
    pub(crate) fn gives(&self, program: &str, file: &str) -> bool {
        let base = |word: &&str| word.rsplit('/').next().unwrap_or(word).to_owned();
        self.commands.iter().filter(|one| matches!(one.by, Starter::Host(_))).any(|one| {
            one.command.contains(program)
                && one.command.lines().any(|line| {
                    let words: Vec<String> = commands::words(line).iter().map(base).collect();
                    let at = words.iter().position(|word| word == program);
                    at.is_some_and(|at| words.iter().skip(at).any(|word| word == file))
                })
        })
    }

    fn follow(&mut self, repository: &Repository<'_>, commands: Vec<Started>) {
        let mut commands: VecDeque<Started> = commands.into();
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        let mut files: VecDeque<(String, Starter)> = VecDeque::new();
        while let Some(one) = commands.pop_front() {
            if seen.len() >= MAX_STARTED_COMMANDS || !seen.insert((one.folder.clone(), one.command.clone())) {
                continue;
            }
            let next = commands::of(repository, &one);
            commands.extend(next.commands);
            self.entries.extend(next.files.iter().cloned());
            files.extend(next.files.into_iter().map(|path| (path, one.by.clone())));
            self.commands.push(one);
        }
        while let Some((path, by)) = files.pop_front() {
            if self.files.len() >= MAX_STARTED_FILES {
                break;
            }
            if self.files.contains_key(&path) {
                continue;
            }
            if let Ok(text) = files::read(repository.root, &path) {
                let loaded = imports::of(repository, &path, &text);
                files.extend(loaded.into_iter().map(|loaded| (loaded, by.clone())));
            }
            self.files.insert(path, by);
        }
    }
}

/// The apps of PM2 that it would load.
fn pm2(repository: &Repository<'_>, gathered: &Gathered) -> Vec<Started> {
    let apps = gathered.automations.iter().filter(|app| app.state > Standing::Declared);
    let started = apps.filter_map(|app| match &app.detail {
        Detail::Pm2App { script, cwd, interpreter, args, .. } => {
            let below = |path: &str| -> Option<String> {
                let path = std::path::Path::new(path).strip_prefix(&**repository.root).ok()?;
                Some(path.to_string_lossy().into_owned())
            };
            let folder = below(cwd)?;
            let (interpreter, script_path) = (interpreter.as_deref().unwrap_or_default(), below(script));
            let is_file = script_path.as_deref().is_some_and(|path| places::is_there(repository, path));
            // A script that is no file is a program of the system: `npm`.
            let script = match &script_path {
                Some(path) if is_file || path.contains('.') => format!("/{path}"),
                Some(_) | None => script.rsplit('/').next().unwrap_or(script).to_owned(),
            };
            let command = format!("{interpreter} {script} {}", args.join(" "));
            let folder = if is_file { String::new() } else { folder };
            Some(Started {
                by: Starter::Host(app.id.to_string()),
                folder,
                command: command.trim().to_owned(),
            })
        }
        Detail::Plain | Detail::NetlifyFunction { .. } | Detail::NpmScript { .. } | Detail::Workflow(_) => {
            None
        }
    });
    started.collect()
}
