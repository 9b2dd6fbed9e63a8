//! Schedules of CDK and SST apps: `Schedule.cron({…})`, `Schedule.rate(…)`, `Schedule.expression('…')` in their source.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::{Service, computed, schedule};
use crate::contents::{Claim, File, Found, Names, is_aside, is_test, name_and_ending};
use crate::findings::Gathered;
use crate::lines::Lines;
use crate::scripts::calls::{Call, Known, known, named, number, text};
use crate::scripts::is_minified;
use crate::scripts::lex::{Language, Placed, Token, tokens};

mod construct;
mod properties;

#[cfg(test)]
mod tests;

use construct::Construct;
use properties::{Switch, Zone};

/// The fields of a cron of CDK, in TypeScript and in Python, and what each is when it is not given.
const FIELDS: [(&str, &str, &str); 6] = [
    ("minute", "minute", "*"),
    ("hour", "hour", "*"),
    ("day", "day", ""),
    ("month", "month", "*"),
    ("weekDay", "week_day", ""),
    ("year", "year", "*"),
];

pub(crate) fn claim(path: &str) -> Claim {
    let (name, ending) = name_and_ending(path);
    let is_source = matches!(ending.as_str(), "ts" | "mts" | "js" | "mjs" | "py") && !name.contains(".d.");
    if is_source && !is_test(path) && !is_aside(path) { Claim::Content } else { Claim::No }
}

/// Adds the schedules of a stack.
pub(crate) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let is_app = ["aws-cdk-lib", "@aws-cdk/", "aws_cdk", "\"sst", "'sst", "sst.aws", "$config"]
        .iter()
        .any(|word| file.text.contains(word));
    let words = ["Schedule.", "rate(", "cron(", "cheduleExpression", "schedule_expression"];
    let has_schedule = words.iter().any(|word| file.text.contains(word));
    if !is_app || !has_schedule || is_minified(file.text) {
        return;
    }
    let language = if file.path.ends_with(".py") { Language::Python } else { Language::JavaScript };
    let all = tokens(file.text, language);
    let lines = Lines::new(file.text);
    let mut names = Names::default();
    for at in 0..all.len() {
        let Some((offset, written)) = written(&all, at) else { continue };
        let line = lines.at(offset);
        if !file.more(line, gathered) {
            return;
        }
        let name = construct::around(&all, at).name().unwrap_or_else(|| "schedule".to_owned());
        let mut found = Found::new(Kind::Aws, names.unique(&name), line);
        let around = properties::around(&all, at);
        let zone = properties::zone(&all, at, Service::Scheduler, around.as_ref());
        match (written, zone) {
            (Some(expression), None) => {
                schedule(file, &mut found, (&expression, "UTC", line), Service::Scheduler, gathered);
            }
            (Some(expression), Some(Zone::Named(zone))) => {
                schedule(file, &mut found, (&expression, &zone, line), Service::Scheduler, gathered);
            }
            (Some(_), Some(Zone::Computed)) => {
                computed(file, &mut found, line, "its time zone is worked out", gathered);
            }
            (None, _) => computed(file, &mut found, line, "the app works it out", gathered),
        }
        let switch = around.as_ref().map_or(Switch::On, properties::Properties::switch);
        if switch == Switch::Computed {
            found.trigger("conditional");
            let message = "whether it is enabled is worked out by the app";
            let fix = "Nothing, if that is meant.";
            file.say(("aws-conditional", Severity::Note, line), message, fix, gathered);
        }
        if switch == Switch::Off {
            let message = "it is disabled";
            found.fall_short(Standing::Loadable, message);
            let fix = "Enable it, or delete it.";
            file.say(("aws-disabled", Severity::Warning, line), message, fix, gathered);
        } else if around.is_some_and(|properties| properties.has_no_target(&all)) {
            let message = "it has no target: it fires and starts nothing";
            found.fall_short(Standing::Loadable, message);
            let fix = "Add the target that it is to start.";
            file.say(("aws-no-target", Severity::Error, line), message, fix, gathered);
        }
        if !is_deployed(file) {
            let message = "no cdk.json or sst.config here says that this is an app that is deployed";
            found.fall_short(Standing::Loadable, message);
        }
        file.add(found, gathered);
    }
}

