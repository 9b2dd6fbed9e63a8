//! Version 1 of what `standin backup` and `standin init` print.

use serde::{Deserialize, Serialize};

use super::FindingV1;

/// What `standin backup --format json` and `standin init --format json` print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupV1 {
    /// Always 1.
    pub version: u32,
    /// What became of the patches.
    pub doing: DoingV1,
    /// Whether a backup that is there differs from its primary as it is now, or is of one that is gone.
    pub drift: bool,
    /// The changes of files, ordered by path.
    pub patches: Vec<PatchV1>,
    /// What gets no backup, or not all of them; ordered by id.
    pub refused: Vec<RefusedV1>,
    /// Schedules that fall together.
    pub findings: Vec<FindingV1>,
    /// What a person may want to do next.
    pub advice: Vec<String>,
}

/// What became of patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoingV1 {
    /// They are on the disk.
    Written,
    /// Nothing was changed: with `--check` or `--dry-run`.
    Compared,
}

/// The change of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchV1 {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// create, change or delete.
    pub action: ChangeV1,
    /// The automation that the file stands in for; left out where it is of none alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Git's name of the text before (`git hash-object FILE`); left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_sha: Option<String>,
    /// Git's name of the text afterwards; left out where the file is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
}

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeV1 {
    /// It is new.
    Create,
    /// It gets another text.
    Change,
    /// It goes.
    Delete,
}

/// An automation without a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedV1 {
    /// `kind:name`.
    pub id: String,
    /// Why, in one sentence.
    pub why: String,
    /// What to do, in one sentence.
    pub fix: String,
}
