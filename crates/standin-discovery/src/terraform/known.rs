//! What expressions of Terraform come to, as far as the folder and the call of it tell; and how many `for_each` and `count`
//! make of one resource.

use super::Module;
use super::hcl::{self, Block, Expr};
use crate::limits::MAX_REFERENCES;
use crate::lines::quote;

/// Most of one resource that are looked at, one by one.
const MAX_INSTANCES: usize = 200;
/// Expressions that are looked at for one value, whatever leads to what.
const MAX_STEPS: usize = 10_000;

/// One of several that `for_each` or `count` make.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    /// `["a"]` or `[0]`, as Terraform writes it behind the name.
    pub(super) suffix: String,
    key: String,
    value: Expr,
}

/// An expression that is worked out, and the variable whose default it is; else what it is computed from.
type Come = Result<(Expr, Option<String>), String>;

impl Module {
    /// The text of an expression, and the variable whose default it is; else what it is computed from.
    pub(super) fn known(&self, expression: &Expr) -> Result<(String, Option<String>), String> {
        self.left.set(MAX_STEPS);
        self.text(expression, 0)
    }

    fn text(&self, expression: &Expr, depth: usize) -> Result<(String, Option<String>), String> {
        match self.worked_out(expression, depth)? {
            (Expr::Text(text) | Expr::Path(text), from) => Ok((text, from)),
            (Expr::List(_) | Expr::Map(_) | Expr::Call(..) | Expr::Other, _) => {
                Err("an expression".to_owned())
            }
        }
    }

    /// Those that a block stands for; `None` where it is one, or where only Terraform tells.
    pub(super) fn instances(&self, block: &Block) -> Option<Vec<Instance>> {
        self.left.set(MAX_STEPS);
        let made: Vec<Instance> = if let Some((_, each)) = block.get("for_each") {
            let of = |key: String, value| Instance { suffix: format!("[\"{}\"]", quote(&key)), key, value };
            match self.worked_out(each, 0).ok()?.0 {
                Expr::Map(entries) => entries.into_iter().map(|(key, value)| of(key, value)).collect(),
                // A set: each key is its own value.
                Expr::List(items) => {
                    let mut texts = Vec::new();
                    for item in &items {
                        texts.push(self.text(item, 0).ok()?.0);
                    }
                    texts.sort();
                    texts.dedup();
                    texts.into_iter().map(|text| of(text.clone(), Expr::Text(text))).collect()
                }
                Expr::Text(_) | Expr::Path(_) | Expr::Call(..) | Expr::Other => return None,
            }
        } else {
            let count: usize = self.text(block.get("count")?.1, 0).ok()?.0.parse().ok()?;
            let of =
                |at: usize| Instance { suffix: format!("[{at}]"), key: at.to_string(), value: Expr::Other };
            (0..count.min(MAX_INSTANCES.saturating_add(1))).map(of).collect()
        };
        (made.len() <= MAX_INSTANCES).then_some(made)
    }

    /// An expression with all that is known in its place, for whoever does not see this folder.
    pub(super) fn settled(&self, expression: &Expr) -> Expr {
        self.left.set(MAX_STEPS);
        self.deep(expression, 0)
    }

    fn deep(&self, expression: &Expr, depth: usize) -> Expr {
        let below = depth.saturating_add(1);
        match self.worked_out(expression, depth) {
            Ok((Expr::List(items), _)) => {
                Expr::List(items.iter().map(|item| self.deep(item, below)).collect())
            }
            Ok((Expr::Map(entries), _)) => {
                Expr::Map(entries.iter().map(|(key, value)| (key.clone(), self.deep(value, below))).collect())
            }
            Ok((other, _)) => other,
            Err(_) => Expr::Other,
        }
    }

    fn worked_out(&self, expression: &Expr, depth: usize) -> Come {
        let left = self.left.get().checked_sub(1).filter(|_| depth <= MAX_REFERENCES);
        let Some(left) = left else { return Err("references that lead to one another".to_owned()) };
        self.left.set(left);
        let depth = depth.saturating_add(1);
        match expression {
            Expr::Text(text) if text.contains("${") => self.template(text, depth),
            Expr::Path(path) if !is_literal(path) => self.path(path, depth),
            Expr::Text(_) | Expr::Path(_) | Expr::List(_) | Expr::Map(_) => Ok((expression.clone(), None)),
            Expr::Call(name, arguments) => self.call(name, arguments, depth),
            Expr::Other => Err("an expression".to_owned()),
        }
    }

    /// A text with the values of `${var.x}` and the like in their places.
    fn template(&self, text: &str, depth: usize) -> Come {
        let (mut made, mut from, mut rest) = (String::new(), None, text);
        for _ in 0..MAX_REFERENCES {
            let Some((before, behind)) = rest.split_once("${") else { break };
            let Some((inner, behind)) = behind.split_once('}') else { break };
            let inner = hcl::expression(inner);
            if inner == Expr::Other {
                return Err("a template".to_owned());
            }
            let (value, of) = self.text(&inner, depth)?;
            from = from.or(of);
            made.push_str(before);
            made.push_str(&value);
            rest = behind;
        }
        made.push_str(rest);
        if made.contains("${") { Err("a template".to_owned()) } else { Ok((Expr::Text(made), from)) }
    }

