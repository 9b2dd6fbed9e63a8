//! What keeps Node from loading a module: files that it asks for and that are not there, and what it throws. Only what
//! runs for certain counts: no bodies of functions, nothing that is tried, nothing behind a condition that is not known.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed runs nothing that matters here"
)]

use oxc_ast::ast::{
    Argument, ArrowFunctionBody, ArrowFunctionExpression, AssignmentExpression, AssignmentPattern,
    AssignmentTargetWithDefault, BreakStatement, CallExpression, ChainExpression, Class,
    ConditionalExpression, ContinueStatement, DoWhileStatement, ExportAllDeclaration, ExportFromDeclaration,
    Expression, ForInStatement, ForOfStatement, ForStatement, FormalParameters, FunctionBody, IfStatement,
    ImportDeclaration, ImportOrExportKind, LogicalExpression, Program, ReturnStatement, Statement,
    StringLiteral, SwitchStatement, ThrowStatement, TryStatement, WhileStatement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::eval::Scope;
use super::paths;
use super::reach::Reach;
use crate::limits::MAX_NESTING;

/// Why loading a module ends early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    /// Where the module itself asks for it.
    pub(crate) line: u32,
    /// The modules between it and the cause, as each names the next.
    pub(crate) through: Vec<String>,
    pub(crate) cause: Cause,
    /// What was taken of the environment to come there.
    pub(crate) assumed: Vec<String>,
}

/// What ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A file is not there.
    Missing {
        asks: Asks,
        /// As the module has it.
        written: String,
        /// The absolute path.
        at: String,
        maker: Maker,
    },
    /// A file that is required and is no JSON.
    NoJson {
        written: String,
    },
    Throws,
    /// `process.exit`.
    Exits,
}

/// How a module asks for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    Requires,
    Imports,
    Reads,
}

/// Who may make a file before it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    Nobody,
    /// The module writes files or starts programs.
    Module,
    /// Its source in TypeScript is there.
    Build,
}

/// What a module does that may put a file where it reads one.
const WRITES: [&str; 15] = [
    "writeFile",
    "writeJson",
    "writeJSON",
    "outputFile",
    "outputJson",
    "appendFile",
    "copyFile",
    "cpSync",
    "copySync",
    "mkdir",
    "ensure",
    "symlink",
    "rename",
    "exec",
    "spawn",
];

/// Functions that throw where their file is not there, whatever else they are given.
const READERS: [&str; 6] = [
    "fs.readFileSync",
    "fs.readdirSync",
    "fs.accessSync",
    "fs.realpathSync",
    "fs-extra.readJsonSync",
    "fs-extra.readJSONSync",
];

/// What ends the loading of a module, in its order.
pub(super) fn stops<'a>(program: &Program<'a>, scope: &Scope<'a>, reach: Reach<'_>) -> Vec<Stop> {
    let mut search =
        Search { scope, reach, stops: Vec::new(), assumed: Vec::new(), flow: Flow::Certain, depth: 0 };
    search.visit_program(program);
    search.stops
}

/// Whether what comes next runs for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Certain,
    Over,
}

struct Search<'s, 'a> {
    scope: &'s Scope<'a>,
    reach: Reach<'s>,
    stops: Vec<Stop>,
    /// What the conditions around this place have taken of the environment.
    assumed: Vec<String>,
    flow: Flow,
    /// Functions within functions that are called where they are written.
    depth: usize,
}

