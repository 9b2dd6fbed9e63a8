//! Arithmetic, and the few methods of texts and numbers with which people write names and crons.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed is computed"
)]

use oxc_ast::ast::{BinaryOperator, CallExpression, Expression};

use super::eval::Scope;
use crate::value::{Data, Value};

/// Longest text that padding or repeating may make, in bytes.
const MAX_TEXT: usize = 4_096;

/// What two numbers come to.
pub(super) fn arithmetic(operator: BinaryOperator, left: &Value, right: &Value) -> Option<Data<'static>> {
    let (Data::Number(left), Data::Number(right)) = (&left.data, &right.data) else { return None };
    let number = match operator {
        BinaryOperator::Subtraction => left - right,
        BinaryOperator::Multiplication => left * right,
        BinaryOperator::Division => left / right,
        BinaryOperator::Remainder => left % right,
        BinaryOperator::Exponential => left.powf(*right),
        BinaryOperator::LessThan => return Some(Data::Bool(left < right)),
        BinaryOperator::LessEqualThan => return Some(Data::Bool(left <= right)),
        BinaryOperator::GreaterThan => return Some(Data::Bool(left > right)),
        BinaryOperator::GreaterEqualThan => return Some(Data::Bool(left >= right)),
        _ => return None,
    };
    plain(number)
}

/// A number as a person would write it: what JavaScript writes with an exponent is computed.
fn plain(number: f64) -> Option<Data<'static>> {
    let is_plain = number == 0.0 || (1e-6..1e15).contains(&number.abs());
    is_plain.then_some(Data::Number(number + 0.0))
}

impl<'a> Scope<'a> {
    /// `Math.floor(…)`, `list.join(' ')`, `text.padStart(2, '0')`.
    pub(super) fn worked_out(&self, call: &CallExpression<'a>, depth: usize) -> Option<Data<'static>> {
        let arguments = || -> Option<Vec<Value<'static>>> {
            let values = call.arguments.iter().map(|one| Some(self.eval(one.as_expression()?, depth)));
            values.collect()
        };
        match call.callee.get_inner_expression() {
            Expression::Identifier(name)
                if matches!(name.name.as_str(), "Number" | "parseInt" | "parseFloat") =>
            {
                let given = arguments()?;
                // Another base than ten is not followed.
                let is_ten = given.get(1).is_none_or(|base| base.data == Data::Number(10.0));
                let number = given.first().filter(|_| is_ten)?.scalar()?.trim().parse::<f64>().ok()?;
                plain(if name.name == "parseInt" { number.trunc() } else { number })
            }
            Expression::StaticMemberExpression(member) => {
                let method = member.property.name.as_str();
                if matches!(member.object.get_inner_expression(), Expression::Identifier(name) if name.name == "Math")
                {
                    return math(method, &arguments()?);
                }
                const KNOWN: [&str; 9] = [
                    "join",
                    "padStart",
                    "padEnd",
                    "toString",
                    "toLowerCase",
                    "toUpperCase",
                    "trim",
                    "repeat",
                    "replace",
                ];
                if !KNOWN.contains(&method) {
                    return None;
                }
                let object = self.eval(&member.object, depth);
                method_of(&object, method, &arguments()?).map(|text| Data::Text(text.into()))
            }
            _ => None,
        }
    }
}

fn math(name: &str, given: &[Value]) -> Option<Data<'static>> {
    let numbers: Option<Vec<f64>> = given
        .iter()
        .map(|value| if let Data::Number(number) = value.data { Some(number) } else { None })
        .collect();
    let numbers = numbers?;
    let number = match (name, numbers.as_slice()) {
        ("floor", [one]) => one.floor(),
        ("ceil", [one]) => one.ceil(),
        // JavaScript rounds halves up.
        ("round", [one]) => (one + 0.5).floor(),
        ("trunc", [one]) => one.trunc(),
        ("abs", [one]) => one.abs(),
        ("max", [first, rest @ ..]) => rest.iter().fold(*first, |most, one| most.max(*one)),
        ("min", [first, rest @ ..]) => rest.iter().fold(*first, |least, one| least.min(*one)),
        _ => return None,
    };
    plain(number)
}

fn method_of(object: &Value, method: &str, given: &[Value]) -> Option<String> {
    if let (Data::List(items), "join") = (&object.data, method) {
        let between = match given.first() {
            Some(value) => value.text()?.to_owned(),
            None => ",".to_owned(),
        };
        let written =
            |item: &Value| if item.data == Data::Null { Some(String::new()) } else { item.scalar() };
        let parts: Option<Vec<String>> = items.iter().map(written).collect();
        return Some(parts?.join(&between));
    }
    if method == "toString" {
        return object.scalar().filter(|_| given.is_empty());
    }
    let text = object.text()?;
    let length = || match given.first()?.data {
        // Only whole numbers that a text may be long.
        Data::Number(number) if (0.0..=4_096.0).contains(&number) => {
            format!("{number:.0}").parse::<usize>().ok()
        }
        _ => None,
    };
    match (method, given) {
        ("toLowerCase", []) => Some(text.to_lowercase()),
        ("toUpperCase", []) => Some(text.to_uppercase()),
        ("trim", []) => Some(text.trim().to_owned()),
        ("repeat", [_]) => {
            let times = length()?;
            (text.len().saturating_mul(times) <= MAX_TEXT).then(|| text.repeat(times))
        }
        ("padStart" | "padEnd", [_, ..]) => {
            let fill = given.get(1).map_or(Some(" "), Value::text)?;
            let missing = length()?.saturating_sub(text.chars().count());
            let filling: String = fill.chars().cycle().take(missing).collect();
            Some(if method == "padStart" { filling + text } else { format!("{text}{filling}") })
        }
        ("replace", [from, to]) => {
            // `$` has a meaning of its own in what is put in.
            let to = to.text().filter(|to| !to.contains('$'))?;
            Some(text.replacen(from.text()?, to, 1))
        }
        _ => None,
    }
}
