//! Which texts of a script become a crontab: those that it hands to `crontab` or writes where cron reads, at once or by
//! way of a variable or a file.

use std::collections::{BTreeMap, BTreeSet};

use super::statements::Statement;
use crate::crontab::entries::Columns;

/// Variables and files that are filled from one another, at most so many times over.
const MAX_ROUNDS: usize = 8;

/// Statements behind the end of a group that are looked for.
const MAX_GROUP: usize = 80;

/// Programs that put a file elsewhere.
const MOVERS: [&str; 7] = ["cp", "mv", "install", "cat", "ln", "COPY", "ADD"];

/// Programs that only speak to whoever looks on.
const PRINTS: [&str; 14] = [
    "echo", "printf", "log", "info", "warn", "error", "success", "msg", "say", "note", "die", "print",
    "fail", "usage",
];

/// What becomes a crontab.
pub(super) struct Given<'s, 't> {
    statements: &'s [Statement<'t>],
    /// Variables as `$NAME`, files by their paths as they are written.
    names: BTreeMap<String, Columns>,
    is_installer: bool,
}

impl<'s, 't> Given<'s, 't> {
    pub(super) fn new(statements: &'s [Statement<'t>]) -> Self {
        let mut given = Self { statements, names: BTreeMap::new(), is_installer: false };
        // What `crontab` takes has no column for the user, wherever it lies.
        for one in statements.iter().filter(|one| installs(one.text)) {
            given.add(crontab_files(one.text), Columns::WithoutUser);
            given.add(references(one), Columns::WithoutUser);
            given.is_installer = true;
        }
        for one in statements {
            if let Some(columns) = place(one.text) {
                given.add(references(one), columns);
                given.add(moved(one.text), columns);
                given.is_installer = true;
            }
        }
        for _ in 0..MAX_ROUNDS {
            let before = given.names.len();
            for one in statements {
                if let Some(columns) = given.filled(one) {
                    given.add(references(one), columns);
                    given.add(moved(one.text), columns);
                }
            }
            if given.names.len() == before {
                break;
            }
        }
        given
    }

    fn add(&mut self, names: BTreeSet<String>, columns: Columns) {
        for name in names {
            self.names.entry(name).or_insert(columns);
        }
    }

    /// The columns of the variable or file that a statement fills, if it becomes a crontab.
    fn filled(&self, one: &Statement<'_>) -> Option<Columns> {
        let set = assigned(one.text).map(|name| format!("${name}"));
        let names = set.into_iter().chain(written(one.text));
        names.filter_map(|name| self.names.get(&name).copied()).next()
    }

    /// The columns of what stands in a statement, if it becomes a crontab.
    pub(super) fn columns(&self, at: usize) -> Option<Columns> {
        let one = self.statements.get(at)?;
        self.directly(one).or_else(|| self.by_its_group(at))
    }

    fn directly(&self, one: &Statement<'_>) -> Option<Columns> {
        let handed = installs(one.text).then_some(Columns::WithoutUser);
        // What `crontab` is told to take is known by its name, also where it lies among the files of the system.
        let by_name = || self.filled(one);
        handed.or_else(by_name).or_else(|| place(one.text))
    }

    /// The columns of a text in quotes that nothing hands on by name: a function may do that, in a script that installs
    /// a crontab. What is only printed is none.
    pub(super) fn of_loose_text(&self, at: usize) -> Option<Columns> {
        let one = self.statements.get(at).filter(|_| self.is_installer)?;
        (!is_print(one.text)).then_some(Columns::WithoutUser)
    }

    /// A statement of a group, of a command's output or of a function whose whole output is handed on.
    fn by_its_group(&self, at: usize) -> Option<Columns> {
        let behind = self.statements.iter().enumerate().skip(at.saturating_add(1)).take(MAX_GROUP);
        let (end, closing) =
            behind.into_iter().find(|(_, one)| one.text.trim_start().starts_with([')', '}']))?;
        if let Some(columns) = self.directly(closing) {
            return Some(columns);
        }
        let before = self.statements.get(end.saturating_sub(MAX_GROUP)..at)?;
        let opening = before.iter().rev().find(|one| {
            let text = one.text.trim_end();
            text.ends_with(['(', '{']) || text.contains("$(") && !text.contains(')')
        })?;
        if closing.text.trim_start().starts_with(')') {
            return self.filled(opening);
        }
        let head = opening.text.trim_start();
        let head = head.strip_prefix("function ").unwrap_or(head);
        let name =
            head.split(|c: char| c.is_whitespace() || c == '(').next().filter(|name| !name.is_empty())?;
        let calls = |one: &&Statement<'_>| words(one.text).contains(&name);
        self.statements.iter().filter(calls).find_map(|one| self.directly(one))
    }
}

/// A file that becomes a crontab.
pub(crate) struct Installation {
    /// As it is written.
    pub(crate) path: String,
    /// `None` where only its lines tell.
    pub(crate) columns: Option<Columns>,
}

