//! One shape for what YAML, TOML and JavaScript spell out, with the line of each value. Texts are borrowed from the file
//! wherever they stand in it as they are meant.

use std::borrow::Cow;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value<'a> {
    /// Counted from 1.
    pub(crate) line: u32,
    pub(crate) data: Data<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Map(Vec<Entry<'a>>),
    /// Only running the file would tell; the text says what stands there.
    Computed(String),
}

/// One key and its value, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Key<'a>,
    /// The key's line, counted from 1.
    pub(crate) line: u32,
    pub(crate) value: Value<'a>,
}

/// The name of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    Named(Cow<'a, str>),
    /// A computed key, or the spread of something computed: it may stand for any name.
    Any,
}

impl Key<'_> {
    /// The name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        if let Self::Named(name) = self { Some(name) } else { None }
    }
}

/// What a map says about a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lookup<'v, 'a> {
    Found(&'v Value<'a>),
    Missing,
    /// Something computed stands in the map, after which nothing is certain; its line.
    Computed(u32),
}

impl Entry<'_> {
    fn into_owned(self) -> Entry<'static> {
        let key = match self.key {
            Key::Named(name) => Key::Named(Cow::Owned(name.into_owned())),
            Key::Any => Key::Any,
        };
        Entry { key, line: self.line, value: self.value.into_owned() }
    }
}

impl<'a> Value<'a> {
    pub(crate) const fn new(line: u32, data: Data<'a>) -> Self {
        Self { line, data }
    }

    /// The value without the file that it was borrowed from. Its nesting is bounded where it was built.
    pub(crate) fn into_owned(self) -> Value<'static> {
        let data = match self.data {
            Data::Null => Data::Null,
            Data::Bool(truth) => Data::Bool(truth),
            Data::Number(number) => Data::Number(number),
            Data::Text(text) => Data::Text(Cow::Owned(text.into_owned())),
            Data::List(items) => Data::List(items.into_iter().map(Value::into_owned).collect()),
            Data::Map(entries) => Data::Map(entries.into_iter().map(Entry::into_owned).collect()),
            Data::Computed(what) => Data::Computed(what),
        };
        Value { line: self.line, data }
    }

    /// The value of a name, where nothing computed matters.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The entry of a name; the last one counts, as in JavaScript.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry<'a>> {
        self.entries().iter().rev().find(|e| matches!(&e.key, Key::Named(key) if key == name))
    }

    /// The value of a name, and whether something computed could have another say.
    pub(crate) fn look_up(&self, name: &str) -> Lookup<'_, 'a> {
        for entry in self.entries().iter().rev() {
            match &entry.key {
                Key::Named(key) if key == name => return Lookup::Found(&entry.value),
                Key::Named(_) => {}
                Key::Any => return Lookup::Computed(entry.line),
            }
        }
        Lookup::Missing
    }

    pub(crate) fn entries(&self) -> &[Entry<'a>] {
        if let Data::Map(entries) = &self.data { entries } else { &[] }
    }

    pub(crate) fn items(&self) -> &[Self] {
        if let Data::List(items) = &self.data { items } else { &[] }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Data::Text(text) = &self.data { Some(text) } else { None }
    }

    /// The text of a scalar: numbers and booleans as a person would write them.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.data {
            Data::Text(text) => Some(text.clone().into_owned()),
            Data::Number(number) => Some(number.to_string()),
            Data::Bool(truth) => Some(truth.to_string()),
            Data::Null | Data::List(_) | Data::Map(_) | Data::Computed(_) => None,
        }
    }

    /// Whether a text anywhere in it holds this; the nesting is bounded where values are built.
    pub(crate) fn mentions(&self, part: &str) -> bool {
        match &self.data {
            Data::Text(text) => text.contains(part),
            Data::List(items) => items.iter().any(|item| item.mentions(part)),
            Data::Map(entries) => entries.iter().any(|entry| entry.value.mentions(part)),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Computed(_) => false,
        }
    }

    /// What a person would call it in a sentence.
    pub(crate) fn noun(&self) -> &'static str {
        match &self.data {
            Data::Null => "nothing",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "a text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
            Data::Computed(_) => "a computed value",
        }
    }
}
