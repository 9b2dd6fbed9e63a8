//! Choices: `a ? b : c`, `a || b`, comparisons. Where the environment decides, it is taken to be empty, and that is said.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree has dozens of operators; what is not listed is computed"
)]

use oxc_ast::ast::{
    BinaryExpression, BinaryOperator, ComputedMemberExpression, ConditionalExpression, Expression,
    LogicalExpression, LogicalOperator,
};

use super::eval::{Scope, computed};
use super::{module, mutation};
use crate::lines::quote;
use crate::value::{Data, Value};

impl<'a> Scope<'a> {
    /// The value of an expression that is looked at for a choice: a variable of the environment is taken to be unset.
    fn unset(&self, expression: &Expression<'a>, depth: usize) -> Value<'static> {
        let value = self.eval(expression, depth);
        let Data::Computed(_) = value.data else { return value };
        let Some(variable) = value.variable().filter(|name| !mutation::sets_variable(self.text(), name))
        else {
            return value;
        };
        self.assume(value.line, is_unset(variable));
        Value::new(value.line, Data::Null)
    }

    /// Whether a condition holds, where that is known.
    pub(super) fn truth(&self, expression: &Expression<'a>, depth: usize) -> Option<bool> {
        self.unset(expression, depth).truth()
    }

    /// `a ? b : c`; where nobody knows which, both may say the same.
    pub(super) fn chosen(&self, choice: &ConditionalExpression<'a>, depth: usize) -> Data<'static> {
        match self.truth(&choice.test, depth) {
            Some(true) => self.eval(&choice.consequent, depth).data,
            Some(false) => self.eval(&choice.alternate, depth).data,
            None => {
                let (one, other) =
                    (self.eval(&choice.consequent, depth), self.eval(&choice.alternate, depth));
                let is_same = one.scalar().is_some() && one.data == other.data;
                if is_same { one.data } else { computed("a choice") }
            }
        }
    }

    /// `a || b`, `a ?? b` and `a && b`.
    pub(super) fn choice(&self, choice: &LogicalExpression<'a>, depth: usize) -> Data<'static> {
        let left = self.unset(&choice.left, depth);
        let Some(is_true) = left.truth() else { return computed("a choice") };
        let takes_left = match choice.operator {
            LogicalOperator::Or => is_true,
            LogicalOperator::And => !is_true,
            LogicalOperator::Coalesce => left.data != Data::Null,
        };
        if takes_left { left.data } else { self.eval(&choice.right, depth).data }
    }

    /// Equal or not; anything else is an operation.
    pub(super) fn compared(&self, pair: &BinaryExpression<'a>, depth: usize) -> Data<'static> {
        let is_equal = match pair.operator {
            BinaryOperator::Equality | BinaryOperator::StrictEquality => true,
            BinaryOperator::Inequality | BinaryOperator::StrictInequality => false,
            operator => {
                let (left, right) = (self.eval(&pair.left, depth), self.eval(&pair.right, depth));
                let known = super::plain::arithmetic(operator, &left, &right);
                return known.unwrap_or_else(|| computed("an operation"));
            }
        };
        let (left, right) = (self.unset(&pair.left, depth), self.unset(&pair.right, depth));
        let is_plain = |value: &Value| value.data == Data::Null || value.scalar().is_some();
        if is_plain(&left) && is_plain(&right) {
            Data::Bool((left.data == right.data) == is_equal)
        } else {
            computed("an operation")
        }
    }
}

/// What is said of a variable that decides.
pub(crate) fn is_unset(variable: &str) -> String {
    format!("`process.env.{}` decides here: it is taken to be unset", quote(variable))
}

/// What `process.env['A']` stands for, as `process.env.A` is called; else a member that is not known.
pub(super) fn member(expression: &ComputedMemberExpression<'_>, name: &Value) -> Data<'static> {
    let of = module::dotted(&expression.object);
    match name.text().filter(|_| of.as_deref() == Some("process.env")) {
        Some(name) => computed(&format!("`process.env.{name}`")),
        None => computed("a member"),
    }
}

impl Value<'_> {
    /// The variable of the environment that only running the file would tell.
    pub(crate) fn variable(&self) -> Option<&str> {
        let Data::Computed(what) = &self.data else { return None };
        let name = what.strip_prefix("`process.env.")?.strip_suffix('`')?;
        (!name.contains(['.', '`'])).then_some(name)
    }
}

impl Value<'static> {
    /// What stands in a list at an index, or in a map under a name.
    pub(super) fn at(&self, index: &Self) -> Option<&Self> {
        match (&self.data, &index.data) {
            (Data::List(items), Data::Number(at)) => {
                let is_it =
                    |(place, _): &(usize, &Self)| u32::try_from(*place).is_ok_and(|p| f64::from(p) == *at);
                items.iter().enumerate().find(is_it).map(|(_, item)| item)
            }
            (Data::Map(_), Data::Text(name)) => self.get(name),
            (_, _) => None,
        }
    }
}
