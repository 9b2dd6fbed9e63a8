//! SAM and CloudFormation templates.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::intrinsic::{Known, Tags, known};
use super::{Service, computed, handler, plain, schedule};
use crate::contents::{File, Found};
use crate::findings::Gathered;
use crate::lines::quote;
use crate::value::{Data, Key, Value};

/// Adds the schedules of a template's resources.
pub(super) fn read(file: &File<'_>, root: &Value, gathered: &mut Gathered) {
    let Some(resources) = root.get("Resources") else { return };
    let template = Template { file, root, resources, tags: Tags::of(file.text) };
    for entry in resources.entries() {
        let Key::Named(name) = &entry.key else { continue };
        match plain(entry.value.get("Type")) {
            Some("AWS::Events::Rule" | "AWS::Scheduler::Schedule") if !file.more(entry.line, gathered) => {
                return;
            }
            Some("AWS::Serverless::Function") => template.events(name, &entry.value, gathered),
            Some("AWS::Serverless::StateMachine") => template.events(name, &entry.value, gathered),
            Some("AWS::Events::Rule") => template.rule((name, entry.line), &entry.value, gathered),
            Some("AWS::Scheduler::Schedule") => template.schedule((name, entry.line), &entry.value, gathered),
            Some(_) | None => {}
        }
    }
    template.needs_transform(gathered);
}

struct Template<'a> {
    file: &'a File<'a>,
    root: &'a Value<'a>,
    resources: &'a Value<'a>,
    tags: Tags,
}

