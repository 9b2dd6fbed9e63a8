//! A JSON value of whatever type: PM2 lets environment variables overwrite fields of its list.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The most elements of an array that are kept.
const MAX_ITEMS: usize = 64;

/// A scalar, a short list of them, or something else that nobody here wants.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Loose {
    /// Missing or null.
    #[default]
    Absent,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Loose>),
    /// An object.
    Other,
}

impl Loose {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::List(_) | Self::Other => {
                None
            }
        }
    }

    /// A whole number, also where it is written as text or with a fraction.
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            // Exact up to 2^53, which covers milliseconds and bytes.
            #[allow(clippy::cast_possible_truncation)]
            Self::Float(number) if number.is_finite() => Some(*number as i64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Absent | Self::Bool(_) | Self::Float(_) | Self::List(_) | Self::Other => None,
        }
    }

    /// Whether this is `false` or the word `false`, which PM2 takes for the same.
    pub(super) fn is_false(&self) -> bool {
        matches!(self, Self::Bool(false)) || self.text() == Some("false")
    }

    /// The numbers of a list, or of a single value.
    pub(super) fn ints(&self) -> Vec<i64> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::int).collect(),
            Self::Absent | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) | Self::Other => {
                self.int().into_iter().collect()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Loose, E> {
        Ok(Loose::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Loose, E> {
        Ok(i64::try_from(value).map_or(Loose::Other, Loose::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Loose, E> {
        Ok(Loose::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Loose, E> {
        Ok(Loose::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Loose, A::Error> {
        let mut items = Vec::new();
        while items.len() < MAX_ITEMS {
            match seq.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(Loose::List(items)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_json_value_is_taken() {
        let all: Vec<Loose> =
            serde_json::from_str(r#"[null,true,-3,2.5,"x",[1,"2",{}],{"a":[1]},18446744073709551615]"#)
                .unwrap();
        assert_eq!(all[0], Loose::Absent);
        assert_eq!((all[1].is_false(), all[2].int(), all[3].int()), (false, Some(-3), Some(2)));
        assert_eq!((all[4].text(), all[5].ints()), (Some("x"), vec![1, 2]));
        assert_eq!((&all[6], &all[7]), (&Loose::Other, &Loose::Other));
        assert!(Loose::Text("false".to_owned()).is_false() && Loose::Bool(false).is_false());
        assert_eq!(Loose::Text("7".to_owned()).ints(), [7]);
        let long: Loose = serde_json::from_str(&format!("{:?}", vec![1; 500])).unwrap();
        assert_eq!(long.ints().len(), MAX_ITEMS);
    }
}
