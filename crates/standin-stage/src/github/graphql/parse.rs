//! Reads a GraphQL document of one operation: fields, aliases, arguments with variables filled in, inline fragments.

use serde_json::{Map, Value};

/// A document with more parts than this is not one of ours.
const MAX_TOKENS: usize = 20_000;
const MAX_NESTING: usize = 32;

#[derive(Debug, PartialEq)]
pub(super) struct Operation {
    pub(super) mutates: bool,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Field {
    /// The name in the answer: the alias, or the name itself.
    pub(super) alias: String,
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) fields: Vec<Field>,
}

impl Field {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).and_then(Value::as_str)
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(i64),
    Mark(char),
    Spread,
}

struct Reader<'v> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    variables: &'v Value,
}

/// Reads the document; none where it is not one, or has more than the stage knows (named fragments, directives).
pub(super) fn parse(text: &str, variables: &Value) -> Option<Operation> {
    let mut reader = Reader { tokens: tokens(text)?.into_iter().peekable(), variables };
    let mut mutates = false;
    if let Some(Token::Name(kind)) = reader.tokens.peek() {
        mutates = match kind.as_str() {
            "query" => false,
            "mutation" => true,
            _ => return None,
        };
        reader.tokens.next();
        // The operation's own name and the types of its variables are not needed.
        while !matches!(reader.tokens.peek()?, Token::Mark('{' | '(')) {
            reader.tokens.next();
        }
        if reader.eat('(') {
            while !reader.eat(')') {
                reader.tokens.next()?;
            }
        }
    }
    let fields = reader.selection(0)?;
    reader.tokens.next().is_none().then_some(Operation { mutates, fields })
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(first) = rest.chars().next() {
        if tokens.len() > MAX_TOKENS {
            return None;
        }
        if first.is_whitespace() || first == ',' {
            rest = rest.get(first.len_utf8()..)?;
        } else if first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(after) = rest.strip_prefix("...") {
            tokens.push(Token::Spread);
            rest = after;
        } else if first == '"' {
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            tokens.push(Token::Text(stream.next()?.ok()?));
            rest = rest.get(stream.byte_offset()..)?;
        } else if first.is_ascii_alphanumeric() || "_-".contains(first) {
            let end =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let number = word.parse().ok().map(Token::Number);
            tokens.push(number.unwrap_or_else(|| Token::Name(word.to_owned())));
            rest = after;
        } else {
            tokens.push(Token::Mark(first));
            rest = rest.get(first.len_utf8()..)?;
        }
    }
    Some(tokens)
}

impl Reader<'_> {
    fn eat(&mut self, mark: char) -> bool {
        self.tokens.next_if_eq(&Token::Mark(mark)).is_some()
    }

    fn name(&mut self) -> Option<String> {
        match self.tokens.next()? {
            Token::Name(name) => Some(name),
            Token::Text(_) | Token::Number(_) | Token::Mark(_) | Token::Spread => None,
        }
    }

    fn selection(&mut self, depth: usize) -> Option<Vec<Field>> {
        if depth > MAX_NESTING || !self.eat('{') {
            return None;
        }
        let mut fields = Vec::new();
        while !self.eat('}') {
            if self.tokens.next_if_eq(&Token::Spread).is_some() {
                // `... on Type { … }`: the stage's objects have the fields of one type only.
                if self.tokens.next_if_eq(&Token::Name("on".into())).is_some() {
                    self.name()?;
                }
                fields.extend(self.selection(depth + 1)?);
                continue;
            }
            let mut name = self.name()?;
            let alias = name.clone();
            if self.eat(':') {
                name = self.name()?;
            }
            let mut arguments = Map::new();
            if self.eat('(') {
                while !self.eat(')') {
                    let (name, value) = self.pair(depth)?;
                    arguments.insert(name, value);
                }
            }
            let deeper = self.tokens.peek() == Some(&Token::Mark('{'));
            let inner = if deeper { self.selection(depth + 1)? } else { Vec::new() };
            fields.push(Field { alias, name, arguments, fields: inner });
        }
        Some(fields)
    }

    fn pair(&mut self, depth: usize) -> Option<(String, Value)> {
        let name = self.name()?;
        if !self.eat(':') {
            return None;
        }
        Some((name, self.value(depth + 1)?))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_NESTING {
            return None;
        }
        match self.tokens.next()? {
            Token::Text(text) => Some(Value::String(text)),
            Token::Number(number) => Some(Value::from(number)),
            Token::Name(name) => Some(match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(name),
            }),
            Token::Mark('$') => {
                let name = self.name()?;
                Some(self.variables.get(&name).cloned().unwrap_or_default())
            }
            Token::Mark('[') => {
                let mut items = Vec::new();
                while !self.eat(']') {
                    items.push(self.value(depth + 1)?);
                }
                Some(Value::Array(items))
            }
            Token::Mark('{') => {
                let mut map = Map::new();
                while !self.eat('}') {
                    let (name, value) = self.pair(depth)?;
                    map.insert(name, value);
                }
                Some(Value::Object(map))
            }
            Token::Mark(_) | Token::Spread => None,
        }
    }
}
