//! Says before parsing how deeply a JavaScript text can nest, because its parser recurses as deeply as the text does.
//!
//! The estimate never needs to be exact, only not too low by more than a small factor: for each bracket that is open
//! it takes the longest run of operators and keywords that could nest within one another at that place.

use crate::limits::{MAX_JS_ANGLES, MAX_JS_BRACKETS, MAX_JS_NESTING};

/// Words that a statement or an expression of its own can follow, so that a chain of them nests.
const NESTING_WORDS: [&str; 21] = [
    "if", "else", "for", "while", "do", "with", "new", "await", "yield", "typeof", "void", "delete", "async",
    "class", "extends", "keyof", "unique", "readonly", "infer", "function", "in",
];

/// Words that only begin a statement: whatever expression came before has ended.
const STATEMENT_WORDS: [&str; 6] = ["const", "var", "export", "return", "throw", "case"];

/// Words that go on with what a closing brace has ended.
const CONTINUING_WORDS: [&str; 10] =
    ["else", "while", "catch", "finally", "in", "instanceof", "of", "as", "satisfies", "extends"];

/// Where a text nests too deeply to be parsed; the byte offset, or `None` when it does not.
pub(crate) fn too_nested(text: &str) -> Option<usize> {
    let mut scan =
        Scan { bytes: text.as_bytes(), at: 0, levels: vec![Level::new(0)], sum: 0, operand: Operand::Wanted };
    while let Some(byte) = scan.peek(0) {
        scan.token(byte);
        let angles = scan.levels.last().map_or(0, |level| level.angles);
        if scan.levels.len() > MAX_JS_BRACKETS || scan.sum > MAX_JS_NESTING || angles > MAX_JS_ANGLES {
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
    /// The chain since the last separator.
    chain: usize,
    /// The longest chain so far: what was opened before a separator may still be open.
    longest: usize,
    /// Angle brackets that are open, if they are brackets.
    angles: usize,
}

impl Level {
    const fn new(bracket: u8) -> Self {
        Self { bracket, chain: 0, longest: 0, angles: 0 }
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    /// The sum of all open levels and of their longest chains.
    sum: usize,
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
            b'=' | b'?' | b':' | b'!' | b'~' | b'+' | b'-' | b'*' | b'@' => {
                self.chain();
                self.punctuation();
            }
            _ if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80 => self.word(),
            _ if byte.is_ascii_whitespace() || byte == b'.' => self.step(1),
            _ => self.punctuation(),
        }
    }

    fn punctuation(&mut self) {
        self.operand = Operand::Wanted;
        self.step(1);
    }

    fn open(&mut self, bracket: u8) {
        self.levels.push(Level::new(bracket));
        self.sum = self.sum.saturating_add(1);
        self.punctuation();
    }

    fn close(&mut self) {
        let is_brace = self.peek(0) == Some(b'}');
        self.step(1);
        self.operand = Operand::Seen;
        if self.levels.len() > 1
            && let Some(level) = self.levels.pop()
        {
            self.sum = self.sum.saturating_sub(level.longest.saturating_add(1));
            if level.bracket == b'`' {
                self.template_rest();
            } else if is_brace && self.statement_follows() {
                self.separate();
            }
        }
    }

    /// Whether what stands behind a closing brace can only begin a statement: a word that continues nothing.
    fn statement_follows(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default().trim_ascii_start();
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = rest.get(..end).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or("");
        !word.is_empty() && !CONTINUING_WORDS.contains(&word)
    }

    fn chain(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.chain = level.chain.saturating_add(1);
            if level.chain > level.longest {
                level.longest = level.chain;
                self.sum = self.sum.saturating_add(1);
            }
        }
    }

    /// The `>` of an arrow closes nothing.
    fn angle(&mut self, byte: u8) {
        let is_arrow = self.at.checked_sub(1).and_then(|before| self.bytes.get(before)) == Some(&b'=');
        if byte == b'<' {
            self.chain();
        }
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
            level.chain = 0;
            level.angles = 0;
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80) {
            self.step(1);
        }
        let word =
            self.bytes.get(start..self.at).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or("");
        self.operand = Operand::Seen;
        if STATEMENT_WORDS.contains(&word) {
            self.separate();
            self.operand = Operand::Wanted;
        } else if NESTING_WORDS.contains(&word) {
            self.chain();
            self.operand = Operand::Wanted;
        }
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
    fn whatever_nests_is_seen() {
        for unit in [
            "[", "(", "{", "!", "a=", "a?b:", "x=>", "if(a)", "else ", "`${", "typeof ", "new ", "\"]\"[",
            "a<", "-\n",
        ] {
            assert!(too_nested(&unit.repeat(10_000)).is_some(), "{unit}");
        }
    }
}
