//! Printing: the same page in each format.

use std::io::{BufWriter, IsTerminal, Write};

use serde::Serialize;
use standin_engine::render::{Colour, Doc, html, markdown, text};

use crate::cli::Format;
use crate::exit::Failure;

/// How much is written at a time.
const PIECE: usize = 1 << 16;
/// The width where there is no terminal to ask.
const WIDTH: u16 = 160;
/// Narrower than this a table is not readable, and wrapping is left to the terminal.
const NARROWEST: u16 = 72;

/// Prints `value`, or the page of it.
pub(crate) fn print<T: Serialize>(
    value: &T,
    doc: impl FnOnce(&T) -> Doc,
    format: Format,
) -> Result<(), Failure> {
    let out = match format {
        Format::Json => return json(value),
        Format::Text => text(&doc(value), width(), colour()),
        Format::Markdown => markdown(&doc(value)),
        Format::Html => html(&doc(value)),
    };
    write(&out)
}

/// Writes an object as it is read, a piece at a time: that of a large repository has megabytes.
fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(PIECE, std::io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from);
    told(written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
}

/// Writes to standard output; a reader that has gone away is no failure.
pub(crate) fn write(out: &str) -> Result<(), Failure> {
    told(std::io::stdout().lock().write_all(out.as_bytes()))
}

fn told(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Io { what: "standard output cannot be written".to_owned(), source: error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether colours are shown: on a terminal, unless `NO_COLOR` is set.
pub(crate) fn colour() -> Colour {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0");
    if !refused && (forced || std::io::stdout().is_terminal()) { Colour::On } else { Colour::Off }
}

fn width() -> u16 {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| width);
    columns.or_else(asked).unwrap_or(WIDTH).max(NARROWEST)
}
