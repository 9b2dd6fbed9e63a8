//! The five fields of an expression, and what they mean together.

use super::MAX_EXPRESSION_BYTES;
use super::error::ScheduleError;
use super::field::{Field, Unit};

const MINUTE: &str = "0";
const FIELDS: usize = 5;

/// An expression, read.
pub(super) struct Fields {
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day_of_month: Field,
    pub(super) month: Field,
    pub(super) day_of_week: Field,
    plain_star_day: Plain,
    origin: Origin,
}

/// Whether one of the day fields is exactly `*`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    OneStar,
    NoStar,
}

/// How the expression was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Written,
    Named,
}

/// How slots follow the clocks where these change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Neither minutes nor hours begin with `*`.
    Fixed,
    /// One of them does.
    Starred,
}

/// Which days match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Days {
    /// Those that match both day fields, because one begins with `*`.
    Both,
    /// Those that match one of them.
    Either,
    /// All, because either is enough and one of them has all.
    Every,
}

/// What an expression uses that a platform may read in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) day_seven: bool,
    pub(super) named: bool,
    pub(super) ambiguous_days: bool,
}

/// A field's text and the column of its first character.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    column: usize,
}

impl Fields {
    /// Reads an expression.
    pub(super) fn parse(cron: &str) -> Result<Self, ScheduleError> {
        if cron.len() > MAX_EXPRESSION_BYTES {
            return Err(ScheduleError::TooLong { bytes: cron.len() });
        }
        only_ascii(cron)?;
        let words = words(cron);
        let Some(first) = words.first() else { return Err(ScheduleError::Empty) };
        if first.text.starts_with('@') {
            return named(&words, *first);
        }
        no_loose_marks(&words)?;
        let fields = Self::from_words(cron, &words, Origin::Written)?;
        fields.can_fire(cron)?;
        Ok(fields)
    }

