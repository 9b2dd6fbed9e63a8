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

/// Options of package managers that lead to several packages, or make a missing script no matter.
const SEVERAL: [&str; 6] =
    ["--workspaces", "-ws", "--if-present", "-r", "--recursive", "--include-workspace-root"];

/// Those that name one other package.
const OTHER: [&str; 4] = ["-w", "--workspace", "--filter", "-F"];

/// Those that name another folder.
const FOLDERS: [&str; 4] = ["--prefix", "-C", "--cwd", "--dir"];

/// What managers do themselves: no names of scripts.
const VERBS: [&str; 34] = [
    "add",
    "audit",
    "bin",
    "cache",
    "ci",
    "config",
    "constraints",
    "create",
    "dedupe",
    "deploy",
    "dlx",
    "exec",
    "fetch",
    "i",
    "import",
    "info",
    "init",
    "install",
    "link",
    "list",
    "ls",
    "outdated",
    "pack",
    "plugin",
    "prune",
    "publish",
    "rebuild",
    "remove",
    "set",
    "store",
    "up",
    "upgrade",
    "version",
    "why",
];

/// One thing that a command calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callee {
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
    /// A script of a package that is known by its name, or by its folder as it is seen from here.
    Other {
        package: String,
        name: String,
        run: Run,
    },
    /// Any script whose name begins so: `build:*`.
    Like {
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

/// How a script is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// As a script: nothing else will do.
    Script,
    /// A program of that name will do too.
    OrProgram,
}

/// What a command calls, in its order.
pub(crate) fn callees(command: &str) -> Vec<Callee> {
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
        if *first == "concurrently" {
            callees.extend(side_by_side(part, &folder));
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
            let names = rest.iter().filter(|word| !word.starts_with('-'));
            let called = names.filter_map(|name| match pattern(name) {
                Some(name) => Some(Callee::Like { folder: folder.to_owned(), name: name.to_owned() }),
                None if is_plain(name) => {
                    Some(Callee::Script { folder: folder.to_owned(), name: (*name).to_owned() })
                }
                None => None,
            });
            called.chain([Callee::Program(first.to_owned())]).collect()
        }
        "pm2" | "pm2-runtime" => {
            let mut words = rest.iter().filter(|word| !word.starts_with('-'));
            let named = match words.next() {
                Some(&("start" | "startOrRestart" | "startOrReload" | "startOrGracefulReload")) => {
                    words.next()
                }
                Some(word) if first == "pm2-runtime" => Some(word),
                Some(_) | None => None,
            };
            let is_file = |word: &&&str| {
                let endings = [".js", ".cjs", ".mjs", ".json", ".yml", ".yaml", ".config.ts"];
                endings.iter().any(|ending| word.ends_with(ending)) && is_plain(word)
            };
            let named = named.filter(is_file).filter(|word| !word.starts_with(['/', '~']));
            named.map(|word| file(word)).into_iter().chain([Callee::Program(first.to_owned())]).collect()
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

/// `build:*`, without what stands for any name. `None` for what is no such pattern.
fn pattern(word: &str) -> Option<&str> {
    let name = word.strip_suffix(":**").or(word.strip_suffix(":*"))?;
    is_plain(name).then_some(name)
}

/// What `concurrently "npm run a" "npm:b"` calls: each of its texts is a command.
fn side_by_side(part: &str, folder: &str) -> Vec<Callee> {
    const WITH_TEXT: [&str; 12] = [
        "-n",
        "--names",
        "-c",
        "--prefix-colors",
        "-p",
        "--prefix",
        "-s",
        "--success",
        "-l",
        "--prefix-length",
        "-t",
        "--timestamp-format",
    ];
    let mut called = Vec::new();
    let mut option = "";
    let mut rest = part.trim_start().strip_prefix("concurrently").unwrap_or("").trim_start();
    // Each turn takes a word or a text away.
    while let Some(first) = rest.chars().next() {
        let (word, behind) = if matches!(first, '"' | '\'') {
            let inner = rest.get(1..).unwrap_or("");
            inner.split_once(first).unwrap_or((inner, ""))
        } else {
            rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
        };
        rest = behind.trim_start();
        let is_value = WITH_TEXT.contains(&std::mem::take(&mut option));
        if word.starts_with('-') {
            option = word;
        } else if let Some(name) = word.strip_prefix("npm:").filter(|_| !is_value) {
            let name = name.split_ascii_whitespace().next().unwrap_or(name);
            if is_plain(name) {
                called.push(Callee::Script { folder: folder.to_owned(), name: name.to_owned() });
            }
        } else if !is_value && word.contains(' ') && folder.is_empty() {
            called.extend(callees(word));
        }
    }
    called
}

/// What leads a package manager elsewhere.
enum Place<'w> {
    Here,
    Package(&'w str),
    Folder(&'w str),
    /// Several packages, or one that is chosen in a way that is not followed.
    Anywhere,
}

/// The words of a call of a package manager that are no options, and where it goes.
fn placed<'w>(rest: &[&'w str]) -> (Vec<&'w str>, Place<'w>) {
    let mut place = Place::Here;
    let mut plain = Vec::new();
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with('-') => (option, Some(value)),
            Some(_) | None => (word, None),
        };
        if SEVERAL.contains(&option) {
            return (plain, Place::Anywhere);
        }
        if OTHER.contains(&option) || FOLDERS.contains(&option) {
            let Some(to) = value.or_else(|| words.next()) else { return (plain, Place::Anywhere) };
            let is_one = is_plain(to) && !to.contains("...") && !to.contains(['!', '[', '^', '}']);
            place = match place {
                Place::Here if is_one && OTHER.contains(&option) => Place::Package(to),
                Place::Here if is_one && !to.starts_with('/') => Place::Folder(to),
                Place::Here | Place::Package(_) | Place::Folder(_) | Place::Anywhere => Place::Anywhere,
            };
        } else if word == "--" {
            break;
        } else if !word.starts_with('-') {
            plain.push(word);
        }
    }
    (plain, place)
}

