//! Lists and maps that are made of others: `map`, `filter`, `flatMap`, `concat`, `Object.entries`, `Array.from`.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed is computed"
)]

use oxc_ast::ast::{Argument, CallExpression, Expression};

use super::eval::Scope;
use crate::limits::MAX_MAPPED;
use crate::value::{Data, Entry, Key, Value};

impl<'a> Scope<'a> {
    /// What a method of a list gives, where the list and the function are spelled out.
    pub(super) fn listed(&self, call: &CallExpression<'a>, depth: usize) -> Option<Data<'static>> {
        let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression() else {
            return None;
        };
        let method = member.property.name.as_str();
        if let Expression::Identifier(object) = member.object.get_inner_expression()
            && matches!(object.name.as_str(), "Object" | "Array")
        {
            return self.made(object.name.as_str(), method, call, depth);
        }
        let is_known = ["map", "concat", "filter", "flatMap", "flat", "slice", "fill", "sort", "reverse"];
        if !is_known.contains(&method) {
            return None;
        }
        let Data::List(items) = self.eval(&member.object, depth).data else { return None };
        if items.len() > MAX_MAPPED {
            return None;
        }
        let first = call.arguments.first().and_then(|argument| argument.as_expression());
        match (method, first) {
            ("concat", _) => self.joined(items, call, depth),
            ("map", Some(first)) => self.mapped(items, first, depth).map(Data::List),
            ("flatMap", Some(first)) => {
                self.mapped(items, first, depth).map(|mapped| Data::List(flattened(mapped)))
            }
            ("flat", None) => Some(Data::List(flattened(items))),
            ("slice", None) => Some(Data::List(items)),
            ("fill", value) => {
                let value = value.map(|value| self.eval(value, depth));
                let filled = |item: Value| value.clone().unwrap_or(Value { data: Data::Null, ..item });
                Some(Data::List(items.into_iter().map(filled).collect()))
            }
            ("filter", Some(first)) => Some(self.filtered(items, first, depth)),
            // Another order makes no other apps.
            ("sort" | "reverse", _) if items.iter().all(|item| matches!(item.data, Data::Map(_))) => {
                Some(Data::List(items))
            }
            _ => None,
        }
    }

    fn joined(
        &self,
        items: Vec<Value<'static>>,
        call: &CallExpression<'a>,
        depth: usize,
    ) -> Option<Data<'static>> {
        let mut all = items;
        for argument in &call.arguments {
            match argument {
                Argument::SpreadElement(spread) => {
                    let more = self.eval(&spread.argument, depth);
                    match more.data {
                        Data::List(lists) => all.extend(flattened(lists)),
                        _ => all.push(Value::new(more.line, super::eval::computed("a spread"))),
                    }
                }
                argument => {
                    let more = self.eval(argument.as_expression()?, depth);
                    match more.data {
                        Data::List(more) => all.extend(more),
                        _ => all.push(more),
                    }
                }
            }
        }
        Some(Data::List(all))
    }

