//! What keeps work on its machine.

use crate::workflow::Refused;

/// Folders that are of one machine.
const PLACES: [&str; 10] =
    ["/etc/", "/home/", "/media/", "/mnt/", "/opt/", "/root/", "/srv/", "/usr/local/", "/var/", "/Users/"];

/// Programs that act on the machine that they run on, and why.
const PROGRAMS: [&str; 9] = [
    "pm2",
    "systemctl",
    "service",
    "crontab",
    "docker",
    "docker-compose",
    "podman",
    "launchctl",
    "supervisorctl",
];

/// Words of commands that never end.
const ENDLESS: [&str; 9] = [
    "--watch",
    "-w",
    "nodemon",
    "http-server",
    "webpack-dev-server",
    "live-server",
    "forever",
    "ts-node-dev",
    "serve",
];

/// Packages that keep data in a file.
const FILES: [&str; 6] = ["better-sqlite3", "sqlite3", "node:sqlite", "nedb", "lowdb", "leveldb"];

/// Whether a command can do its work elsewhere. `source` is where it is written.
pub(super) fn command(text: &str, source: &str) -> Result<(), Refused> {
    if let Some(path) = place(text, |c| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | '>' | '<' | '('))
    {
        return Err(of_machine(source, path));
    }
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')')).collect();
    if let Some(word) = words.iter().find(|word| PROGRAMS.contains(word)) {
        return Err(Refused::new(
            format!("`{word}` acts on the machine that it runs on"),
            "Name something that does the same elsewhere as its `backup` in standin.toml.",
        ));
    }
    let dev = words
        .windows(2)
        .find(|pair| matches!(pair, ["next" | "vite" | "nuxt" | "astro", "dev" | "start" | "preview"]));
    let endless =
        words.iter().find(|word| ENDLESS.contains(word)).or_else(|| dev.and_then(|pair| pair.first()));
    match endless {
        Some(word) => Err(never_ends(&format!("`{word}` keeps it running"))),
        None => Ok(()),
    }
}

/// Whether a script can do its work elsewhere, as far as its own text tells.
pub(super) fn script(text: &str, path: &str) -> Result<(), Refused> {
    if text.contains("readdir")
        && let Some(at) = text.lines().position(|line| line.contains("tmpdir()"))
    {
        let line = at.saturating_add(1);
        return Err(Refused::new(
            format!("{path}:{line} goes through what lies on its own machine"),
            "Nothing: there is nothing of it elsewhere.",
        ));
    }
    for (number, line) in (1_usize..).zip(text.lines()) {
        let code = line.trim_start();
        if code.starts_with("//") || code.starts_with('#') || code.starts_with('*') || code.starts_with("/*")
        {
            continue;
        }
        let here = format!("{path}:{number}");
        if let Some(found) = place(code, |c| matches!(c, '"' | '\'' | '`')) {
            return Err(of_machine(&here, found));
        }
        // A default beside a variable is what the variable is for.
        let is_default = code.contains("env") || code.contains("??") || code.contains("||");
        if !is_default
            && let Some(host) = ["://localhost", "://127.0.0.1"].iter().find(|host| code.contains(*host))
        {
            let host = host.trim_start_matches("://");
            return Err(Refused::new(
                format!("{here} asks {host}, and no other machine has what answers there"),
                "Take the address from a variable.",
            ));
        }
        if code.contains(".listen(") {
            return Err(never_ends(&format!("{here} listens")));
        }
        let quoted =
            |name: &str| code.contains(&format!("'{name}'")) || code.contains(&format!("\"{name}\""));
        if let Some(name) = FILES.iter().find(|name| quoted(name)) {
            return Err(Refused::new(
                format!("{here} keeps its data in a file of the machine, by {name}"),
                "Keep what it needs where both can reach it.",
            ));
        }
    }
    Ok(())
}

fn of_machine(here: &str, path: &str) -> Refused {
    Refused::new(
        format!("{here} names {path}, which only that machine has"),
        "Keep it in the repository, or take it from a variable.",
    )
}

/// Why something is no scheduled work.
pub(super) fn never_ends(why: &str) -> Refused {
    Refused::new(
        format!("{why}, and a workflow is for work that ends"),
        "Name what could take its place elsewhere as its `backup` in standin.toml.",
    )
}

/// The first path of a machine that stands behind one of these.
fn place(text: &str, opens: impl Fn(char) -> bool) -> Option<&str> {
    let mut first: Option<usize> = None;
    for place in PLACES.iter().chain(&["~/", "$HOME/"]) {
        let at = text.match_indices(place).map(|(at, _)| at);
        let found = at
            .into_iter()
            .find(|at| text.get(..*at).and_then(|before| before.chars().next_back()).is_none_or(&opens));
        first = first.into_iter().chain(found).min();
    }
    let rest = text.get(first?..)?;
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | ')' | '&' | '|' | ','));
    rest.get(..end.unwrap_or(rest.len()))
}

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | ',' | '@' | '+' | '%')
    };
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_only_one_machine_has_is_named_with_its_place() {
        for (text, why) in [
            ("node x.js --to /var/spool/x", "c:1 names /var/spool/x, which only that machine has"),
            ("tar c . > ~/backup.tar", "c:1 names ~/backup.tar, which only that machine has"),
            ("pm2 restart web", "`pm2` acts on the machine that it runs on"),
            ("nodemon x.js", "`nodemon` keeps it running, and a workflow is for work that ends"),
            ("next start", "`next` keeps it running, and a workflow is for work that ends"),
        ] {
            assert_eq!(command(text, "c:1").unwrap_err().why, why);
        }
        for (text, why) in [
            ("// '/etc/x'\nread('/etc/x')", "s.js:2 names /etc/x, which only that machine has"),
            (
                "fetch('http://localhost:3000/x')",
                "s.js:1 asks localhost, and no other machine has what answers there",
            ),
            (
                "import x\nconst carts = join(tmpdir(), 'carts');\nreaddir(carts)",
                "s.js:2 goes through what lies on its own machine",
            ),
            ("app.listen(1)", "s.js:1 listens, and a workflow is for work that ends"),
            (
                "import D from 'better-sqlite3'",
                "s.js:1 keeps its data in a file of the machine, by better-sqlite3",
            ),
        ] {
            assert_eq!(script(text, "s.js").unwrap_err().why, why);
        }
    }

    #[test]
    fn what_any_machine_has_may_be_moved() {
        assert_eq!(command("node jobs/x.js --url https://a.b/var/c > /dev/null", "c"), Ok(()));
        for text in [
            "fetch('/data/x')",
            "const url = process.env.URL ?? 'http://localhost:1'",
            "x = a / b; // see /etc/x",
            "'https://a.b/etc/c'",
        ] {
            assert_eq!(script(text, "s"), Ok(()), "{text}");
        }
        assert_eq!(
            (quoted("a b'c"), quoted("a-b/c.js"), quoted("")),
            ("'a b'\\''c'".into(), "a-b/c.js".into(), "''".into())
        );
    }
}
