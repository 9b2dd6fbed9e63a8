//! What managers of packages are told to run, and where.

use super::command::{Callee, Run, is_plain, is_program_file};

/// Options of package managers that lead to several packages, or make a missing script no matter.
const SEVERAL: [&str; 6] =
    ["--workspaces", "-ws", "--if-present", "-r", "--recursive", "--include-workspace-root"];

/// Those that name one other package.
const OTHER: [&str; 4] = ["-w", "--workspace", "--filter", "-F"];

/// Those that name another folder.
const FOLDERS: [&str; 4] = ["--prefix", "-C", "--cwd", "--dir"];

/// What managers do themselves: no names of scripts.
pub(super) const VERBS: [&str; 34] = [
    "add",
    "audit",
    "bin",
    "cache",
    "ci",
    "config",
    "constraints",
    "create",
    "dedupe",
    "deploy",
    "dlx",
    "exec",
    "fetch",
    "i",
    "import",
    "info",
    "init",
    "install",
    "link",
    "list",
    "ls",
    "outdated",
    "pack",
    "plugin",
    "prune",
    "publish",
    "rebuild",
    "remove",
    "set",
    "store",
    "up",
    "upgrade",
    "version",
    "why",
];

/// What leads a package manager elsewhere.
enum Place<'w> {
    Here,
    Package(&'w str),
    Folder(&'w str),
    /// Several packages, or one that is chosen in a way that is not followed.
    Anywhere,
}

/// The words of a call of a package manager that are no options, and where it goes.
fn placed<'w>(rest: &[&'w str]) -> (Vec<&'w str>, Place<'w>) {
    let mut place = Place::Here;
    let mut plain = Vec::new();
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with('-') => (option, Some(value)),
            Some(_) | None => (word, None),
        };
        if SEVERAL.contains(&option) {
            return (plain, Place::Anywhere);
        }
        if OTHER.contains(&option) || FOLDERS.contains(&option) {
            let Some(to) = value.or_else(|| words.next()) else { return (plain, Place::Anywhere) };
            let is_one = is_plain(to) && !to.contains("...") && !to.contains(['!', '[', '^', '}']);
            place = match place {
                Place::Here if is_one && OTHER.contains(&option) => Place::Package(to),
                Place::Here if is_one && !to.starts_with('/') => Place::Folder(to),
                Place::Here | Place::Package(_) | Place::Folder(_) | Place::Anywhere => Place::Anywhere,
            };
        } else if word == "--" {
            break;
        } else if !word.starts_with('-') {
            plain.push(word);
        }
    }
    (plain, place)
}

/// `npm run x`, `npm test`; what else managers do is theirs.
pub(super) fn manager(first: &str, rest: &[&str], folder: &str) -> Option<Callee> {
    let (plain, place) = placed(rest);
    let (mut words, mut place) = (plain.into_iter(), place);
    let mut verb = words.next()?;
    if (verb, first) == ("workspace", "yarn") {
        place = Place::Package(words.next().filter(|name| is_plain(name))?);
        verb = words.next()?;
    }
    let (name, is_either) = match (verb, first) {
        // These two also run programs of packages, and one of them files.
        ("run", "yarn" | "bun") => (words.next()?, true),
        ("run" | "run-script", _) => (words.next()?, false),
        (verb @ ("test" | "stop"), "npm" | "pnpm") => (verb, false),
        (verb, "yarn" | "pnpm") if !matches!(place, Place::Here) && !VERBS.contains(&verb) => (verb, true),
        (_, _) => return None,
    };
    // `npm run env` lists the environment where no script is called so.
    if !is_plain(name) || name.contains('*') || name == "env" {
        return None;
    }
    let (folder, name) = (folder.to_owned(), name.to_owned());
    let run = if is_either { Run::OrProgram } else { Run::Script };
    match place {
        Place::Anywhere => return None,
        Place::Package(package) => {
            return folder.is_empty().then(|| Callee::Other { package: package.to_owned(), name, run });
        }
        Place::Folder(to) => {
            return Some(Callee::Other { package: format!("./{folder}{to}"), name, run });
        }
        Place::Here => {}
    }
    Some(match is_either {
        true if first == "bun" && is_program_file(&name) => Callee::File { folder, path: name },
        true => Callee::Either { folder, name },
        false => Callee::Script { folder, name },
    })
}