/// The files that a script or the build of an image makes crontabs of.
pub(super) fn installations(statements: &[Statement<'_>]) -> Vec<Installation> {
    let mut all = Vec::new();
    for one in statements {
        if one.text.trim_start().starts_with('#') {
            continue;
        }
        let mut add = |paths: BTreeSet<String>, columns| {
            let is_file = |path: &String| {
                path != "-" && (!path.starts_with('$') || path.contains('/')) && !path.is_empty()
            };
            all.extend(paths.into_iter().filter(is_file).map(|path| Installation { path, columns }));
        };
        if installs(one.text) {
            // It may stand there for cron itself too, with a user's name in each line.
            add(crontab_files(one.text), None);
        }
        if let Some(path) = supercronic(one.text) {
            add(BTreeSet::from([path]), Some(Columns::WithoutUser));
        }
        if let Some(columns) = place(one.text).filter(|_| one.body.is_empty()) {
            let all = moved(one.text);
            let is_place = |path: &str| path.starts_with("/etc/cron") || path.starts_with("/var/spool/cron");
            add(all.into_iter().filter(|path| !is_place(path)).collect(), Some(columns));
        }
    }
    all
}

/// The table that `supercronic` is given.
pub(crate) fn supercronic(text: &str) -> Option<String> {
    let plain = text.replace(['[', ']', ',', '"', '\''], " ");
    let mut words = plain.split_ascii_whitespace();
    words.find(|word| word.rsplit('/').next() == Some("supercronic"))?;
    words
        .find(|word| !word.starts_with('-'))
        .filter(|word| !word.contains(['|', '&', ';', '>']))
        .map(str::to_owned)
}

/// Whether a statement only speaks to whoever looks on.
fn is_print(text: &str) -> bool {
    let all = words(text);
    let first = all.iter().find(|word| !matches!(**word, "&&" | "||" | ";" | "then" | "else" | "do"));
    let first = first.copied().unwrap_or_default();
    let is_named =
        PRINTS.contains(&first) || PRINTS.iter().any(|name| first.starts_with(&format!("{name}_")));
    is_named && !all.iter().any(|word| *word == "|" || word.starts_with('>'))
}

/// Whether a statement runs `crontab` so that it takes a table.
fn installs(text: &str) -> bool {
    if !text.contains("crontab") {
        return false;
    }
    let all = words(text);
    let is_of_another_shell = || {
        let texts = all.windows(2).filter_map(|two| match two {
            [option, text] if option.starts_with('-') && option.ends_with('c') => Some(inside(text)),
            _ => None,
        });
        texts.into_iter().any(|inner| inner.len() < text.len() && installs(inner))
    };
    all.iter().enumerate().any(|(at, word)| {
        let word = word.trim_matches(['"', '\'']);
        if word.rsplit('/').next() != Some("crontab") || word.starts_with("/etc/") {
            return false;
        }
        let before = at.checked_sub(1).and_then(|at| all.get(at)).copied().unwrap_or(";");
        let leads =
            ["sudo", "exec", "command", "env", "!", "then", "do", "else", "if", "RUN", "busybox", "{"];
        let is_command = matches!(before, "|" | "&&" | "||" | ";" | "(" | "&" | "$(" | "\n")
            || leads.contains(&before)
            || all.get(at.saturating_sub(2)..at).is_some_and(|two| matches!(two, ["-u", _]));
        is_command && takes_a_table(all.get(at.saturating_add(1)..).unwrap_or_default())
    }) || is_of_another_shell()
}

/// A text without the quotes around it.
fn inside(word: &str) -> &str {
    let quote = |c: char| matches!(c, '"' | '\'');
    word.strip_prefix(quote).and_then(|word| word.strip_suffix(quote)).unwrap_or(word)
}

/// Whether the words behind `crontab` name a table, or leave it to the input.
fn takes_a_table(rest: &[&str]) -> bool {
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-u" => drop(rest.next()),
            "-l" | "-e" | "-r" | "-T" | "-V" | "-h" | "-lu" | "-ru" | "-eu" | "--version" | "--help" => {
                return false;
            }
            _ => return true,
        }
    }
    true
}

/// The files that a statement hands to `crontab`.
fn crontab_files(text: &str) -> BTreeSet<String> {
    let all = words(text);
    let mut files = BTreeSet::new();
    for (at, word) in all.iter().enumerate() {
        if word.rsplit('/').next() == Some("crontab") {
            let rest = all.get(at.saturating_add(1)..).unwrap_or_default();
            files.extend(operands(rest).into_iter().map(key));
        }
    }
    files
}

/// What a command is given, up to its end: no options, and not the word that ends its here-document.
fn operands<'w>(rest: &[&'w str]) -> Vec<&'w str> {
    let own = rest.iter().take_while(|word| !matches!(**word, "|" | "&&" | "||" | ";" | ")" | "&" | "\n"));
    let mut before = "";
    own.filter(|word| {
        let is_mark = std::mem::replace(&mut before, word).starts_with("<<");
        !is_mark && !word.starts_with(['-', '<', '>'])
    })
    .copied()
    .collect()
}

