//! What the command of a script calls: other scripts, files, programs. Only what is spelled out counts.

/// Programs that run the file which is their first argument.
const RUNNERS: [&str; 11] =
    ["node", "tsx", "ts-node", "bash", "sh", "zsh", "python", "python3", "babel-node", "esno", "swc-node"];

/// Options of theirs that take the next word.
const WITH_VALUE: [&str; 17] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "--env-file",
    "-C",
    "--conditions",
    "-P",
    "--project",
    "--tsconfig",
    "--compiler-options",
    "-O",
    "-o",
    "--env-file-if-exists",
    "-W",
    "-X",
];

/// Options after which the first word is no file.
const NO_FILE: [&str; 9] = ["-e", "--eval", "-p", "--print", "-c", "-m", "--test", "--run", "-s"];

/// How the names of files end that these programs run.
const PROGRAM_ENDINGS: [&str; 12] =
    [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".py", ".sh", ".bash", ".zsh"];

/// Programs that only lead to another.
const LEADS: [&str; 7] = ["cross-env", "cross-env-shell", "exec", "time", "env", "command", "nice"];

/// Options of package managers that lead to another package, or make a missing script no matter.
const ELSEWHERE: [&str; 13] = [
    "-w",
    "--workspace",
    "--workspaces",
    "-ws",
    "--prefix",
    "-C",
    "--if-present",
    "--filter",
    "-F",
    "-r",
    "--recursive",
    "--cwd",
    "--dir",
];

/// One thing that a command calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Callee {
    /// A script of the package in the folder that the command was in by then, relative; empty for its own.
    Script {
        folder: String,
        name: String,
    },
    /// A script, or else a program: some managers look for either.
    Either {
        folder: String,
        name: String,
    },
    /// A file, and the folder that the command was in by then; both relative.
    File {
        folder: String,
        path: String,
    },
    Program(String),
}

/// What a command calls, in its order.
pub(super) fn callees(command: &str) -> Vec<Callee> {
    let mut callees = Vec::new();
    let mut folder = String::new();
    for part in parts(command) {
        let words: Vec<&str> = part
            .split_ascii_whitespace()
            .map(|word| word.trim_matches(['"', '\'', '(', ')']))
            .skip_while(|word| {
                LEADS.contains(word) || is_assignment(word) || *word == "--" || word.is_empty()
            })
            .collect();
        let Some((first, rest)) = words.split_first() else { continue };
        if *first == "cd" || *first == "pushd" {
            match rest.first() {
                Some(to) if is_plain(to) && !to.starts_with('/') => folder = format!("{folder}{to}/"),
                // From here on nobody knows where it is.
                Some(_) | None => return callees,
            }
            continue;
        }
        callees.extend(callee(first, rest, &folder));
    }
    callees
}

fn callee(first: &str, rest: &[&str], folder: &str) -> Vec<Callee> {
    let file = |path: &str| Callee::File { folder: folder.to_owned(), path: path.to_owned() };
    match first {
        "npm" | "yarn" | "pnpm" | "bun" => manager(first, rest, folder).into_iter().collect(),
        "run-s" | "run-p" | "npm-run-all" => {
            let names =
                rest.iter().filter(|word| !word.starts_with('-') && is_plain(word) && !word.contains('*'));
            names
                .map(|name| Callee::Script { folder: folder.to_owned(), name: (*name).to_owned() })
                .chain([Callee::Program(first.to_owned())])
                .collect()
        }
        _ if RUNNERS.contains(&first) => {
            let runner = Callee::Program(first.to_owned());
            argument(rest).map(file).into_iter().chain([runner]).collect()
        }
        _ if !is_plain(first) || first.starts_with(['/', '~', '-']) => Vec::new(),
        _ if first.contains('/') => vec![file(first)],
        _ => vec![Callee::Program(first.to_owned())],
    }
}

