//! The variables of a service: `${self:a.b}`, `${file(./a.yml):b}`, `${opt:stage, 'dev'}`, one within the other.

use std::borrow::Cow;
use std::cell::Cell;

use crate::contents::File;
use crate::files;
use crate::js;
use crate::lines::quote;
use crate::value::{Data, Value};
use crate::yaml;

/// References that are followed for one value, whatever leads to what.
const MAX_STEPS: usize = 200;

/// Where a text is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum From {
    TheFile,
    /// What stands behind a comma, for when nothing is set from outside.
    ADefault,
}

/// Why a value is not known, with what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unknown {
    /// It is nowhere: the framework refuses the service.
    Missing(String),
    /// It is from outside.
    Elsewhere(String),
}

/// A value, and where it is from.
type Come = Result<(Data<'static>, From), Unknown>;

pub(super) struct Variables<'a> {
    file: &'a File<'a>,
    root: &'a Value<'a>,
    left: Cell<usize>,
}

impl<'a> Variables<'a> {
    pub(super) const fn new(file: &'a File<'a>, root: &'a Value<'a>) -> Self {
        Self { file, root, left: Cell::new(MAX_STEPS) }
    }

    /// What a value comes to; its lines are those of the reference.
    pub(super) fn value(&self, value: &Value) -> Result<(Value<'static>, From), Unknown> {
        self.left.set(MAX_STEPS);
        match &value.data {
            Data::Text(text) if text.contains("${") => {
                let (data, from) = self.resolved(text)?;
                Ok((Value::new(value.line, data).at_line(value.line), from))
            }
            Data::Computed(what) => Err(Unknown::Elsewhere(quote(what))),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => {
                Ok((value.clone().into_owned(), From::TheFile))
            }
        }
    }

