//! node-schedule's rules: objects with the fields in which a time has to match.

use super::calls::{Call, named};
use super::lex::{Placed, Token};
use super::program::When;

/// Fields of a rule in the order of cron; the months count from 0.
const FIELDS: [&str; 5] = ["minute", "hour", "date", "month", "dayOfWeek"];

/// What a rule says; `None` for what is no rule that is spelled out.
pub(super) fn rule(all: &[Placed<'_>], argument: &[Placed<'_>]) -> Option<When> {
    match argument {
        [(_, Token::Sign('{')), inner @ .., (_, Token::Sign('}'))] => {
            let entries = entries(inner);
            entries.iter().any(|(name, _)| FIELDS.contains(name)).then(|| when(&entries))
        }
        [(_, Token::Word(name))] => assigned(all, name),
        _ => None,
    }
}

fn entries<'a, 't>(inner: &'a [Placed<'t>]) -> Vec<(&'t str, &'a [Placed<'t>])> {
    // As if they stood in a call.
    Call::read(inner, 0).arguments().iter().copied().chain(last(inner)).filter_map(named).collect()
}

/// What stands behind the last comma: the call that [`entries`] reads has no end.
fn last<'a, 't>(inner: &'a [Placed<'t>]) -> Option<&'a [Placed<'t>]> {
    let mut depth = 0_usize;
    let mut from = 0_usize;
    for (at, (_, token)) in inner.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 0 => from = at.saturating_add(1),
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
    }
    inner.get(from..).filter(|part| !part.is_empty())
}

/// `const rule = new RecurrenceRule(); rule.hour = 4;`, or a constant that is an object.
fn assigned(all: &[Placed<'_>], name: &str) -> Option<When> {
    let mut found: Vec<(&str, &[Placed<'_>])> = Vec::new();
    let mut is_rule = false;
    for at in 0..all.len() {
        match all.get(at..)? {
            [(_, Token::Word(word)), (_, Token::Sign('=')), (_, Token::Sign('{')), ..] if *word == name => {
                let call = Call::read(all, at.saturating_add(3));
                let inner = all.get(at.saturating_add(3)..call.end.saturating_sub(1))?;
                return entries(inner)
                    .iter()
                    .any(|(name, _)| FIELDS.contains(name))
                    .then(|| when(&entries(inner)));
            }
            [(_, Token::Word(word)), (_, Token::Sign('=')), (_, Token::Word("new")), rest @ ..]
                if *word == name =>
            {
                let before_call = rest.iter().position(|(_, token)| *token == Token::Sign('('))?;
                is_rule =
                    matches!(rest.get(before_call.checked_sub(1)?), Some((_, Token::Word("RecurrenceRule"))));
                // Fields among the arguments of the rule itself are not read.
                if !matches!(rest.get(before_call.saturating_add(1)), Some((_, Token::Sign(')')))) {
                    return is_rule.then_some(When::Computed);
                }
            }
            [
                (_, Token::Word(word)),
                (_, Token::Sign('.')),
                (_, Token::Word(field)),
                (_, Token::Sign('=')),
                value @ ..,
            ] if *word == name && !matches!(value.first(), Some((_, Token::Sign('=')))) => {
                found.push((field, value));
            }
            _ => {}
        }
    }
    is_rule.then(|| when(&found))
}

/// A rule's fields as cron's. Both days have to match, which cron cannot say.
fn when(entries: &[(&str, &[Placed<'_>])]) -> When {
    let value = |name: &str| entries.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let mut fields = Vec::with_capacity(FIELDS.len());
    for name in FIELDS {
        let field = match value(name) {
            None => Some("*".to_owned()),
            Some([(_, Token::Word("null" | "undefined")), ..]) => Some("*".to_owned()),
            Some(value) => field(value, u32::from(name == "month")),
        };
        match field {
            Some(field) => fields.push(field),
            None => return When::Computed,
        }
    }
    let second = match value("second") {
        None => "0".to_owned(),
        Some([(_, Token::Number(second)), ..]) => (*second).to_owned(),
        Some(_) => return When::Beyond("seconds of a rule".to_owned()),
    };
    let zone = match value("tz") {
        Some([(_, Token::Text(zone)), ..]) => (*zone).to_owned(),
        Some(_) | None => "local".to_owned(),
    };
    if let [_, _, date, _, week] = fields.as_slice()
        && date != "*"
        && week != "*"
    {
        return When::Beyond("date and dayOfWeek".to_owned());
    }
    if value("year").is_some() {
        return When::Beyond("year".to_owned());
    }
    let five = fields.join(" ");
    When::cron(if second == "0" { five } else { format!("{second} {five}") }, zone)
}

/// A number, a list of numbers and ranges, or a range.
fn field(value: &[Placed<'_>], add: u32) -> Option<String> {
    let number = |digits: &str| digits.parse::<u32>().ok().map(|number| number.saturating_add(add));
    match value {
        [(_, Token::Number(digits) | Token::Text(digits)), ..] => {
            number(digits).map(|number| number.to_string())
        }
        [(_, Token::Sign('[')), ..] => {
            let list = Call::read(value, 1);
            let parts: Option<Vec<String>> = list.arguments().iter().map(|part| field(part, add)).collect();
            parts.map(|parts| parts.join(",")).filter(|list| !list.is_empty())
        }
        [(_, Token::Word("new")), rest @ ..] => {
            let open = rest.iter().position(|(_, token)| *token == Token::Sign('('))?;
            if !matches!(rest.get(open.checked_sub(1)?), Some((_, Token::Word("Range")))) {
                return None;
            }
            let call = Call::read(rest, open.saturating_add(1));
            let numbers: Option<Vec<u32>> = call
                .arguments()
                .iter()
                .map(|part| match part {
                    [(_, Token::Number(digits))] => digits.parse().ok(),
                    _ => None,
                })
                .collect();
            match numbers?.as_slice() {
                [from, to] => Some(format!("{}-{}", from.saturating_add(add), to.saturating_add(add))),
                [from, to, step] => {
                    Some(format!("{}-{}/{step}", from.saturating_add(add), to.saturating_add(add)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
