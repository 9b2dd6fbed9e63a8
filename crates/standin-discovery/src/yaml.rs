//! Reads YAML 1.2 as the platforms do: `on`, `yes` and `no` are texts, and only `true` and `false` are booleans.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};

use crate::limits::{MAX_NESTING, MAX_NODES};
use crate::lines::{Lines, quote};
use crate::value::{Data, Entry, Key, Value};

mod advice;
mod ordinary;

pub(crate) use advice::advice;

/// So many keys are compared with one another faster than they are sorted.
const FEW_KEYS: usize = 12;
/// What a text of an anchor counts for when it is repeated.
const BYTES_OF_A_NODE: usize = 64;

/// Why a text is not YAML that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    pub(crate) line: u32,
    pub(crate) message: String,
}

/// A document, and what is questionable about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document<'a> {
    pub(crate) root: Value<'a>,
    /// Keys that stand twice in one map: each line, and the name. Platforms refuse them.
    pub(crate) duplicates: Vec<(u32, String)>,
    /// Where a second document begins, which is not read.
    pub(crate) second: Option<u32>,
}

/// Reads the first document of a text. An empty text is null.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Fault> {
    ordinary::read(text).map_or_else(|| parse_whole(text), Ok)
}

/// Reads what is not ordinary, and says what is wrong with a text.
fn parse_whole(text: &str) -> Result<Document<'_>, Fault> {
    let lines = Lines::new(text);
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_NESTING,
        block_nesting_limit: MAX_NESTING,
    };
    let mut builder = Builder::default();
    let mut second = None;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| Fault {
            rule: "yaml-unparsable",
            line: lines.clamp(error.marker().line()),
            message: format!("this is not YAML: {}", quote(&error.info())),
        })?;
        // The byte offset is exact where a parser's own line may point behind the end.
        let line =
            span.byte_range().map_or_else(|| lines.clamp(span.start.line()), |range| lines.at(range.start));
        match builder.step {
            Step::More => builder.take(event, line)?,
            Step::Done if matches!(event, Event::DocumentStart(..)) => {
                second = Some(line);
                break;
            }
            Step::Done => {}
        }
    }
    let root = builder.root.unwrap_or(Value::new(1, Data::Null));
    Ok(Document { root, duplicates: builder.duplicates, second })
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    More,
    /// The first document has ended.
    Done,
}

/// A list or map that is still open.
enum Open<'a> {
    List { line: u32, anchor: usize, items: Vec<Value<'a>> },
    Map { line: u32, anchor: usize, entries: Vec<Entry<'a>>, key: Option<(u32, Key<'a>)> },
}

#[derive(Default)]
struct Builder<'a> {
    step: Step,
    open: Vec<Open<'a>>,
    /// Each anchored value with the number of its nodes.
    anchors: BTreeMap<usize, (Value<'a>, usize)>,
    nodes: usize,
    root: Option<Value<'a>>,
    duplicates: Vec<(u32, String)>,
}

