//! Several YAML documents in one file.

use crate::limits::MAX_DOCUMENTS;
use crate::value::{Data, Value};
use crate::yaml::{self, Fault};

/// The documents of a text, each with the lines of the whole. `---` at the start of a line begins one, whatever
/// it stands in: YAML itself says so.
pub(crate) fn documents(text: &str) -> Vec<Result<Value<'_>, Fault>> {
    let mut parts: Vec<(u32, &str)> = Vec::new();
    let (mut start, mut first_line, mut offset) = (0_usize, 0_u32, 0_usize);
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let is_mark = line.starts_with("---") && line.get(3..).is_none_or(|rest| rest.trim().is_empty());
        if is_mark && at > 0 {
            parts.push((first_line, text.get(start..offset).unwrap_or("")));
            start = offset;
            first_line = u32::try_from(at).unwrap_or(u32::MAX);
        }
        offset = offset.saturating_add(line.len());
    }
    parts.push((first_line, text.get(start..).unwrap_or("")));
    let parsed = parts.into_iter().take(MAX_DOCUMENTS).map(|(before, part)| match yaml::parse(part) {
        Ok(document) => Ok(moved(document.root, before)),
        Err(fault) => Err(Fault { line: fault.line.saturating_add(before), ..fault }),
    });
    parsed.collect()
}

/// The value with this many lines before it. Its nesting is bounded where it was built.
fn moved(mut value: Value, by: u32) -> Value {
    shift(&mut value, by);
    value
}

fn shift(value: &mut Value, by: u32) {
    value.line = value.line.saturating_add(by);
    match &mut value.data {
        Data::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Data::Map(entries) => {
            for entry in entries {
                entry.line = entry.line.saturating_add(by);
                shift(&mut entry.value, by);
            }
        }
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_keeps_the_lines_of_the_file() {
        let all = documents("---\na: 1\n---\n# c\nb: 2\n--- \nc: [\n");
        let lines: Vec<Result<u32, u32>> = all
            .iter()
            .map(|one| one.as_ref().map(|value| value.entries()[0].line).map_err(|fault| fault.line))
            .collect();
        assert_eq!(lines, [Ok(2), Ok(5), Err(7)]);
        assert_eq!(documents("").len(), 1);
    }
}
