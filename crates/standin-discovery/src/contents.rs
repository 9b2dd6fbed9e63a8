//! Files that are known by what is in them: each is read once and shown to every reader that wants its name.

use std::cell::Cell;

use standin_core::automation::{Automation, Detail, ScheduleSpec, Severity, Source, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::ownership;

use crate::files;
use crate::findings::{Gathered, finding};
use crate::limits::MAX_TASKS_OF_A_FILE;
use crate::registry::Repository;
use crate::walk::{Entry, Nature, WORKFLOWS};
use crate::{aws, crontab, hosted, kubernetes, npm_scripts, pm2, scripts, systemd};

/// What a reader makes of a file's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The file is another's.
    No,
    /// The name says that the file is this kind's: that it cannot be read is worth a word.
    Named,
    /// Only the content tells.
    Content,
}

/// Finds one kind of automation in the text of a file.
pub(crate) struct Reader {
    pub(crate) claim: fn(&str) -> Claim,
    pub(crate) read: fn(&File<'_>, &mut Gathered),
}

/// Every reader.
const READERS: [Reader; 7] = [
    Reader { claim: aws::claim, read: aws::read },
    Reader { claim: aws::cdk::claim, read: aws::cdk::read },
    Reader { claim: crontab::claim, read: crontab::read },
    Reader { claim: systemd::claim, read: systemd::read },
    Reader { claim: kubernetes::claim, read: kubernetes::read },
    Reader { claim: hosted::claim, read: hosted::read },
    Reader { claim: scripts::claim, read: scripts::read },
];

/// Endings that no other detector asks for.
const ENDINGS: [&str; 19] = [
    "tf", "sh", "bash", "zsh", "sql", "py", "timer", "service", "cron", "crontab", "template", "json5",
    "jsx", "rb", "php", "java", "kt", "cs", "jsonc",
];

/// Whether a reader, or the one of Terraform, may want a file of this path.
pub(crate) fn is_wanted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending)
        || crontab::claim(path) != Claim::No
        || hosted::is_named(name)
        || name.contains(".config.")
        || pm2::is_dump(name)
        || npm_scripts::is_lock(name)
}

/// One file and its text.
pub(crate) struct File<'a> {
    pub(crate) repository: &'a Repository<'a>,
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// How many things were looked at that may be tasks.
    pub(crate) tasks: Cell<usize>,
}

/// An automation as a reader knows it; the file adds the rest.
pub(crate) struct Found {
    pub(crate) kind: Kind,
    /// The name within its file; the path goes before it.
    pub(crate) name: String,
    /// Whether the path is a part of the id, or the name is enough.
    pub(crate) named: Named,
    pub(crate) line: u32,
    pub(crate) schedules: Vec<ScheduleSpec>,
    pub(crate) triggers: Vec<String>,
    pub(crate) state: Standing,
    pub(crate) reason: String,
    /// What it fails together with.
    pub(crate) domain: Domain,
}

/// What an id is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// `path#name`.
    InFile,
    /// The name alone, because its platform knows it by that.
    ByItself,
}

impl Found {
    /// One that nothing is known against.
    pub(crate) fn new(kind: Kind, name: impl Into<String>, line: u32) -> Self {
        Self {
            kind,
            name: name.into(),
            named: Named::InFile,
            line,
            schedules: Vec::new(),
            triggers: Vec::new(),
            state: Standing::Effective,
            reason: String::new(),
            domain: kind.domain(),
        }
    }

    /// The worst state counts, and the first reason for it.
    pub(crate) fn fall_short(&mut self, state: Standing, reason: impl Into<String>) {
        if state < self.state {
            self.state = state;
            self.reason = reason.into();
        }
    }

    /// Adds what starts it, once.
    pub(crate) fn trigger(&mut self, trigger: impl Into<String>) {
        let trigger = trigger.into();
        if !self.triggers.contains(&trigger) {
            self.triggers.push(trigger);
        }
    }
}

/// A finding's rule, severity and line.
pub(crate) type Mark<'a> = (&'a str, Severity, u32);

impl File<'_> {
    /// The folder of the file, relative to the root; empty for the root.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether one more task is looked at. Of a file with thousands the rest is left out, and that is said.
    pub(crate) fn more(&self, line: u32, gathered: &mut Gathered) -> bool {
        let count = self.tasks.get().saturating_add(1);
        self.tasks.set(count);
        if count == MAX_TASKS_OF_A_FILE.saturating_add(1) {
            let message =
                format!("this file has more than {MAX_TASKS_OF_A_FILE} tasks: the rest was left out");
            let fix = "Split the file.";
            self.say(("too-many-tasks", Severity::Warning, line), message, fix, gathered);
        }
        count <= MAX_TASKS_OF_A_FILE
    }

    /// Adds a finding of this file.
    pub(crate) fn say(
        &self,
        (rule, severity, line): Mark<'_>,
        message: impl Into<String>,
        fix: impl Into<String>,
        gathered: &mut Gathered,
    ) {
        gathered.find(finding(rule, severity, self.path, line, message, fix));
    }

    /// Adds an automation of this file.
    pub(crate) fn add(&self, found: Found, gathered: &mut Gathered) {
        let name = match found.named {
            Named::InFile => format!("{}#{}", self.path, found.name),
            Named::ByItself => found.name.clone(),
        };
        let id = match AutomationId::new(found.kind, &name) {
            Ok(id) => id,
            Err(error) => {
                let fix = "Give it, or its file, a shorter name.";
                return self.say(("bad-name", Severity::Error, found.line), error.to_string(), fix, gathered);
            }
        };
        gathered.automation(Automation {
            id,
            name: found.name,
            domain: found.domain,
            source: Source { path: self.path.to_owned(), line: found.line },
            schedules: found.schedules,
            triggers: found.triggers,
            state: found.state,
            reason: found.reason,
            detail: Detail::Plain,
            backup_of: ownership::backup_of(self.text),
        });
    }
}

