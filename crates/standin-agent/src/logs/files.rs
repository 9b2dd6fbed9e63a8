//! The files: one for each part and day, rotated by size, compressed when they are finished, removed by age.
//!
//! `pings.2026-01-31.log` is written now, `pings.2026-01-31.2.log.gz` was rotated for its size as the second of its
//! day, and `pings.2026-01-30.log.gz` is the last of the day before. Days are those of UTC, as the times in the lines.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use nix::fcntl::OFlag;

use super::Part;
use crate::state_dir::create_own;

/// Most files of a folder that are looked at.
const MAX_FILES: usize = 10_000;

/// Most files of one part and day; beyond it the last one grows.
const MAX_ROTATIONS: u32 = 999;

/// What a file's name says. Ordered as the files were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) part: Part,
    pub(super) date: Date,
    /// [`u32::MAX`] for the one that was not rotated for its size, which is the last of its day.
    pub(super) number: u32,
    pub(super) packed: Packed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Packed {
    No,
    Gzip,
}

impl Name {
    pub(super) const fn current(part: Part, date: Date) -> Self {
        Self { part, date, number: u32::MAX, packed: Packed::No }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, packed) = match text.strip_suffix(".gz") {
            Some(text) => (text, Packed::Gzip),
            None => (text, Packed::No),
        };
        let mut words = text.strip_suffix(".log")?.split('.');
        let (part, date, number) = (words.next()?, words.next()?, words.next());
        let number = number.map_or(Some(u32::MAX), |n| n.parse().ok().filter(|n| *n <= MAX_ROTATIONS))?;
        let name = Self { part: Part::named(part)?, date: date.parse().ok()?, number, packed };
        words.next().is_none().then_some(name)
    }

    pub(super) fn path(&self, dir: &Path) -> PathBuf {
        let Self { part, date, number, packed } = self;
        let number = if *number == u32::MAX { String::new() } else { format!(".{number}") };
        let end = match packed {
            Packed::No => "",
            Packed::Gzip => ".gz",
        };
        dir.join(format!("{part}.{date}{number}.log{end}"))
    }
}

/// The log files of a folder, in the order in which they were written.
pub(super) fn list(dir: &Path) -> Vec<Name> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let named = |entry: io::Result<fs::DirEntry>| Name::parse(entry.ok()?.file_name().to_str()?);
    let mut names: Vec<Name> = entries.take(MAX_FILES).filter_map(named).collect();
    names.sort();
    names
}

/// The writing side.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    keep_days: u16,
    rotate_bytes: u64,
    today: Date,
    open: BTreeMap<Part, Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    size: u64,
}

impl Files {
    pub(super) fn open(dir: &Path, keep_days: u16, rotate_bytes: u64) -> io::Result<Self> {
        create_own(dir)?;
        Ok(Self { dir: dir.to_owned(), keep_days, rotate_bytes, today: Date::MIN, open: BTreeMap::new() })
    }

    /// Writes one line, with its newline, into the file of its part and day.
    pub(super) fn write(&mut self, part: Part, line: &str, now: Timestamp) -> io::Result<()> {
        if day(now) != self.today {
            self.tidy(now);
        }
        let size = line.len() as u64;
        let most = self.rotate_bytes;
        if self.at(part)?.is_some_and(|open| open.size > 0 && open.size + size > most) {
            self.rotate(part)?;
        }
        let Some(open) = self.at(part)? else { return Ok(()) };
        open.file.write_all(line.as_bytes())?;
        open.size += size;
        Ok(())
    }

    /// The open file of a part.
    fn at(&mut self, part: Part) -> io::Result<Option<&mut Open>> {
        if !self.open.contains_key(&part) {
            let path = Name::current(part, self.today).path(&self.dir);
            let mut options = OpenOptions::new();
            options.append(true).create(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
            let file = options.open(path)?;
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            let size = file.metadata()?.len();
            self.open.insert(part, Open { file, size });
        }
        Ok(self.open.get_mut(&part))
    }

    fn rotate(&mut self, part: Part) -> io::Result<()> {
        let current = Name::current(part, self.today);
        let rotated = list(&self.dir).into_iter().filter(|n| n.part == part && n.date == self.today);
        let last = rotated.map(|n| n.number).filter(|n| *n <= MAX_ROTATIONS).max().unwrap_or(0);
        if last >= MAX_ROTATIONS {
            return Ok(());
        }
        let next = Name { number: last + 1, ..current };
        fs::rename(current.path(&self.dir), next.path(&self.dir))?;
        self.open.remove(&part);
        self.pack(&next)
    }

    /// Begins the day of `now`: compresses what is finished, also what an end in the middle left, and removes what is
    /// too old. What cannot be done is tried again the next day.
    pub(super) fn tidy(&mut self, now: Timestamp) {
        self.today = day(now);
        self.open.clear();
        let oldest = self.today.checked_sub(i64::from(self.keep_days).days()).unwrap_or(Date::MIN);
        for name in list(&self.dir) {
            if name.date < oldest {
                drop(fs::remove_file(name.path(&self.dir)));
            } else if name.packed == Packed::No && (name.date < self.today || name.number != u32::MAX) {
                drop(self.pack(&name));
            }
        }
    }

    /// Compresses one file. The packed one appears whole or not at all, and only then does the other go.
    fn pack(&self, name: &Name) -> io::Result<()> {
        let (from, to) = (name.path(&self.dir), Name { packed: Packed::Gzip, ..*name }.path(&self.dir));
        let unfinished = to.with_extension("gz.new");
        // What an end in the middle left. A new one is made, so that no link in its place is followed.
        drop(fs::remove_file(&unfinished));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let mut packer = GzEncoder::new(file, Compression::fast());
        io::copy(&mut File::open(&from)?, &mut packer)?;
        packer.finish()?.sync_all()?;
        fs::rename(&unfinished, &to)?;
        fs::remove_file(&from)
    }
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}
