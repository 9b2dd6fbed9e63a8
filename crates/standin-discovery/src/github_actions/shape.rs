//! Holds a workflow against the shapes that GitHub gives its parts: which keys, which kinds of values, which
//! expressions. What is not of the shape makes GitHub refuse the whole file.

use std::borrow::Cow;

use standin_core::automation::Severity;

use super::Judged;
use super::expression::{self, Names};
use super::noted::Noted;
use super::shapes;
use crate::lines::quote;
use crate::value::{Data, Entry, Key, Value};

/// What may stand at a place.
pub(super) struct Shape {
    /// Names that expressions may use here and below, beside those allowed above. Where no name at all is allowed,
    /// no expression is either.
    pub(super) allows: Names,
    pub(super) text: Text,
    pub(super) plain: Plain,
    pub(super) list: Option<&'static Shape>,
    /// Several where its first key tells which one is meant.
    pub(super) maps: &'static [&'static Map],
    pub(super) whole: Whole,
}

/// Whether an expression can stand for all of a value.
#[derive(PartialEq, Eq)]
pub(super) enum Whole {
    Computed,
    /// Its keys must be written out.
    Spelled,
}

/// Which texts; numbers, booleans and nothing count as the texts that they are written as.
pub(super) enum Text {
    Never,
    Any,
    Filled,
    One(&'static [&'static str]),
    /// An expression with or without `${{` and `}}`.
    Condition,
}

/// Which scalars that are no texts.
#[derive(PartialEq, Eq)]
pub(super) enum Plain {
    Never,
    Null,
    Boolean,
    Number,
    /// A boolean or a number.
    Some,
}

/// A map.
pub(super) struct Map {
    pub(super) known: &'static [Known],
    /// What any other key holds; `None` where there can be no other.
    pub(super) other: Option<&'static Shape>,
    pub(super) strays: Strays,
}

/// What GitHub does with what it does not know in a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strays {
    /// It refuses the file.
    Refused,
    /// It passes over a key that it does not know.
    Keys,
    /// It passes over such keys, and over values that mean nothing to it.
    All,
}

/// A key that GitHub knows.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) shape: &'static Shape,
    pub(super) need: Need,
}

/// Whether a key must stand in its map.
#[derive(PartialEq, Eq)]
pub(super) enum Need {
    Optional,
    Required,
}

impl Shape {
    pub(super) const NOTHING: Self = Self {
        allows: Names::NONE,
        text: Text::Never,
        plain: Plain::Never,
        list: None,
        maps: &[],
        whole: Whole::Computed,
    };

    fn takes(&self, data: &Data) -> bool {
        let as_text = |text: &str| match self.text {
            Text::Never => false,
            Text::Any | Text::Condition => true,
            Text::Filled => !text.is_empty(),
            Text::One(texts) => texts.contains(&text),
        };
        match data {
            Data::Null => self.plain == Plain::Null || as_text(""),
            Data::Bool(truth) => {
                matches!(self.plain, Plain::Boolean | Plain::Some)
                    || as_text(if *truth { "true" } else { "false" })
            }
            Data::Number(_) => matches!(self.plain, Plain::Number | Plain::Some) || as_text("0"),
            Data::Text(text) => as_text(text),
            Data::List(_) => self.list.is_some(),
            Data::Map(_) => !self.maps.is_empty(),
            Data::Computed(_) => false,
        }
    }

    /// What it takes, for a person.
    fn nouns(&self) -> String {
        let mut nouns: Vec<Cow<'_, str>> = Vec::new();
        match self.text {
            Text::Never => {}
            Text::Any | Text::Filled => nouns.push("a text".into()),
            Text::Condition => nouns.push("a condition".into()),
            Text::One(texts) => nouns.push(one_of(texts).into()),
        }
        match self.plain {
            Plain::Never | Plain::Null => {}
            Plain::Boolean => nouns.push("true or false".into()),
            Plain::Number => nouns.push("a number".into()),
            Plain::Some => nouns.push("a number, true or false".into()),
        }
        if self.list.is_some() {
            nouns.push("a list".into());
        }
        if !self.maps.is_empty() {
            nouns.push("a map".into());
        }
        if nouns.is_empty() { "nothing".into() } else { nouns.join(", or ") }
    }
}

/// Holds the whole workflow against its shape, and notes what its expressions name.
pub(super) fn check(root: &Value, judged: &mut Judged<'_>) -> Noted {
    let mut walk = Walk { judged, noted: Noted::default(), strays: Strays::Refused };
    walk.map(root, 1, &shapes::ROOT, Names::NONE);
    walk.noted
}

struct Walk<'j, 'p> {
    judged: &'j mut Judged<'p>,
    noted: Noted,
    /// What becomes of strays where the walk is.
    strays: Strays,
}

