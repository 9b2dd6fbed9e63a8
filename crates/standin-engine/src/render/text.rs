//! For terminals.

use comfy_table::{Attribute, Cell as TableCell, Color, ContentArrangement, Table, presets};

use super::{Cell, Doc, Part, Tone};

/// Whether colours are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// They are.
    On,
    /// They are not: the text is for another program, or the user said so.
    Off,
}

/// The document as text, in lines of at most `width` columns where its words allow it.
pub fn text(doc: &Doc, width: u16, colour: Colour) -> String {
    let doc = doc.visible();
    let mut out = String::new();
    for (index, part) in doc.parts.iter().enumerate() {
        match part {
            Part::Heading(heading) => {
                if index > 0 {
                    out.push('\n');
                }
                out.push_str(heading);
                out.push('\n');
            }
            Part::Line(line) => {
                out.push_str(line);
                out.push('\n');
            }
            Part::Code(lines) => {
                for line in lines.lines() {
                    out.push_str(format!("  {line}").trim_end());
                    out.push('\n');
                }
            }
            Part::Table { head, rows } => {
                out.push_str(&table(head, rows, width, colour));
                out.push('\n');
            }
        }
    }
    out
}

fn table(head: &[&str], rows: &[Vec<Cell>], width: u16, colour: Colour) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    match colour {
        Colour::On => table.enforce_styling(),
        Colour::Off => table.force_no_tty(),
    };
    table.set_header(
        head.iter().map(|name| TableCell::new(name.to_uppercase()).add_attribute(Attribute::Dim)),
    );
    for row in rows {
        table.add_row(row.iter().map(cell));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn cell(cell: &Cell) -> TableCell {
    let out = TableCell::new(&cell.text);
    match cell.tone {
        Tone::Plain => out,
        Tone::Good => out.fg(Color::Green),
        Tone::Warn => out.fg(Color::Yellow),
        Tone::Bad => out.fg(Color::Red).add_attribute(Attribute::Bold),
        Tone::Dim => out.add_attribute(Attribute::Dim),
    }
}
