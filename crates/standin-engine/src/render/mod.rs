//! Rendering: one small document model, and the formats that people read. Renderers only render; what is in a
//! document is decided in [`pages`].

mod html;
mod markdown;
pub mod pages;
mod text;

pub use html::html;
pub use markdown::markdown;
pub use text::{Colour, text};

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// Its title.
    pub title: String,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// One part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A heading of the second level.
    Heading(String),
    /// A paragraph of one line.
    Line(String),
    /// A table; each row has as many cells as the head.
    Table {
        /// The columns' names.
        head: Vec<&'static str>,
        /// The rows.
        rows: Vec<Vec<Cell>>,
    },
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How it looks where colours are shown; never the only bearer of a meaning.
    pub tone: Tone,
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Like the rest.
    Plain,
    /// All is well.
    Good,
    /// Look at it.
    Warn,
    /// Something is broken.
    Bad,
    /// Beside the point.
    Dim,
}

impl Cell {
    /// A cell without a tone.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    /// A cell with a tone.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}
