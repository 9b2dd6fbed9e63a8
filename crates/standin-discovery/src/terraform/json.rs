//! Terraform in JSON: the same blocks, as maps.

use super::hcl::{self, Block, Expr};
use crate::contents::File;
use crate::js;
use crate::value::{Data, Entry, Key, Value};

/// The blocks of a file; the line and the message of what is wrong.
pub(super) fn parse(file: &File<'_>) -> Result<Vec<Block>, (u32, String)> {
    let root = js::read_expression(file.text, &file.repository.absolute(file.path))
        .map_err(|fault| (fault.line, fault.message))?;
    let mut blocks = Vec::new();
    for top in named(&root) {
        let (kind, entry) = top;
        match kind {
            // Two labels: the type and the name.
            "resource" | "data" => {
                for (kind_of, of_kind) in several(&entry.value).flat_map(named) {
                    for (name, one) in several(&of_kind.value).flat_map(named) {
                        for body in several(&one.value) {
                            blocks.push(block(kind, &[kind_of, name], one.line, body));
                        }
                    }
                }
            }
            "variable" | "module" | "provider" | "output" => {
                for (name, one) in several(&entry.value).flat_map(named) {
                    blocks.push(block(kind, &[name], one.line, &one.value));
                }
            }
            _ => blocks.extend(several(&entry.value).map(|body| block(kind, &[], entry.line, body))),
        }
    }
    Ok(blocks)
}

fn named<'v>(value: &'v Value<'v>) -> impl Iterator<Item = (&'v str, &'v Entry<'v>)> {
    value.entries().iter().filter_map(|entry| match &entry.key {
        Key::Named(name) => Some((name.as_ref(), entry)),
        Key::Any => None,
    })
}

/// A value, or each of a list.
fn several<'v>(value: &'v Value<'v>) -> impl Iterator<Item = &'v Value<'v>> {
    let items = value.items();
    let alone = if items.is_empty() { Some(value) } else { None };
    items.iter().chain(alone)
}

/// A map as a block; the maps within it are attributes and blocks, because JSON does not tell them apart.
fn block(kind: &str, labels: &[&str], line: u32, body: &Value) -> Block {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    let mut made = Block::new(kind, labels, line);
    for (name, entry) in named(body) {
        made.set(name, entry.line, expression(&entry.value));
        for inner in several(&entry.value).filter(|inner| matches!(inner.data, Data::Map(_))) {
            made.put(block(name, &[], entry.line, inner));
        }
    }
    made
}

/// A text that is nothing but a template is an expression.
fn expression(value: &Value) -> Expr {
    match &value.data {
        Data::Text(text) => {
            let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            let known = inner.map(hcl::expression).filter(|inner| *inner != Expr::Other);
            known.unwrap_or_else(|| Expr::Text(text.to_string()))
        }
        Data::Bool(_) | Data::Number(_) => Expr::Path(value.scalar().unwrap_or_default()),
        Data::List(items) => Expr::List(items.iter().map(expression).collect()),
        Data::Map(_) => {
            Expr::Map(named(value).map(|(name, entry)| (name.to_owned(), expression(&entry.value))).collect())
        }
        Data::Null | Data::Computed(_) => Expr::Other,
    }
}
