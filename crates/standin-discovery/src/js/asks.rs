//! Which other modules a program asks for by name, where, and whether it could go on without them.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed names no module"
)]

use std::collections::BTreeSet;

use oxc_ast::ast::{
    ArrowFunctionExpression, BindingIdentifier, CallExpression, ConditionalExpression, ExportAllDeclaration,
    ExportDeclaration, ExportDefaultDeclaration, ExportFromDeclaration, ExportNamedDeclaration, Expression,
    FunctionBody, IdentifierReference, IfStatement, ImportDeclaration, ImportDeclarationSpecifier,
    ImportExpression, ImportOrExportKind, LogicalExpression, LogicalOperator, Program, TSClassImplements,
    TSExternalModuleReference, TSImportEqualsDeclaration, TSInterfaceDeclaration, TSType,
    TSTypeAliasDeclaration, TSTypeAnnotation, TSTypeParameterInstantiation, TryStatement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::Span;

use crate::lines::Lines;

/// A module that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// As it was written.
    pub(crate) module: String,
    pub(crate) line: u32,
    pub(crate) when: When,
}

/// When a module is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// As soon as the program is loaded.
    Start,
    /// In a function or under a condition: perhaps never.
    Later,
    /// Where the program says what to do if it is not there.
    Guarded,
}

/// Everything that a program asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) list: Vec<Ask>,
    pub(crate) syntax: Syntax,
}

/// Which of the two kinds of modules a program is, by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// It has an `import` or `export`.
    Module,
    Script,
}

/// Whether names that are imported for their types alone are left out, as they are of TypeScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    Erased,
    None,
}

/// What a program asks for, in the order of its lines. Types ask for nothing, and neither does what can never be reached.
pub(super) fn find(program: &Program<'_>, types: Types, lines: &Lines) -> Wanted {
    let mut used = Used { names: BTreeSet::new(), requires: Requires::Node };
    used.visit_program(program);
    let asks = Wanted { list: Vec::new(), syntax: Syntax::Script };
    let mut search = Search { used, types, lines, when: When::Start, asks };
    search.visit_program(program);
    search.asks.list.sort_by_key(|ask| ask.line);
    search.asks
}

/// The names whose values a program uses.
struct Used<'a> {
    names: BTreeSet<&'a str>,
    requires: Requires,
}

/// What `require` is in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Requires {
    /// What Node gives every module.
    Node,
    /// Something of the program's own.
    Own,
}

impl<'a> Visit<'a> for Used<'a> {
    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        self.names.insert(name.name.as_str());
    }

    fn visit_binding_identifier(&mut self, name: &BindingIdentifier<'a>) {
        if name.name == "require" {
            self.requires = Requires::Own;
        }
    }

    fn visit_export_named_declaration(&mut self, export: &ExportNamedDeclaration<'a>) {
        if export.export_kind == ImportOrExportKind::Value {
            walk::walk_export_named_declaration(self, export);
        }
    }

    // Types use no value.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
    fn visit_ts_type_annotation(&mut self, _: &TSTypeAnnotation<'a>) {}
    fn visit_ts_type_parameter_instantiation(&mut self, _: &TSTypeParameterInstantiation<'a>) {}
    fn visit_ts_interface_declaration(&mut self, _: &TSInterfaceDeclaration<'a>) {}
    fn visit_ts_type_alias_declaration(&mut self, _: &TSTypeAliasDeclaration<'a>) {}
    fn visit_ts_class_implements(&mut self, _: &TSClassImplements<'a>) {}
}

struct Search<'s, 'a> {
    used: Used<'a>,
    types: Types,
    lines: &'s Lines,
    /// How what is being looked at is reached.
    when: When,
    asks: Wanted,
}

impl<'a> Search<'_, 'a> {
    fn ask(&mut self, module: &str, span: Span) {
        let line = self.lines.at(usize::try_from(span.start).unwrap_or(usize::MAX));
        self.asks.list.push(Ask { module: module.to_owned(), line, when: self.when });
    }

    fn within(&mut self, when: When, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.when, when);
        walk(self);
        self.when = before;
    }

    /// What is under a condition: perhaps never reached, and guarded where the condition itself is.
    fn perhaps(&self) -> When {
        if self.when == When::Guarded { When::Guarded } else { When::Later }
    }

    /// Whether all that an `import` brings is used as a type, or not at all: TypeScript leaves such an `import` out.
    fn is_erased(&self, import: &ImportDeclaration<'a>) -> bool {
        let Some(specifiers) = &import.specifiers else { return false };
        let is_used = |one: &ImportDeclarationSpecifier<'a>| match one {
            ImportDeclarationSpecifier::ImportSpecifier(one) => {
                one.import_kind == ImportOrExportKind::Value
                    && self.used.names.contains(one.local.name.as_str())
            }
            ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                self.used.names.contains(one.local.name.as_str())
            }
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => {
                self.used.names.contains(one.local.name.as_str())
            }
        };
        self.types == Types::Erased && !specifiers.iter().any(is_used)
    }

    /// The arms of a condition, without one that can never be taken.
    fn arms<'n>(
        &mut self,
        test: &Expression<'a>,
        then: &'n mut dyn FnMut(&mut Self),
        other: &'n mut dyn FnMut(&mut Self),
    ) {
        let when = self.perhaps();
        let known = match test.get_inner_expression() {
            Expression::BooleanLiteral(literal) => Some(literal.value),
            _ => None,
        };
        if known != Some(false) {
            self.within(when, then);
        }
        if known != Some(true) {
            self.within(when, other);
        }
    }
}

