//! Schedules of Terraform: EventBridge rules with their targets, EventBridge Scheduler, Google's Cloud Scheduler,
//! CronJobs and the crons of Workers; in `.tf` and in `.tf.json`.

use std::cell::Cell;
use std::collections::BTreeMap;

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use crate::aws::{self, Service};
use crate::contents::{File, Found, is_aside};
use crate::files;
use crate::findings::Gathered;
use crate::js;
use crate::limits::MAX_REFERENCES;
use crate::lines::quote;
use crate::registry::Repository;
use crate::walk::Nature;

mod hcl;
mod json;
mod others;

#[cfg(test)]
mod tests;

use hcl::{Block, Expr};

/// The resources that are read.
const RULE: &str = "aws_cloudwatch_event_rule";
const TARGET: &str = "aws_cloudwatch_event_target";
const SCHEDULE: &str = "aws_scheduler_schedule";

/// Adds the schedules of every folder, because Terraform reads a folder as one.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    let mut folders: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    for entry in repository.entries {
        let is_terraform = entry.name().ends_with(".tf") || entry.name().ends_with(".tf.json");
        if !is_terraform || entry.nature != Nature::File || is_aside(&entry.path) {
            continue;
        }
        match files::read(repository.root, &entry.path) {
            Ok(text) => folders.entry(entry.folder()).or_default().push((&entry.path, text)),
            Err(problem) => gathered.find(problem),
        }
    }
    let mut modules: BTreeMap<&str, Module> = BTreeMap::new();
    for (folder, files) in &folders {
        let has_kind = has_kind(files);
        if has_kind || files.iter().any(|(_, text)| text.contains("module")) {
            let said = has_kind.then_some(&mut *gathered);
            modules.insert(folder, parse(repository, files, said));
        }
    }
    let calls = calls(repository, &modules);
    for (folder, module) in &mut modules {
        let Some(files) = folders.get(folder) else { continue };
        elsewhere(repository, files, module, gathered);
        if !has_kind(files) {
            continue;
        }
        match calls.get(*folder) {
            None => resources(repository, files, module, gathered),
            // What a folder of the repository calls is made once for each call, with its arguments.
            Some(calls) => {
                for call in calls.iter().take(MAX_CALLS) {
                    module.call = Some(call.clone());
                    resources(repository, files, module, gathered);
                }
            }
        }
    }
}

/// Most calls of one module that are looked at.
const MAX_CALLS: usize = 200;

fn has_kind(files: &[(&str, String)]) -> bool {
    let mut kinds = others::KINDS.iter().map(|(kind, _)| *kind).chain([RULE, SCHEDULE]);
    kinds.any(|kind| files.iter().any(|(_, text)| text.contains(kind)))
}

/// One folder, read as a whole.
struct Module {
    /// Each block with the place of its file.
    blocks: Vec<(usize, Block)>,
    /// Who calls it, while it is looked at for that call.
    call: Option<ModuleCall>,
}

/// A `module` block that names a folder of the repository.
#[derive(Debug, Clone)]
struct ModuleCall {
    name: String,
    /// The arguments whose texts are known.
    arguments: BTreeMap<String, String>,
    /// The names of all arguments.
    given: Vec<String>,
}

fn parse(
    repository: &Repository<'_>,
    files: &[(&str, String)],
    mut gathered: Option<&mut Gathered>,
) -> Module {
    let mut module = Module { blocks: Vec::new(), call: None };
    for (at, (path, text)) in files.iter().enumerate() {
        let file = File { repository, path, text, tasks: Cell::new(0) };
        let parsed = if path.ends_with(".json") { json::parse(&file) } else { hcl::parse(text) };
        match (parsed, gathered.as_deref_mut()) {
            (Ok(blocks), _) => module.blocks.extend(blocks.into_iter().map(|block| (at, block))),
            (Err((line, message)), Some(gathered)) => {
                let fix = "Correct the file at this line; `terraform validate` says more.";
                file.say(("hcl-unparsable", Severity::Error, line), message, fix, gathered);
            }
            (Err(_), None) => {}
        }
    }
    module
}

/// The calls of modules of the repository, by the folder that they call.
fn calls(repository: &Repository<'_>, modules: &BTreeMap<&str, Module>) -> BTreeMap<String, Vec<ModuleCall>> {
    let mut calls: BTreeMap<String, Vec<ModuleCall>> = BTreeMap::new();
    for (folder, module) in modules {
        for (_, block) in module.blocks.iter().filter(|(_, block)| block.kind == "module") {
            let (Some(name), Some((_, Expr::Text(source)))) = (block.labels.first(), block.get("source"))
            else {
                continue;
            };
            if !source.starts_with('.') {
                continue;
            }
            let target = js::resolve(&repository.absolute(folder), source);
            let Ok(target) = target.strip_prefix(repository.root) else { continue };
            let arguments = block
                .attributes()
                .filter_map(|(name, value)| Some((name.to_owned(), module.known(value).ok()?.0)));
            let given = block.attributes().map(|(name, _)| name.to_owned()).collect();
            let call = ModuleCall { name: name.clone(), arguments: arguments.collect(), given };
            calls.entry(target.to_string_lossy().into_owned()).or_default().push(call);
        }
    }
    calls
}

