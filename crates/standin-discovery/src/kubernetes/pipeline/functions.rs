//! The functions of Helm that are worked out. Whatever asks for something that is not known is not known itself.

use super::unknown;
use crate::value::{Data, Value};

/// What a function makes of its arguments, the one before the `|` last.
pub(super) fn call(name: &str, arguments: &[Data<'static>]) -> Data<'static> {
    match (name, arguments) {
        ("and" | "or" | "not" | "empty", _) => logic(name, arguments),
        (_, all) if all.iter().any(|one| matches!(one, Data::Computed(_))) && name != "tpl" => unknown(),
        ("quote" | "squote" | "toString" | "int" | "int64" | "float64" | "tpl", [value, ..]) => value.clone(),
        ("required", [_, value]) => value.clone(),
        ("default", [other, value]) => if truth(value) == Some(true) { value } else { other }.clone(),
        ("coalesce", all) => all.iter().find(|one| truth(one) == Some(true)).cloned().unwrap_or(Data::Null),
        ("ternary", [yes, no, condition]) => if truth(condition) == Some(true) { yes } else { no }.clone(),
        ("eq", [value, others @ ..]) => Data::Bool(others.iter().any(|other| is_equal(value, other))),
        ("ne", [one, other]) => Data::Bool(!is_equal(one, other)),
        ("index" | "get", [value, keys @ ..]) => keys.iter().fold(value.clone(), |value, key| at(value, key)),
        ("hasKey", [map, key]) => Data::Bool(at(map.clone(), key) != Data::Null),
        _ => shown_all(arguments).map_or_else(unknown, |texts| of_texts(name, &texts)),
    }
}

/// Functions of nothing but texts.
fn of_texts(name: &str, texts: &[String]) -> Data<'static> {
    let made = match (name, texts) {
        ("trim", [text]) => text.trim().to_owned(),
        ("lower", [text]) => text.to_lowercase(),
        ("upper", [text]) => text.to_uppercase(),
        ("trimAll", [signs, text]) => text.trim_matches(|c| signs.contains(c)).to_owned(),
        ("trimSuffix", [end, text]) => text.strip_suffix(end.as_str()).unwrap_or(text).to_owned(),
        ("trimPrefix", [start, text]) => text.strip_prefix(start.as_str()).unwrap_or(text).to_owned(),
        ("replace", [old, new, text]) => text.replace(old.as_str(), new),
        ("trunc", [count, text]) => match count.parse() {
            Ok(count) => text.chars().take(count).collect(),
            Err(_) => return unknown(),
        },
        ("print", texts) => texts.concat(),
        ("printf", [form, texts @ ..]) => match printed(form, texts) {
            Some(text) => text,
            None => return unknown(),
        },
        _ => return unknown(),
    };
    Data::Text(made.into())
}

/// `%s`, `%v` and `%d` with the texts in their places.
fn printed(form: &str, texts: &[String]) -> Option<String> {
    let mut parts = form.split('%');
    let mut made = parts.next()?.to_owned();
    let mut texts = texts.iter();
    for part in parts {
        let rest = part.strip_prefix(['s', 'v', 'd'])?;
        made.push_str(texts.next()?);
        made.push_str(rest);
    }
    texts.next().is_none().then_some(made)
}

/// What is surely so whatever is not known.
fn logic(name: &str, arguments: &[Data<'static>]) -> Data<'static> {
    let has = |wanted: bool| arguments.iter().any(|one| truth(one) == Some(wanted));
    let is_known = arguments.iter().all(|one| truth(one).is_some());
    let decided = match (name, arguments) {
        ("and", _) if has(false) => Some(Data::Bool(false)),
        ("and", _) if is_known => arguments.last().cloned(),
        ("or", _) if is_known => {
            arguments.iter().find(|one| truth(one) == Some(true)).cloned().or(Some(Data::Bool(false)))
        }
        ("or", _) if has(true) => Some(Data::Bool(true)),
        ("not" | "empty", [value]) => truth(value).map(|truth| Data::Bool(!truth)),
        _ => None,
    };
    decided.unwrap_or_else(unknown)
}

/// Whether a value counts as true; nothing, zero, and what is empty do not.
pub(super) fn truth(value: &Data<'_>) -> Option<bool> {
    match value {
        Data::Null => Some(false),
        Data::Bool(truth) => Some(*truth),
        Data::Number(number) => Some(*number != 0.0),
        Data::Text(text) => Some(!text.is_empty()),
        Data::List(items) => Some(!items.is_empty()),
        Data::Map(entries) => Some(!entries.is_empty()),
        Data::Computed(_) => None,
    }
}

/// What is written for a value.
pub(super) fn shown(value: &Data<'_>) -> Option<String> {
    match value {
        Data::Null => Some(String::new()),
        Data::Bool(_) | Data::Number(_) | Data::Text(_) => Value::new(1, value.clone()).scalar(),
        Data::List(_) | Data::Map(_) | Data::Computed(_) => None,
    }
}

fn shown_all(values: &[Data<'_>]) -> Option<Vec<String>> {
    values.iter().map(shown).collect()
}

fn is_equal(one: &Data<'_>, other: &Data<'_>) -> bool {
    shown(one).is_some_and(|text| shown(other) == Some(text))
}

/// What stands at a key of a map or at a place of a list.
fn at(value: Data<'static>, key: &Data<'_>) -> Data<'static> {
    let Some(key) = shown(key) else { return unknown() };
    let value = Value::new(1, value);
    let inner = match &value.data {
        Data::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
        Data::Map(_) => value.get(&key),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => None,
    };
    inner.map_or(Data::Null, |inner| inner.data.clone())
}
