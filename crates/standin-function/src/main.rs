//! `standin-function`: the serverless body of Standin.
//!
//! Under AWS Lambda it is the `bootstrap` of a custom runtime. Without one it takes a single event as JSON from its
//! standard input and answers as JSON on its standard output: so Netlify's JavaScript function runs it.

mod beats;
mod door;
mod event;
mod lambda;
mod limits;
mod once;
mod part;
mod routes;
mod watch;

use std::process::ExitCode;

use standin_body::env::Env;

fn main() -> ExitCode {
    log();
    let env = Env::of_process();
    // One thread is all that a function of 128 MB has a processor for.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be started: {error}")),
    };
    let ended = if env.text("AWS_LAMBDA_RUNTIME_API").is_some() {
        runtime.block_on(lambda::run(env))
    } else {
        runtime.block_on(once::run(env))
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("{error:#}")),
    }
}

fn failed(why: &str) -> ExitCode {
    tracing::error!("{why}");
    ExitCode::FAILURE
}

/// To standard error, which both platforms keep; standard output is the answer's.
fn log() {
    use tracing_subscriber::EnvFilter;
    let wanted = std::env::var("STANDIN_LOG").ok();
    let filter = wanted.and_then(|text| text.parse::<EnvFilter>().ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info,lambda_runtime=warn"));
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    let _ = lines.without_time().with_ansi(false).try_init();
}
