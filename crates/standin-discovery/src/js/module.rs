//! What a module binds at its top and what it exports.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed binds and exports nothing"
)]

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{
    BindingPattern, CallExpression, Declaration, ExportDefaultDeclarationKind, Expression, Function,
    ImportDeclarationSpecifier, ImportOrExportKind, ModuleExportName, ObjectPropertyKind, Program, Statement,
    VariableDeclaration, VariableDeclarationKind,
};
use oxc_span::GetSpan;

use super::eval::Scope;
use super::mutation;
use crate::value::{Data, Value};

/// Where an imported name comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Imported {
    /// As it was written.
    pub(crate) module: String,
    /// The name there; `None` for the module as a whole.
    pub(crate) name: Option<String>,
}

/// Something that a module exports.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Export {
    pub(crate) value: Value<'static>,
    /// The call that gives the value, if it is one.
    pub(crate) call: Option<Call>,
    /// The names whose values stand as plain strings right in an object literal, which is all that some readers take.
    pub(crate) plain: BTreeSet<String>,
}

/// A call of an imported function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) module: String,
    pub(crate) function: String,
    pub(crate) arguments: Vec<Value<'static>>,
    /// Whether the first is a string in quotes, or the name of one: some readers take no other.
    pub(crate) first: First,
}

/// How an argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Literal,
    Else,
}

/// What a module exports, spelled out as far as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Module {
    /// `module.exports = …`; the last one counts.
    pub(crate) whole: Option<Export>,
    /// `export default …`, `exports.default = …`, `export { x as default }`.
    pub(crate) default: Option<Export>,
    /// `export const x`, `exports.x = …`, `module.exports.x = …`, `export { y as x }`.
    pub(crate) named: BTreeMap<String, Export>,
    /// Functions that are imported, by their module and their name there.
    pub(crate) imports: Vec<Imported>,
    /// Where a default was taken because the environment decides: the line, and the variable.
    pub(crate) assumed: Vec<(u32, String)>,
}

/// Declarations at the top that are never set to anything else.
pub(crate) fn constants<'a>(program: &'a Program<'a>, text: &str) -> BTreeMap<&'a str, &'a Expression<'a>> {
    let mut constants = BTreeMap::new();
    for declaration in declarations(program) {
        for one in &declaration.declarations {
            let (BindingPattern::BindingIdentifier(name), Some(init)) = (&one.id, &one.init) else {
                continue;
            };
            let name = name.name.as_str();
            if declaration.kind == VariableDeclarationKind::Const || !mutation::is_set_again(text, name) {
                constants.insert(name, init);
            }
        }
    }
    constants
}

/// Lists at the top that are set to others later: `let apps = []; apps = apps.concat(…)`.
pub(crate) fn reset<'a>(program: &'a Program<'a>, text: &str) -> BTreeMap<&'a str, &'a Expression<'a>> {
    let variables = declarations(program).filter(|one| one.kind != VariableDeclarationKind::Const);
    let all = variables.flat_map(|declaration| &declaration.declarations);
    let lists = all.filter_map(|one| match (&one.id, &one.init) {
        (BindingPattern::BindingIdentifier(name), Some(init @ Expression::ArrayExpression(_))) => {
            mutation::is_set_again(text, name.name.as_str()).then_some((name.name.as_str(), init))
        }
        _ => None,
    });
    lists.collect()
}

/// Declarations at the top that take a value apart: `const { a, b } = …`.
pub(crate) fn patterns<'a>(program: &'a Program<'a>) -> Vec<(&'a BindingPattern<'a>, &'a Expression<'a>)> {
    let constant = declarations(program).filter(|one| one.kind == VariableDeclarationKind::Const);
    let all = constant.flat_map(|declaration| &declaration.declarations);
    let apart = all.filter(|one| !matches!(one.id, BindingPattern::BindingIdentifier(_)));
    apart.filter_map(|one| one.init.as_ref().map(|init| (&one.id, init))).collect()
}

