//! Managers of packages, and what runs tasks in a repository of several: which script of which package they start.

use super::Started;
use super::places::{self, join, upwards};
use crate::files;
use crate::limits::MAX_HOST_FILES;
use crate::registry::Repository;
use crate::walk::Nature;

/// Managers, and runners of tasks.
const NAMES: [&str; 7] = ["npm", "yarn", "pnpm", "bun", "turbo", "nx", "lerna"];

/// Options that name a folder.
const FOLDERS: [&str; 4] = ["--prefix", "-C", "--cwd", "--dir"];

/// Options that name packages.
const PACKAGES: [&str; 8] =
    ["-w", "--workspace", "--filter", "-F", "--filter-prod", "--scope", "--projects", "--project"];

/// Options that mean every package.
const ALL: [&str; 4] = ["-ws", "--workspaces", "-r", "--recursive"];

/// Where a script is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'w> {
    /// The package of a folder, or of the next one above it.
    Folder(&'w str),
    /// Packages by their names or folders.
    Packages(&'w str),
    All,
}

/// Whether a program is one of these.
pub(super) fn is_one(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The commands of the scripts that a manager starts.
pub(super) fn of(
    repository: &Repository<'_>,
    one: &Started,
    (manager, rest, folder): (&str, &[&str], &str),
) -> Vec<Started> {
    let Some((place, script)) = script(manager, rest) else { return Vec::new() };
    match place {
        Place::Folder(to) => {
            let folder = join(folder, to).unwrap_or_default();
            of_folder(repository, one, &folder, script).into_iter().collect()
        }
        Place::Packages(pattern) => in_packages(repository, one, Some(pattern), script),
        Place::All => in_packages(repository, one, None, script),
    }
}

/// The script that is asked for, and where it is.
fn script<'w>(manager: &str, rest: &[&'w str]) -> Option<(Place<'w>, &'w str)> {
    let mut place = if matches!(manager, "turbo" | "lerna") { Place::All } else { Place::Folder("") };
    let mut plain: Vec<&'w str> = Vec::new();
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with('-') => (option, Some(value)),
            Some(_) | None => (word, None),
        };
        // To pnpm it is the root.
        let is_root = option == "-w" && manager == "pnpm";
        if is_root {
            place = Place::Folder("");
        } else if FOLDERS.contains(&option) {
            place = Place::Folder(value.or_else(|| words.next())?);
        } else if PACKAGES.contains(&option) {
            place = Place::Packages(value.or_else(|| words.next())?);
        } else if ALL.contains(&option) {
            // A filter says more.
            place = if matches!(place, Place::Packages(_)) { place } else { Place::All };
        } else if matches!(option, "-t" | "--target" | "--targets") && manager == "nx" {
            plain.extend(value.or_else(|| words.next()));
        } else if word == "--" {
            break;
        } else if !word.starts_with('-') {
            plain.push(word);
        }
    }
    match (manager, plain.as_slice()) {
        ("nx", ["run", both, ..]) => {
            let (project, rest) = both.split_once(':')?;
            Some((Place::Packages(project), rest.split(':').next().unwrap_or(rest)))
        }
        ("nx", ["run-many", target, ..]) => {
            Some((if place == Place::Folder("") { Place::All } else { place }, target))
        }
        ("nx", [target, project, ..]) => Some((Place::Packages(project), target)),
        ("nx", _) => None,
        ("yarn", ["workspace", package, "run", name, ..] | ["workspace", package, name, ..]) => {
            Some((Place::Packages(package), name))
        }
        ("yarn", ["workspaces", "run" | "foreach", rest @ ..]) => {
            Some((Place::All, rest.iter().find(|word| **word != "run")?))
        }
        (_, ["run" | "run-script", name, ..] | [name @ "start"]) => Some((place, name)),
        ("turbo", [name, ..]) => Some((place, name)),
        (_, ["start", ..]) => Some((place, "start")),
        ("yarn" | "pnpm", [name, ..]) => Some((place, name)),
        (_, _) => None,
    }
}

/// The command of a script of the package in a folder or the next one above it.
fn of_folder(repository: &Repository<'_>, one: &Started, folder: &str, name: &str) -> Option<Started> {
    upwards(folder).into_iter().find_map(|folder| {
        let package = package(repository, folder)?;
        let found = in_package(&package, one, folder, name);
        // What npm does where no script is called so.
        let server = (name == "start").then(|| Started {
            by: one.by.clone(),
            folder: folder.to_owned(),
            command: "node server.js".to_owned(),
        });
        found.or(server)
    })
}

