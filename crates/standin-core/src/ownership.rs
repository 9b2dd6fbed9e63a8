//! Files that Standin wrote: what says so, and for which automation.
//!
//! A file with this mark is Standin's to write again and to delete; a file without it never is.

use crate::ident::AutomationId;

/// What every file that Standin writes says within its first [`LINES`] lines, followed by the id of the automation that
/// the file is a backup of, or by `-` where it is none of a single one.
pub const MARK: &str = "standin:written-for ";

/// How many lines of a file are searched for the mark.
pub const LINES: usize = 5;

/// Whose file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A person's, or another program's: there is no mark.
    Others,
    /// Standin's, and no backup of one automation.
    Standin,
    /// Standin's: a backup of this automation.
    BackupOf(AutomationId),
}

/// The text after the comment sign of a line that marks a file.
pub fn mark(backup_of: Option<&AutomationId>) -> String {
    format!("{MARK}{}", backup_of.map_or("-", AutomationId::as_str))
}

/// Whose file this text is. The mark stands in a comment, or in a value of a JSON file.
pub fn owner(text: &str) -> Owner {
    let Some((_, rest)) = text.lines().take(LINES).find_map(|line| line.split_once(MARK)) else {
        return Owner::Others;
    };
    let id = rest.split(['"', '*']).next().unwrap_or_default().trim();
    id.parse().map_or(Owner::Standin, Owner::BackupOf)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mark_is_read_back_in_every_kind_of_file() {
        let id: AutomationId = "workflow:night ly.yml".parse().unwrap();
        for (before, after) in [("# ", ""), ("// ", ""), ("/* ", " */"), ("  \"_\": \"", "\",")] {
            let line = format!("{{\n{before}{}{after}\nx: 1\n", mark(Some(&id)));
            assert_eq!(owner(&line), Owner::BackupOf(id.clone()), "{line}");
            assert_eq!(owner(&format!("{before}{}{after}\n", mark(None))), Owner::Standin);
        }
    }

    #[test]
    fn a_file_that_only_speaks_of_the_mark_further_down_is_not_ours() {
        let text = format!("{}{}", "a: 1\n".repeat(LINES), mark(None));
        assert_eq!(owner(&text), Owner::Others);
        assert_eq!(owner(""), Owner::Others);
    }
}
