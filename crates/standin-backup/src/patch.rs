//! A change of one file, and how a person reads it.

use standin_core::ident::AutomationId;

/// Lines around a change that are shown.
const CONTEXT: usize = 3;

/// Longer files are shown as wholly replaced: finding the shortest difference takes time squared.
const MAX_DIFF_LINES: usize = 4_000;

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePatch {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// Its text now; `None` when it is not there.
    pub before: Option<String>,
    /// Its text afterwards; `None` deletes it.
    pub after: Option<String>,
    /// The automation that it is about; `None` for what all share.
    pub about: Option<AutomationId>,
}

/// The patch as a unified difference.
pub fn diff(patch: &FilePatch) -> String {
    let side = |text: &Option<String>, letter: char| match text {
        Some(_) => format!("{letter}/{}", patch.path),
        None => "/dev/null".to_owned(),
    };
    let mut out = format!("--- {}\n+++ {}\n", side(&patch.before, 'a'), side(&patch.after, 'b'));
    let before: Vec<&str> = patch.before.as_deref().unwrap_or("").split_inclusive('\n').collect();
    let after: Vec<&str> = patch.after.as_deref().unwrap_or("").split_inclusive('\n').collect();
    hunks(&lines(&before, &after), &mut out);
    out
}

/// A line, and which of the sides it is on.
type Line<'a> = (char, &'a str);

/// The longest common beginning and end stay; what is between is compared line by line.
fn lines<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Line<'a>> {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (rest_before, rest_after) = (before.get(same..).unwrap_or(&[]), after.get(same..).unwrap_or(&[]));
    let tail = rest_before.iter().rev().zip(rest_after.iter().rev()).take_while(|(a, b)| a == b).count();
    let cut = |list: &[&'a str]| list.get(..list.len().saturating_sub(tail)).unwrap_or(&[]).to_vec();
    let mut out: Vec<Line<'a>> = before.iter().take(same).map(|line| (' ', *line)).collect();
    out.extend(middle(&cut(rest_before), &cut(rest_after)));
    out.extend(rest_before.iter().skip(rest_before.len().saturating_sub(tail)).map(|line| (' ', *line)));
    out
}

fn middle<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Line<'a>> {
    let replaced = || {
        let gone = before.iter().map(|line| ('-', *line));
        gone.chain(after.iter().map(|line| ('+', *line))).collect::<Vec<_>>()
    };
    if before.is_empty() || after.is_empty() || before.len().max(after.len()) > MAX_DIFF_LINES {
        return replaced();
    }
    // The longest common subsequence from each pair of places on.
    let width = after.len().saturating_add(1);
    let mut common = vec![0_u32; before.len().saturating_add(1).saturating_mul(width)];
    let at = |i: usize, j: usize| i.saturating_mul(width).saturating_add(j);
    let read = |common: &[u32], i: usize, j: usize| common.get(at(i, j)).copied().unwrap_or(0);
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            let best = if before.get(i) == after.get(j) {
                read(&common, i + 1, j + 1).saturating_add(1)
            } else {
                read(&common, i + 1, j).max(read(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(at(i, j)) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while let (Some(gone), Some(new)) = (before.get(i), after.get(j)) {
        if gone == new {
            out.push((' ', *gone));
            (i, j) = (i + 1, j + 1);
        } else if read(&common, i + 1, j) >= read(&common, i, j + 1) {
            out.push(('-', *gone));
            i += 1;
        } else {
            out.push(('+', *new));
            j += 1;
        }
    }
    out.extend(before.iter().skip(i).map(|line| ('-', *line)));
    out.extend(after.iter().skip(j).map(|line| ('+', *line)));
    out
}

/// Groups what changes with the lines around it.
fn hunks(lines: &[Line<'_>], out: &mut String) {
    let changed: Vec<usize> =
        lines.iter().enumerate().filter(|(_, (sign, _))| *sign != ' ').map(|(at, _)| at).collect();
    let mut next = 0;
    while let Some(first) = changed.get(next) {
        let mut last = *first;
        while let Some(more) = changed.get(next) {
            if *more > last.saturating_add(2 * CONTEXT) {
                break;
            }
            last = *more;
            next += 1;
        }
        let from = first.saturating_sub(CONTEXT);
        let until = last.saturating_add(CONTEXT + 1).min(lines.len());
        let count = |range: std::ops::Range<usize>, other: char| {
            lines.get(range).unwrap_or(&[]).iter().filter(|(sign, _)| *sign != other).count()
        };
        let (old, new) = (count(from..until, '+'), count(from..until, '-'));
        let begin = |before: usize, length: usize| if length == 0 { before } else { before + 1 };
        let (old_start, new_start) = (begin(count(0..from, '+'), old), begin(count(0..from, '-'), new));
        out.push_str(&format!("@@ -{old_start},{old} +{new_start},{new} @@\n"));
        for (sign, line) in lines.get(from..until).unwrap_or(&[]) {
            out.push(*sign);
            out.push_str(line.strip_suffix('\n').unwrap_or(line));
            out.push('\n');
            if !line.ends_with('\n') {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: Option<&str>, after: Option<&str>) -> String {
        let own = |text: Option<&str>| text.map(str::to_owned);
        diff(&FilePatch { path: "x".into(), before: own(before), after: own(after), about: None })
    }

    #[test]
    fn a_difference_is_one_that_patch_takes() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\nten";
        assert_eq!(
            shown(Some(before), Some(after)),
            "--- a/x\n+++ b/x\n@@ -2,8 +2,9 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n+ten\n\\ No newline at end of file\n"
        );
        assert_eq!(shown(None, Some("a\n")), "--- /dev/null\n+++ b/x\n@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(shown(Some("a\n"), None), "--- a/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
    }
}
