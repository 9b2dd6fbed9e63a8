//! The fenced blocks of the pages.

use std::path::{Path, PathBuf};

/// The pages whose blocks are run.
const PAGES: [&str; 2] = ["README.md", "docs/action.md"];

/// The files whose calls of [`block`] count.
const TESTS: [&str; 6] = [
    include_str!("action.rs"),
    include_str!("agent.rs"),
    include_str!("amazon.rs"),
    include_str!("first.rs"),
    include_str!("netlify.rs"),
    include_str!("settings.rs"),
];

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

#[derive(Debug, PartialEq, Eq)]
struct Block {
    heading: String,
    /// How many blocks stand before it below the same heading.
    nth: usize,
    text: String,
}

/// All blocks of a page in their order. A heading within a block is none.
fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let (mut heading, mut open) = ("", None::<Vec<&str>>);
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            if let Some(lines) = open.take() {
                let nth = found.iter().filter(|block| block.heading == heading).count();
                let text = lines.iter().map(|line| format!("{line}\n")).collect();
                found.push(Block { heading: heading.to_owned(), nth, text });
            } else {
                open = Some(Vec::new());
            }
        } else if let Some(lines) = &mut open {
            lines.push(line);
        } else if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim();
        }
    }
    assert!(open.is_none(), "a block of the page has no end");
    found
}

fn read(page: &str) -> Vec<Block> {
    blocks(&std::fs::read_to_string(root().join(page)).unwrap())
}

/// What stands in the block of this page below this heading; `nth` counts from 0.
pub(super) fn block(page: &str, heading: &str, nth: usize) -> String {
    let found = read(page).into_iter().find(|block| block.heading == heading && block.nth == nth);
    found.unwrap_or_else(|| panic!("{page} has no block {nth} below {heading:?}")).text
}

/// The text with each placeholder filled in. All have to occur, and none may be left.
pub(super) fn filled(text: &str, places: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (place, with) in places {
        assert!(text.contains(place), "no {place} in:\n{text}");
        // As a reader types a path with a blank in it.
        let is_quoted = place.starts_with("PATH/TO") && with.contains(' ');
        text = text.replace(place, &if is_quoted { format!("'{with}'") } else { (*with).to_owned() });
    }
    assert!(!text.contains("PATH/TO"), "a place is not filled in:\n{text}");
    text
}

#[test]
fn every_block_is_taken_by_a_test() {
    let mut left = Vec::new();
    for page in PAGES {
        let blocks = read(page);
        assert!(!blocks.is_empty(), "{page} has no blocks");
        for Block { heading, nth, .. } in blocks {
            let call = format!("block(\"{page}\", \"{heading}\", {nth})");
            if !TESTS.iter().any(|test| test.contains(&call)) {
                left.push(call);
            }
        }
    }
    assert!(left.is_empty(), "no test runs these blocks: {left:#?}");
}

#[test]
fn blocks_are_found_below_their_headings() {
    let page = "# A\n```sh\na # b\n# no heading\n```\n## B\n\n```\nx\n```\ntext\n  ```yaml\n  y: 1\n  ```\n";
    let all: Vec<_> = blocks(page).into_iter().map(|b| (b.heading, b.nth, b.text)).collect();
    let expected = [("A", 0, "a # b\n# no heading\n"), ("B", 0, "x\n"), ("B", 1, "  y: 1\n")];
    assert_eq!(all, expected.map(|(heading, nth, text)| (heading.to_owned(), nth, text.to_owned())));
}
