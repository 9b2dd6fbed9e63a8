//! The lines of a shell, parted into commands and words.

/// Stands for the folder of the repository.
pub(super) const ROOT: char = '\u{1}';

/// How scripts name the folder of the repository.
const ROOTS: [&str; 10] = [
    "${{ github.workspace }}",
    "${{github.workspace}}",
    "${{ env.GITHUB_WORKSPACE }}",
    "${GITHUB_WORKSPACE}",
    "$GITHUB_WORKSPACE",
    "$env:GITHUB_WORKSPACE",
    "${env:GITHUB_WORKSPACE}",
    "%GITHUB_WORKSPACE%",
    "$(git rev-parse --show-toplevel)",
    "/github/workspace",
];

/// How they name the folder that they are in, or their own.
const HERE: [&str; 9] = [
    "$PWD",
    "${PWD}",
    "$(pwd)",
    "$(dirname \"$0\")",
    "$(dirname $0)",
    "${0%/*}",
    "$(dirname \"${BASH_SOURCE[0]}\")",
    "$(dirname ${BASH_SOURCE[0]})",
    "$PSScriptRoot",
];

/// Words before a program that run it.
const WRAPPERS: [&str; 29] = [
    "if",
    "then",
    "else",
    "elif",
    "while",
    "until",
    "do",
    "!",
    "time",
    "exec",
    "command",
    "nohup",
    "env",
    "sudo",
    "nice",
    "timeout",
    "xvfb-run",
    "stdbuf",
    "caffeinate",
    "npx",
    "bunx",
    "retry",
    "eval",
    "call",
    "doppler",
    "dotenv",
    "unbuffer",
    "ionice",
    "chronic",
];

/// Two words before a program that run it.
const PAIRS: [(&str, &str); 13] = [
    ("uv", "run"),
    ("poetry", "run"),
    ("pipenv", "run"),
    ("pdm", "run"),
    ("hatch", "run"),
    ("rye", "run"),
    ("pixi", "run"),
    ("conda", "run"),
    ("bundle", "exec"),
    ("pnpm", "exec"),
    ("yarn", "exec"),
    ("mise", "exec"),
    ("coverage", "run"),
];

/// Commands of one text that are looked at.
const MAX_COMMANDS: usize = 2_000;

/// A text with what stands for the folder of the repository, and for the own folder, written in one way.
pub(super) fn rooted(text: &str) -> String {
    let mut out = text.to_owned();
    for form in ROOTS {
        out = out.replace(form, &ROOT.to_string());
    }
    for form in HERE {
        out = out.replace(form, ".");
    }
    out
}

/// The commands of a text, in words without quotes.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let text = rooted(text).replace("\\\r\n", " ").replace("\\\n", " ");
    let mut out: Vec<Vec<String>> = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if out.len() >= MAX_COMMANDS {
            break;
        }
        if let Some(open) = quote {
            match c {
                c if c == open => quote = None,
                '\\' if open == '"' && matches!(chars.peek(), Some('"' | '\\' | '$')) => {
                    word.get_or_insert_default().extend(chars.next());
                }
                c => word.get_or_insert_default().push(c),
            }
            continue;
        }
        match c {
            '"' | '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            '#' if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            c if c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '`') => {
                if let (Some(word), Some(command)) = (word.take(), out.last_mut()) {
                    command.push(word);
                }
                let ends = c == '\n' || !c.is_whitespace();
                if ends && out.last().is_some_and(|command| !command.is_empty()) {
                    out.push(Vec::new());
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    if let (Some(word), Some(command)) = (word, out.last_mut()) {
        command.push(word);
    }
    out
}

/// The words from the program on, and the folders in which Python looks for modules.
pub(super) fn bare<'w, 'a>(words: &'w [&'a str]) -> (&'w [&'a str], Vec<&'a str>) {
    let mut roots = Vec::new();
    let mut rest = words;
    // Bounded: each turn takes a word away.
    while let Some((first, after)) = rest.split_first() {
        if let Some((name, value)) = first.split_once('=').filter(|(name, _)| is_name(name)) {
            if name == "PYTHONPATH" {
                roots.extend(value.split(':').filter(|folder| !folder.is_empty() && !folder.contains('$')));
            }
            rest = after;
            continue;
        }
        let second = after.first().copied().unwrap_or_default();
        let length = match *first {
            "{" => 1,
            one if WRAPPERS.contains(&name(one)) => 1,
            one if PAIRS.contains(&(name(one), second)) => 2,
            _ => break,
        };
        rest = rest.get(length..).unwrap_or_default();
        let is_of_wrapper =
            |word: &&&str| word.starts_with('-') || word.starts_with(|c: char| c.is_ascii_digit());
        let skipped = rest.iter().take_while(is_of_wrapper).count();
        rest = rest.get(skipped..).unwrap_or_default();
    }
    (rest, roots)
}

/// The name of a program by its path.
pub(super) fn name(word: &str) -> &str {
    let last = word.rsplit('/').next().unwrap_or(word);
    last.strip_suffix(".exe").unwrap_or(last)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
