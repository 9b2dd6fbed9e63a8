//! From what there is to run to what is started: tools, secrets, environment, and what would be different.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use crate::DRILL_FLAG;
use crate::fidelity::{Difference, Weight};
use crate::function;
use crate::mask::Masks;
use crate::process::Proof;
use crate::secrets::{self, SecretsError};
use crate::tools::{Environment, Missing, Tools};
use crate::work::{FunctionWork, ShellWork, Work};

mod program;
mod workflow;

/// What every run gets of the environment, where it is set: nothing of it is secret, and little runs without.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "LANG",
    "USER",
    "SHELL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Longest file that is read for what it says of a run.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where the secrets are looked for when no file is named, relative to the repository.
pub const SECRETS_FILE: &str = ".standin/secrets";

/// Whether a run is a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// It is meant.
    Run,
    /// It is a drill, and can know it by [`DRILL_FLAG`].
    Drill,
}

/// How far a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// All the way.
    Real,
    /// Everything but the run itself.
    Dry,
}

/// What a run may use.
#[derive(Clone)]
pub struct Means {
    /// The repository, absolute.
    pub root: PathBuf,
    /// The environment.
    pub env: Environment,
    /// The file of secrets; `None` for [`SECRETS_FILE`] where there is one.
    pub secrets: Option<PathBuf>,
    /// What `vars` holds for a workflow.
    pub variables: BTreeMap<String, String>,
    /// Whether it is a drill.
    pub flag: Flag,
    /// How far it goes.
    pub trial: Trial,
}

/// Why a run could not be prepared. Nothing was run; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A tool is missing.
    #[error(transparent)]
    Tool(#[from] Missing),
    /// The file of secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A variable of `env_from` is not set.
    #[error(
        "the variable {0} of `env_from` is neither in the environment nor in the file of secrets: set it, or take it out"
    )]
    NoVariable(String),
    /// What is to be run is not there.
    #[error("{0} is not there: correct the path, or bring it back")]
    Gone(PathBuf),
    /// A script of a package is not there.
    #[error("{} has no script `{script}`: correct its name, or bring it back", package.display())]
    NoScript {
        /// The package's file.
        package: PathBuf,
        /// The script's name.
        script: String,
    },
    /// A program is not installed.
    #[error("{0} is no program on the path: install it, or put its folder into PATH")]
    NoProgram(String),
    /// A file is no program that may be started.
    #[error("{} is no program: `chmod +x` it, or name what runs it", .0.display())]
    NotAProgram(PathBuf),
    /// Nothing here runs such a script.
    #[error("nothing here runs {}: install Bun or Node 22.18, or name its interpreter, such as tsx", .0.display())]
    NoInterpreter(PathBuf),
    /// GitHub would not start it with these inputs.
    #[error("{file} cannot be started: {why}")]
    Inputs {
        /// The workflow.
        file: String,
        /// What to change.
        why: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

/// A run that can be started. Its `Debug` shows no secret.
#[derive(Debug)]
pub struct Ready {
    /// What would be different here, what stops it first.
    pub differences: Vec<Difference>,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) dir: PathBuf,
    pub(crate) env: Hidden,
    pub(crate) input: Vec<u8>,
    pub(crate) masks: Masks,
    /// Holds the run's own files, and removes them.
    pub(crate) folder: Option<TempDir>,
    pub(crate) proof: Proof,
}

fn hidden(env: Environment) -> Hidden {
    Hidden(env)
}

/// An environment that is not shown.
pub(crate) struct Hidden(pub(crate) Environment);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Ready {
    /// Whether a difference makes the run meaningless.
    pub fn is_stopped(&self) -> bool {
        self.differences.iter().any(|difference| difference.weight == Weight::Stops)
    }
}

/// Finds the tools and the secrets for a run, and what would be different. Nothing is run yet.
///
/// # Errors
/// [`PrepareError`].
pub fn prepare(work: &Work, means: &Means) -> Result<Ready, PrepareError> {
    let tools = Tools { root: &means.root, env: &means.env };
    let secrets = file_of_secrets(means)?;
    match work {
        Work::Workflow(work) => workflow::workflow(work, means, tools, &secrets),
        Work::Function(work) => called(work, means, tools, &secrets),
        Work::Npm { dir, script } => {
            let package = Path::new(dir).join("package.json");
            let written: serde_json::Value = serde_json::from_str(&text(&package)?).unwrap_or_default();
            if written.get("scripts").and_then(|scripts| scripts.get(script)).is_none() {
                return Err(PrepareError::NoScript { package, script: script.clone() });
            }
            let args: Vec<OsString> = match means.trial {
                Trial::Real => vec!["run".into(), "--silent".into(), "--".into(), script.into()],
                // The scan has read the script; what is left is whether npm starts.
                Trial::Dry => vec!["--version".into()],
            };
            Ok(plain(&tools.npm()?, args, dir, open_environment(means, &secrets), &secrets))
        }
        Work::Shell(work) => shell(work, means, &secrets),
        Work::Pm2(work) => program::app(work, means, tools, &secrets),
        Work::Program { script, dir, .. } => program::script(Path::new(script), dir, means, tools, &secrets),
    }
}

type Secrets = BTreeMap<String, SecretString>;

fn file_of_secrets(means: &Means) -> Result<Secrets, PrepareError> {
    let usual = means.root.join(SECRETS_FILE);
    match &means.secrets {
        Some(path) => Ok(secrets::read(path)?),
        None if usual.exists() => Ok(secrets::read(&usual)?),
        None => Ok(Secrets::new()),
    }
}