fn is_deployed(file: &File<'_>) -> bool {
    let is_app = |name: &str| matches!(name, "cdk.json" | "sst.json") || name.starts_with("sst.config.");
    file.repository.entries.iter().any(|entry| is_app(entry.name()))
}

/// The place and the expression of a schedule that stands here; without one where it is computed.
fn written(all: &[Placed<'_>], at: usize) -> Option<(usize, Option<String>)> {
    match all.get(at..)? {
        [
            (offset, Token::Word("Schedule" | "ScheduleExpression")),
            (_, Token::Sign('.')),
            (_, Token::Word(kind @ ("cron" | "rate" | "expression"))),
            (_, Token::Sign('(')),
            ..,
        ] => {
            let call = Call::read(all, at.saturating_add(4));
            let expression = match *kind {
                "cron" => cron(&call),
                "rate" => rate(call.positional(0).unwrap_or_default()),
                _ => call.positional(0).and_then(text).map(str::to_owned),
            };
            Some((*offset, expression))
        }
        [
            (offset, Token::Word("schedule" | "scheduleExpression")),
            (_, Token::Sign(':')),
            (_, Token::Text(text)),
            ..,
        ] if text.starts_with("rate(") || text.starts_with("cron(") => {
            Some((*offset, (!text.contains("${")).then(|| (*text).to_owned())))
        }
        [(offset, Token::Word(name) | Token::Text(name)), (_, Token::Sign(':' | '=')), ..]
            if properties::EXPRESSIONS.contains(name) && construct::around(all, at) != Construct::None =>
        {
            let properties = properties::around(all, at)?;
            let value = properties.value(name)?;
            // One that a call makes is found at the call.
            if value.iter().any(|(_, token)| matches!(token, Token::Word("Schedule" | "ScheduleExpression")))
            {
                return None;
            }
            let value = known(all, value).map(|known| match known {
                Known::Text(text) | Known::ByDefault(text) => text,
            });
            let value = value.filter(|text| !text.contains("${"));
            Some((*offset, value.map(str::to_owned)))
        }
        _ => None,
    }
}

/// `cron({ minute: '0', hour: '3' })`, `cron(minute="0", hour="3")`.
fn cron(call: &Call<'_, '_>) -> Option<String> {
    let inner = match call.arguments() {
        [[(_, Token::Sign('{')), inner @ ..]] => Some(Call::read(inner, 0)),
        _ => None,
    };
    let call = inner.as_ref().unwrap_or(call);
    // A spread may say anything.
    if call.arguments().iter().any(|argument| named(argument).is_none()) {
        return None;
    }
    let mut fields = Vec::new();
    for (name, other, least) in FIELDS {
        fields.push(match call.named(name).or(call.named(other)) {
            Some(value) => text(value).map(str::to_owned).or(number(value).map(|value| value.to_string()))?,
            None => least.to_owned(),
        });
    }
    if let [_, _, day, _, week, _] = fields.as_mut_slice() {
        match (day.is_empty(), week.is_empty()) {
            (true, true) => (*day, *week) = ("*".into(), "?".into()),
            (true, false) => *day = "?".into(),
            (false, true) => *week = "?".into(),
            (false, false) => {}
        }
    }
    Some(format!("cron({})", fields.join(" ")))
}

/// `rate(Duration.minutes(5))`.
fn rate(argument: &[Placed<'_>]) -> Option<String> {
    let at = argument
        .iter()
        .position(|(_, token)| matches!(token, Token::Word("seconds" | "minutes" | "hours" | "days")))?;
    let Some((_, Token::Word(unit))) = argument.get(at) else { return None };
    let call = Call::read(argument, at.saturating_add(2));
    let count = number(call.positional(0)?)?;
    let unit = if count == 1 { unit.trim_end_matches('s') } else { unit };
    Some(format!("rate({count} {unit})"))
}
