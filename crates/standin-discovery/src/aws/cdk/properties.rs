//! What stands beside a schedule in the construct that it is for: whether it is switched on, its zone, its targets.

use super::Service;
use crate::cron;
use crate::limits::MAX_CALL_TOKENS;
use crate::scripts::calls::{Call, named, text};
use crate::scripts::lex::{Placed, Token};

/// The names by which a construct takes its schedule.
const SCHEDULES: [&str; 5] =
    ["schedule", "scheduleExpression", "ScheduleExpression", "schedule_expression", "cron"];

/// Those of the constructs that are CloudFormation's own, in TypeScript, in Python, and in a map.
pub(super) const EXPRESSIONS: [&str; 3] = ["scheduleExpression", "ScheduleExpression", "schedule_expression"];

/// The properties of a construct, and the place of the bracket that they begin with.
pub(super) struct Properties<'a, 't> {
    call: Call<'a, 't>,
    open: usize,
}

/// In which zone a schedule is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Zone {
    Named(String),
    Computed,
}

/// Whether a construct is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
    Computed,
}

/// The properties that the schedule at a place is one of.
pub(super) fn around<'a, 't>(all: &'a [Placed<'t>], at: usize) -> Option<Properties<'a, 't>> {
    let open = opening(all, at)?;
    let call = Call::read(all, open.saturating_add(1));
    let is_property = SCHEDULES.iter().any(|name| call.named(name).is_some());
    is_property.then_some(Properties { call, open })
}

