//! Edits of a text by byte span: what no edit names stays as it is.

use std::ops::Range;

/// Replacements that are gathered first and applied at once.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    list: Vec<(Range<usize>, String)>,
}

impl Edits {
    /// Puts a text in the place of these bytes.
    pub(crate) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.list.push((range, text.into()));
    }

    /// Puts a text before this byte; several at one place keep their order.
    pub(crate) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.list.push((at..at, text.into()));
    }

    /// The text with every edit; `None` when two overlap or one is out of bounds, which is never guessed at.
    pub(crate) fn apply(mut self, source: &str) -> Option<String> {
        self.list.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(source.len().saturating_add(1_024));
        let mut done = 0;
        for (range, text) in &self.list {
            out.push_str(source.get(done..range.start)?);
            out.push_str(text);
            done = range.end;
        }
        out.push_str(source.get(done..)?);
        Some(out)
    }
}

/// Where the line of a byte begins.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end.saturating_add(1))
}

/// Where the line after the one of a byte begins, or the end of the text.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).and_then(|rest| rest.find('\n'));
    rest.map_or(text.len(), |end| at.saturating_add(end).saturating_add(1))
}

/// The blanks that the line of a byte begins with, if nothing else stands before it.
pub(crate) fn indent(text: &str, at: usize) -> Option<&str> {
    text.get(line_start(text, at)..at).filter(|before| before.chars().all(|c| c == ' '))
}

/// Goes up from the start of a line over the blank lines and the comments that stand right above it.
pub(crate) fn above(text: &str, start: usize, floor: usize) -> usize {
    let mut at = start;
    while at > floor {
        let before = line_start(text, at.saturating_sub(1));
        let line = text.get(before..at).unwrap_or_default().trim();
        if before < floor || !(line.is_empty() || line.starts_with('#')) {
            break;
        }
        at = before;
    }
    at
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn edits_leave_everything_else_and_never_overlap() {
        let mut edits = Edits::default();
        edits.replace(2..3, "C");
        edits.insert(2, "1");
        edits.insert(2, "2");
        assert_eq!(edits.apply("abcd").unwrap(), "ab12Cd");
        let mut edits = Edits::default();
        edits.replace(0..3, "x");
        edits.replace(2..4, "y");
        assert_eq!(edits.apply("abcd"), None);
        let mut edits = Edits::default();
        edits.replace(1..2, "x");
        assert_eq!(edits.apply("é"), None, "never within a character");
    }

    #[test]
    fn comments_belong_to_what_follows_them() {
        let text = "a: 1\n\n# of b\nb: 2\n";
        let b = text.find("b: 2").unwrap();
        assert_eq!(above(text, b, 0), 5);
        assert_eq!(above(text, b, 6), 6);
        assert_eq!((line_start(text, b + 2), line_end(text, b)), (b, text.len()));
        assert_eq!((indent("x\n  y", 4), indent("- y", 2)), (Some("  "), None));
    }
}