    fn from_words(cron: &str, words: &[Word<'_>], origin: Origin) -> Result<Self, ScheduleError> {
        let [minute, hour, day_of_month, month, day_of_week] = words else {
            return Err(wrong_count(cron, words));
        };
        let plain = day_of_month.text == "*" || day_of_week.text == "*";
        Ok(Self {
            minute: Field::parse(minute.text, minute.column, Unit::Minute)?,
            hour: Field::parse(hour.text, hour.column, Unit::Hour)?,
            day_of_month: Field::parse(day_of_month.text, day_of_month.column, Unit::DayOfMonth)?,
            month: Field::parse(month.text, month.column, Unit::Month)?,
            day_of_week: Field::parse(day_of_week.text, day_of_week.column, Unit::DayOfWeek)?,
            plain_star_day: if plain { Plain::OneStar } else { Plain::NoStar },
            origin,
        })
    }

    /// How slots follow the clocks.
    pub(super) fn clock(&self) -> Clock {
        if self.minute.starred || self.hour.starred { Clock::Starred } else { Clock::Fixed }
    }

    /// Which days match: Vixie cron's rule, in which a day field that begins with `*` is not a restriction of its
    /// own, even as `*/2`.
    pub(super) fn days(&self) -> Days {
        let full = self.day_of_month.is_full(Unit::DayOfMonth) || self.day_of_week.is_full(Unit::DayOfWeek);
        match self.day_of_month.starred || self.day_of_week.starred {
            true => Days::Both,
            false if full => Days::Every,
            false => Days::Either,
        }
    }

    /// What a platform may read in another way.
    pub(super) fn facts(&self) -> Facts {
        let every = self.day_of_month.is_full(Unit::DayOfMonth) && self.day_of_week.is_full(Unit::DayOfWeek);
        Facts {
            day_seven: self.day_of_week.seven,
            named: self.origin == Origin::Named,
            ambiguous_days: self.days() == Days::Both && self.plain_star_day == Plain::NoStar && !every,
        }
    }

    /// Every day that a month can have comes on each day of the week within the years that are searched, the 29th of
    /// February included, so the months and days alone decide.
    fn can_fire(&self, cron: &str) -> Result<(), ScheduleError> {
        const LENGTHS: [(u32, u32); 12] = [
            (1, 31),
            (2, 29),
            (3, 31),
            (4, 30),
            (5, 31),
            (6, 30),
            (7, 31),
            (8, 31),
            (9, 30),
            (10, 31),
            (11, 30),
            (12, 31),
        ];
        let first_day = self.day_of_month.bits.trailing_zeros();
        let possible =
            LENGTHS.iter().any(|(month, length)| self.month.bits >> month & 1 == 1 && first_day <= *length);
        if possible || self.days() != Days::Both {
            return Ok(());
        }
        let longest = if first_day == 30 { "a month other than February" } else { "a month with 31 days" };
        Err(ScheduleError::NeverFires {
            expression: cron.trim_ascii().to_owned(),
            fix: format!("name {longest}, or an earlier day than {first_day}"),
        })
    }
}

fn only_ascii(cron: &str) -> Result<(), ScheduleError> {
    match cron.chars().enumerate().find(|(_, character)| !character.is_ascii() || *character == '\0') {
        None => Ok(()),
        Some((index, character)) => Err(ScheduleError::Syntax {
            column: index + 1,
            message: format!("`{}` does not belong into a cron expression", character.escape_default()),
            fix: "use digits, English names, plain blanks and * , - /".to_owned(),
        }),
    }
}

fn words(cron: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut column = 1;
    for text in cron.split(|character: char| character.is_ascii_whitespace()) {
        if !text.is_empty() {
            words.push(Word { text, column });
        }
        column += text.len() + 1;
    }
    words
}

fn named(words: &[Word<'_>], first: Word<'_>) -> Result<Fields, ScheduleError> {
    if let Some(second) = words.get(1) {
        return Err(ScheduleError::Syntax {
            column: second.column,
            message: format!("something follows `{}`", first.text),
            fix: "let the name stand alone".to_owned(),
        });
    }
    let texts = match first.text {
        "@hourly" => [MINUTE, "*", "*", "*", "*"],
        "@daily" | "@midnight" => [MINUTE, "0", "*", "*", "*"],
        "@weekly" => [MINUTE, "0", "*", "*", "0"],
        "@monthly" => [MINUTE, "0", "1", "*", "*"],
        "@yearly" | "@annually" => [MINUTE, "0", "1", "1", "*"],
        name => {
            return Err(ScheduleError::UnknownMacro { column: first.column, name: name.to_owned() });
        }
    };
    Fields::from_words(first.text, &texts.map(|text| Word { text, column: first.column }), Origin::Named)
}

/// `1 - 5` and `1, 2` would otherwise only be told as too many fields.
fn no_loose_marks(words: &[Word<'_>]) -> Result<(), ScheduleError> {
    let loose =
        |word: &&Word<'_>| word.text.starts_with(['-', ',', '/']) || word.text.ends_with(['-', ',', '/']);
    let Some(word) = words.iter().find(loose).filter(|_| words.len() > FIELDS) else { return Ok(()) };
    Err(ScheduleError::Syntax {
        column: word.column,
        message: format!("`{}` is torn out of its field by a blank", word.text),
        fix: "write ranges, lists and steps without blanks, such as 1-5".to_owned(),
    })
}

fn wrong_count(cron: &str, words: &[Word<'_>]) -> ScheduleError {
    let found = words.len();
    let (column, fix) = match words.get(FIELDS) {
        Some(sixth) if found == FIELDS + 1 => {
            (sixth.column, "leave out the seconds or the year, cron has neither".to_owned())
        }
        Some(sixth) => (sixth.column, "minute, hour, day of the month, month, day of the week".to_owned()),
        None => (cron.trim_ascii_end().len() + 1, "write * for a field that does not matter".to_owned()),
    };
    ScheduleError::FieldCount { column, found, fix }
}
