//! Whether a line for a shell does anything.

/// Programs that do nothing but print, wait and end, as long as nothing is done with what they print.
pub(super) const IDLE: [&str; 21] = [
    "echo", "printf", "true", "false", ":", "exit", "sleep", "date", "set", "wait", "return", "cat",
    "export", "hostname", "ls", "pwd", "shopt", "uname", "unset", "whoami", "[",
];

/// Words of the shell that close what others open, or only begin a loop.
const FRAME: [&str; 6] = ["fi", "done", "for", "}", "test", "[["];

/// Words that only lead to what runs.
const LEADS: [&str; 14] = [
    "exec",
    "env",
    "command",
    "time",
    "cross-env",
    "if",
    "then",
    "elif",
    "else",
    "while",
    "until",
    "do",
    "!",
    "{",
];

/// Programs that run the file which is their first argument.
const RUNNERS: [&str; 8] = ["node", "bun", "tsx", "ts-node", "sh", "bash", "dash", "zsh"];

/// Those that run a script of a package.
const MANAGERS: [&str; 3] = ["npm", "pnpm", "yarn"];

/// Options of theirs that only make them quiet.
const QUIET: [&str; 5] = ["--", "-s", "--silent", "-q", "--quiet"];

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It prints, waits and ends.
    Nothing,
    /// Beside that it runs these.
    Runs(Vec<Call>),
    /// It may do anything else.
    Something,
}

/// What a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// A file.
    File(String),
    /// A script of the package.
    Script(String),
}

/// What a command comes to, as far as its text tells.
pub(crate) fn deed(command: &str) -> Deed {
    let lines = command.lines().filter(|line| !line.trim_start().starts_with('#'));
    let quiet = said(&lines.collect::<Vec<_>>().join("\n"));
    let quiet =
        ["2>&1", ">/dev/null", "> /dev/null", ">&2"].iter().fold(quiet, |text, end| text.replace(end, " "));
    // `||` leads to another command; a pipe leads to whatever takes what is printed.
    let quiet = quiet.replace("||", "\n");
    if quiet.contains(['>', '|', '`', '<']) || quiet.contains("$(") {
        return Deed::Something;
    }
    let mut calls = Vec::new();
    let mut is_elsewhere = false;
    for part in quiet.split(['\n', ';', '&']) {
        if part.trim_start().starts_with("cd ") {
            is_elsewhere = true;
            continue;
        }
        match part_of(part) {
            // From another folder the same name is another file.
            Some(Some(_)) if is_elsewhere => return Deed::Something,
            Some(Some(call)) => calls.push(call),
            Some(None) => {}
            None => return Deed::Something,
        }
    }
    if calls.is_empty() { Deed::Nothing } else { Deed::Runs(calls) }
}

/// The text without what would mean something to the shell and stands in quotes, where it means nothing.
fn said(text: &str) -> String {
    let mut open: Option<char> = None;
    let mut before = ' ';
    text.chars()
        .map(|c| {
            let last = std::mem::replace(&mut before, c);
            match open {
                Some(quote) if c == quote && last != '\\' => open = None,
                Some('"') if matches!(c, '>' | '|' | '<' | ';' | '&' | '\n') => return '_',
                Some('\'') if matches!(c, '>' | '|' | '<' | ';' | '&' | '\n' | '`' | '$') => return '_',
                Some(_) => {}
                // After a letter it is an apostrophe of a text, or a quote that nobody can tell from one.
                None if matches!(c, '"' | '\'') && last != '\\' => open = Some(c),
                None => {}
            }
            c
        })
        .collect()
}

/// What one part runs, if it runs anything; `None` when it may do anything else.
fn part_of(part: &str) -> Option<Option<Call>> {
    let part = part.trim();
    if part.is_empty() || part.starts_with('#') {
        return Some(None);
    }
    let is_lead = |word: &&str| LEADS.contains(word) || is_assignment(word);
    let words: Vec<&str> = part.split_ascii_whitespace().skip_while(is_lead).collect();
    // Nothing but words that lead on, and variables.
    let Some((first, rest)) = words.split_first() else { return Some(None) };
    if IDLE.contains(first) || FRAME.contains(first) {
        return Some(None);
    }
    let plain =
        |path: &str| (!path.starts_with('-') && !path.contains(['$', '*', '~'])).then(|| path.to_owned());
    let unquoted = |word: &str| word.trim_matches(['"', '\'']).to_owned();
    if MANAGERS.contains(first) {
        return script(rest).and_then(|name| plain(&unquoted(name))).map(|name| Some(Call::Script(name)));
    }
    if RUNNERS.contains(first) {
        return rest.first().and_then(|path| plain(&unquoted(path))).map(|path| Some(Call::File(path)));
    }
    if first.starts_with("./") {
        return plain(first).map(|path| Some(Call::File(path)));
    }
    None
}

/// The script of `npm run --silent NAME`.
fn script<'w>(words: &[&'w str]) -> Option<&'w str> {
    let mut words = words.iter().copied().filter(|word| !QUIET.contains(word));
    match words.next()? {
        "run" | "run-script" => words.next().filter(|name| !name.starts_with('-')),
        name @ ("test" | "start" | "stop" | "restart") => Some(name),
        _ => None,
    }
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_prints_waits_and_ends_does_nothing() {
        for text in [
            "echo backup ok && exit 0",
            "true",
            ":",
            "#!/bin/sh\nset -e\n\n# soon\nsleep 5\nprintf 'done\\n' || exit 1",
            "CI=1 echo hello >/dev/null 2>&1",
            ": > /dev/null; true",
            "echo \"backup -> done; bye\" 'a | b'",
            "if [ -n \"$CI\" ]; then\n  echo a >&2\nelse\n  exit 0\nfi",
            "for one in a b; do echo $one; done",
        ] {
            assert_eq!(deed(text), Deed::Nothing, "{text}");
        }
        for text in [
            "echo x > state",
            "echo x | mail a@b",
            "echo $(rm -r x)",
            "curl x",
            "npm run -w x y",
            "npm ci",
            "cd web && npm run y",
            "echo 'a' > state",
            "echo \"$(rm x)\"",
            "if [ -f x ]; then rm x; fi",
            "node",
            "node -e 1",
        ] {
            assert_eq!(deed(text), Deed::Something, "{text}");
        }
        let runs = |call| Deed::Runs(vec![call]);
        assert_eq!(deed("echo go; node jobs/a.js --all"), runs(Call::File("jobs/a.js".into())));
        assert_eq!(deed("exec ./run.sh"), runs(Call::File("./run.sh".into())));
        for text in ["npm run y", "exec npm run --silent -- 'y'", "yarn -s run y", "pnpm run y -- --all"] {
            assert_eq!(deed(text), runs(Call::Script("y".into())), "{text}");
        }
    }
}
