//! Chance that is the same in each run.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

/// xorshift: no seed but its own, which is not 0.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `most`, or 0.
    pub(crate) fn throw(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap()
    }

    /// One of several.
    pub(crate) fn of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.throw(things.len())]
    }
}
