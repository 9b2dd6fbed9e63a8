//! The line of a crontab, where it stands in a crontab, a script that installs it, or the text of an image.

use crate::file::Files;

/// How far variables are followed into one another.
const MAX_DEPTH: usize = 4;

/// Variables that any shell of a runner has, with a meaning of their own.
const ANYWHERE: [&str; 4] = ["RANDOM", "SECONDS", "LINENO", "PATH"];

/// Whether a shell has replaced the variables of a line before cron has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expanded {
    Yes,
    No,
}

/// What stands behind the time of the line, with what the file says of its variables put in.
pub(super) fn behind_time(files: &Files, path: &str, line: u32, cron: Option<&str>) -> Option<String> {
    let text = files.text(path)?;
    let at = usize::try_from(line.checked_sub(1)?).ok()?;
    let raw = text.lines().nth(at)?;
    let (command, expanded) = match cron {
        Some(cron) => {
            let start = after(raw, cron)?;
            cut(raw, start)?
        }
        None => (after_fields(raw)?.to_owned(), Expanded::No),
    };
    let command = command.trim();
    (!command.is_empty()).then(|| resolved(command, (path, text), expanded))
}

/// Where the text behind these fields begins.
fn after(raw: &str, cron: &str) -> Option<usize> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let first = fields.first()?;
    raw.match_indices(first).map(|(at, _)| at).find_map(|at| {
        let before = raw.get(..at)?.chars().next_back();
        if before.is_some_and(|c| !(c.is_whitespace() || matches!(c, '"' | '\'' | '=' | '`'))) {
            return None;
        }
        let mut end = at;
        for (nth, field) in fields.iter().enumerate() {
            let rest = raw.get(end..)?;
            let blanks = rest.len().saturating_sub(rest.trim_start().len());
            if nth > 0 && blanks == 0 {
                return None;
            }
            end = end.saturating_add(blanks);
            raw.get(end..)?.strip_prefix(field)?;
            end = end.saturating_add(field.len());
        }
        let next = raw.get(end..)?.chars().next();
        next.is_none_or(char::is_whitespace).then_some(end)
    })
}

/// The text behind five fields, or behind `@reboot` and its like.
fn after_fields(raw: &str) -> Option<&str> {
    let mut rest = raw.trim_start();
    let fields = if rest.starts_with('@') { 1 } else { 5 };
    for _ in 0..fields {
        rest = super::word(rest)?.1;
    }
    Some(rest)
}

/// The text up to the quote that ends it, as it is without quotes.
fn cut(raw: &str, start: usize) -> Option<(String, Expanded)> {
    let mut open = None;
    let mut escaped = false;
    for c in raw.get(..start)?.chars() {
        match (open, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '"' | '\'') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            _ => {}
        }
    }
    let rest = raw.get(start..)?;
    let Some(quote) = open else {
        // A line of its own, as in a crontab or a here-document, in which a shell may have put variables in.
        return (!rest.trim_end().ends_with('\\')).then(|| (rest.to_owned(), Expanded::Yes));
    };
    let mut out = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c == quote => {
                let expanded = if quote == '"' { Expanded::Yes } else { Expanded::No };
                return Some((out, expanded));
            }
            // The end of the line, for echo -e and printf.
            '\\' if chars.peek() == Some(&'n') => {
                let expanded = if quote == '"' { Expanded::Yes } else { Expanded::No };
                return Some((out, expanded));
            }
            '\\' if quote == '"' && chars.peek().is_some_and(|next| matches!(next, '"' | '\\' | '`')) => {
                out.extend(chars.next());
            }
            c => out.push(c),
        }
    }
    // The quote ends in another line.
    None
}

/// The command with the folders that its file tells of in the place of its variables.
fn resolved(command: &str, file: (&str, &str), expanded: Expanded) -> String {
    let mut text = command.to_owned();
    if expanded == Expanded::Yes {
        text = folders(&text, file.0);
    }
    for _ in 0..MAX_DEPTH {
        let names = variables(&text);
        let Some((name, value)) = names.iter().find_map(|name| Some((name, value_of(name, file)?))) else {
            break;
        };
        for form in [format!("${{{name}}}"), format!("${name}")] {
            text = replaced(&text, &form, &value);
        }
    }
    text.replace("\\$", "$")
}

/// What a variable is, if its file says so once.
fn value_of(name: &str, (path, text): (&str, &str)) -> Option<String> {
    let assigned = |line: &str| -> Option<String> {
        let line = line.trim_start();
        let line = ["export ", "readonly ", "local "]
            .iter()
            .find_map(|word| line.strip_prefix(word))
            .unwrap_or(line);
        let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?.trim();
        Some(value.to_owned())
    };
    let mut values = text.lines().filter_map(assigned);
    let value = values.next().filter(|_| values.next().is_none())?;
    let bare = value.trim_matches(['"', '\'']);
    let value = folders(bare, path);
    // Whatever else a shell would have to work out is not known.
    (!value.contains("$(") && !value.contains('`') && !value.contains(char::is_whitespace)).then_some(value)
}

/// A text with the folder that a script is in, and the one that it runs in, written out.
fn folders(text: &str, path: &str) -> String {
    let mut out = text.to_owned();
    // Bounded: each turn takes a substitution away.
    while let Some((start, inner, end)) = substitution(&out) {
        let inner = inner.trim();
        let says_own = inner.contains("dirname") && (inner.contains("$0") || inner.contains("BASH_SOURCE"));
        let folder = if inner == "pwd" {
            ".".to_owned()
        } else if says_own {
            let mut ups = inner.matches("dirname").count().saturating_sub(1);
            ups = ups.saturating_add(inner.matches("/..").count());
            let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            for _ in 0..ups {
                folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
            }
            if folder.is_empty() { ".".to_owned() } else { folder.to_owned() }
        } else if let Some(program) =
            inner.strip_prefix("which ").or_else(|| inner.strip_prefix("command -v "))
        {
            program.trim().to_owned()
        } else {
            break;
        };
        out.replace_range(start..end, &folder);
    }
    ["${PWD}", "$PWD"].iter().fold(out, |text, form| replaced(&text, form, "."))
}

