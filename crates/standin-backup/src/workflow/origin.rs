//! What a primary knows of itself and of what started it: its name, its event, its inputs.

use super::{Refused, Source};
use crate::yaml::Node;

/// Events that anybody can send at any time, or that another workflow decides about.
const ORDERS: [&str; 3] = ["workflow_dispatch", "workflow_call", "repository_dispatch"];

impl Source<'_> {
    /// What `github.workflow` is in the primary: its name, or its path.
    pub(super) fn name(&self) -> &str {
        let named = self.root().get_text("name").filter(|name| !name.trim().is_empty());
        named.unwrap_or(self.primary.path)
    }

    /// What would have started the primary.
    pub(super) fn event(&self) -> &str {
        if self.primary.is_scheduled {
            return "schedule";
        }
        let events = self.events();
        let own = events.iter().find(|name| !ORDERS.contains(name)).or_else(|| events.first());
        own.copied().unwrap_or("workflow_dispatch")
    }

    fn events(&self) -> Vec<&str> {
        let Some(on) = self.root().get("on") else { return Vec::new() };
        let keys = on.entries().iter().filter_map(|entry| entry.key.text());
        on.text().into_iter().chain(on.items().iter().filter_map(Node::text)).chain(keys).collect()
    }

    /// Whether the primary has inputs when it runs by itself: only who dispatches it fills them in.
    pub(super) fn has_inputs(&self) -> bool {
        ORDERS.contains(&self.event())
    }

    /// Whether anything but `on` reads an input.
    pub(super) fn reads_input(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let mut reads = false;
        for entry in self.root().entries().iter().filter(|entry| entry.key.text() != Some("on")) {
            entry.value.scalars(&mut |node| {
                let raw = self.primary.text.get(node.span.clone()).unwrap_or_default().to_ascii_lowercase();
                let is_named = raw.match_indices("inputs.").any(|(at, word)| {
                    let rest = raw.get(at.saturating_add(word.len())..).unwrap_or_default();
                    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
                    rest.get(..end.unwrap_or(rest.len())) == Some(name.as_str())
                });
                // By a name in brackets, or all of them at once.
                reads = reads
                    || is_named
                    || raw.contains("inputs[")
                    || raw.contains("(inputs")
                    || raw.contains("inputs.*");
            });
        }
        reads
    }

    /// Inputs that have a value when the primary is dispatched, and none when it is on its schedule.
    pub(super) fn filled_by_dispatch(&self) -> Vec<&str> {
        let inputs = super::on::primary_inputs(self).map(Node::entries).unwrap_or_default();
        let filled = inputs.iter().filter(|entry| {
            let default = entry.value.get_text("default").unwrap_or_default();
            !matches!(default, "" | "false" | "0" | "null" | "~")
        });
        filled.filter_map(|entry| entry.key.text()).filter(|name| self.reads_input(name)).collect()
    }

    /// Nothing of the primary may stand for something else in its backup.
    pub(super) fn literal(&self, key: &str) -> Result<String, Refused> {
        let name = self.name();
        if name.contains(['{', '}']) || name.chars().any(char::is_control) {
            return Err(Refused::new(
                format!("`github.workflow` is used in `{key}`, and this name cannot be written there"),
                "Take the braces out of the workflow's name.",
            ));
        }
        Ok(format!("'{}'", name.replace('\'', "''")))
    }
}
