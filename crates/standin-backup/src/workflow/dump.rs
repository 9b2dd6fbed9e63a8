//! The whole context of GitHub as text, in which a step may look for the event: nothing of it is rewritten.

use crate::yaml::Node;

/// What such a step looks for.
const SOUGHT: [&str; 4] = ["event_name", ".schedule", "\"schedule\"", "'schedule'"];

/// Whether a text is made of the whole context, or of all that the event has brought.
fn is_whole(text: &str) -> bool {
    let bare: String = text.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    bare.contains("tojson(github)") || bare.contains("tojson(github.event)")
}

/// The variables of an `env` that hold it.
pub(super) fn variables(env: Option<&Node>) -> impl Iterator<Item = &str> {
    let entries = env.map(Node::entries).unwrap_or_default().iter();
    entries.filter(|entry| entry.value.text().is_some_and(is_whole)).filter_map(|entry| entry.key.text())
}

/// Whether a program looks for the event in the whole context, which it has in itself or in one of these variables. Who
/// only prints it does not.
pub(super) fn is_searched(program: &str, variables: &[&str]) -> bool {
    let has = is_whole(program) || variables.iter().any(|name| program.contains(name));
    // These are rewritten.
    let rest = program.replace("github.event_name", "").replace("github.event.schedule", "");
    has && SOUGHT.iter().any(|word| rest.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_searched_where_a_word_of_the_event_is_looked_for() {
        assert!(is_searched("echo '${{ toJSON(github) }}' | jq -r .event_name", &[]));
        assert!(is_searched("jq -r .schedule <<< '${{ toJson( github.event ) }}'", &[]));
        assert!(is_searched("jq .event_name <<< \"$CONTEXT\"", &["CONTEXT"]));
        for printed in [
            "echo '${{ toJSON(github) }}'",
            "jq .sha <<< \"$CONTEXT\"",
            "echo ${{ github.event_name }} $CONTEXT",
        ] {
            assert!(!is_searched(printed, &["CONTEXT"]), "{printed}");
        }
        assert!(!is_searched("jq .event_name <<< \"$OTHER\"", &["CONTEXT"]));
    }
}
