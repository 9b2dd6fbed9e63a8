//! The backup of a workflow: the same jobs behind a claim of the slot, started by a watcher or rarely by itself.

use standin_core::automation::ScheduleSpec;
use standin_core::ident::AutomationId;
use standin_core::ownership;

use crate::edit::{Edits, above, line_end, line_start};
use crate::file::Files;
use crate::yaml::{self, Document, Entry, Node, Style};

mod actor;
mod around;
mod call;
mod drill;
mod dump;
mod errand;
mod function;
mod groups;
mod images;
mod jobs;
mod make;
mod notes;
mod on;
mod origin;
mod programs;
mod shell;
mod slot;
mod strict;
mod tokens;
mod variables;
mod words;

pub(crate) use around::wanted as wanted_around;
pub(crate) use errand::of_errand;
pub(crate) use function::{of_function, variables};

/// The action that claims slots.
pub(crate) const ACTION: &str = "standin-dev/standin";

/// What is backed up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Primary<'a> {
    pub(crate) id: &'a AutomationId,
    /// What a person calls it.
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// When the backup starts by itself.
    pub(crate) schedules: &'a [ScheduleSpec],
    /// Whether the primary has a schedule: what it reads of an event beyond that is missing on its schedule, too.
    pub(crate) is_scheduled: bool,
    /// What the concurrency group of the backup is called, beside those of the others.
    pub(crate) group: &'a str,
    /// Files of workflows that run after this one, by its name.
    pub(crate) followers: &'a [String],
    /// What else is known of the repository.
    pub(crate) files: &'a Files,
}

/// A backup, and what a person should know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backup {
    pub(crate) text: String,
    pub(crate) notes: Vec<Note>,
}

/// Where a backup, or another run of the primary, is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) rule: &'static str,
    pub(crate) what: String,
    pub(crate) fix: &'static str,
}

/// Why there is no backup, and what would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) why: String,
    pub(crate) fix: String,
}

impl Refused {
    pub(crate) fn new(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { why: why.into(), fix: fix.into() }
    }
}

/// What is known of a workflow that is to be copied.
pub(crate) struct Source<'a> {
    pub(crate) primary: Primary<'a>,
    pub(crate) document: &'a Document,
}

/// The backup, with the whole text of its file.
pub(crate) fn backup(primary: Primary<'_>) -> Result<Backup, Refused> {
    // A mark of the byte order belongs at the beginning, which is ours.
    let primary = Primary { text: primary.text.strip_prefix('\u{feff}').unwrap_or(primary.text), ..primary };
    let document = yaml::parse(primary.text)
        .map_err(|error| Refused::new(error.to_string(), "Correct the YAML of the workflow."))?;
    let newline = if primary.text.contains("\r\n") { "\r\n" } else { "\n" };
    let source = Source { primary, document: &document };
    source.check()?;
    let text = match call::backup(&source)? {
        Some(text) => text,
        None => source.copy()?,
    };
    let text = if newline == "\r\n" { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text };
    // What cannot be read back is never written.
    yaml::parse(&text).map_err(|error| {
        Refused::new(
            format!("the copy of this file would be no workflow: {error}"),
            "Write the workflow in the usual style: one key a line, without repeated anchors.",
        )
    })?;
    Ok(Backup { text, notes: notes::of(&source) })
}

/// The first lines of a generated file, each behind `#`.
pub(crate) fn header(id: &AutomationId, from: &str) -> String {
    format!(
        "# {}\n# The backup of {from}: `standin backup` writes it anew, and what is changed here by hand is lost.\n",
        ownership::mark(Some(id))
    )
}

/// A text as a value of YAML on one line.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Names as a person lists them.
fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn follows(names: &[&str], path: &str) -> String {
    format!("{} {} {path}", names.join(", "), if names.len() == 1 { "follows" } else { "follow" })
}

