//! Tells the usual reasons apart for which a text is not YAML.

use super::Fault;

/// What to say about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advice {
    pub(crate) rule: &'static str,
    /// Where the mistake is: a quote that is open is noticed far below it.
    pub(crate) line: u32,
    pub(crate) fix: &'static str,
}

/// The most likely reason of a fault.
pub(crate) fn advice(text: &str, fault: &Fault) -> Advice {
    let plain = Advice { rule: fault.rule, line: fault.line, fix: "Correct the YAML at this line." };
    if fault.rule != "yaml-unparsable" {
        return Advice { fix: "Make the file smaller, or split it.", ..plain };
    }
    let here = usize::try_from(fault.line).unwrap_or(usize::MAX);
    // What is wrong is on the line of the fault, or on one before it that the parser took in.
    let near = || (1_u32..).zip(text.lines()).take(here).skip(here.saturating_sub(2));
    let told = |(line, text): (u32, &str)| reason(text).map(|(rule, fix)| Advice { rule, line, fix });
    let exact = near().filter_map(told).last();
    exact.or_else(|| open_quote(text, here)).unwrap_or_else(|| match indentation(text, here) {
        true => Advice {
            rule: "yaml-bad-indentation",
            line: fault.line,
            fix: "Indent this line like the ones that belong with it.",
        },
        false => plain,
    })
}

/// What is wrong with a line that can be seen from the line alone.
fn reason(line: &str) -> Option<(&'static str, &'static str)> {
    let body = line.trim_start_matches(' ');
    if body.starts_with('\t') {
        return Some(("yaml-tab", "Indent with spaces: YAML takes no tabs."));
    }
    let value = value(body)?;
    let without_comment = value.split(" #").next().unwrap_or(value).trim_end();
    if value.starts_with('*') && value.contains(' ') {
        return Some(("yaml-unquoted-star", "Put the value in quotes: a star begins an alias."));
    }
    if value.starts_with(['@', '`', '%']) {
        return Some(("yaml-unquoted-sign", "Put the value in quotes: no plain text begins with this sign."));
    }
    let is_plain = !value.starts_with(['"', '\'', '[', '{', '|', '>', '&', '!', '#']);
    if is_plain && (without_comment.contains(": ") || without_comment.ends_with(':')) {
        return Some(("yaml-unquoted-colon", "Put the value in quotes: it holds a colon."));
    }
    None
}

/// What stands behind the first key, or behind the dash.
fn value(body: &str) -> Option<&str> {
    let body = body.strip_prefix("- ").map_or(body, str::trim_start);
    let keyed = body.split_once(": ").filter(|(key, _)| !key.contains(['"', '\'', '#', ' ']));
    let value = keyed.map_or(body, |(_, value)| value).trim_start();
    (!value.is_empty() && (keyed.is_some() || value.starts_with(['*', '@', '`', '%']))).then_some(value)
}

/// The last line up to here on which a quote is opened and not closed.
fn open_quote(text: &str, here: usize) -> Option<Advice> {
    let is_open = |line: &str| {
        let Some(value) = quoted_value(line) else { return false };
        let mark = if value.starts_with('"') { '"' } else { '\'' };
        let escaped = if mark == '"' { "\\\"" } else { "''" };
        let inner = value.get(1..).unwrap_or_default().replace(escaped, "");
        !inner.contains(mark)
    };
    let mut opened: Vec<(u32, &str)> = Vec::new();
    opened.extend((1_u32..).zip(text.lines()).take(here).filter(|(_, line)| is_open(line)));
    // A second quote closes the first one, and what comes after it is what cannot be read.
    let is_closing = opened.last().is_some_and(|(line, _)| usize::try_from(*line) == Ok(here));
    let opened = opened.iter().rev().nth(usize::from(is_closing && opened.len() > 1));
    let fix = "Close the quote at the end of this line's value.";
    opened.map(|(line, _)| Advice { rule: "yaml-open-quote", line: *line, fix })
}

/// The value of a line, if it begins with a quote.
fn quoted_value(line: &str) -> Option<&str> {
    let body = line.trim_start();
    let body = body.strip_prefix("- ").map_or(body, str::trim_start);
    let value = body.split_once(": ").map_or(body, |(_, value)| value).trim_start();
    value.starts_with(['"', '\'']).then_some(value)
}

/// Whether the line stands deeper than the one before it without a reason, or at a depth that no line before it has.
fn indentation(text: &str, here: usize) -> bool {
    let depth = |line: &str| line.len().saturating_sub(line.trim_start_matches(' ').len());
    let mut before: Vec<&str> = text
        .lines()
        .take(here)
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .collect();
    let (Some(line), Some(previous)) = (before.pop(), before.last()) else { return false };
    let is_deeper =
        depth(line) > depth(previous) && !previous.trim_end().ends_with([':', '|', '>', '-', '[', '{', ',']);
    let is_between = depth(line) < depth(previous) && !before.iter().any(|other| depth(other) == depth(line));
    is_deeper || is_between
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    fn told(text: &str) -> (&'static str, u32) {
        let fault = parse(text).unwrap_err();
        let advice = super::advice(text, &fault);
        (advice.rule, advice.line)
    }

    #[test]
    fn the_usual_mistakes_are_told_apart() {
        let cases = [
            ("a: b\nc: d: e\n", ("yaml-unquoted-colon", 2)),
            ("name: Build: all\non: push\n", ("yaml-unquoted-colon", 1)),
            ("on:\n  schedule:\n    - cron: */5 * * * *\n", ("yaml-unquoted-star", 3)),
            ("a:\n  - cron: * * * * *\n", ("yaml-unquoted-star", 2)),
            ("a: 1\nb:\n\tc: 2\n", ("yaml-tab", 3)),
            ("a: 1\nuser: @me\n", ("yaml-unquoted-sign", 2)),
            ("a: \"open\nb: 1\nc: 2\n", ("yaml-open-quote", 1)),
            ("a: 'it''s open\nb: 1\nc: d\n", ("yaml-open-quote", 1)),
            ("a:\n  b: \"open\n  c: \"too\nd: 1\n", ("yaml-open-quote", 2)),
            ("a: 1\n  b: 2\n", ("yaml-bad-indentation", 2)),
            ("a:\n    b: 1\n  c: 2\n", ("yaml-bad-indentation", 3)),
            ("a: 1\nb: }\n", ("yaml-unparsable", 2)),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
