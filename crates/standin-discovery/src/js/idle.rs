//! Whether a program does anything: one that calls nothing but what prints, waits and answers does not.

use std::collections::BTreeSet;

use oxc_ast::ast::{
    AwaitExpression, CallExpression, ExportAllDeclaration, ExportFromDeclaration, Expression,
    IdentifierReference, ImportDeclaration, ImportExpression, ImportOrExportKind, NewExpression, Program,
    ReturnStatement, Statement, TSInterfaceDeclaration, TSType, TSTypeAliasDeclaration, TSTypeAnnotation,
    TSTypeParameterInstantiation, TaggedTemplateExpression, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::module::{self, dotted};

/// The module whose functions only say when something runs.
const HELPERS: &str = "@netlify/functions";

/// Objects all of whose functions reckon or print.
const QUIET_OBJECTS: [&str; 9] =
    ["console", "JSON", "Math", "Date", "Number", "String", "Object", "Array", "Response"];

/// Functions that make a text of what they are given, to be printed.
const PRINTED: [&str; 3] = ["JSON.stringify", "String", "Object.keys"];

/// Functions that answer, wait, end or reckon.
const QUIET_FUNCTIONS: [&str; 22] = [
    "Boolean",
    "Number",
    "String",
    "callback",
    "cb",
    "clearInterval",
    "clearTimeout",
    "done",
    "parseFloat",
    "parseInt",
    "process.cwd",
    "process.exit",
    "process.hrtime",
    "process.memoryUsage",
    "process.on",
    "process.uptime",
    "Promise.all",
    "Promise.resolve",
    "reject",
    "resolve",
    "setInterval",
    "setTimeout",
];

/// Methods of texts, lists, dates and requests that change nothing outside.
const QUIET_METHODS: [&str; 20] = [
    "catch",
    "concat",
    "filter",
    "finally",
    "getTime",
    "includes",
    "join",
    "json",
    "map",
    "padStart",
    "replace",
    "slice",
    "split",
    "text",
    "then",
    "toFixed",
    "toISOString",
    "toLocaleString",
    "toString",
    "trim",
];

/// What can be made without doing anything.
const QUIET_CLASSES: [&str; 8] = ["Date", "Error", "Headers", "Map", "Promise", "Response", "Set", "URL"];

/// Where a program that does nothing says so: the first thing that it returns, else its last statement. `None` when it
/// may do something, which whatever is not known does.
pub(super) fn find(program: &Program<'_>, text: &str) -> Option<Span> {
    let imports = module::imports(program);
    let foreign = imports.iter().filter(|(_, one)| one.module != HELPERS).map(|(name, _)| *name).collect();
    let helpers = imports.iter().filter(|(_, one)| one.module == HELPERS).map(|(name, _)| *name);
    let mut own: BTreeSet<&str> = module::constants(program, text).into_keys().collect();
    own.extend(helpers);
    own.extend(program.body.iter().filter_map(function_name));
    let mut search = Search { foreign, own, does: Does::Nothing, answer: None, place: Place::Elsewhere };
    search.visit_program(program);
    let last = program.body.last().map_or(program.span, GetSpan::span);
    (search.does == Does::Nothing).then(|| search.answer.unwrap_or(last))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "of dozens of statements these name a function")]
fn function_name<'a>(statement: &'a Statement<'a>) -> Option<&'a str> {
    match statement {
        Statement::FunctionDeclaration(function) => Some(function.id.as_ref()?.name.as_str()),
        _ => None,
    }
}

/// Whether something was seen that may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Nothing,
    Something,
}

struct Search<'s> {
    /// Names of other files and packages: whoever uses one does what they do.
    foreign: BTreeSet<&'s str>,
    /// Names of this file, whose bodies are looked at anyway.
    own: BTreeSet<&'s str>,
    does: Does,
    answer: Option<Span>,
    /// What is only printed is not used.
    place: Place,
}

/// Where a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among what is printed, as it is.
    Printed,
    /// Anywhere else.
    Elsewhere,
}

impl Search<'_> {
    fn is_quiet(&self, callee: &Expression<'_>) -> bool {
        let callee = callee.get_inner_expression();
        if matches!(callee, Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_)) {
            return true;
        }
        let path = dotted(callee).unwrap_or_default();
        let (object, _) = path.split_once('.').unwrap_or(("", ""));
        let method = callee.as_member_expression().and_then(|member| member.static_property_name());
        QUIET_OBJECTS.contains(&object)
            || QUIET_FUNCTIONS.contains(&path.as_str())
            || self.own.contains(path.as_str())
            || method.is_some_and(|name| QUIET_METHODS.contains(&name))
    }
}

impl<'a> Visit<'a> for Search<'_> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if !self.is_quiet(&call.callee) {
            self.does = Does::Something;
        }
        let is_own = self.foreign.contains("console");
        let prints = !is_own
            && dotted(&call.callee).is_some_and(|name| {
                name.starts_with("console.")
                    || PRINTED.contains(&name.as_str()) && self.place == Place::Printed
            });
        let place =
            std::mem::replace(&mut self.place, if prints { Place::Printed } else { Place::Elsewhere });
        walk::walk_call_expression(self, call);
        self.place = place;
    }

    fn visit_await_expression(&mut self, waits: &AwaitExpression<'a>) {
        // What is waited for may be work that was begun.
        let place = std::mem::replace(&mut self.place, Place::Elsewhere);
        walk::walk_await_expression(self, waits);
        self.place = place;
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        if !dotted(&new.callee).is_some_and(|name| QUIET_CLASSES.contains(&name.as_str())) {
            self.does = Does::Something;
        }
        walk::walk_new_expression(self, new);
    }

    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        if self.foreign.contains(name.name.as_str()) && self.place == Place::Elsewhere {
            self.does = Does::Something;
        }
    }

    fn visit_variable_declarator(&mut self, one: &VariableDeclarator<'a>) {
        // A `require` at the top binds names: what matters is whether anybody uses them.
        let binds = one.init.as_ref().is_some_and(|init| module::required(init).is_some())
            && one.id.get_binding_identifiers().iter().all(|name| self.foreign.contains(name.name.as_str()));
        if !binds {
            walk::walk_variable_declarator(self, one);
        }
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        if import.specifiers.as_ref().is_none_or(|list| list.is_empty()) {
            self.does = Does::Something;
        }
    }

    fn visit_import_expression(&mut self, _: &ImportExpression<'a>) {
        self.does = Does::Something;
    }

    fn visit_export_all_declaration(&mut self, _: &ExportAllDeclaration<'a>) {
        self.does = Does::Something;
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        if export.export_kind == ImportOrExportKind::Value {
            self.does = Does::Something;
        }
    }

    fn visit_tagged_template_expression(&mut self, _: &TaggedTemplateExpression<'a>) {
        self.does = Does::Something;
    }

    fn visit_return_statement(&mut self, answer: &ReturnStatement<'a>) {
        if answer.argument.is_some() {
            self.answer.get_or_insert(answer.span);
        }
        walk::walk_return_statement(self, answer);
    }

    // Types do nothing.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
    fn visit_ts_type_annotation(&mut self, _: &TSTypeAnnotation<'a>) {}
    fn visit_ts_type_parameter_instantiation(&mut self, _: &TSTypeParameterInstantiation<'a>) {}
    fn visit_ts_interface_declaration(&mut self, _: &TSInterfaceDeclaration<'a>) {}
    fn visit_ts_type_alias_declaration(&mut self, _: &TSTypeAliasDeclaration<'a>) {}
}
