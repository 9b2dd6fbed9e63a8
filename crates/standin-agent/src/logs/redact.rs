//! Secrets out of log lines.
//!
//! A line is text or one JSON object; the quotes and escapes around a secret stay, so JSON stays JSON. Nothing is
//! searched twice: each rule either takes a stretch of the text or looks at most a fixed number of bytes ahead, so the
//! time grows with the length of the line alone.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

/// What stands where a secret was.
const STARS: &str = "***";

/// What stands where a PEM block was. The blank keeps it from becoming part of a word around it.
const PEM_STARS: &str = "[PEM ***]";

/// The ends of the names of secrets, in lower case.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "private_key",
    "credential",
];

/// Names of secrets that ordinary words begin or end with: they count as whole words only, as in `DB_PASS`.
const WORDS: [&str; 3] = ["pass", "pwd", "auth"];

/// So much may follow a name before its `=` or `:`, as in `secret_key_base`.
const MAX_NAME_REST: usize = 24;

/// So many blanks may stand around a `=` or `:`.
const MAX_BLANKS: usize = 4;

/// The longest first part of a JSON web token.
const MAX_TOKEN_HEADER: usize = 512;

/// The longest second part.
const MAX_TOKEN_PAYLOAD: usize = 8_192;

/// Tokens that are known by how they begin, with the least number of characters that follow.
const PREFIXES: [(&str, usize); 26] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxa-", 8),
    ("xoxb-", 8),
    ("xoxe-", 8),
    ("xoxp-", 8),
    ("xoxr-", 8),
    ("xoxs-", 8),
    ("AKIA", 16),
    ("ASIA", 16),
    ("nfp_", 20),
    ("npm_", 30),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("sk-proj-", 16),
    ("sk-ant-", 16),
    ("hf_", 30),
    ("SG.", 20),
    ("xapp-", 8),
];

/// Paths whose next part is the right to send heartbeats.
const SECRET_PATHS: [&str; 2] = ["/ping/", "/api/push/"];

/// The text without the secrets that can be told by their form: tokens of known services, `Bearer` values, the user
/// part of URLs, values of names such as `password`, the secret part of ping URLs, PEM blocks and JSON web tokens.
///
/// Redacting twice is the same as once.
pub fn redact(text: &str) -> Cow<'_, str> {
    let form = if text.starts_with('{') { Form::Json } else { Form::Text };
    // PEM blocks first: what they are the value of must not take away their beginning.
    match pass(text, pem_at) {
        Cow::Borrowed(text) => pass(text, |b, at| secret_at(b, at, form)),
        Cow::Owned(text) => match pass(&text, |b, at| secret_at(b, at, form)) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text),
        },
    }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Anything.
    Text,
    /// One JSON object: a quote without a backslash opens or closes one of its texts.
    Json,
}

/// A stretch of the text and what to put there.
struct Hit {
    range: Range<usize>,
    stars: &'static str,
}

impl Hit {
    fn stars(range: Range<usize>) -> Option<Self> {
        (!range.is_empty()).then_some(Self { range, stars: STARS })
    }
}

fn pass(text: &str, rule: impl Fn(&[u8], usize) -> Option<Hit>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let Some(hit) = rule(bytes, at) else {
            at += 1;
            continue;
        };
        let (Some(before), true) = (text.get(copied..hit.range.start), text.is_char_boundary(hit.range.end))
        else {
            at += 1;
            continue;
        };
        out.push_str(before);
        out.push_str(hit.stars);
        copied = hit.range.end;
        at = hit.range.end.max(at + 1);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or(""));
    Cow::Owned(out)
}

fn pem_at(b: &[u8], at: usize) -> Option<Hit> {
    if !starts(b, at, "-----BEGIN ") {
        return None;
    }
    let body = at + "-----BEGIN ".len();
    // A block that is cut off ends with its text: at the end of the line's value, or of the line.
    let mut end = body;
    while end < b.len() && byte(b, end) != b'"' && !starts(b, end, "\\\"") {
        if starts(b, end, "-----END ") {
            let label = end + "-----END ".len();
            end = label + count(b, label, |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b' ');
            end += count(b, end, |c| c == b'-').min(5);
            break;
        }
        end += if starts(b, end, "\\\\") { 2 } else { 1 };
    }
    Some(Hit { range: at..end, stars: PEM_STARS })
}

