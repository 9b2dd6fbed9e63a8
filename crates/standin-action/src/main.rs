//! Standin as a step of a GitHub workflow: one watch cycle, or the first and last step of an automation.

mod coverage;
mod inputs;
mod output;
mod part;
mod slots;

use std::process::ExitCode;

use anyhow::{Context, Result};
use jiff::Timestamp;
use standin_body::alerts::Level;
use standin_body::check::{self, CheckV1};
use standin_body::env::Env;
use standin_body::look::look;
use standin_core::health::Health;
use standin_engine::render::markdown;

use inputs::{Command, FailOn, Inputs};
use output::{annotate, annotate_alert, output, summary, write_report};
use part::take;

/// How long nothing is recovered after a pause, where nothing is said.
const PAUSE_HOURS: i64 = 24;

/// How the step ends; the codes are the ones of every body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// 0.
    Fine,
    /// 1: done, and something is not well.
    Found,
    /// 4: a platform refused or cannot be reached.
    Platform,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let env = Env::of_process();
    log_to_stderr(&env);
    match run(env).await {
        Ok(Ended::Fine) => ExitCode::SUCCESS,
        Ok(Ended::Found) => ExitCode::from(1),
        Ok(Ended::Platform) => ExitCode::from(4),
        Err(error) => {
            annotate(Level::Critical, "standin", &format!("{error:#}"));
            ExitCode::from(3)
        }
    }
}

fn log_to_stderr(env: &Env) {
    let level = if env.text("RUNNER_DEBUG").is_some() { tracing::Level::DEBUG } else { tracing::Level::INFO };
    let layer =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    let _ = layer.without_time().try_init();
}

async fn run(env: Env) -> Result<Ended> {
    let inputs = Inputs::read(env)?;
    match inputs.command {
        Command::Check => Box::pin(watch(&inputs)).await,
        Command::Report => Box::pin(report(&inputs)).await,
        Command::Coverage => Box::pin(coverage::coverage(&inputs)).await,
        Command::Beat => Box::pin(slots::begin(&inputs)).await,
        Command::ExecResult => Box::pin(slots::end(&inputs)).await,
        Command::Recover => Box::pin(recover(&inputs)).await,
        Command::Pause => {
            Box::pin(pause(&inputs, Some(Timestamp::now() + jiff::SignedDuration::from_hours(PAUSE_HOURS))))
                .await
        }
        Command::Resume => Box::pin(pause(&inputs, None)).await,
    }
}

/// One watch cycle, told to the run.
async fn watch(inputs: &Inputs) -> Result<Ended> {
    let part = take(inputs).await?;
    let checked = Box::pin(check::check(&part.world, None)).await;
    tell(inputs, &checked.said)?;
    Ok(verdict(inputs.fail_on, &checked.said))
}

/// A look of now, told to the run; nothing is written, claimed or sent.
async fn report(inputs: &Inputs) -> Result<Ended> {
    let part = take(inputs).await?;
    let said = Box::pin(look(&part.world)).await;
    tell(inputs, &said)?;
    Ok(verdict(inputs.fail_on, &said))
}

fn tell(inputs: &Inputs, said: &CheckV1) -> Result<()> {
    for alert in &said.alerts {
        annotate_alert(alert);
    }
    for missing in &said.missing {
        annotate(Level::Warning, "out of reach", missing);
    }
    for trouble in &said.troubles {
        annotate(Level::Warning, "trouble", trouble);
    }
    let page = check::page(said);
    summary(&inputs.env, &markdown(&page))?;
    let env = &inputs.env;
    output(env, "health-score", &said.score.map(|score| score.to_string()).unwrap_or_default())?;
    let unwell = said.targets.iter().filter(|target| target.health == Health::Failed).count();
    output(env, "incidents", &unwell.to_string())?;
    output(env, "plan", &serde_json::to_string(&said.alerts)?)?;
    output(env, "report-path", &write_report(env, "standin-check.json", said)?)
}

fn verdict(fail_on: FailOn, said: &CheckV1) -> Ended {
    let needs_a_person = said.alerts.iter().any(|alert| alert.level == Level::Critical);
    let is_unwell = said.targets.iter().any(|target| target.health == Health::Failed);
    let is_found = match fail_on {
        FailOn::Never => false,
        FailOn::Critical => needs_a_person,
        FailOn::Unhealthy => needs_a_person || is_unwell,
    };
    if is_found { Ended::Found } else { Ended::Fine }
}

/// Helps one automation now, once for this run of the workflow.
async fn recover(inputs: &Inputs) -> Result<Ended> {
    let part = take(inputs).await?;
    let id = inputs.id.clone().context("which automation to recover is not said: give the step an `id`")?;
    let said =
        part.world.recover_by_hand(&id, &inputs.run.name).await.map_err(|why| anyhow::anyhow!("{why}"))?;
    annotate(said.level, said.about.as_str(), &said.text);
    summary(&inputs.env, &format!("# Standin\n\n{}\n", said.text))?;
    Ok(if said.level == Level::Critical { Ended::Platform } else { Ended::Fine })
}

async fn pause(inputs: &Inputs, until: Option<Timestamp>) -> Result<Ended> {
    let part = take(inputs).await?;
    part.world.pause(until, &inputs.run.name).await.map_err(|why| anyhow::anyhow!("{why}"))?;
    let text = match until {
        Some(until) => format!("Nothing is recovered until {until:.0}, or until somebody resumes."),
        None => "Recovery goes on.".to_owned(),
    };
    annotate(Level::Good, "standin", &text);
    summary(&inputs.env, &format!("# Standin\n\n{text}\n"))?;
    Ok(Ended::Fine)
}
