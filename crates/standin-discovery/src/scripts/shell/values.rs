//! What a script's variables hold, as far as it spells them out.

use std::collections::BTreeMap;

use super::given::{assigned, name_of};
use super::statements::{Statement, closing};

/// Variables within the values of variables, at most so deep.
const MAX_DEPTH: usize = 3;

/// The variables that are given one value only.
#[derive(Default)]
pub(super) struct Values<'t> {
    known: BTreeMap<&'t str, Option<&'t str>>,
}

impl<'t> Values<'t> {
    pub(super) fn new(statements: &[Statement<'t>]) -> Self {
        let mut known: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for one in statements.iter().filter(|one| one.body.is_empty()) {
            let Some(name) = assigned(one.text) else { continue };
            let value = one.text.split_once('=').and_then(|(_, value)| literal(value));
            let entry = known.entry(name).or_insert(value);
            if *entry != value {
                *entry = None;
            }
        }
        Self { known }
    }

    /// A text with the values of its variables; those that are not known stay as they are.
    pub(super) fn expanded(&self, text: &str) -> String {
        self.expand(text, 0)
    }

    fn expand(&self, text: &str, depth: usize) -> String {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        // Each turn takes one `$` away.
        while let Some((before, behind)) = rest.split_once('$') {
            whole.push_str(before);
            let (value, length) = self.value(behind);
            match value.filter(|_| depth < MAX_DEPTH) {
                Some(value) => whole.push_str(&self.expand(value, depth.saturating_add(1))),
                None => {
                    whole.push('$');
                    whole.push_str(behind.get(..length).unwrap_or(""));
                }
            }
            rest = behind.get(length..).unwrap_or("");
        }
        whole.push_str(rest);
        whole
    }

    /// The value of the variable behind a `$`, and the bytes that it takes.
    fn value<'a>(&self, behind: &'a str) -> (Option<&'a str>, usize)
    where
        't: 'a,
    {
        let Some(name) = name_of(behind) else { return (None, 0) };
        let known = self.known.get(name).copied().flatten();
        let Some(inner) = behind.strip_prefix('{') else { return (known, name.len()) };
        let end = inner.find('}').unwrap_or(inner.len());
        let rest = inner.get(name.len()..end).unwrap_or("");
        let default = rest.strip_prefix(":-").or(rest.strip_prefix('-')).or(rest.strip_prefix(":="));
        let value = if rest.is_empty() { known } else { default.and_then(|default| known.or(Some(default))) };
        (value, end.saturating_add(2).min(behind.len()))
    }
}

/// A value that stands by itself: in quotes, or one word. Where it is `${X:-…}`, the default counts.
fn literal(value: &str) -> Option<&str> {
    let value = value.trim_end();
    let quote = value.chars().next()?;
    let inner = if value.starts_with("$((") {
        value.get(..value.find("))")?.saturating_add(2))?
    } else if matches!(quote, '"' | '\'') {
        let inner = value.get(1..)?;
        inner.get(..closing(inner, quote)?)?
    } else {
        value.split(|c: char| c.is_whitespace() || c == ';').next()?
    };
    let is_whole = inner.matches('(').count() == inner.matches(')').count();
    if !is_whole || inner.contains('`') {
        return None;
    }
    // `X=${X:-60}` and `X=${1:-60}`.
    let default = inner.strip_prefix("${").and_then(|rest| rest.split_once(":-")).map(|(_, default)| default);
    default.map_or(Some(inner), |default| default.strip_suffix('}'))
}