/// Functions that are declared at the top.
pub(crate) fn functions<'a>(program: &'a Program<'a>) -> BTreeMap<&'a str, &'a Function<'a>> {
    let declared = program.body.iter().filter_map(|statement| match statement {
        Statement::FunctionDeclaration(function) => Some(&**function),
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::FunctionDeclaration(function) => Some(&**function),
            _ => None,
        },
        _ => None,
    });
    declared.filter_map(|function| Some((function.id.as_ref()?.name.as_str(), function))).collect()
}

/// `import` and `require` at the top.
pub(crate) fn imports<'a>(program: &'a Program<'a>) -> BTreeMap<&'a str, Imported> {
    let mut imports = BTreeMap::new();
    for statement in &program.body {
        if let Statement::ImportDeclaration(import) = statement {
            let module = import.source.value.to_string();
            for specifier in import.specifiers.iter().flatten() {
                let (local, name) = match specifier {
                    ImportDeclarationSpecifier::ImportSpecifier(one) => {
                        (&one.local, Some(one.imported.name().to_string()))
                    }
                    ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => (&one.local, None),
                    ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => (&one.local, None),
                };
                imports.insert(local.name.as_str(), Imported { module: module.clone(), name });
            }
        }
    }
    for one in declarations(program).flat_map(|declaration| &declaration.declarations) {
        let Some(module) = one.init.as_ref().and_then(required) else { continue };
        match &one.id {
            BindingPattern::BindingIdentifier(local) => {
                imports.insert(local.name.as_str(), Imported { module, name: None });
            }
            BindingPattern::ObjectPattern(pattern) => {
                for property in &pattern.properties {
                    if let (Some(name), BindingPattern::BindingIdentifier(local)) =
                        (property.key.static_name(), &property.value)
                    {
                        let imported = Imported { module: module.clone(), name: Some(name.into_owned()) };
                        imports.insert(local.name.as_str(), imported);
                    }
                }
            }
            BindingPattern::ArrayPattern(_) | BindingPattern::AssignmentPattern(_) => {}
        }
    }
    imports
}

fn declarations<'a>(program: &'a Program<'a>) -> impl Iterator<Item = &'a VariableDeclaration<'a>> {
    program.body.iter().filter_map(|statement| match statement {
        Statement::VariableDeclaration(declaration) => Some(&**declaration),
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::VariableDeclaration(declaration) => Some(&**declaration),
            _ => None,
        },
        _ => None,
    })
}

/// The module of a `require("…")`.
pub(crate) fn required(expression: &Expression<'_>) -> Option<String> {
    let Expression::CallExpression(call) = expression.get_inner_expression() else { return None };
    let is_require = matches!(&call.callee, Expression::Identifier(name) if name.name == "require");
    match call.arguments.first()?.as_expression()? {
        Expression::StringLiteral(module) if is_require => Some(module.value.to_string()),
        _ => None,
    }
}

pub(super) fn is_function(expression: &Expression<'_>) -> bool {
    matches!(
        expression.get_inner_expression(),
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
    )
}

/// `a.b.c` as text; also `import.meta.x` and `require("m").x`, the latter by the module's name.
pub(crate) fn dotted(expression: &Expression<'_>) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let mut at = expression.get_inner_expression();
    // Bounded: each turn goes one member down the tree of a text of bounded size.
    loop {
        match at {
            Expression::StaticMemberExpression(member) => {
                names.push(member.property.name.to_string());
                at = member.object.get_inner_expression();
            }
            Expression::Identifier(name) => {
                names.push(name.name.to_string());
                break;
            }
            Expression::ImportMeta(_) => {
                names.push("import.meta".to_owned());
                break;
            }
            other => {
                let module = required(other)?;
                names.push(module.strip_prefix("node:").unwrap_or(&module).to_owned());
                break;
            }
        }
    }
    names.reverse();
    Some(names.join("."))
}

