//! The stored form: a string of hexadecimal digits, of the same length whatever was learned.
//!
//! The first byte is a version. Numbers are big-endian; floats are their bits, so that nothing is lost on the way.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hours::{HOURS, Hours};
use super::model::Model;
use super::{EARLIEST_S, LATEST_S, Lateness};

const VERSION: u8 = 1;

/// Bytes before they are written as digits.
const RAW_BYTES: usize = 1 + 4 + 4 + 1 + 4 + 1 + 4 + 8 + 8 + 2 * HOURS + 4 + 4 + 2 + 4 + 4 + 4 + 2;

/// The length of the stored form, in bytes.
pub const STORED_BYTES: usize = 2 * RAW_BYTES;

/// What is wrong with a stored form. Nothing was read; start again with [`Lateness::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    #[error("it has {0} bytes instead of {STORED_BYTES}")]
    Length(usize),
    #[error("it holds something other than hexadecimal digits")]
    Digit,
    #[error("it has version {0}, and this program reads {VERSION}")]
    Version(u8),
    #[error("it holds a number that no arrivals lead to")]
    Number,
}

impl Serialize for Lateness {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Digits(self))
    }
}

impl<'de> Deserialize<'de> for Lateness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `&str`: a format may hand over owned text.
        let text = String::deserialize(deserializer)?;
        read(&text).map_err(D::Error::custom)
    }
}

struct Digits<'a>(&'a Lateness);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lateness { arrivals, corrupt, strikes, text, fresh, history, last, due, hours, model } = self.0;
        let Model { cube, usual, learned, act_shift, suspect_shift, slot_log, clean } = model;
        write!(f, "{VERSION:02x}{arrivals:08x}{corrupt:08x}{strikes:02x}{text:08x}{fresh:02x}{history:08x}")?;
        write!(f, "{last:016x}{due:016x}")?;
        hours.raw().iter().try_for_each(|raw| write!(f, "{raw:04x}"))?;
        write!(f, "{:08x}{:08x}{learned:04x}", cube.to_bits(), usual.to_bits())?;
        write!(f, "{:08x}{:08x}", act_shift.to_bits(), suspect_shift.to_bits())?;
        write!(f, "{:08x}{clean:04x}", slot_log.to_bits())
    }
}

fn read(text: &str) -> Result<Lateness, Unreadable> {
    if text.len() != STORED_BYTES {
        return Err(Unreadable::Length(text.len()));
    }
    let mut digits = Reader { rest: text };
    let version = digits.u8()?;
    if version != VERSION {
        return Err(Unreadable::Version(version));
    }
    let read = Lateness {
        arrivals: digits.u32()?,
        corrupt: digits.u32()?,
        strikes: digits.u8()?,
        text: digits.u32()?,
        fresh: digits.u8()?,
        history: digits.u32()?,
        last: digits.u64()?.cast_signed(),
        due: digits.u64()?.cast_signed(),
        hours: digits.hours()?,
        model: Model {
            cube: digits.float()?,
            usual: digits.float()?,
            learned: digits.u16()?,
            act_shift: digits.float()?,
            suspect_shift: digits.float()?,
            slot_log: digits.float()?,
            clean: digits.u16()?,
        },
    };
    if is_possible(&read) { Ok(read) } else { Err(Unreadable::Number) }
}

/// Whether arrivals can have led to these numbers: a damaged record must not become a threshold.
fn is_possible(read: &Lateness) -> bool {
    let Model { cube, usual, act_shift, suspect_shift, slot_log, .. } = &read.model;
    let times = EARLIEST_S..=LATEST_S;
    let is_early = read.arrivals == 0 && read.last == 0 && read.due == 0;
    let is_timely =
        times.contains(&read.last) && read.due > read.last && read.due <= LATEST_S.saturating_mul(2);
    [*cube, *usual, *slot_log].iter().all(|number| *number >= 0.0 && number.is_finite())
        && [*act_shift, *suspect_shift].iter().all(|shift| shift.abs() <= 3.0)
        && read.hours.raw().iter().all(|raw| *raw > 0)
        && (is_early || is_timely)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Result<&str, Unreadable> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Unreadable::Digit)?;
        self.rest = rest;
        // The standard library reads "+1" too, which is never written.
        if taken.bytes().all(|byte| byte.is_ascii_hexdigit()) { Ok(taken) } else { Err(Unreadable::Digit) }
    }

    fn u64(&mut self) -> Result<u64, Unreadable> {
        u64::from_str_radix(self.digits(16)?, 16).map_err(|_| Unreadable::Digit)
    }

    fn u32(&mut self) -> Result<u32, Unreadable> {
        u32::from_str_radix(self.digits(8)?, 16).map_err(|_| Unreadable::Digit)
    }

    fn u16(&mut self) -> Result<u16, Unreadable> {
        u16::from_str_radix(self.digits(4)?, 16).map_err(|_| Unreadable::Digit)
    }

    fn u8(&mut self) -> Result<u8, Unreadable> {
        u8::from_str_radix(self.digits(2)?, 16).map_err(|_| Unreadable::Digit)
    }

    fn float(&mut self) -> Result<f32, Unreadable> {
        self.u32().map(f32::from_bits)
    }

    fn hours(&mut self) -> Result<Hours, Unreadable> {
        let mut raw = [0; HOURS];
        for hour in &mut raw {
            *hour = self.u16()?;
        }
        Ok(Hours::from_raw(raw))
    }
}
