//! Evaluates what is spelled out. What is not becomes [`Data::Computed`] with a name for people, never with its
//! text: a text may hold a secret.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed is computed"
)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;

use oxc_ast::ast::{
    Argument, ArrayExpressionElement, AssignmentOperator, BinaryOperator, BindingPattern, CallExpression,
    Expression, Function, ObjectExpression, ObjectPropertyKind, Program, PropertyKind, Statement,
    TemplateLiteral, UnaryOperator,
};
use oxc_span::{GetSpan, Span};

use super::module::Imported;
use super::reach::Reach;
use super::{choices, module, mutation, paths};
use crate::limits::{MAX_JS_NODES, MAX_NESTING};
use crate::lines::Lines;
use crate::value::{Data, Entry, Key, Value};

/// What the names of a module stand for.
pub(crate) struct Scope<'a> {
    text: &'a str,
    lines: &'a Lines,
    /// The absolute path of the file.
    file: &'a Path,
    /// What other files it may look into; none where only its own text counts.
    pub(super) reach: Option<Reach<'a>>,
    statements: &'a [Statement<'a>],
    constants: BTreeMap<&'a str, &'a Expression<'a>>,
    /// Lists that are set to others later.
    reset: BTreeMap<&'a str, &'a Expression<'a>>,
    pub(super) patterns: Vec<(&'a BindingPattern<'a>, &'a Expression<'a>)>,
    functions: BTreeMap<&'a str, &'a Function<'a>>,
    imports: BTreeMap<&'a str, Imported>,
    /// Nodes that may still be built: constants that repeat one another would explode otherwise.
    pub(super) left: Cell<usize>,
    /// What the parameters of functions that are walked through stand for, innermost last.
    pub(super) locals: RefCell<Vec<(&'a str, Value<'static>)>>,
    /// Where the environment decides and something was assumed of it: the line, and what was.
    assumed: RefCell<Vec<(u32, String)>>,
    /// Functions of this module that were walked through so far.
    pub(super) calls: Cell<usize>,
    /// Lists of which the growth is being followed: one that grows by itself has no end.
    pub(super) growing: RefCell<Vec<String>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        program: &'a Program<'a>,
        text: &'a str,
        lines: &'a Lines,
        file: &'a Path,
        reach: Option<Reach<'a>>,
    ) -> Self {
        Self {
            text,
            lines,
            file,
            reach,
            statements: program.body.as_slice(),
            constants: module::constants(program, text),
            reset: module::reset(program, text),
            patterns: module::patterns(program),
            functions: module::functions(program),
            imports: module::imports(program),
            left: Cell::new(MAX_JS_NODES),
            locals: RefCell::default(),
            assumed: RefCell::default(),
            calls: Cell::new(0),
            growing: RefCell::default(),
        }
    }

    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    pub(super) const fn statements(&self) -> &'a [Statement<'a>] {
        self.statements
    }

    /// A function that is declared at the top.
    pub(super) fn declared(&self, name: &str) -> Option<&'a Function<'a>> {
        self.functions.get(name).copied()
    }

    /// The text of a part of the module.
    pub(super) fn slice(&self, span: Span) -> Option<&'a str> {
        self.text.get(usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?)
    }

    /// Notes what was taken for granted.
    pub(super) fn assume(&self, line: u32, what: String) {
        self.assumed.borrow_mut().push((line, what));
    }

    /// The defaults that were taken so far, ordered.
    pub(crate) fn assumed(&self) -> Vec<(u32, String)> {
        let mut assumed = self.assumed.take();
        assumed.sort();
        assumed.dedup();
        assumed
    }

    /// What a question gives, and what was taken of the environment to answer it: nobody else hears of that.
    pub(super) fn assuming<T>(&self, ask: impl FnOnce(&Self) -> T) -> (T, Vec<String>) {
        let before = self.assumed.borrow().len();
        let answer = ask(self);
        let taken = self.assumed.borrow_mut().split_off(before);
        (answer, taken.into_iter().map(|(_, what)| what).collect())
    }

    /// What a name was imported or required as.
    pub(crate) fn import(&self, local: &str) -> Option<&Imported> {
        self.imports.get(local)
    }

    /// What a constant was set to.
    pub(crate) fn constant(&self, name: &str) -> Option<&'a Expression<'a>> {
        self.constants.get(name).copied()
    }

    /// Whether a name is that of a list which is set to another one later.
    pub(super) fn is_reset(&self, name: &str) -> bool {
        self.reset.contains_key(name)
    }

    /// What a list or a map of the top is in the end, if it does not stay what it is set to.
    pub(super) fn in_the_end(&self, name: &str) -> Option<Value<'static>> {
        let first = self.constant(name).or_else(|| self.reset.get(name).copied())?;
        let is_changed = self.is_reset(name) || mutation::is_changed(self.text, name);
        let value = is_changed.then(|| Value::new(self.line(first.span()), self.name(name, 0)))?;
        matches!(value.data, Data::List(_) | Data::Map(_)).then_some(value)
    }

    /// Functions of the top, and their texts.
    pub(super) fn texts_of_functions(&self) -> Vec<(&'a str, &'a str)> {
        let declared = self.functions.iter().map(|(name, function)| (*name, function.span));
        let assigned = self.constants.iter().filter(|(_, expression)| module::is_function(expression));
        let all = declared.chain(assigned.map(|(name, expression)| (*name, expression.span())));
        all.filter_map(|(name, span)| Some((name, self.slice(span)?))).collect()
    }

    pub(crate) fn line(&self, span: Span) -> u32 {
        self.lines.at(usize::try_from(span.start).unwrap_or(usize::MAX))
    }

    /// The value of an expression at the top of a module.
    pub(crate) fn value(&self, expression: &Expression<'a>) -> Value<'static> {
        self.eval(expression, 0)
    }

    /// The value of an argument; a spread is computed.
    pub(crate) fn argument(&self, argument: &Argument<'a>) -> Value<'static> {
        match argument.as_expression() {
            Some(expression) => self.eval(expression, 0),
            None => Value::new(self.line(argument.span()), computed("a spread")),
        }
    }

    pub(super) fn folder(&self) -> String {
        self.file.parent().map(paths::text).unwrap_or_default()
    }

    pub(super) fn eval(&self, expression: &Expression<'a>, depth: usize) -> Value<'static> {
        let expression = expression.get_inner_expression();
        let line = self.line(expression.span());
        let Some(left) = self.left.get().checked_sub(1) else {
            return Value::new(line, computed("a value too large to be read"));
        };
        self.left.set(left);
        if depth >= MAX_NESTING {
            return Value::new(line, computed("a value nested too deeply"));
        }
        Value::new(line, self.data(expression, depth.saturating_add(1)))
    }

    fn data(&self, expression: &Expression<'a>, depth: usize) -> Data<'static> {
        match expression {
            Expression::BooleanLiteral(literal) => Data::Bool(literal.value),
            Expression::NullLiteral(_) => Data::Null,
            Expression::NumericLiteral(literal) => Data::Number(literal.value),
            Expression::StringLiteral(literal) => Data::Text(literal.value.to_string().into()),
            Expression::TemplateLiteral(template) => self.template(template, depth),
            Expression::Identifier(identifier) => self.name(identifier.name.as_str(), depth),
            Expression::ArrayExpression(array) => self.list(&array.elements, depth),
            Expression::ObjectExpression(object) => self.map(object, depth),
            Expression::CallExpression(call) => self.call(call, depth),
            Expression::StaticMemberExpression(member) => {
                self.member(expression, &member.object, member.property.name.as_str(), depth)
            }
            Expression::ComputedMemberExpression(member) => {
                let (list, at) = (self.eval(&member.object, depth), self.eval(&member.expression, depth));
                list.at(&at).map_or_else(|| choices::member(member, &at), |found| found.data.clone())
            }
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                self.sum(&sum.left, &sum.right, depth)
            }
            Expression::BinaryExpression(pair) => self.compared(pair, depth),
            Expression::LogicalExpression(choice) => self.choice(choice, depth),
            Expression::ConditionalExpression(choice) => self.chosen(choice, depth),
            Expression::NewExpression(new) => {
                let first = new.arguments.first().and_then(Argument::as_expression);
                self.array_of(&new.callee, first, depth).unwrap_or_else(|| computed("a new object"))
            }
            // What an assignment gives is what it sets.
            Expression::AssignmentExpression(set) if set.operator == AssignmentOperator::Assign => {
                self.eval(&set.right, depth).data
            }
            Expression::UnaryExpression(unary) => match unary.operator {
                // Minifiers write true and false as !0 and !1.
                UnaryOperator::LogicalNot => match self.truth(&unary.argument, depth) {
                    Some(truth) => Data::Bool(!truth),
                    None => computed("an operation"),
                },
                UnaryOperator::UnaryNegation => match self.eval(&unary.argument, depth).data {
                    Data::Number(number) => Data::Number(-number),
                    _ => computed("an operation"),
                },
                _ => computed("an operation"),
            },
            _ => computed(noun(expression)),
        }
    }

    fn template(&self, template: &TemplateLiteral<'a>, depth: usize) -> Data<'static> {
        let mut text = String::new();
        let mut values = template.expressions.iter();
        for part in &template.quasis {
            let Some(cooked) = &part.value.cooked else { return computed("a template") };
            text.push_str(cooked.as_str());
            if let Some(expression) = values.next() {
                match self.eval(expression, depth).scalar() {
                    Some(value) => text.push_str(&value),
                    None => return computed("a template"),
                }
            }
        }
        Data::Text(text.into())
    }

    /// What a parameter stands for. A copy costs as much as building it: large values would multiply otherwise.
    pub(super) fn local(&self, name: &str) -> Option<Data<'static>> {
        let locals = self.locals.borrow();
        let (_, value) = locals.iter().rev().find(|(known, _)| *known == name)?;
        let Some(left) = self.left.get().checked_sub(value.nodes()) else {
            return Some(computed("a value too large to be read"));
        };
        self.left.set(left);
        Some(value.data.clone())
    }

    fn name(&self, name: &str, depth: usize) -> Data<'static> {
        if let Some(data) = self.local(name) {
            return data;
        }
        match name {
            "undefined" => Data::Null,
            "__dirname" => Data::Text(self.folder().into()),
            "__filename" => Data::Text(paths::text(self.file).into()),
            _ => match self.constant(name).or_else(|| self.reset.get(name).copied()) {
                Some(expression) => {
                    let value = self.eval(expression, depth);
                    let can_grow = matches!(value.data, Data::List(_) | Data::Map(_));
                    if can_grow && (self.is_reset(name) || mutation::is_changed(self.text, name)) {
                        self.after_growth(name, value, depth)
                    } else {
                        value.data
                    }
                }
                None => self.part_of(name, depth).unwrap_or_else(|| computed(&format!("`{name}`"))),
            },
        }
    }

    fn list(&self, elements: &[ArrayExpressionElement<'a>], depth: usize) -> Data<'static> {
        let mut items = Vec::new();
        for element in elements {
            let line = self.line(element.span());
            match element {
                ArrayExpressionElement::Elision(_) => items.push(Value::new(line, Data::Null)),
                ArrayExpressionElement::SpreadElement(spread) => {
                    match self.eval(&spread.argument, depth).data {
                        Data::List(more) => items.extend(more),
                        Data::Computed(what) => items.push(Value::new(line, Data::Computed(what))),
                        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) => {
                            items.push(Value::new(line, computed("a spread")));
                        }
                    }
                }
                other => items.push(match other.as_expression() {
                    Some(expression) => self.eval(expression, depth),
                    None => Value::new(line, computed("an element")),
                }),
            }
        }
        Data::List(items)
    }

    fn map(&self, object: &ObjectExpression<'a>, depth: usize) -> Data<'static> {
        let mut entries = Vec::new();
        for property in &object.properties {
            let line = self.line(property.span());
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let value = self.eval(&spread.argument, depth);
                    match value.data {
                        Data::Map(more) => entries.extend(more),
                        // Spreading one of these adds nothing.
                        Data::Null | Data::Bool(_) | Data::Number(_) => {}
                        Data::Text(_) | Data::List(_) | Data::Computed(_) => {
                            entries.push(Entry { key: Key::Any, line, value });
                        }
                    }
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    let key = if property.computed {
                        let key = property.key.as_expression().map(|key| self.eval(key, depth));
                        key.and_then(|key| key.scalar()).map_or(Key::Any, |name| Key::Named(name.into()))
                    } else {
                        property
                            .key
                            .static_name()
                            .map_or(Key::Any, |name| Key::Named(name.into_owned().into()))
                    };
                    let value = if property.kind == PropertyKind::Init {
                        self.eval(&property.value, depth)
                    } else {
                        Value::new(line, computed("a getter or setter"))
                    };
                    entries.push(Entry { key, line, value });
                }
            }
        }
        Data::Map(entries)
    }

    /// `a.b` of a constant, or `import.meta.dirname`.
    fn member(
        &self,
        whole: &Expression<'a>,
        object: &Expression<'a>,
        property: &str,
        depth: usize,
    ) -> Data<'static> {
        let dotted = module::dotted(whole);
        if dotted.as_deref() == Some("import.meta.dirname") {
            return Data::Text(self.folder().into());
        }
        if dotted.as_deref() == Some("process.platform") {
            self.assume(
                self.line(whole.span()),
                "`process.platform` decides here: it is taken for `linux`".into(),
            );
            return Data::Text("linux".to_owned().into());
        }
        if dotted.as_deref() == Some("path.sep") {
            return Data::Text("/".to_owned().into());
        }
        let found = match object.get_inner_expression() {
            Expression::Identifier(_)
            | Expression::StaticMemberExpression(_)
            | Expression::ComputedMemberExpression(_)
            | Expression::CallExpression(_) => {
                let value = self.eval(object, depth);
                match (&value.data, property) {
                    (Data::List(items), "length") if items.iter().all(Value::is_one) => {
                        Some(super::listed::number(items.len()))
                    }
                    // A map that is known as a whole has nothing else.
                    (Data::Map(_), _) if value.look_up(property) == crate::value::Lookup::Missing => {
                        Some(Data::Null)
                    }
                    (_, _) => value.get(property).map(|value| value.data.clone()),
                }
            }
            _ => None,
        };
        let name = dotted.map_or_else(|| "a member".to_owned(), |name| format!("`{name}`"));
        found.unwrap_or(Data::Computed(name))
    }

    fn sum(&self, left: &Expression<'a>, right: &Expression<'a>, depth: usize) -> Data<'static> {
        let (left, right) = (self.eval(left, depth), self.eval(right, depth));
        match (&left.data, &right.data) {
            (Data::Number(a), Data::Number(b)) => Data::Number(a + b),
            (Data::Text(_), _) | (_, Data::Text(_)) => match (left.scalar(), right.scalar()) {
                (Some(a), Some(b)) => Data::Text((a + &b).into()),
                (None, _) | (_, None) => computed("a sum"),
            },
            _ => computed("a sum"),
        }
    }

    /// The few calls whose result follows from their arguments and the place of the file.
    fn call(&self, call: &CallExpression<'a>, depth: usize) -> Data<'static> {
        let known = self.listed(call, depth).or_else(|| self.called(call, depth));
        if let Some(data) = known.or_else(|| self.worked_out(call, depth)) {
            return data;
        }
        let first = call.arguments.first().and_then(Argument::as_expression);
        if let Some(data) = self.array_of(&call.callee, first, depth) {
            return data;
        }
        let Some(function) = self.function(&call.callee) else { return computed("a call") };
        if let Some(data) = self.file_of(&function, call, depth) {
            return data;
        }
        if let Some(data) = self.plain_call(&function, call, depth) {
            return data;
        }
        let arguments: Option<Vec<String>> = call
            .arguments
            .iter()
            .map(|argument| {
                argument.as_expression().and_then(|a| self.eval(a, depth).text().map(str::to_owned))
            })
            .collect();
        match (function.as_str(), arguments) {
            ("process.cwd", Some(none)) if none.is_empty() => Data::Text(self.folder().into()),
            ("path.join", Some(parts)) => Data::Text(paths::join(&parts).into()),
            ("path.resolve", Some(parts)) => Data::Text(paths::resolve(&self.folder(), &parts).into()),
            ("path.dirname", Some(parts)) => match parts.as_slice() {
                [only] => Data::Text(paths::parent(only).into()),
                _ => computed("a call of `path.dirname`"),
            },
            (name, _) => computed(&format!("a call of `{name}`")),
        }
    }

    /// Calls that only change the form of a value.
    fn plain_call(&self, function: &str, call: &CallExpression<'a>, depth: usize) -> Option<Data<'static>> {
        let first = call.arguments.first()?.as_expression()?;
        match function {
            "url.fileURLToPath" | "fileURLToPath"
                if module::dotted(first).as_deref() == Some("import.meta.url") =>
            {
                Some(Data::Text(paths::text(self.file).into()))
            }
            "String" => self.eval(first, depth).scalar().map(|text| Data::Text(text.into())),
            "path.basename" => {
                let path = self.eval(first, depth);
                let path = path.text()?.trim_end_matches('/');
                let base = path.rsplit('/').next().unwrap_or(path);
                let ending = call.arguments.get(1).and_then(Argument::as_expression);
                let ending = ending.map(|ending| self.eval(ending, depth));
                let stem = match &ending {
                    Some(ending) => base.strip_suffix(ending.text()?).filter(|stem| !stem.is_empty()),
                    None => None,
                };
                Some(Data::Text(stem.unwrap_or(base).to_owned().into()))
            }
            _ => None,
        }
    }

    /// The dotted name of a function, with `path` and `process` for whatever the file calls these modules.
    pub(super) fn function(&self, callee: &Expression<'a>) -> Option<String> {
        let name = module::dotted(callee)?;
        let (first, rest) = name.split_once('.').map_or((name.as_str(), None), |(a, b)| (a, Some(b)));
        let Some(imported) = self.import(first) else { return Some(name) };
        let module = imported.module.strip_prefix("node:").unwrap_or(&imported.module);
        let parts = [Some(module), imported.name.as_deref(), rest];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join("."))
    }
}

pub(super) fn changed(name: &str) -> Data<'static> {
    computed(&format!("`{name}`, which is changed after it was set,"))
}

pub(super) fn computed(what: &str) -> Data<'static> {
    Data::Computed(what.to_owned())
}

fn noun(expression: &Expression<'_>) -> &'static str {
    match expression {
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => "a function",
        Expression::ClassExpression(_) => "a class",
        Expression::NewExpression(_) => "a new object",
        Expression::ConditionalExpression(_) => "a choice",
        Expression::BinaryExpression(_) => "an operation",
        Expression::ComputedMemberExpression(_) => "a member",
        Expression::AwaitExpression(_) => "an awaited value",
        _ => "an expression",
    }
}