/// Reads every file that a reader wants.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    for entry in repository.entries.iter().filter(|entry| !entry.path.starts_with(WORKFLOWS)) {
        let claims = READERS.map(|reader| (reader.claim)(&entry.path));
        if claims == [Claim::No; READERS.len()] {
            unclaimed(repository, entry, gathered);
            continue;
        }
        let read = match entry.nature {
            Nature::File => files::read(repository.root, &entry.path),
            Nature::Other => Err(files::not_a_file(&entry.path)),
        };
        match read {
            Ok(text) => {
                let file = File { repository, path: &entry.path, text: &text, tasks: Cell::new(0) };
                let wanted = READERS.iter().zip(claims).filter(|(_, claim)| *claim != Claim::No);
                for (reader, _) in wanted {
                    (reader.read)(&file, gathered);
                }
            }
            Err(problem) if claims.contains(&Claim::Named) => gathered.find(problem),
            // Nobody means to leave these, whosever file it is.
            Err(problem) if problem.rule == "conflict-markers" && !is_test(&entry.path) => {
                gathered.find(problem)
            }
            // Another tool's file: what is wrong with it is not for here to say.
            Err(_) => {}
        }
    }
}

/// Of a file that no reader wants only a merge that nobody has resolved is worth a word, which would break whoever reads
/// it. Those of other endings have readers, or detectors of their own.
fn unclaimed(repository: &Repository<'_>, entry: &Entry, gathered: &mut Gathered) {
    let (name, ending) = name_and_ending(&entry.path);
    let is_unread =
        (ending == "toml" && name != "netlify.toml") || matches!(name.as_str(), "yarn.lock" | "bun.lock");
    if !is_unread || entry.nature != Nature::File || is_test(&entry.path) {
        return;
    }
    if let Err(problem) = files::read(repository.root, &entry.path)
        && problem.rule == "conflict-markers"
    {
        gathered.find(problem);
    }
}

/// The last part of a path, in lower case, and its ending.
pub(crate) fn name_and_ending(path: &str) -> (String, String) {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_owned();
    (name, ending)
}

/// Whether a path belongs to tests: what these start is started by a test run.
pub(crate) fn is_test(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(part, "test" | "tests" | "__tests__" | "__mocks__" | "spec" | "fixtures")
            || part.contains(".test.")
            || part.contains(".spec.")
            || is_named_like_a_test(part)
    })
}

/// `test_x.py`, `x_test.go`, `XTest.java`, `x_spec.rb`, `conftest.py`.
fn is_named_like_a_test(name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let before = stem.strip_suffix("Tests").or(stem.strip_suffix("Test"));
    match ending {
        "py" => stem.starts_with("test_") || stem.ends_with("_test") || stem == "conftest",
        "go" => stem.ends_with("_test"),
        "rb" => stem.ends_with("_spec") || stem.ends_with("_test"),
        "java" | "kt" | "cs" | "php" => before.is_some_and(|before| !before.is_empty()),
        _ => false,
    }
}

/// Folders of what only shows how something is done, belongs to somebody else, or was made by a tool.
const ASIDE: [&str; 24] = [
    "docs",
    "doc",
    "documentation",
    "example",
    "examples",
    "sample",
    "samples",
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "testdata",
    "test-data",
    "test_data",
    "e2e",
    "site-packages",
    "dist-packages",
    "venv",
    ".venv",
    "cdk.out",
    ".aws-sam",
    ".serverless",
    ".terraform",
];

/// Whether what a path says is no automation of the repository itself: tests, documentation, examples, what is
/// vendored and what a tool has made.
pub(crate) fn is_aside(path: &str) -> bool {
    // Packages of Java are named after a domain, and that of many a program is com.example.
    let own = path.split("src/main/").next().unwrap_or(path);
    let (folders, _) = own.rsplit_once('/').unwrap_or(("", own));
    is_test(path) && own.len() == path.len()
        || is_test(folders)
        || folders.split('/').any(|part| ASIDE.contains(&part) || part.contains("{{"))
}

/// Names of things of one file that would otherwise be equal get a number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    used: std::collections::BTreeMap<String, usize>,
}

impl Names {
    /// The name itself the first time, `name-2` the second.
    pub(crate) fn unique(&mut self, name: &str) -> String {
        let count = self.used.entry(name.to_owned()).or_insert(0);
        *count = count.saturating_add(1);
        if *count == 1 { name.to_owned() } else { format!("{name}-{count}") }
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::{rules, scan_of};

    #[test]
    fn an_unresolved_merge_is_found_in_whatever_file() {
        let text = "a = 1\n<<<<<<< ours\nb = 1\n=======\nb = 2\n>>>>>>> theirs\n";
        for path in [
            "pyproject.toml",
            "config/x.toml",
            "fly.toml",
            "netlify.toml",
            "wrangler.toml",
            "yarn.lock",
            "a.py",
        ] {
            assert_eq!(rules(&scan_of(&[(path, text)]), path), [("conflict-markers", 2)], "{path}");
        }
        assert_eq!(scan_of(&[("tests/a.toml", text), ("b.toml", "a = ")]).findings, []);
    }
}
