//! A shell script in statements: lines, joined where a quote or a backslash keeps them together, and here-documents.

/// Longest text in quotes that goes over lines: beyond it, the quote is taken for one that is not meant as such.
const MAX_QUOTED_LINES: usize = 300;

/// Here-documents within here-documents that are read as scripts of their own.
const MAX_DEPTH: usize = 3;

/// A statement.
#[derive(Debug, Clone)]
pub(super) struct Statement<'t> {
    /// The line on which it begins.
    pub(super) line: u32,
    /// All of its lines, without its here-document.
    pub(super) text: &'t str,
    /// The lines of its here-document.
    pub(super) body: Vec<(u32, &'t str)>,
    /// The texts in quotes, and the line on which each begins.
    pub(super) quoted: Vec<(u32, &'t str)>,
    /// Whether a shell runs the here-document: its statements follow as such.
    pub(super) is_run: bool,
}

/// What is open at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Single,
    Double,
    /// `$(` within a text in double quotes, with so many brackets in it.
    Command(usize),
}

/// The statements of a script whose first line has this number. Those of another shell's here-document come behind it.
pub(super) fn statements(text: &str, first: u32) -> Vec<Statement<'_>> {
    let mut all = Vec::new();
    read(text, first, 0, &mut all);
    all
}

fn read<'t>(text: &'t str, first: u32, depth: usize, all: &mut Vec<Statement<'t>>) {
    let starts: Vec<(usize, &str)> = text
        .split_inclusive('\n')
        .scan(0_usize, |offset, line| {
            let start = *offset;
            *offset = offset.saturating_add(line.len());
            Some((start, line))
        })
        .collect();
    let number = |at: usize| first.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0_usize;
    // Each turn takes at least one line.
    while let Some((start, _)) = starts.get(at) {
        let begin = at;
        let before = open.clone();
        let mut ends = Vec::new();
        // Each turn takes the next line, up to a limit.
        while let Some((_, line)) = starts.get(at) {
            at = at.saturating_add(1);
            let goes_on = scan(line.trim_end_matches(['\n', '\r']), &mut open, &mut ends);
            let is_open = matches!(open.last(), Some(Open::Single | Open::Double));
            if !is_open && !goes_on {
                break;
            }
            let is_too_long = at.saturating_sub(begin) > MAX_QUOTED_LINES;
            if is_open && (is_too_long || at >= starts.len()) {
                (open, at) = (Vec::new(), begin.saturating_add(1));
                ends.clear();
                scan(starts.get(begin).map_or("", |(_, line)| line), &mut before.clone(), &mut ends);
                break;
            }
        }
        let last = starts.get(at).map_or(text.len(), |(offset, _)| *offset);
        let whole = text.get(*start..last).unwrap_or("").trim_end_matches(['\n', '\r']);
        let mut body = Vec::new();
        let mut inner = None;
        for end in ends {
            let from = at;
            body.extend(
                starts
                    .iter()
                    .enumerate()
                    .skip(at)
                    .map(|(at, (_, line))| (number(at), line.trim_end_matches(['\n', '\r'])))
                    .take_while(|(_, line)| line.trim() != end),
            );
            let to = from.saturating_add(body.len());
            inner = text
                .get(
                    starts.get(from).map_or(text.len(), |(offset, _)| *offset)
                        ..starts.get(to).map_or(text.len(), |(offset, _)| *offset),
                )
                .map(|inner| (inner, number(from)));
            at = to.saturating_add(1);
        }
        let quoted = quoted(whole)
            .into_iter()
            .map(|(offset, text)| {
                let lines = whole.get(..offset).unwrap_or("").matches('\n').count();
                (number(begin.saturating_add(lines)), text)
            })
            .collect();
        let is_run = depth < MAX_DEPTH && is_for_a_shell(whole);
        all.push(Statement { line: number(begin), text: whole, body, quoted, is_run });
        if let Some((inner, line)) = inner.filter(|_| is_run) {
            read(inner, line, depth.saturating_add(1), all);
        }
    }
}

