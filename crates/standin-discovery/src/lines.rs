//! From a place in a text to its line.

/// Where the lines of a text begin.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// `\n` and `\r\n` end a line, as editors count them.
    pub(crate) fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let mut starts = vec![0];
        starts.extend(ends.map(|(at, _)| at.saturating_add(1)));
        // What stands behind the last line break is no line of its own when nothing stands there.
        if starts.len() > 1 && starts.last() == Some(&text.len()) {
            starts.pop();
        }
        Self { starts }
    }

    /// The line of a byte offset, counted from 1; an offset behind the end is on the last line.
    pub(crate) fn at(&self, offset: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset).max(1)).unwrap_or(u32::MAX)
    }

    /// A line that a parser counted for itself, kept within the text.
    pub(crate) fn clamp(&self, line: usize) -> u32 {
        u32::try_from(line.clamp(1, self.starts.len())).unwrap_or(u32::MAX)
    }
}

/// A text of a file made fit for a message: one line, without control characters, cut at a limit.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted: String =
        text.chars().filter(|c| !c.is_control()).take(crate::limits::MAX_QUOTED_CHARS).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_from_one() {
        let lines = Lines::new("a\r\nb\n\nd");
        assert_eq!([0, 1, 2, 3, 5, 6, 99].map(|at| lines.at(at)), [1, 1, 1, 2, 3, 4, 4]);
        assert_eq!(Lines::new("").at(0), 1);
        assert_eq!(Lines::new("a\n").at(2), 1);
        assert_eq!([0, 1, 9].map(|line| lines.clamp(line)), [1, 1, 4]);
    }

    #[test]
    fn a_quoted_text_is_one_short_line() {
        assert_eq!(quote("a\u{1b}[31m\nb"), "a[31mb…");
        assert_eq!(quote(&"x".repeat(200)).chars().count(), crate::limits::MAX_QUOTED_CHARS + 1);
    }
}
