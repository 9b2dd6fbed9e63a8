//! Functions of the module itself, walked through: their parameters, their declarations, what they return, and lists
//! that grow by `push`. A step that is none of these ends the walk, and the value is computed.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed is computed"
)]

use oxc_ast::ast::{
    ArrowFunctionBody, BindingPattern, CallExpression, Expression, ForStatement, ForStatementInit,
    ForStatementLeft, FormalParameters, Statement, UpdateOperator,
};

use super::eval::Scope;
use super::growth::Growing;
use super::mutation;
use crate::limits::{MAX_JS_CALLS, MAX_MAPPED};
use crate::value::{Data, Entry, Lookup, Value};

/// A function whose text is here.
#[derive(Clone, Copy)]
pub(super) struct Local<'f, 'a> {
    params: &'f FormalParameters<'a>,
    body: Body<'f, 'a>,
    /// Whether it sees the parameters of the functions that are walked through: one that is written where it is used.
    is_inline: Inline,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inline {
    Yes,
    No,
}

#[derive(Clone, Copy)]
enum Body<'f, 'a> {
    Value(&'f Expression<'a>),
    Steps(&'f [Statement<'a>]),
}

/// How a walk through statements ends.
pub(super) enum End {
    /// The last one is behind it.
    Through,
    Returned(Value<'static>),
}

impl<'a> Scope<'a> {
    /// The function that an expression is, or names.
    pub(super) fn local_function<'f>(&self, expression: &'f Expression<'a>) -> Option<Local<'f, 'a>>
    where
        'a: 'f,
    {
        match expression.get_inner_expression() {
            Expression::ArrowFunctionExpression(arrow) if !arrow.r#async => {
                let body = match &arrow.body {
                    ArrowFunctionBody::FunctionBody(block) => Body::Steps(block.statements.as_slice()),
                    body => Body::Value(body.as_expression()?),
                };
                Some(Local { params: &arrow.params, body, is_inline: Inline::Yes })
            }
            Expression::FunctionExpression(function) if !function.r#async && !function.generator => {
                let body = Body::Steps(function.body.as_ref()?.statements.as_slice());
                Some(Local { params: &function.params, body, is_inline: Inline::Yes })
            }
            Expression::Identifier(name) => {
                if let Some(function) = self.declared(name.name.as_str()) {
                    let is_plain = !function.r#async && !function.generator;
                    let body =
                        Body::Steps(function.body.as_ref().filter(|_| is_plain)?.statements.as_slice());
                    return Some(Local { params: &function.params, body, is_inline: Inline::No });
                }
                match self.constant(name.name.as_str())?.get_inner_expression() {
                    Expression::Identifier(_) => None,
                    function => {
                        self.local_function(function).map(|found| Local { is_inline: Inline::No, ..found })
                    }
                }
            }
            _ => None,
        }
    }

    /// What a call of a function of this module gives.
    pub(super) fn called(&self, call: &CallExpression<'a>, depth: usize) -> Option<Data<'static>> {
        let function = self.local_function(&call.callee)?;
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            match argument.as_expression() {
                Some(expression) => arguments.push(self.eval(expression, depth)),
                None => return None,
            }
        }
        let line = self.line(call.span);
        Some(self.invoke(function, arguments, depth)?.at_line(line).data)
    }

    /// Walks through a function with these arguments. `None` where it does more than is known here.
    pub(super) fn invoke(
        &self,
        function: Local<'_, 'a>,
        arguments: Vec<Value<'static>>,
        depth: usize,
    ) -> Option<Value<'static>> {
        self.invoke_on(function, arguments, &mut None, depth)
    }

    /// The same, and what it does to a value that grows.
    pub(super) fn invoke_on(
        &self,
        function: Local<'_, 'a>,
        arguments: Vec<Value<'static>>,
        growing: &mut Option<Growing>,
        depth: usize,
    ) -> Option<Value<'static>> {
        let calls = self.calls.get().saturating_add(1);
        self.calls.set(calls);
        if calls > MAX_JS_CALLS || depth >= crate::limits::MAX_NESTING {
            return None;
        }
        let before = self.locals.borrow().len();
        let outer = match function.is_inline {
            Inline::Yes => Vec::new(),
            Inline::No => self.locals.take(),
        };
        let result = self.walk(function, arguments, growing, depth.saturating_add(1));
        match function.is_inline {
            Inline::Yes => self.locals.borrow_mut().truncate(before),
            Inline::No => drop(self.locals.replace(outer)),
        }
        result
    }

    fn walk(
        &self,
        function: Local<'_, 'a>,
        arguments: Vec<Value<'static>>,
        growing: &mut Option<Growing>,
        depth: usize,
    ) -> Option<Value<'static>> {
        let line = self.line(function.params.span);
        let mut arguments = arguments.into_iter();
        for parameter in &function.params.items {
            let given = arguments.next().unwrap_or_else(|| Value::new(line, Data::Null));
            let value = match &parameter.initializer {
                Some(default) if given.data == Data::Null => self.eval(default, depth),
                Some(_) | None => given,
            };
            self.bind(&parameter.pattern, value, depth)?;
        }
        if let Some(rest) = &function.params.rest {
            self.bind(&rest.rest.argument, Value::new(line, Data::List(arguments.collect())), depth)?;
        }
        match function.body {
            Body::Value(expression) if growing.is_some() => {
                self.effect(expression, growing, depth).map(|()| Value::new(line, Data::Null))
            }
            Body::Value(expression) => Some(self.eval(expression, depth)),
            Body::Steps(statements) => match self.steps(statements, growing, depth)? {
                End::Returned(value) => Some(value),
                End::Through => Some(Value::new(line, Data::Null)),
            },
        }
    }

    /// Gives the names of a pattern their values.
    pub(super) fn bind(
        &self,
        pattern: &BindingPattern<'a>,
        value: Value<'static>,
        depth: usize,
    ) -> Option<()> {
        if depth >= crate::limits::MAX_NESTING {
            return None;
        }
        let depth = depth.saturating_add(1);
        match pattern {
            BindingPattern::BindingIdentifier(name) => {
                self.locals.borrow_mut().push((name.name.as_str(), value));
                Some(())
            }
            BindingPattern::AssignmentPattern(assignment) => {
                let value =
                    if value.data == Data::Null { self.eval(&assignment.right, depth) } else { value };
                self.bind(&assignment.left, value, depth)
            }
            BindingPattern::ObjectPattern(object) => {
                let mut taken = Vec::new();
                for property in &object.properties {
                    let key = property.key.static_name()?.into_owned();
                    let part = match (&value.data, value.look_up(&key)) {
                        (Data::Computed(what), _) => Data::Computed(what.clone()),
                        (_, Lookup::Found(found)) => found.data.clone(),
                        (_, Lookup::Missing) => Data::Null,
                        (_, Lookup::Computed(_)) => Data::Computed(format!("`{key}`")),
                    };
                    self.bind(&property.value, Value::new(value.line, part), depth)?;
                    taken.push(key);
                }
                let Some(rest) = &object.rest else { return Some(()) };
                let is_left =
                    |entry: &&Entry| entry.key.name().is_none_or(|key| !taken.iter().any(|t| t == key));
                let left = value.entries().iter().filter(is_left).cloned().collect();
                self.bind(&rest.argument, Value::new(value.line, Data::Map(left)), depth)
            }
            BindingPattern::ArrayPattern(array) => {
                let is_known = matches!(value.data, Data::List(_));
                for (at, element) in array.elements.iter().enumerate() {
                    let part = match value.items().get(at) {
                        Some(item) => item.data.clone(),
                        None if is_known => Data::Null,
                        None => Data::Computed("an element".to_owned()),
                    };
                    if let Some(element) = element {
                        self.bind(element, Value::new(value.line, part), depth)?;
                    }
                }
                let Some(rest) = &array.rest else { return Some(()) };
                let left = value.items().iter().skip(array.elements.len()).cloned().collect();
                self.bind(&rest.argument, Value::new(value.line, Data::List(left)), depth)
            }
        }
    }

    fn steps(
        &self,
        statements: &[Statement<'a>],
        growing: &mut Option<Growing>,
        depth: usize,
    ) -> Option<End> {
        for statement in statements {
            if let End::Returned(value) = self.step(statement, growing, depth)? {
                return Some(End::Returned(value));
            }
        }
        Some(End::Through)
    }

    pub(super) fn step(
        &self,
        statement: &Statement<'a>,
        growing: &mut Option<Growing>,
        depth: usize,
    ) -> Option<End> {
        let depth = depth.saturating_add(1);
        if depth >= crate::limits::MAX_NESTING {
            return None;
        }
        match statement {
            Statement::ReturnStatement(only) => {
                let line = self.line(only.span);
                let none = || Value::new(line, Data::Null);
                Some(End::Returned(only.argument.as_ref().map_or_else(none, |value| self.eval(value, depth))))
            }
            Statement::VariableDeclaration(variables) => {
                for one in &variables.declarations {
                    let value = one.init.as_ref().map(|init| self.eval(init, depth))?;
                    self.bind(&one.id, value, depth)?;
                    // What changes later in the function is not followed.
                    if let BindingPattern::BindingIdentifier(name) = &one.id
                        && mutation::is_changed(self.text(), name.name.as_str())
                    {
                        return None;
                    }
                }
                Some(End::Through)
            }
            Statement::BlockStatement(block) => {
                let before = self.locals.borrow().len();
                let end = self.steps(&block.body, growing, depth);
                self.locals.borrow_mut().truncate(before);
                end
            }
            Statement::IfStatement(choice) => match (self.truth(&choice.test, depth)?, &choice.alternate) {
                (true, _) => self.step(&choice.consequent, growing, depth),
                (false, Some(alternate)) => self.step(alternate, growing, depth),
                (false, None) => Some(End::Through),
            },
            Statement::ForOfStatement(each) => {
                let ForStatementLeft::VariableDeclaration(variables) = &each.left else { return None };
                let pattern = &variables.declarations.first()?.id;
                let Data::List(items) = self.eval(&each.right, depth).data else { return None };
                for item in items.into_iter().take(MAX_MAPPED) {
                    let before = self.locals.borrow().len();
                    let end =
                        self.bind(pattern, item, depth).and_then(|()| self.step(&each.body, growing, depth));
                    self.locals.borrow_mut().truncate(before);
                    if let End::Returned(value) = end? {
                        return Some(End::Returned(value));
                    }
                }
                Some(End::Through)
            }
            Statement::ForStatement(counted) => self.counted(counted, growing, depth),
            Statement::ExpressionStatement(only) => {
                self.effect(&only.expression, growing, depth).map(|()| End::Through)
            }
            Statement::EmptyStatement(_) => Some(End::Through),
            _ => None,
        }
    }

    /// `for (let i = 0; i < 4; i++)`, where both ends are known.
    fn counted(
        &self,
        counted: &ForStatement<'a>,
        growing: &mut Option<Growing>,
        depth: usize,
    ) -> Option<End> {
        let Some(ForStatementInit::VariableDeclaration(variables)) = &counted.init else { return None };
        let [one] = variables.declarations.as_slice() else { return None };
        let BindingPattern::BindingIdentifier(name) = &one.id else { return None };
        let by_one = match counted.update.as_ref()?.get_inner_expression() {
            Expression::UpdateExpression(update) => update.operator == UpdateOperator::Increment,
            _ => false,
        };
        let Data::Number(mut at) = self.eval(one.init.as_ref().filter(|_| by_one)?, depth).data else {
            return None;
        };
        for _ in 0..MAX_MAPPED {
            let before = self.locals.borrow().len();
            let value = Value::new(self.line(counted.span), Data::Number(at));
            self.locals.borrow_mut().push((name.name.as_str(), value));
            let end = match self.truth(counted.test.as_ref()?, depth) {
                Some(true) => self.step(&counted.body, growing, depth).map(Some),
                Some(false) => Some(None),
                None => None,
            };
            self.locals.borrow_mut().truncate(before);
            match end? {
                Some(End::Through) => at += 1.0,
                Some(returned @ End::Returned(_)) => return Some(returned),
                None => return Some(End::Through),
            }
        }
        None
    }
}