/// `npm run x`, `npm test`; what else managers do is theirs.
fn manager(first: &str, rest: &[&str], folder: &str) -> Option<Callee> {
    let (plain, place) = placed(rest);
    let (mut words, mut place) = (plain.into_iter(), place);
    let mut verb = words.next()?;
    if (verb, first) == ("workspace", "yarn") {
        place = Place::Package(words.next().filter(|name| is_plain(name))?);
        verb = words.next()?;
    }
    let (name, is_either) = match (verb, first) {
        // These two also run programs of packages, and one of them files.
        ("run", "yarn" | "bun") => (words.next()?, true),
        ("run" | "run-script", _) => (words.next()?, false),
        (verb @ ("test" | "stop"), "npm" | "pnpm") => (verb, false),
        (verb, "yarn" | "pnpm") if !matches!(place, Place::Here) && !VERBS.contains(&verb) => (verb, true),
        (_, _) => return None,
    };
    // `npm run env` lists the environment where no script is called so.
    if !is_plain(name) || name.contains('*') || name == "env" {
        return None;
    }
    let (folder, name) = (folder.to_owned(), name.to_owned());
    let run = if is_either { Run::OrProgram } else { Run::Script };
    match place {
        Place::Anywhere => return None,
        Place::Package(package) => {
            return folder.is_empty().then(|| Callee::Other { package: package.to_owned(), name, run });
        }
        Place::Folder(to) => {
            return Some(Callee::Other { package: format!("./{folder}{to}"), name, run });
        }
        Place::Here => {}
    }
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
            Callee::Other { package, name, .. } => format!("other:{package}#{name}"),
            Callee::Like { folder, name } => format!("like:{folder}{name}"),
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
            ("run-s a b:* 'c'", "run:a like:b run:c run-s"),
            ("npm run a -w packages/x", "other:packages/x#a"),
            ("npm run a --workspace=@x/a && npm run b -ws && npm run c --if-present", "other:@x/a#a"),
            ("yarn workspace @x/a gone && yarn workspace @x/a add y", "other:@x/a#gone"),
            ("pnpm --filter @x/a gone; pnpm --filter '@x/*' gone; pnpm --filter a... b", "other:@x/a#gone"),
            ("pnpm -r build && pnpm lint", ""),
            ("yarn --cwd packages/a gone", "other:./packages/a#gone"),
            ("npm --prefix a run b", "other:./a#b"),
            (
                "concurrently -n \"a,b c\" \"npm run nope\" 'npm:nada' npm:x:* \"node z.js\" vite",
                "run:nope run:nada file:z.js node concurrently",
            ),
            ("pm2 start ecosystem.config.js --only a", "file:ecosystem.config.js pm2"),
            ("pm2 restart all && pm2 start npm -- start", "pm2 pm2"),
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
