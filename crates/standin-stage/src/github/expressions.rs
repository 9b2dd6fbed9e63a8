//! The expressions of `run-name`: paths into the contexts, texts in quotes, and `||` between them.

use serde_json::Value;

/// Replaces each `${{ … }}`. What is not known is empty, as on GitHub.
pub(crate) fn render(text: &str, context: &Value) -> String {
    let mut rendered = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        rendered.push_str(before);
        let Some((expression, after)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        rendered.push_str(&evaluate(expression, context));
        rest = after;
    }
    rendered + rest
}

fn evaluate(expression: &str, context: &Value) -> String {
    let one = |part: &str| {
        let part = part.trim();
        if let Some(quoted) = part.strip_prefix('\'').and_then(|part| part.strip_suffix('\'')) {
            return quoted.replace("''", "'");
        }
        let found = part.split('.').try_fold(context, |at, name| at.get(name));
        match found {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    };
    expression.split("||").map(one).find(|value| !value.is_empty() && value != "false").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::render;

    #[test]
    fn inputs_are_rendered() {
        let context =
            json!({ "inputs": { "key": "k1" }, "github": { "event": { "inputs": { "key": "k1" } } } });
        assert_eq!(render("backup ${{ inputs.key }} now", &context), "backup k1 now");
        assert_eq!(render("${{ github.event.inputs.key }}", &context), "k1");
        assert_eq!(render("${{ inputs.none || 'by hand' }}!", &context), "by hand!");
        assert_eq!(render("open ${{ x", &context), "open  x");
    }
}
