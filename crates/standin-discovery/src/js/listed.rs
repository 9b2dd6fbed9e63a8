//! Lists that are made of lists: `map` with a function that is one expression, and `concat`.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed is computed"
)]

use oxc_ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, BindingPattern, CallExpression, Expression, Statement,
};

use super::eval::Scope;
use crate::limits::MAX_MAPPED;
use crate::value::{Data, Value};

impl<'a> Scope<'a> {
    /// What a method of a list gives, where the list and the function are spelled out.
    pub(super) fn listed(&self, call: &CallExpression<'a>, depth: usize) -> Option<Data<'static>> {
        let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression() else {
            return None;
        };
        let method = member.property.name.as_str();
        if !matches!(method, "map" | "concat") {
            return None;
        }
        let Data::List(items) = self.eval(&member.object, depth).data else { return None };
        let first = call.arguments.first()?.as_expression()?;
        if method == "concat" {
            let mut all = items;
            for argument in &call.arguments {
                let more = self.eval(argument.as_expression()?, depth);
                match more.data {
                    Data::List(more) => all.extend(more),
                    _ => all.push(more),
                }
            }
            return Some(Data::List(all));
        }
        match first.get_inner_expression() {
            Expression::ArrowFunctionExpression(function) if items.len() <= MAX_MAPPED => {
                self.mapped(&items, function, depth).map(Data::List)
            }
            _ => None,
        }
    }

    fn mapped(
        &self,
        items: &[Value<'static>],
        function: &ArrowFunctionExpression<'a>,
        depth: usize,
    ) -> Option<Vec<Value<'static>>> {
        let body = body(function)?;
        let mut results = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            if matches!(item.data, Data::Computed(_)) {
                results.push(item.clone());
                continue;
            }
            let before = self.locals.borrow().len();
            let bound = self.bind(function, item, at);
            let result = self.eval(body, depth);
            self.locals.borrow_mut().truncate(before);
            bound?;
            results.push(result);
        }
        Some(results)
    }

    /// Gives the parameters their values.
    fn bind(&self, function: &ArrowFunctionExpression<'a>, item: &Value<'static>, at: usize) -> Option<()> {
        let mut locals = self.locals.borrow_mut();
        let mut parameters = function.params.items.iter().map(|parameter| &parameter.pattern);
        match parameters.next() {
            None => {}
            Some(BindingPattern::BindingIdentifier(name)) => locals.push((name.name.as_str(), item.clone())),
            Some(BindingPattern::ObjectPattern(pattern)) if pattern.rest.is_none() => {
                for property in &pattern.properties {
                    let key = property.key.static_name()?;
                    let BindingPattern::BindingIdentifier(name) = &property.value else { return None };
                    let value = item.get(&key).cloned();
                    locals.push((
                        name.name.as_str(),
                        value.unwrap_or_else(|| Value::new(item.line, Data::Null)),
                    ));
                }
            }
            Some(_) => return None,
        }
        match parameters.next() {
            None => {}
            Some(BindingPattern::BindingIdentifier(name)) => {
                let at = u32::try_from(at).map_or(Data::Null, |at| Data::Number(f64::from(at)));
                locals.push((name.name.as_str(), Value::new(item.line, at)));
            }
            Some(_) => return None,
        }
        Some(())
    }
}

/// The expression that a function returns, if it does nothing else.
fn body<'f, 'a>(function: &'f ArrowFunctionExpression<'a>) -> Option<&'f Expression<'a>> {
    match &function.body {
        ArrowFunctionBody::FunctionBody(block) => match block.statements.as_slice() {
            [Statement::ReturnStatement(only)] => only.argument.as_ref(),
            _ => None,
        },
        body => body.as_expression(),
    }
}

impl Value<'static> {
    /// How many values it is made of; its nesting is bounded where it was built.
    pub(super) fn nodes(&self) -> usize {
        let within: usize = match &self.data {
            Data::List(items) => items.iter().map(Self::nodes).sum(),
            Data::Map(entries) => entries.iter().map(|entry| entry.value.nodes()).sum(),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => 0,
        };
        within.saturating_add(1)
    }
}