/// `npm run x`, `npm test`; what else managers do is theirs.
fn manager(first: &str, rest: &[&str], folder: &str) -> Option<Callee> {
    if rest.iter().any(|word| {
        ELSEWHERE.contains(word) || word.starts_with("--workspace") || word.starts_with("--filter")
    }) {
        return None;
    }
    let mut words = rest.iter().filter(|word| !word.starts_with('-'));
    let (name, is_either) = match (*words.next()?, first) {
        // These two also run programs of packages, and one of them files.
        ("run", "yarn" | "bun") => (*words.next()?, true),
        ("run" | "run-script", _) => (*words.next()?, false),
        (verb @ ("test" | "stop"), "npm" | "pnpm") => (verb, false),
        (_, _) => return None,
    };
    // `npm run env` lists the environment where no script is called so.
    if !is_plain(name) || name.contains('*') || name == "env" {
        return None;
    }
    let (folder, name) = (folder.to_owned(), name.to_owned());
    Some(match is_either {
        true if first == "bun" && is_program_file(&name) => Callee::File { folder, path: name },
        true => Callee::Either { folder, name },
        false => Callee::Script { folder, name },
    })
}

fn is_program_file(word: &str) -> bool {
    PROGRAM_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

/// The file among the arguments of a program that runs one.
fn argument<'w>(rest: &[&'w str]) -> Option<&'w str> {
    let mut words = rest.iter();
    // The word behind an option that is not known may be the value of it.
    let mut is_certain = true;
    while let Some(word) = words.next() {
        if NO_FILE.contains(word) {
            return None;
        }
        if WITH_VALUE.contains(word) {
            words.next();
        } else if word.starts_with("--") && !word.contains('=') {
            is_certain = false;
        } else if !word.starts_with('-') {
            // `tsx watch x.ts`, `node inspect x.js`.
            if matches!(*word, "watch" | "inspect") {
                continue;
            }
            if !is_certain && !is_program_file(word) {
                return None;
            }
            return is_plain(word).then_some(*word).filter(|word| !word.starts_with(['/', '~']));
        }
    }
    None
}

/// Nothing in it that a shell would replace.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.contains(['$', '`', '*', '?', '{', '<', '>', '%', '\\'])
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The parts of a command between `&&`, `||`, `;`, `|` and `&`, outside of quotes.
fn parts(command: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quote) = (0_usize, None::<char>);
    for (at, c) in command.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' || c == '`' => quote = Some(c),
            None if matches!(c, ';' | '|' | '&' | '\n') => {
                parts.extend(command.get(start..at));
                start = at.saturating_add(1);
            }
            None => {}
        }
    }
    parts.extend(command.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(command: &str) -> String {
        let words = callees(command).into_iter().map(|callee| match callee {
            Callee::Script { folder, name } => format!("run:{folder}{name}"),
            Callee::Either { folder, name } => format!("either:{folder}{name}"),
            Callee::File { folder, path } => format!("file:{folder}{path}"),
            Callee::Program(name) => name,
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_a_command_calls_is_found() {
        let cases = [
            ("npm run a && npm run b -- --x | tee l", "run:a run:b tee"),
            ("NODE_ENV=x cross-env A=1 node -r dotenv/config src/a.js --y", "file:src/a.js node"),
            ("cd web && ./build.sh; tsc", "file:web/./build.sh tsc"),
            ("cd $X && node a.js", ""),
            ("run-s a b:* 'c'", "run:a run:c run-s"),
            ("npm run a -w packages/x", ""),
            ("node -e \"x && y\"", "node"),
            ("bash -c 'a'", "bash"),
            ("echo 'npm run a'", "echo"),
            ("tsx watch x.ts", "file:x.ts tsx"),
            ("npm test && pnpm lint", "run:test"),
            ("node .", "file:. node"),
            ("cd docs && npm run docs; yarn run tsc", "run:docs/docs either:docs/tsc"),
            ("bun run src/a.ts && bun run b", "file:src/a.ts either:b"),
            ("ts-node --project tsconfig.cjs.json a/b.ts", "file:a/b.ts ts-node"),
            ("node --test-reporter spec --x y.mjs", "node"),
            ("node --no-warnings y.mjs", "file:y.mjs node"),
            ("npm run env", ""),
        ];
        for (command, wanted) in cases {
            assert_eq!(shown(command), wanted, "{command}");
        }
    }
}
