//! Numbers, texts and lists as bytes: numbers seven bits at a time, everything else with its length before it.

/// Room for so many items is made before any is read, whatever a length says.
const ROOM: usize = 1_024;

/// Takes bytes out of a cache. What is not there, or is no text, is nothing: the cache is damaged then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is not taken yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << place;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        self.number().map(u64::cast_signed)
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(super) fn piece(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (piece, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(piece)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.piece()?).ok()
    }

    /// A list of what `one` takes.
    pub(super) fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = usize::try_from(self.number()?).ok()?;
        let mut list = Vec::with_capacity(length.min(ROOM));
        for _ in 0..length {
            list.push(one(self)?);
        }
        Some(list)
    }
}

pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, number.cast_unsigned());
}

pub(super) fn put_length(out: &mut Vec<u8>, length: usize) {
    put_number(out, u64::try_from(length).unwrap_or(u64::MAX));
}

pub(super) fn put_piece(out: &mut Vec<u8>, piece: &[u8]) {
    put_length(out, piece.len());
    out.extend_from_slice(piece);
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_piece(out, text.as_bytes());
}

pub(super) fn put_list<T>(out: &mut Vec<u8>, list: &[T], one: impl Fn(&mut Vec<u8>, &T)) {
    put_length(out, list.len());
    list.iter().for_each(|item| one(out, item));
}

/// Eight bytes at a time; whatever changes a byte changes it.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(FACTOR).rotate_left(29);
    let mut words = bytes.chunks_exact(8);
    let sum = words.by_ref().fold(0, |sum, word| mix(sum, word.try_into().map_or(0, u64::from_le_bytes)));
    let sum = words.remainder().iter().fold(sum, |sum, byte| mix(sum, u64::from(*byte) | 0x100));
    mix(sum, u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}
