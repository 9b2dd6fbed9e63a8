//! Any name as part of a ref's name or of a key, and back.
//!
//! Git forbids much in the names of refs, and keeps them as files: a ref cannot lie below another one, and no part may
//! be longer than a file's name. What Git takes, other stores and their addresses take too. So everything but letters, digits and hyphens is written as `=` and two hexadecimal
//! digits, the slash included, and a long name is cut into parts that end with `=`, which no whole name does. The
//! name of a prefix is a prefix of the name.

/// No part is longer than this, in bytes; a file system allows 255, of which Git needs some.
const MAX_PART: usize = 200;

/// The name as the store has it.
pub(crate) fn encode(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut part = 0;
    for byte in name.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || byte == b'-';
        let width = if is_plain { 1 } else { 3 };
        if part + width >= MAX_PART {
            text.push_str("=/");
            part = 0;
        }
        part += width;
        if is_plain {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("={byte:02x}"));
        }
    }
    text
}

/// The name that it stands for; `None` when no name is written so.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'=' => match rest.next()? {
                b'/' => {}
                high => bytes.push(digit(high)? << 4 | digit(rest.next()?)?),
            },
            plain => bytes.push(plain),
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    (encode(&name) == text).then_some(name)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::MAX_NAME_BYTES;

    #[test]
    fn names_come_back_and_are_such_as_git_allows() {
        let ends = ["a", "a.lock", "..", "@{", "a b", "~^:?*[\\", "a/b", "=", "A-9", "%2F", "/"];
        let long = ["/".repeat(MAX_NAME_BYTES), "n".repeat(MAX_NAME_BYTES), "x/".repeat(MAX_NAME_BYTES / 2)];
        for name in ends.into_iter().map(str::to_owned).chain(long) {
            let text = encode(&name);
            assert_eq!(decode(&text).as_deref(), Some(&*name));
            assert!(text.split('/').all(|part| !part.is_empty() && part.len() <= MAX_PART + 1), "{text}");
            assert!(!text.ends_with('='), "{text}");
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-=/".contains(&b)), "{text}");
        }
    }

    #[test]
    fn no_name_is_a_folder_of_another_and_prefixes_stay() {
        let name = "p/".repeat(MAX_NAME_BYTES / 2);
        for cut in 1..name.len() {
            let (short, long) = (encode(&name[..cut]), encode(&name));
            assert!(long.starts_with(&short), "{short}");
            assert!(!long.starts_with(&format!("{short}/")), "{short}");
        }
    }

    #[test]
    fn what_was_not_written_so_is_no_name() {
        for text in ["a.b", "=", "=4", "=zz", "=61", "a/b", "a=/b", "=FF", "=ff"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
