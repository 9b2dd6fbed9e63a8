//! Scripts of the root's `package.json`, added and taken out by span: everything else stays byte for byte.

use crate::edit::{Edits, indent, line_start};
use crate::json::{self, Member};

/// The scripts that are added.
pub(crate) const SCRIPTS: [(&str, &str); 7] = [
    ("redundancy:start", "standin up --detach"),
    ("redundancy:stop", "standin down"),
    ("redundancy:status", "standin status"),
    ("redundancy:health", "standin health"),
    ("redundancy:report", "standin report"),
    ("redundancy:recover", "standin recover"),
    ("redundancy:monitor", "standin logs --follow"),
];

/// What came of adding the scripts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Added {
    /// The file with them.
    pub(crate) text: String,
    /// Scripts of these names say something else, and stay.
    pub(crate) kept: Vec<&'static str>,
}

/// What some editors begin a file with, and npm passes over.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The file with the scripts; `None` when it is no object that can be edited.
pub(crate) fn add(text: &str) -> Option<Added> {
    if let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) {
        let added = add(rest)?;
        return Some(Added { text: format!("{BYTE_ORDER_MARK}{}", added.text), ..added });
    }
    let root = json::object(text, 0)?;
    let scripts = root.iter().find(|member| member.key == "scripts");
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let by = unit(text, &root);
    let mut edits = Edits::default();
    let mut kept = Vec::new();
    match scripts {
        None => {
            let last = root.last()?;
            let lines = written(&SCRIPTS, &by, 2, newline);
            edits.insert(
                last.value.end,
                format!(",{newline}{by}\"scripts\": {{{newline}{lines}{newline}{by}}}"),
            );
        }
        Some(scripts) => {
            let members = json::object(text, scripts.value.start)?;
            let mut missing = Vec::new();
            for (name, command) in SCRIPTS {
                match members.iter().find(|member| member.key == name) {
                    None => missing.push((name, command)),
                    Some(member) if !is_ours(text, member, command) => kept.push(name),
                    Some(_) => {}
                }
            }
            let lines = written(&missing, &by, 2, newline);
            match members.last() {
                _ if missing.is_empty() => {}
                Some(last) => edits.insert(last.value.end, format!(",{newline}{lines}")),
                None => edits.replace(scripts.value.clone(), format!("{{{newline}{lines}{newline}{by}}}")),
            }
        }
    }
    Some(Added { text: edits.apply(text)?, kept })
}

/// The file without the scripts that say what ours say; the same text when there is none.
pub(crate) fn remove(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) {
        return Some(format!("{BYTE_ORDER_MARK}{}", remove(rest)?));
    }
    let root = json::object(text, 0)?;
    let Some(at) = root.iter().position(|member| member.key == "scripts") else {
        return Some(text.to_owned());
    };
    let scripts = root.get(at)?;
    let members = json::object(text, scripts.value.start)?;
    let ours = |member: &Member| {
        SCRIPTS.iter().any(|(name, command)| member.key == *name && is_ours(text, member, command))
    };
    let mut edits = Edits::default();
    let left: Vec<&Member> = members.iter().filter(|member| !ours(member)).collect();
    if left.len() == members.len() {
        return Some(text.to_owned());
    }
    if left.is_empty() {
        // A map that only held ours was added with them, behind everything else.
        match at.checked_sub(1).and_then(|before| root.get(before)) {
            Some(before) if at.saturating_add(1) == root.len() => {
                edits.replace(before.value.end..scripts.value.end, "")
            }
            Some(_) | None => edits.replace(scripts.value.clone(), "{}"),
        }
        return edits.apply(text);
    }
    let mut before_end: Option<usize> = None;
    for (at, member) in members.iter().enumerate() {
        if !ours(member) {
            before_end = Some(member.value.end);
            continue;
        }
        let range = match (before_end, members.get(at.saturating_add(1))) {
            // From the end of the one that stays before it, comma and all.
            (Some(_), _) => {
                let previous = members.get(at.checked_sub(1)?)?;
                previous.value.end..member.value.end
            }
            (None, Some(next)) => member.at.start..next.at.start,
            (None, None) => member.at.clone(),
        };
        edits.replace(range, "");
    }
    edits.apply(text)
}

fn is_ours(text: &str, member: &Member, command: &str) -> bool {
    let raw = text.get(member.value.clone()).unwrap_or_default();
    serde_json::from_str::<String>(raw).is_ok_and(|said| said == command)
}

/// What one level is indented by.
fn unit(text: &str, root: &[Member]) -> String {
    let first = root.first().map_or(0, |member| member.at.start);
    let before = text.get(line_start(text, first)..first).unwrap_or_default();
    let own = indent(text, first).or_else(|| Some(before).filter(|before| before.trim().is_empty()));
    own.filter(|own| !own.is_empty()).unwrap_or("  ").to_owned()
}

fn written(scripts: &[(&str, &str)], unit: &str, levels: usize, newline: &str) -> String {
    let by = unit.repeat(levels);
    let lines: Vec<String> =
        scripts.iter().map(|(name, command)| format!("{by}\"{name}\": \"{command}\"")).collect();
    lines.join(&format!(",{newline}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_added_can_be_taken_out_without_a_trace() {
        for text in [
            "{\n  \"name\": \"x\",\n  \"scripts\": {\n    \"a\": \"b\"\n  },\n  \"z\": [1, {\"q\": 2}]\n}\n",
            "{\n\t\"name\": \"x\"\n}",
            "{\r\n    \"scripts\": {},\r\n    \"z\": 1\r\n}\r\n",
            "{\"scripts\":{\"a\":\"b\",\"redundancy:stop\":\"mine\",\"c\":\"d\"}}",
            "\u{feff}{\r\n\t\"scripts\": {\r\n\t\t\"a\": \"b\"\r\n\t}\r\n}",
            "{\n    \"scripts\": {\n        \"a\": \"b\"\n    }\n}\n",
        ] {
            let added = add(text).unwrap();
            let value: serde_json::Value =
                serde_json::from_str(added.text.trim_start_matches(BYTE_ORDER_MARK)).unwrap();
            assert_eq!(value["scripts"]["redundancy:start"], "standin up --detach", "{}", added.text);
            assert_eq!(add(&added.text).unwrap().text, added.text, "twice changes nothing");
            assert_eq!(remove(&added.text).unwrap(), text);
            assert_eq!(remove(text).unwrap(), text);
        }
    }

    #[test]
    fn a_script_of_somebody_else_stays() {
        let added = add("{\"name\":\"x\",\"scripts\":{\"redundancy:stop\":\"mine\"}}").unwrap();
        assert_eq!(added.kept, ["redundancy:stop"]);
        assert!(added.text.contains("\"redundancy:stop\":\"mine\""));
        assert_eq!(add("[]"), None);
        assert_eq!(add("{\"a\": }"), None);
    }
}
