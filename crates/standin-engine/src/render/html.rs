//! For browsers: one page that needs nothing else.

use maud::{DOCTYPE, Markup, html as markup};

use super::{Doc, Part, Tone};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;\
color-scheme:light dark}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;\
padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}th{font-weight:600}.good{color:#1a7f37}\
.warn{color:#9a6700}.bad{color:#cf222e;font-weight:600}.dim{opacity:.7}";

/// The document as a page of HTML, without scripts and without links to elsewhere.
pub fn html(doc: &Doc) -> String {
    let doc = doc.visible();
    markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (doc.title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { (doc.title) }
                @for part in &doc.parts { (self::part(part)) }
            }
        }
    }
    .into_string()
}

fn part(part: &Part) -> Markup {
    match part {
        Part::Heading(heading) => markup! { h2 { (heading) } },
        Part::Line(line) => markup! { p { (line) } },
        Part::Code(lines) => markup! { pre { code { (lines) } } },
        Part::Table { head, rows } => markup! {
            table {
                thead { tr { @for name in head { th scope="col" { (name) } } } }
                tbody {
                    @for row in rows {
                        tr { @for cell in row { td class=[class(cell.tone)] { (cell.text) } } }
                    }
                }
            }
        },
    }
}

const fn class(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Good => Some("good"),
        Tone::Warn => Some("warn"),
        Tone::Bad => Some("bad"),
        Tone::Dim => Some("dim"),
    }
}