impl Walk<'_, '_> {
    /// The nesting of values is bounded where they are read. `line` is the one of the key.
    fn value(&mut self, value: &Value, line: u32, shape: &'static Shape, above: Names) {
        let allowed = above.and(shape.allows);
        if let Data::Text(text) = &value.data {
            match self.expressions(text, value.line, allowed) {
                Found::None if matches!(shape.text, Text::Condition) => {
                    self.condition(text, value.line, allowed)
                }
                Found::None => {}
                Found::Some if shape.whole == Whole::Spelled => {
                    self.refuse_expression(value.line, "no expression can stand for all of this map");
                    return;
                }
                Found::Some | Found::Bad => return,
            }
        }
        if !shape.takes(&value.data) {
            self.unfit(value, line, shape);
            return;
        }
        match &value.data {
            Data::List(items) => {
                for (item, shape) in items.iter().filter_map(|item| Some((item, shape.list?))) {
                    self.value(item, item.line, shape, allowed);
                }
            }
            Data::Map(_) => self.map(value, line, shape, above),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => {}
        }
    }

    fn unfit(&mut self, value: &Value, line: u32, shape: &Shape) {
        let written =
            value.scalar().map_or_else(|| value.noun().to_owned(), |text| format!("`{}`", quote(&text)));
        let message = format!("{} belongs here, and this is {written}", shape.nouns());
        let line = if value.data == Data::Null { line } else { value.line };
        if self.strays == Strays::All {
            let message = format!("{message}: GitHub passes over it");
            let fix = "Correct the value, or delete its key.";
            return self.judged.say("event-value-ignored", Severity::Warning, line, &message, fix);
        }
        self.judged.refuse_also("value-invalid", line, &message, "Correct the value, or delete its key.");
    }

    fn map(&mut self, value: &Value, line: u32, shape: &'static Shape, above: Names) {
        let outer = self.strays;
        self.strays = shape.maps.first().map_or(outer, |map| map.strays);
        self.keys(value, line, shape, above);
        self.strays = outer;
    }

    fn keys(&mut self, value: &Value, line: u32, shape: &'static Shape, above: Names) {
        let allowed = above.and(shape.allows);
        let mut maps: Vec<&'static Map> = shape.maps.to_vec();
        let mut seen = Vec::with_capacity(value.entries().len());
        let mut has_computed_key = false;
        for entry in value.entries() {
            let Key::Named(name) = &entry.key else {
                let fix = "Write the key as a text.";
                self.judged.refuse_also("key-unknown", entry.line, "a key is a text", fix);
                continue;
            };
            match self.expressions(name, entry.line, allowed) {
                Found::None => {}
                Found::Some => {
                    has_computed_key = true;
                    self.value(&entry.value, entry.line, &shapes::ANY, allowed);
                    continue;
                }
                Found::Bad => continue,
            }
            seen.push((&**name, entry.line));
            self.entry(name, entry, &mut maps, shape.maps, allowed);
        }
        self.twice(&mut seen);
        match maps.as_slice() {
            [map] if !has_computed_key => self.missing(map, &seen, line),
            [] | [_] => {}
            [..] => {
                let names: Vec<&str> = maps.iter().flat_map(|map| required(map)).collect();
                let message = format!("it does not say what it is: it has none of {}", names.join(", "));
                self.judged.refuse_also("key-missing", line, &message, "Add one of these keys.");
            }
        }
    }