fn secret_at(b: &[u8], at: usize, form: Form) -> Option<Hit> {
    match byte(b, at) {
        b':' => user_part(b, at),
        b'/' => secret_path(b, at),
        c if c.is_ascii_alphabetic() => named(b, at, form).or_else(|| word(b, at)),
        _ => None,
    }
}

/// `scheme://user:password@host`.
fn user_part(b: &[u8], at: usize) -> Option<Hit> {
    if !starts(b, at, "://") {
        return None;
    }
    let from = at + 3;
    let length = count(b, from, |c| !c.is_ascii_whitespace() && !b"/?#\"'\\<>".contains(&c));
    let last = b.get(from..from + length)?.iter().rposition(|c| *c == b'@')?;
    Hit::stars(from..from + last)
}

/// `/ping/<uuid or key>`, `/<uuid>`.
fn secret_path(b: &[u8], at: usize) -> Option<Hit> {
    let part =
        |from: usize| from..from + count(b, from, |c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    if let Some(path) = SECRET_PATHS.iter().find(|path| starts(b, at, path)) {
        return Hit::stars(part(at + path.len()));
    }
    let range = part(at + 1);
    let uuid = range.len() == 36
        && b.get(range.clone())?.iter().enumerate().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => *c == b'-',
            _ => c.is_ascii_hexdigit(),
        });
    if uuid { Hit::stars(range) } else { None }
}

/// The value of a name such as `password`.
fn named(b: &[u8], at: usize, form: Form) -> Option<Hit> {
    // Most letters begin no name.
    if !matches!(byte(b, at).to_ascii_lowercase(), b'a' | b'c' | b'p' | b's' | b't') {
        return None;
    }
    let (whole_word, mut i) = name_at(b, at)?;
    let key_quote = quote_at(b, i);
    i += key_quote.len();
    i += count_at_most(b, i, MAX_BLANKS, |c| c == b' ');
    if !matches!(byte(b, i), b'=' | b':') {
        return None;
    }
    let told = byte(b, i) == b'=' || !key_quote.is_empty();
    i += 1;
    i += count_at_most(b, i, MAX_BLANKS, |c| c == b' ');
    match whole_word {
        // `auth: failed` says how it went, and `PWD=/srv` where a program runs.
        Some("auth") if !told => return None,
        Some("pwd") if byte(b, i) == b'/' => return None,
        Some(_) | None => {}
    }
    let quote = quote_at(b, i);
    if form == Form::Json && quote == "\"" && key_quote != "\"" {
        // The text that holds the name ends here, and there is no value.
        return None;
    }
    if !quote.is_empty() {
        return Hit::stars(i + quote.len()..quoted_end(b, i + quote.len(), quote));
    }
    let mut end = bare_end(b, i);
    if ["bearer", "basic", "token"].iter().any(|w| end - i == w.len() && starts_in_any_case(b, i, w)) {
        let next = end + count_at_most(b, end, MAX_BLANKS, |c| c == b' ');
        end = bare_end(b, next).max(end);
    }
    // In JSON, stars without quotes would be no value.
    let bare_json = key_quote == "\"" && end > i;
    if bare_json { Some(Hit { range: i..end, stars: "\"***\"" }) } else { Hit::stars(i..end) }
}

/// The name of a secret that begins here: the word of [`WORDS`] that it is, if it is one, and where it ends.
fn name_at(b: &[u8], at: usize) -> Option<(Option<&'static str>, usize)> {
    if let Some(name) = NAMES.iter().find(|name| starts_in_any_case(b, at, name)) {
        let end = at + name.len();
        let belongs = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        let rest = count_at_most(b, end, MAX_NAME_REST + 1, belongs);
        return (rest <= MAX_NAME_REST).then_some((None, end + rest));
    }
    if at > 0 && byte(b, at - 1).is_ascii_alphanumeric() {
        return None;
    }
    let word = WORDS.into_iter().find(|word| starts_in_any_case(b, at, word))?;
    Some((Some(word), at + word.len()))
}

