//! What is wrong with a configuration, and where.

/// Something in `standin.toml` that cannot be used. Nothing was changed; the user corrects the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}; {fix}", file = crate::FILE_NAME)]
pub struct ConfigError {
    /// Counted from 1.
    pub line: u32,
    /// In characters, counted from 1.
    pub column: u32,
    /// What is the matter, without the values of secrets.
    pub message: String,
    /// What to write instead.
    pub fix: String,
}

/// Where the lines of a text begin.
pub(crate) struct Lines<'a> {
    text: &'a str,
}

impl<'a> Lines<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// Line and column, counted from 1, of a byte offset; beyond the end means the end.
    pub(crate) fn place(&self, offset: usize) -> (u32, u32) {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or(self.text);
        let line = before.bytes().filter(|b| *b == b'\n').count();
        let column = before.rsplit('\n').next().unwrap_or("").chars().count();
        let counted = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        (counted(line), counted(column))
    }

    /// What stands there.
    pub(crate) fn cut(&self, span: std::ops::Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    /// The first line before an offset that begins with this.
    pub(crate) fn first_before(&self, offset: usize, start: &str) -> Option<u32> {
        let before = self.text.get(..offset)?;
        let is_it = |(_, line): &(u32, &str)| line.trim_start().starts_with(start);
        (1..).zip(before.lines()).find(is_it).map(|(line, _)| line)
    }

    pub(crate) fn error(
        &self,
        offset: usize,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> ConfigError {
        let (line, column) = self.place(offset);
        ConfigError { line, column, message: message.into(), fix: fix.into() }
    }
}
