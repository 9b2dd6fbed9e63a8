//! PM2's saved list, `dump.pm2`: what `pm2 save` wrote and `pm2 resurrect` would start. PM2 deletes one that it cannot
//! read; here it is only read, and added to in one step.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::list::RawEnv;

/// The longest saved list that is read: it carries each app's environment, twice.
const MAX_DUMP_BYTES: u64 = 64 << 20;

/// Why the saved list could not be changed; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// It is there and is not a list of PM2: it is left for a person to look at.
    #[error("{} cannot be read as PM2's saved list", .0.display())]
    Unreadable(PathBuf),
    /// The disk refused.
    #[error("{path} cannot be written: {1}", path = .0.display())]
    Unwritable(PathBuf, std::io::Error),
}

/// An app of the saved list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) name: String,
    pub(super) exec_path: String,
    pub(super) cwd: String,
}

/// The saved list as it was last read; read again when the file has changed.
#[derive(Debug, Default)]
pub(super) struct DumpCache {
    stamp: Option<(PathBuf, SystemTime, u64)>,
    apps: Vec<Saved>,
}

impl DumpCache {
    /// The apps of the saved list.
    pub(super) fn apps(&mut self, home: &Path) -> &[Saved] {
        let stamp = stamp(&home.join("dump.pm2")).or_else(|| stamp(&home.join("dump.pm2.bak")));
        if stamp.is_none() || stamp != self.stamp {
            self.apps = read::<RawEnv>(home).unwrap_or_default().iter().filter_map(saved).collect();
            self.stamp = stamp;
        }
        &self.apps
    }

    /// When it was saved; `None` when there is none.
    pub(super) fn saved_at(&self) -> Option<Timestamp> {
        self.stamp.as_ref().and_then(|(_, modified, _)| Timestamp::try_from(*modified).ok())
    }
}

fn stamp(path: &Path) -> Option<(PathBuf, SystemTime, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((path.to_owned(), found.modified().ok()?, found.len()))
}

fn saved(env: &RawEnv) -> Option<Saved> {
    Some(Saved {
        name: env.name.text()?.to_owned(),
        exec_path: env.pm_exec_path.text()?.to_owned(),
        cwd: env.pm_cwd.text().unwrap_or_default().to_owned(),
    })
}

/// The list, or where it cannot be read the one before it, as PM2 itself does.
fn read<T: DeserializeOwned>(home: &Path) -> Option<Vec<T>> {
    read_one(&home.join("dump.pm2")).or_else(|| read_one(&home.join("dump.pm2.bak")))
}

fn read_one<T: DeserializeOwned>(path: &Path) -> Option<Vec<T>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_DUMP_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The entries that `wanted` takes, whole, as the daemon wants them. They hold environments: for the daemon only.
pub(super) fn entries(home: &Path, wanted: impl Fn(&Saved) -> bool) -> Vec<Value> {
    let all: Vec<Value> = read(home).unwrap_or_default();
    // The daemon falls over an entry without an environment.
    all.into_iter()
        .filter(|entry| entry.get("env").is_some_and(Value::is_object))
        .filter(|entry| summary(entry).is_some_and(|summary| wanted(&summary)))
        .collect()
}

fn summary(entry: &Value) -> Option<Saved> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    Some(Saved {
        name: text("name")?,
        exec_path: text("pm_exec_path")?,
        cwd: text("pm_cwd").unwrap_or_default(),
    })
}

/// Takes the entries whose name and working directory `mine` takes out of the list and puts these in their place; all
/// others stay as they are. Answers how many were taken out.
///
/// Where there is no list, PM2 resurrects the one before it, so that this is the one that is added to.
///
/// # Errors
/// [`DumpError`]; the list is as it was.
pub(super) fn replace(
    home: &Path,
    mine: impl Fn(&str, &str) -> bool,
    entries: Vec<Value>,
) -> Result<usize, DumpError> {
    let path = home.join("dump.pm2");
    let backup = path.with_extension("pm2.bak");
    let from = [&path, &backup].into_iter().find(|path| path.exists());
    let mut list: Vec<Value> = match from {
        Some(path) => read_one(path).ok_or_else(|| DumpError::Unreadable(path.clone()))?,
        None => Vec::new(),
    };
    let before = list.len();
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    list.retain(|entry| !mine(&text(entry, "name"), &text(entry, "pm_cwd")));
    let taken = before - list.len();
    if entries.is_empty() && taken == 0 {
        return Ok(0);
    }
    list.extend(entries);
    write(&path, &list).map_err(|why| DumpError::Unwritable(path, why))?;
    Ok(taken)
}

