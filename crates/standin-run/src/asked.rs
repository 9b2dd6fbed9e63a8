//! What a workflow's text asks its surroundings for: secrets, variables, runners and actions.

use std::collections::BTreeSet;

use serde_json::Value;

/// What expressions name. Names are in upper case, as GitHub compares them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) secrets: BTreeSet<String>,
    pub(crate) variables: BTreeSet<String>,
    /// Secrets that only running it would tell: `toJSON(secrets)`, `secrets[…]`.
    pub(crate) all_secrets: bool,
}

impl Asked {
    /// Of a workflow: only what stands in an expression is asked for, and a comment never is.
    pub(crate) fn of(workflow: &Value) -> Self {
        let mut found = Self::default();
        expressions(workflow, "", &mut |expression| found.read(expression));
        found
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.secrets.extend(other.secrets);
        self.variables.extend(other.variables);
        self.all_secrets |= other.all_secrets;
    }

    fn read(&mut self, expression: &str) {
        let (secrets, whole) = named(expression, "secrets");
        self.secrets.extend(secrets);
        self.all_secrets |= whole;
        self.variables.extend(named(expression, "vars").0);
    }
}

/// Every expression: what stands between `${{` and `}}`, and a condition as a whole.
fn expressions(value: &Value, key: &str, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) if key == "if" && !text.contains("${{") => visit(text),
        Value::String(text) => {
            // A line of a script that is a comment does nothing with what it names.
            let lines = text.lines().filter(|line| key != "run" || !line.trim_start().starts_with('#'));
            let text = lines.collect::<Vec<_>>().join("\n");
            for part in text.split("${{").skip(1) {
                visit(part.split("}}").next().unwrap_or_default());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, key, visit)),
        Value::Object(map) => map.iter().for_each(|(key, value)| expressions(value, key, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names that an expression takes out of a context, and whether it takes others that cannot be told.
fn named(expression: &str, context: &str) -> (BTreeSet<String>, bool) {
    let (mut names, mut whole) = (BTreeSet::new(), false);
    let lower = expression.to_ascii_lowercase();
    for (at, _) in lower.match_indices(context) {
        let before = lower.get(..at).unwrap_or_default();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
        // An odd number of quotes: it stands in a text.
        if before.ends_with(is_word) || before.matches('\'').count() % 2 == 1 {
            continue;
        }
        let rest = lower.get(at + context.len()..).unwrap_or_default();
        if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            continue;
        }
        let rest = rest.trim_start();
        let name = match (rest.strip_prefix('.'), rest.strip_prefix('[')) {
            (Some(rest), _) => {
                let rest = rest.trim_start();
                rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next()
            }
            (None, Some(rest)) => {
                let rest = rest.trim_start().strip_prefix('\'');
                rest.and_then(|rest| rest.split_once('\'')).map(|(name, _)| name)
            }
            (None, None) => None,
        };
        match name.filter(|name| !name.is_empty()) {
            Some(name) => drop(names.insert(name.to_ascii_uppercase())),
            None => whole = true,
        }
    }
    (names, whole)
}

/// The labels that a matrix gives its jobs, where they are spelled out: of `${{ matrix.os }}` what stands below `os`.
/// What is computed stays as it is written.
pub(crate) fn runners(workflow: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for job in workflow.get("jobs").and_then(Value::as_object).into_iter().flat_map(|jobs| jobs.values()) {
        let asked = job.get("runs-on").map(|asked| asked.get("labels").unwrap_or(asked));
        for label in asked.into_iter().flat_map(texts) {
            let key = label
                .strip_prefix("${{")
                .and_then(|rest| rest.strip_suffix("}}"))
                .and_then(|inner| inner.trim().strip_prefix("matrix."))
                .filter(|key| {
                    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.')
                });
            let values = key.and_then(|key| of_matrix(job, key));
            match values {
                Some(values) => found.extend(values),
                None => drop(found.insert(label.to_owned())),
            }
        }
    }
    found
}

/// The values of a key, `None` where any of them is computed.
fn of_matrix(job: &Value, key: &str) -> Option<BTreeSet<String>> {
    let matrix = job.get("strategy")?.get("matrix")?.as_object()?;
    let at = |value: &Value| key.split('.').try_fold(value.clone(), |value, part| value.get(part).cloned());
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let mut values: Vec<Value> = Vec::new();
    for item in matrix.get(first).map(list).unwrap_or_default() {
        values.push(match rest {
            Some(rest) => rest.split('.').try_fold(item.clone(), |value, part| value.get(part).cloned())?,
            None => item.clone(),
        });
    }
    values.extend(matrix.get("include").map(list).unwrap_or_default().iter().filter_map(at));
    let is_computed = |value: Option<&Value>| value.is_some_and(|value| value.is_string());
    if is_computed(matrix.get(first)) || is_computed(matrix.get("include")) || values.is_empty() {
        return None;
    }
    let mut found = BTreeSet::new();
    for value in &values {
        found.extend(texts(value).map(str::to_owned));
    }
    (!found.is_empty() && found.iter().all(|text| !text.contains("${{"))).then_some(found)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text, or each of a list of them.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(list(value).iter().filter_map(Value::as_str))
}

/// What a composite action comes to: what its steps use, and whether it is a container itself.
pub(crate) fn of_action(action: &Value) -> (Vec<String>, bool) {
    let runs = action.get("runs");
    let is_container =
        runs.and_then(|runs| runs.get("using")?.as_str()).is_some_and(|using| using == "docker");
    let steps = runs.and_then(|runs| runs.get("steps")).map(list).unwrap_or_default();
    let uses = steps.iter().filter_map(|step| step.get("uses")?.as_str()).map(str::to_owned).collect();
    (uses, is_container)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::yaml;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn asked(text: &str) -> Asked {
        Asked::of(&yaml::value(text).unwrap())
    }

    #[test]
    fn what_expressions_name_is_asked_for() {
        let text = "x: ${{ secrets.API_key }}\ny: \"${{ secrets['OTHER'] || mysecrets.NO || Secrets . SPACED }}\"\nz: { secrets: inherit }\njobs: { a: { if: \"vars.ENABLED == 'secrets.NO'\", w: '${{ vars.A-B }}' } }";
        let found = asked(text);
        assert_eq!(found.secrets, set(&["API_KEY", "OTHER", "SPACED"]));
        assert_eq!(found.variables, set(&["ENABLED", "A-B"]));
        assert!(!found.all_secrets);
    }

    #[test]
    fn what_is_no_expression_is_not() {
        let text = "# ${{ secrets.A }}\na: b # ${{ secrets.B }}\nrun: |\n  gpg -d secrets.tar.gpg\n  # was ${{ secrets.C }}\n  cat vars.json\nname: secrets.D\nif: ${{ github.event.secrets.E }}\n";
        assert_eq!(asked(text), Asked::default());
    }

    #[test]
    fn secrets_that_only_running_tells_are_told_apart() {
        assert!(asked("a: ${{ toJSON(secrets) }}").all_secrets);
        let computed = asked("a: ${{ secrets[format('KEY_{0}', matrix.x)] }}");
        assert!(computed.all_secrets && computed.secrets.is_empty());
    }

    #[test]
    fn the_runners_of_a_matrix_are_read_where_they_are_spelled_out() {
        let of = |matrix: &str, label: &str| {
            let text = format!("jobs:\n  a:\n    strategy: {{ matrix: {matrix} }}\n    runs-on: {label}\n");
            runners(&yaml::value(&text).unwrap())
        };
        assert_eq!(
            of("{ os: [ubuntu-20.04, windows-latest] }", "'${{ matrix.os }}'"),
            set(&["ubuntu-20.04", "windows-latest"])
        );
        assert_eq!(of("{ os: [a], include: [{ os: b }, { n: 1 }] }", "'${{matrix.os}}'"), set(&["a", "b"]));
        assert_eq!(of("{ at: [{ os: a }, { os: b }] }", "['${{ matrix.at.os }}', x]"), set(&["a", "b", "x"]));
        for matrix in
            ["{ os: '${{ fromJSON(x) }}' }", "{ os: ['${{ x }}', a] }", "'${{ fromJSON(x) }}'", "{ n: [1] }"]
        {
            assert_eq!(of(matrix, "'${{ matrix.os }}'"), set(&["${{ matrix.os }}"]), "{matrix}");
        }
        assert_eq!(of("{}", "{ group: g, labels: [a, b] }"), set(&["a", "b"]));
    }
}