fn called(
    work: &FunctionWork,
    means: &Means,
    tools: Tools<'_>,
    secrets: &Secrets,
) -> Result<Ready, PrepareError> {
    let main = PathBuf::from(&work.main);
    if !main.exists() {
        return Err(PrepareError::Gone(main));
    }
    let (bundler, node, folder) = (tools.bundler()?, tools.node()?, own_folder()?);
    let runner = folder.path().join("runner.mjs");
    std::fs::write(&runner, function::RUNNER).map_err(|source| io(&runner, source))?;
    let (base, site) = function::site(&main, &means.root, |path| text(path).ok());
    let out = folder.path().join("bundle");
    let call = match means.trial {
        Trial::Real => "yes",
        Trial::Dry => "no",
    };
    let (root, base, out) = (means.root.to_string_lossy(), base.to_string_lossy(), out.to_string_lossy());
    let task = function::task(work, &root, &base, &out, &bundler.to_string_lossy(), &site, call);
    Ok(Ready {
        input: task.to_string().into_bytes(),
        folder: Some(folder),
        ..plain(&node, vec![runner.into()], &root, open_environment(means, secrets), secrets)
    })
}

fn shell(work: &ShellWork, means: &Means, secrets: &Secrets) -> Result<Ready, PrepareError> {
    let mut env = passed_on(means);
    let mut own = work.env.clone();
    for name in &work.env_from {
        let in_env = means.env.get(OsStr::new(name)).and_then(|value| value.to_str()).map(SecretString::from);
        let value = in_env.or_else(|| secrets.get(name).cloned());
        own.insert(name.clone(), value.ok_or_else(|| PrepareError::NoVariable(name.clone()))?);
    }
    env.extend(own.iter().map(|(name, value)| (name.into(), value.expose_secret().into())));
    flagged(&mut env, means);
    let mut args: Vec<OsString> = vec!["-c".into(), work.command.clone().into()];
    if means.trial == Trial::Dry {
        // Reads the command and runs nothing of it.
        args.insert(0, "-n".into());
        let tools = Tools { root: &means.root, env: &means.env };
        program::of_command(&work.command, Path::new(&work.dir), tools)?;
    }
    if !Path::new(&work.dir).is_dir() {
        return Err(PrepareError::Gone(PathBuf::from(&work.dir)));
    }
    let masks = Masks::of(&own);
    Ok(Ready { masks, ..plain(Path::new("/bin/sh"), args, &work.dir, env, secrets) })
}

fn plain(program: &Path, args: Vec<OsString>, dir: &str, env: Environment, secrets: &Secrets) -> Ready {
    Ready {
        differences: Vec::new(),
        program: program.to_owned(),
        args,
        dir: PathBuf::from(dir),
        masks: Masks::of(&likely_secrets(&env, secrets)),
        env: Hidden(env),
        input: Vec::new(),
        folder: None,
        proof: Proof::Status,
    }
}

/// What runs as it is gets what this process has, and the file of secrets.
fn open_environment(means: &Means, secrets: &Secrets) -> Environment {
    let mut env = means.env.clone();
    env.extend(secrets.iter().map(|(name, value)| (name.into(), value.expose_secret().into())));
    flagged(&mut env, means);
    env
}

fn flagged(env: &mut Environment, means: &Means) {
    match means.flag {
        Flag::Run => drop(env.remove(OsStr::new(DRILL_FLAG))),
        Flag::Drill => drop(env.insert(DRILL_FLAG.into(), "1".into())),
    }
}

/// The file of secrets, and what has the name of one.
fn likely_secrets(env: &Environment, secrets: &Secrets) -> Secrets {
    const WORDS: [&str; 6] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "_KEY"];
    let named = env.iter().filter_map(|(name, value)| {
        let name = name.to_str()?;
        let is_one = WORDS.iter().any(|word| name.to_ascii_uppercase().contains(word));
        is_one.then(|| Some((name.to_owned(), SecretString::from(value.to_str()?))))?
    });
    named.chain(secrets.clone()).collect()
}

fn passed_on(means: &Means) -> Environment {
    let set = |name: &&str| Some((OsString::from(*name), means.env.get(OsStr::new(*name))?.clone()));
    PASSED_ON.iter().filter_map(set).collect()
}

/// Where `act` keeps its actions: out of the repository, because it copies that for each run.
fn cache(means: &Means) -> Result<PathBuf, PrepareError> {
    let of = |name: &str| means.env.get(OsStr::new(name)).filter(|v| !v.is_empty()).map(PathBuf::from);
    let folder = of("STANDIN_CACHE")
        .or_else(|| of("XDG_CACHE_HOME").map(|folder| folder.join("standin")))
        .or_else(|| of("HOME").map(|home| home.join(".cache/standin")))
        .unwrap_or_else(|| std::env::temp_dir().join("standin-cache"));
    let folder = folder.join("act");
    std::fs::create_dir_all(&folder).map_err(|source| io(&folder, source))?;
    Ok(folder)
}

fn own_folder() -> Result<TempDir, PrepareError> {
    tempfile::Builder::new()
        .prefix("standin-run-")
        .tempdir()
        .map_err(|source| io(&std::env::temp_dir(), source))
}

fn text(path: &Path) -> Result<String, PrepareError> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|source| io(path, source))?;
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(|source| io(path, source))?;
    Ok(text)
}

fn io(path: &Path, source: std::io::Error) -> PrepareError {
    PrepareError::Io { path: path.to_owned(), source }
}
