//! The nearest right name to a wrong one.

/// Less alike than this is no help.
const ENOUGH: f64 = 0.7;

/// The candidate that is most like the word, if any is like it at all.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.chars().take(200).collect::<String>().to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::jaro_winkler(&word, c), c))
        .filter(|(alike, _)| *alike >= ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, c)| c)
}