/// Everything that a module exports at its top.
pub(crate) fn read<'a>(program: &'a Program<'a>, scope: &Scope<'a>) -> Module {
    let mut module = Module { imports: imports(program).into_values().collect(), ..Module::default() };
    let mut whole = None;
    for (at, statement) in program.body.iter().enumerate() {
        match statement {
            Statement::ExpressionStatement(statement) => {
                let names = assignment(&statement.expression, Vec::new(), scope, &mut module);
                whole = names.map(|names| (at, names)).or(whole);
            }
            // `const config = module.exports = { … };`
            Statement::VariableDeclaration(variables) => {
                for one in &variables.declarations {
                    if let (BindingPattern::BindingIdentifier(name), Some(init)) = (&one.id, &one.init) {
                        let names = assignment(init, vec![name.name.to_string()], scope, &mut module);
                        whole = names.map(|names| (at, names)).or(whole);
                    }
                }
            }
            Statement::ExportDefaultDeclaration(export) => {
                module.default = Some(default_export(&export.declaration, scope));
            }
            Statement::ExportDeclaration(export) => declaration(&export.declaration, scope, &mut module),
            Statement::ExportNamedDeclaration(export) if export.export_kind == ImportOrExportKind::Value => {
                for specifier in &export.specifiers {
                    let line = scope.line(specifier.span);
                    module.add(
                        &exported_name(&specifier.exported),
                        by_name(&exported_name(&specifier.local), line, scope),
                    );
                }
            }
            Statement::ExportFromDeclaration(export) if export.export_kind == ImportOrExportKind::Value => {
                for specifier in &export.specifiers {
                    let value = Value::new(
                        scope.line(specifier.span),
                        Data::Computed("a value of another file".into()),
                    );
                    module.add(
                        &exported_name(&specifier.exported),
                        Export { value, call: None, plain: BTreeSet::new() },
                    );
                }
            }
            _ => {}
        }
    }
    match whole {
        Some((at, names)) => {
            if let Some(whole) = &mut module.whole {
                whole.value = scope.grown(&names, whole.value.clone(), at.saturating_add(1), 0);
            }
        }
        None => exports_in_the_end(&mut module, scope),
    }
    module.assumed = scope.assumed();
    module
}

/// The one expression that a program consists of.
pub(crate) fn only_expression<'a>(program: &'a Program<'a>, scope: &Scope<'a>) -> Option<Value<'static>> {
    match (program.body.as_slice(), program.directives.as_slice()) {
        ([Statement::ExpressionStatement(statement)], []) => Some(scope.value(&statement.expression)),
        _ => None,
    }
}

impl Module {
    fn add(&mut self, name: &str, export: Export) {
        if name == "default" {
            self.default = Some(export);
        } else {
            self.named.insert(name.to_owned(), export);
        }
    }
}

/// `exports.apps = []; exports.apps.push(…)`.
fn exports_in_the_end(module: &mut Module, scope: &Scope<'_>) {
    for (name, export) in &mut module.named {
        let names = [format!("exports.{name}"), format!("module.exports.{name}")];
        if names.iter().any(|name| mutation::is_changed(scope.text(), name)) {
            export.value = scope.grown(&names, export.value.clone(), 0, 0);
        }
    }
}

/// `module.exports = …`, `module.exports.x = …`, `exports.x = …`; the names of the whole where it is set.
fn assignment<'a>(
    expression: &'a Expression<'a>,
    declared: Vec<String>,
    scope: &Scope<'a>,
    module: &mut Module,
) -> Option<Vec<String>> {
    let mut names = declared;
    let mut right = expression.get_inner_expression();
    // Bounded: each turn goes one assignment down the tree of a text of bounded size.
    while let Expression::AssignmentExpression(assignment) = right {
        let member = assignment.left.as_member_expression();
        let member = member.and_then(|target| {
            Some(format!("{}.{}", dotted(target.object())?, target.static_property_name()?))
        });
        names.extend(member.or_else(|| assignment.left.get_identifier_name().map(str::to_owned)));
        right = &assignment.right;
        if matches!(right.get_inner_expression(), Expression::AssignmentExpression(_)) {
            right = right.get_inner_expression();
        }
    }
    for name in &names {
        let property = name.strip_prefix("module.exports.").or_else(|| name.strip_prefix("exports."));
        if let Some(property) = property.filter(|property| !property.contains('.')) {
            module.add(property, export(right, scope));
        }
    }
    if !names.iter().any(|name| name == "module.exports") {
        return None;
    }
    module.whole = Some(export(right, scope));
    Some(names)
}

