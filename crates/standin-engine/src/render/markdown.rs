//! For job summaries and chats.

use std::fmt::Write;

use super::{Doc, Part};

/// The document as GitHub-flavoured Markdown.
pub fn markdown(doc: &Doc) -> String {
    let doc = doc.visible();
    let mut out = format!("# {}\n", escape(&doc.title));
    for part in &doc.parts {
        match part {
            Part::Heading(heading) => {
                let _ = write!(out, "\n## {}\n", escape(heading));
            }
            Part::Line(line) => {
                let _ = write!(out, "\n{}\n", escape(line));
            }
            Part::Code(lines) => {
                // A fence that the lines cannot end.
                let fence = "`".repeat(longest(lines, '`').max(2) + 1);
                let _ = write!(out, "\n{fence}\n{}\n{fence}\n", lines.trim_end_matches('\n'));
            }
            Part::Table { head, rows } => {
                let _ = write!(out, "\n| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
                for row in rows {
                    let cells: Vec<_> = row.iter().map(|cell| escape(&cell.text)).collect();
                    let _ = writeln!(out, "| {} |", cells.join(" | "));
                }
            }
        }
    }
    out
}

/// How long the longest run of a character is.
fn longest(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// What a repository says of itself must not become markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '@' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Cell;

    #[test]
    fn code_stays_within_its_fence() {
        let doc = Doc { title: "T".into(), parts: vec![Part::Code("a = 1\n```\n<b>".into())] };
        assert_eq!(markdown(&doc), "# T\n\n````\na = 1\n```\n<b>\n````\n");
    }

    #[test]
    fn what_a_repository_says_does_not_become_markup() {
        let rows = vec![vec![Cell::plain("a|b\n<script>*x*")]];
        let doc = Doc { title: "T".into(), parts: vec![Part::Table { head: vec!["name"], rows }] };
        let out = markdown(&doc);
        assert!(out.ends_with("| name |\n| --- |\n| a\\|b &lt;script&gt;\\*x\\* |\n"), "{out}");
    }
}
