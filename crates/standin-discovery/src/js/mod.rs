//! Reads JavaScript and TypeScript without running any: what is spelled out in a module's exports.

use std::path::{Path, PathBuf};

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::SourceType;

use crate::limits::{JS_STACK_BYTES, JS_STACK_BYTES_PER_TOKEN, MAX_JS_TOKENS};
use crate::lines::{Lines, quote};
use crate::value::Value;

mod asks;
mod assigned;
mod calls;
mod choices;
mod eval;
mod follow;
mod growth;
mod guard;
mod idle;
mod listed;
mod loading;
mod module;
mod mutation;
mod paths;
mod plain;
mod reach;

pub(crate) use asks::{Syntax, Wanted, When};
pub(crate) use assigned::Assigned;
pub(crate) use choices::is_unset;
pub(crate) use growth::is_more;
pub(crate) use loading::{Asks, Cause, Maker, Stop};
pub(crate) use module::{Call, Export, First, Imported, Module};
pub(crate) use reach::{Reach, Trail};

/// Why a text is not JavaScript that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    pub(crate) line: u32,
    pub(crate) message: String,
}

/// `path` as Node resolves it from `base`: absolute paths stay, `.` and `..` go.
pub(crate) fn resolve(base: &Path, path: &str) -> PathBuf {
    paths::resolve(&paths::text(base), &[path.to_owned()]).into()
}

/// The first error of a parse.
macro_rules! first_error {
    ($parsed:expr) => {
        $parsed.diagnostics.errors().next().map(|error| {
            let offset = error.labels.first().map_or(0, |label| label.offset());
            (usize::try_from(offset).unwrap_or(usize::MAX), error.message.to_string())
        })
    };
}
/// The exports of a module. `file` is its absolute path, from which `__dirname` follows.
#[cfg(test)]
pub(crate) fn read_module(text: &str, file: &Path) -> Result<Module, Fault> {
    read_module_within(text, file, None)
}

/// The same, and what it requires or reads of other files is followed as far as they can be reached.
pub(crate) fn read_module_within(text: &str, file: &Path, reach: Option<Reach<'_>>) -> Result<Module, Fault> {
    let lines = Lines::new(text);
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    on_deep_stack(text, &lines, || {
        let allocator = Allocator::default();
        let parsed = module_of(&allocator, text, &name);
        if let Some(error) = first_error!(parsed) {
            return Err(unparsable(error, &lines));
        }
        let scope = eval::Scope::new(&parsed.program, text, &lines, file, reach);
        Ok(module::read(&parsed.program, &scope))
    })
}

/// What keeps Node from loading a module, in the order of its text; nothing where it is no JavaScript.
pub(crate) fn stops(text: &str, file: &Path, reach: Reach<'_>) -> Vec<Stop> {
    let lines = Lines::new(text);
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let found = on_deep_stack(text, &lines, || {
        let allocator = Allocator::default();
        let parsed = module_of(&allocator, text, &name);
        if let Some(error) = first_error!(parsed) {
            return Err(unparsable(error, &lines));
        }
        let scope = eval::Scope::new(&parsed.program, text, &lines, file, Some(reach));
        Ok(loading::stops(&parsed.program, &scope, reach))
    });
    found.unwrap_or_default()
}

/// What a function of Netlify's exports, what it asks for, and what is set on its exports.
pub(crate) fn read_function(text: &str, file: &Path) -> Result<(Module, Wanted, Vec<Assigned>), Fault> {
    let lines = Lines::new(text);
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    on_deep_stack(text, &lines, || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, source_type(&name)).parse();
        if let Some(error) = first_error!(parsed) {
            return Err(unparsable(error, &lines));
        }
        let scope = eval::Scope::new(&parsed.program, text, &lines, file, None);
        let asks = asks::find(&parsed.program, types_of(&name), &lines);
        Ok((module::read(&parsed.program, &scope), asks, assigned::find(&parsed.program, &scope)))
    })
}

/// The modules that a program asks for; `None` when it is no program that could be read.
pub(crate) fn asks(text: &str, file_name: &str) -> Option<Wanted> {
    let lines = Lines::new(text);
    let read = on_deep_stack(text, &lines, || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, source_type(file_name)).parse();
        if let Some(error) = first_error!(parsed) {
            return Err(unparsable(error, &lines));
        }
        Ok(asks::find(&parsed.program, types_of(file_name), &lines))
    });
    read.ok()
}

