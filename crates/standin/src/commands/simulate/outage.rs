//! `WHAT=LENGTH@TIME` on the command line.

use std::time::Duration;

use standin_sim::sim::ask::{MAX_DAYS, Outage, What};

/// Where nothing is said, an outage begins at noon.
const NOON: Duration = Duration::from_secs(12 * 3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const SHAPE: &str = "write it as github=4h@12:00";

/// Reads one outage of one of these names.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn read(text: &str, names: &[(String, What)]) -> Result<Outage, String> {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    // A name may hold the sign, what follows it may not.
    let (name, rest) = text.rsplit_once('=').ok_or_else(|| format!("`{shown}` is not an outage: {SHAPE}"))?;
    let what = what(name, names)?;
    let (length, time) = match rest.split_once('@') {
        Some((length, time)) => (length, Some(time)),
        None => (rest, None),
    };
    let length = standin_config::duration(length)
        .map_err(|fix| format!("`{shown}` does not say for how long {what} is gone: {fix}"))?;
    let from = time.map_or(Some(NOON), moment);
    let from = from.ok_or_else(|| {
        format!("`{shown}` does not say when {what} goes: {SHAPE}, or {what}=4h@2/12:00 for the second day")
    })?;
    Ok(Outage { what, from, length })
}

fn what(name: &str, names: &[(String, What)]) -> Result<What, String> {
    if let Some((_, what)) = names.iter().find(|(known, _)| known == name) {
        return Ok(what.clone());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    let known = || names.iter().map(|(known, _)| known.as_str());
    Err(match standin_config::nearest(name, known()) {
        Some(near) => format!("nothing here is called `{shown}`: did you mean `{near}`?"),
        None => {
            let list: Vec<&str> = known().take(30).collect();
            format!("nothing here is called `{shown}`: write one of {}", list.join(", "))
        }
    })
}

/// `12:00`, or `2/12:00` on the second day.
fn moment(text: &str) -> Option<Duration> {
    let (day, time) = text.split_once('/').unwrap_or(("1", text));
    let (hours, minutes) = time.split_once(':')?;
    let number = |text: &str, limit: u32| {
        let is_plain = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|n| is_plain && *n < limit)
    };
    let day = number(day, MAX_DAYS + 1)?.checked_sub(1)?;
    let (hours, minutes) = (number(hours, 24)?, number(minutes, 60)?);
    Some(DAY * day + Duration::from_secs(u64::from(hours * 3_600 + minutes * 60)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use standin_sim::sim::ask::Place;

    use super::*;

    fn names() -> Vec<(String, What)> {
        vec![
            ("github".to_owned(), What::Place(Place::Github)),
            ("workflow:a=b.yml".to_owned(), What::Automation("workflow:a=b.yml".parse().unwrap())),
        ]
    }

    #[test]
    fn an_outage_has_a_length_and_a_beginning() {
        let hours = |n: u64| Duration::from_secs(n * 3_600);
        let github = |from, length| Outage { what: What::Place(Place::Github), from, length };
        assert_eq!(read("github=4h@12:00", &names()), Ok(github(hours(12), hours(4))));
        assert_eq!(read("github=90m", &names()), Ok(github(hours(12), hours(1) + hours(1) / 2)));
        assert_eq!(read("github=1h@2/00:30", &names()), Ok(github(hours(24) + hours(1) / 2, hours(1))));
        assert_eq!(read("workflow:a=b.yml=1h@1/1:00", &names()).map(|o| o.from), Ok(hours(1)));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        for (text, fix) in [
            ("github", "is not an outage: write it as github=4h@12:00"),
            ("githb=4h@12:00", "did you mean `github`?"),
            ("zzz=4h@12:00", "write one of github, workflow:a=b.yml"),
            ("github=4@12:00", "for how long github is gone: write a whole number and a unit"),
            ("github=@12:00", "for how long github is gone"),
            ("github=4h@noon", "when github goes: write it as github=4h@12:00, or github=4h@2/12:00"),
            ("github=4h@24:00", "when github goes"),
            ("github=4h@12:60", "when github goes"),
            ("github=4h@0/12:00", "when github goes"),
            ("github=4h@32/12:00", "when github goes"),
            ("github=4h@+1:00", "when github goes"),
            ("github=4h@", "when github goes"),
        ] {
            let said = read(text, &names()).unwrap_err();
            assert!(said.contains(fix), "{text}: {said}");
        }
    }
}
