//! YAML with the place of every value, for edits that leave all other bytes as they were.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

/// Nesting of a file that is edited; no workflow comes near it.
const MAX_NESTING: usize = 64;

/// Values of a file that is edited.
const MAX_NODES: usize = 100_000;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Its bytes. Of a map or list in block style only the start is meant: see [`Entry::range`] for whole entries.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) kind: NodeKind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    /// A text, a number, a boolean or nothing.
    Scalar {
        /// Without quotes and escapes.
        text: String,
        /// How it is written.
        style: ScalarStyle,
    },
    /// A list.
    List {
        /// Its items.
        items: Vec<Node>,
        /// How it is written.
        style: Style,
    },
    /// A map.
    Map {
        /// Its entries, in the order of the file.
        entries: Vec<Entry>,
        /// How it is written.
        style: Style,
    },
    /// A repetition of an anchored value.
    Alias,
}

/// How a list or map is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// One item a line.
    Block,
    /// In brackets.
    Flow,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
}

/// Why a text cannot be edited. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum YamlError {
    /// It is no YAML.
    #[error("it is not YAML: {0}")]
    Unreadable(String),
    /// It is one of many documents, or has none.
    #[error("it is not one YAML document")]
    Documents,
    /// It is larger or deeper than any workflow.
    #[error("it is nested too deeply, or has too many values")]
    TooLarge,
}

/// A file, and whether it repeats itself.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) root: Node,
    /// Places of values with an anchor: what is cut out there would be missed elsewhere.
    pub(crate) anchors: Vec<usize>,
    /// Whether anything is repeated by an alias.
    pub(crate) aliases: usize,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            NodeKind::List { .. } | NodeKind::Map { .. } | NodeKind::Alias => None,
        }
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Map { entries, .. } => entries,
            NodeKind::Scalar { .. } | NodeKind::List { .. } | NodeKind::Alias => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            NodeKind::List { items, .. } => items,
            NodeKind::Scalar { .. } | NodeKind::Map { .. } | NodeKind::Alias => &[],
        }
    }

    /// The entry of a key.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key.text() == Some(name))
    }

    /// The value of a key.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The text of the value of a key.
    pub(crate) fn get_text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::text)
    }

    /// How a map or list is written.
    pub(crate) fn style(&self) -> Option<Style> {
        match &self.kind {
            NodeKind::Map { style, .. } | NodeKind::List { style, .. } => Some(*style),
            NodeKind::Scalar { .. } | NodeKind::Alias => None,
        }
    }

    /// Calls `visit` with every scalar of this value, keys too.
    pub(crate) fn scalars<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        match &self.kind {
            NodeKind::Scalar { .. } => visit(self),
            NodeKind::List { items, .. } => items.iter().for_each(|item| item.scalars(visit)),
            NodeKind::Map { entries, .. } => {
                for entry in entries {
                    entry.key.scalars(visit);
                    entry.value.scalars(visit);
                }
            }
            NodeKind::Alias => {}
        }
    }
}

/// A list or map that is still open.
enum Open {
    List { start: usize, style: Style, items: Vec<Node> },
    Map { start: usize, style: Style, entries: Vec<Entry>, key: Option<Node> },
}

/// Reads the one document of a text.
pub(crate) fn parse(text: &str) -> Result<Document, YamlError> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_NESTING,
        block_nesting_limit: MAX_NESTING,
    };
    let mut reader = Reader { text, ..Reader::default() };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| YamlError::Unreadable(error.info()))?;
        let range = span.byte_range().ok_or(YamlError::Documents)?;
        reader.take(event, range)?;
    }
    let root = reader.root.ok_or(YamlError::Documents)?;
    Ok(Document { root, anchors: reader.anchors, aliases: reader.aliases })
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    anchors: Vec<usize>,
    aliases: usize,
}

impl Reader<'_> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the parser's events may grow")]
    fn take(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), YamlError> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.anchored(anchor, range.start);
                let kind = NodeKind::Scalar { text: text.into_owned(), style };
                self.place(Node { span: range, kind })
            }
            Event::Alias(_) => {
                self.aliases = self.aliases.saturating_add(1);
                self.place(Node { span: range, kind: NodeKind::Alias })
            }
            Event::SequenceStart(_, anchor, _) => {
                self.anchored(anchor, range.start);
                let style = self.style(range.start, '[');
                self.push(Open::List { start: range.start, style, items: Vec::new() })
            }
            Event::MappingStart(_, anchor, _) => {
                self.anchored(anchor, range.start);
                let style = self.style(range.start, '{');
                self.push(Open::Map { start: range.start, style, entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List { start, style, items }) => {
                        Node { span: start..range.end.max(start), kind: NodeKind::List { items, style } }
                    }
                    Some(Open::Map { start, style, entries, .. }) => {
                        Node { span: start..range.end.max(start), kind: NodeKind::Map { entries, style } }
                    }
                    None => return Err(YamlError::Documents),
                };
                self.place(node)
            }
            _ => Ok(()),
        }
    }

    fn style(&self, start: usize, bracket: char) -> Style {
        let is_flow = self.text.get(start..).is_some_and(|rest| rest.starts_with(bracket));
        if is_flow { Style::Flow } else { Style::Block }
    }

    fn anchored(&mut self, anchor: usize, at: usize) {
        if anchor != 0 {
            self.anchors.push(at);
        }
    }

    fn push(&mut self, open: Open) -> Result<(), YamlError> {
        if self.open.len() >= MAX_NESTING {
            return Err(YamlError::TooLarge);
        }
        self.open.push(open);
        Ok(())
    }

    fn place(&mut self, node: Node) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MAX_NODES {
            return Err(YamlError::TooLarge);
        }
        match self.open.last_mut() {
            None if self.root.is_some() => return Err(YamlError::Documents),
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push(Entry { key, value: node }),
            },
        }
        Ok(())
    }
}