/// Says of modules from elsewhere that they make schedules.
fn elsewhere(
    repository: &Repository<'_>,
    files: &[(&str, String)],
    module: &Module,
    gathered: &mut Gathered,
) {
    for (at, block) in module.blocks.iter().filter(|(_, block)| block.kind == "module") {
        let (Some((path, text)), Some((_, Expr::Text(source)))) = (files.get(*at), block.get("source"))
        else {
            continue;
        };
        let is_maker = ["eventbridge", "scheduler"].iter().any(|word| source.contains(word));
        let has_schedules =
            ["schedule_expression", "schedule_expressions"].iter().any(|name| block.get(name).is_some())
                || (is_maker && ["schedules", "rules"].iter().any(|name| block.get(name).is_some()));
        if source.starts_with('.') || !has_schedules || !text.contains("schedule_expression") {
            continue;
        }
        let file = File { repository, path, text, tasks: Cell::new(0) };
        let name = block.labels.first().map(String::as_str).unwrap_or_default();
        let message = format!(
            "the module `{}` makes schedules out of {}: they are not listed",
            quote(name),
            quote(source)
        );
        let fix = "Watch what they start by heartbeats, or give it a schedule in standin.toml.";
        file.say(("aws-computed", Severity::Note, block.line), message, fix, gathered);
    }
}

fn resources(
    repository: &Repository<'_>,
    files: &[(&str, String)],
    module: &Module,
    gathered: &mut Gathered,
) {
    for (at, block) in &module.blocks {
        let Some((path, text)) = files.get(*at) else { continue };
        let file = File { repository, path, text, tasks: Cell::new(0) };
        match block.resource() {
            Some((RULE | SCHEDULE, _)) if !file.more(block.line, gathered) => return,
            Some((RULE, name)) => module.rule(&file, name, block, gathered),
            Some((SCHEDULE, name)) => module.schedule(&file, name, block, gathered),
            Some((kind, name)) => module.other(&file, (kind, name), block, gathered),
            None => {}
        }
    }
}

impl Module {
    /// What Terraform calls a resource of it.
    fn address(&self, kind: &str, name: &str) -> String {
        let call = self.call.as_ref().map(|call| format!("module.{}.", call.name));
        format!("{}{kind}.{name}", call.unwrap_or_default())
    }

    fn rule(&self, file: &File<'_>, name: &str, block: &Block, gathered: &mut Gathered) {
        if block.get("schedule_expression").is_none() {
            return;
        }
        let mut found = Found::new(Kind::Aws, self.address(RULE, name), block.line);
        let off = [("is_enabled", "false"), ("state", "DISABLED")];
        disabled(file, block, &off, &mut found, gathered);
        self.expression(file, block, (None, Service::Rule), &mut found, gathered);
        if !self.is_target_of(name) {
            let message =
                "no aws_cloudwatch_event_target of this folder names the rule: it fires and starts nothing";
            found.fall_short(Standing::Loadable, message);
            let fix = format!("Add a target with `rule = {RULE}.{name}.name`.");
            file.say(("aws-no-target", Severity::Error, block.line), message, fix, gathered);
        }
        many(file, block, &mut found, gathered);
        file.add(found, gathered);
    }

    fn schedule(&self, file: &File<'_>, name: &str, block: &Block, gathered: &mut Gathered) {
        let mut found = Found::new(Kind::Aws, self.address(SCHEDULE, name), block.line);
        disabled(file, block, &[("state", "DISABLED")], &mut found, gathered);
        let zone = block.get("schedule_expression_timezone");
        self.expression(file, block, (zone, Service::Scheduler), &mut found, gathered);
        for part in ["target", "flexible_time_window"] {
            if !block.has(part) {
                let message = format!("Terraform refuses a schedule without a `{part}` block");
                found.fall_short(Standing::Declared, &message);
                let fix = format!("Add `{part} {{ … }}`.");
                file.say(("aws-incomplete", Severity::Error, block.line), message, fix, gathered);
            }
        }
        many(file, block, &mut found, gathered);
        file.add(found, gathered);
    }

