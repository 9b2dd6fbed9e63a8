//! A script or an app of PM2's: what runs it, and with what variables.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Means, PrepareError, Ready, Secrets, Trial, io, open_environment, own_folder, plain, text};
use crate::fidelity::differs;
use crate::tools::Tools;
use crate::work::Pm2Work;
use crate::yaml;

/// Starts a command with what the app's own file sets.
const STARTER: &str = include_str!("program/start.cjs");

/// The first Node that runs TypeScript, and the first that does so unasked.
const STRIPS_TYPES: [(u32, u32); 2] = [(22, 6), (22, 18)];

/// How much of a file tells what it is.
const HEAD: u64 = 1_024;

/// A script of the repository, started by itself.
pub(super) fn script(
    path: &Path,
    dir: &str,
    means: &Means,
    tools: Tools<'_>,
    secrets: &Secrets,
) -> Result<Ready, PrepareError> {
    let by_package = ["tsx", "ts-node"].map(|name| means.root.join("node_modules/.bin").join(name));
    let argv = match by_package.iter().find(|program| is_typed(path) && program.exists()) {
        Some(program) => vec![OsString::from(program), path.into()],
        None => by_itself(path, tools)?,
    };
    there(path)?;
    started(&argv, Some(path), dir, means, tools, secrets)
}

/// An app of PM2's, as PM2 starts it.
pub(super) fn app(
    work: &Pm2Work,
    means: &Means,
    tools: Tools<'_>,
    secrets: &Secrets,
) -> Result<Ready, PrepareError> {
    let path = Path::new(&work.script);
    let (argv, file) = if !path.is_absolute() && work.script.contains(' ') {
        // PM2 hands it to a shell, and its arguments to nobody.
        (vec!["bash".into(), "-c".into(), OsString::from(&work.script)], None)
    } else {
        let path = if path.is_absolute() { path.to_owned() } else { on_path(&work.script, tools)? };
        there(&path)?;
        let mut argv = match work.interpreter.as_deref() {
            Some("none") => vec![path.clone().into()],
            Some(named) => {
                let mut argv = vec![interpreter(named, &work.dir)];
                argv.extend(work.interpreter_args.iter().map(OsString::from));
                argv.push(path.clone().into());
                argv
            }
            None => {
                let mut argv = by_pm2(&path, tools)?;
                let script = argv.pop();
                if !argv.is_empty() {
                    argv.extend(work.interpreter_args.iter().map(OsString::from));
                }
                argv.extend(script);
                argv
            }
        };
        argv.extend(work.args.iter().map(OsString::from));
        (argv, Some(path))
    };
    // What cannot be started is said before its file is read.
    let ready = started(&argv, file.as_deref(), &work.dir, means, tools, secrets)?;
    if means.trial == Trial::Dry {
        return Ok(ready);
    }
    match set_by_its_file(work, means) {
        Settings::None => Ok(ready),
        Settings::Unread => {
            let mut ready = ready;
            let names = if work.env_names.is_empty() { "all" } else { &work.env_names.join(", ") };
            let what = format!("what {} sets for it is not set here ({names})", work.file);
            ready
                .differences
                .push(differs(what, "set it in the environment or in the file that --secrets names"));
            Ok(ready)
        }
        Settings::In(config) => with_settings(work, &argv, &config, means, tools, secrets),
    }
}

/// Where the variables of an app are.
enum Settings {
    /// There are none.
    None,
    /// In a file that only PM2 reads.
    Unread,
    /// In this text, as JSON; empty where the file itself is read.
    In(String),
}

fn set_by_its_file(work: &Pm2Work, means: &Means) -> Settings {
    let name = work.file.rsplit('/').next().unwrap_or_default();
    let written = text(&means.root.join(&work.file)).unwrap_or_default();
    let may_be_computed = work.args.is_empty() && written.contains("args");
    if !written.contains("env") && !may_be_computed {
        return Settings::None;
    }
    let is_any = |endings: &[&str]| endings.iter().any(|ending| name.contains(ending));
    if is_any(&[".json", ".config.js", ".config.cjs", ".config.mjs"]) {
        Settings::In(String::new())
    } else if is_any(&[".yml", ".yaml"]) {
        yaml::value(&written).map_or(Settings::Unread, |config| Settings::In(config.to_string()))
    } else {
        Settings::Unread
    }
}

