//! Texts of several lines behind `|` and `>`.

use std::borrow::Cow;

use super::Reader;
use crate::value::{Data, Value};

/// What becomes of the line breaks at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// What becomes of the line breaks in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Literal,
    Folded,
}

impl<'a> Reader<'a> {
    /// A block text of something at this column.
    pub(super) fn block_text(&mut self, indent: usize) -> Option<Value<'a>> {
        let style = if self.byte(self.at)? == b'|' { Style::Literal } else { Style::Folded };
        self.at += 1;
        let chomp = match self.byte(self.at)? {
            b'-' => Chomp::Strip,
            b'+' => Chomp::Keep,
            _ => Chomp::Clip,
        };
        if chomp != Chomp::Clip {
            self.at += 1;
        }
        let end = self.at;
        self.pass_spaces();
        if self.byte(self.at)? == b'#' && self.at > end {
            self.pass_to_end_of_line();
        }
        if self.byte(self.at)? != b'\n' {
            return None;
        }
        self.at += 1;
        self.line += 1;
        let leading = self.leading_blanks(indent)?;
        let (line, column) = (self.line, self.column?);
        let text = match style {
            Style::Literal => self.literal(leading, column, chomp)?,
            Style::Folded => self.folded(leading, column, chomp)?,
        };
        self.next_line()?;
        self.column.is_none_or(|column| column <= indent).then_some(Value::new(line, Data::Text(text)))
    }

    /// Lines without content before the first one with some, whose column is the text's. It stays at the beginning of
    /// that line.
    fn leading_blanks(&mut self, indent: usize) -> Option<usize> {
        let (mut blanks, mut widest) = (0, 0);
        loop {
            let start = self.at;
            self.pass_spaces();
            let column = self.at - start;
            if self.byte(self.at)? == b'\n' {
                (blanks, widest) = (blanks + 1, widest.max(column));
                self.at += 1;
                self.line += 1;
                continue;
            }
            if column <= indent || widest > column {
                return None;
            }
            self.at = start;
            self.column = Some(column);
            return Some(blanks);
        }
    }

    /// The next line of the text without its indentation, and without its break; `None` at the end of the text. It is
    /// behind that line then.
    fn text_line(&mut self, column: usize) -> Option<&'a str> {
        let start = self.at;
        let mut at = start;
        while at < start + column && self.byte(at) == Some(b' ') {
            at += 1;
        }
        if at < start + column && self.byte(at) != Some(b'\n') {
            return None;
        }
        self.at = at;
        self.pass_to_end_of_line();
        let line = self.text.get(at..self.at)?;
        // Without a break at its end it is not an ordinary one.
        self.byte(self.at)?;
        self.at += 1;
        self.line += 1;
        Some(line)
    }

    fn literal(&mut self, leading: usize, column: usize, chomp: Chomp) -> Option<Cow<'a, str>> {
        let start = self.at + column;
        let first = self.text_line(column)?;
        let only_end = start + first.len();
        let mut text = String::new();
        let mut breaks = 1;
        while let Some(line) = self.text_line(column) {
            if line.is_empty() {
                breaks += 1;
                continue;
            }
            if text.is_empty() {
                text.reserve(256);
                text.extend(std::iter::repeat_n('\n', leading));
                text.push_str(first);
            }
            text.extend(std::iter::repeat_n('\n', breaks));
            text.push_str(line);
            breaks = 1;
        }
        self.ends_well()?;
        let tail = chomp.tail(breaks);
        if text.is_empty() && leading == 0 && tail <= 1 {
            return self.text.get(start..only_end + tail).map(Cow::Borrowed);
        }
        if text.is_empty() {
            text.extend(std::iter::repeat_n('\n', leading));
            text.push_str(first);
        }
        text.extend(std::iter::repeat_n('\n', tail));
        Some(Cow::Owned(text))
    }

    /// One line of text out of several; blank lines are breaks.
    fn folded(&mut self, leading: usize, column: usize, chomp: Chomp) -> Option<Cow<'a, str>> {
        let mut text = "\n".repeat(leading);
        text.push_str(self.text_line(column)?);
        let mut breaks = 1;
        while let Some(line) = self.text_line(column) {
            if line.is_empty() {
                breaks += 1;
                continue;
            }
            // Lines further in are not folded, which the whole parser knows how to do.
            if line.starts_with(' ') {
                return None;
            }
            if breaks == 1 {
                text.push(' ');
            }
            text.extend(std::iter::repeat_n('\n', breaks - 1));
            text.push_str(line);
            breaks = 1;
        }
        self.ends_well()?;
        text.extend(std::iter::repeat_n('\n', chomp.tail(breaks)));
        Some(Cow::Owned(text))
    }

    /// The text stopped at a line of less indentation, or at the end behind a line break.
    fn ends_well(&self) -> Option<()> {
        let before = self.at.checked_sub(1).and_then(|at| self.byte(at));
        (before == Some(b'\n')).then_some(())
    }
}

impl Chomp {
    /// How many of the breaks at the end are kept.
    const fn tail(self, breaks: usize) -> usize {
        match self {
            Self::Strip => 0,
            Self::Clip => 1,
            Self::Keep => breaks,
        }
    }
}