impl<'a> Builder<'a> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the parser's events may grow")]
    fn take(&mut self, event: Event<'a>, line: u32) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some();
                let data = if is_text { Data::Text(text) } else { plain(text) };
                self.close(Value::new(line, data), anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(Open::List { line, anchor, items: Vec::new() }, line)
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(Open::Map { line, anchor, entries: Vec::new(), key: None }, line)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { line, anchor, items }) => {
                    self.close(Value::new(line, Data::List(items)), anchor)
                }
                Some(Open::Map { line, anchor, entries, .. }) => {
                    note_duplicates(&entries, &mut self.duplicates);
                    self.close(Value::new(line, Data::Map(entries)), anchor)
                }
                None => Ok(()),
            },
            Event::Alias(id) => self.alias(id, line),
            Event::DocumentEnd => {
                self.step = Step::Done;
                Ok(())
            }
            // Stream and document marks, and what is only emitted on request, carry no value.
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open<'a>, line: u32) -> Result<(), Fault> {
        if self.open.len() >= MAX_NESTING {
            return Err(too_nested(line));
        }
        self.open.push(open);
        Ok(())
    }

    fn alias(&mut self, id: usize, line: u32) -> Result<(), Fault> {
        let Some((value, size)) = self.anchors.get(&id) else {
            return Err(Fault {
                rule: "yaml-unparsable",
                line,
                message: "this alias stands within the value that it repeats".into(),
            });
        };
        let (size, nesting) = (*size, depth(value));
        if nesting.saturating_add(self.open.len()) > MAX_NESTING {
            return Err(too_nested(line));
        }
        // Counted before anything is copied: this is what keeps an alias explosion small.
        self.spend(size, line)?;
        match self.anchors.get(&id).map(|(value, _)| value.clone()) {
            Some(value) => self.place(value),
            None => Ok(()),
        }
    }

    /// A value is complete: it is kept for its aliases and put where it belongs.
    fn close(&mut self, value: Value<'a>, anchor: usize) -> Result<(), Fault> {
        self.spend(1, value.line)?;
        if anchor != 0 {
            let size = count(&value);
            self.spend(size, value.line)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        self.place(value)
    }

    fn spend(&mut self, nodes: usize, line: u32) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            let message = format!("with its aliases this file has more than {MAX_NODES} values");
            return Err(Fault { rule: "yaml-too-large", line, message });
        }
        Ok(())
    }

    fn place(&mut self, value: Value<'a>) -> Result<(), Fault> {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                None => *key = Some((value.line, key_of(value.data))),
                Some((line, key)) => entries.push(Entry { key, line, value }),
            },
        }
        Ok(())
    }
}

/// All but the first of the keys that are the same.
fn note_duplicates(entries: &[Entry<'_>], duplicates: &mut Vec<(u32, String)>) {
    let is_twice = |(at, entry): (usize, &Entry<'_>)| {
        entry.key.name().is_some() && entries.iter().take(at).any(|before| before.key == entry.key)
    };
    if entries.len() <= FEW_KEYS && !entries.iter().enumerate().any(is_twice) {
        return;
    }
    let mut names: Vec<(&str, u32)> =
        entries.iter().filter_map(|entry| Some((entry.key.name()?, entry.line))).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        if let [(first, _), (second, line)] = pair
            && first == second
        {
            duplicates.push((*line, (*second).to_owned()));
        }
    }
}

