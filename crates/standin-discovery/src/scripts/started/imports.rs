//! The modules that a program loads.

use super::places::{is_there, join, program, upwards};
use crate::contents::name_and_ending;
use crate::registry::Repository;
use crate::scripts::lex::{Language, Token, tokens};

/// The files of the repository that a file loads.
pub(super) fn of(repository: &Repository<'_>, path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match name_and_ending(path).1.as_str() {
        "js" | "ts" | "mjs" | "cjs" | "mts" | "cts" | "tsx" | "jsx" => javascript(repository, folder, text),
        "py" => python(repository, folder, text),
        "rb" => ruby(repository, folder, text),
        _ => Vec::new(),
    }
}

fn javascript(repository: &Repository<'_>, folder: &str, text: &str) -> Vec<String> {
    let all = tokens(text, Language::JavaScript);
    let named = all.windows(3).filter_map(|three| match three {
        [(_, Token::Word("require" | "import")), (_, Token::Sign('(')), (_, Token::Text(name))]
        | [_, (_, Token::Word("from" | "import")), (_, Token::Text(name))] => Some(*name),
        _ => None,
    });
    let first = all.get(..2).and_then(|two| match two {
        [(_, Token::Word("import")), (_, Token::Text(name))] => Some(*name),
        _ => None,
    });
    named.chain(first).filter_map(|name| module(repository, folder, name)).collect()
}

fn module(repository: &Repository<'_>, folder: &str, name: &str) -> Option<String> {
    if name.starts_with('.') {
        return program(repository, &join(folder, name)?);
    }
    let alias = ["@/", "~/", "#/", "@src/", "src/"].iter().find_map(|alias| name.strip_prefix(alias));
    upwards(folder).into_iter().find_map(|folder| match alias {
        Some(rest) => [format!("src/{rest}"), rest.to_owned()]
            .iter()
            .find_map(|path| program(repository, &join(folder, path)?)),
        // A folder that the compiler is told of; what has no folder is a package.
        None if name.contains('/') && !name.starts_with('@') => {
            program(repository, &join(folder, &format!("src/{name}"))?)
        }
        None => None,
    })
}

fn python(repository: &Repository<'_>, folder: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("from ") {
            let Some((name, what)) = rest.split_once(" import ") else { continue };
            let what = what.trim_start_matches('(').split('#').next().unwrap_or("");
            let parts = what.split(',').map(|part| part.split_ascii_whitespace().next().unwrap_or(""));
            let parts: Vec<&str> = parts.filter(|part| !part.is_empty() && *part != "*").collect();
            found.extend(python_module(repository, folder, name.trim(), &parts));
        } else if let Some(rest) = line.strip_prefix("import ") {
            for name in rest.split(',').filter_map(|part| part.split_ascii_whitespace().next()) {
                found.extend(python_module(repository, folder, name, &[]));
            }
        }
    }
    found
}

/// The files of a module, and of those of its parts that are modules.
pub(super) fn python_module(
    repository: &Repository<'_>,
    folder: &str,
    name: &str,
    parts: &[&str],
) -> Vec<String> {
    let plain = name.trim_start_matches('.');
    let levels = name.len().saturating_sub(plain.len());
    let path = plain.replace('.', "/");
    let bases: Vec<&str> = match levels {
        0 => upwards(folder),
        _ => upwards(folder).into_iter().skip(levels.saturating_sub(1)).take(1).collect(),
    };
    for base in bases {
        let Some(whole) = join(base, &path) else { continue };
        let package =
            if whole.is_empty() { "__init__.py".to_owned() } else { format!("{whole}/__init__.py") };
        let own = [format!("{whole}.py"), package];
        let parts = parts.iter().flat_map(|part| {
            let whole = if whole.is_empty() { (*part).to_owned() } else { format!("{whole}/{part}") };
            [format!("{whole}.py"), format!("{whole}/__init__.py")]
        });
        let found: Vec<String> =
            own.into_iter().chain(parts).filter(|path| is_there(repository, path)).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn ruby(repository: &Repository<'_>, folder: &str, text: &str) -> Vec<String> {
    let named = text.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("require_relative ")?.trim_start_matches('(');
        rest.trim().trim_matches(['"', '\'', ')']).split(['"', '\'']).next()
    });
    let paths = named
        .filter_map(|name| join(folder, name))
        .map(|path| if path.ends_with(".rb") { path } else { format!("{path}.rb") });
    paths.filter(|path| is_there(repository, path)).collect()
}
