//! Text to shape, with every error that can be found at once.
//!
//! serde stops at its first error. So each table is read on its own, and a key that cannot be read is noted, taken
//! out, and the table read again: as often as it has keys, at most.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::error::{ConfigError, Lines};
use crate::nearest::nearest;
use crate::shape::File;
use crate::{MAX_AUTOMATIONS, MAX_FILE_BYTES};

/// The tables of the file, for messages and the nearest right name.
const TABLES: [&str; 14] = [
    "agent",
    "pm2",
    "recovery",
    "process",
    "logs",
    "backup",
    "automation",
    "mesh",
    "github",
    "netlify",
    "aws",
    "alerts",
    "store",
    "peer",
];

/// More errors than this are not listed: nobody reads them.
const MAX_ERRORS: usize = 50;

/// Reads the tables of the file; an entry comes with the offset of its table.
pub(crate) struct Read {
    pub(crate) file: File,
    pub(crate) offsets: Vec<usize>,
    pub(crate) stores: Vec<usize>,
    pub(crate) peers: Vec<usize>,
}

pub(crate) fn read(text: &str, errors: &mut Vec<ConfigError>) -> Read {
    let lines = Lines::new(text);
    let mut read = Read { file: File::default(), offsets: Vec::new(), stores: Vec::new(), peers: Vec::new() };
    if text.len() > MAX_FILE_BYTES {
        errors.push(lines.error(0, format!("the file has {} bytes", text.len()), "write at most 1 MiB"));
        return read;
    }
    let (root, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        errors.extend(syntax.iter().take(MAX_ERRORS).map(|e| syntax_error(&lines, e)));
        return read;
    }
    for (key, value) in root.into_inner() {
        let at = key.span().start;
        match (key.get_ref().as_ref(), value) {
            ("agent", value) => read.file.agent = table(&lines, "agent", at, value, errors),
            ("pm2", value) => read.file.pm2 = table(&lines, "pm2", at, value, errors),
            ("recovery", value) => read.file.recovery = table(&lines, "recovery", at, value, errors),
            ("process", value) => read.file.process = table(&lines, "process", at, value, errors),
            ("logs", value) => read.file.logs = table(&lines, "logs", at, value, errors),
            ("backup", value) => read.file.backup = table(&lines, "backup", at, value, errors),
            ("mesh", value) => read.file.mesh = table(&lines, "mesh", at, value, errors),
            ("github", value) => read.file.github = table(&lines, "github", at, value, errors),
            ("netlify", value) => read.file.netlify = table(&lines, "netlify", at, value, errors),
            ("aws", value) => read.file.aws = table(&lines, "aws", at, value, errors),
            ("alerts", value) => read.file.alerts = table(&lines, "alerts", at, value, errors),
            ("automation", value) => {
                (read.file.automation, read.offsets) = entries(&lines, "automation", at, value, errors);
            }
            ("store", value) => (read.file.store, read.stores) = entries(&lines, "store", at, value, errors),
            ("peer", value) => (read.file.peer, read.peers) = entries(&lines, "peer", at, value, errors),
            (unknown, _) => errors.push(unknown_table(&lines, at, unknown)),
        }
        if errors.len() > MAX_ERRORS {
            errors.truncate(MAX_ERRORS);
            return read;
        }
    }
    read
}

/// Reads a list of tables, each with its offset.
fn entries<T: DeserializeOwned + Default>(
    lines: &Lines<'_>,
    name: &str,
    at: usize,
    value: Spanned<DeValue<'_>>,
    errors: &mut Vec<ConfigError>,
) -> (Vec<T>, Vec<usize>) {
    let (mut entries, mut offsets) = (Vec::new(), Vec::new());
    let DeValue::Array(list) = value.into_inner() else {
        let message = format!("`{name}` is not a list of tables");
        errors.push(lines.error(at, message, format!("write [[{name}]], with two brackets")));
        return (entries, offsets);
    };
    if list.len() > MAX_AUTOMATIONS {
        let message = format!("there are {} entries of `{name}`", list.len());
        errors.push(lines.error(at, message, format!("write at most {MAX_AUTOMATIONS}")));
        return (entries, offsets);
    }
    for entry in list {
        let at = entry.span().start;
        let before = errors.len();
        let entry: T = table(lines, name, at, entry, errors);
        // An entry with an unreadable key would be judged without it, and blamed for what it does not lack.
        if errors.len() == before {
            entries.push(entry);
            offsets.push(at);
        }
    }
    (entries, offsets)
}

