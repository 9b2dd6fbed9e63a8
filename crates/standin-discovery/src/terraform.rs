//! Schedules of Terraform: EventBridge rules with their targets, EventBridge Scheduler, Google's Cloud Scheduler,
//! CronJobs and the crons of Workers; in `.tf` and in `.tf.json`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use crate::aws::{self, Service};
use crate::contents::{File, Found, is_aside};
use crate::files;
use crate::findings::Gathered;
use crate::js;
use crate::lines::quote;
use crate::registry::Repository;
use crate::walk::Nature;

mod hcl;
mod json;
mod known;
mod others;

#[cfg(test)]
mod tests;

use hcl::{Block, Expr};
use known::Instance;

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
                    module.call = Some(Rc::clone(call));
                    resources(repository, files, module, gathered);
                }
            }
        }
    }
}

/// Most calls of one module that are looked at.
const MAX_CALLS: usize = 200;

/// The resources that have schedules.
fn kinds() -> impl Iterator<Item = &'static str> {
    others::KINDS.iter().map(|(kind, _)| *kind).chain([RULE, SCHEDULE])
}

fn has_kind(files: &[(&str, String)]) -> bool {
    kinds().any(|kind| files.iter().any(|(_, text)| text.contains(kind)))
}

fn has_schedules(kind: &str) -> bool {
    kinds().any(|known| known == kind)
}

/// One folder, read as a whole.
struct Module {
    /// Each block with the place of its file.
    blocks: Rc<Vec<(usize, Block)>>,
    /// Who calls it, while it is looked at for that call.
    call: Option<Rc<ModuleCall>>,
    /// The one of several that is looked at.
    each: Option<Instance>,
    /// How many more expressions are looked at for one value.
    left: Cell<usize>,
}

/// A `module` block that names a folder of the repository.
#[derive(Debug)]
struct ModuleCall {
    name: String,
    /// The arguments, as far as they are known.
    arguments: BTreeMap<String, Expr>,
    /// The names of all arguments.
    given: Vec<String>,
}

fn parse(
    repository: &Repository<'_>,
    files: &[(&str, String)],
    mut gathered: Option<&mut Gathered>,
) -> Module {
    let mut all = Vec::new();
    for (at, (path, text)) in files.iter().enumerate() {
        let file = File { repository, path, text, tasks: Cell::new(0) };
        let parsed = if path.ends_with(".json") { json::parse(&file) } else { hcl::parse(text) };
        match (parsed, gathered.as_deref_mut()) {
            (Ok(blocks), _) => all.extend(blocks.into_iter().map(|block| (at, block))),
            (Err((line, message)), Some(gathered)) => {
                let fix = "Correct the file at this line; `terraform validate` says more.";
                file.say(("hcl-unparsable", Severity::Error, line), message, fix, gathered);
            }
            (Err(_), None) => {}
        }
    }
    Module { blocks: Rc::new(all), call: None, each: None, left: Cell::new(0) }
}

/// The calls of modules of the repository, by the folder that they call.
fn calls(
    repository: &Repository<'_>,
    modules: &BTreeMap<&str, Module>,
) -> BTreeMap<String, Vec<Rc<ModuleCall>>> {
    let mut calls: BTreeMap<String, Vec<Rc<ModuleCall>>> = BTreeMap::new();
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
            let known = calls.entry(target.to_string_lossy().into_owned()).or_default();
            for one in module.each_of(block).unwrap_or_else(|| vec![module.with(None)]) {
                let settled = |(name, value): (&str, &Expr)| (name.to_owned(), one.settled(value));
                known.push(Rc::new(ModuleCall {
                    name: format!("{name}{}", one.suffix()),
                    arguments: block.attributes().map(settled).collect(),
                    given: block.attributes().map(|(name, _)| name.to_owned()).collect(),
                }));
            }
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
    for (at, block) in module.blocks.iter() {
        let (Some((path, text)), Some((kind, name))) = (files.get(*at), block.resource()) else { continue };
        if !has_schedules(kind) {
            continue;
        }
        let file = File { repository, path, text, tasks: Cell::new(0) };
        let several = module.each_of(block).filter(|several| !several.is_empty());
        for one in several.unwrap_or_else(|| vec![module.with(None)]) {
            match kind {
                RULE | SCHEDULE if !file.more(block.line, gathered) => return,
                RULE => one.rule(&file, name, block, gathered),
                SCHEDULE => one.schedule(&file, name, block, gathered),
                _ => one.other(&file, (kind, name), block, gathered),
            }
        }
    }
}

impl Module {
    /// What Terraform calls a resource of it.
    fn address(&self, kind: &str, name: &str) -> String {
        let call = self.call.as_ref().map(|call| format!("module.{}.", call.name));
        format!("{}{kind}.{name}{}", call.unwrap_or_default(), self.suffix())
    }

