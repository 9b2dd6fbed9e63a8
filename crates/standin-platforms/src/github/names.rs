//! Names, checked where they come in, so that none can change the path of a request.

use std::fmt;
use std::str::FromStr;

use super::error::GithubError;
use crate::text::shown;

/// Longest name of a workflow file, in bytes: what file systems allow.
const MAX_FILE_BYTES: usize = 255;

/// Longest name of an owner or a repository, in bytes: what GitHub allows.
const MAX_NAME_BYTES: usize = 100;

/// The name of a workflow's file below `.github/workflows`, such as `nightly.yml`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkflowFile(String);

impl WorkflowFile {
    /// The file of a path such as `.github/workflows/nightly.yml`; `None` for what lies elsewhere, such as the
    /// workflows that GitHub makes by itself.
    pub fn of_path(path: &str) -> Option<Self> {
        // Some answers say at which ref: `….yml@refs/heads/main`.
        let path = path.split_once('@').map_or(path, |(path, _)| path);
        path.strip_prefix(".github/workflows/")?.parse().ok()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkflowFile {
    type Err = GithubError;

    fn from_str(text: &str) -> Result<Self, GithubError> {
        let name = text.strip_prefix(".github/workflows/").unwrap_or(text);
        let is_file = name.ends_with(".yml") || name.ends_with(".yaml");
        let is_plain = !name.starts_with('.') && !name.contains('/') && !name.chars().any(char::is_control);
        if is_file && is_plain && name.len() <= MAX_FILE_BYTES {
            return Ok(Self(name.to_owned()));
        }
        let fix = "it has to be the name of a file below .github/workflows that ends in .yml or .yaml";
        Err(GithubError::Setting { what: "the workflow", value: shown(text), fix })
    }
}

impl fmt::Display for WorkflowFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether a text is `owner/name`.
pub(super) fn check_repository(text: &str) -> Result<(), GithubError> {
    let is_name = |name: &str| {
        let is_known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !name.is_empty()
            && name.len() <= MAX_NAME_BYTES
            && name.bytes().all(is_known)
            && !name.trim_matches('.').is_empty()
    };
    match text.split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => Ok(()),
        Some(_) | None => Err(GithubError::Setting {
            what: "`repository`",
            value: shown(text),
            fix: "it has to be OWNER/NAME",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folder_are_workflows() {
        assert_eq!("nightly.yml".parse::<WorkflowFile>().unwrap().as_str(), "nightly.yml");
        assert_eq!(".github/workflows/a b.yaml".parse::<WorkflowFile>().unwrap().as_str(), "a b.yaml");
        for wrong in
            ["", "nightly", "../x.yml", "a/b.yml", ".yml", "a\n.yml", &format!("{}.yml", "x".repeat(252))]
        {
            assert!(wrong.parse::<WorkflowFile>().is_err(), "{wrong:?}");
        }
        assert_eq!(WorkflowFile::of_path(".github/workflows/a.yml@refs/heads/x").unwrap().as_str(), "a.yml");
        assert_eq!(WorkflowFile::of_path("dynamic/pages/pages-build-deployment"), None);
    }

    #[test]
    fn a_repository_has_an_owner_and_a_name() {
        assert!(check_repository("acme/shop.io").is_ok());
        for wrong in ["acme", "acme/", "/shop", "a/b/c", "a/..", "a b/c", "a/b?x=1"] {
            assert!(check_repository(wrong).is_err(), "{wrong}");
        }
    }
}
