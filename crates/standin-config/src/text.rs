//! Durations and sizes as people write them: `30s`, `1h30m`, `512MB`, `1GiB`.

use std::time::Duration;

/// Longest duration that any setting accepts: a year.
const MAX_SECONDS: u64 = 366 * 86_400;

/// Reads `250ms`, `30s`, `5m`, `2h`, `1d`, `1w` and sums such as `1h30m`.
///
/// # Errors
/// What to write instead.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    const FIX: &str = "write a whole number and a unit, such as \"30s\", \"5m\", \"2h\", \"1h30m\" or \"1d\"";
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(FIX);
    }
    let mut total = 0u64;
    // Each round takes at least one digit and one letter off, so this ends.
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic());
        let number: u64 = number.parse().map_err(|_| FIX)?;
        let scale = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return Err(FIX),
        };
        let part = number.checked_mul(scale).ok_or("write a duration of at most 366 days")?;
        total = total.checked_add(part).ok_or("write a duration of at most 366 days")?;
        rest = after.trim_start();
    }
    if total > MAX_SECONDS * 1_000 {
        return Err("write a duration of at most 366 days");
    }
    Ok(Duration::from_millis(total))
}

/// Reads `10MB` (powers of 1000) and `10MiB` (powers of 1024); the case of the letters does not matter.
pub(crate) fn size(text: &str) -> Result<u64, &'static str> {
    const FIX: &str =
        "write a whole number and a unit, such as \"512MB\" (1000 x 1000) or \"1GiB\" (1024 x 1024 x 1024)";
    let (number, unit) = split(text.trim(), |c| c.is_ascii_digit());
    let number: u64 = number.parse().map_err(|_| FIX)?;
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(FIX),
    };
    number.checked_mul(scale).ok_or("write a smaller size")
}

/// A duration as it is best written, for messages.
pub(crate) fn written(duration: Duration) -> String {
    let ms = duration.as_millis();
    let units = [(604_800_000, "w"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    for (scale, unit) in units {
        if ms > 0 && ms.is_multiple_of(scale) {
            return format!("{}{unit}", ms / scale);
        }
    }
    format!("{ms}ms")
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_and_sizes_as_people_write_them() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration(" 1h30m "), Ok(Duration::from_secs(5_400)));
        assert_eq!(duration("2w"), Ok(Duration::from_secs(14 * 86_400)));
        assert_eq!(size("10MB"), Ok(10_000_000));
        assert_eq!(size("1 GiB"), Ok(1 << 30));
        for bad in ["", "30", "s", "1.5h", "-1s", "30S", "1h 30", "99999999999d", "400d", "1y"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        for bad in ["", "10", "MB", "512M", "1.5GB", "-1MB", "99999999999999GB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in 0u64..MAX_SECONDS * 1_000) {
            let value = Duration::from_millis(ms);
            prop_assert_eq!(duration(&written(value)), Ok(value));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            let _ = duration(&text);
            let _ = size(&text);
        }
    }
}
