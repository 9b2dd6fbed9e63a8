//! Texts in quotes, and plain ones, which may go on over several lines.

use std::borrow::Cow;

use super::{Comment, Reader};

impl<'a> Reader<'a> {
    /// A text in quotes that ends on its line.
    pub(super) fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let quote = self.byte(self.at)?;
        self.at += 1;
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        let end = rest.iter().position(|byte| *byte == quote || matches!(byte, b'\n' | b'\\'))?;
        let stop = start + end;
        match self.byte(stop)? {
            found if found == quote && !(quote == b'\'' && self.byte(stop + 1) == Some(b'\'')) => {
                self.at = stop + 1;
                self.text.get(start..stop).map(Cow::Borrowed)
            }
            b'\n' => None,
            _ if quote == b'\'' => self.doubled(start),
            _ => self.escaped(start),
        }
    }

    /// A text in single quotes, in which two of them stand for one.
    fn doubled(&mut self, start: usize) -> Option<Cow<'a, str>> {
        let mut text = String::new();
        let mut from = start;
        loop {
            let rest = self.bytes.get(from..)?;
            let stop = from + rest.iter().position(|byte| matches!(byte, b'\'' | b'\n'))?;
            if self.byte(stop) == Some(b'\n') {
                return None;
            }
            text.push_str(self.text.get(from..stop)?);
            if self.byte(stop + 1) != Some(b'\'') {
                self.at = stop + 1;
                return Some(Cow::Owned(text));
            }
            text.push('\'');
            from = stop + 2;
        }
    }

    /// A text in double quotes with the most ordinary escapes.
    fn escaped(&mut self, start: usize) -> Option<Cow<'a, str>> {
        let mut text = String::new();
        let mut from = start;
        loop {
            let rest = self.bytes.get(from..)?;
            let stop = from + rest.iter().position(|byte| matches!(byte, b'"' | b'\n' | b'\\'))?;
            text.push_str(self.text.get(from..stop)?);
            match self.byte(stop)? {
                b'"' => {
                    self.at = stop + 1;
                    return Some(Cow::Owned(text));
                }
                b'\\' => text.push(match self.byte(stop + 1)? {
                    b'n' => '\n',
                    b't' => '\t',
                    b'"' => '"',
                    b'\\' => '\\',
                    b'/' => '/',
                    _ => return None,
                }),
                _ => return None,
            }
            from = stop + 2;
        }
    }

    /// A plain text of something at this column, and all of its lines.
    pub(super) fn plain_text(&mut self, indent: usize) -> Option<Cow<'a, str>> {
        if !self.may_begin(self.at) {
            return None;
        }
        let first = self.plain_line()?;
        self.finish_line()?;
        if self.column.is_none_or(|column| column <= indent) {
            return Some(Cow::Borrowed(first));
        }
        let mut text = first.to_owned();
        while self.column.is_some_and(|column| column > indent) {
            if self.comment == Comment::Passed {
                return None;
            }
            if self.blanks == 0 {
                text.push(' ');
            }
            text.extend(std::iter::repeat_n('\n', self.blanks));
            text.push_str(self.plain_line()?);
            self.finish_line()?;
        }
        Some(Cow::Owned(text))
    }

    /// The part of a plain text that is on this line.
    fn plain_line(&mut self) -> Option<&'a str> {
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        let mut before = 0;
        let mut end = rest.len();
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b'\n' => {
                    end = at;
                    break;
                }
                b'#' if before == b' ' => {
                    end = at;
                    break;
                }
                b':' if self.is_apart(start + at + 1) => return None,
                _ => before = *byte,
            }
        }
        let line = self.text.get(start..start + end)?.trim_end_matches(' ');
        self.at = start + line.len();
        Some(line)
    }
}
