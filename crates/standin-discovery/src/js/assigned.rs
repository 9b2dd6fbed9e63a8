//! What a module sets on objects of its own at its top: `handler.config = …`, `Object.assign(module.exports, …)`.

use oxc_ast::ast::{Expression, Program, Statement};

use super::eval::Scope;
use super::module::dotted;
use crate::value::Value;

/// A member of an object that is set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assigned {
    /// `handler`, `module.exports.handler`
    pub(crate) object: String,
    pub(crate) name: String,
    pub(crate) value: Value<'static>,
}

/// Every member that the statements at the top set, in their order.
pub(super) fn find<'a>(program: &'a Program<'a>, scope: &Scope<'a>) -> Vec<Assigned> {
    let mut found = Vec::new();
    for statement in &program.body {
        if let Statement::ExpressionStatement(statement) = statement {
            by_expression(&statement.expression, scope, &mut found);
        }
    }
    found
}

#[allow(clippy::wildcard_enum_match_arm, reason = "of dozens of expressions these two set members")]
fn by_expression<'a>(expression: &'a Expression<'a>, scope: &Scope<'a>, found: &mut Vec<Assigned>) {
    match expression.get_inner_expression() {
        Expression::AssignmentExpression(assignment) => {
            let Some(target) = assignment.left.as_member_expression() else { return };
            let (Some(object), Some(name)) = (dotted(target.object()), target.static_property_name()) else {
                return;
            };
            found.push(Assigned { object, name: name.to_owned(), value: scope.value(&assignment.right) });
            // `exports.main = exports.handler = …`
            by_expression(&assignment.right, scope, found);
        }
        Expression::CallExpression(call)
            if dotted(&call.callee).is_some_and(|name| name == "Object.assign") =>
        {
            let mut given = call.arguments.iter().filter_map(|one| one.as_expression());
            let Some(object) = given.next().and_then(dotted) else { return };
            for value in given.map(|one| scope.value(one)) {
                let named =
                    value.entries().iter().filter_map(|entry| Some((entry.key.name()?, &entry.value)));
                found.extend(named.map(|(name, value)| Assigned {
                    object: object.clone(),
                    name: name.to_owned(),
                    value: value.clone(),
                }));
            }
        }
        _ => {}
    }
}