impl<'a> Search<'_, 'a> {
    fn stop(&mut self, span: Span, cause: Cause, assumed: Vec<String>) {
        let line = self.scope.line(span);
        let assumed = self.assumed.iter().cloned().chain(assumed).collect();
        self.stops.push(Stop { line, through: Vec::new(), cause, assumed });
    }

    /// What may or may not run; where it may leave, nothing behind it is certain either.
    fn pass_over(&mut self, span: Span) {
        if self.scope.slice(span).is_none_or(|text| text.contains("return") || text.contains("break")) {
            self.flow = Flow::Over;
        }
    }

    fn text_of(&self, argument: Option<&Argument<'a>>) -> Option<(String, Vec<String>)> {
        let expression = argument?.as_expression()?;
        let (value, assumed) = self.scope.assuming(|scope| scope.value(expression));
        Some((value.text()?.to_owned(), assumed))
    }

    fn called(&mut self, call: &CallExpression<'a>) {
        match call.callee.get_inner_expression() {
            Expression::FunctionExpression(function) if !function.r#async && !function.generator => {
                if let Some(body) = &function.body {
                    self.body(&body.statements);
                }
                return;
            }
            Expression::ArrowFunctionExpression(arrow) if !arrow.r#async => {
                match &arrow.body {
                    ArrowFunctionBody::FunctionBody(body) => self.body(&body.statements),
                    body => body.as_expression().into_iter().for_each(|value| self.visit_expression(value)),
                }
                return;
            }
            _ => {}
        }
        let Some(function) = self.scope.function(&call.callee) else { return };
        match function.as_str() {
            "require" | "require.resolve" => {
                if let Some((path, assumed)) = self.text_of(call.arguments.first()) {
                    self.asked(call.span, Asks::Requires, &path, assumed);
                }
            }
            "process.exit" | "process.abort" => {
                self.stop(call.span, Cause::Exits, Vec::new());
                self.flow = Flow::Over;
            }
            name if READERS.contains(&name) || (name == "fs.statSync" && call.arguments.len() == 1) => {
                if let Some((path, assumed)) = self.text_of(call.arguments.first()) {
                    self.read(call, &path, assumed);
                }
            }
            _ => {}
        }
    }

    /// A function that is called where it is written.
    fn body(&mut self, statements: &[Statement<'a>]) {
        if self.depth >= MAX_NESTING {
            return;
        }
        self.depth = self.depth.saturating_add(1);
        let stops = self.stops.len();
        statements.iter().for_each(|statement| self.visit_statement(statement));
        self.depth = self.depth.saturating_sub(1);
        // It has returned; what it throws goes on.
        let throws =
            self.stops.iter().skip(stops).any(|stop| matches!(stop.cause, Cause::Throws | Cause::Exits));
        self.flow = if throws { Flow::Over } else { Flow::Certain };
    }

    /// `require`, and what `import` is given.
    fn asked(&mut self, span: Span, asks: Asks, path: &str, assumed: Vec<String>) {
        if !super::reach::is_file_path(path) {
            return;
        }
        let at = paths::resolve(&self.scope.folder(), &[path.to_owned()]);
        // A source in TypeScript is none of the endings that Node tries.
        let is_module = |file: &String| !file.ends_with(".ts") || path.ends_with(".ts");
        match self.reach.module(&at).filter(is_module) {
            Some(file) => self.within(span, path, &file, &assumed),
            None if self.reach.is_there(&at) => {}
            None => {
                let is_source = [".ts", ".mts", ".cts", ".tsx"].iter().any(|ending| {
                    let stem = at.strip_suffix(".js").or_else(|| at.strip_suffix(".mjs"));
                    self.reach.is_there(&format!("{}{ending}", stem.unwrap_or(&at)))
                });
                let maker = if is_source { Maker::Build } else { self.writer() };
                self.stop(span, Cause::Missing { asks, written: path.to_owned(), at, maker }, assumed);
            }
        }
    }

    /// What keeps a module from being loaded that this one asks for.
    fn within(&mut self, span: Span, path: &str, file: &str, assumed: &[String]) {
        if file.ends_with(".json") {
            if self.reach.is_broken_json(file) {
                self.stop(span, Cause::NoJson { written: path.to_owned() }, assumed.to_vec());
            }
            return;
        }
        let line = self.scope.line(span);
        for inner in self.reach.stops_of(file) {
            let mut through = vec![path.to_owned()];
            through.extend(inner.through);
            let all = self.assumed.iter().chain(assumed).cloned().chain(inner.assumed);
            self.stops.push(Stop { line, through, cause: inner.cause, assumed: all.collect() });
        }
    }

    /// A relative path counts from where PM2 is started, and so does `process.cwd()`: the folder of the file, or one above.
    fn read(&mut self, call: &CallExpression<'a>, path: &str, assumed: Vec<String>) {
        let folder = self.scope.folder();
        let at = paths::resolve(&folder, &[path.to_owned()]);
        let counts_from_start = !path.starts_with('/') || self.scope.text().contains("process.cwd");
        let below = at.strip_prefix(&format!("{folder}/")).filter(|_| counts_from_start);
        let is_above = below.is_some_and(|rest| self.reach.is_in_or_above(&folder, rest));
        if is_above || self.reach.is_there(&at) {
            return;
        }
        let maker = self.writer();
        let missing = Cause::Missing { asks: Asks::Reads, written: shown(path, &folder), at, maker };
        self.stop(call.span, missing, assumed);
    }

    fn writer(&self) -> Maker {
        let writes = WRITES.iter().any(|word| self.scope.text().contains(word));
        if writes { Maker::Module } else { Maker::Nobody }
    }

    fn branch(&mut self, branch: Option<&Statement<'a>>, assumed: Vec<String>) {
        let Some(branch) = branch else { return };
        let (before, stops) = (self.assumed.len(), self.stops.len());
        let depends = !assumed.is_empty();
        self.assumed.extend(assumed);
        self.visit_statement(branch);
        self.assumed.truncate(before);
        // Elsewhere it goes on behind a condition of the environment.
        let ends =
            self.stops.iter().skip(stops).any(|stop| matches!(stop.cause, Cause::Throws | Cause::Exits));
        if depends && ends {
            self.flow = Flow::Certain;
        }
    }
}