/// Its file is read by Node, as PM2 does, each time: its values are seen by nobody else.
fn with_settings(
    work: &Pm2Work,
    argv: &[OsString],
    config: &str,
    means: &Means,
    tools: Tools<'_>,
    secrets: &Secrets,
) -> Result<Ready, PrepareError> {
    let (node, folder) = (tools.node()?, own_folder()?);
    let file = means.root.join(&work.file);
    let starter = folder.path().join("start.cjs");
    std::fs::write(&starter, STARTER).map_err(|source| io(&starter, source))?;
    let read = if config.is_empty() { file.clone() } else { folder.path().join("config.json") };
    if !config.is_empty() {
        std::fs::write(&read, config).map_err(|source| io(&read, source))?;
    }
    let mut args: Vec<OsString> = vec![starter.into(), read.into(), (&work.name).into(), (&work.dir).into()];
    // A command for the shell has none of its own.
    let is_command = argv.first().is_some_and(|program| program == "bash") && work.script.contains(' ');
    args.push(if work.args.is_empty() && !is_command { "computed" } else { "written" }.into());
    args.extend(argv.iter().cloned());
    // What the file asks for relative to where it is loaded lies beside it.
    let beside = file.parent().unwrap_or(&means.root).to_string_lossy().into_owned();
    Ok(Ready {
        folder: Some(folder),
        ..plain(&node, args, &beside, open_environment(means, secrets), secrets)
    })
}

/// A command; dry, only whether its program is there and the script can be read by it.
fn started(
    argv: &[OsString],
    script: Option<&Path>,
    dir: &str,
    means: &Means,
    tools: Tools<'_>,
    secrets: &Secrets,
) -> Result<Ready, PrepareError> {
    if !Path::new(dir).is_dir() {
        return Err(PrepareError::Gone(PathBuf::from(dir)));
    }
    let (program, args) = argv.split_first().map_or((OsStr::new(""), &[][..]), |(first, rest)| (first, rest));
    let program = if program.as_encoded_bytes().contains(&b'/') {
        let program = Path::new(dir).join(program);
        there(&program)?;
        program
    } else {
        on_path(&program.to_string_lossy(), tools)?
    };
    if is_unready(&program) {
        return Err(PrepareError::NotAProgram(program));
    }
    let env = open_environment(means, secrets);
    let args = match means.trial {
        Trial::Real => return Ok(plain(&program, args.to_vec(), dir, env, secrets)),
        Trial::Dry => dry(&program, read_by(argv, script, dir)?.as_deref()),
    };
    Ok(match args {
        Some(args) => plain(&program, args, dir, env, secrets),
        None => plain(Path::new("/bin/sh"), vec!["-c".into(), ":".into()], dir, env, secrets),
    })
}

/// Options by which a program is given its text, or the name of a module, in place of a file.
const INLINE: [&str; 9] = ["-e", "--eval", "-p", "--print", "-c", "-m", "-r", "-lc", "-ec"];

/// The file that a program is to read: the script, or where that is the program itself, what its arguments name.
fn read_by(argv: &[OsString], script: Option<&Path>, dir: &str) -> Result<Option<PathBuf>, PrepareError> {
    let Some((program, args)) = argv.split_first() else { return Ok(None) };
    let Some(script) = script.filter(|script| script.as_os_str() == program) else {
        return Ok(script.map(Path::to_owned));
    };
    let is_of_node = script.file_name().is_some_and(|name| name == "node" || name == "nodejs");
    for (at, word) in args.iter().map(|word| word.to_string_lossy()).enumerate() {
        // `node -r` names a module that is loaded first.
        if INLINE.contains(&&*word) && !(is_of_node && word == "-r") {
            return Ok(None);
        }
        let path = Path::new(dir).join(&*word);
        if !word.starts_with('-') && path.is_file() {
            return Ok(Some(path));
        }
        // Behind an option it may be what the option is given.
        let is_script = at == 0 && !word.starts_with('-') && path.extension().is_some();
        if is_script && interprets(script) {
            return Err(PrepareError::Gone(path));
        }
    }
    Ok(None)
}

/// Whether a program takes a file as its first argument and runs it.
fn interprets(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    ["node", "nodejs", "bash", "sh", "dash", "zsh", "ruby", "php", "perl"].contains(&&*name)
        || name.starts_with("python")
}

/// How a program reads a script without running it.
fn dry(program: &Path, script: Option<&Path>) -> Option<Vec<OsString>> {
    const PARSE: &str = "import ast, sys; ast.parse(open(sys.argv[1], 'rb').read(), sys.argv[1])";
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let script = script?;
    match name.as_ref() {
        "node" | "nodejs" if !is_typed(script) => Some(vec!["--check".into(), script.into()]),
        "bash" | "sh" | "dash" | "zsh" => Some(vec!["-n".into(), script.into()]),
        _ if name.starts_with("python") => Some(vec!["-c".into(), PARSE.into(), script.into()]),
        "ruby" => Some(vec!["-c".into(), script.into()]),
        "php" => Some(vec!["-l".into(), script.into()]),
        _ => None,
    }
}

