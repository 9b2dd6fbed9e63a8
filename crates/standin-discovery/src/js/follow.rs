//! What a name or a call leads to beyond its own declaration: lists that grow, values taken apart, other files.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of kinds; what is not listed is computed"
)]

use oxc_ast::ast::{BindingPattern, CallExpression, Expression};
use oxc_span::GetSpan;

use super::choices::is_unset;
use super::eval::{Scope, changed, computed};
use super::paths;
use super::reach::{Followed, Reach};
use crate::value::{Data, Value};

/// Functions that make a value of the text of a file.
const READERS: [&str; 11] = [
    "JSON.parse",
    "JSON5.parse",
    "json5.parse",
    "YAML.parse",
    "yaml.parse",
    "yaml.load",
    "yaml.safeLoad",
    "js-yaml.load",
    "js-yaml.safeLoad",
    "jsyaml.load",
    "parseYaml",
];

impl<'a> Scope<'a> {
    /// A list or a map of the top with what its statements do to it.
    pub(super) fn after_growth(&self, name: &str, value: Value<'static>, depth: usize) -> Data<'static> {
        if self.growing.borrow().iter().any(|known| known == name) {
            return changed(name);
        }
        self.growing.borrow_mut().push(name.to_owned());
        let outer = self.locals.take();
        let grown = self.grown(&[name.to_owned()], value, 0, depth);
        drop(self.locals.replace(outer));
        self.growing.borrow_mut().pop();
        grown.data
    }

    /// A name that a value at the top was taken apart into, or that another file of the repository exports.
    pub(super) fn part_of(&self, name: &str, depth: usize) -> Option<Data<'static>> {
        for (pattern, whole) in &self.patterns {
            // Quick, and it errs on the side of looking twice.
            if !self.slice(pattern.span()).is_some_and(|text| text.contains(name)) {
                continue;
            }
            if super::module::dotted(whole).as_deref() == Some("process.env") {
                match self.of_environment(pattern, name, depth) {
                    Some(data) => return Some(data),
                    None => continue,
                }
            }
            let value = self.eval(whole, depth);
            if matches!(value.data, Data::Computed(_)) {
                continue;
            }
            let outer = self.locals.take();
            let found = self.bind(pattern, value, depth).and_then(|()| self.local(name));
            drop(self.locals.replace(outer));
            if found.is_some() {
                return found;
            }
        }
        let imported = self.import(name)?;
        let value = self.follow(1, |reach| reach.exports(&self.folder(), &imported.module))?;
        match &imported.name {
            Some(part) => value.get(part).map(|part| part.data.clone()),
            // A default import of a module, or all of a file of data.
            None => Some(value.get("default").map_or_else(|| value.data.clone(), |part| part.data.clone())),
        }
    }

    /// A variable that was taken out of the environment; where there is a default, that counts.
    fn of_environment(
        &self,
        pattern: &BindingPattern<'a>,
        name: &str,
        depth: usize,
    ) -> Option<Data<'static>> {
        let BindingPattern::ObjectPattern(object) = pattern else { return None };
        let binds = |pattern: &BindingPattern<'_>| matches!(pattern, BindingPattern::BindingIdentifier(one) if one.name == name);
        for property in &object.properties {
            let Some(variable) = property.key.static_name() else { continue };
            match &property.value {
                BindingPattern::AssignmentPattern(default) if binds(&default.left) => {
                    self.assume(self.line(property.span), is_unset(&variable));
                    return Some(self.eval(&default.right, depth).data);
                }
                one if binds(one) => return Some(computed(&format!("`process.env.{variable}`"))),
                _ => {}
            }
        }
        None
    }

    /// What another file gives, as if it stood in this line.
    fn follow(&self, line: u32, read: impl FnOnce(&Reach<'_>) -> Option<Followed>) -> Option<Value<'static>> {
        let followed = self.reach.as_ref().and_then(read)?;
        let left = self.left.get().checked_sub(followed.value.nodes())?;
        self.left.set(left);
        followed.assumed.into_iter().for_each(|what| self.assume(line, what));
        Some(followed.value.at_line(line))
    }

    /// What a call reads out of another file. Where that cannot be followed, the name of the file is all that is said.
    pub(super) fn file_of(
        &self,
        function: &str,
        call: &CallExpression<'a>,
        depth: usize,
    ) -> Option<Data<'static>> {
        let first = call.arguments.first()?.as_expression()?;
        let line = self.line(call.span);
        let named = |text: &str| crate::lines::quote(text.rsplit('/').next().unwrap_or(text));
        match function {
            "require" => {
                let path = self.eval(first, depth);
                let path = path.text()?;
                let found = self.follow(line, |reach| reach.exports(&self.folder(), path));
                let what = || computed(&format!("what `{}` exports", crate::lines::quote(path)));
                Some(found.map_or_else(what, |found| found.data))
            }
            "require.resolve" => {
                let path = self.eval(first, depth);
                let path = path.text()?;
                let found = self.reach.as_ref().and_then(|reach| reach.file(&self.folder(), path));
                let what = || computed(&format!("where `{}` is", crate::lines::quote(path)));
                Some(found.map_or_else(what, |file| Data::Text(file.into())))
            }
            "fs.readFileSync" | "readFileSync" => {
                Some(computed(&format!("what `{}` holds", named(self.eval(first, depth).text()?))))
            }
            _ if READERS.contains(&function) => {
                let Expression::CallExpression(inner) = self.behind(first) else { return None };
                let reads = self.function(&inner.callee)?;
                // `fs.readFileSync(…).toString()`
                if !matches!(reads.as_str(), "fs.readFileSync" | "readFileSync") {
                    return None;
                }
                let path = self.eval(inner.arguments.first()?.as_expression()?, depth);
                let whole = paths::resolve(&self.folder(), &[path.text()?.to_owned()]);
                let found = self.follow(line, |reach| reach.data(&whole));
                let what = || computed(&format!("what `{}` holds", named(&whole)));
                Some(found.map_or_else(what, |found| found.data))
            }
            _ => None,
        }
    }

    /// The expression that a name stands for, and what `.toString()` is called on.
    fn behind<'e>(&self, expression: &'e Expression<'a>) -> &'e Expression<'a>
    where
        'a: 'e,
    {
        let expression = match expression.get_inner_expression() {
            Expression::Identifier(name) => self.constant(name.name.as_str()).unwrap_or(expression),
            other => other,
        };
        match expression.get_inner_expression() {
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) if member.property.name == "toString" => {
                    member.object.get_inner_expression()
                }
                _ => expression.get_inner_expression(),
            },
            other => other,
        }
    }
}
