//! Checks: the names under which senders of heartbeats know an automation.

use standin_core::ident::AutomationId;
use standin_engine::ports::JournalError;
use uuid::Uuid;

/// Longest slug, in bytes.
pub const MAX_SLUG_BYTES: usize = 100;

/// Most checks that senders may make by themselves with `?create=1`.
pub const MAX_CREATED: u32 = 1_000;

/// The names of one automation on the wire of heartbeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The automation.
    pub id: AutomationId,
    /// Random and secret: whoever knows it may send heartbeats.
    pub uuid: Uuid,
    /// For people: lower-case letters, digits, `-` and `_`. Two checks may share one.
    pub slug: String,
}

/// What became of the wish for a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is new.
    Created(Check),
    /// It was there already.
    Existing(Check),
}

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The slug is empty, too long or has other characters. Nothing was written; ask for another.
    #[error("`{0}` is not a slug: write 1 to 100 lower-case letters, digits, `-` and `_`")]
    Slug(String),
    /// Several checks have this slug. Nothing was written; use the uuid.
    #[error("several checks have the slug `{0}`: use the uuid of one of them")]
    Ambiguous(String),
    /// Senders have made [`MAX_CREATED`] checks already. Nothing was written; name the check in `standin.toml`.
    #[error("senders have made {MAX_CREATED} checks already: name this one in standin.toml")]
    TooMany,
    /// The journal failed; nothing was written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Whether this is a slug.
pub fn is_slug(text: &str) -> bool {
    (1..=MAX_SLUG_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// The slug of an automation: its name in lower case, with one `-` for each run of other characters.
///
/// ```
/// assert_eq!(standin_stores::checks::slug_of("packages/A#build: all"), "packages-a-build-all");
/// ```
pub fn slug_of(name: &str) -> String {
    let mut slug = String::with_capacity(name.len().min(MAX_SLUG_BYTES));
    for c in name.chars() {
        if slug.len() >= MAX_SLUG_BYTES {
            break;
        }
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "check".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_made_slug_is_one() {
        for name in ["worker", ".#build", "Ä b", "---", "x_Y", &"long name ".repeat(40)] {
            assert!(is_slug(&slug_of(name)), "{name} gave {}", slug_of(name));
        }
        assert_eq!(slug_of(".#build"), "build");
        assert_eq!(slug_of("§"), "check");
    }

    #[test]
    fn what_is_not_a_slug_is_refused() {
        for text in ["", "Upper", "a b", "a/b", "ä", &"x".repeat(MAX_SLUG_BYTES + 1)] {
            assert!(!is_slug(text), "{text}");
        }
    }
}
