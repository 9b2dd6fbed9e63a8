//! Reads the YAML that people write every day, several times as fast as a whole parser can.
//!
//! It knows block maps and lists, plain and quoted texts, block texts, short flow lists and maps, and comments. At
//! anything else, and at the smallest doubt, it gives up and the whole parser reads the text: what comes out is the same
//! either way, and every fault is the whole parser's. Texts are borrowed from the file wherever they can be.

use super::{Document, key_of, note_duplicates, plain};
use crate::value::{Data, Entry, Key, Value};

mod blocks;
mod flow;
mod quoted;

#[cfg(test)]
mod tests;

/// Deeper than this the whole parser counts.
const MAX_DEPTH: usize = 24;
/// More values than this the whole parser counts.
const MAX_VALUES: usize = 50_000;
/// A key that is longer than this may be too long for a key.
const MAX_KEY_BYTES: usize = 256;

/// The document of a text, if all of it is ordinary.
pub(super) fn read(text: &str) -> Option<Document<'_>> {
    if !has_ordinary_characters(text) {
        return None;
    }
    let mut reader = Reader::new(text);
    reader.next_line()?;
    reader.pass_mark()?;
    let here = reader.column?;
    if here != 0 {
        return None;
    }
    let root = reader.map(0, 0)?;
    // Whatever is left stands where nothing can.
    reader.column.is_none().then_some(Document { root, duplicates: reader.duplicates, second: None })
}

/// Neither tabs nor other line breaks than `\n`, nor anything that is not to be printed.
fn has_ordinary_characters(text: &str) -> bool {
    let is_odd = |byte: &u8| (*byte < b' ' && *byte != b'\n') || *byte == 0x7f || *byte == 0xc2;
    let bytes = text.as_bytes();
    if bytes.iter().filter(|byte| is_odd(byte)).count() > 0 {
        return false;
    }
    // Byte order marks and the like begin with this byte, and so do harmless signs.
    !bytes.contains(&0xef) || !text.contains(['\u{feff}', '\u{fffe}', '\u{ffff}'])
}

/// Where the reader stands: at the first sign of a line with content, or behind everything, or, while it reads a line,
/// somewhere in it.
struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Counted from 1.
    line: u32,
    /// Spaces before the first sign of the line; `None` behind the last line.
    column: Option<usize>,
    /// Lines without any content that were passed to come here.
    blanks: usize,
    /// Whether a comment was passed to come here.
    comment: Comment,
    values: usize,
    /// The entries of the maps that are still open, and the items of such lists.
    entries: Vec<Entry<'a>>,
    items: Vec<Value<'a>>,
    duplicates: Vec<(u32, String)>,
}

/// Whether a comment was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comment {
    None,
    Passed,
}

