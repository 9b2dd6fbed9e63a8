//! Lists and maps between brackets, as long as they end on their line.

use super::{MAX_DEPTH, Reader};
use crate::value::{Data, Entry, Value};
use crate::yaml::{key_of, note_duplicates, plain};

impl<'a> Reader<'a> {
    /// The list or map that begins here.
    pub(super) fn flow(&mut self, depth: usize) -> Option<Value<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let is_list = self.byte(self.at)? == b'[';
        self.at += 1;
        if is_list { self.flow_list(depth + 1) } else { self.flow_map(depth + 1) }
    }

    fn flow_list(&mut self, depth: usize) -> Option<Value<'a>> {
        let start = self.items.len();
        self.pass_spaces();
        while self.byte(self.at)? != b']' {
            let item = self.flow_value(depth)?;
            self.items.push(item);
            self.flow_comma(b']')?;
        }
        self.at += 1;
        let items = self.items.drain(start..).collect();
        self.count()?;
        Some(Value::new(self.line, Data::List(items)))
    }

    fn flow_map(&mut self, depth: usize) -> Option<Value<'a>> {
        let start = self.entries.len();
        self.pass_spaces();
        while self.byte(self.at)? != b'}' {
            let key = key_of(self.flow_text()?);
            self.pass_spaces();
            if self.byte(self.at)? != b':' || self.byte(self.at + 1)? != b' ' {
                return None;
            }
            self.at += 1;
            self.pass_spaces();
            let value = self.flow_value(depth)?;
            self.entries.push(Entry { key, line: self.line, value });
            self.count()?;
            self.flow_comma(b'}')?;
        }
        self.at += 1;
        let entries: Vec<Entry<'a>> = self.entries.drain(start..).collect();
        note_duplicates(&entries, &mut self.duplicates);
        self.count()?;
        Some(Value::new(self.line, Data::Map(entries)))
    }

    /// Behind a value: a comma and something more, or the end.
    fn flow_comma(&mut self, end: u8) -> Option<()> {
        self.pass_spaces();
        match self.byte(self.at)? {
            b',' => {
                self.at += 1;
                self.pass_spaces();
                Some(())
            }
            byte if byte == end => Some(()),
            _ => None,
        }
    }

    fn flow_value(&mut self, depth: usize) -> Option<Value<'a>> {
        match self.byte(self.at)? {
            b'[' | b'{' => self.flow(depth),
            _ => {
                let data = self.flow_text()?;
                self.count()?;
                Some(Value::new(self.line, data))
            }
        }
    }

    fn flow_text(&mut self) -> Option<Data<'a>> {
        if matches!(self.byte(self.at)?, b'"' | b'\'') {
            return self.quoted().map(Data::Text);
        }
        // Signs that mean something only here and there are for the whole parser.
        if !self.may_begin(self.at) || matches!(self.byte(self.at)?, b'-' | b'?' | b':') {
            return None;
        }
        let start = self.at;
        loop {
            match self.byte(self.at)? {
                b',' | b']' | b'}' => break,
                b'\n' | b'[' | b'{' | b'#' => return None,
                b':' => match self.byte(self.at + 1)? {
                    b' ' => break,
                    b'\n' | b',' | b'[' | b']' | b'{' | b'}' => return None,
                    _ => self.at += 1,
                },
                _ => self.at += 1,
            }
        }
        let text = self.text.get(start..self.at)?.trim_end_matches(' ');
        Some(plain(text.into()))
    }
}
