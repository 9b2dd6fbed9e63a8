//! Node's `path.join` and `path.resolve` on texts: no file system is asked.

use std::path::Path;

/// A path as Node would print it.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The parts put together and freed of `.` and `..`.
pub(crate) fn join(parts: &[String]) -> String {
    let filled: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    if filled.is_empty() { ".".to_owned() } else { normalize(&filled.join("/")) }
}

/// From right to left until the path is absolute, and from `base` if it never is.
pub(crate) fn resolve(base: &str, parts: &[String]) -> String {
    let mut path = String::new();
    for part in parts.iter().map(String::as_str).rev().chain([base]).filter(|part| !part.is_empty()) {
        path = if path.is_empty() { part.to_owned() } else { format!("{part}/{path}") };
        if path.starts_with('/') {
            break;
        }
    }
    let path = normalize(&path);
    if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path }
}

/// What is before the last part.
pub(crate) fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None => ".".to_owned(),
    }
}

fn normalize(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, kept.last()) {
            ("..", Some(last)) if *last != ".." => drop(kept.pop()),
            ("..", None) if is_absolute => {}
            (_, Some(_) | None) => kept.push(part),
        }
    }
    let joined = kept.join("/");
    match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    #[test]
    fn paths_come_out_as_from_node() {
        assert_eq!(join(&owned(&["/r", "./a", "..", "b.js"])), "/r/b.js");
        assert_eq!(join(&owned(&["..", "a"])), "../a");
        assert_eq!(join(&[]), ".");
        assert_eq!(resolve("/r", &owned(&["a", "../b"])), "/r/b");
        assert_eq!(resolve("/r", &owned(&["/x", "y", ""])), "/x/y");
        assert_eq!(resolve("/r", &owned(&["../../.."])), "/");
        assert_eq!((parent("/a"), parent("a"), parent("/a/b/")), ("/".into(), ".".into(), "/a".into()));
    }
}