fn write(path: &Path, list: &[Value]) -> std::io::Result<()> {
    let beside = path.with_extension("pm2.standin");
    // Environments hold secrets: for the owner's eyes only.
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&serde_json::to_vec_pretty(list)?)?;
    file.sync_all()?;
    if path.exists() {
        std::fs::copy(path, path.with_extension("pm2.bak"))?;
    }
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn home(dump: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("dump.pm2"), dump).unwrap();
        dir
    }

    #[test]
    fn the_list_is_read_again_only_when_it_has_changed() {
        let dir = home(r#"[{"name":"a","pm_exec_path":"/a","env":{}},{"name":7}]"#);
        let mut cache = DumpCache::default();
        assert_eq!(cache.apps(dir.path()).len(), 1);
        assert!(cache.saved_at().is_some());
        std::fs::write(dir.path().join("dump.pm2"), "[]").unwrap();
        assert!(cache.apps(dir.path()).is_empty());
    }

    #[test]
    fn a_broken_list_falls_back_to_the_one_before_and_is_never_written() {
        let dir = home("[{\"name\":");
        std::fs::write(dir.path().join("dump.pm2.bak"), r#"[{"name":"b","pm_exec_path":"/b"}]"#).unwrap();
        assert_eq!(DumpCache::default().apps(dir.path()).first().unwrap().name, "b");
        let refused = replace(dir.path(), |name, _| name == "x", vec![json!({"name": "x"})]);
        assert!(matches!(refused, Err(DumpError::Unreadable(_))));
        assert_eq!(std::fs::read_to_string(dir.path().join("dump.pm2")).unwrap(), "[{\"name\":");
    }

    #[test]
    fn an_entry_is_replaced_and_the_others_stay() {
        let dir =
            home(r#"[{"name":"a","keep":1},{"name":"x","pm_cwd":"/other"},{"name":"x","pm_cwd":"/x"}]"#);
        let mine = |name: &str, cwd: &str| name == "x" && cwd == "/x";
        let read = || read_one::<Value>(&dir.path().join("dump.pm2")).unwrap();
        let others = [json!({"name": "a", "keep": 1}), json!({"name": "x", "pm_cwd": "/other"})];
        let new = json!({"name": "x", "pm_cwd": "/x", "new": 1});
        assert_eq!(replace(dir.path(), mine, vec![new.clone()]).unwrap(), 1);
        assert_eq!(read(), [&others[..], &[new]].concat());
        assert_eq!(replace(dir.path(), mine, Vec::new()).unwrap(), 1);
        assert_eq!(read(), others);
        assert_eq!(replace(dir.path(), mine, Vec::new()).unwrap(), 0);
    }

    #[test]
    fn without_a_list_the_one_before_it_is_added_to() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("dump.pm2.bak"), r#"[{"name":"b"}]"#).unwrap();
        replace(dir.path(), |_, _| false, vec![json!({"name": "x"})]).unwrap();
        let list: Vec<Value> = read_one(&dir.path().join("dump.pm2")).unwrap();
        assert_eq!(list, [json!({"name": "b"}), json!({"name": "x"})]);
    }

    #[test]
    fn an_entry_without_an_environment_is_not_given_to_the_daemon() {
        let dir = home(r#"[{"name":"a","pm_exec_path":"/a"},{"name":"b","pm_exec_path":"/b","env":{}}]"#);
        let names: Vec<_> = entries(dir.path(), |_| true).iter().map(|e| e["name"].clone()).collect();
        assert_eq!(names, ["b"]);
    }
}
