//! The jobs of the primary, each behind the slot.

use std::collections::BTreeSet;
use std::ops::Range;

use granit_parser::ScalarStyle;

use super::slot::{self, Asked, Names, Outputs, Told};
use super::tokens::{self, Name, Reading};
use super::variables::{self, Added};
use super::words::{self, Variable, Word};
use super::{ACTION, Refused, Source, drill, dump, groups, images, quoted, strict, value_range};
use crate::edit::{Edits, indent, line_end, line_start};
use crate::yaml::{Entry, Node, NodeKind, Style};

/// Jobs of a workflow that is copied.
const MAX_JOBS: usize = 256;

/// Functions of a condition that make a job start although what it needs did not end well.
const STATUS: [&str; 4] = ["always(", "failure(", "cancelled(", "success("];

/// Puts every job of `entry`, which ends before `end`, behind the slot.
pub(crate) fn edit(source: &Source<'_>, entry: &Entry, end: usize, edits: &mut Edits) -> Result<(), Refused> {
    let text = source.primary.text;
    let jobs = entry.value.entries();
    let usual = "Write the jobs in the usual style: one key a line.";
    let Some(first) = jobs.first().filter(|_| entry.value.style() == Some(Style::Block)) else {
        return Err(Refused::new("its jobs are written in braces, or there is none", usual));
    };
    if jobs.len() > MAX_JOBS {
        return Err(Refused::new(format!("it has more than {MAX_JOBS} jobs"), "Split the workflow."));
    }
    let Some(by) = indent(text, first.key.span.start) else {
        return Err(Refused::new("its first job does not begin a line", usual));
    };
    let ids: Vec<&str> = jobs.iter().filter_map(|job| job.key.text()).collect();
    let names = Names::beside(&ids);
    let mut outputs = Outputs::default();
    for job in jobs {
        Job { source, names: &names, job }.edit(&mut outputs, edits)?;
    }
    let begin = line_end(text, entry.key.span.start);
    let told = Told { outputs, event: source.event(), workflow: source.name() };
    let first_job = slot::indented(&slot::first(source.primary.id, &names, told), by);
    edits.insert(begin, format!("{first_job}\n"));
    let last_job = slot::indented(&slot::last(source.primary.id, &names, &ids), by);
    let body_end = begin.max(text.get(..end).map_or(end, |before| before.trim_end().len()).min(end));
    // Comments below the last job are between it and ours; they say nothing of ours.
    let newline = if text.get(..body_end).is_some_and(|before| before.ends_with('\n')) { "" } else { "\n" };
    edits.insert(body_end, format!("{newline}\n{}", last_job.trim_end()));
    Ok(())
}

struct Job<'a> {
    source: &'a Source<'a>,
    names: &'a Names,
    job: &'a Entry,
}