/// The text of a module's name, where it stands there as such.
fn name_of<'e>(expression: &'e Expression<'_>) -> Option<&'e str> {
    match expression.get_inner_expression() {
        Expression::StringLiteral(text) => Some(text.value.as_str()),
        Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
            template.quasis.first().map(|text| text.value.raw.as_str())
        }
        _ => None,
    }
}

/// `import(…).catch(…)`, `import(…).then(a, b)`: the promise has somebody who minds that it is not kept.
fn is_minded(call: &CallExpression<'_>) -> bool {
    let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression() else { return false };
    match member.property.name.as_str() {
        "catch" => true,
        "then" => call.arguments.len() > 1,
        _ => false,
    }
}

impl<'a> Visit<'a> for Search<'_, 'a> {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        self.asks.syntax = Syntax::Module;
        if import.import_kind == ImportOrExportKind::Value && !self.is_erased(import) {
            self.ask(import.source.value.as_str(), import.source.span);
        }
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        self.asks.syntax = Syntax::Module;
        if export.export_kind == ImportOrExportKind::Value {
            self.ask(export.source.value.as_str(), export.source.span);
        }
    }

    fn visit_export_all_declaration(&mut self, export: &ExportAllDeclaration<'a>) {
        self.asks.syntax = Syntax::Module;
        if export.export_kind == ImportOrExportKind::Value {
            self.ask(export.source.value.as_str(), export.source.span);
        }
    }

    fn visit_export_named_declaration(&mut self, export: &ExportNamedDeclaration<'a>) {
        self.asks.syntax = Syntax::Module;
        walk::walk_export_named_declaration(self, export);
    }

    fn visit_export_declaration(&mut self, export: &ExportDeclaration<'a>) {
        self.asks.syntax = Syntax::Module;
        walk::walk_export_declaration(self, export);
    }

    fn visit_export_default_declaration(&mut self, export: &ExportDefaultDeclaration<'a>) {
        self.asks.syntax = Syntax::Module;
        walk::walk_export_default_declaration(self, export);
    }

    fn visit_ts_import_equals_declaration(&mut self, import: &TSImportEqualsDeclaration<'a>) {
        if import.import_kind == ImportOrExportKind::Value {
            walk::walk_ts_import_equals_declaration(self, import);
        }
    }

    fn visit_ts_external_module_reference(&mut self, reference: &TSExternalModuleReference<'a>) {
        self.ask(reference.expression.value.as_str(), reference.span);
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        self.asks.syntax = Syntax::Module;
        if let Some(module) = name_of(&import.source) {
            self.ask(module, import.span);
        }
        walk::walk_import_expression(self, import);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let is_require = matches!(&call.callee, Expression::Identifier(name) if name.name == "require");
        if let Some(module) = call.arguments.first().and_then(|one| one.as_expression()).and_then(name_of)
            && is_require
            && self.used.requires == Requires::Node
        {
            self.ask(module, call.span);
        }
        if is_minded(call) {
            self.within(When::Guarded, |search| search.visit_expression(&call.callee));
            self.visit_arguments(&call.arguments);
        } else {
            walk::walk_call_expression(self, call);
        }
    }

    fn visit_try_statement(&mut self, statement: &TryStatement<'a>) {
        self.within(When::Guarded, |search| search.visit_block_statement(&statement.block));
        let when = self.perhaps();
        if let Some(handler) = &statement.handler {
            self.within(when, |search| search.visit_catch_clause(handler));
        }
        if let Some(finalizer) = &statement.finalizer {
            self.visit_block_statement(finalizer);
        }
    }

    // What a function does it does later, whoever called it.
    fn visit_function_body(&mut self, body: &FunctionBody<'a>) {
        self.within(When::Later, |search| walk::walk_function_body(search, body));
    }

    fn visit_arrow_function_expression(&mut self, function: &ArrowFunctionExpression<'a>) {
        self.within(When::Later, |search| walk::walk_arrow_function_expression(search, function));
    }

    fn visit_if_statement(&mut self, statement: &IfStatement<'a>) {
        self.visit_expression(&statement.test);
        self.arms(
            &statement.test,
            &mut |search| search.visit_statement(&statement.consequent),
            &mut |search| {
                if let Some(other) = &statement.alternate {
                    search.visit_statement(other);
                }
            },
        );
    }

    fn visit_conditional_expression(&mut self, expression: &ConditionalExpression<'a>) {
        self.visit_expression(&expression.test);
        self.arms(
            &expression.test,
            &mut |search| search.visit_expression(&expression.consequent),
            &mut |search| search.visit_expression(&expression.alternate),
        );
    }

    fn visit_logical_expression(&mut self, expression: &LogicalExpression<'a>) {
        self.visit_expression(&expression.left);
        let mut right = |search: &mut Self| search.visit_expression(&expression.right);
        let mut nothing = |_: &mut Self| {};
        match expression.operator {
            LogicalOperator::And => self.arms(&expression.left, &mut right, &mut nothing),
            LogicalOperator::Or | LogicalOperator::Coalesce => {
                self.arms(&expression.left, &mut nothing, &mut right)
            }
        }
    }

    // Types ask for nothing.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
    fn visit_ts_type_annotation(&mut self, _: &TSTypeAnnotation<'a>) {}
}
