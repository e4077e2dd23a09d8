//! How many times were missed: exact, and fast however many.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn whole_years_are_counted_by_days() {
    let began = Instant::now();
    let (from, to) = (instant("2000-01-01T00:00:00Z"), instant("2100-01-01T00:00:00Z"));
    let days = 36_525;
    for (text, expected) in [
        ("* * * * * *", days * 86_400),
        ("* * * * *", days * 1_440),
        ("*/15 * * * *", days * 96),
        ("0 6 * * *", days),
        ("0 0 29 2 *", 25),
    ] {
        // The first instant is not counted, the last one is.
        let first = u64::from(expression(text).next_after(Timestamp(from.0 - 1), TimeZone::UTC) == Some(from));
        let last = u64::from(expression(text).next_after(Timestamp(to.0 - 1), TimeZone::UTC) == Some(to));
        let (count, _) = expression(text).pass(from, to, u64::MAX, TimeZone::UTC);
        assert_eq!(count, expected - first + last, "{text}");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn a_year_has_as_many_hours_in_berlin_as_anywhere() {
    let (from, to) = (instant("2026-01-01T00:00:00+01:00"), instant("2027-01-01T00:00:00+01:00"));
    let berlin = zone("Europe/Berlin");
    assert_eq!(expression("@hourly").pass(from, to, u64::MAX, berlin), (365 * 24, to));
    assert_eq!(expression("* * * * *").pass(from, to, u64::MAX, berlin), (365 * 1_440, to));
    // Fixed hours are times of the day: those of the overlap come once, and the 60 of the gap are made up for at the
    // instant of one that comes anyway.
    let by_the_day = expression("* 0-23 * * *").pass(from, to, u64::MAX, berlin).0;
    assert_eq!(by_the_day, 365 * 1_440 - 60);
    assert_eq!(expression("30 2 * * *").pass(from, to, u64::MAX, berlin).0, 365);
}

#[test]
fn passing_stops_at_the_last_one_that_may_be_passed() {
    for (text, place) in
        [("*/7 * * * *", "UTC"), ("30 1-3 * * *", "Europe/Berlin"), ("* * * * *", "Australia/Lord_Howe")]
    {
        let (expression, place) = (expression(text), zone(place));
        let (from, to) = (instant("2026-03-01T10:11:12Z"), instant("2026-11-15T00:00:00Z"));
        let mut times = vec![from];
        while let Some(next) = expression.next_after(*times.last().unwrap(), place).filter(|next| *next <= to) {
            times.push(next);
        }
        let all = times.len() - 1;
        for most in [0, 1, 2, 100, all / 3, all - 1, all] {
            assert_eq!(expression.pass(from, to, most as u64, place), (most as u64, times[most]), "{text} {most}");
        }
        assert_eq!(expression.pass(from, to, u64::MAX, place), (all as u64, times[all]));
    }
}

#[test]
fn a_million_missed_times_are_counted_at_once() {
    let began = Instant::now();
    let to = Timestamp(1_000_000 * 60_000);
    for place in [TimeZone::UTC, zone("Europe/Berlin")] {
        assert_eq!(expression("* * * * *").pass(Timestamp(0), to, u64::MAX, place), (1_000_000, to));
    }
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}
