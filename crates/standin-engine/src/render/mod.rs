//! Rendering: one small document model, and the formats that people read. Renderers only render; what is in a
//! document is decided in [`pages`].

mod coverage;
mod html;
mod markdown;
pub mod pages;
mod sarif;
mod scan;
mod text;

use std::borrow::Cow;
use std::fmt::Write;

pub use coverage::coverage;
pub use html::html;
pub use markdown::markdown;
pub use sarif::sarif;
pub use scan::{Extent, scan};
pub use text::{Colour, text};

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// Its title.
    pub title: String,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// One part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A heading of the second level.
    Heading(String),
    /// A paragraph of one line.
    Line(String),
    /// Lines to copy as they are.
    Code(String),
    /// A table; each row has as many cells as the head.
    Table {
        /// The columns' names.
        head: Vec<&'static str>,
        /// The rows.
        rows: Vec<Vec<Cell>>,
    },
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How it looks where colours are shown; never the only bearer of a meaning.
    pub tone: Tone,
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Like the rest.
    Plain,
    /// All is well.
    Good,
    /// Look at it.
    Warn,
    /// Something is broken.
    Bad,
    /// Beside the point.
    Dim,
}

impl Cell {
    /// A cell without a tone.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    /// A cell with a tone.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl Doc {
    /// The document as every renderer shows it: see [`visible`].
    fn visible(&self) -> Self {
        let shown = |text: &str| visible(text).into_owned();
        let cell = |cell: &Cell| Cell { text: shown(&cell.text), tone: cell.tone };
        let part = |part: &Part| match part {
            Part::Heading(heading) => Part::Heading(shown(heading)),
            Part::Line(line) => Part::Line(shown(line)),
            Part::Code(lines) => Part::Code(shown(lines)),
            Part::Table { head, rows } => Part::Table {
                head: head.clone(),
                rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
            },
        };
        Self { title: shown(&self.title), parts: self.parts.iter().map(part).collect() }
    }
}

/// The text with each character that commands a terminal, or turns the order of what is read, as `\u{1b}`. Names come
/// from the repository that is looked at, and whoever wrote it must not write on the terminal. Newlines stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(commands) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if commands(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn commands(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_file_commands_the_terminal_in_any_format() {
        let evil = "a\u{1b}]0;x\u{7}\u{9b}2J\r\u{202e}\u{7f}\tb\nc";
        let rows = vec![vec![Cell::plain(evil), Cell::toned(evil, Tone::Bad)]];
        let table = Part::Table { head: vec!["one", "two"], rows };
        let parts = vec![
            Part::Heading(evil.to_owned()),
            Part::Line(evil.to_owned()),
            Part::Code(evil.to_owned()),
            table,
        ];
        let doc = Doc { title: evil.to_owned(), parts };
        for out in [text(&doc, 200, Colour::Off), markdown(&doc), html(&doc)] {
            assert!(!out.contains(commands), "{out:?}");
            // The heading, the line, the code and both cells.
            assert!(out.matches("1b}").count() >= 5, "{out}");
        }
        let shown = "a\\u{1b}]0;x\\u{7}\\u{9b}2J\\u{d}\\u{202e}\\u{7f}\\u{9}b\nc";
        assert_eq!(visible(evil), shown);
        assert_eq!(visible("é → 漢字\n"), "é → 漢字\n");
        // The colours of the table itself are left.
        let coloured = text(&doc, 200, Colour::On);
        assert!(coloured.contains("\u{1b}[") && !coloured.contains("\u{1b}]"), "{coloured:?}");
    }
}
