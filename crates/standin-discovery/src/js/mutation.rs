//! Says whether a constant list or object is changed after it was set, so that its literal is not the whole truth.

/// Methods that change what they are called on.
const CHANGING: [&str; 8] = ["push", "unshift", "pop", "shift", "splice", "sort", "reverse", "fill"];

/// Whether the text assigns to a member of `name`, calls a changing method on it, or hands it to `Object.assign`.
/// It looks at the text alone: a comment that does so counts too, which errs on the honest side.
pub(crate) fn is_changed(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or("");
        let after = text.get(at.saturating_add(name.len())..).unwrap_or("");
        let is_word = !before.ends_with(is_name) && !before.ends_with('.') && !after.starts_with(is_name);
        is_word && (before.trim_end().ends_with("Object.assign(") || is_target(after))
    })
}

/// Whether the members that follow a name end in an assignment or in a changing call.
fn is_target(mut rest: &str) -> bool {
    let mut last = None;
    for _ in 0..crate::limits::MAX_NESTING {
        let trimmed = rest.trim_start();
        if let Some(member) = trimmed.strip_prefix("?.").or_else(|| trimmed.strip_prefix('.')) {
            let member = member.trim_start();
            let end = member.find(|c| !is_name(c)).unwrap_or(member.len());
            last = member.get(..end);
            rest = member.get(end..).unwrap_or("");
        } else if let Some(index) = trimmed.strip_prefix('[') {
            let Some((_, behind)) = index.split_once(']') else { return false };
            last = Some("");
            rest = behind;
        } else {
            break;
        }
    }
    let rest = rest.trim_start();
    let assigns = rest.strip_prefix('=').is_some_and(|next| !next.starts_with(['=', '>']));
    let calls = rest.starts_with('(');
    last.is_some_and(|member| assigns || (calls && CHANGING.contains(&member)))
}

/// Whether a name is given a value in more than one place.
pub(crate) fn is_set_again(text: &str, name: &str) -> bool {
    let sets = text.match_indices(name).filter(|(at, _)| {
        let before = text.get(..*at).unwrap_or("");
        let after = text.get(at.saturating_add(name.len())..).unwrap_or("");
        let is_word = !before.ends_with(is_name) && !before.ends_with('.') && !after.starts_with(is_name);
        let after = after.trim_start();
        let assigns = after.strip_prefix('=').is_some_and(|next| !next.starts_with(['=', '>']));
        let changes =
            ["+=", "-=", "*=", "||=", "??=", "&&=", "++", "--"].iter().any(|sign| after.starts_with(sign));
        is_word && (assigns || changes || before.ends_with("++") || before.ends_with("--"))
    });
    sets.count() > 1
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::{is_changed, is_set_again};

    #[test]
    fn a_name_is_set_once_or_again() {
        for text in ["let a = 1; a = 2", "var a = 1; a += 1", "let a = 1; if (x) a++", "let a=1;a ||= 2"] {
            assert!(is_set_again(text, "a"), "{text}");
        }
        for text in
            ["let a = 1; b(a)", "var a = 1; a == 2", "let a = { a: 1 }", "let a = 1; x.a = 2", "let a; a = 1"]
        {
            assert!(!is_set_again(text, "a"), "{text}");
        }
    }

    #[test]
    fn changes_are_seen_and_reads_are_not() {
        for text in [
            "apps.push(x)",
            "apps[0].name = 1",
            "apps . a.b= 2",
            "Object.assign(apps, y)",
            "apps[i]\n.sort()",
        ] {
            assert!(is_changed(text, "apps"), "{text}");
        }
        for text in [
            "apps",
            "apps.map(x)",
            "apps.a == 1",
            "(apps.a)=>1",
            "myapps.push(1)",
            "x.apps.push(1)",
            "apps = 1",
        ] {
            assert!(!is_changed(text, "apps"), "{text}");
        }
    }
}
