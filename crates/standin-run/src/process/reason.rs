//! Why a run failed, as the end of its output tells it.

/// The line of an error, else the last line that says anything. Of a workflow only what the steps of the job print that
/// failed first, else which step it was.
pub fn reason(tail: &str) -> Option<String> {
    let bare = plain(tail);
    let lines: Vec<&str> = bare.lines().map(str::trim).filter(|line| says(line)).collect();
    let failed = lines.iter().find_map(|line| failure(line));
    let (step, late) = printed(&lines, failed.map(|(job, _)| job));
    let errors = || step.iter().chain(&late);
    let own = lines.iter().rfind(|line| line.starts_with("standin: "));
    let line = own
        .or_else(|| errors().rfind(|line| is_error(line)))
        .or_else(|| errors().find(|line| is_of_npm(line)))
        .or_else(|| step.iter().rfind(|line| !is_noise(line)))
        .or_else(|| late.iter().rfind(|line| !is_noise(line)));
    let silent = || {
        let (job, step) = failed?;
        let job = job.rsplit_once('/').map_or(job, |(_, job)| job).trim();
        Some(format!("the step `{step}` of the job `{job}` failed"))
    };
    line.map(|line| (*line).to_owned())
        .or_else(silent)
        .or_else(|| lines.last().map(|line| (*line).to_owned()))
}

/// The job and the step of a line that says that a step has failed.
fn failure(line: &str) -> Option<(&str, &str)> {
    let (job, step) = line.split_once("]   ❌  Failure - ")?;
    let step = step.rsplit_once(" [").map_or(step, |(step, _)| step).trim();
    Some((job, step.strip_prefix("Main ").unwrap_or(step)))
}

/// What the steps printed until one failed, and what may be its own words that came late: act passes them on beside its
/// report, in no order. What comes between the steps that clean up and the end of the job is theirs. Only of the job
/// that has failed, if one has.
fn printed<'a>(lines: &[&'a str], failed: Option<&str>) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut step, mut late) = (Vec::new(), Vec::new());
    let (mut has_failed, mut is_cleaning) = (false, false);
    let is_of_job = |line: &&str| {
        failed.is_none_or(|job| line.strip_prefix(job).is_some_and(|rest| rest.starts_with(']')))
    };
    for line in lines.iter().copied().filter(is_of_job) {
        match line.split_once("]   | ") {
            Some((_, said)) if !says(said) => {}
            Some((_, said)) if !has_failed && !is_cleaning => step.push(said.trim()),
            Some((_, said)) if !is_cleaning => late.push(said.trim()),
            Some(_) => {}
            None => {
                has_failed |= failure(line).is_some();
                is_cleaning =
                    (is_cleaning || line.contains("⭐ Run Post ")) && !line.contains("⭐ Run Complete job");
            }
        }
    }
    // What is no workflow's has no such lines: all of it counts.
    if failed.is_none() && step.is_empty() { (lines.to_vec(), late) } else { (step, late) }
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