    fn entry(
        &mut self,
        name: &str,
        entry: &Entry,
        maps: &mut Vec<&'static Map>,
        excluded: &'static [&'static Map],
        allowed: Names,
    ) {
        if name == "<<" && matches!(entry.value.data, Data::Map(_) | Data::List(_)) {
            let message = "GitHub does not merge maps by `<<`, although it takes anchors and aliases";
            let fix = "Write the keys out, or let an alias stand for the whole map.";
            return self.judged.refuse_also("yaml-merge-key", entry.line, message, fix);
        }
        let find = |map: &'static Map| map.known.iter().find(|known| known.name == name);
        if let Some(known) = maps.iter().rev().find_map(|map| find(map)) {
            maps.retain(|map| find(map).is_some());
            self.value(&entry.value, entry.line, known.shape, allowed);
            return;
        }
        match maps.first().and_then(|map| map.other) {
            Some(other) => {
                if name.is_empty() {
                    let fix = "Write a name before the colon.";
                    self.judged.refuse_also("key-unknown", entry.line, "a key is empty", fix);
                }
                self.value(&entry.value, entry.line, other, allowed);
            }
            None => {
                let excluded = excluded.iter().flat_map(|map| map.known).any(|known| known.name == name);
                self.unknown(name, entry.line, maps, if excluded { Stray::Excluded } else { Stray::Unknown });
            }
        }
    }

    fn unknown(&mut self, name: &str, line: u32, maps: &[&'static Map], stray: Stray) {
        if stray == Stray::Excluded {
            let message = format!("`{}` cannot stand beside the keys before it", quote(name));
            self.judged.refuse_also(
                "key-conflict",
                line,
                &message,
                "Delete it, or the keys that exclude it.",
            );
            return;
        }
        let known = || maps.iter().flat_map(|map| map.known).map(|known| known.name);
        let plain = |text: &str| text.replace(['_', '-', ' '], "").to_ascii_lowercase();
        let written = plain(name);
        let fix = match known().find(|known| plain(known) == written) {
            Some(meant) => format!("Write `{meant}`."),
            None if known().next().is_none() => "Delete it, or indent it rightly.".to_owned(),
            None => format!("Delete it, indent it rightly, or use {}.", one_of(&known().collect::<Vec<_>>())),
        };
        let message = format!("GitHub knows no key `{}` at this place", quote(name));
        if self.strays != Strays::Refused {
            let message = format!("{message}, and passes over it");
            return self.judged.say("event-key-ignored", Severity::Warning, line, &message, &fix);
        }
        self.judged.refuse_also("key-unknown", line, &message, &fix);
    }

    /// Keys that are the same but for upper and lower case count as one.
    fn twice(&mut self, seen: &mut [(&str, u32)]) {
        if seen.len() < 2 {
            return;
        }
        let same = |a: &str, b: &str| {
            a.bytes().map(|b| b.to_ascii_uppercase()).cmp(b.bytes().map(|b| b.to_ascii_uppercase()))
        };
        seen.sort_by(|a, b| same(a.0, b.0).then(a.1.cmp(&b.1)));
        for pair in seen.windows(2) {
            if let [first, second] = pair
                && !first.0.is_empty()
                && first.0.eq_ignore_ascii_case(second.0)
            {
                let message = format!("`{}` stands twice in one map", quote(second.0));
                self.judged.refuse("duplicate-key", second.1, &message, "Keep one of the two.");
            }
        }
    }

    fn missing(&mut self, map: &'static Map, seen: &[(&str, u32)], line: u32) {
        for name in required(map) {
            if !seen.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                let message = format!("the key `{name}` is missing");
                self.judged.refuse_also("key-missing", line, &message, &format!("Add `{name}:` here."));
            }
        }
    }

    fn expressions(&mut self, text: &str, line: u32, allowed: Names) -> Found {
        let mut found = Found::None;
        let (mut at, mut line) = (0, line);
        for part in expression::parts(text) {
            let between = text.get(at..part.at).unwrap_or_default();
            let breaks = between.bytes().filter(|byte| *byte == b'\n').count();
            (at, line) = (part.at, line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX)));
            match self.expression(part.inner, text, line, allowed) {
                // A text that is written as an expression is a text.
                Ok(Found::None) => {}
                Ok(more) => found = found.max(more),
                Err(message) => {
                    self.refuse_expression(line, &message);
                    return Found::Bad;
                }
            }
        }
        if found == Found::Some && allowed.is_empty() {
            self.refuse_expression(line, "no expression can stand at this place");
            return Found::Bad;
        }
        found
    }

    fn expression(
        &mut self,
        inner: Option<&str>,
        text: &str,
        line: u32,
        allowed: Names,
    ) -> Result<Found, String> {
        let inner = inner.ok_or("an expression is opened by `${{` and never closed")?;
        if inner.trim() == "insert" && text.len() == inner.len().saturating_add(5) {
            return Ok(Found::Some);
        }
        let tokens = expression::check(inner, allowed)?;
        self.noted.expression(&tokens, line);
        let is_only_a_text = matches!(tokens.as_slice(), [token] if token.kind == expression::Kind::Text);
        Ok(if is_only_a_text && text.len() == inner.len().saturating_add(5) {
            Found::None
        } else {
            Found::Some
        })
    }

    fn refuse_expression(&mut self, line: u32, message: &str) {
        let fix = "Correct the expression, or write the value itself.";
        self.judged.refuse_also("expression-invalid", line, message, fix);
    }

    fn condition(&mut self, text: &str, line: u32, allowed: Names) {
        if text.trim().is_empty() {
            return;
        }
        match expression::check(text, allowed) {
            Ok(tokens) => self.noted.expression(&tokens, line),
            Err(message) => self.refuse_expression(line, &message),
        }
    }
}

fn required(map: &'static Map) -> impl Iterator<Item = &'static str> {
    map.known.iter().filter(|known| known.need == Need::Required).map(|known| known.name)
}

/// Why a key is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stray {
    Unknown,
    /// It belongs to another sort of the same part.
    Excluded,
}

/// Whether expressions stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    None,
    Some,
    Bad,
}

/// A list for a sentence, cut where it would be no sentence any more.
fn one_of(names: &[&str]) -> String {
    const MOST: usize = 12;
    let mut text = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(" and others");
    }
    text
}