    fn path(&self, path: &str, depth: usize) -> Come {
        let unknown = || format!("`{}`", quote(path));
        let mut parts = path.split('.');
        let (Some(first), Some(name)) = (parts.next(), parts.next()) else { return Err(unknown()) };
        let (mut here, mut from) =
            self.start(first, name, depth).map_err(|what| what.unwrap_or_else(unknown))?;
        for part in parts {
            let key = match (part, &self.each) {
                ("[key]" | "[index]", Some(each)) => each.key.as_str(),
                _ => part,
            };
            let next = match &here {
                Expr::Map(entries) => {
                    entries.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value)
                }
                Expr::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
                Expr::Text(_) | Expr::Path(_) | Expr::Call(..) | Expr::Other => None,
            };
            let (next, of) = self.worked_out(next.ok_or_else(unknown)?, depth)?;
            (here, from) = (next, from.or(of));
        }
        Ok((here, from))
    }

    /// What the first two parts of a path name. An error without a text is that of the whole path.
    fn start(&self, first: &str, name: &str, depth: usize) -> Result<(Expr, Option<String>), Option<String>> {
        let whole = format!("{first}.{name}");
        if let ("var", Some(call)) = (first, &self.call)
            && call.given.iter().any(|given| given == name)
        {
            let known = call.arguments.get(name).filter(|known| **known != Expr::Other).cloned();
            let unknown = || Some(format!("`{}` of the module `{}`", quote(&whole), quote(&call.name)));
            return known.map(|known| (known, None)).ok_or_else(unknown);
        }
        let mut blocks = self.blocks.iter().map(|(_, block)| block);
        let written = match (first, name, &self.each) {
            ("var", ..) => blocks
                .find(|block| {
                    block.kind == "variable" && block.labels.first().is_some_and(|label| label == name)
                })
                .and_then(|block| block.get("default")),
            ("local", ..) => blocks.filter(|block| block.kind == "locals").find_map(|block| block.get(name)),
            ("each", "key", Some(each)) | ("count", "index", Some(each)) => {
                return Ok((Expr::Text(each.key.clone()), None));
            }
            ("each", "value", Some(each)) => return self.worked_out(&each.value, depth).map_err(Some),
            _ => None,
        };
        let (_, written) = written.ok_or(None)?;
        let (value, from) = self.worked_out(written, depth).map_err(|_| None)?;
        Ok((value, if first == "var" { Some(whole) } else { from }))
    }

    /// The functions that are followed.
    fn call(&self, name: &str, arguments: &[Expr], depth: usize) -> Come {
        let truth = |one: &Expr| match self.text(one, depth)? {
            (text, from) if text == "true" || text == "false" => Ok((text == "true", from)),
            _ => Err("an expression".to_owned()),
        };
        match (name, arguments) {
            ("toset" | "tolist" | "tomap" | "tostring" | "tonumber", [one]) => self.worked_out(one, depth),
            ("?", [condition, yes, no]) => {
                let (holds, from) = truth(condition)?;
                let (value, of) = self.worked_out(if holds { yes } else { no }, depth)?;
                Ok((value, from.or(of)))
            }
            ("!", [one]) => truth(one).map(|(holds, from)| (Expr::Path((!holds).to_string()), from)),
            ("merge", maps) => {
                let (mut all, mut from) = (Vec::new(), None);
                for map in maps {
                    let (Expr::Map(entries), of) = self.worked_out(map, depth)? else {
                        return Err("an expression".to_owned());
                    };
                    all.retain(|(key, _)| !entries.iter().any(|(known, _)| known == key));
                    all.extend(entries);
                    from = from.or(of);
                }
                Ok((Expr::Map(all), from))
            }
            ("lookup", [map, key, others @ ..]) => {
                let ((Expr::Map(entries), from), key) =
                    (self.worked_out(map, depth)?, self.text(key, depth)?.0)
                else {
                    return Err("an expression".to_owned());
                };
                let value = entries.iter().find(|(known, _)| *known == key).map(|(_, value)| value);
                let value = value.or(others.first()).ok_or_else(|| "an expression".to_owned())?;
                self.worked_out(value, depth).map(|(value, of)| (value, from.or(of)))
            }
            ("try", [Expr::Path(path), others @ ..]) if !others.is_empty() && self.lacks(path, depth) => {
                self.call("try", others, depth)
            }
            ("try", [first, ..]) => self.worked_out(first, depth),
            _ => Err(format!("`{}(…)`", quote(name))),
        }
    }

    /// Whether the last part of a path is surely not there.
    fn lacks(&self, path: &str, depth: usize) -> bool {
        let Some((before, last)) = path.rsplit_once('.') else { return false };
        match self.worked_out(&Expr::Path(before.to_owned()), depth) {
            Ok((Expr::Map(entries), _)) => entries.iter().all(|(key, _)| key != last),
            Ok(_) | Err(_) => false,
        }
    }
}

/// Numbers and the words that stand for themselves.
fn is_literal(path: &str) -> bool {
    matches!(path, "true" | "false" | "null") || path.parse::<f64>().is_ok()
}