/// The quote that opens or closes here, escaped as in a text inside JSON or not.
fn quote_at(b: &[u8], at: usize) -> &'static str {
    ["\\\"", "\"", "'"].into_iter().find(|q| starts(b, at, q)).unwrap_or("")
}

/// Where a quoted value ends: before its quote, or else before whatever closes the text around it.
fn quoted_end(b: &[u8], from: usize, quote: &str) -> usize {
    let mut i = from;
    while i < b.len() && !starts(b, i, quote) && byte(b, i) != b'"' && byte(b, i) != b'\n' {
        i += if byte(b, i) == b'\\' && byte(b, i + 1).is_ascii() && i + 1 < b.len() { 2 } else { 1 };
    }
    i.min(b.len())
}

/// Where a value without quotes ends.
fn bare_end(b: &[u8], from: usize) -> usize {
    let mut i = from;
    while i < b.len() {
        match byte(b, i) {
            b'\\' if b"nrt\"".contains(&byte(b, i + 1)) => break,
            b'\\' if byte(b, i + 1) == b'\\' => i += 2,
            c if c.is_ascii_whitespace() || b"\"'&,;(){}[]<>".contains(&c) => break,
            _ => i += 1,
        }
    }
    i
}

/// Tokens that are known by how they look.
fn word(b: &[u8], at: usize) -> Option<Hit> {
    if at > 0 && byte(b, at - 1).is_ascii_alphanumeric() {
        return None;
    }
    for scheme in ["bearer ", "basic "] {
        if starts_in_any_case(b, at, scheme) {
            let from = at + scheme.len();
            let length = count(b, from, |c| c.is_ascii_alphanumeric() || b"._~+/=-".contains(&c));
            // `Basic` is a word of English as well.
            return if length >= 8 { Hit::stars(from..from + length) } else { None };
        }
    }
    if starts(b, at, "eyJ") {
        return web_token(b, at);
    }
    let (prefix, least) = PREFIXES.iter().find(|(prefix, _)| starts(b, at, prefix))?;
    // A prefix with a dot has another dot before the part that is secret.
    let dot = if prefix.ends_with('.') { b'.' } else { b'-' };
    let belongs = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-' || c == dot;
    let length = count(b, at + prefix.len(), belongs);
    if length >= *least { Hit::stars(at..at + prefix.len() + length) } else { None }
}

/// `header.payload.signature`, each in URL-safe base64.
fn web_token(b: &[u8], at: usize) -> Option<Hit> {
    let part = |from: usize, most: usize| {
        count_at_most(b, from, most, |c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    let header = at + part(at, MAX_TOKEN_HEADER);
    if byte(b, header) != b'.' {
        return None;
    }
    let payload = header + 1 + part(header + 1, MAX_TOKEN_PAYLOAD);
    let is_one = byte(b, payload) == b'.' && payload > header + 8;
    if is_one { Hit::stars(at..payload + 1 + part(payload + 1, usize::MAX)) } else { None }
}

/// The byte at a place, 0 beyond the end.
fn byte(b: &[u8], at: usize) -> u8 {
    #[cfg(test)]
    tests::work(1);
    b.get(at).copied().unwrap_or(0)
}

fn starts(b: &[u8], at: usize, with: &str) -> bool {
    b.get(at..).is_some_and(|rest| rest.starts_with(with.as_bytes()))
}

fn starts_in_any_case(b: &[u8], at: usize, with: &str) -> bool {
    b.get(at..at + with.len()).is_some_and(|found| found.eq_ignore_ascii_case(with.as_bytes()))
}

fn count(b: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    count_at_most(b, from, usize::MAX, belongs)
}

fn count_at_most(b: &[u8], from: usize, most: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let found = b.get(from..).unwrap_or_default().iter().take(most).take_while(|c| belongs(**c)).count();
    #[cfg(test)]
    tests::work(found + 1);
    found
}
