//! Time zones that a program spells out: at once, in a constant, or as what counts where nothing else is set from outside.

use super::calls::{Call, Known, assigned, known};
use super::dialect::Dialect;
use super::lex::{Placed, Token};
use super::numbers::statement;
use super::program::When;

/// Constants within constants, and calls within calls.
const MAX_DEPTH: usize = 5;

/// Functions that make a zone of its name.
const MAKERS: [&str; 8] =
    ["timezone", "ZoneInfo", "gettz", "get_timezone", "Timezone", "LoadLocation", "getTimeZone", "String"];

/// Functions that name the zone of the machine.
const OF_MACHINE: [&str; 4] = ["get_localzone", "get_localzone_name", "tzlocal", "resolvedOptions"];

/// The zone of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Zone {
    Named(String),
    ByDefault(String),
    /// That of the machine.
    Local,
    /// Only running the program tells.
    Computed,
}

impl Zone {
    /// What a value comes to.
    pub(super) fn of(all: &[Placed<'_>], value: &[Placed<'_>]) -> Self {
        within(all, value, 0)
    }

    /// Its name, where it is known.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Named(zone) | Self::ByDefault(zone) => Some(zone),
            Self::Local => Some("local"),
            Self::Computed => None,
        }
    }

    /// Fields in this zone.
    pub(super) fn when(&self, text: impl Into<String>, dialect: Dialect) -> When {
        let text = text.into();
        match self {
            Self::Named(zone) => When::Fields { text, zone: zone.clone(), dialect },
            Self::ByDefault(zone) => {
                When::ByDefault(Box::new(When::Fields { text, zone: zone.clone(), dialect }))
            }
            Self::Local => When::Fields { text, zone: "local".to_owned(), dialect },
            Self::Computed => When::Zoneless(text, dialect),
        }
    }
}

fn within(all: &[Placed<'_>], value: &[Placed<'_>], depth: usize) -> Zone {
    if depth > MAX_DEPTH {
        return Zone::Computed;
    }
    let is_plain = |zone: &str| !zone.contains(['$', '{', '%']);
    match known(all, value) {
        Some(Known::Text(zone)) if is_plain(zone) => return Zone::Named(zone.to_owned()),
        Some(Known::ByDefault(zone)) if is_plain(zone) => return Zone::ByDefault(zone.to_owned()),
        Some(Known::Text(_) | Known::ByDefault(_)) => return Zone::Computed,
        None => {}
    }
    match value {
        [(_, Token::Word("None" | "null" | "undefined" | "nil"))] => Zone::Local,
        [(_, Token::Word("utc" | "UTC"))] => Zone::Named("UTC".to_owned()),
        [(_, Token::Word("time")), (_, Token::Sign('.')), (_, Token::Word("Local"))] => Zone::Local,
        [(_, Token::Word(first)), (_, Token::Sign('.')), .., (_, Token::Word("utc" | "UTC"))]
            if !matches!(*first, "process" | "os" | "settings" | "config") =>
        {
            Zone::Named("UTC".to_owned())
        }
        [(_, Token::Word(name))]
        | [(_, Token::Word("this" | "self" | "cls")), (_, Token::Sign('.')), (_, Token::Word(name))] => {
            assigned(all, name)
                .map_or(Zone::Computed, |value| within(all, statement(value), depth.saturating_add(1)))
        }
        [.., (_, Token::Sign(')'))] => made(all, value, depth),
        [before @ .., (_, Token::Sign('.')), (_, Token::Word("timeZone"))]
            if matches!(before.first(), Some((_, Token::Word("Intl")))) =>
        {
            Zone::Local
        }
        _ => Zone::Computed,
    }
}

/// The zone of `pytz.timezone("…")` and of its like.
fn made(all: &[Placed<'_>], value: &[Placed<'_>], depth: usize) -> Zone {
    let Some(open) = value.iter().position(|(_, token)| *token == Token::Sign('(')) else {
        return Zone::Computed;
    };
    let name = open.checked_sub(1).and_then(|before| value.get(before)).map(|(_, token)| token);
    let call = Call::read(value, open.saturating_add(1));
    match name {
        Some(Token::Word(name)) if OF_MACHINE.contains(name) => Zone::Local,
        Some(Token::Word(name)) if MAKERS.contains(name) && call.end == value.len() => call
            .arguments()
            .first()
            .map_or(Zone::Computed, |argument| within(all, argument, depth.saturating_add(1))),
        Some(_) | None => Zone::Computed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex::{Language, tokens};
    use super::*;

    #[test]
    fn zones_are_looked_up_and_never_guessed() {
        let named = |zone: &str| Zone::Named(zone.to_owned());
        let default = |zone: &str| Zone::ByDefault(zone.to_owned());
        let cases = [
            ("f('Asia/Tokyo')", named("Asia/Tokyo")),
            ("TZ = 'Asia/Tokyo'\nf(TZ)", named("Asia/Tokyo")),
            ("f(os.environ.get('TZ', 'UTC'))", default("UTC")),
            ("f(pytz.timezone(os.getenv('TZ', 'Asia/Tokyo')))", default("Asia/Tokyo")),
            ("ZONE = ZoneInfo('Europe/Rome')\nf(ZONE)", named("Europe/Rome")),
            ("NAME = 'Europe/Rome'\nZONE = ZoneInfo(NAME)\nf(ZONE)", named("Europe/Rome")),
            ("f(timezone.utc)", named("UTC")),
            ("f(None)", Zone::Local),
            ("f(os.environ['TZ'])", Zone::Computed),
            ("f(settings.TIME_ZONE)", Zone::Computed),
            ("f(zone())", Zone::Computed),
            ("a = a\nf(a)", Zone::Computed),
        ];
        for (text, wanted) in cases {
            let all = tokens(text, Language::Python);
            let from = all.iter().rposition(|(_, token)| *token == Token::Word("f")).unwrap() + 2;
            assert_eq!(Zone::of(&all, &all[from..all.len() - 1]), wanted, "{text}");
        }
        let text = "const tz = process.env.TZ ?? 'Europe/Rome';\nf(tz)";
        let all = tokens(text, Language::JavaScript);
        assert_eq!(Zone::of(&all, &all[all.len() - 2..all.len() - 1]), default("Europe/Rome"));
    }
}
