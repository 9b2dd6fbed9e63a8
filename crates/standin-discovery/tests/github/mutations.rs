//! Workflows that were damaged in many small ways: GitHub's parser and the scan must agree on every one.

use std::path::PathBuf;

use super::oracle;

const BASES: [&str; 4] = [
    include_str!("bases/nightly.yml"),
    include_str!("bases/release.yml"),
    include_str!("bases/reusable.yml"),
    include_str!("bases/plain.yml"),
];

/// How many variants there are of each.
const VARIANTS: usize = 150;

/// Words that are exchanged for one another.
const WORDS: [(&str, &str); 44] = [
    ("on:", "true:"),
    ("on:", "\"on\":"),
    ("on:", "On:"),
    ("cron: '", "cron: \""),
    ("0 3 * * *", "*/60 * * * *"),
    ("0 3 * * *", "0 0 3 * * *"),
    ("0 3 * * *", "@daily"),
    ("0 3 * * *", "0 0 30 2 *"),
    ("0 3 * * *", "0 3 * * 7"),
    ("0 3 * * *", "0 3 * * MON-FRI"),
    ("0 3 * * *", "0 25 * * *"),
    ("0 3 * * *", " 0 3 * * *"),
    ("'0 3 * * *'", "*/5 * * * *"),
    ("'0 3 * * *'", "0 3 * * *"),
    ("runs-on", "runs_on"),
    ("ubuntu-latest", ""),
    ("ubuntu-latest", "[ubuntu-latest, '']"),
    ("ubuntu-latest", "{group: a/b/c}"),
    ("ubuntu-latest", "${{ matrix.os }}"),
    ("ubuntu-latest", "${{ steps.os }}"),
    ("true", "'true'"),
    ("true", "yes"),
    ("10", "'10'"),
    ("10", "0x10"),
    ("10", "1e2"),
    ("${{ github", "${{ githb"),
    ("${{", "${{ !"),
    ("}}", "}"),
    ("}}", "|| }}"),
    ("contains(", "contain("),
    ("contains(", "contains(1, "),
    ("secrets.", "secret."),
    ("needs: ", "needs: [x, "),
    ("needs: ", "needs: un"),
    ("write", "writes"),
    ("read", "read-all"),
    ("types: [", "types: [nothing, "),
    ("type: ", "type: x"),
    ("uses: actions", "uses: ''  # actions"),
    ("uses:", "run: x\n        uses:"),
    ("name: ", "name: a: "),
    ("id: ", "id: 1"),
    ("id: ", "id: __"),
    ("with:", "With:"),
];

/// A source of numbers that is the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

fn damaged(base: &str, numbers: &mut Numbers) -> String {
    let mut lines: Vec<String> = base.lines().map(str::to_owned).collect();
    for _ in 0..=numbers.below(2) {
        let at = numbers.below(lines.len());
        match numbers.below(10) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines[at].insert_str(0, "  "),
            3 => lines[at] = lines[at].strip_prefix("  ").unwrap_or(&lines[at]).to_owned(),
            4 => {
                let other = numbers.below(lines.len());
                lines.swap(at, other);
            }
            5 => lines[at] = lines[at].replace(['\'', '"'], ""),
            6 => lines[at] = lines[at].split(": ").next().unwrap().to_owned() + ":",
            7 => lines[at] = format!("{} # what: 'ever", lines[at]),
            _ => {
                let (from, to) = WORDS[numbers.below(WORDS.len())];
                let text = lines.join("\n");
                let places = text.matches(from).count();
                let chosen = numbers.below(places);
                let text = text
                    .match_indices(from)
                    .nth(chosen)
                    .map(|(at, _)| format!("{}{to}{}", &text[..at], &text[at + from.len()..]));
                lines = text.map_or(lines, |text| text.lines().map(str::to_owned).collect());
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn githubs_parser_agrees_on_damaged_workflows() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().canonicalize().unwrap();
    let workflows = repository.join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(workflows.join("called.yml"), BASES[2]).unwrap();
    let mut numbers = Numbers(7);
    for (nth, base) in BASES.iter().enumerate() {
        std::fs::write(workflows.join(format!("base-{nth}.yml")), base).unwrap();
        for variant in 0..VARIANTS {
            std::fs::write(workflows.join(format!("v{nth}-{variant:03}.yml")), damaged(base, &mut numbers))
                .unwrap();
        }
    }
    let files: Vec<PathBuf> = oracle::workflows(&repository);
    let Some(answers) = oracle::ask(&files) else { return };
    let refused = answers.values().filter(|answer| !answer.is_loadable).count();
    assert!((100..500).contains(&refused), "{refused} of {} are refused", answers.len());
    let disagreements = oracle::disagreements(&repository, &answers);
    assert!(disagreements.is_empty(), "{} disagreements:\n{}", disagreements.len(), disagreements.join("\n"));
}