fn types_of(name: &str) -> asks::Types {
    let is_typed = [".ts", ".mts", ".cts", ".tsx"].iter().any(|ending| name.ends_with(ending));
    if is_typed { asks::Types::Erased } else { asks::Types::None }
}

/// The line that says it all of a program that does nothing but print, wait and answer; `None` when it may do something
/// else, or is no program.
pub(crate) fn idle(text: &str, file_name: &str) -> Option<u32> {
    let lines = Lines::new(text);
    let read = on_deep_stack(text, &lines, || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, source_type(file_name)).parse();
        if let Some(error) = first_error!(parsed) {
            return Err(unparsable(error, &lines));
        }
        let span = idle::find(&parsed.program, text);
        Ok(span.map(|span| lines.at(usize::try_from(span.start).unwrap_or(usize::MAX))))
    });
    read.ok().flatten()
}

/// The value of a text that is one expression, such as the JSON with comments that PM2 reads.
pub(crate) fn read_expression(text: &str, file: &Path) -> Result<Value<'static>, Fault> {
    let lines = Lines::new(text);
    // The parentheses keep a leading `{` from being a block; they are on the lines that are there anyway.
    let wrapped = format!("({text})");
    on_deep_stack(text, &lines, || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, &wrapped, SourceType::cjs()).parse();
        let wrapped_lines = Lines::new(&wrapped);
        if let Some(error) = first_error!(parsed) {
            return Err(unparsable(error, &wrapped_lines));
        }
        let scope = eval::Scope::new(&parsed.program, &wrapped, &wrapped_lines, file, None);
        module::only_expression(&parsed.program, &scope).ok_or_else(|| Fault {
            rule: "js-unparsable",
            line: 1,
            message: "this is not one value".into(),
        })
    })
}

/// A module as Node reads it: one of CommonJS may return at its top.
fn module_of<'a>(allocator: &'a Allocator, text: &'a str, name: &str) -> ParserReturn<'a> {
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    Parser::new(allocator, text, source_type(name)).with_options(options).parse()
}

/// Parses in a thread whose stack is large enough for any text of this many tokens; the arena goes with it.
fn on_deep_stack<T: Send>(
    text: &str,
    lines: &Lines,
    read: impl FnOnce() -> Result<T, Fault> + Send,
) -> Result<T, Fault> {
    let tokens = guard::tokens(text);
    if tokens > MAX_JS_TOKENS {
        let message = format!("this has more than {MAX_JS_TOKENS} words and signs: it was not read");
        return Err(Fault { rule: "js-too-large", line: 1, message });
    }
    if let Some(offset) = guard::too_nested(text) {
        let message = "this is nested too deeply to be read".to_owned();
        return Err(Fault { rule: "js-too-nested", line: lines.at(offset), message });
    }
    on_stack_for(tokens, read)
}

fn on_stack_for<T: Send>(tokens: usize, read: impl FnOnce() -> Result<T, Fault> + Send) -> Result<T, Fault> {
    let bytes = tokens.saturating_mul(JS_STACK_BYTES_PER_TOKEN).saturating_add(JS_STACK_BYTES);
    let ended = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(bytes);
        thread.spawn_scoped(scope, read).map(std::thread::ScopedJoinHandle::join)
    });
    match ended {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => {
            let message = "the parser gave up on this file".to_owned();
            Err(Fault { rule: "js-unparsable", line: 1, message })
        }
        Err(error) => {
            let message = format!("no thread could be started to read this file: {}", error.kind());
            Err(Fault { rule: "js-unreadable", line: 1, message })
        }
    }
}

/// What the name says, and for `.js` whatever the text is: PM2 and Netlify take both kinds of module.
fn source_type(name: &str) -> SourceType {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "ts" | "mts" | "cts" => SourceType::ts(),
        "tsx" => SourceType::tsx(),
        "mjs" => SourceType::mjs(),
        "cjs" => SourceType::cjs(),
        _ => SourceType::unambiguous(),
    }
}

/// The fault of the first error: its offset in the text, and what the parser says.
fn unparsable((offset, message): (usize, String), lines: &Lines) -> Fault {
    let message = format!("this is not JavaScript: {}", quote(&message));
    Fault { rule: "js-unparsable", line: lines.at(offset), message }
}

#[cfg(test)]
mod tests;