    /// Whether a target names the rule, by its resource or by its own name.
    fn is_target_of(&self, rule: &str) -> bool {
        let reference = format!("{RULE}.{rule}");
        let is_reference = |path: &str| {
            path.strip_prefix(&reference).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.blocks.iter().filter(|(_, block)| block.resource().is_some_and(|(kind, _)| kind == TARGET)).any(
            |(_, block)| match block.get("rule").map(|(_, value)| value) {
                Some(Expr::Path(path)) => is_reference(path),
                // A loop over rules, or a text: which one it names only Terraform tells.
                Some(Expr::Text(_) | Expr::Other) => true,
                None => false,
            },
        )
    }

    fn expression(
        &self,
        file: &File<'_>,
        block: &Block,
        (zone, service): (Option<(u32, &Expr)>, Service),
        found: &mut Found,
        gathered: &mut Gathered,
    ) {
        let Some((line, written)) = block.get("schedule_expression") else {
            let message = "it has no `schedule_expression`";
            found.fall_short(Standing::Declared, message);
            let fix = "Write `schedule_expression = \"rate(1 hour)\"`.";
            return file.say(("aws-incomplete", Severity::Error, block.line), message, fix, gathered);
        };
        let zone = match zone.map(|(_, zone)| self.known(zone)) {
            None => "UTC".to_owned(),
            Some(Ok((zone, _))) => zone,
            Some(Err(what)) => {
                return aws::computed(file, found, line, &format!("its zone is {what}"), gathered);
            }
        };
        match self.known(written) {
            Ok((text, from)) => {
                if let Some(name) = from {
                    let message = format!("its schedule is the default of `{}`", quote(&name));
                    let fix = "Nothing, if it is applied with the default.";
                    file.say(("aws-by-default", Severity::Note, line), message, fix, gathered);
                }
                aws::schedule(file, found, (&text, &zone, line), service, gathered);
            }
            Err(what) => aws::computed(file, found, line, &what, gathered),
        }
    }

    /// A text with the values of `${var.x}` and `${local.x}` in their places.
    fn template(&self, text: &str) -> Result<(String, Option<String>), String> {
        let (mut made, mut from, mut rest) = (String::new(), None, text);
        for _ in 0..MAX_REFERENCES {
            let Some((before, behind)) = rest.split_once("${") else { break };
            let Some((path, behind)) = behind.split_once('}') else { break };
            let is_path = path.starts_with("var.") || path.starts_with("local.");
            if !is_path || path.contains(['(', '[', ' ', '"']) {
                return Err("a template".to_owned());
            }
            let (value, of) = self.known(&Expr::Path(path.to_owned()))?;
            from = from.or(of);
            made.push_str(before);
            made.push_str(&value);
            rest = behind;
        }
        made.push_str(rest);
        if made.contains("${") { Err("a template".to_owned()) } else { Ok((made, from)) }
    }

    /// The text of an expression, and the variable whose default it is; else what it is computed from.
    fn known(&self, expression: &Expr) -> Result<(String, Option<String>), String> {
        match expression {
            Expr::Text(text) if text.contains("${") => self.template(text),
            Expr::Text(text) => Ok((text.clone(), None)),
            Expr::Path(path) => {
                if let (Some(("var", name)), Some(call)) = (path.split_once('.'), &self.call)
                    && call.given.iter().any(|given| given == name)
                {
                    let known = call.arguments.get(name).cloned().map(|text| (text, None));
                    return known
                        .ok_or_else(|| format!("`{}` of the module `{}`", quote(path), quote(&call.name)));
                }
                let value = match path.split_once('.') {
                    Some(("var", name)) => {
                        let variable = |block: &&Block| {
                            block.kind == "variable"
                                && block.labels.first().is_some_and(|label| label == name)
                        };
                        let block = self.blocks.iter().map(|(_, block)| block).find(variable);
                        block.and_then(|block| block.get("default"))
                    }
                    Some(("local", name)) => {
                        let locals = self.blocks.iter().filter(|(_, block)| block.kind == "locals");
                        locals.into_iter().find_map(|(_, block)| block.get(name))
                    }
                    Some(_) | None => None,
                };
                match value {
                    Some((_, Expr::Text(text))) if !text.contains("${") => {
                        Ok((text.clone(), path.starts_with("var.").then(|| path.clone())))
                    }
                    Some((_, Expr::Path(number))) if number.parse::<f64>().is_ok() => {
                        Ok((number.clone(), path.starts_with("var.").then(|| path.clone())))
                    }
                    Some(_) | None => Err(format!("`{}`", quote(path))),
                }
            }
            Expr::Other => Err("an expression".to_owned()),
        }
    }
}

fn disabled(
    file: &File<'_>,
    block: &Block,
    off: &[(&str, &str)],
    found: &mut Found,
    gathered: &mut Gathered,
) {
    let is_off = |(name, value): &(&str, &str)| match block.get(name) {
        Some((line, Expr::Text(text) | Expr::Path(text))) if text == value => Some(line),
        Some(_) | None => None,
    };
    if let Some(line) = off.iter().find_map(is_off) {
        let message = "it is disabled";
        found.fall_short(Standing::Loadable, message);
        file.say(("aws-disabled", Severity::Warning, line), message, "Enable it, or delete it.", gathered);
    }
}

/// `count` and `for_each` make several of one, or none.
fn many(file: &File<'_>, block: &Block, found: &mut Found, gathered: &mut Gathered) {
    if let Some((name, (line, _))) =
        ["count", "for_each"].into_iter().find_map(|name| block.get(name).map(|value| (name, value)))
    {
        found.trigger("conditional");
        let message =
            format!("how many of it there are follows from `{name}`, which only Terraform computes");
        let fix = "Nothing, if there is at least one.";
        file.say(("aws-conditional", Severity::Note, line), message, fix, gathered);
    }
}