fn default_export<'a>(declaration: &'a ExportDefaultDeclarationKind<'a>, scope: &Scope<'a>) -> Export {
    match declaration.as_expression() {
        Some(expression) => export(expression, scope),
        None => opaque(scope.line(declaration.span())),
    }
}

fn declaration<'a>(declaration: &'a Declaration<'a>, scope: &Scope<'a>, module: &mut Module) {
    match declaration {
        Declaration::VariableDeclaration(variables) => {
            for one in &variables.declarations {
                if let (BindingPattern::BindingIdentifier(name), Some(init)) = (&one.id, &one.init) {
                    let name = name.name.as_str();
                    module.add(name, in_the_end(name, export(init, scope), scope));
                }
            }
        }
        Declaration::FunctionDeclaration(function) => {
            if let Some(id) = &function.id {
                module.add(id.name.as_str(), opaque(scope.line(function.span)));
            }
        }
        _ => {}
    }
}

/// What a local name is exported as.
fn by_name(local: &str, line: u32, scope: &Scope<'_>) -> Export {
    let first = scope.constant(local).map_or_else(|| opaque(line), |expression| export(expression, scope));
    in_the_end(local, first, scope)
}

/// The export of a name of the module, with what is done to it later.
fn in_the_end(name: &str, first: Export, scope: &Scope<'_>) -> Export {
    match scope.in_the_end(name) {
        Some(value) => Export { value, ..first },
        None => first,
    }
}

fn opaque(line: u32) -> Export {
    let value = Value::new(line, Data::Computed("a function or class".into()));
    Export { value, call: None, plain: BTreeSet::new() }
}

fn export<'a>(expression: &Expression<'a>, scope: &Scope<'a>) -> Export {
    let plain = plain_strings(expression);
    let mut expression = expression;
    // One step is what platforms follow: `const handler = …; export { handler }`.
    if let Expression::Identifier(name) = expression.get_inner_expression()
        && let Some(constant) = scope.constant(name.name.as_str())
        && matches!(constant.get_inner_expression(), Expression::CallExpression(_))
    {
        expression = constant;
    }
    // Behind an `as` platforms see no call.
    let call = match expression.without_parentheses() {
        Expression::CallExpression(call) => imported_call(call, scope),
        _ => None,
    };
    Export { value: scope.value(expression), call, plain }
}

fn plain_strings(expression: &Expression<'_>) -> BTreeSet<String> {
    let Expression::ObjectExpression(object) = expression else { return BTreeSet::new() };
    let plain = object.properties.iter().filter_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property)
            if !property.computed && matches!(property.value, Expression::StringLiteral(_)) =>
        {
            property.key.static_name().map(std::borrow::Cow::into_owned)
        }
        ObjectPropertyKind::ObjectProperty(_) | ObjectPropertyKind::SpreadProperty(_) => None,
    });
    plain.collect()
}

fn imported_call<'a>(call: &CallExpression<'a>, scope: &Scope<'a>) -> Option<Call> {
    let Expression::Identifier(callee) = &call.callee else { return None };
    let imported = scope.import(callee.name.as_str())?;
    let function = imported.name.clone()?;
    let arguments = call.arguments.iter().map(|argument| scope.argument(argument)).collect();
    let first = call.arguments.first().and_then(|argument| argument.as_expression());
    let first = match first {
        Some(Expression::Identifier(name)) => scope.constant(name.name.as_str()),
        other => other,
    };
    let first =
        if matches!(first, Some(Expression::StringLiteral(_))) { First::Literal } else { First::Else };
    Some(Call { module: imported.module.clone(), function, arguments, first })
}

fn exported_name(name: &ModuleExportName<'_>) -> String {
    name.name().to_string()
}
