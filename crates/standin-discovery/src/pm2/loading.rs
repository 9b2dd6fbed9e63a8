//! What keeps PM2 from loading a configuration: files that are not there, and what it throws.

use std::path::Path;

use standin_core::automation::Severity;

use crate::asked::Root;
use crate::built;
use crate::files;
use crate::findings::{Gathered, finding};
use crate::js::{self, Asks, Cause, Maker, Stop};
use crate::lines::quote;
use crate::registry::Repository;

/// Most of one file that is said.
const MAX_SAID: usize = 20;

/// Says what keeps PM2 from loading a file, or may; why it cannot, if so.
pub(super) fn problem(
    repository: &Repository<'_>,
    path: &str,
    text: &str,
    gathered: &mut Gathered,
) -> Option<String> {
    let root = repository.root;
    let trail = js::Trail::new();
    let mut why = None;
    let stops = js::stops(text, &root.join(path), js::Reach::new(root, &trail));
    for stop in stops.iter().take(MAX_SAID) {
        let rule = match stop.cause {
            Cause::Missing { .. } | Cause::NoJson { .. } => "pm2-file-missing",
            Cause::Throws | Cause::Exits => "pm2-throws",
        };
        let what = in_words(stop);
        let (severity, message, fix) = match doubt(root, stop) {
            Some(doubt) => {
                let message = format!("this file {what}{doubt}: PM2 loads none of its apps then");
                (Severity::Note, message, "Nothing, if it is otherwise where PM2 runs.")
            }
            None => {
                why.get_or_insert_with(|| format!("PM2 cannot load this file: it {what}"));
                let message = format!("PM2 cannot load this file: it {what}");
                (Severity::Error, message, remedy(&stop.cause))
            }
        };
        gathered.find(finding(rule, severity, path, stop.line, message, fix));
    }
    why
}

const fn remedy(cause: &Cause) -> &'static str {
    match cause {
        Cause::Missing { .. } => "Add that file, or correct its path.",
        Cause::NoJson { .. } => "Correct that file.",
        Cause::Throws | Cause::Exits => "Take that line out, or mend what it is about.",
    }
}

/// `requires ./a, which reads ./b.json, which is not there`.
fn in_words(stop: &Stop) -> String {
    let through = stop.through.iter().map(|path| format!("requires {}, which ", quote(path)));
    let cause = match &stop.cause {
        Cause::Missing { asks, written, .. } => {
            let asks = match asks {
                Asks::Requires => "requires",
                Asks::Imports => "imports",
                Asks::Reads => "reads",
            };
            format!("{asks} {}, which is not there", quote(written))
        }
        Cause::NoJson { written } => format!("requires {}, which is no JSON", quote(written)),
        Cause::Throws => "throws when it is loaded".to_owned(),
        Cause::Exits => "ends the process that loads it".to_owned(),
    };
    through.chain([cause]).collect()
}

/// Why it may be otherwise where PM2 runs, in words that go on behind those of the stop.
fn doubt(root: &Root, stop: &Stop) -> Option<String> {
    if !stop.assumed.is_empty() {
        let unset =
            |what: &String| Some(what.strip_suffix(" decides here: it is taken to be unset")?.to_owned());
        let variables: Option<Vec<String>> = stop.assumed.iter().map(unset).collect();
        return Some(match variables {
            Some(mut variables) => {
                variables.sort();
                variables.dedup();
                format!(" unless {} is set", variables.join(" or "))
            }
            None => format!(", if {}", stop.assumed.join(", and ")),
        });
    }
    let Cause::Missing { at, maker, .. } = &stop.cause else { return None };
    let (at, made) = (Path::new(at), " unless something makes it before");
    match (at.strip_prefix(&**root), maker) {
        (Err(_), _) => Some(" on this machine".to_owned()),
        (Ok(_), Maker::Module | Maker::Build) => Some(made.to_owned()),
        (Ok(relative), Maker::Nobody) if is_ignored(root, relative) => {
            Some(" in a checkout, because Git ignores it".to_owned())
        }
        (Ok(_), Maker::Nobody) if built::is_product(root, at) => Some(made.to_owned()),
        (Ok(relative), Maker::Nobody) => {
            is_of_submodule(root, relative).then(|| " unless its submodule is fetched".to_owned())
        }
    }
}

/// Whether Git ignores a file, or what a path without its ending may stand for.
fn is_ignored(root: &Root, relative: &Path) -> bool {
    let path = relative.to_string_lossy();
    let endings = ["", ".js", ".json", ".cjs", "/index.js", "/index.json"];
    endings.iter().any(|ending| built::is_ignored(root, Path::new(&format!("{path}{ending}"))))
}

/// Whether a path lies in a repository that Git would fetch.
fn is_of_submodule(root: &Root, relative: &Path) -> bool {
    let text = files::read(root, ".gitmodules").unwrap_or_default();
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim().strip_prefix('='));
    paths.into_iter().any(|path| relative.starts_with(path.trim()))
}