    /// The same folder, with one of several looked at.
    fn with(&self, each: Option<Instance>) -> Self {
        Self { blocks: Rc::clone(&self.blocks), call: self.call.clone(), each, left: Cell::new(0) }
    }

    /// The same folder once for each that a block stands for, where these are known.
    fn each_of(&self, block: &Block) -> Option<Vec<Self>> {
        Some(self.instances(block)?.into_iter().map(|one| self.with(Some(one))).collect())
    }

    fn suffix(&self) -> &str {
        self.each.as_ref().map_or("", |each| &each.suffix)
    }

    fn rule(&self, file: &File<'_>, name: &str, block: &Block, gathered: &mut Gathered) {
        if block.get("schedule_expression").is_none() {
            return;
        }
        let mut found = Found::new(Kind::Aws, self.address(RULE, name), block.line);
        let off = [("is_enabled", "false"), ("state", "DISABLED")];
        self.disabled(file, block, &off, &mut found, gathered);
        self.expression(file, block, (None, Service::Rule), &mut found, gathered);
        if !self.is_target_of(name) {
            let message =
                "no aws_cloudwatch_event_target of this folder names the rule: it fires and starts nothing";
            found.fall_short(Standing::Loadable, message);
            let fix = format!("Add a target with `rule = {RULE}.{name}.name`.");
            file.say(("aws-no-target", Severity::Error, block.line), message, fix, gathered);
        }
        self.many(file, block, &mut found, gathered);
        file.add(found, gathered);
    }

    fn schedule(&self, file: &File<'_>, name: &str, block: &Block, gathered: &mut Gathered) {
        let mut found = Found::new(Kind::Aws, self.address(SCHEDULE, name), block.line);
        self.disabled(file, block, &[("state", "DISABLED")], &mut found, gathered);
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
        self.many(file, block, &mut found, gathered);
        file.add(found, gathered);
    }

    /// Whether a target names the rule, by its resource or by its own name.
    fn is_target_of(&self, rule: &str) -> bool {
        let reference = format!("{RULE}.{rule}");
        let is_reference = |path: &str| {
            path.strip_prefix(&reference).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                || !path.starts_with("aws_")
        };
        self.blocks.iter().filter(|(_, block)| block.resource().is_some_and(|(kind, _)| kind == TARGET)).any(
            |(_, block)| match block.get("rule").map(|(_, value)| value) {
                Some(Expr::Path(path)) => is_reference(path),
                // A loop over rules, or a text: which one it names only Terraform tells.
                Some(Expr::Text(_) | Expr::List(_) | Expr::Map(_) | Expr::Call(..) | Expr::Other) => true,
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

    fn disabled(
        &self,
        file: &File<'_>,
        block: &Block,
        off: &[(&str, &str)],
        found: &mut Found,
        gathered: &mut Gathered,
    ) {
        for (name, off) in off {
            let Some((line, value)) = block.get(name) else { continue };
            let message = match self.known(value) {
                Ok((text, from)) if text == *off => from.map_or_else(
                    || "it is disabled".to_owned(),
                    |name| format!("it is disabled by the default of `{}`", quote(&name)),
                ),
                Ok(_) => continue,
                Err(what) => {
                    found.trigger("conditional");
                    let message = format!("whether it is enabled is computed: {what}");
                    let fix = "Nothing, if that is meant.";
                    file.say(("aws-conditional", Severity::Note, line), message, fix, gathered);
                    continue;
                }
            };
            found.fall_short(Standing::Loadable, &message);
            file.say(
                ("aws-disabled", Severity::Warning, line),
                message,
                "Enable it, or delete it.",
                gathered,
            );
        }
    }

    /// `count` and `for_each` make several of one, or none.
    fn many(&self, file: &File<'_>, block: &Block, found: &mut Found, gathered: &mut Gathered) {
        let several = ["count", "for_each"].into_iter().find_map(|name| Some((name, block.get(name)?.0)));
        let Some((name, line)) = several.filter(|_| self.each.is_none()) else { return };
        if self.instances(block).is_some() {
            let message = format!("`{name}` comes to none of it here");
            found.fall_short(Standing::Loadable, &message);
            let fix = "Nothing, if that is meant.";
            return file.say(("aws-conditional", Severity::Note, line), message, fix, gathered);
        }
        found.trigger("conditional");
        let message =
            format!("how many of it there are follows from `{name}`, which only Terraform computes");
        let fix = "Nothing, if there is at least one.";
        file.say(("aws-conditional", Severity::Note, line), message, fix, gathered);
    }
}