/// The columns of the place to which a statement writes, if cron reads there.
fn place(text: &str) -> Option<Columns> {
    let is_users = text.contains("/etc/crontabs/") || text.contains("/var/spool/cron");
    let is_system = text.contains("/etc/cron.d/")
        || text.split("/etc/crontab").skip(1).any(|rest| !rest.starts_with(['s', '.']));
    // Only what fills it: it may also be listed, searched or removed.
    let fills = || {
        !written(text).is_empty()
            || words(text).iter().any(|word| MOVERS.contains(&word.trim_start_matches('\\')))
            || text.contains("<<")
            // In the text of another shell.
            || [">/etc/cron", "> /etc/cron", ">/var/spool/cron", "> /var/spool/cron"].iter().any(|it| text.contains(it))
    };
    match (is_users, is_system) {
        (true, _) => fills().then_some(Columns::WithoutUser),
        (false, true) => fills().then_some(Columns::WithUser),
        (false, false) => None,
    }
}

/// The files of a statement that copies.
fn moved(text: &str) -> BTreeSet<String> {
    let all = words(text);
    let mut files = BTreeSet::new();
    for (at, word) in all.iter().enumerate() {
        if MOVERS.contains(word) {
            let rest = all.get(at.saturating_add(1)..).unwrap_or_default();
            files.extend(operands(rest).into_iter().map(key));
        }
    }
    files
}

/// The variables that a statement and its here-document refer to, as `$NAME`.
fn references(one: &Statement<'_>) -> BTreeSet<String> {
    let texts = std::iter::once(one.text).chain(one.body.iter().map(|(_, text)| *text));
    texts
        .flat_map(|text| text.split('$').skip(1))
        .filter_map(name_of)
        .map(|name| format!("${name}"))
        .collect()
}

/// The name of a variable at the start of a text.
pub(super) fn name_of(text: &str) -> Option<&str> {
    let text = text.strip_prefix('{').unwrap_or(text).trim_start_matches('#');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).filter(|name| !name.is_empty())
}

/// The variable that a statement gives a value.
pub(super) fn assigned(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    while let Some((word, behind)) = rest.split_once(char::is_whitespace) {
        if !matches!(
            word,
            "export" | "local" | "readonly" | "declare" | "typeset" | "ENV" | "ARG" | "-r" | "-g" | "-a"
        ) {
            break;
        }
        rest = behind.trim_start();
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let name = rest.get(..end).filter(|name| !name.is_empty())?;
    let behind = rest.get(end..).unwrap_or("");
    if behind.starts_with('=') || behind.starts_with("+=") {
        return Some(name);
    }
    // `read -r -d '' NAME <<EOF`, and `|| true` behind it.
    let first = text.split("<<").next().unwrap_or("");
    let is_read = name == "read" && text.contains("<<");
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first.split_ascii_whitespace().skip(1).filter(is_name).last().filter(|_| is_read)
}

/// The files that a statement writes, and the variables that stand for them.
fn written(text: &str) -> Vec<String> {
    let all = words(text);
    let mut files = Vec::new();
    for (at, word) in all.iter().enumerate() {
        if word.starts_with('>') || word.starts_with("&>") || word.starts_with("1>") {
            files.extend(all.get(at.saturating_add(1)).map(|word| key(word)));
        }
        if *word == "tee" {
            let rest = all.get(at.saturating_add(1)..).unwrap_or_default();
            files.extend(operands(rest).into_iter().map(key));
        }
    }
    files.retain(|file| file != "/dev/null" && !file.starts_with('&'));
    files
}

/// A word as a name of [`Given`].
fn key(word: &str) -> String {
    let word = word.trim_matches(['"', '\'']);
    match word.strip_prefix('$').and_then(name_of) {
        // Only a variable by itself: a path below a folder that a variable names is another thing.
        Some(name) if !word.contains('/') => format!("${name}"),
        Some(_) | None => word.trim_start_matches("./").to_owned(),
    }
}

/// The words of a text; operators are words of their own, and what stands in quotes is a part of its word.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None::<usize>;
    let mut quote = None::<char>;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
                continue;
            }
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                start.get_or_insert(at);
            }
            None if c.is_whitespace() || matches!(c, '|' | '&' | ';' | '(' | ')' | '<' | '>') => {
                if let Some(from) = start.take() {
                    words.extend(text.get(from..at));
                }
                if c == '\n' {
                    // Behind a backslash a line goes on.
                    let goes_on = text.get(..at).is_some_and(|before| before.trim_end().ends_with('\\'));
                    words.extend((!goes_on).then_some("\n"));
                } else if !c.is_whitespace() {
                    let mut end = at.saturating_add(c.len_utf8());
                    if matches!(c, '|' | '&' | '<' | '>') {
                        while let Some((at, _)) =
                            chars.next_if(|(_, next)| *next == c || c == '>' && *next == '|')
                        {
                            end = at.saturating_add(1);
                        }
                    }
                    words.extend(text.get(at..end));
                }
            }
            None => {
                start.get_or_insert(at);
            }
        }
    }
    if let Some(from) = start {
        words.extend(text.get(from..));
    }
    words
}
