//! What statements at the top do to a list or a map after it was set. What is not understood of them is said as one more
//! item: it takes nothing away of what is spelled out.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed is not followed"
)]

use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentOperator, CallExpression, Expression, MemberExpression,
    Statement,
};
use oxc_span::GetSpan;

use super::calls::End;
use super::eval::{Scope, changed, computed};
use super::module::is_function;
use super::mutation;
use crate::limits::MAX_MAPPED;
use crate::value::{Data, Entry, Key, Value};

/// How what begins that stands for any number of items.
const MORE: [&str; 2] = ["what else ", "which of these "];

/// How far functions that call one another are followed.
const MAX_FUNCTIONS_DEEP: usize = 4;

/// Whether a computed item of a list stands for any number of items.
pub(crate) fn is_more(what: &str) -> bool {
    MORE.iter().any(|more| what.starts_with(more))
}

/// Says that some of a list are taken, and only running the file tells which.
pub(super) fn which(how: &str) -> Data<'static> {
    computed(&format!("which of these {how}"))
}

/// A value that statements change.
pub(super) struct Growing {
    /// What it is called: `apps`, `module.exports`.
    names: Vec<String>,
    value: Value<'static>,
}

impl<'a> Scope<'a> {
    /// A value with what the statements of the top, from this one on, do to it.
    pub(super) fn grown(
        &self,
        names: &[String],
        value: Value<'static>,
        from: usize,
        depth: usize,
    ) -> Value<'static> {
        if !matches!(value.data, Data::List(_) | Data::Map(_)) {
            return value;
        }
        let (line, functions) = (value.line, self.changing_functions(names));
        let mut growing = Some(Growing { names: names.to_vec(), value });
        for statement in self.statements().iter().skip(from) {
            let text = self.slice(statement.span()).unwrap_or_default();
            let is_called = functions.iter().any(|function| mutation::mentions(text, function));
            let step = match statement {
                Statement::FunctionDeclaration(_) | Statement::ClassDeclaration(_) => continue,
                Statement::VariableDeclaration(variables) => {
                    let only_functions =
                        variables.declarations.iter().all(|one| one.init.as_ref().is_some_and(is_function));
                    if only_functions || !(is_called || self.is_touched(text, names, Sets::Declares)) {
                        continue;
                    }
                    None
                }
                _ if is_called || self.is_touched(text, names, Sets::Assigns) => {
                    self.step(statement, &mut growing, depth)
                }
                _ => continue,
            };
            if let (None | Some(End::Returned(_)), Some(growing)) = (step, &mut growing) {
                growing.lose(text, self.line(statement.span()));
            }
        }
        growing.map_or_else(|| Value::new(line, computed("a value")), |growing| growing.value)
    }

    /// Whether a text changes what has one of these names.
    fn is_touched(&self, text: &str, names: &[String], sets: Sets) -> bool {
        names.iter().any(|name| {
            let can_be_set = sets == Sets::Assigns && (name.contains('.') || self.is_reset(name));
            mutation::is_changed(text, name) || (can_be_set && mutation::sets(text, name) > 0)
        })
    }

    /// Functions of the top that change what has one of these names, or call one that does.
    fn changing_functions(&self, names: &[String]) -> Vec<&'a str> {
        let all = self.texts_of_functions();
        let has_own = |text: &str| {
            let declares = |name: &String| {
                ["const", "let", "var"].iter().any(|word| text.contains(&format!("{word} {name} ")))
            };
            names.iter().any(declares)
        };
        let mut found: Vec<&'a str> = Vec::new();
        for _ in 0..MAX_FUNCTIONS_DEEP {
            let before = found.len();
            for (name, text) in &all {
                let is_one = (self.is_touched(text, names, Sets::Assigns) && !has_own(text))
                    || found.iter().any(|function| mutation::mentions(text, function));
                if is_one && !found.contains(name) {
                    found.push(name);
                }
            }
            if found.len() == before {
                break;
            }
        }
        found
    }

    /// What an expression does to a value that grows: `list.push(…)`, `items.forEach(…)` with it, `map.list = …`.
    /// `None` where that is not known.
    pub(super) fn effect(
        &self,
        expression: &Expression<'a>,
        growing: &mut Option<Growing>,
        depth: usize,
    ) -> Option<()> {
        match expression.get_inner_expression() {
            Expression::CallExpression(call) => self.call_on(call, growing, depth),
            Expression::AssignmentExpression(set) => self.set(set, growing, depth),
            _ => None,
        }
    }

    fn call_on(&self, call: &CallExpression<'a>, growing: &mut Option<Growing>, depth: usize) -> Option<()> {
        let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression() else {
            growing.as_ref()?;
            let function = self.local_function(&call.callee)?;
            let values = call.arguments.iter().map(|one| Some(self.eval(one.as_expression()?, depth)));
            let values: Vec<_> = values.collect::<Option<_>>()?;
            return self.invoke_on(function, values, growing, depth).map(drop);
        };
        match (member.property.name.as_str(), member.object.get_inner_expression()) {
            // What is printed changes nothing.
            (_, Expression::Identifier(object)) if object.name == "console" => Some(()),
            (method @ ("push" | "unshift"), list) => {
                let path = self.path(list, depth)?;
                let more = self.items_of(&call.arguments, depth);
                let Data::List(items) = &mut growing.as_mut()?.place(&path)?.data else { return None };
                let at = if method == "push" { items.len() } else { 0 };
                items.splice(at..at, more);
                Some(())
            }
            ("sort" | "reverse", list) => {
                let path = self.path(list, depth)?;
                let Data::List(items) = &growing.as_mut()?.place(&path)?.data else { return None };
                // Another order makes no other apps.
                items.iter().all(|item| matches!(item.data, Data::Map(_))).then_some(())
            }
            ("assign", Expression::Identifier(object)) if object.name == "Object" => {
                let path = self.path(call.arguments.first()?.as_expression()?, depth)?;
                let more = call.arguments.iter().skip(1).map(|one| match one.as_expression() {
                    Some(value) => self.eval(value, depth),
                    None => Value::new(self.line(one.span()), computed("a spread")),
                });
                let more: Vec<_> = more.collect();
                let Data::Map(entries) = &mut growing.as_mut()?.place(&path)?.data else { return None };
                for value in more {
                    match value.data {
                        Data::Map(more) => entries.extend(more),
                        Data::Null => {}
                        _ => entries.push(Entry { key: Key::Any, line: value.line, value }),
                    }
                }
                Some(())
            }
            ("forEach" | "map", list) => {
                let Data::List(items) = self.eval(list, depth).data else { return None };
                let function = self.local_function(call.arguments.first()?.as_expression()?)?;
                for (at, item) in items.into_iter().take(MAX_MAPPED).enumerate() {
                    let at = Value::new(item.line, super::listed::number(at));
                    self.invoke_on(function, vec![item, at], growing, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// The values of arguments; what is spread and not known is one computed item.
    fn items_of(&self, arguments: &[Argument<'a>], depth: usize) -> Vec<Value<'static>> {
        let each = |argument: &Argument<'a>| match argument {
            Argument::SpreadElement(spread) => {
                let value = self.eval(&spread.argument, depth);
                match value.data {
                    Data::List(more) => more,
                    Data::Computed(what) if is_more(&what) => {
                        vec![Value::new(value.line, Data::Computed(what))]
                    }
                    Data::Computed(what) => {
                        vec![Value::new(value.line, computed(&format!("what else is in {what}")))]
                    }
                    _ => vec![Value::new(value.line, computed("a spread"))],
                }
            }
            other => other.as_expression().map(|value| self.eval(value, depth)).into_iter().collect(),
        };
        arguments.iter().flat_map(each).collect()
    }

    /// `config.apps = …`, `apps[0] = …`, `apps = apps.concat(…)`.
    fn set(&self, set: &AssignmentExpression<'a>, growing: &mut Option<Growing>, depth: usize) -> Option<()> {
        let path = match set.left.as_member_expression() {
            Some(member) => self.path_of_member(member, depth),
            None => set.left.get_identifier_name().map(|name| vec![name.to_owned()]),
        };
        let own = path.filter(|path| growing.as_ref().is_some_and(|growing| growing.below(path).is_some()));
        // `const sorted = apps.sort()` does to `apps` what the right side does.
        let Some(path) = own else { return self.effect(&set.right, growing, depth) };
        if set.operator != AssignmentOperator::Assign {
            return None;
        }
        let before = self.locals.borrow().len();
        if let (Some(name), Some(growing)) = (set.left.get_identifier_name(), growing.as_ref())
            && set.left.as_member_expression().is_none()
        {
            self.locals.borrow_mut().push((name, growing.value.clone()));
        }
        let value = self.eval(&set.right, depth);
        self.locals.borrow_mut().truncate(before);
        growing.as_mut()?.put(&path, value)
    }

    /// The names that lead to a member: `config.apps[0]` as `config`, `apps`, `0`.
    fn path(&self, expression: &Expression<'a>, depth: usize) -> Option<Vec<String>> {
        let depth = depth.saturating_add(1);
        if depth >= crate::limits::MAX_NESTING {
            return None;
        }
        match expression.get_inner_expression() {
            Expression::Identifier(name) => {
                let name = name.name.as_str();
                // A parameter of that name is another value.
                let is_local = self.locals.borrow().iter().any(|(local, _)| *local == name);
                (!is_local).then(|| vec![name.to_owned()])
            }
            expression => self.path_of_member(expression.as_member_expression()?, depth),
        }
    }

    fn path_of_member(&self, member: &MemberExpression<'a>, depth: usize) -> Option<Vec<String>> {
        let name = match member {
            MemberExpression::ComputedMemberExpression(member) => {
                self.eval(&member.expression, depth).scalar()?
            }
            member => member.static_property_name()?.to_owned(),
        };
        let mut path = self.path(member.object(), depth)?;
        path.push(name);
        Some(path)
    }
}

/// Whether a statement that sets the name as a whole is one that declares it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sets {
    Declares,
    Assigns,
}

impl Growing {
    /// What follows one of its names in a path.
    fn below<'p>(&self, path: &'p [String]) -> Option<&'p [String]> {
        self.names.iter().find_map(|name| {
            let count = name.split('.').count();
            let is_it = path.get(..count)?.iter().map(String::as_str).eq(name.split('.'));
            is_it.then(|| path.get(count..))?
        })
    }

    /// The value at a path, where it is part of this one.
    fn place(&mut self, path: &[String]) -> Option<&mut Value<'static>> {
        let mut rest = self.below(path)?.iter();
        rest.try_fold(&mut self.value, |value, name| match &mut value.data {
            Data::Map(entries) => {
                let is_it = |entry: &&mut Entry<'static>| entry.key.name().is_none_or(|key| key == name);
                entries.iter_mut().rev().find(is_it).map(|entry| &mut entry.value)
            }
            Data::List(items) => items.get_mut(name.parse::<usize>().ok()?),
            _ => None,
        })
    }

    fn put(&mut self, path: &[String], value: Value<'static>) -> Option<()> {
        let Some(name) = self.below(path)?.last() else {
            // Of a list that is made anew what was spelled out stays, unless it is known what it becomes.
            let is_lost = matches!(value.data, Data::Computed(_)) && !self.is_empty();
            return (!is_lost).then(|| self.value = value);
        };
        let (_, parent) = path.split_last()?;
        match &mut self.place(parent)?.data {
            Data::Map(entries) => {
                entries.push(Entry { key: Key::Named(name.clone().into()), line: value.line, value });
            }
            Data::List(items) => match name.parse::<usize>().ok()? {
                at if at < items.len() => items.get_mut(at).map(|item| *item = value)?,
                at if at == items.len() => items.push(value),
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    fn is_empty(&self) -> bool {
        self.value.items().is_empty() && self.value.entries().is_empty()
    }

    /// A statement that is not understood may have put more into it.
    fn lose(&mut self, text: &str, line: u32) {
        let names = self.names.clone();
        let main = names.first().cloned().unwrap_or_default();
        match &mut self.value.data {
            Data::List(_) => {
                let how: Vec<&str> = names.iter().flat_map(|name| mutation::changes(text, name)).collect();
                lose_list(&mut self.value, &how, &main, line);
            }
            Data::Map(entries) => {
                let mut is_said = false;
                for entry in entries.iter_mut().filter(|entry| matches!(entry.value.data, Data::List(_))) {
                    let Some(key) = entry.key.name().map(str::to_owned) else { continue };
                    let paths = names.iter().map(|name| format!("{name}.{key}"));
                    let how: Vec<&str> = paths
                        .flat_map(|path| {
                            let sets = (mutation::sets(text, &path) > 0).then_some(mutation::ASSIGNED);
                            mutation::changes(text, &path).into_iter().chain(sets).collect::<Vec<_>>()
                        })
                        .collect();
                    if !how.is_empty() {
                        lose_list(&mut entry.value, &how, &format!("{main}.{key}"), line);
                        is_said = true;
                    }
                }
                if !is_said {
                    let member = names.iter().find_map(|name| mutation::member(text, name));
                    let key = member.map_or(Key::Any, |member| Key::Named(member.to_owned().into()));
                    entries.push(Entry { key, line, value: Value::new(line, changed(&main)) });
                }
            }
            _ => {}
        }
    }
}

/// What is spelled out of a list stays where it may only have got more. Texts in an unknown order, or fewer of them, make
/// other names of what is counted by them.
fn lose_list(list: &mut Value<'static>, how: &[&str], name: &str, line: u32) {
    let Data::List(items) = &mut list.data else { return };
    let are_maps = items.iter().all(|item| matches!(item.data, Data::Map(_) | Data::Computed(_)));
    let all = |known: &[&str]| how.iter().all(|one| known.contains(one));
    if are_maps && !how.is_empty() && all(&["sort", "reverse"]) {
        return;
    }
    if are_maps || all(&["push", "unshift"]) {
        items.push(Value::new(line, computed(&format!("what else is put into `{name}`"))));
    } else {
        list.data = changed(name);
    }
}