/// A path of the folder itself as a person would write it.
fn shown(path: &str, folder: &str) -> String {
    path.strip_prefix(&format!("{folder}/")).map_or_else(|| path.to_owned(), |rest| format!("./{rest}"))
}

impl<'a> Visit<'a> for Search<'_, 'a> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        if self.flow == Flow::Certain {
            walk::walk_statement(self, statement);
        }
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        walk::walk_call_expression(self, call);
        if self.flow == Flow::Certain {
            self.called(call);
        }
    }

    fn visit_throw_statement(&mut self, throw: &ThrowStatement<'a>) {
        walk::walk_throw_statement(self, throw);
        self.stop(throw.span, Cause::Throws, Vec::new());
        self.flow = Flow::Over;
    }

    fn visit_return_statement(&mut self, only: &ReturnStatement<'a>) {
        walk::walk_return_statement(self, only);
        self.flow = Flow::Over;
    }

    fn visit_break_statement(&mut self, _: &BreakStatement<'a>) {
        self.flow = Flow::Over;
    }

    fn visit_continue_statement(&mut self, _: &ContinueStatement<'a>) {
        self.flow = Flow::Over;
    }

    fn visit_if_statement(&mut self, choice: &IfStatement<'a>) {
        self.visit_expression(&choice.test);
        let (truth, assumed) = self.scope.assuming(|scope| scope.truth(&choice.test, 0));
        match truth {
            Some(true) => self.branch(Some(&choice.consequent), assumed),
            Some(false) => self.branch(choice.alternate.as_ref(), assumed),
            None => self.pass_over(choice.span),
        }
    }

    fn visit_try_statement(&mut self, tried: &TryStatement<'a>) {
        if tried.handler.is_none() {
            walk::walk_try_statement(self, tried);
        } else {
            self.pass_over(tried.span);
        }
    }

    fn visit_switch_statement(&mut self, choice: &SwitchStatement<'a>) {
        self.visit_expression(&choice.discriminant);
        if self.scope.slice(choice.span).is_none_or(|text| text.contains("return")) {
            self.flow = Flow::Over;
        }
    }

    fn visit_for_of_statement(&mut self, each: &ForOfStatement<'a>) {
        self.visit_expression(&each.right);
        self.pass_over(each.body.span());
    }

    fn visit_for_in_statement(&mut self, each: &ForInStatement<'a>) {
        self.visit_expression(&each.right);
        self.pass_over(each.body.span());
    }

    fn visit_for_statement(&mut self, each: &ForStatement<'a>) {
        self.pass_over(each.span);
    }

    fn visit_while_statement(&mut self, each: &WhileStatement<'a>) {
        self.pass_over(each.span);
    }

    fn visit_do_while_statement(&mut self, each: &DoWhileStatement<'a>) {
        self.pass_over(each.span);
    }

    fn visit_conditional_expression(&mut self, choice: &ConditionalExpression<'a>) {
        self.visit_expression(&choice.test);
    }

    fn visit_logical_expression(&mut self, choice: &LogicalExpression<'a>) {
        self.visit_expression(&choice.left);
    }

    fn visit_assignment_expression(&mut self, set: &AssignmentExpression<'a>) {
        if !set.operator.is_logical() {
            walk::walk_assignment_expression(self, set);
        }
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        if import.import_kind == ImportOrExportKind::Value {
            self.imported(&import.source);
        }
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        if export.export_kind == ImportOrExportKind::Value {
            self.imported(&export.source);
        }
    }

    fn visit_export_all_declaration(&mut self, export: &ExportAllDeclaration<'a>) {
        if export.export_kind == ImportOrExportKind::Value {
            self.imported(&export.source);
        }
    }

    // Defaults are taken only where there is nothing else, and what a function or a class holds waits to be called.
    fn visit_assignment_pattern(&mut self, _: &AssignmentPattern<'a>) {}
    fn visit_assignment_target_with_default(&mut self, _: &AssignmentTargetWithDefault<'a>) {}
    fn visit_formal_parameters(&mut self, _: &FormalParameters<'a>) {}
    fn visit_function_body(&mut self, _: &FunctionBody<'a>) {}
    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}
    fn visit_class(&mut self, _: &Class<'a>) {}
    fn visit_chain_expression(&mut self, _: &ChainExpression<'a>) {}
}

impl<'a> Search<'_, 'a> {
    fn imported(&mut self, source: &StringLiteral<'a>) {
        self.asked(source.span, Asks::Imports, source.value.as_str(), Vec::new());
    }
}
