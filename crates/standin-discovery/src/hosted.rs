//! Schedules that a platform reads from a file of its own: Vercel, Cloudflare, Render, CircleCI and others.

use standin_core::automation::Severity;
use standin_core::ident::{Domain, Kind};

use crate::contents::{Claim, File, Found, Names, is_aside};
use crate::findings::Gathered;
use crate::lines::quote;
use crate::scripts::dialect::Dialect;
use crate::scripts::program;
use crate::value::Value;
use crate::{js, toml_file, yaml};

mod appengine;
mod azure;
mod ci;
mod cloudflare;
mod compose;
mod jenkins;
mod render;
mod sidekiq;
mod vercel;

#[cfg(test)]
mod tests;

/// Who reads a file of this path.
fn reader_of(path: &str) -> Option<fn(&Sheet<'_>, &mut Gathered)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    Some(match name {
        "vercel.json" => vercel::read,
        "wrangler.toml" | "wrangler.json" | "wrangler.jsonc" => cloudflare::read,
        "render.yaml" | "render.yml" => render::render,
        "railway.json" | "railway.toml" => render::railway,
        "cron.yaml" => appengine::read,
        "function.json" => azure::function,
        "config.yml" if folder == ".circleci" => ci::circle,
        ".gitlab-ci.yml" => ci::gitlab,
        "schedule.yml" | "schedule.yaml" | "recurring.yml" if folder == "config" => sidekiq::table,
        "sidekiq.yml"
        | "sidekiq_cron.yml"
        | "sidekiq-cron.yml"
        | "sidekiq_schedule.yml"
        | "resque_schedule.yml"
        | "scheduled_jobs.yml" => sidekiq::table,
        _ if is_jenkinsfile(name) => jenkins::read,
        _ if compose::is_named(name) => compose::read,
        _ if name.ends_with(".yml") || name.ends_with(".yaml") => ci::azure_pipelines,
        _ => return None,
    })
}

fn is_jenkinsfile(name: &str) -> bool {
    name == "Jenkinsfile" || name.starts_with("Jenkinsfile.") || name.ends_with(".jenkinsfile")
}

/// Whether a name without a known ending is one of these files.
pub(crate) fn is_named(name: &str) -> bool {
    is_jenkinsfile(name) || name.starts_with("Dockerfile") || name.starts_with("Procfile")
}

pub(crate) fn claim(path: &str) -> Claim {
    if reader_of(path).is_some() && !is_aside(path) { Claim::Content } else { Claim::No }
}

/// Adds the schedules of a file.
pub(crate) fn read(file: &File<'_>, gathered: &mut Gathered) {
    if let Some(read) = reader_of(file.path) {
        read(&Sheet { file }, gathered);
    }
}

/// A file of a platform.
struct Sheet<'a> {
    file: &'a File<'a>,
}

impl Sheet<'_> {
    /// The file as a value, by its ending; a fault is a finding when the file speaks of schedules.
    fn value(&self, gathered: &mut Gathered) -> Option<Value<'_>> {
        let file = self.file;
        let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let parsed = match ending {
            "json" | "jsonc" => js::read_expression(file.text, &file.repository.absolute(file.path))
                .map_err(|fault| (fault.rule, fault.line, fault.message)),
            "toml" => {
                toml_file::parse(file.text).map_err(|fault| ("toml-unparsable", fault.line, fault.message))
            }
            _ => yaml::parse(file.text)
                .map(|document| document.root)
                .map_err(|fault| (fault.rule, fault.line, fault.message)),
        };
        match parsed {
            Ok(value) => Some(value),
            Err((rule, line, message)) => {
                file.say((rule, Severity::Error, line), message, "Correct the file at this line.", gathered);
                None
            }
        }
    }

    /// An automation of this file, which fails with its platform.
    fn found(&self, names: &mut Names, name: &str, line: u32) -> Found {
        let name = if name.trim().is_empty() { "schedule" } else { name };
        let mut found = Found::new(Kind::Script, names.unique(&quote(name)), line);
        found.domain = Domain::Elsewhere;
        found
    }

    /// Gives an automation the schedule that stands at a value.
    fn schedule(
        &self,
        found: &mut Found,
        value: Option<&Value>,
        (zone, dialect, reader): (&str, Dialect, &str),
        gathered: &mut Gathered,
    ) {
        match value.and_then(Value::text) {
            Some(text) => {
                let line = value.map_or(found.line, |value| value.line);
                program::fields(self.file, found, (text, zone, dialect, line), reader, gathered);
            }
            None => {
                self.refuse(found, found.line, &format!("{reader} wants a cron expression here"), gathered)
            }
        }
    }

    /// Says that the platform refuses it.
    fn refuse(&self, found: &mut Found, line: u32, message: &str, gathered: &mut Gathered) {
        found.trigger("schedule");
        found.fall_short(standin_core::automation::Standing::Declared, message);
        let fix = "Write five fields, such as \"0 3 * * *\".";
        self.file.say(("schedule-refused", Severity::Error, line), message, fix, gathered);
    }
}
