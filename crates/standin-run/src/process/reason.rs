//! Why a run failed, as the end of its output tells it.

/// The line of an error, else the last line that says anything. Of a workflow only what its steps print, where they do.
pub fn reason(tail: &str) -> Option<String> {
    let bare = plain(tail);
    let lines: Vec<&str> = bare.lines().map(str::trim).filter(|line| says(line)).collect();
    let (step, late) = printed(&lines);
    let errors = || step.iter().chain(&late);
    let own = lines.iter().rfind(|line| line.starts_with("standin: "));
    own.or_else(|| errors().rfind(|line| is_error(line)))
        .or_else(|| errors().find(|line| is_of_npm(line)))
        .or_else(|| step.iter().rfind(|line| !is_noise(line)))
        .or_else(|| late.iter().rfind(|line| !is_noise(line)))
        .or_else(|| lines.last())
        .map(|line| (*line).to_owned())
}

/// What the steps printed until one failed, and what may be its own words that came late: act passes them on beside its
/// report, in no order. What comes between the steps that clean up and the end of the job is theirs.
fn printed<'a>(lines: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut step, mut late) = (Vec::new(), Vec::new());
    let (mut has_failed, mut is_cleaning) = (false, false);
    for line in lines {
        match line.split_once("]   | ") {
            Some((_, said)) if !says(said) => {}
            Some((_, said)) if !has_failed && !is_cleaning => step.push(said.trim()),
            Some((_, said)) if !is_cleaning => late.push(said.trim()),
            Some(_) => {}
            None => {
                has_failed |= line.contains("❌  Failure - ");
                is_cleaning =
                    (is_cleaning || line.contains("⭐ Run Post ")) && !line.contains("⭐ Run Complete job");
            }
        }
    }
    if step.is_empty() && late.is_empty() { (lines.to_vec(), late) } else { (step, late) }
}

fn says(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}

fn is_error(line: &str) -> bool {
    let head = line.split_once(':').map_or("", |(head, _)| head);
    let name = head.rsplit(' ').next().unwrap_or_default();
    name == "error" || name == "fatal" || name.ends_with("Error") || name.ends_with("Exception")
}

/// npm says first what was wrong, and ends with what to try.
fn is_of_npm(line: &str) -> bool {
    let said = line.strip_prefix("npm error ").or_else(|| line.strip_prefix("npm ERR! "));
    said.is_some_and(|said| !["code ", "path ", "errno ", "syscall "].iter().any(|key| said.starts_with(key)))
}

fn is_noise(line: &str) -> bool {
    let log = line.contains("complete log of this run can be found in");
    line.starts_with("Node.js v") || line.starts_with("at ") || line.starts_with("npm warn ") || log
}

/// A text without the codes that colour it.
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        all.push_str(
            part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').get(1..).unwrap_or_default(),
        );
        all
    })
}