/// The first `$( … )`, with its brackets counted.
fn substitution(text: &str) -> Option<(usize, String, usize)> {
    let start = text.find("$(")?;
    let mut depth = 0_usize;
    for (at, c) in text.get(start..)?.char_indices() {
        match c {
            '(' => depth = depth.saturating_add(1),
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let end = start.saturating_add(at);
                    return Some((
                        start,
                        text.get(start.saturating_add(2)..end)?.to_owned(),
                        end.saturating_add(1),
                    ));
                }
            }
            _ => {}
        }
    }
    None
}

/// A variable replaced where its name ends with it.
fn replaced(text: &str, form: &str, value: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(form) {
        let (before, after) = rest.split_at(at);
        let after = after.get(form.len()..).unwrap_or_default();
        let goes_on =
            !form.ends_with('}') && after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(before);
        out.push_str(if goes_on || before.ends_with('\\') { form } else { value });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Variables that a command reads and neither sets nor has by default.
pub(super) fn unset(command: &str) -> Option<String> {
    variables(command).into_iter().find(|name| {
        let is_set = command.contains(&format!("{name}=")) || command.contains(&format!(" {name} in "));
        !is_set && !ANYWHERE.contains(&name.as_str())
    })
}

/// The variables that a shell would put in, in order.
fn variables(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut quoted = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '\'' && before != '\\' {
            quoted = !quoted;
        }
        if c == '$' && before != '\\' && !quoted {
            let rest = text.get(at.saturating_add(1)..).unwrap_or_default();
            let bare = rest.strip_prefix('{').unwrap_or(rest);
            let end = bare.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(bare.len());
            let name = bare.get(..end).unwrap_or_default();
            let has_default = bare.len() < rest.len()
                && bare.get(end..).is_some_and(|rest| rest.starts_with([':', '-', '+']));
            if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !has_default {
                found.push(name.to_owned());
            }
        }
        before = c;
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::file::Present;

    fn read(path: &str, text: &str, line: u32, cron: &str) -> Option<String> {
        let mut files = Files::default();
        files.add(path, Present::Text(text.to_owned()));
        behind_time(&files, path, line, Some(cron))
    }

    #[test]
    fn the_command_is_what_cron_is_given() {
        for (text, cron, wanted) in [
            ("5 4 * * 0 python3 bot.py", "5 4 * * 0", "python3 bot.py"),
            ("echo \"5 4 * * 0 python3 bot.py\" >> $TMP; crontab $TMP", "5 4 * * 0", "python3 bot.py"),
            ("CRON_JOB=\"30 4 * * *  node scripts/sync.js\"", "30 4 * * *", "node scripts/sync.js"),
            (
                "RUN echo '0 2 * * * node scripts/sync.js' > /etc/crontabs/root",
                "0 2 * * *",
                "node scripts/sync.js",
            ),
            (
                "(crontab -l; echo \"0 3 * * * python3 job.py --to \\\"a b\\\"\") | crontab -",
                "0 3 * * *",
                "python3 job.py --to \"a b\"",
            ),
            ("RUN printf '@daily make x\\n@hourly make y\\n' > /etc/cron", "@daily", "make x"),
            ("10 10 * * * make", "10 * * * make", ""),
        ] {
            let found = read("x.sh", text, 1, cron);
            assert_eq!(found.unwrap_or_default(), wanted, "{text}");
        }
        assert_eq!(
            read("x.sh", "echo \"0 3 * * * make \\", 1, "0 3 * * *"),
            None,
            "it goes on in the next line"
        );
        assert_eq!(read("x.sh", "$TIME make", 1, "0 3 * * *"), None);
    }

    #[test]
    fn folders_that_a_script_finds_itself_are_told() {
        for (set, wanted) in [
            ("DIR=$(pwd)", "cd . && make"),
            ("DIR=\"$PWD\"", "cd . && make"),
            ("DIR=\"$(cd \"$(dirname \"$0\")\" && pwd)\"", "cd ops/cron && make"),
            ("DIR=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")/..\" && pwd)\"", "cd ops && make"),
            ("DIR=$(dirname $(dirname $(readlink -f $0)))", "cd ops && make"),
            ("ROOT=/srv/x\nexport DIR=$ROOT/y", "cd /srv/x/y && make"),
            ("DIR=$(jq -r .dir x.json)", "cd $DIR && make"),
            ("DIR=a\nDIR=b", "cd $DIR && make"),
        ] {
            let line = u32::try_from(set.lines().count()).unwrap() + 1;
            let text = format!("{set}\necho \"0 3 * * * cd $DIR && make\" | crontab -\n");
            assert_eq!(read("ops/cron/x.sh", &text, line, "0 3 * * *").unwrap(), wanted, "{set}");
        }
        assert_eq!(unset("cd $DIR && make").as_deref(), Some("DIR"));
        for known in [
            "A=1; echo $A",
            "awk '{ print $x }'",
            "sleep $RANDOM",
            "echo ${X:-1} $1 $?",
            "for f in *; do echo $f; done",
        ] {
            assert_eq!(unset(known), None, "{known}");
        }
    }
}
