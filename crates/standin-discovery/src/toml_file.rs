//! Reads TOML into [`Value`]s with their lines.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::lines::{Lines, quote};
use crate::value::{Data, Entry, Key, Value};

/// Why a text is not TOML: the line, and what the parser says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: u32,
    pub(crate) message: String,
}

/// The document as a map. The parser bounds its nesting.
pub(crate) fn parse(text: &str) -> Result<Value<'static>, Fault> {
    let lines = Lines::new(text);
    let table = DeTable::parse(text).map_err(|error| Fault {
        line: lines.at(error.span().map_or(0, |span| span.start)),
        message: format!("this is not TOML: {}", quote(error.message())),
    })?;
    Ok(Value::new(1, map(table.get_ref(), &lines)))
}

fn map(table: &DeTable<'_>, lines: &Lines) -> Data<'static> {
    let entries = table.iter().map(|(key, value)| Entry {
        key: Key::Named(key.get_ref().to_string().into()),
        line: lines.at(key.span().start),
        value: self::value(value, lines),
    });
    Data::Map(entries.collect())
}

fn value(spanned: &Spanned<DeValue<'_>>, lines: &Lines) -> Value<'static> {
    let data = match spanned.get_ref() {
        DeValue::String(text) => Data::Text(text.to_string().into()),
        DeValue::Boolean(truth) => Data::Bool(*truth),
        DeValue::Integer(number) => number.to_string().parse().map_or(Data::Null, Data::Number),
        DeValue::Float(number) => number.to_string().parse().map_or(Data::Null, Data::Number),
        DeValue::Datetime(moment) => Data::Text(moment.to_string().into()),
        DeValue::Array(items) => Data::List(items.iter().map(|item| value(item, lines)).collect()),
        DeValue::Table(table) => map(table, lines),
    };
    Value::new(lines.at(spanned.span().start), data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_faults_have_their_lines() {
        let root =
            parse("[build]\r\nbase = \"a\"\n[functions.x]\nschedule = \"@daily\"\n[[s.f]]\nn = 1\n").unwrap();
        let schedule =
            root.get("functions").and_then(|f| f.get("x")).and_then(|x| x.get("schedule")).unwrap();
        assert_eq!((schedule.text(), schedule.line), (Some("@daily"), 4));
        assert_eq!(root.get("s").unwrap().get("f").unwrap().items()[0].get("n").unwrap().line, 6);
        assert_eq!(parse("a = 1\nb = \n").unwrap_err().line, 2);
        assert_eq!(parse("a = 1\na = 2\n").unwrap_err().line, 2);
        assert!(parse(&format!("a = {}", "[".repeat(100_000))).is_err());
    }
}
