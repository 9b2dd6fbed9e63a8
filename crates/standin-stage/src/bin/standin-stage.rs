//! The stage by hand: starts both planes, prints their addresses, and serves until it is interrupted.

use std::path::PathBuf;
use std::process::ExitCode;

use standin_stage::{Access, Grant, Options, RepositoryOptions, SiteOptions, Stage};

const USAGE: &str =
    "usage: standin-stage [--repository OWNER/NAME] [--folder DIR] [--port N] [--token-env NAME]";

#[derive(Default)]
struct Arguments {
    repository: Option<String>,
    folder: Option<PathBuf>,
    port: u16,
    /// The variable that holds the token: a token on the command line would be in the process list.
    token_env: Option<String>,
}

fn read(mut arguments: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut read = Arguments::default();
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--repository" => read.repository = Some(value),
            "--folder" => read.folder = Some(PathBuf::from(value)),
            "--port" => read.port = value.parse().ok()?,
            "--token-env" => read.token_env = Some(value),
            _ => return None,
        }
    }
    Some(read)
}

fn options(arguments: Arguments) -> Result<Options, String> {
    let mut options = Options::default();
    let mut repository = RepositoryOptions::new(arguments.repository.as_deref().unwrap_or("octo/shop"));
    repository.folder = arguments.folder;
    options.github.repositories = vec![repository];
    options.github.port = arguments.port;
    options.netlify.sites = vec![SiteOptions::new("shop")];
    if let Some(name) = arguments.token_env {
        let token = std::env::var(&name).map_err(|_| format!("{name} is not set"))?;
        options.github.access = Access::Tokens(vec![Grant::full(&token)]);
    }
    Ok(options)
}

async fn play(options: Options) -> Result<(), String> {
    let stage = Stage::start(options).await.map_err(|error| error.to_string())?;
    println!("GitHub: {}", stage.github_url);
    println!("Netlify: {}", stage.netlify_url);
    tokio::signal::ctrl_c().await.map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let Some(arguments) = read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string());
    let played =
        runtime.and_then(|runtime| options(arguments).and_then(|options| runtime.block_on(play(options))));
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
