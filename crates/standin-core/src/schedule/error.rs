//! Why an expression or a time zone is refused.

/// Nothing was kept. Each variant tells the user what to write; columns count characters of the expression from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is empty. Write one.
    #[error(
        "the cron expression is empty: write five fields, such as `0 3 * * *`, or a name such as `@daily`"
    )]
    Empty,
    /// The expression is longer than [`super::MAX_EXPRESSION_BYTES`]. Shorten it, with ranges and steps.
    #[error(
        "the cron expression has {bytes} bytes, and {} is the limit: use ranges and steps",
        super::MAX_EXPRESSION_BYTES
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// There are more or fewer fields than five. Write five.
    #[error("column {column}: the cron expression has {found} fields instead of five: {fix}")]
    FieldCount {
        /// Where the sixth field begins, or where the expression ends.
        column: usize,
        /// How many there are.
        found: usize,
        /// What to do.
        fix: String,
    },
    /// A field is not written as cron wants it. Correct it at its column.
    #[error("column {column}: {message}: {fix}")]
    Syntax {
        /// Where.
        column: usize,
        /// What is wrong.
        message: String,
        /// What to do.
        fix: String,
    },
    /// A field uses an extension (`?`, `L`, `W`, `#`, `H`) that POSIX cron and GitHub do not have. Write it without.
    #[error("column {column}: `{text}` is an extension that POSIX cron and GitHub do not have: {fix}")]
    Extension {
        /// Where.
        column: usize,
        /// The extension's character.
        text: String,
        /// What to do.
        fix: String,
    },
    /// A name with `@` is not a schedule that repeats. Use one of the seven, or five fields.
    #[error(
        "column {column}: `{name}` is not a schedule here: use @hourly, @daily, @midnight, @weekly, @monthly, @yearly \
         or @annually in lower case, or five fields"
    )]
    UnknownMacro {
        /// Where.
        column: usize,
        /// The name as it was written.
        name: String,
    },
    /// No month of the expression has one of its days. Correct the day or the month.
    #[error("`{expression}` can never fire, none of its months has one of its days: {fix}")]
    NeverFires {
        /// The expression.
        expression: String,
        /// What to do.
        fix: String,
    },
    /// `local` came through to here. The caller replaces it with the machine's zone before it parses.
    #[error("the time zone `local` must be replaced by this machine's zone first: name an IANA zone, or UTC")]
    LocalTimeZone,
    /// No such time zone is known. Name one that is.
    #[error("the time zone `{name}` is unknown: {fix}")]
    UnknownTimeZone {
        /// The name as it was written.
        name: String,
        /// What to do.
        fix: String,
    },
    /// This machine has no time zone database, so that only UTC is known. Install it.
    #[error(
        "this machine has no time zone data, so `{name}` is unknown: install the package tzdata, or use UTC"
    )]
    NoTimeZoneData {
        /// The name as it was written.
        name: String,
    },
    /// The `cron` crate refused what this crate wrote for it. Report it: this is a defect here, not of the user.
    #[error("the cron expression could not be prepared ({message}): please report this expression")]
    Rejected {
        /// What the crate said.
        message: String,
    },
}

impl ScheduleError {
    /// Where in the expression, in characters from 1, when one place is to blame.
    pub fn column(&self) -> Option<usize> {
        match self {
            Self::FieldCount { column, .. }
            | Self::Syntax { column, .. }
            | Self::Extension { column, .. }
            | Self::UnknownMacro { column, .. } => Some(*column),
            Self::Empty
            | Self::TooLong { .. }
            | Self::NeverFires { .. }
            | Self::LocalTimeZone
            | Self::UnknownTimeZone { .. }
            | Self::NoTimeZoneData { .. }
            | Self::Rejected { .. } => None,
        }
    }
}
