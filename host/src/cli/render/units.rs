//! Times and sizes with a sensible unit and at most three digits.

use std::time::Duration;

use crate::ids::Timestamp;

/// A duration: `350 µs`, `3 ms`, `12.4 ms`, `1.24 s`, `2 min 03 s`, `1 h 02 min`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let seconds = duration.as_secs_f64();
    match micros {
        0..1_000 => format!("{micros} µs"),
        // Measured in milliseconds, as runs are: zeros behind the point would claim more.
        1_000..1_000_000 if micros.is_multiple_of(1_000) => format!("{} ms", micros / 1_000),
        1_000..1_000_000 => format!("{} ms", three_digits(seconds * 1e3)),
        1_000_000..60_000_000 => format!("{} s", three_digits(seconds)),
        60_000_000..3_600_000_000 => format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60),
        _ => format!("{} h {:02} min", duration.as_secs() / 3600, duration.as_secs() / 60 % 60),
    }
}

/// A size in bytes: `0 B`, `512 B`, `1.20 KiB`, `25.6 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    // 1023.5 would be shown as 1024 of its unit.
    while size >= 1023.5 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{} {}", three_digits(size), UNITS[unit])
}

/// So many of something: `1 row`, `20 rows`.
#[must_use]
pub fn count(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// A number below 1024 with three digits.
fn three_digits(number: f64) -> String {
    // Thresholds where rounding would otherwise add a fourth digit.
    let decimals = if number < 9.995 {
        2
    } else if number < 99.95 {
        1
    } else {
        0
    };
    format!("{number:.decimals$}")
}

/// How long ago: `just now`, `5 s ago`, `3 min ago`, `2 h ago`, `4 days ago`, and the date from a month on.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.0.saturating_sub(at.0) / 1000;
    match seconds {
        ..2 => "just now".to_owned(),
        2..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "1 day ago".to_owned(),
        172_800..2_592_000 => format!("{} days ago", seconds / 86_400),
        _ => at.rfc3339().chars().take(10).collect(),
    }
}

/// How long until then: `now`, `in 4 s`, `in 3 min`, `in 2 h`, `in 5 days`. Parts of a unit count as a whole one.
#[must_use]
pub fn ahead(at: Timestamp, now: Timestamp) -> String {
    let left = at.0.saturating_sub(now.0);
    let whole = |unit: i64| left.saturating_add(unit - 1) / unit;
    match left {
        ..=0 => "now".to_owned(),
        1..1_000 => format!("in {left} ms"),
        1_000..=60_000 => format!("in {} s", whole(1_000)),
        60_001..=3_600_000 => format!("in {} min", whole(60_000)),
        3_600_001..=172_800_000 => format!("in {} h", whole(3_600_000)),
        _ => format!("in {} days", whole(86_400_000)),
    }
}

/// The time of day in UTC, such as `06:00:01.250`.
#[must_use]
pub fn time_of_day(at: Timestamp) -> String {
    clock(&at.rfc3339())
}

/// The same of a time that is written out already.
#[must_use]
pub fn clock(rfc3339: &str) -> String {
    rfc3339.chars().skip(11).take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits() {
        for (micros, text) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_000, "1 ms"),
            (12_000, "12 ms"),
            (1_204, "1.20 ms"),
            (350_000, "350 ms"),
            (1_240_000, "1.24 s"),
            (9_999_000, "10.0 s"),
            (59_999_999, "60.0 s"),
            (123_000_000, "2 min 03 s"),
            (3_720_000_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn sizes_change_unit_at_1024() {
        for (size, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1_258_291, "1.20 MiB"),
            (1_048_575, "1.00 MiB"),
            (26_843_546, "25.6 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn what_is_to_come_is_relative_too() {
        for (milliseconds, text) in [
            (-5, "now"),
            (0, "now"),
            (1, "in 1 ms"),
            (999, "in 999 ms"),
            (3_500, "in 4 s"),
            (60_000, "in 60 s"),
            (90_000, "in 2 min"),
            (7_200_000, "in 2 h"),
            (400_000_000, "in 5 days"),
        ] {
            assert_eq!(ahead(Timestamp(1_000 + milliseconds), Timestamp(1_000)), text, "{milliseconds}");
        }
    }

    #[test]
    fn ages_are_relative_to_the_given_now() {
        let now = Timestamp(1_800_000_000_000);
        for (seconds, text) in [
            (-5, "just now"),
            (5, "5 s ago"),
            (200, "3 min ago"),
            (7_300, "2 h ago"),
            (90_000, "1 day ago"),
            (400_000, "4 days ago"),
            (8_000_000, "2026-10-14"),
        ] {
            assert_eq!(ago(Timestamp(now.0 - seconds * 1000), now), text, "{seconds}");
        }
        assert_eq!(time_of_day(Timestamp(1_250)), "00:00:01.250");
    }
}