/// What a value stands behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    Key,
    Dash,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            line: 1,
            column: Some(0),
            blanks: 0,
            comment: Comment::None,
            values: 0,
            entries: Vec::new(),
            items: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Whether a line or the text ends here.
    fn ends(&self, at: usize) -> bool {
        matches!(self.byte(at), None | Some(b'\n'))
    }

    /// Whether a sign that needs a blank behind it has one.
    fn is_apart(&self, at: usize) -> bool {
        matches!(self.byte(at), None | Some(b'\n' | b' '))
    }

    fn is_dash(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && self.is_apart(at + 1)
    }

    fn pass_spaces(&mut self) {
        while self.byte(self.at) == Some(b' ') {
            self.at += 1;
        }
    }

    fn pass_to_end_of_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }

    /// From the beginning of a line to the next content, there or further down.
    fn next_line(&mut self) -> Option<()> {
        (self.blanks, self.comment) = (0, Comment::None);
        loop {
            let start = self.at;
            self.pass_spaces();
            match self.byte(self.at) {
                None => {
                    self.column = None;
                    return Some(());
                }
                Some(b'\n') => self.blanks += 1,
                Some(b'#') => {
                    self.comment = Comment::Passed;
                    self.pass_to_end_of_line();
                    if self.byte(self.at).is_none() {
                        continue;
                    }
                }
                Some(_) => {
                    self.column = Some(self.at - start);
                    return Some(());
                }
            }
            self.at += 1;
            self.line += 1;
        }
    }

    /// Behind a value: blanks and a comment, and then the next line with content.
    fn finish_line(&mut self) -> Option<()> {
        let start = self.at;
        self.pass_spaces();
        let mut comment = Comment::None;
        if self.byte(self.at) == Some(b'#') {
            if self.at == start {
                return None;
            }
            comment = Comment::Passed;
            self.pass_to_end_of_line();
        }
        if !self.ends(self.at) {
            return None;
        }
        if self.byte(self.at).is_some() {
            self.at += 1;
            self.line += 1;
        }
        self.next_line()?;
        if comment == Comment::Passed {
            self.comment = comment;
        }
        Some(())
    }

    /// The mark of a first document.
    fn pass_mark(&mut self) -> Option<()> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"---\n")) && self.column == Some(0)
        {
            self.at += 4;
            self.line += 1;
            self.next_line()?;
        }
        Some(())
    }

    fn count(&mut self) -> Option<()> {
        self.values += 1;
        (self.values <= MAX_VALUES).then_some(())
    }

    /// A map whose first key is here.
    fn map(&mut self, indent: usize, depth: usize) -> Option<Value<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (line, start) = (self.line, self.entries.len());
        loop {
            self.count()?;
            let (key, line) = (self.key()?, self.line);
            let value = self.behind(Behind::Key, indent, depth)?;
            self.entries.push(Entry { key, line, value });
            match self.column {
                Some(column) if column == indent => {}
                Some(column) if column > indent => return None,
                Some(_) | None => break,
            }
        }
        let entries: Vec<Entry<'a>> = self.entries.drain(start..).collect();
        note_duplicates(&entries, &mut self.duplicates);
        self.count()?;
        Some(Value::new(line, Data::Map(entries)))
    }

    /// A list whose first dash is here.
    fn list(&mut self, indent: usize, depth: usize) -> Option<Value<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (line, start) = (self.line, self.items.len());
        loop {
            self.at += 1;
            let item = self.behind(Behind::Dash, indent, depth)?;
            self.items.push(item);
            match self.column {
                Some(column) if column == indent && self.is_dash(self.at) => {}
                Some(column) if column > indent => return None,
                Some(_) | None => break,
            }
        }
        let items = self.items.drain(start..).collect();
        self.count()?;
        Some(Value::new(line, Data::List(items)))
    }

    /// A key, and the colon behind it.
    fn key(&mut self) -> Option<Key<'a>> {
        let start = self.at;
        let data = match self.byte(start)? {
            b'"' | b'\'' => {
                let data = Data::Text(self.quoted()?);
                if self.byte(self.at) != Some(b':') || !self.is_apart(self.at + 1) {
                    return None;
                }
                data
            }
            _ => {
                self.at = self.colon(start)?;
                let key = self.text.get(start..self.at)?;
                if !self.may_begin(start)
                    || key.ends_with(' ')
                    || key.starts_with("---")
                    || key.starts_with("...")
                {
                    return None;
                }
                plain(key.into())
            }
        };
        if self.at - start > MAX_KEY_BYTES {
            return None;
        }
        self.at += 1;
        Some(key_of(data))
    }

    /// Where the colon behind a key on this line is, if the line has one.
    fn colon(&self, start: usize) -> Option<usize> {
        let rest = self.bytes.get(start..)?;
        let mut before = 0;
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b'\n' => return None,
                b'#' if before == b' ' => return None,
                b':' if self.is_apart(start + at + 1) => return Some(start + at),
                _ => before = *byte,
            }
        }
        None
    }

    /// Whether a plain text may begin here.
    fn may_begin(&self, at: usize) -> bool {
        match self.byte(at) {
            None | Some(b'\n' | b' ') => false,
            Some(b'-' | b'?' | b':') => !self.is_apart(at + 1),
            Some(byte) => !b",[]{}#&*!|>'\"%@`".contains(&byte),
        }
    }

    /// What stands behind a key or a dash of this column.
    fn behind(&mut self, behind: Behind, indent: usize, depth: usize) -> Option<Value<'a>> {
        let (start, line) = (self.at, self.line);
        self.pass_spaces();
        let is_comment = self.byte(self.at) == Some(b'#') && self.at > start;
        if !self.ends(self.at) && !is_comment {
            return self.on_the_line(behind, indent, depth);
        }
        self.finish_line()?;
        match self.column {
            Some(column) if column > indent => self.below(indent, column, depth),
            Some(column) if column == indent && behind == Behind::Key && self.is_dash(self.at) => {
                self.list(column, depth + 1)
            }
            Some(_) | None => {
                self.count()?;
                Some(Value::new(line, Data::Null))
            }
        }
    }

    /// A value that begins on the line of its key or dash.
    fn on_the_line(&mut self, behind: Behind, indent: usize, depth: usize) -> Option<Value<'a>> {
        if behind == Behind::Key {
            return self.scalar(indent, depth);
        }
        let first = self.byte(self.at)?;
        if first != b'-' && !self.begins_a_map(first) {
            return self.scalar(indent, depth);
        }
        // A list or a map within the line of a dash stands at the column where it begins.
        let column = self.column_of(self.at)?;
        self.column = Some(column);
        if self.is_dash(self.at) { self.list(column, depth + 1) } else { self.below(indent, column, depth) }
    }

    /// How many characters, which are spaces and dashes, are before this one on its line.
    fn column_of(&self, at: usize) -> Option<usize> {
        let before = self.bytes.get(..at)?;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
        before.get(start..)?.iter().all(|byte| matches!(byte, b' ' | b'-')).then_some(at - start)
    }

    fn begins_a_map(&self, first: u8) -> bool {
        match first {
            b'[' | b'{' | b'|' | b'>' => false,
            b'"' | b'\'' => true,
            _ => self.colon(self.at).is_some(),
        }
    }

    /// A value that stands on lines of its own, or behind a dash.
    fn below(&mut self, indent: usize, column: usize, depth: usize) -> Option<Value<'a>> {
        let first = self.byte(self.at)?;
        if self.is_dash(self.at) {
            return self.list(column, depth + 1);
        }
        let is_map = match first {
            b'"' | b'\'' => {
                let (at, line) = (self.at, self.line);
                self.quoted()?;
                let is_key = self.byte(self.at) == Some(b':');
                (self.at, self.line) = (at, line);
                is_key
            }
            b'[' | b'{' | b'|' | b'>' => false,
            _ => self.colon(self.at).is_some(),
        };
        if is_map { self.map(column, depth + 1) } else { self.scalar(indent, depth) }
    }

    /// A text, or a list or map between brackets, of something at this column.
    fn scalar(&mut self, indent: usize, depth: usize) -> Option<Value<'a>> {
        self.count()?;
        let line = self.line;
        match self.byte(self.at)? {
            b'|' | b'>' => self.block_text(indent),
            b'"' | b'\'' => {
                let text = self.quoted()?;
                self.finish_line()?;
                self.alone(indent, Value::new(line, Data::Text(text)))
            }
            b'[' | b'{' => {
                let value = self.flow(depth)?;
                self.finish_line()?;
                self.alone(indent, value)
            }
            _ => {
                let text = self.plain_text(indent)?;
                Some(Value::new(line, plain(text)))
            }
        }
    }

    /// Nothing can follow such a value further in.
    fn alone(&self, indent: usize, value: Value<'a>) -> Option<Value<'a>> {
        self.column.is_none_or(|column| column <= indent).then_some(value)
    }
}