impl Source<'_> {
    fn root(&self) -> &Node {
        &self.document.root
    }

    /// What no copy could be made of.
    fn check(&self) -> Result<(), Refused> {
        let usual = "Write the workflow in the usual style: one key a line.";
        if self.root().style() != Some(Style::Block) {
            return Err(Refused::new("the whole workflow is written in braces", usual));
        }
        if self.primary.text.lines().any(|line| line.starts_with('%')) {
            return Err(Refused::new(
                "it begins with a directive of YAML",
                "Delete the line that begins with `%`.",
            ));
        }
        if self.root().entries().iter().any(|entry| entry.key.text().is_none()) {
            return Err(Refused::new("a key of the workflow is no text", usual));
        }
        actor::check(self)?;
        around::check(self)?;
        self.check_events()
    }

    /// The first lines of the file.
    fn header(&self) -> String {
        let mut out = header(self.primary.id, self.primary.path);
        if !self.primary.followers.is_empty() {
            let names: Vec<&str> = self.primary.followers.iter().map(String::as_str).collect();
            out.push_str(&format!(
                "# {} by its name, and do not start after this one.\n",
                follows(&names, self.primary.path)
            ));
        }
        out
    }

    /// What another event than a schedule brings is missing when a backup is dispatched.
    fn check_events(&self) -> Result<(), Refused> {
        if self.primary.is_scheduled {
            return Ok(());
        }
        let mut found = None;
        self.root().scalars(&mut |node| {
            let raw = self.primary.text.get(node.span.clone()).unwrap_or_default();
            found = found.take().or_else(|| tokens::payload(raw));
        });
        match found {
            None => Ok(()),
            Some(name) => Err(Refused::new(
                format!("it needs `github.event.{name}`, which only its own event brings"),
                "Nothing: a backup that is dispatched cannot have it.",
            )),
        }
    }

    /// The primary's own text with another beginning, another `on`, and its jobs behind the slot.
    fn copy(&self) -> Result<String, Refused> {
        let mut edits = Edits::default();
        let text = self.primary.text;
        edits.insert(0, self.header());
        let named = self.root().entry("name");
        let mut head = String::new();
        if named.is_none() {
            head.push_str(&format!("name: {}\n", self.title()));
        }
        head.push_str(&format!("run-name: {}\n", self.run_name()));
        if let Some(entry) = named {
            self.cut(entry)?;
            edits.replace(value_range(text, entry), format!(" {}", self.title()));
        }
        let entries = self.root().entries();
        for (at, entry) in entries.iter().enumerate() {
            let range = self.extent(entries, at);
            match entry.key.text() {
                Some("on") => {
                    self.cut(entry)?;
                    edits.replace(range, format!("{head}{}", on::block(self)?));
                }
                Some("run-name" | "concurrency") => {
                    self.cut(entry)?;
                    edits.replace(range, "");
                }
                Some("jobs") => {
                    let env = self.drill();
                    edits.insert(range.start, format!("{}{env}", self.concurrency()));
                    jobs::edit(self, entry, range.end, &mut edits)?;
                }
                Some(key) => {
                    if key == "env" && strict::of_workflow(self.root()).is_none() {
                        drill::add(self, entry, &mut edits);
                    }
                    self.outside(entry, &mut edits)?;
                }
                None => self.outside(entry, &mut edits)?,
            }
        }
        edits.apply(text).ok_or_else(|| {
            Refused::new("its parts overlap in a way that cannot be copied", "Write one key a line.")
        })
    }

    /// From the line of a key to the line of the next: its comments go with what follows them.
    fn extent(&self, entries: &[Entry], at: usize) -> std::ops::Range<usize> {
        let text = self.primary.text;
        let start = entries.get(at).map_or(0, |entry| line_start(text, entry.key.span.start));
        let end = match entries.get(at.saturating_add(1)) {
            Some(next) => {
                let floor = line_end(text, start);
                above(text, line_start(text, next.key.span.start), floor)
            }
            None => text.len(),
        };
        start..end.max(start)
    }

    /// An anchor that is cut out must not be missed elsewhere.
    fn cut(&self, entry: &Entry) -> Result<(), Refused> {
        let range = entry.key.span.start..entry.value.span.end;
        let is_anchored = self.document.anchors.iter().any(|at| range.contains(at));
        if is_anchored && self.document.aliases > 0 {
            let key = entry.key.text().unwrap_or_default();
            return Err(Refused::new(
                format!("`{key}` has an anchor, and it is not copied: what repeats it would miss it"),
                "Write the repeated part out.",
            ));
        }
        Ok(())
    }

    /// What is neither a trigger nor a job is kept, unless it hangs on what a backup does not have there.
    fn outside(&self, entry: &Entry, edits: &mut Edits) -> Result<(), Refused> {
        let mut refused = None;
        let key = entry.key.text().unwrap_or_default();
        entry.value.scalars(&mut |node| {
            for token in tokens::find(self.primary.text, node, tokens::Reading::Braces) {
                let written = match token.name {
                    tokens::Name::Schedule => Err(Refused::new(
                        format!("`github.event.schedule` is used in `{key}`, where the slot of a backup is not known"),
                        "Use it in a job.",
                    )),
                    tokens::Name::Event => Ok(format!("({})", slot::event(self.event()))),
                    tokens::Name::Workflow => self.literal(key),
                    tokens::Name::Drill => Ok(drill::asked()),
                };
                match written {
                    Ok(text) => edits.replace(token.range, tokens::inline(node, &text)),
                    Err(why) => refused = Some(why),
                }
            }
        });
        refused.map_or(Ok(()), Err)
    }

    fn title(&self) -> String {
        quoted(&format!("{} (backup)", self.primary.name))
    }

    fn run_name(&self) -> String {
        quoted(&format!("{} (backup) ${{{{ inputs.standin-key }}}}", self.primary.name))
    }

    /// The variable of a drill, where the workflow has no variables. Nobody is told where a server would refuse it.
    fn drill(&self) -> String {
        if self.root().entry("env").is_some() || strict::of_workflow(self.root()).is_some() {
            return String::new();
        }
        drill::block()
    }

    /// A group of its own, in which nothing is cancelled: two backups at once would do the work twice.
    fn concurrency(&self) -> String {
        format!(
            "concurrency:\n  group: {}\n  cancel-in-progress: false\n",
            quoted(&format!("standin-backup-{}", self.primary.group))
        )
    }
}

/// The bytes behind the colon of an entry's key, up to the end of its value.
pub(crate) fn value_range(text: &str, entry: &Entry) -> std::ops::Range<usize> {
    let after_key = text.get(entry.key.span.end..).and_then(|rest| rest.find(':'));
    let start =
        after_key.map_or(entry.key.span.end, |at| entry.key.span.end.saturating_add(at).saturating_add(1));
    let value = text.get(entry.value.span.clone()).unwrap_or_default();
    let end = entry.value.span.start.saturating_add(value.trim_end().len());
    start..end.max(start)
}

#[cfg(test)]
mod tests;