/// Whether a here-document is run by a shell: `RUN <<EOF`, `bash -s <<EOF`, `ssh host <<EOF`.
fn is_for_a_shell(text: &str) -> bool {
    let before = text.split("<<").next().unwrap_or("");
    let mut words = before.split_ascii_whitespace().skip_while(|word| matches!(*word, "sudo" | "exec"));
    let first = words.next().unwrap_or("");
    let shells = ["bash", "sh", "zsh", "ssh", "su"];
    shells.contains(&first.rsplit('/').next().unwrap_or(first)) || (first == "RUN" && words.next().is_none())
}

/// Reads a line, with what is open before and behind it, and the words that end its here-documents. Whether the next
/// line belongs to it.
fn scan<'t>(line: &'t str, open: &mut Vec<Open>, ends: &mut Vec<&'t str>) -> bool {
    let mut before = ' ';
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (open.last().copied(), c) {
            (Some(Open::Single), '\'') => drop(open.pop()),
            (Some(Open::Single), _) => {}
            (_, '\\') => {
                if chars.next().is_none() {
                    return true;
                }
            }
            (Some(Open::Double), '"') => drop(open.pop()),
            (Some(Open::Double), '(') if before == '$' => open.push(Open::Command(0)),
            (Some(Open::Double), _) => {}
            (None | Some(Open::Command(_)), '\'') => open.push(Open::Single),
            (None | Some(Open::Command(_)), '"') => open.push(Open::Double),
            (None | Some(Open::Command(_)), '#') if before.is_whitespace() || before == ';' => return false,
            (None | Some(Open::Command(_)), '<') => {
                let rest = line.get(at..).unwrap_or("");
                if rest.starts_with("<<<") {
                    chars.next();
                    chars.next();
                } else if let Some((end, length)) = heredoc(rest) {
                    ends.push(end);
                    // The quotes of the word open nothing.
                    let behind = at.saturating_add(length);
                    while chars.next_if(|(at, _)| *at < behind).is_some() {}
                }
            }
            (Some(Open::Command(depth)), '(') => replace(open, Open::Command(depth.saturating_add(1))),
            (Some(Open::Command(0)), ')') => drop(open.pop()),
            (Some(Open::Command(depth)), ')') => replace(open, Open::Command(depth.saturating_sub(1))),
            (None | Some(Open::Command(_)), _) => {}
        }
        before = c;
    }
    false
}

fn replace(open: &mut [Open], with: Open) {
    if let Some(last) = open.last_mut() {
        *last = with;
    }
}

/// The word that ends the here-document which begins here with `<<`, and the bytes up to what stands behind it.
fn heredoc(rest: &str) -> Option<(&str, usize)> {
    let word = rest.strip_prefix("<<")?.trim_start_matches('-').trim_start();
    let word = word.trim_start_matches(['"', '\'', '\\']);
    let start = rest.len().saturating_sub(word.len());
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
    let behind = word.get(end..).unwrap_or("");
    let closing = behind.len().saturating_sub(behind.trim_start_matches(['"', '\'']).len());
    // A shift of bits has a number behind it.
    let word =
        word.get(..end).filter(|word| !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()));
    word.map(|word| (word, start.saturating_add(end).saturating_add(closing)))
}

/// The texts in quotes, with the offset of each; those within such a text too.
pub(super) fn quoted(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0_usize;
    // Each turn takes a pair of quotes away.
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(['"', '\''])) {
        let start = from.saturating_add(at).saturating_add(1);
        let quote = text.get(start.saturating_sub(1)..).and_then(|rest| rest.chars().next()).unwrap_or('"');
        let Some(inner) = text.get(start..) else { break };
        let Some(end) = closing(inner, quote) else { break };
        let inside = inner.get(..end).unwrap_or("");
        found.push((start, inside));
        if inside.contains(['"', '\'']) {
            found.extend(
                quoted(inside).into_iter().map(|(offset, text)| (start.saturating_add(offset), text)),
            );
        }
        from = start.saturating_add(end).saturating_add(1);
    }
    found
}

/// Where a text in these quotes ends.
pub(super) fn closing(inner: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}