/// What a key is called; nothing at all is the empty name.
fn key_of(data: Data<'_>) -> Key<'_> {
    match data {
        Data::Text(text) => Key::Named(text),
        Data::Number(number) => Key::Named(number.to_string().into()),
        Data::Bool(truth) => Key::Named(truth.to_string().into()),
        Data::Null => Key::Named("".into()),
        Data::List(_) | Data::Map(_) | Data::Computed(_) => Key::Any,
    }
}

fn too_nested(line: u32) -> Fault {
    Fault {
        rule: "yaml-too-nested",
        line,
        message: format!("this is nested deeper than {MAX_NESTING} levels"),
    }
}

/// A plain scalar under the core schema of YAML 1.2.
fn plain(text: Cow<'_, str>) -> Data<'_> {
    // Most texts begin with a sign that none of the others begins with.
    if !text.starts_with(|c: char| c.is_ascii_digit() || "~nNtTfF.+-".contains(c)) && !text.is_empty() {
        return Data::Text(text);
    }
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Data::Null,
        "true" | "True" | "TRUE" => Data::Bool(true),
        "false" | "False" | "FALSE" => Data::Bool(false),
        _ => match number(&text) {
            Some(number) => Data::Number(number),
            None => Data::Text(text),
        },
    }
}

/// Only what looks like a number: Rust would also read `inf` and `nan`.
fn number(text: &str) -> Option<f64> {
    let radix = |prefix, radix| {
        let digits = text.strip_prefix(prefix).filter(|digits| !digits.starts_with(['+', '-']))?;
        i32::from_str_radix(digits, radix).ok().map(f64::from)
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(number);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if [".inf", ".Inf", ".INF"].contains(&unsigned) {
        return Some(f64::INFINITY);
    }
    if [".nan", ".NaN", ".NAN"].contains(&text) {
        return Some(f64::NAN);
    }
    let starts = text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| starts)
}

/// Nodes of a value; the nesting is bounded where values are built.
fn count(value: &Value) -> usize {
    let within: usize = match &value.data {
        Data::List(items) => items.iter().map(count).sum(),
        Data::Map(entries) => entries.iter().map(|entry| count(&entry.value)).sum(),
        // A long text that is repeated takes as much room as many values.
        Data::Text(text) => text.len() / BYTES_OF_A_NODE,
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Computed(_) => 0,
    };
    within.saturating_add(1)
}

fn depth(value: &Value) -> usize {
    let within = match &value.data {
        Data::List(items) => items.iter().map(depth).max(),
        Data::Map(entries) => entries.iter().map(|entry| depth(&entry.value)).max(),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => None,
    };
    within.unwrap_or(0).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (&'static str, u32) {
        let fault = parse(text).unwrap_err();
        (fault.rule, fault.line)
    }

    #[test]
    fn only_true_and_false_are_booleans_and_lines_are_kept() {
        let root = parse("# c\non: push\r\nyes: no\na:\n  - true\n  - \"true\"\n").unwrap().root;
        assert_eq!(root.get("on").and_then(Value::text), Some("push"));
        assert_eq!(root.get("yes").and_then(Value::text), Some("no"));
        let items = root.get("a").unwrap().items();
        assert_eq!((&items[0].data, items[0].line), (&Data::Bool(true), 5));
        assert_eq!((&items[1].data, items[1].line), (&Data::Text("true".into()), 6));
        assert_eq!(root.entry("on").unwrap().line, 2);
    }

    #[test]
    fn aliases_are_resolved_and_a_circle_is_refused() {
        let root = parse("a: &x {k: [1]}\nb: *x\n").unwrap().root;
        assert_eq!(root.get("b").unwrap().get("k").unwrap().items().len(), 1);
        assert_eq!(fault("a: &x\n  b: *x\n"), ("yaml-unparsable", 2));
        assert_eq!(fault("a: *nobody\n"), ("yaml-unparsable", 1));
    }

    #[test]
    fn an_alias_explosion_and_deep_nesting_are_refused() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..30 {
            let before = format!("*a{},", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        assert_eq!(fault(&bomb).0, "yaml-too-large");
        assert!(["yaml-too-nested", "yaml-unparsable"].contains(&fault(&"[".repeat(100_000)).0));
        assert!(["yaml-too-nested", "yaml-unparsable"].contains(&fault(&"- ".repeat(100_000)).0));
    }

    #[test]
    fn a_second_document_has_its_line() {
        assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap().second, Some(2));
        assert_eq!(parse("---\na: 1\n...\n").unwrap().second, None);
    }

    #[test]
    fn a_long_text_is_not_repeated_without_end() {
        let aliases = "- *a\n".repeat(10_000);
        assert_eq!(fault(&format!("- &a {}\n{aliases}", "x".repeat(100_000))).0, "yaml-too-large");
    }

    #[test]
    fn duplicate_keys_and_faults_have_their_line() {
        assert_eq!(parse("a: 1\nb: 2\na: 3\n").unwrap().duplicates, [(3, "a".to_owned())]);
        assert_eq!(fault("a: 1\nb: [\n").0, "yaml-unparsable");
        assert_eq!(fault("a: 1\n  b: 2\n"), ("yaml-unparsable", 2));
        assert_eq!(parse("").unwrap().root.data, Data::Null);
    }
}