    fn mapped(
        &self,
        items: Vec<Value<'static>>,
        function: &Expression<'a>,
        depth: usize,
    ) -> Option<Vec<Value<'static>>> {
        let function = self.local_function(function)?;
        let mut results = Vec::with_capacity(items.len());
        let mut unknown = 0_usize;
        for (at, item) in items.into_iter().enumerate() {
            if matches!(item.data, Data::Computed(_)) {
                results.push(item);
                continue;
            }
            let (line, at) = (item.line, Value::new(item.line, number(at)));
            let made = self.invoke(function, vec![item, at], depth);
            unknown = unknown.saturating_add(usize::from(made.is_none()));
            results.push(made.unwrap_or_else(|| Value::new(line, super::eval::computed("a call"))));
        }
        (unknown == 0 || unknown < results.len()).then_some(results)
    }

    fn filtered(&self, items: Vec<Value<'static>>, function: &Expression<'a>, depth: usize) -> Data<'static> {
        let is_boolean =
            matches!(function.get_inner_expression(), Expression::Identifier(name) if name.name == "Boolean");
        let local = self.local_function(function);
        let (mut kept, mut unknown) = (Vec::new(), None);
        for item in items {
            let truth = match local {
                _ if is_boolean => item.truth(),
                Some(local) => self.invoke(local, vec![item.clone()], depth).and_then(|kept| kept.truth()),
                None => None,
            };
            // What may be left out is one that is known, or one that is computed and says so itself.
            if truth.is_none() && !matches!(item.data, Data::Computed(_)) {
                unknown.get_or_insert(item.line);
            }
            if truth != Some(false) {
                kept.push(item);
            }
        }
        kept.extend(unknown.map(|line| Value::new(line, super::growth::which("a filter keeps"))));
        Data::List(kept)
    }

    /// `Object.entries` and the like, `Array.from`.
    fn made(
        &self,
        object: &str,
        method: &str,
        call: &CallExpression<'a>,
        depth: usize,
    ) -> Option<Data<'static>> {
        let first = self.eval(call.arguments.first()?.as_expression()?, depth);
        match (object, method, &first.data) {
            ("Object", "freeze" | "seal", _) => Some(first.data),
            ("Object", "entries" | "keys" | "values", Data::Map(entries)) => {
                let parts = entries.iter().map(|entry| {
                    let key = Value::new(entry.line, Data::Text(entry.key.name()?.to_owned().into()));
                    Some(match method {
                        "keys" => key,
                        "values" => entry.value.clone(),
                        _ => Value::new(entry.line, Data::List(vec![key, entry.value.clone()])),
                    })
                });
                parts.collect::<Option<Vec<_>>>().map(Data::List)
            }
            ("Object", "assign", Data::Map(_)) => {
                let mut all: Vec<Entry<'static>> = first.entries().to_vec();
                for argument in call.arguments.iter().skip(1) {
                    let more = self.eval(argument.as_expression()?, depth);
                    match more.data {
                        Data::Map(more) => all.extend(more),
                        Data::Null => {}
                        _ => all.push(Entry { key: Key::Any, line: more.line, value: more }),
                    }
                }
                Some(Data::Map(all))
            }
            ("Array", "from", _) => {
                let items = match &first.data {
                    Data::List(items) => items.clone(),
                    Data::Map(_) => match first.get("length").map(|length| &length.data) {
                        Some(Data::Number(length)) => nothings(*length, first.line)?,
                        _ => return None,
                    },
                    _ => return None,
                };
                match call.arguments.get(1).and_then(|argument| argument.as_expression()) {
                    Some(function) => self.mapped(items, function, depth).map(Data::List),
                    None => Some(Data::List(items)),
                }
            }
            _ => None,
        }
    }

    /// `Array(n)` and `new Array(n)`.
    pub(super) fn array_of(
        &self,
        callee: &Expression<'a>,
        first: Option<&Expression<'a>>,
        depth: usize,
    ) -> Option<Data<'static>> {
        let Expression::Identifier(name) = callee.get_inner_expression() else { return None };
        let first = first.filter(|_| name.name == "Array")?;
        let value = self.eval(first, depth);
        let Data::Number(length) = value.data else { return None };
        nothings(length, value.line).map(Data::List)
    }
}

/// An index, as JavaScript counts.
pub(super) fn number(at: usize) -> Data<'static> {
    u32::try_from(at).map_or(Data::Null, |at| Data::Number(f64::from(at)))
}

fn flattened(items: Vec<Value<'static>>) -> Vec<Value<'static>> {
    let each = |item: Value<'static>| match item.data {
        Data::List(more) => more,
        data => vec![Value { data, ..item }],
    };
    items.into_iter().flat_map(each).collect()
}

/// So many times nothing.
fn nothings(length: f64, line: u32) -> Option<Vec<Value<'static>>> {
    let count =
        (0..=MAX_MAPPED).find(|count| u32::try_from(*count).is_ok_and(|count| f64::from(count) == length))?;
    Some(vec![Value::new(line, Data::Null); count])
}

impl Value<'static> {
    /// Whether it is one item of a list: what is spread or pushed there may be several.
    pub(super) const fn is_one(&self) -> bool {
        !matches!(self.data, Data::Computed(_))
    }

    /// How many values it is made of; its nesting is bounded where it was built.
    pub(super) fn nodes(&self) -> usize {
        let within: usize = match &self.data {
            Data::List(items) => items.iter().map(Self::nodes).sum(),
            Data::Map(entries) => entries.iter().map(|entry| entry.value.nodes()).sum(),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => 0,
        };
        within.saturating_add(1)
    }

    /// Whether JavaScript takes it for true, where that is known.
    pub(super) fn truth(&self) -> Option<bool> {
        match &self.data {
            Data::Computed(_) => None,
            Data::Null => Some(false),
            Data::Bool(truth) => Some(*truth),
            Data::Number(number) => Some(*number != 0.0),
            Data::Text(text) => Some(!text.is_empty()),
            Data::List(_) | Data::Map(_) => Some(true),
        }
    }
}
