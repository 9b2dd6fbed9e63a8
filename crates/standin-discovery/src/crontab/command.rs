//! The command of a line.

/// Words that only lead to what runs.
const LEADS: [&str; 43] = [
    "cd",
    "sudo",
    "env",
    "exec",
    "nice",
    "ionice",
    "flock",
    "timeout",
    "chronic",
    "node",
    "deno",
    "bun",
    "python",
    "python2",
    "python3",
    "ruby",
    "php",
    "perl",
    "bash",
    "sh",
    "zsh",
    "docker",
    "docker-compose",
    "compose",
    "tsx",
    "npx",
    "if",
    "then",
    "else",
    "fi",
    "while",
    "do",
    "done",
    "command",
    "nohup",
    "time",
    "setlock",
    "su",
    "!",
    "{",
    "}",
    "run-one",
    "savelog",
];

/// Words that begin a condition: what it asks about is not what runs.
const CONDITIONS: [&str; 6] = ["test", "[", "[[", "which", "type", "pgrep"];

/// Programs that only lead to others, where there are others.
const SMALL: [&str; 8] = ["sleep", "date", "cat", "echo", "printf", "exit", ".", "source"];

/// Programs whose first word says what they do.
const RUNNERS: [&str; 9] = ["run", "manage.py", "artisan", "rake", "console", "occ", "drush", "wp", "npx"];

/// Endings of scripts.
const SCRIPTS: [&str; 13] =
    [".sh", ".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".rb", ".php", ".pl", ".bash", ".jar", ".sql"];

/// Longest name that is made of a command, in characters.
const MAX_NAME: usize = 60;

/// What a person would call a command: what it hands to a runner, else the script that it runs, else its first word
/// that does something.
pub(crate) fn name(command: &str) -> String {
    let command = without_redirections(&without_inline(before_percent(command)));
    let command = command.as_str();
    let parts = parts(command);
    let all: Vec<&str> = parts.iter().flatten().copied().collect();
    let run = parts.iter().find_map(|words| handed(words));
    let script = all.iter().find(|word| SCRIPTS.iter().any(|ending| word.ends_with(ending))).copied();
    let programs: Vec<&str> = parts.iter().filter_map(|words| program(words)).collect();
    let large = programs.iter().find(|word| !SMALL.contains(&base(word)));
    let program = large.or(programs.first()).copied();
    // A variable says more than the interpreter before it.
    let variable = || all.iter().find(|word| word.starts_with('$') && word.len() > 1).copied();
    let word = run.or(script).or(program).or_else(variable).or(all.first().copied());
    let word = word.or_else(|| command.split_ascii_whitespace().next()).unwrap_or("command");
    let name: String = base(word).chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let name = name.trim_matches(['"', '\'', '`', '\\', ',', '$', '{', '}']);
    if name.trim().is_empty() { "command".to_owned() } else { name.to_owned() }
}

/// The command without where its output goes and its input comes from.
fn without_redirections(command: &str) -> String {
    let mut kept = String::with_capacity(command.len());
    let mut chars = command.chars().peekable();
    let mut quote = None::<char>;
    while let Some(c) = chars.next() {
        match quote {
            Some(open) => quote = (c != open).then_some(open),
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            // `<(…)` is a command.
            None if matches!(c, '<' | '>') && chars.peek() != Some(&'(') => {
                let digits = kept.trim_end_matches(|c: char| c.is_ascii_digit() || c == '&').len();
                if kept
                    .get(..digits)
                    .is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace))
                {
                    kept.truncate(digits);
                }
                while chars.next_if(|c| matches!(c, '<' | '>' | '&' | '|') || c.is_whitespace()).is_some() {}
                while chars.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '&' | '|' | ')')).is_some() {
                }
                kept.push(' ');
                continue;
            }
            None => {}
        }
        kept.push(c);
    }
    kept
}

/// The command without the program that `perl -e '…'` spells out: it is a pause, more often than not.
fn without_inline(command: &str) -> String {
    let cut =
        command.split_once("perl -e '").and_then(|(before, rest)| Some((before, rest.split_once('\'')?.1)));
    cut.map_or_else(|| command.to_owned(), |(before, behind)| format!("{before} {behind}"))
}

/// The commands that a line is made of, in words, without those that only ask or go somewhere.
fn parts(command: &str) -> Vec<Vec<&str>> {
    let ends = |c: char| matches!(c, ';' | '|' | '&' | '(' | ')' | '\n');
    let split = command.split(ends).map(|part| {
        part.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>'))
            .map(|word| word.trim_matches(['"', '\'', '`']))
            .filter(|word| !word.is_empty())
            .skip_while(|word| matches!(*word, "if" | "then" | "else" | "!" | "while" | "do" | "{"))
            .collect::<Vec<&str>>()
    });
    let acts = |words: &Vec<&str>| {
        let first = words.first().copied().unwrap_or_default();
        let asks = CONDITIONS.contains(&base(first)) || words.get(..2) == Some(&["command", "-v"]);
        !words.is_empty() && !asks
    };
    split.filter(acts).collect()
}

/// `manage.py clearsessions`, `npm run build`, `artisan schedule:run`: what the runner is told.
fn handed<'w>(words: &[&'w str]) -> Option<&'w str> {
    words.windows(2).find_map(|pair| match pair {
        [runner, word]
            if RUNNERS.contains(&base(runner)) && word.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Some(*word)
        }
        _ => None,
    })
}

/// The first word that is a program. What `cd` goes to, and what a lock is, are places.
fn program<'w>(words: &[&'w str]) -> Option<&'w str> {
    let mut is_place = false;
    words.iter().copied().find(|word| {
        let is_place_before = std::mem::take(&mut is_place);
        is_place = matches!(base(word), "cd" | "flock") || (is_place_before && word.starts_with('-'));
        let is_lead = LEADS.contains(&base(word)) || word.starts_with('-') || word.contains('=');
        !is_place_before
            && !is_lead
            && word.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_'))
            && !word.chars().all(|c| c.is_ascii_digit())
    })
}

fn base(word: &str) -> &str {
    word.trim_end_matches('/').rsplit('/').next().unwrap_or(word)
}

/// What stands before the first `%` that no backslash escapes.
fn before_percent(command: &str) -> &str {
    let rest = after_percent(command).map_or(0, |rest| rest.len().saturating_add(1));
    command.get(..command.len().saturating_sub(rest)).unwrap_or(command)
}

/// What stands behind the first `%` that no backslash escapes.
pub(crate) fn after_percent(command: &str) -> Option<&str> {
    let mut escaped = false;
    for (at, c) in command.char_indices() {
        match c {
            '%' if !escaped => return command.get(at.saturating_add(1)..),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    None
}
