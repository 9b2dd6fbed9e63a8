//! The command of a line.

/// Words that only lead to what runs.
const LEADS: [&str; 26] = [
    "cd", "sudo", "env", "exec", "nice", "ionice", "flock", "timeout", "chronic", "node", "deno", "bun",
    "python", "python3", "ruby", "php", "perl", "bash", "sh", "zsh", "docker", "compose", "tsx", "npx",
    "test", "[",
];

/// Endings of scripts.
const SCRIPTS: [&str; 13] =
    [".sh", ".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".rb", ".php", ".pl", ".bash", ".jar", ".sql"];

/// Longest name that is made of a command, in characters.
const MAX_NAME: usize = 60;

/// What a person would call a command: the script that it runs, else its first word that does something.
pub(crate) fn name(command: &str) -> String {
    let command = command.split('%').next().unwrap_or(command);
    let words: Vec<&str> = command
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '<' | '>'))
        .map(|word| word.trim_matches(['"', '\'', '`']))
        .filter(|word| !word.is_empty())
        .collect();
    let script = words.iter().find(|word| SCRIPTS.iter().any(|ending| word.ends_with(ending)));
    let run = words.windows(2).find_map(|pair| match pair {
        ["run", name] => Some(name),
        _ => None,
    });
    // What `cd` goes to is a place, not a program.
    let mut is_place = false;
    let program = words.iter().find(|word| {
        let is_place_before = std::mem::take(&mut is_place);
        is_place = matches!(base(word), "cd" | "flock") || (is_place_before && word.starts_with('-'));
        let is_lead = LEADS.contains(&base(word)) || word.starts_with('-') || word.contains('=');
        !is_place_before
            && !is_lead
            && word.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_'))
    });
    let word = script.or(run).or(program).or(words.first()).copied().unwrap_or("command");
    let name: String = base(word).chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    if name.trim().is_empty() { "command".to_owned() } else { name }
}

fn base(word: &str) -> &str {
    word.trim_end_matches('/').rsplit('/').next().unwrap_or(word)
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