/// Whether what a command of the shell begins with is there: its program, and the script that it gives to one.
/// What only the shell can tell is taken as right.
pub(super) fn of_command(command: &str, dir: &Path, tools: Tools<'_>) -> Result<(), PrepareError> {
    let is_plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "._/-@+".contains(c));
    let mut words = command.split_whitespace();
    let Some(program) = words.next().filter(is_plain) else { return Ok(()) };
    if program.contains('/') {
        return there(&dir.join(program));
    }
    let asked = std::process::Command::new("/bin/sh")
        .args(["-c", "command -v -- \"$0\" >/dev/null", program])
        .env_clear()
        .envs(tools.env.get(OsStr::new("PATH")).map(|path| ("PATH", path)))
        .status();
    if !asked.is_ok_and(|status| status.success()) {
        return Err(PrepareError::NoProgram(program.to_owned()));
    }
    let reads = ["node", "python", "python3", "bash", "sh", "ruby", "php", "perl", "deno", "bun"];
    let script = words.next().filter(is_plain).filter(|word| word.contains('.') && !word.starts_with('-'));
    match script.filter(|_| reads.contains(&program)) {
        Some(script) => there(&dir.join(script)),
        None => Ok(()),
    }
}

/// A script's program by its ending, else by its first line, else itself.
fn by_itself(path: &Path, tools: Tools<'_>) -> Result<Vec<OsString>, PrepareError> {
    if let Some(argv) = by_ending(path, tools)? {
        return Ok(argv);
    }
    let first = head(path);
    let first = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let shebang = std::str::from_utf8(first).ok().and_then(|line| line.strip_prefix("#!"));
    let mut argv: Vec<OsString> =
        shebang.map(|line| line.split_whitespace().map(OsString::from).collect()).unwrap_or_default();
    argv.push(path.into());
    Ok(argv)
}

/// As PM2 chooses: by the ending; what is no binary is for Node.
fn by_pm2(path: &Path, tools: Tools<'_>) -> Result<Vec<OsString>, PrepareError> {
    if let Some(argv) = by_ending(path, tools)? {
        return Ok(argv);
    }
    let is_binary = head(path).contains(&0);
    Ok(if is_binary { vec![path.into()] } else { vec!["node".into(), path.into()] })
}

fn by_ending(path: &Path, tools: Tools<'_>) -> Result<Option<Vec<OsString>>, PrepareError> {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let program = match ending {
        "js" | "cjs" | "mjs" => "node",
        "py" if tools.on_path("python3").is_none() => "python",
        "py" => "python3",
        "sh" | "bash" => "bash",
        "rb" => "ruby",
        "php" => "php",
        "pl" => "perl",
        "ts" | "tsx" | "mts" | "cts" => return typed(path, tools).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(vec![program.into(), path.into()]))
}

fn is_typed(path: &Path) -> bool {
    matches!(path.extension().and_then(OsStr::to_str), Some("ts" | "tsx" | "mts" | "cts"))
}

/// TypeScript is for Bun, or for a Node that passes over its types.
fn typed(path: &Path, tools: Tools<'_>) -> Result<Vec<OsString>, PrepareError> {
    if tools.on_path("bun").is_some() {
        return Ok(vec!["bun".into(), path.into()]);
    }
    let [with_flag, unasked] = STRIPS_TYPES;
    match node_version(tools) {
        Some(version) if version >= unasked => Ok(vec!["node".into(), path.into()]),
        Some(version) if version >= with_flag => {
            Ok(vec!["node".into(), "--experimental-strip-types".into(), path.into()])
        }
        Some(_) | None => Err(PrepareError::NoInterpreter(path.to_owned())),
    }
}

fn node_version(tools: Tools<'_>) -> Option<(u32, u32)> {
    let done = std::process::Command::new(tools.node().ok()?).arg("--version").output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    let mut parts = text.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn interpreter(named: &str, dir: &str) -> OsString {
    // `node@18`: PM2 asks nvm, and takes the one on the path without it.
    let named = if named.starts_with("node@") { "node" } else { named };
    if named.contains('/') { Path::new(dir).join(named).into() } else { named.into() }
}

fn on_path(name: &str, tools: Tools<'_>) -> Result<PathBuf, PrepareError> {
    let found = match name {
        "node" => tools.node().ok(),
        "npm" => tools.npm().ok(),
        _ => None,
    };
    found.or_else(|| tools.on_path(name)).ok_or_else(|| PrepareError::NoProgram(name.to_owned()))
}

fn there(path: &Path) -> Result<(), PrepareError> {
    if path.exists() { Ok(()) } else { Err(PrepareError::Gone(path.to_owned())) }
}

fn head(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok();
    // One that cannot be read is found when it is started.
    let _unread = file.map(|file| file.take(HEAD).read_to_end(&mut bytes));
    bytes
}

/// Whether a file is there that nobody may run.
fn is_unready(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 == 0)
}

#[cfg(test)]
mod tests;