impl Job<'_> {
    fn name(&self) -> &str {
        self.job.key.text().unwrap_or_default()
    }

    fn edit(&self, outputs: &mut Outputs, edits: &mut Edits) -> Result<(), Refused> {
        let job = &self.job.value;
        if !matches!(job.kind, NodeKind::Map { .. }) || job.entries().is_empty() {
            return Err(Refused::new(
                format!("the job `{}` repeats another by an alias, or is empty", self.name()),
                "Write the job out.",
            ));
        }
        self.check_images()?;
        let tokens = self.replace_tokens(outputs, edits)?;
        let words = self.replace_words(outputs, edits)?;
        let asks = if words == Asked::Yes { words } else { tokens };
        groups::own(self.source, self.job, edits)?;
        let condition = job.entry("if");
        let spoken = condition.and_then(|entry| entry.value.text()).unwrap_or_default();
        let lower = spoken.to_ascii_lowercase();
        let has_status = STATUS.iter().any(|function| lower.contains(function));
        let is_root = job.get("needs").is_none();
        if is_root || has_status || asks == Asked::Yes {
            self.needs(edits)?;
        }
        if is_root || has_status {
            self.condition(condition, edits)?;
        }
        self.own_steps(edits)
    }

    /// A schedule may name images, and an order does not.
    fn check_images(&self) -> Result<(), Refused> {
        if !self.source.primary.is_scheduled {
            return Ok(());
        }
        let job = &self.job.value;
        let steps = job.get("steps").map(Node::items).unwrap_or_default();
        let text = self.source.primary.text;
        let found = std::iter::once(job).chain(steps).find_map(|step| images::by_schedule(step, text));
        found.map_or(Ok(()), |named| {
            let why = format!("a step of the job `{}` {}", self.name(), named.what());
            Err(Refused::new(why, named.fix()))
        })
    }

    /// Puts the slot among what the job needs.
    fn needs(&self, edits: &mut Edits) -> Result<(), Refused> {
        let text = self.source.primary.text;
        let slot = &self.names.slot;
        let Some(entry) = self.job.value.entry("needs") else {
            return self.add(&format!("needs: {slot}"), edits);
        };
        match &entry.value.kind {
            NodeKind::Scalar { text: one, .. } => {
                edits.replace(value_range(text, entry), format!(" [{slot}, {one}]"));
            }
            NodeKind::List { items, .. } if items.is_empty() => {
                edits.replace(value_range(text, entry), format!(" {slot}"));
            }
            NodeKind::List { style: Style::Flow, .. } => {
                edits.insert(entry.value.span.start.saturating_add(1), format!("{slot}, "));
            }
            NodeKind::List { items, style: Style::Block } => {
                let start = items.first().map_or(0, |item| line_start(text, item.span.start));
                let line = text.get(start..).unwrap_or_default();
                let by = line.len().saturating_sub(line.trim_start_matches(' ').len());
                edits.insert(start, format!("{}- {slot}\n", " ".repeat(by)));
            }
            NodeKind::Map { .. } | NodeKind::Alias => {
                return Err(Refused::new(
                    format!("what the job `{}` needs is no list of names", self.name()),
                    "Write `needs: [JOB, …]`.",
                ));
            }
        }
        Ok(())
    }

    /// The job works only when the slot is its own.
    fn condition(&self, condition: Option<&Entry>, edits: &mut Edits) -> Result<(), Refused> {
        let goes = self.names.goes();
        let Some(entry) = condition else { return self.add(&format!("if: {goes}"), edits) };
        let Some(written) = entry.value.text() else {
            return Err(Refused::new(
                format!("the `if` of the job `{}` is no text", self.name()),
                "Write an expression.",
            ));
        };
        let bare = written.trim();
        let inner = match bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(inner) if !inner.contains("${{") => inner.trim(),
            Some(_) | None if bare.contains("${{") => {
                return Err(Refused::new(
                    format!(
                        "the `if` of the job `{}` mixes text with expressions: GitHub takes it for true, whatever it says",
                        self.name()
                    ),
                    "Write it as one expression.",
                ));
            }
            Some(_) | None => bare,
        };
        let inner = self.replaced(&inner.split_whitespace().collect::<Vec<_>>().join(" "), inner);
        let whole = if inner.is_empty() { goes } else { format!("{goes} && ({inner})") };
        // The tokens within were replaced with the rest of it.
        edits.replace(value_range(self.source.primary.text, entry), format!(" {}", plain(&whole)));
        Ok(())
    }

    /// An expression on one line, with the words that mean something else in a backup replaced. A text in quotes keeps
    /// its blanks.
    fn replaced(&self, one_line: &str, as_written: &str) -> String {
        let text =
            if as_written.contains('\'') && !as_written.contains('\n') { as_written } else { one_line };
        let node = Node {
            span: 0..text.len(),
            kind: NodeKind::Scalar { text: text.to_owned(), style: ScalarStyle::Plain },
        };
        let mut edits = Edits::default();
        for token in tokens::find(text, &node, Reading::Whole) {
            edits.replace(token.range, self.replacement(token.name, &node, Reading::Whole));
        }
        edits.apply(text).unwrap_or_else(|| text.to_owned())
    }

    fn replacement(&self, name: Name, node: &Node, reading: Reading) -> String {
        match name {
            Name::Schedule => format!("needs.{}.outputs.cron", self.names.slot),
            Name::Event => format!("needs.{}.outputs.event", self.names.slot),
            Name::Workflow if self.is_said(node, reading) => {
                tokens::inline(node, &format!("'{}'", self.source.name().replace('\'', "''")))
            }
            Name::Workflow => format!("needs.{}.outputs.workflow", self.names.slot),
            Name::Drill => tokens::inline(node, &drill::asked()),
        }
    }

    /// Whether the name of the primary can be written into a scalar of this style. A condition of two texts would be taken
    /// for a mistake.
    fn is_said(&self, node: &Node, reading: Reading) -> bool {
        if reading == Reading::Whole {
            return false;
        }
        let name = self.source.name();
        let is_plain = matches!(node.kind, NodeKind::Scalar { style: ScalarStyle::Plain, .. });
        let breaks = |c: char| {
            matches!(c, '{' | '}') || c.is_control() || is_plain && matches!(c, ':' | '#' | ',' | '[' | ']')
        };
        !name.contains(breaks)
    }

    /// Replaces what asks which event it was, and says whether anything does.
    fn replace_tokens(&self, outputs: &mut Outputs, edits: &mut Edits) -> Result<Asked, Refused> {
        let text = self.source.primary.text;
        let mut scalars = Vec::new();
        self.job.value.scalars(&mut |node| scalars.push(node));
        let own = self.job.value.get("if").map(|node| node.span.clone());
        let conditions = self.step_conditions();
        let anew = groups::rewritten(&self.job.value).map(|node| node.span.clone());
        let mut asked = Asked::No;
        for node in scalars.into_iter().filter(|node| anew.as_ref() != Some(&node.span)) {
            let raw = text.get(node.span.clone()).unwrap_or_default();
            if tokens::is_indexed(raw) {
                return Err(Refused::new(
                    format!(
                        "the job `{}` asks for the event in brackets, which is not rewritten",
                        self.name()
                    ),
                    "Write `github.event.schedule` or `github.event_name`.",
                ));
            }
            let is_own = own.as_ref() == Some(&node.span);
            let is_whole = is_own || conditions.contains(&node.span);
            let reading = if is_whole { Reading::Whole } else { Reading::Braces };
            for token in tokens::find(text, node, reading) {
                let output = match token.name {
                    Name::Schedule => Some(&mut outputs.cron),
                    Name::Event => Some(&mut outputs.event),
                    Name::Workflow if !self.is_said(node, reading) => Some(&mut outputs.workflow),
                    Name::Workflow | Name::Drill => None,
                };
                if let Some(output) = output {
                    (asked, *output) = (Asked::Yes, Asked::Yes);
                }
                // The job's own condition is written anew where it is touched at all.
                if !(is_own && self.is_condition_rewritten()) {
                    edits.replace(token.range, self.replacement(token.name, node, reading));
                }
            }
        }
        Ok(asked)
    }

    /// Replaces what the programs of the steps read of GitHub's variables, and says whether any does.
    fn replace_words(&self, outputs: &mut Outputs, edits: &mut Edits) -> Result<Asked, Refused> {
        let mut read: BTreeSet<Variable> = BTreeSet::new();
        for step in self.job.value.get("steps").map(Node::items).unwrap_or_default() {
            for (range, word) in self.words(step)? {
                read.insert(word.variable);
                word.variable.ask(outputs);
                edits.replace(range, word.text);
            }
        }
        if read.is_empty() {
            return Ok(Asked::No);
        }
        if let Some(action) = strict::of_job(&self.job.value) {
            return Err(Refused::new(
                format!(
                    "the job `{}` asks which event it was, and `{action}` refuses a job with variables that tell it",
                    self.name()
                ),
                "Ask in another job.",
            ));
        }
        let lines: Vec<String> = read.iter().map(|variable| variable.line(&self.names.slot)).collect();
        let added = match self.job.value.entry("env") {
            Some(env) => variables::add(self.source, env, &lines, edits),
            None => self.add_env(&lines, edits)?,
        };
        match added {
            Added::Yes => Ok(Asked::Yes),
            Added::No => Err(Refused::new(
                format!("the variables of the job `{}` are repeated by an alias", self.name()),
                "Write its `env` out.",
            )),
        }
    }

    /// The words of a step, where they stand in the file.
    fn words(&self, step: &Node) -> Result<Vec<(Range<usize>, Word)>, Refused> {
        let text = self.source.primary.text;
        let uses = step.get_text("uses").unwrap_or_default();
        let is_script = uses.starts_with("actions/github-script@");
        let script = step.get("with").and_then(|with| with.get("script")).filter(|_| is_script);
        let mut found = Vec::new();
        let envs = [step.get("env"), self.job.value.get("env"), self.source.root().get("env")];
        let whole: Vec<&str> = envs.into_iter().flat_map(dump::variables).collect();
        for (node, is_run) in
            step.get("run").map(|node| (node, true)).into_iter().chain(script.map(|node| (node, false)))
        {
            let raw = text.get(node.span.clone()).unwrap_or_default();
            if dump::is_searched(raw, &whole) {
                return Err(Refused::new(
                    format!(
                        "a step of the job `{}` looks for the event in the whole context of GitHub, which is not rewritten",
                        self.name()
                    ),
                    "Take it from `${{ github.event_name }}` or `${{ github.event.schedule }}`, which are rewritten.",
                ));
            }
            let words = if is_run { words::in_run(raw) } else { words::in_script(raw) };
            let words = words.map_err(|why| {
                Refused::new(
                    format!("a step of the job `{}` {why}, where a backup has an order in the place of the schedule", self.name()),
                    "Take it from `${{ github.event_name }}` or `${{ github.event.schedule }}`, which are rewritten.",
                )
            })?;
            for word in words {
                let place = |at: usize| node.span.start.saturating_add(at);
                found.push((place(word.range.start)..place(word.range.end), word));
            }
        }
        Ok(found)
    }

    /// Gives a job variables that has none.
    fn add_env(&self, lines: &[String], edits: &mut Edits) -> Result<Added, Refused> {
        let first = self.job.value.entries().first().map_or(0, |first| first.key.span.start);
        match (self.job.value.style(), indent(self.source.primary.text, first)) {
            (Some(Style::Flow), _) => edits.insert(first, format!("env: {{ {} }}, ", lines.join(", "))),
            (_, Some(by)) => {
                let lines: Vec<String> = lines.iter().map(|line| format!("\n{by}  {line}")).collect();
                self.add(&format!("env:{}", lines.concat()), edits)?;
            }
            (_, None) => self.add("env:", edits)?,
        }
        Ok(Added::Yes)
    }

    fn is_condition_rewritten(&self) -> bool {
        let lower = self.job.value.get_text("if").unwrap_or_default().to_ascii_lowercase();
        self.job.value.get("needs").is_none() || STATUS.iter().any(|function| lower.contains(function))
    }

    fn step_conditions(&self) -> Vec<std::ops::Range<usize>> {
        let steps = self.job.value.get("steps").map(Node::items).unwrap_or_default();
        steps.iter().filter_map(|step| step.get("if")).map(|node| node.span.clone()).collect()
    }

    /// Steps of ours in the primary name the automation, since they are in another workflow now.
    fn own_steps(&self, edits: &mut Edits) -> Result<(), Refused> {
        let text = self.source.primary.text;
        let id = quoted(self.source.primary.id.as_str());
        for step in self.job.value.get("steps").map(Node::items).unwrap_or_default() {
            let is_ours = step.get_text("uses").is_some_and(|uses| uses.starts_with(&format!("{ACTION}@")));
            let with = step.get("with");
            if !is_ours || with.is_some_and(|with| with.get("id").is_some()) {
                continue;
            }
            let first = with.and_then(|with| with.entries().first());
            match (with.and_then(Node::style), first) {
                (Some(Style::Flow), Some(first)) => edits.insert(first.key.span.start, format!("id: {id}, ")),
                (Some(Style::Block), Some(first)) => {
                    let by = indent(text, first.key.span.start).unwrap_or_default();
                    edits.insert(first.key.span.start, format!("id: {id}\n{by}"));
                }
                (Some(Style::Flow | Style::Block) | None, _) => {
                    return Err(Refused::new(
                        "it is a watcher itself, which the other watchers look after",
                        "Nothing.",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Adds a key to the job.
    fn add(&self, line: &str, edits: &mut Edits) -> Result<(), Refused> {
        let text = self.source.primary.text;
        let job = &self.job.value;
        let Some(first) = job.entries().first() else {
            return Err(Refused::new(format!("the job `{}` is empty", self.name()), "Write the job out."));
        };
        match (job.style(), indent(text, first.key.span.start)) {
            (Some(Style::Block), Some(by)) => edits.insert(first.key.span.start, format!("{line}\n{by}")),
            (Some(Style::Flow), _) => {
                let (key, value) = line.split_once(": ").unwrap_or((line, ""));
                edits.insert(first.key.span.start, format!("{key}: {}, ", quoted(value)));
            }
            (Some(Style::Block), None) | (None, _) => {
                return Err(Refused::new(
                    format!("the first key of the job `{}` does not begin a line", self.name()),
                    "Write one key a line.",
                ));
            }
        }
        Ok(())
    }
}

/// An expression as a plain value where YAML takes it for one, else in quotes.
fn plain(text: &str) -> String {
    let is_plain = !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && text.starts_with("needs.")
        && !text.contains(['[', ']', '{', '}', ',']);
    if is_plain { text.to_owned() } else { quoted(text) }
}
