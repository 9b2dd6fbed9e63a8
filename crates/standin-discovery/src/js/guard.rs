//! Looks at a JavaScript text before it is parsed, because its parser recurses as deeply as the text nests.
//!
//! [`tokens`] is a hard bound: no level can nest without a word or a sign of its own, so a stack of that many levels
//! is always enough. [`too_nested`] only keeps away what would take long, and may be fooled at no greater cost.

use crate::limits::{MAX_JS_ANGLES, MAX_JS_BRACKETS};

/// Words and signs of a text, in strings and comments too: more levels than these cannot nest.
pub(crate) fn tokens(text: &str) -> usize {
    let mut count = 0_usize;
    let mut in_word = false;
    for byte in text.bytes() {
        let is_word = is_word(byte);
        let counts = if is_word { !in_word } else { !byte.is_ascii_whitespace() };
        count = count.saturating_add(usize::from(counts));
        in_word = is_word;
    }
    count
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Where a text nests too deeply to be parsed; the byte offset, or `None` when it does not.
pub(crate) fn too_nested(text: &str) -> Option<usize> {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        levels: vec![Level { bracket: 0, angles: 0 }],
        operand: Operand::Wanted,
    };
    while let Some(byte) = scan.peek(0) {
        scan.token(byte);
        let angles = scan.levels.last().map_or(0, |level| level.angles);
        if scan.levels.len() > MAX_JS_BRACKETS || angles > MAX_JS_ANGLES {
            return Some(scan.at.min(text.len()));
        }
    }
    None
}

/// Whether a `/` here begins a regular expression or divides.
#[derive(Clone, Copy, PartialEq)]
enum Operand {
    Wanted,
    Seen,
}

struct Level {
    bracket: u8,
    /// Angle brackets that are open, if they are brackets.
    angles: usize,
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    operand: Operand,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'"' | b'\'' => self.string(byte),
            b'`' => self.template(),
            b'/' => self.slash(),
            b'(' | b'[' | b'{' => self.open(byte),
            b')' | b']' | b'}' => self.close(),
            b';' | b',' => {
                self.separate();
                self.punctuation();
            }
            b'<' | b'>' => self.angle(byte),
            _ if is_word(byte) => self.word(),
            _ if byte.is_ascii_whitespace() || byte == b'.' => self.step(1),
            _ => self.punctuation(),
        }
    }

    fn punctuation(&mut self) {
        self.operand = Operand::Wanted;
        self.step(1);
    }

    fn open(&mut self, bracket: u8) {
        self.levels.push(Level { bracket, angles: 0 });
        self.punctuation();
    }

    fn close(&mut self) {
        self.step(1);
        self.operand = Operand::Seen;
        if self.levels.len() > 1
            && let Some(level) = self.levels.pop()
            && level.bracket == b'`'
        {
            self.template_rest();
        }
    }

    /// The `>` of an arrow closes nothing.
    fn angle(&mut self, byte: u8) {
        let is_arrow = self.at.checked_sub(1).and_then(|before| self.bytes.get(before)) == Some(&b'=');
        if let Some(level) = self.levels.last_mut() {
            match byte {
                b'<' => level.angles = level.angles.saturating_add(1),
                _ if is_arrow => {}
                _ => level.angles = level.angles.saturating_sub(1),
            }
        }
        self.punctuation();
    }

    fn separate(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.angles = 0;
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(is_word) {
            self.step(1);
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        let wants_operand =
            matches!(word, b"return" | b"typeof" | b"case" | b"in" | b"of" | b"else" | b"do" | b"void");
        self.operand = if wants_operand { Operand::Wanted } else { Operand::Seen };
    }

    /// A string ends at its quote or, being broken, at its line.
    fn string(&mut self, quote: u8) {
        self.step(1);
        while let Some(byte) = self.peek(0) {
            self.step(if byte == b'\\' { 2 } else { 1 });
            if byte == quote || byte == b'\n' {
                break;
            }
        }
        self.operand = Operand::Seen;
    }

    fn template(&mut self) {
        self.step(1);
        self.template_rest();
    }

    /// Up to the end of a template or the start of a substitution in it.
    fn template_rest(&mut self) {
        while let Some(byte) = self.peek(0) {
            if byte == b'$' && self.peek(1) == Some(b'{') {
                self.step(1);
                self.open(b'`');
                return;
            }
            self.step(if byte == b'\\' { 2 } else { 1 });
            if byte == b'`' {
                break;
            }
        }
        self.operand = Operand::Seen;
    }

    fn slash(&mut self) {
        match (self.peek(1), self.operand) {
            (Some(b'/'), _) => {
                while self.peek(0).is_some_and(|byte| byte != b'\n') {
                    self.step(1);
                }
            }
            (Some(b'*'), _) => {
                self.step(2);
                while self.peek(0).is_some() && !(self.peek(0) == Some(b'*') && self.peek(1) == Some(b'/')) {
                    self.step(1);
                }
                self.step(2);
            }
            (_, Operand::Wanted) => self.regular_expression(),
            (_, Operand::Seen) => self.punctuation(),
        }
    }

    /// To the closing slash that is in no class; a line break says that it was a division after all.
    fn regular_expression(&mut self) {
        let start = self.at;
        let mut in_class = false;
        self.step(1);
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => {
                    self.at = start.saturating_add(1);
                    self.operand = Operand::Wanted;
                    return;
                }
                b'\\' => self.step(1),
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.step(1);
                    self.operand = Operand::Seen;
                    return;
                }
                _ => {}
            }
            self.step(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_code_is_shallow() {
        let text = "const a = { b: [1, 2, (x) => x ? `a${b}c}` : /[/}{]+/g.test(x) / 2] };\n".repeat(5_000);
        assert_eq!(too_nested(&text), None);
        assert_eq!(too_nested(&"if (a) { b(')'); } else { c = \"(\" }\n".repeat(5_000)), None);
    }

    #[test]
    fn deep_brackets_are_seen() {
        for unit in ["[", "(", "{", "a(b, ", "`${", "x[/]/", "a<b<"] {
            assert!(too_nested(&unit.repeat(1_000)).is_some(), "{unit}");
        }
    }

    #[test]
    fn no_level_goes_uncounted() {
        assert_eq!(tokens("!!-x new new éa\n({[\"a b\"]})"), 17);
        assert_eq!(tokens(""), 0);
    }
}