impl Template<'_> {
    /// SAM's own resources mean nothing to CloudFormation unless the template says that it is SAM's.
    fn needs_transform(&self, gathered: &mut Gathered) {
        let is_sam = |value: &Value| {
            plain(value.get("Type")).is_some_and(|kind| kind.starts_with("AWS::Serverless::"))
        };
        let first = self.resources.entries().iter().find(|entry| is_sam(&entry.value));
        let names_it = |value: &Value| value.text().is_some_and(|text| text.starts_with("AWS::Serverless-"));
        let is_named = self
            .root
            .get("Transform")
            .is_some_and(|transform| names_it(transform) || transform.items().iter().any(names_it));
        if let (Some(first), false) = (first, is_named) {
            let message = "CloudFormation does not know this resource without SAM's transform";
            let fix = "Add `Transform: AWS::Serverless-2016-10-31`.";
            self.file.say(("aws-no-transform", Severity::Error, first.line), message, fix, gathered);
        }
    }

    /// `Events` of a function or state machine.
    fn events(&self, name: &str, resource: &Value, gathered: &mut Gathered) {
        let Some(properties) = resource.get("Properties") else { return };
        for entry in properties.get("Events").map(Value::entries).unwrap_or_default() {
            let (Key::Named(event), kind) = (&entry.key, plain(entry.value.get("Type"))) else { continue };
            let (service, field) = match kind {
                Some("Schedule") => (Service::Rule, "Schedule"),
                Some("ScheduleV2") => (Service::Scheduler, "ScheduleExpression"),
                Some(_) | None => continue,
            };
            if !self.file.more(entry.line, gathered) {
                return;
            }
            let mut found = Found::new(Kind::Aws, format!("{name}.{event}"), entry.line);
            let of_event = entry.value.get("Properties").unwrap_or(&entry.value);
            self.state(of_event, &mut found, gathered);
            self.conditional(resource, &mut found, gathered);
            self.expression(of_event, field, service, &mut found, gathered);
            self.handler(properties, &mut found, gathered);
            self.file.add(found, gathered);
        }
    }

    fn rule(&self, (name, line): (&str, u32), resource: &Value, gathered: &mut Gathered) {
        let Some(properties) = resource.get("Properties") else { return };
        if properties.get("ScheduleExpression").is_none() {
            return;
        }
        let mut found = Found::new(Kind::Aws, name, line);
        self.state(properties, &mut found, gathered);
        self.conditional(resource, &mut found, gathered);
        self.expression(properties, "ScheduleExpression", Service::Rule, &mut found, gathered);
        if let Some(bus) = properties.get("EventBusName")
            && bus.text() != Some("default")
        {
            let message = "a schedule is allowed on the default event bus only";
            found.fall_short(Standing::Declared, message);
            let fix = "Take EventBusName away.";
            self.file.say(("aws-event-bus", Severity::Error, bus.line), message, fix, gathered);
        }
        if properties.get("Targets").is_none_or(|targets| targets.data == Data::List(Vec::new())) {
            self.no_target(&mut found, gathered);
        } else if self.is_lambda(properties) && !self.has_permission() {
            let message = "nothing in this template lets events.amazonaws.com call the function";
            let fix = "Add an AWS::Lambda::Permission for the rule.";
            self.file.say(("aws-no-permission", Severity::Warning, found.line), message, fix, gathered);
        }
        self.file.add(found, gathered);
    }

    fn schedule(&self, (name, line): (&str, u32), resource: &Value, gathered: &mut Gathered) {
        let mut found = Found::new(Kind::Aws, name, line);
        let empty = Value::new(line, Data::Map(Vec::new()));
        let properties = resource.get("Properties").unwrap_or(&empty);
        self.state(properties, &mut found, gathered);
        self.conditional(resource, &mut found, gathered);
        self.expression(properties, "ScheduleExpression", Service::Scheduler, &mut found, gathered);
        if properties.get("Target").is_none() {
            self.no_target(&mut found, gathered);
        }
        if properties.get("FlexibleTimeWindow").is_none() {
            let message = "CloudFormation refuses a schedule without FlexibleTimeWindow";
            found.fall_short(Standing::Declared, message);
            let fix = "Add `FlexibleTimeWindow: { Mode: \"OFF\" }`.";
            self.file.say(("aws-incomplete", Severity::Error, line), message, fix, gathered);
        }
        self.file.add(found, gathered);
    }

    fn no_target(&self, found: &mut Found, gathered: &mut Gathered) {
        let message = "it has no target: it fires and starts nothing";
        found.fall_short(Standing::Loadable, message);
        let fix = "Add the target that it is to start.";
        self.file.say(("aws-no-target", Severity::Error, found.line), message, fix, gathered);
    }

    fn state(&self, properties: &Value, found: &mut Found, gathered: &mut Gathered) {
        let (value, off) = match (properties.get("State"), properties.get("Enabled")) {
            (Some(state), _) => (state, "DISABLED"),
            (None, Some(enabled)) => (enabled, "false"),
            (None, None) => return,
        };
        let message = match known(&self.tags, self.root, value) {
            Known::Text(text) if is_word(&text, off) => "it is disabled".to_owned(),
            Known::ByDefault(text, parameter) if is_word(&text, off) => {
                format!("it is disabled by the default of the parameter `{}`", quote(&parameter))
            }
            Known::Text(_) | Known::ByDefault(..) | Known::Nowhere(_) => return,
            Known::Computed(what) => {
                found.trigger("conditional");
                let message = format!("whether it is enabled is computed: {what}");
                let fix = "Nothing, if that is meant.";
                return self.file.say(
                    ("aws-conditional", Severity::Note, value.line),
                    message,
                    fix,
                    gathered,
                );
            }
        };
        found.fall_short(Standing::Loadable, &message);
        let fix = "Enable it, or delete it.";
        self.file.say(("aws-disabled", Severity::Warning, value.line), message, fix, gathered);
    }

    fn conditional(&self, resource: &Value, found: &mut Found, gathered: &mut Gathered) {
        if let Some(condition) = resource.get("Condition") {
            let name = condition.text().unwrap_or_default();
            if self.root.get("Conditions").and_then(|all| all.get(name)).is_none() {
                let message = format!("there is no condition `{}` in this template", quote(name));
                found.fall_short(Standing::Declared, &message);
                let fix = "Add it to `Conditions`, or take it away here.";
                let mark = ("aws-condition-unknown", Severity::Error, condition.line);
                return self.file.say(mark, message, fix, gathered);
            }
            let message = format!(
                "it is there only where the condition `{}` holds",
                quote(condition.text().unwrap_or("of the template"))
            );
            let fix = "Nothing, if that is meant.";
            self.file.say(("aws-conditional", Severity::Note, condition.line), &message, fix, gathered);
            found.trigger("conditional");
        }
    }

    fn expression(
        &self,
        properties: &Value,
        field: &str,
        service: Service,
        found: &mut Found,
        gathered: &mut Gathered,
    ) {
        let Some(value) = properties.get(field) else {
            let message = format!("it has no `{field}`");
            found.fall_short(Standing::Declared, &message);
            let fix = "Write `cron(0 3 * * ? *)` or `rate(1 hour)`.";
            return self.file.say(("aws-incomplete", Severity::Error, found.line), message, fix, gathered);
        };
        let zone = properties.get("ScheduleExpressionTimezone");
        let zone = match zone.map(|zone| known(&self.tags, self.root, zone)) {
            None => "UTC".to_owned(),
            Some(Known::Text(zone) | Known::ByDefault(zone, _)) => zone,
            Some(Known::Computed(what)) => {
                return computed(self.file, found, value.line, &format!("its zone is {what}"), gathered);
            }
            Some(Known::Nowhere(name)) => return self.nowhere(found, value.line, &name, gathered),
        };
        match known(&self.tags, self.root, value) {
            Known::Text(text) => schedule(self.file, found, (&text, &zone, value.line), service, gathered),
            Known::ByDefault(text, parameter) => {
                let message = format!("its schedule is the default of the parameter `{}`", quote(&parameter));
                let fix = "Nothing, if it is deployed with the default.";
                self.file.say(("aws-by-default", Severity::Note, value.line), message, fix, gathered);
                schedule(self.file, found, (&text, &zone, value.line), service, gathered);
            }
            Known::Computed(what) => computed(self.file, found, value.line, &what, gathered),
            Known::Nowhere(name) => self.nowhere(found, value.line, &name, gathered),
        }
    }

    fn nowhere(&self, found: &mut Found, line: u32, name: &str, gathered: &mut Gathered) {
        found.trigger("schedule");
        let message = format!("there is no parameter `{}` in this template", quote(name));
        found.fall_short(Standing::Declared, &message);
        let fix = "Add it to `Parameters`, with a default.";
        self.file.say(("aws-parameter-unknown", Severity::Error, line), message, fix, gathered);
    }

    fn handler(&self, properties: &Value, found: &mut Found, gathered: &mut Gathered) {
        let globals = self.root.get("Globals").and_then(|globals| globals.get("Function"));
        let of = |name: &str| properties.get(name).or_else(|| globals.and_then(|globals| globals.get(name)));
        let (Some(code), Some(written)) = (of("CodeUri"), of("Handler")) else { return };
        let is_built = self.root.get("Metadata").is_some() || properties.get("InlineCode").is_some();
        if let (Known::Text(folder), Known::Text(name), false) =
            (known(&self.tags, self.root, code), known(&self.tags, self.root, written), is_built)
        {
            handler(self.file, found, (&folder, &name, written.line), gathered);
        }
    }

    /// Whether a rule starts a function of this template.
    fn is_lambda(&self, properties: &Value) -> bool {
        let names: Vec<&str> = self
            .resources
            .entries()
            .iter()
            .filter(|entry| {
                matches!(
                    plain(entry.value.get("Type")),
                    Some("AWS::Lambda::Function" | "AWS::Serverless::Function")
                )
            })
            .filter_map(|entry| if let Key::Named(name) = &entry.key { Some(&**name) } else { None })
            .collect();
        let targets = properties.get("Targets").map(Value::items).unwrap_or_default();
        targets.iter().filter_map(|target| target.get("Arn")).any(|arn| {
            let text = arn.text().or_else(|| {
                let attribute = arn.get("Fn::GetAtt")?;
                attribute.text().or_else(|| attribute.items().first().and_then(Value::text))
            });
            text.and_then(|text| text.split('.').next()).is_some_and(|name| names.contains(&name))
        })
    }

    fn has_permission(&self) -> bool {
        self.resources
            .entries()
            .iter()
            .any(|entry| plain(entry.value.get("Type")) == Some("AWS::Lambda::Permission"))
    }
}

/// Whether a text is this word; `false` may be written in any case.
fn is_word(text: &str, word: &str) -> bool {
    if word == "false" { text.eq_ignore_ascii_case(word) } else { text == word }
}