    /// What a value comes to, or the value itself where that is not known.
    pub(super) fn followed(&self, value: &Value) -> Value<'static> {
        self.value(value).map_or_else(|_| value.clone().into_owned(), |(value, _)| value)
    }

    /// A text with what its references come to in their places, the inner ones first. What is nothing but a reference may
    /// come to anything.
    fn resolved(&self, text: &str) -> Come {
        let (mut text, mut from) = (text.to_owned(), From::TheFile);
        while let Some((before, name, behind)) = innermost(&text) {
            let Some(left) = self.left.get().checked_sub(1) else {
                return Err(Unknown::Elsewhere("references that lead to one another".to_owned()));
            };
            self.left.set(left);
            let (value, of) = match self.reference(name) {
                // With another stage it may be there.
                Err(Unknown::Missing(what)) if from == From::ADefault => {
                    return Err(Unknown::Elsewhere(what));
                }
                other => other?,
            };
            from = from.max(of);
            let is_whole = before.is_empty() && behind.is_empty();
            match (value, is_whole) {
                (Data::Text(value), _) => text = format!("{before}{value}{behind}"),
                (value, true) => return Ok((value, from)),
                (value, false) => match Value::new(1, value).scalar() {
                    Some(value) => text = format!("{before}{value}{behind}"),
                    None => return Err(Unknown::Elsewhere(format!("`{}`", quote(name)))),
                },
            }
        }
        Ok((Data::Text(text.into()), from))
    }

    /// The first of several that is known: `self:a.b`, `opt:stage, 'dev'`.
    fn reference(&self, name: &str) -> Come {
        let (mut from, mut is_elsewhere) = (From::TheFile, false);
        for part in alternatives(name) {
            match self.source(part) {
                Ok((data, of)) if data != Data::Null => return Ok((data, from.max(of))),
                Ok(_) | Err(Unknown::Missing(_)) => {}
                Err(Unknown::Elsewhere(_)) => (from, is_elsewhere) = (From::ADefault, true),
            }
        }
        let what = format!("`{}`", quote(name));
        Err(if is_elsewhere { Unknown::Elsewhere(what) } else { Unknown::Missing(what) })
    }

    fn source(&self, part: &str) -> Come {
        let quoted = |quote: char| part.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        let elsewhere = || Unknown::Elsewhere(format!("`{}`", quote(part)));
        if let Some(literal) = quoted('\'').or(quoted('"')) {
            return Ok((Data::Text(literal.to_owned().into()), From::TheFile));
        }
        if let Some(path) = part.strip_prefix("self:") {
            return match self.at(self.root, path) {
                // The framework has defaults for the rest.
                Err(Unknown::Missing(_)) if !path.starts_with("custom.") => Err(elsewhere()),
                other => other,
            };
        }
        if let Some(rest) = part.strip_prefix("file(") {
            let (path, keys) = rest.split_once(')').ok_or_else(elsewhere)?;
            let found = self.read(path.trim()).ok_or_else(elsewhere)?;
            return self.at(&found, keys.trim_start_matches([':', '.']));
        }
        if let Some(name) = part.strip_prefix("param:") {
            return self.parameter(name).ok_or_else(elsewhere);
        }
        match part {
            "sls:stage" => Ok((Data::Text(self.stage().into()), From::ADefault)),
            "true" => Ok((Data::Bool(true), From::TheFile)),
            "false" => Ok((Data::Bool(false), From::TheFile)),
            "null" => Ok((Data::Null, From::TheFile)),
            _ => match part.parse() {
                Ok(number) => Ok((Data::Number(number), From::TheFile)),
                Err(_) => Err(elsewhere()),
            },
        }
    }

    /// The stage where none is given.
    fn stage(&self) -> String {
        let stage = self.at(self.root, "provider.stage").ok().map(|(stage, _)| Value::new(1, stage));
        stage.and_then(|stage| stage.scalar()).unwrap_or_else(|| "dev".to_owned())
    }

    fn parameter(&self, name: &str) -> Option<(Data<'static>, From)> {
        let stage = self.stage();
        let places = [
            format!("params.{stage}.{name}"),
            format!("params.default.{name}"),
            format!("stages.{stage}.params.{name}"),
            format!("stages.default.params.{name}"),
        ];
        places.iter().find_map(|path| self.at(self.root, path).ok()).map(|(data, _)| (data, From::ADefault))
    }

    /// What stands at a path below a value, references on the way followed.
    fn at(&self, start: &Value<'_>, path: &str) -> Come {
        let (mut here, mut from) = (Cow::Borrowed(start), From::TheFile);
        let mut keys = path.split('.').filter(|key| !key.is_empty());
        // Each turn takes a key.
        loop {
            let data = match &here.data {
                Data::Text(text) if text.contains("${") => {
                    let (data, of) = self.resolved(text)?;
                    from = from.max(of);
                    Some(data)
                }
                Data::Computed(what) => return Err(Unknown::Elsewhere(quote(what))),
                Data::Null
                | Data::Bool(_)
                | Data::Number(_)
                | Data::Text(_)
                | Data::List(_)
                | Data::Map(_) => None,
            };
            let value = data.map_or(here, |data| Cow::Owned(Value::new(1, data)));
            let Some(key) = keys.next() else { return Ok((value.into_owned().into_owned().data, from)) };
            here = match below(&value, key) {
                Some(next) => Cow::Owned(next),
                // With another stage it may be there.
                None if from == From::ADefault
                    || value.entries().iter().any(|entry| entry.key.name().is_none()) =>
                {
                    return Err(Unknown::Elsewhere(format!("`{}`", quote(path))));
                }
                None => return Err(Unknown::Missing(format!("`{}`", quote(path)))),
            };
        }
    }

    /// A file of the repository that holds nothing but data.
    fn read(&self, path: &str) -> Option<Value<'static>> {
        if ![".yml", ".yaml", ".json"].iter().any(|ending| path.ends_with(ending)) {
            return None;
        }
        let disk = self.file.repository.root;
        let whole = js::resolve(&self.file.repository.absolute(self.file.folder()), path);
        // A link may lead out of the repository.
        let real = disk.link(&whole)?;
        let text = files::read(disk, real.strip_prefix(disk).ok()?.to_str()?).ok()?;
        if path.ends_with(".json") {
            js::read_expression(&text, &whole).ok()
        } else {
            Some(yaml::parse(&text).ok()?.root.into_owned())
        }
    }
}

/// The value of a key of a map, or at a place of a list.
fn below(value: &Value<'_>, key: &str) -> Option<Value<'static>> {
    let found = match &value.data {
        Data::List(items) => items.get(key.parse::<usize>().ok()?),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) | Data::Computed(_) => {
            value.get(key)
        }
    };
    Some(found?.clone().into_owned())
}

/// The reference that has no other in it, with what stands before and behind it.
fn innermost(text: &str) -> Option<(&str, &str, &str)> {
    let (before, behind) = text.split_once('}')?;
    let (before, name) = before.rsplit_once("${")?;
    Some((before, name, behind))
}

/// The parts between commas; those within quotes and brackets are none.
fn alternatives(name: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0_usize, 0_usize);
    let mut open = None;
    for (at, c) in name.char_indices() {
        match (c, open) {
            (_, Some(quote)) if c == quote => open = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => open = Some(c),
            ('(', None) => depth = depth.saturating_add(1),
            (')', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                parts.push(name.get(from..at).unwrap_or_default().trim());
                from = at.saturating_add(1);
            }
            _ => {}
        }
    }
    parts.push(name.get(from..).unwrap_or_default().trim());
    parts
}
