//! The files that a command or a program means, as far as the repository has them.

use crate::built;
use crate::registry::Repository;
use crate::walk::Nature;

/// How programs in JavaScript end.
const JAVASCRIPT: [&str; 8] = ["js", "ts", "mjs", "cjs", "mts", "cts", "tsx", "jsx"];

/// Whether the repository has a file of this path.
pub(super) fn is_there(repository: &Repository<'_>, path: &str) -> bool {
    let at = repository.entries.binary_search_by(|entry| entry.path.as_str().cmp(path));
    at.ok().and_then(|at| repository.entries.get(at)).is_some_and(|entry| entry.nature == Nature::File)
}

/// The folder itself and every one above it, the root last.
pub(super) fn upwards(folder: &str) -> Vec<&str> {
    let mut folders = vec![folder];
    // Each turn goes one folder up.
    while let Some((above, _)) = folders.last().and_then(|folder| folder.rsplit_once('/')) {
        folders.push(above);
    }
    if !folder.is_empty() {
        folders.push("");
    }
    folders
}

/// A path in a folder, without `.` and `..`. `None` for one outside of the repository.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The file that a command names in a folder. One that is absolute, or begins with a variable, is looked for by its
/// end: where it lies on another machine is not known here.
pub(super) fn file(repository: &Repository<'_>, folder: &str, written: &str) -> Option<String> {
    let is_elsewhere = written.starts_with(['/', '~', '$', '%']);
    let parts: Vec<&str> = written.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.is_empty() || parts.iter().skip(1).any(|part| part.contains(['$', '*', '`', '%'])) {
        return None;
    }
    let folders = upwards(folder);
    let from = usize::from(parts.first().is_some_and(|part| part.starts_with(['$', '~', '%'])));
    let tails = if is_elsewhere { from..parts.len() } else { 0..1 };
    for tail in tails {
        let tail = parts.get(tail..)?.join("/");
        let found =
            folders.iter().find_map(|folder| join(folder, &tail).and_then(|path| program(repository, &path)));
        if found.is_some() {
            return found;
        }
    }
    // An image has it under its name alone, and one file here has that name.
    let name = parts.last().copied().filter(|name| is_elsewhere && name.contains('.'))?;
    let mut same =
        repository.entries.iter().filter(|entry| entry.name() == name && entry.nature == Nature::File);
    let first = same.next()?;
    same.next().is_none().then(|| first.path.clone())
}

/// A file of this path, or the one that a build makes it of.
pub(super) fn program(repository: &Repository<'_>, path: &str) -> Option<String> {
    if is_there(repository, path) {
        return Some(path.to_owned());
    }
    if let Some(found) = sources(path).into_iter().find(|path| is_there(repository, path)) {
        return Some(found);
    }
    let parts: Vec<&str> = path.split('/').collect();
    let product = parts.iter().position(|part| built::is_named(part))?;
    let before = parts.get(..product)?.join("/");
    let behind: Vec<&str> = parts.get(product.saturating_add(1)..)?.to_vec();
    let rest = behind.join("/");
    let tail = behind.get(1..).map(|rest| rest.join("/")).unwrap_or_default();
    let ways = [format!("src/{rest}"), rest, format!("src/{tail}"), tail];
    ways.iter().filter(|way| !way.is_empty() && !way.ends_with('/')).find_map(|way| {
        let path = join(&before, way)?;
        std::iter::once(path.clone()).chain(sources(&path)).find(|path| is_there(repository, path))
    })
}

/// What a module of JavaScript may be written in: `a.js` in `a.ts`, `a` in `a.js` or `a/index.js`.
fn sources(path: &str) -> Vec<String> {
    let stem = JAVASCRIPT.iter().find_map(|ending| path.strip_suffix(&format!(".{ending}"))).unwrap_or(path);
    let endings = JAVASCRIPT.iter().map(|ending| format!("{stem}.{ending}"));
    endings.chain(JAVASCRIPT.iter().map(|ending| format!("{path}/index.{ending}"))).collect()
}
