//! The command of a line of a crontab.

use standin_core::automation::Automation;

use super::{Errand, Known, join_inside, scripts};
use crate::file::Files;
use crate::workflow::Refused;

mod line;

/// Users that images and distributions have: a crontab that names them has a column for it.
const USERS: [&str; 12] = [
    "root", "www-data", "nobody", "daemon", "ubuntu", "debian", "ec2-user", "node", "postgres", "app",
    "deploy", "nginx",
];

/// Endings of what Node runs.
const JAVASCRIPT: [&str; 6] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/// Where programs are on most machines, and not on every one.
const BINS: [&str; 3] = ["/usr/local/bin/", "/usr/bin/", "/bin/"];

/// What a line does. The folder in which the repository lies on the machine is told from the paths that it has.
pub(super) fn of(automation: &Automation, known: Known<'_>) -> Result<Errand, Refused> {
    let source = format!("{}:{}", automation.source.path, automation.source.line);
    let Some(written) = command(automation, known.files) else {
        return Err(Refused::new(
            format!("what cron is given at {source} cannot be read"),
            "Write time and command out in one line.",
        ));
    };
    if has_input(&written) {
        return Err(Refused::new(
            format!("{source} hands a text to its command by %"),
            "Put it into a script.",
        ));
    }
    let text = without_log(&written.replace("\\%", "%"));
    let home = home(&text, known);
    let text = match &home {
        // What is left of it is relative to the repository.
        Some(home) => without_cd(&text.replace(&format!("{home}/"), ""), home),
        None => text,
    };
    let (dir, text) = gone(&text);
    if let Some(name) = line::unset(&text) {
        return Err(Refused::new(
            format!("{source} uses `${name}`, and nothing in its file says what that is elsewhere"),
            "Write it out, or name something that does the same as its `backup` in standin.toml.",
        ));
    }
    known.check_command(&text, &dir, &source)?;
    if text.starts_with("cd /") {
        return Err(Refused::new(
            format!("{source} goes to a folder that only that machine has"),
            "Name what it runs by its path, so that it can be found in the repository.",
        ));
    }
    Ok(known.shell(&text, dir))
}

/// The command as cron is given it: behind the time, and behind the user where the file names users.
pub(super) fn command(automation: &Automation, files: &Files) -> Option<String> {
    let path = automation.source.path.as_str();
    let cron = automation.schedules.first().map(|schedule| schedule.cron.as_str());
    let rest = line::behind_time(files, path, automation.source.line, cron)?;
    let (user, behind) = word(&rest)?;
    let is_system = path.contains("cron.d/") || path.ends_with("etc/crontab");
    let next = word(behind).map_or("", |(next, _)| next);
    // A user, or the program of the same name.
    let is_node =
        user == "node" && (next.starts_with('-') || JAVASCRIPT.iter().any(|end| next.ends_with(end)));
    let is_user = USERS.contains(&user) && !behind.is_empty() && !is_node;
    Some(if is_system || is_user { behind.to_owned() } else { rest })
}

/// The folder of the repository that a line goes to first, and what it does there.
pub(super) fn gone(text: &str) -> (String, String) {
    let parted =
        text.strip_prefix("cd ").and_then(|rest| rest.split_once("&&").or_else(|| rest.split_once(';')));
    let inside = parted.and_then(|(dir, rest)| {
        let dir = dir.trim().trim_matches(['"', '\'']);
        let is_plain = !dir.contains(['$', ' ', '~', '`', '*']) && !dir.starts_with('-');
        Some((join_inside("", dir).filter(|_| is_plain)?, rest.trim().to_owned()))
    });
    inside.unwrap_or_else(|| (String::new(), text.to_owned()))
}

/// The first word, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    (!text.is_empty()).then(|| Some((text.get(..end)?, text.get(end..)?.trim_start())))?
}

/// Where the scripts of a line could be in the repository: behind each folder of their paths.
pub(super) fn places(command: &str) -> Vec<String> {
    let behind = |script: &str| -> Vec<String> {
        let ends = script.match_indices('/').filter_map(|(at, _)| script.get(at.saturating_add(1)..));
        ends.map(str::to_owned).collect()
    };
    scripts(command).into_iter().filter(|script| script.starts_with('/')).flat_map(behind).collect()
}

/// The folder of the repository on the machine: what stands before a path that the repository has, or what the line
/// goes to first.
fn home(text: &str, known: Known<'_>) -> Option<String> {
    let gone = text.strip_prefix("cd ").and_then(|rest| rest.split_whitespace().next());
    let gone = gone.map(|dir| dir.trim_end_matches([';', '/'])).filter(|dir| dir.starts_with('/'));
    if let Some(dir) = gone {
        let has = |script: &&str| join_inside("", script).is_some_and(|path| known.is_there(&path));
        return scripts(text).into_iter().find(has).map(|_| dir.to_owned());
    }
    scripts(text).into_iter().filter(|script| script.starts_with('/')).find_map(|script| {
        let mut ends = script.match_indices('/').map(|(at, _)| at).skip(1);
        let end =
            ends.find(|at| script.get(at.saturating_add(1)..).is_some_and(|path| known.is_there(path)))?;
        script.get(..end).map(str::to_owned)
    })
}

/// The line without the way to the repository, and with programs by their names alone.
fn without_cd(text: &str, home: &str) -> String {
    let rest = text.strip_prefix("cd ").and_then(|rest| rest.trim_start().strip_prefix(home));
    let rest = rest.map(|rest| rest.trim_start_matches('/').trim_start());
    let rest = rest.and_then(|rest| rest.strip_prefix("&&").or_else(|| rest.strip_prefix(';')));
    let mut out = rest.unwrap_or(text).trim().to_owned();
    for bin in BINS {
        for program in ["node", "npm", "npx", "python3", "bash", "sh", "env"] {
            out = out.replace(&format!("{bin}{program} "), &format!("{program} "));
        }
    }
    // A script that is run as it is needs a folder before its name.
    let is_script =
        scripts(&out).first().is_some_and(|script| out.starts_with(script) && !script.contains('/'));
    if is_script { format!("./{out}") } else { out }
}

/// Without the file that its output goes to: a run keeps its own.
fn without_log(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    // Bounded: each turn takes a word away.
    loop {
        match words.as_slice() {
            [.., "2>&1"] => {
                words.pop();
            }
            [.., last] if is_redirect(last) => {
                words.pop();
            }
            [.., ">" | ">>" | "2>" | "2>>" | "&>", _] => {
                words.truncate(words.len().saturating_sub(2));
            }
            _ => break,
        }
    }
    let end = words.last().map_or(0, |last| {
        last.as_ptr().addr().saturating_sub(text.as_ptr().addr()).saturating_add(last.len())
    });
    text.get(..end).unwrap_or(text).trim().to_owned()
}

fn is_redirect(word: &str) -> bool {
    let target = word.trim_start_matches(['1', '2', '&']).trim_start_matches('>');
    word.contains('>')
        && !target.is_empty()
        && target.len() < word.len()
        && !target.contains(['>', '"', '\''])
}

/// Whether an unescaped % hands the rest to the command.
fn has_input(command: &str) -> bool {
    command.replace("\\%", "").contains('%')
}
