//! What stands beside a schedule in the construct that it is for: whether it is switched on, its zone, its targets.

use super::Service;
use crate::cron;
use crate::limits::MAX_CALL_TOKENS;
use crate::scripts::calls::{Call, named, text};
use crate::scripts::lex::{Placed, Token};

/// The names by which a construct takes its schedule.
const SCHEDULES: [&str; 4] = ["schedule", "scheduleExpression", "schedule_expression", "cron"];

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

/// The properties that the schedule at a place is one of.
pub(super) fn around<'a, 't>(all: &'a [Placed<'t>], at: usize) -> Option<Properties<'a, 't>> {
    let mut depth = 0_usize;
    let lowest = at.saturating_sub(MAX_CALL_TOKENS);
    let open = (lowest..at).rev().find(|place| match all.get(*place).map(|(_, token)| token) {
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
    })?;
    let call = Call::read(all, open.saturating_add(1));
    let is_property = SCHEDULES.iter().any(|name| call.named(name).is_some());
    is_property.then_some(Properties { call, open })
}

impl Properties<'_, '_> {
    /// Whether it is switched off: `enabled: false`, `state: 'DISABLED'`.
    pub(super) fn is_off(&self) -> bool {
        let ends = |name: &str, word: &str| {
            self.call.named(name).and_then(|value| value.last()).is_some_and(|(_, token)| {
                matches!(token, Token::Word(known) | Token::Text(known) if known.eq_ignore_ascii_case(word))
            })
        };
        ends("enabled", "false") || ends("state", "disabled")
    }

    /// `scheduleExpressionTimezone: 'Europe/Rome'`.
    fn zone(&self) -> Option<Zone> {
        let names = ["scheduleExpressionTimezone", "schedule_expression_timezone"];
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
