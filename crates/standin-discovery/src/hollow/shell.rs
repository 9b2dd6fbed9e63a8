//! Whether a line for a shell does anything.

/// Programs that do nothing but print, wait and end, as long as nothing is done with what they print.
const IDLE: [&str; 10] = ["echo", "printf", "true", ":", "exit", "sleep", "date", "set", "wait", "return"];

/// Words that only lead to what runs.
const LEADS: [&str; 5] = ["exec", "env", "command", "time", "cross-env"];

/// Programs that run the file which is their first argument.
const RUNNERS: [&str; 8] = ["node", "bun", "tsx", "ts-node", "sh", "bash", "dash", "zsh"];

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It prints, waits and ends.
    Nothing,
    /// Beside that it runs these files.
    Files(Vec<String>),
    /// It may do anything else.
    Something,
}

/// What a command comes to, as far as its text tells.
pub(crate) fn deed(command: &str) -> Deed {
    let quiet = command.replace("2>&1", " ").replace(">/dev/null", " ").replace("> /dev/null", " ");
    // `||` leads to another command; a pipe leads to whatever takes what is printed.
    let quiet = quiet.replace("||", "\n");
    if quiet.contains(['>', '|', '`', '<']) || quiet.contains("$(") {
        return Deed::Something;
    }
    let mut files = Vec::new();
    for part in quiet.split(['\n', ';', '&']) {
        match part_of(part) {
            Some(Some(file)) => files.push(file),
            Some(None) => {}
            None => return Deed::Something,
        }
    }
    if files.is_empty() { Deed::Nothing } else { Deed::Files(files) }
}

/// The file that one part runs, if it runs one; `None` when it may do anything else.
fn part_of(part: &str) -> Option<Option<String>> {
    let part = part.trim();
    if part.is_empty() || part.starts_with('#') {
        return Some(None);
    }
    let is_lead = |word: &&str| LEADS.contains(word) || is_assignment(word);
    let words: Vec<&str> = part.split_ascii_whitespace().skip_while(is_lead).collect();
    let (first, rest) = words.split_first()?;
    if IDLE.contains(first) {
        return Some(None);
    }
    let plain =
        |path: &str| (!path.starts_with('-') && !path.contains(['$', '*', '~'])).then(|| path.to_owned());
    let unquoted = |word: &str| word.trim_matches(['"', '\'']).to_owned();
    if RUNNERS.contains(first) {
        return rest.first().and_then(|path| plain(&unquoted(path))).map(Some);
    }
    if first.starts_with("./") {
        return plain(first).map(Some);
    }
    None
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
        ] {
            assert_eq!(deed(text), Deed::Nothing, "{text}");
        }
        for text in [
            "echo x > state",
            "echo x | mail a@b",
            "echo $(rm -r x)",
            "curl x",
            "npm run y",
            "node",
            "node -e 1",
        ] {
            assert_eq!(deed(text), Deed::Something, "{text}");
        }
        assert_eq!(deed("echo go; node jobs/a.js --all"), Deed::Files(vec!["jobs/a.js".into()]));
        assert_eq!(deed("exec ./run.sh"), Deed::Files(vec!["./run.sh".into()]));
    }
}