/// The commands of a script of all packages that match.
fn in_packages(
    repository: &Repository<'_>,
    one: &Started,
    pattern: Option<&str>,
    name: &str,
) -> Vec<Started> {
    let folders = repository
        .entries
        .iter()
        .filter(|entry| entry.name() == "package.json" && entry.nature == Nature::File)
        .take(MAX_HOST_FILES);
    let found = folders.filter_map(|entry| {
        let folder = entry.folder();
        let package = package(repository, folder)?;
        let own = package.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
        let is_it = pattern.map_or(!folder.is_empty(), |pattern| {
            pattern.split(',').any(|pattern| matches(pattern, own, folder))
        });
        is_it.then(|| in_package(&package, one, folder, name))?
    });
    found.collect()
}

/// Whether a pattern means a package: by its name with or without its scope, or by its folder.
fn matches(pattern: &str, name: &str, folder: &str) -> bool {
    let pattern = pattern.trim_start_matches("...").trim_end_matches("...");
    let pattern = pattern.trim_matches(['{', '}', '^']).trim_start_matches("./").trim_end_matches('/');
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    if pattern.is_empty() {
        return false;
    }
    match pattern.split_once('*') {
        Some((before, "" | "*" | "/*")) => name.starts_with(before) || folder.starts_with(before),
        Some(_) => false,
        None => {
            let is_short = !pattern.contains('/') && (last(name) == pattern || last(folder) == pattern);
            name == pattern || folder == pattern || is_short
        }
    }
}

fn in_package(package: &serde_json::Value, one: &Started, folder: &str, name: &str) -> Option<Started> {
    let command = |name: &str| Some(package.get("scripts")?.get(name)?.as_str()?.to_owned());
    let own = command(name)?;
    let command = match command(&format!("pre{name}")) {
        Some(before) => format!("{before} && {own}"),
        None => own,
    };
    Some(Started { by: one.by.clone(), folder: folder.to_owned(), command })
}

fn package(repository: &Repository<'_>, folder: &str) -> Option<serde_json::Value> {
    let path = join(folder, "package.json").filter(|path| places::is_there(repository, path))?;
    serde_json::from_str(&files::read(repository.root, &path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Place, matches, script};

    #[test]
    fn the_package_is_named_in_many_ways() {
        let b = Place::Packages("@b/worker");
        let apps = Place::Packages("apps/worker");
        let here = Place::Folder("");
        let cases = [
            ("pnpm --filter @b/worker start", Some((b, "start"))),
            ("pnpm --filter=@b/worker run start", Some((b, "start"))),
            ("pnpm -F @b/worker worker", Some((b, "worker"))),
            ("pnpm -r start", Some((Place::All, "start"))),
            ("pnpm -w start", Some((here, "start"))),
            ("pnpm -C apps/worker start", Some((Place::Folder("apps/worker"), "start"))),
            ("npm start -w apps/worker", Some((apps, "start"))),
            ("npm run start --workspace=@b/worker", Some((b, "start"))),
            ("npm run start -ws --if-present", Some((Place::All, "start"))),
            ("npm --prefix apps/worker start", Some((Place::Folder("apps/worker"), "start"))),
            ("yarn workspace @b/worker start", Some((b, "start"))),
            ("yarn workspace @b/worker run start", Some((b, "start"))),
            ("yarn workspaces foreach -A run start", Some((Place::All, "start"))),
            ("bun run --cwd apps/worker start", Some((Place::Folder("apps/worker"), "start"))),
            ("bun --filter @b/worker start", Some((b, "start"))),
            ("turbo run start --filter=@b/worker", Some((b, "start"))),
            ("turbo start", Some((Place::All, "start"))),
            ("lerna run start --scope @b/worker", Some((b, "start"))),
            ("lerna run --scope=@b/worker start", Some((b, "start"))),
            ("nx start worker", Some((Place::Packages("worker"), "start"))),
            ("nx run worker:start:production", Some((Place::Packages("worker"), "start"))),
            ("nx run-many -t start --projects=worker,web", Some((Place::Packages("worker,web"), "start"))),
            ("npm start -- --filter x", Some((here, "start"))),
            ("npm ci", None),
            ("bun src/main.ts", None),
        ];
        for (command, wanted) in cases {
            let words: Vec<&str> = command.split(' ').collect();
            assert_eq!(script(words[0], &words[1..]), wanted, "{command}");
        }
    }

    #[test]
    fn packages_match_by_name_or_folder() {
        for pattern in [
            "@b/worker",
            "worker",
            "apps/worker",
            "./apps/worker/",
            "{apps/worker}",
            "@b/worker...",
            "@b/*",
            "./apps/*",
        ] {
            assert!(matches(pattern, "@b/worker", "apps/worker"), "{pattern}");
        }
        for pattern in ["@b/work", "work", "@c/worker", "apps", "!@b/worker", "...", "@c/*"] {
            assert!(!matches(pattern, "@b/worker", "apps/worker"), "{pattern}");
        }
    }
}
