//! Says whether a constant list or object is changed after it was set, so that its literal is not the whole truth.

/// Methods that change what they are called on.
const CHANGING: [&str; 8] = ["push", "unshift", "pop", "shift", "splice", "sort", "reverse", "fill"];

/// A member is assigned to, or the whole is handed to `Object.assign`.
pub(super) const ASSIGNED: &str = "=";

/// Whether the text assigns to a member of `name`, calls a changing method on it, or hands it to `Object.assign`.
/// It looks at the text alone: a comment that does so counts too, which errs on the honest side.
pub(crate) fn is_changed(text: &str, name: &str) -> bool {
    places(text, name).any(|(before, after)| is_given_more(before) || target(after).is_some())
}

/// How the text changes `name`: methods, or [`ASSIGNED`].
pub(super) fn changes(text: &str, name: &str) -> Vec<&'static str> {
    let each = |(before, after): (&str, &str)| {
        if is_given_more(before) { Some(ASSIGNED) } else { target(after).map(|(how, _)| how) }
    };
    places(text, name).filter_map(each).collect()
}

/// The first member of `name` that the text assigns to.
pub(super) fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    places(text, name).find_map(|(_, after)| target(after)?.1.filter(|member| !member.is_empty()))
}

/// Whether the text has `name` as a word.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    places(text, name).next().is_some()
}

/// What stands before and behind each place of a name.
fn places<'t>(text: &'t str, name: &str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.match_indices(name).filter_map(move |(at, found)| {
        let before = text.get(..at).unwrap_or("");
        let after = text.get(at.saturating_add(found.len())..).unwrap_or("");
        let is_member = before.ends_with('.') && !before.ends_with("...");
        let is_word = !before.ends_with(is_name) && !is_member && !after.starts_with(is_name);
        is_word.then_some((before, after))
    })
}

fn is_given_more(before: &str) -> bool {
    before.trim_end().ends_with("Object.assign(")
}

/// How the members that follow a name end, if in an assignment or in a changing call; and the first of them.
fn target(mut rest: &str) -> Option<(&'static str, Option<&str>)> {
    let (mut first, mut last) = (None, None);
    for _ in 0..crate::limits::MAX_NESTING {
        let trimmed = rest.trim_start();
        if let Some(member) = trimmed.strip_prefix("?.").or_else(|| trimmed.strip_prefix('.')) {
            let member = member.trim_start();
            let end = member.find(|c| !is_name(c)).unwrap_or(member.len());
            last = member.get(..end);
            rest = member.get(end..).unwrap_or("");
        } else if let Some(index) = trimmed.strip_prefix('[') {
            let (_, behind) = index.split_once(']')?;
            last = Some("");
            rest = behind;
        } else {
            break;
        }
        first = first.or(last);
    }
    let rest = rest.trim_start();
    let member = last?;
    if rest.strip_prefix('=').is_some_and(|next| !next.starts_with(['=', '>'])) {
        return Some((ASSIGNED, first));
    }
    let called = CHANGING.into_iter().find(|method| *method == member);
    called.filter(|_| rest.starts_with('(')).map(|method| (method, first))
}

/// Whether a name is given a value in more than one place.
pub(crate) fn is_set_again(text: &str, name: &str) -> bool {
    sets(text, name) > 1
}

/// In how many places a name is given a value.
pub(super) fn sets(text: &str, name: &str) -> usize {
    let sets = places(text, name).filter(|(before, after)| {
        let after = after.trim_start();
        let assigns = after.strip_prefix('=').is_some_and(|next| !next.starts_with(['=', '>']));
        let changes =
            ["+=", "-=", "*=", "||=", "??=", "&&=", "++", "--"].iter().any(|sign| after.starts_with(sign));
        assigns || changes || before.ends_with("++") || before.ends_with("--")
    });
    sets.count()
}

/// Whether the text gives a variable of the environment a value itself.
pub(crate) fn sets_variable(text: &str, name: &str) -> bool {
    let sets = text.match_indices("process.env").any(|(at, found)| {
        let rest = text.get(at.saturating_add(found.len())..).unwrap_or("");
        let dotted = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(name));
        let in_brackets = |quote: char| {
            rest.strip_prefix('[')?
                .strip_prefix(quote)?
                .strip_prefix(name)?
                .strip_prefix(quote)?
                .strip_prefix(']')
        };
        let Some(after) = dotted.or_else(|| in_brackets('\'')).or_else(|| in_brackets('"')) else {
            return false;
        };
        let after = after.trim_start();
        let assigns = after.strip_prefix('=').is_some_and(|next| !next.starts_with(['=', '>']));
        assigns || ["||=", "??=", "&&=", "+="].iter().any(|sign| after.starts_with(sign))
    });
    sets || text.contains("Object.assign(process.env")
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::{is_changed, is_set_again, sets_variable};

    #[test]
    fn a_variable_of_the_environment_is_set_or_read() {
        for text in ["process.env.A = 1", "process.env['A'] ||= 'x'", "Object.assign(process.env, { B: 1 })"]
        {
            assert!(sets_variable(text, "A"), "{text}");
        }
        for text in ["process.env.A == 1", "process.env.AB = 1", "x = process.env.A;", "(process.env.A) => 1"]
        {
            assert!(!sets_variable(text, "A"), "{text}");
        }
    }

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
