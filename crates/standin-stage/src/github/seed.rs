//! What a repository begins with: the files of a folder, and files given as text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::repo::NewFile;

/// A folder with more files than this is not an example repository.
const MAX_FILES: usize = 5_000;
/// The vendor takes no larger file.
const MAX_FILE: u64 = 100 * 1024 * 1024;
const MAX_DEPTH: usize = 32;
/// Never read: a repository's own store, what is built, what is kept locally.
const SKIPPED: [&str; 5] = [".git", "target", "node_modules", ".standin", ".tools"];

/// A repository to begin with.
#[derive(Debug, Clone)]
pub struct RepositoryOptions {
    /// `owner/name`.
    pub name: String,
    /// The branch whose workflows count.
    pub default_branch: String,
    /// A folder whose files are in the first commit; it is only read.
    pub folder: Option<PathBuf>,
    /// Files that are in the first commit too, by path; they win over the folder's.
    pub files: BTreeMap<String, String>,
}

impl RepositoryOptions {
    /// A repository without files, with the branch `main`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            default_branch: "main".to_owned(),
            folder: None,
            files: BTreeMap::new(),
        }
    }

    /// The same with one more file.
    #[must_use]
    pub fn with_file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// The same with a folder's files.
    #[must_use]
    pub fn with_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    pub(crate) fn files(&self) -> Result<BTreeMap<String, NewFile>, SeedError> {
        let well_formed = self.name.split('/').filter(|part| !part.is_empty()).count() == 2;
        if !well_formed || self.name.matches('/').count() != 1 {
            return Err(SeedError::Name(self.name.clone()));
        }
        let mut files = BTreeMap::new();
        if let Some(folder) = &self.folder {
            read_folder(folder, &mut files)?;
        }
        for (path, text) in &self.files {
            let data = Bytes::copy_from_slice(text.as_bytes());
            files.insert(path.clone(), NewFile { mode: "100644", data });
        }
        Ok(files)
    }
}

/// Why a repository could not be begun. Nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The name is not `owner/name`: write it so.
    #[error("a repository is named owner/name, not {0:?}")]
    Name(String),
    /// A file or folder could not be read: give one that can be.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder has too much in it for a stage: give a smaller one.
    #[error("{0} has more than {MAX_FILES} files, a file of more than {MAX_FILE} bytes, or too many levels")]
    TooMuch(PathBuf),
}

fn read_folder(root: &Path, files: &mut BTreeMap<String, NewFile>) -> Result<(), SeedError> {
    let fault = |path: &Path| {
        let path = path.to_path_buf();
        |source| SeedError::Unreadable { path, source }
    };
    let mut open = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(fault(&folder))? {
            let entry = entry.map_err(fault(&folder))?;
            let (path, name) = (entry.path(), entry.file_name());
            let metadata = std::fs::symlink_metadata(&path).map_err(fault(&path))?;
            if metadata.is_dir() {
                if depth >= MAX_DEPTH {
                    return Err(SeedError::TooMuch(path));
                }
                if !SKIPPED.iter().any(|skipped| name == *skipped) {
                    open.push((path, depth + 1));
                }
                continue;
            }
            // Links, sockets and the like are not in the commit.
            if !metadata.is_file() {
                continue;
            }
            if metadata.len() > MAX_FILE || files.len() >= MAX_FILES {
                return Err(SeedError::TooMuch(path));
            }
            let data = Bytes::from(std::fs::read(&path).map_err(fault(&path))?);
            let Some(inside) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
            files.insert(inside.to_owned(), NewFile { mode: mode(&metadata), data });
        }
    }
    Ok(())
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> &'static str {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o111 == 0 { "100644" } else { "100755" }
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> &'static str {
    "100644"
}
