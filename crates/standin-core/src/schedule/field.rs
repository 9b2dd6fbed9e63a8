//! One field of an expression as a set of numbers.

use super::error::ScheduleError;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The longest number, in digits; leading zeros count.
const MAX_DIGITS: usize = 4;
/// Letters of the extensions that end or replace a number.
const EXTENSION_LETTERS: [char; 3] = ['L', 'W', 'H'];

/// Which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

impl Unit {
    fn title(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of the month",
            Self::Month => "month",
            Self::DayOfWeek => "day of the week",
        }
    }

    /// The numbers that `*` stands for.
    fn span(self) -> (u32, u32) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
        }
    }

    /// The highest number that may be written: 7 is a second name of Sunday.
    fn highest(self) -> u32 {
        match self {
            Self::DayOfWeek => 7,
            Self::Minute | Self::Hour | Self::DayOfMonth | Self::Month => self.span().1,
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
        }
    }
}

/// The numbers of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Bit n for the number n; Sunday is bit 0.
    pub(super) bits: u64,
    /// The text begins with `*`.
    pub(super) starred: bool,
    /// Sunday is written as 7.
    pub(super) seven: bool,
}

/// A part of the text with the column of its first character.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a str,
    column: usize,
    unit: Unit,
}

impl Field {
    /// Reads a list of numbers, names, ranges and steps; `column` is that of its first character.
    pub(super) fn parse(text: &str, column: usize, unit: Unit) -> Result<Self, ScheduleError> {
        let mut field = Self { bits: 0, starred: text.starts_with('*'), seven: false };
        let mut column = column;
        for item in text.split(',') {
            field.add(Part { text: item, column, unit })?;
            column += item.len() + 1;
        }
        if unit == Unit::DayOfWeek && field.bits >> 7 & 1 == 1 {
            field.bits = field.bits & 0x7f | 1;
            field.seven = true;
        }
        Ok(field)
    }

    /// Whether it has every number that `*` has.
    pub(super) fn is_full(self, unit: Unit) -> bool {
        let (low, high) = unit.span();
        (low..=high).all(|value| self.bits >> value & 1 == 1)
    }

    fn add(&mut self, item: Part<'_>) -> Result<(), ScheduleError> {
        let (range, step) = match item.text.split_once('/') {
            None => (item, None),
            Some((range, step)) => {
                let column = item.column + range.len() + 1;
                (Part { text: range, ..item }, Some(Part { text: step, column, ..item }.step()?))
            }
        };
        let (low, high) = range.range(step)?;
        for value in (low..=high).step_by(step.unwrap_or(1)) {
            self.bits |= 1 << value;
        }
        Ok(())
    }
}

impl Part<'_> {
    /// `*`, `a-b`, or `a`; `a/n` is a step from `a` to the end, as GitHub documents it.
    fn range(self, step: Option<usize>) -> Result<(u32, u32), ScheduleError> {
        let (low, high) = self.unit.span();
        if self.text == "*" {
            return Ok((low, high));
        }
        let Some((first, last)) = self.text.split_once('-') else {
            let value = self.value()?;
            return Ok((value, if step.is_some() { high.max(value) } else { value }));
        };
        let column = self.column + first.len() + 1;
        let from = Part { text: first, ..self }.value()?;
        let to = Part { text: last, column, ..self }.value()?;
        if from > to { Err(self.reversed(from, to)) } else { Ok((from, to)) }
    }

    fn step(self) -> Result<usize, ScheduleError> {
        match self.number() {
            Some(step) if step > 0 => Ok(step as usize),
            Some(_) => Err(self.syntax("a step of 0 never moves", "use a step of 1 or more")),
            None => {
                Err(self.syntax(&format!("`{}` is not a step", self.text), "write a number, such as */15"))
            }
        }
    }

    /// A number within the field's bounds, or a name of three letters.
    fn value(self) -> Result<u32, ScheduleError> {
        let (low, high) = (self.unit.span().0, self.unit.highest());
        if let Some(number) = self.number() {
            if (low..=high).contains(&number) {
                return Ok(number);
            }
            let message = format!("{} is no {}", self.text, self.unit.title());
            return Err(self.syntax(&message, &format!("use {low} to {high}")));
        }
        let named = self.unit.names().iter().position(|name| name.eq_ignore_ascii_case(self.text));
        match named.and_then(|index| u32::try_from(index).ok()) {
            Some(index) => Ok(index + low),
            None => Err(self.not_a_value()),
        }
    }

    fn number(self) -> Option<u32> {
        let digits = !self.text.is_empty()
            && self.text.len() <= MAX_DIGITS
            && self.text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { self.text.parse().ok() } else { None }
    }

    fn not_a_value(self) -> ScheduleError {
        if let Some(extension) = self.extension() {
            return extension;
        }
        let names = self.unit.names();
        let short = names
            .iter()
            .find(|name| self.text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        let title = self.unit.title();
        let fix = match short {
            Some(name) => format!("use its first three letters, {name}"),
            None if names.is_empty() => format!("use {} to {}", self.unit.span().0, self.unit.highest()),
            None => format!("use {} to {} or {}", self.unit.span().0, self.unit.highest(), names.join(" ")),
        };
        match self.text.is_empty() {
            true => self
                .syntax(&format!("a {title} is missing"), "write a number, or leave out the mark before it"),
            false => self.syntax(&format!("`{}` is no {title}", self.text), &fix),
        }
    }

    fn extension(self) -> Option<ScheduleError> {
        let mark = self.text.find(['?', '#', '~', '+']);
        let letter = self.text.find(|character: char| {
            EXTENSION_LETTERS.iter().any(|letter| letter.eq_ignore_ascii_case(&character))
        });
        let only = |character: char| {
            character.is_ascii_digit()
                || EXTENSION_LETTERS.iter().any(|one| one.eq_ignore_ascii_case(&character))
        };
        let at = mark.or(letter.filter(|_| self.text.chars().all(only)))?;
        let text = self.text.get(at..=at)?.to_owned();
        let fix = match text.as_str() {
            "?" => "write * instead".to_owned(),
            "#" => "let it run on each such weekday and check the date in the job".to_owned(),
            _ => format!("write the {} as numbers", self.unit.title()),
        };
        Some(ScheduleError::Extension { column: self.column + at, text, fix })
    }

    fn reversed(self, from: u32, to: u32) -> ScheduleError {
        let fix = match self.unit {
            Unit::DayOfWeek if to == 0 => format!("write {from}-7, where 7 is Sunday"),
            Unit::DayOfWeek | Unit::Minute | Unit::Hour | Unit::DayOfMonth | Unit::Month => {
                let (low, high) = self.unit.span();
                format!("write {from}-{high},{low}-{to}")
            }
        };
        self.syntax(&format!("the range {} runs backwards", self.text), &fix)
    }

    fn syntax(self, message: &str, fix: &str) -> ScheduleError {
        ScheduleError::Syntax { column: self.column, message: message.to_owned(), fix: fix.to_owned() }
    }
}