/// Reads one table as `T`.
fn table<T: DeserializeOwned + Default>(
    lines: &Lines<'_>,
    name: &str,
    at: usize,
    value: Spanned<DeValue<'_>>,
    errors: &mut Vec<ConfigError>,
) -> T {
    let span = value.span();
    let DeValue::Table(mut rest) = value.into_inner() else {
        errors.push(lines.error(
            at,
            format!("`{name}` is not a table"),
            format!("write [{name}] and its keys below"),
        ));
        return T::default();
    };
    for _ in 0..=rest.len() {
        let error = match T::deserialize(Deserializer::from(Spanned::new(span.clone(), rest.clone()))) {
            Ok(value) => return value,
            Err(error) => error,
        };
        let offset = error.span().map_or(at, |s| s.start);
        errors.push(shape_error(lines, name, offset, error.message()));
        let wrong = rest
            .iter()
            .find(|(key, value)| key.span().contains(&offset) || value.span().contains(&offset))
            .map(|(key, _)| key.clone());
        match wrong {
            Some(key) if errors.len() <= MAX_ERRORS => rest.remove(&key),
            Some(_) | None => return T::default(),
        };
    }
    T::default()
}

fn syntax_error(lines: &Lines<'_>, error: &toml::de::Error) -> ConfigError {
    if let Some(span) = error.span().filter(|_| error.message().starts_with("duplicate key")) {
        return second(lines, span);
    }
    let message = format!("this is not TOML: {}", error.message().lines().next().unwrap_or("cannot be read"));
    let fix = "write KEY = VALUE, with texts in double quotes";
    lines.error(error.span().map_or(0, |s| s.start), message, fix)
}

/// A key or table that is there already, as after a second append to the file.
fn second(lines: &Lines<'_>, span: std::ops::Range<usize>) -> ConfigError {
    let name = clean(lines.cut(span.clone()).trim_matches(['[', ']', ' ']));
    let first = lines.first_before(span.start, &format!("[{name}]"));
    let message = match first {
        Some(line) => format!("[{name}] is here a second time: it is on line {line} already"),
        None => format!("`{name}` is here a second time"),
    };
    lines.error(span.start, message, "keep one of them, and put into it what both say")
}

fn unknown_table(lines: &Lines<'_>, at: usize, name: &str) -> ConfigError {
    let fix = match nearest(name, TABLES) {
        Some(right) => format!("did you mean `{right}`?"),
        None => format!("the tables are {}", TABLES.join(", ")),
    };
    lines.error(at, format!("`{}` is not a table of this file", clean(name)), fix)
}

/// serde's message names the wrong word first and the right ones after it, all in backticks.
fn shape_error(lines: &Lines<'_>, table: &str, at: usize, message: &str) -> ConfigError {
    let message = message.lines().next().unwrap_or("");
    let mut words = message.split('`').skip(1).step_by(2);
    let (wrong, right) = (words.next().unwrap_or(""), words.collect::<Vec<_>>());
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let what = if message.starts_with("unknown field") {
            format!("`{}` is not a key of [{table}]", clean(wrong))
        } else {
            format!("`{}` is not one of the words that are known here", clean(wrong))
        };
        let fix = match nearest(wrong, right.iter().copied()) {
            Some(right) => format!("did you mean `{right}`?"),
            None => format!("write one of {}", right.join(", ")),
        };
        return lines.error(at, what, fix);
    }
    // `invalid type: string "…", expected a map`: the value may be a secret, so only its type is said.
    let said = match message.strip_prefix("invalid type: ").and_then(|m| m.rsplit_once(", expected ")) {
        Some((found, expected)) => {
            let found = found.split(' ').next().unwrap_or("something else");
            format!("this must be {expected}, and is of the type {found}")
        }
        None => message.to_owned(),
    };
    lines.error(at, said, "see `standin schema` for what each key takes")
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
