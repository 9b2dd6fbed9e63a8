//! Object literals of JavaScript: where they are used, in a constant of the file, or spread into one another.

use super::calls::{Call, assigned, named};
use super::lex::{Placed, Token};

/// Objects within objects, and constants within constants.
const MAX_DEPTH: usize = 5;

/// What an object is known to hold.
#[derive(Debug, Default)]
pub(super) struct Object<'a, 't> {
    entries: Vec<(&'t str, &'a [Placed<'t>])>,
    /// Whether something that is not known may have put more into it.
    is_open: bool,
}

/// What an object has under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry<'a, 't> {
    Is(&'a [Placed<'t>]),
    Absent,
    Unknown,
}

impl<'a, 't> Object<'a, 't> {
    /// The object that a value is. `None` for what is none, or none that is known.
    pub(super) fn of(all: &'a [Placed<'t>], value: &'a [Placed<'t>]) -> Option<Self> {
        within(all, value, 0)
    }

    /// What stands under the first of these keys that it has.
    pub(super) fn get(&self, keys: &[&str]) -> Entry<'a, 't> {
        match self.entries.iter().rev().find(|(key, _)| keys.contains(key)) {
            Some((_, value)) => Entry::Is(value),
            None if self.is_open => Entry::Unknown,
            None => Entry::Absent,
        }
    }
}

fn within<'a, 't>(all: &'a [Placed<'t>], value: &'a [Placed<'t>], depth: usize) -> Option<Object<'a, 't>> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        [(_, Token::Sign('{')), ..] => {
            let call = Call::read(value, 1);
            let is_whole = match value.get(call.end..) {
                Some([] | [(_, Token::Word("as" | "satisfies")), ..]) => true,
                Some(_) | None => false,
            };
            is_whole.then(|| literal(all, &call, depth))
        }
        [(_, Token::Word(name))] => {
            let rest = assigned(all, name)?;
            let [(_, Token::Sign('{')), ..] = rest else { return None };
            let end = Call::read(rest, 1).end;
            within(all, rest.get(..end)?, depth.saturating_add(1))
        }
        [outer @ .., (_, Token::Sign('.')), (_, Token::Word(key))] => {
            match within(all, outer, depth.saturating_add(1))?.get(&[key]) {
                Entry::Is(value) => within(all, value, depth.saturating_add(1)),
                Entry::Absent | Entry::Unknown => None,
            }
        }
        _ => None,
    }
}

fn literal<'a, 't>(all: &'a [Placed<'t>], call: &Call<'a, 't>, depth: usize) -> Object<'a, 't> {
    let mut object = Object::default();
    for part in call.arguments() {
        match part {
            [(_, Token::Sign('.')), (_, Token::Sign('.')), (_, Token::Sign('.')), spread @ ..] => {
                match within(all, spread, depth.saturating_add(1)) {
                    Some(inner) => {
                        object.entries.extend(inner.entries);
                        object.is_open = object.is_open || inner.is_open;
                    }
                    None => object.is_open = true,
                }
            }
            // A key that is computed.
            [(_, Token::Sign('[')), ..] => object.is_open = true,
            [(_, Token::Word(name))] => object.entries.push((name, part)),
            _ => object.entries.extend(named(part)),
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::super::lex::{Language, tokens};
    use super::*;

    #[test]
    fn constants_and_spreads_are_objects() {
        let cases = [
            ("f({ a: 1 })", "1"),
            ("const o: Options = { a: 2 };\nf(o)", "2"),
            ("const o = { a: 2 };\nf({ ...o, b: 1 })", "2"),
            ("const o = { a: 2 };\nf({ ...o, a: 3 })", "3"),
            ("const o = { inner: { a: 4 } };\nf(o.inner)", "4"),
            ("f({ a: 5 } as const)", "5"),
            ("f({ a })", "a"),
            ("f({ b: { a: 1 } })", "absent"),
            ("f({ ...x })", "unknown"),
            ("f({ [k]: 1 })", "unknown"),
            ("f(x)", "none"),
            ("f(x.y)", "none"),
        ];
        for (text, wanted) in cases {
            let all = tokens(text, Language::JavaScript);
            let from = all.iter().rposition(|(_, token)| *token == Token::Word("f")).unwrap() + 2;
            let value = &all[from..all.len() - 1];
            let seen = match Object::of(&all, value).map(|object| object.get(&["a"])) {
                Some(Entry::Is([(_, Token::Number(text) | Token::Word(text))])) => text,
                Some(Entry::Is(_)) => "else",
                Some(Entry::Absent) => "absent",
                Some(Entry::Unknown) => "unknown",
                None => "none",
            };
            assert_eq!(seen, wanted, "{text}");
        }
    }
}
