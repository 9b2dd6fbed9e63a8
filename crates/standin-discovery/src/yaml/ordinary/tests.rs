//! Whatever is read here is what the whole parser reads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::read;
use crate::tests::dice::Dice;
use crate::yaml::parse_whole;

/// Whether the text was ordinary; panics where the two readers differ.
fn same(text: &str) -> bool {
    let Some(ours) = read(text) else { return false };
    match parse_whole(text) {
        Ok(theirs) => assert!(ours == theirs, "{text:?}\n{ours:#?}\n{theirs:#?}"),
        Err(fault) => panic!("{text:?}\n{ours:#?}\n{fault:?}"),
    }
    true
}

/// What is put into texts: whatever means something to YAML.
const PIECES: [&str; 58] = [
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n  ",
    "\n    ",
    ":",
    ": ",
    ":\n",
    "- ",
    "-",
    "-\n",
    "#",
    " # c",
    "# c\n",
    "'",
    "\"",
    "''",
    "\\",
    "\\n",
    "\\x41",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "|",
    "|\n",
    "|-\n",
    ">\n",
    ">-\n  ",
    "|+\n",
    "|2\n",
    "&a ",
    "*a",
    "!t ",
    "? ",
    "?",
    "%",
    "@",
    "`",
    "~",
    "null",
    "true",
    "1",
    "0x1f",
    ".5",
    "-1e3",
    "---\n",
    "...\n",
    "é",
    "⚠️",
    "\t",
    "\r\n",
    "\u{feff}",
    "key: value\n",
    "  a: [b, c]\n",
];

fn mutated(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for _ in 0..=dice.throw(3) {
        let mut at = dice.throw(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        match dice.throw(4) {
            // Something more.
            0 | 1 => text.insert_str(at, PIECES[dice.throw(PIECES.len())]),
            // Something less.
            2 => {
                let mut end = (at + 1 + dice.throw(6)).min(text.len());
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                text.replace_range(at..end, "");
            }
            // A line further in or out.
            _ => {
                let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
                if text[start..].starts_with("  ") && dice.throw(2) == 0 {
                    text.replace_range(start..start + 2, "");
                } else {
                    text.insert_str(start, &" ".repeat(1 + dice.throw(3)));
                }
            }
        }
    }
    text
}

/// Every YAML file below a folder, at most so many.
fn texts(folder: &std::path::Path, most: usize) -> Vec<String> {
    let mut folders = vec![folder.to_owned()];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(children) = std::fs::read_dir(&folder) else { continue };
        let mut children: Vec<_> = children.filter_map(|child| Some(child.ok()?.path())).collect();
        children.sort();
        for child in children {
            let is_yaml = child.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
            if child.is_dir() {
                folders.push(child);
            } else if is_yaml
                && texts.len() < most
                && let Ok(text) = std::fs::read_to_string(&child)
            {
                texts.push(text);
            }
        }
    }
    texts
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the folder is named where the test is started")]
fn a_folder_named_from_outside() {
    let Ok(folder) = std::env::var("STANDIN_YAML") else {
        println!("skipped: STANDIN_YAML names no folder with YAML of real repositories");
        return;
    };
    let rounds: usize = std::env::var("STANDIN_ROUNDS").map_or(20, |text| text.parse().unwrap());
    let texts = texts(std::path::Path::new(&folder), 5_000);
    let ordinary = texts.iter().filter(|text| same(text)).count();
    println!("{ordinary} of {} are ordinary", texts.len());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut still = 0;
    for text in &texts {
        still += (0..rounds).filter(|_| same(&mutated(text, &mut dice))).count();
    }
    println!("{still} of {} mutations are", texts.len() * rounds);
}

#[test]
fn every_fixture_and_many_changes_of_each_are_read_alike() {
    let texts = texts(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), 1_000);
    let ordinary = texts.iter().filter(|text| same(text)).count();
    assert!(ordinary * 2 > texts.len(), "only {ordinary} of {} fixtures are ordinary", texts.len());
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let changed = texts.iter().map(|text| (0..40).filter(|_| same(&mutated(text, &mut dice))).count());
    assert!(changed.sum::<usize>() > texts.len());
}

#[test]
fn what_is_ordinary_stays_so() {
    let ordinary = [
        "---\n# c\non: push\n'a b': \"x\\ty\" # c\nc:\n- d\n- e: f\n  g:\n\nh: |\n  x\n\n   y\n\n\ni: >-\n  p\n  q\n\n  r\n",
        "a: x\n  y\n\n  z # c\nb:\n  plain\n",
        "a: [b, 'c', \"d\", [1, 2], {e: f, g: 'h'}]\nb: {}\nc: []\n",
        "a:\n  - - b\n    - c\n  -\n    d: e\n  - 'f': g\n",
        "a: it's\nb: x#y\nc: ${{ github.ref == 'x' }}\nd: a:b\n",
        "a: ~\nb: null\nc: 1.5\nd: .inf\ntrue: yes\n1: 2\n",
        "a: 1\nb: 2\na: 3\n",
        "a: ⚠️\nb: |+\n  x\n\n\n",
    ];
    for text in ordinary {
        assert!(same(text), "{text:?}");
    }
}

#[test]
fn what_is_not_is_left_to_the_whole_parser() {
    let others = [
        "",
        "# c\n",
        "a",
        "- a\n",
        "a: &x 1\nb: *x\n",
        "a: !t b\n",
        "? a\n: b\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\n...\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: \"b\n  c\"\n",
        "a: [b,\n  c]\n",
        "a: |2\n   b\n",
        "a: >\n  b\n   c\n",
        "a: |\n  b",
        "a: b: c\n",
        "a:\n    b: 1\n  c: 2\n",
        "a: 'b' c\n",
        "a: [b\n",
        "\u{feff}a: b\n",
        "a: - b\n",
        "a: \"\\x41\"\n",
        "%YAML 1.2\n---\na: b\n",
        "  a: b\n",
        "a: @b\n",
        "a: [b c: d]\n",
        "a: b\n  c: d\n",
        "a: b # c\n  d\n",
    ];
    for text in others {
        assert_eq!(read(text), None, "{text:?}");
    }
}