/// The bracket that a place stands in.
pub(super) fn opening(all: &[Placed<'_>], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let lowest = at.saturating_sub(MAX_CALL_TOKENS);
    (lowest..at).rev().find(|place| match all.get(*place).map(|(_, token)| token) {
        Some(Token::Sign(')' | ']' | '}')) => {
            depth = depth.saturating_add(1);
            false
        }
        Some(Token::Sign('(' | '[' | '{')) if depth == 0 => true,
        Some(Token::Sign('(' | '[' | '{')) => {
            depth = depth.saturating_sub(1);
            false
        }
        Some(_) | None => false,
    })
}

impl<'a, 't> Properties<'a, 't> {
    /// The value of one of them.
    pub(super) fn value(&self, name: &str) -> Option<&'a [Placed<'t>]> {
        self.call.named(name)
    }

    /// `enabled: false`, `state: 'DISABLED'`, `state: RuleState.DISABLED`; whatever else is no constant is computed.
    pub(super) fn switch(&self) -> Switch {
        let names = ["enabled", "state", "State"];
        let is_short =
            |argument: &&[Placed<'_>]| matches!(argument, [(_, Token::Word(name))] if names.contains(name));
        let Some(value) = names.iter().find_map(|name| self.call.named(name)) else {
            let is_given = self.call.arguments().iter().any(is_short);
            return if is_given { Switch::Computed } else { Switch::On };
        };
        match value {
            [(_, Token::Word("true" | "True"))] => Switch::On,
            [(_, Token::Word("false" | "False"))] => Switch::Off,
            [(_, Token::Text(text))] if text.starts_with("ENABLED") => Switch::On,
            [(_, Token::Text("DISABLED"))] => Switch::Off,
            [.., (_, Token::Sign('.')), (_, Token::Word(word))] if is_path(value) => match *word {
                "ENABLED" => Switch::On,
                "DISABLED" => Switch::Off,
                _ => Switch::Computed,
            },
            _ => Switch::Computed,
        }
    }

    /// `scheduleExpressionTimezone: 'Europe/Rome'`.
    fn zone(&self) -> Option<Zone> {
        let names =
            ["scheduleExpressionTimezone", "ScheduleExpressionTimezone", "schedule_expression_timezone"];
        let value = names.iter().find_map(|name| self.call.named(name))?;
        Some(text(value).map_or(Zone::Computed, |zone| Zone::Named(zone.to_owned())))
    }

    /// Whether it is a rule that fires and starts nothing. Whatever is not certain counts as a target.
    pub(super) fn has_no_target(&self, all: &[Placed<'_>]) -> bool {
        let is_plain = self.call.arguments().iter().all(|argument| named(argument).is_some());
        let is_object = matches!(all.get(self.open), Some((_, Token::Sign('{'))));
        // Before the map there is `Rule(this, 'Name',`; Python's is the bracket itself.
        let bracket = if is_object { self.open.checked_sub(5) } else { Some(self.open) };
        let Some(bracket) = bracket.filter(|_| is_plain || !is_object) else { return false };
        let word = bracket.checked_sub(1);
        if self.call.named("targets").is_some()
            || !word.is_some_and(|word| matches!(all.get(word), Some((_, Token::Word("Rule")))))
            || !matches!(all.get(bracket), Some((_, Token::Sign('('))))
        {
            return false;
        }
        let end = Call::read(all, bracket.saturating_add(1)).end;
        if matches!(all.get(end), Some((_, Token::Sign('.')))) {
            return false;
        }
        // `events.Rule`, `new events.Rule`.
        let mut at = bracket.saturating_sub(1);
        while let Some(before) = at.checked_sub(2)
            && matches!(all.get(at.saturating_sub(1)), Some((_, Token::Sign('.'))))
        {
            at = before;
        }
        let new = at.checked_sub(1).filter(|at| matches!(all.get(*at), Some((_, Token::Word("new")))));
        let at = new.unwrap_or(at);
        let name = at.checked_sub(2).and_then(|at| all.get(at)).map(|(_, token)| token);
        match (at.checked_sub(1).and_then(|at| all.get(at)).map(|(_, token)| token), name) {
            (Some(Token::Sign('=')), Some(Token::Word(name))) => {
                let uses = all.iter().filter(|(_, token)| *token == Token::Word(name)).count();
                uses == 1
            }
            (Some(Token::Sign(';' | '}' | '{' | ')')) | None, _) => true,
            (Some(_), _) => false,
        }
    }
}

/// Whether a value is nothing but names with dots between them.
pub(super) fn is_path(value: &[Placed<'_>]) -> bool {
    value.iter().all(|(_, token)| matches!(token, Token::Word(_) | Token::Sign('.')))
}

/// The zone of the schedule at a place, if it names one: in its own call, or beside it.
pub(super) fn zone(
    all: &[Placed<'_>],
    at: usize,
    service: Service,
    properties: Option<&Properties<'_, '_>>,
) -> Option<Zone> {
    if service == Service::Rule {
        return None;
    }
    if let Some(zone) = properties.and_then(Properties::zone) {
        return Some(zone);
    }
    let open = (at..at.saturating_add(5)).find(|at| matches!(all.get(*at), Some((_, Token::Sign('(')))))?;
    let call = Call::read(all, open.saturating_add(1));
    let inner = match call.arguments() {
        [[(_, Token::Sign('{')), inner @ ..]] => Some(Call::read(inner, 0)),
        _ => None,
    };
    let named = inner.as_ref().unwrap_or(&call);
    let value = named.named("timeZone").or(named.named("time_zone")).or(call.positional(1))?;
    Some(named_zone(value).map_or(Zone::Computed, Zone::Named))
}

/// `TimeZone.of('Europe/Rome')`, `TimeZone.EUROPE_ROME`, `'Europe/Rome'`.
fn named_zone(value: &[Placed<'_>]) -> Option<String> {
    let texts: Vec<&str> = value
        .iter()
        .filter_map(|(_, token)| if let Token::Text(text) = token { Some(*text) } else { None })
        .collect();
    if let [text] = texts.as_slice() {
        return Some((*text).to_owned());
    }
    let [.., (_, Token::Word("TimeZone")), (_, Token::Sign('.')), (_, Token::Word(constant))] = value else {
        return None;
    };
    let parts: Vec<String> = constant.split('_').map(title).collect();
    // How many of its words are regions cannot be seen: `AMERICA_NEW_YORK`, `AMERICA_INDIANA_KNOX`.
    let whole = (1..=parts.len().min(3)).find_map(|regions| {
        let (before, city) = parts.split_at_checked(regions.saturating_sub(1))?;
        let zone = [before, &[city.join("_")]].concat().join("/");
        cron::check("0 0 * * *", &zone).is_ok().then_some(zone)
    });
    whole.or_else(|| (*constant == "ETC_UTC").then(|| "UTC".to_owned()))
}

fn title(word: &str) -> String {
    if word == "UTC" || word == "GMT" {
        return word.to_owned();
    }
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|c| c.to_ascii_lowercase())).collect()
}
