//! Cron against a table, against an oracle that looks at a clock minute by minute, and where clocks jump.

mod counting;
mod oracle;
mod refused;

use chrono::DateTime;

use super::*;

/// Made by walking through real time with another program and another time zone library, then read by a person.
const CASES: &str = include_str!("tests/cases.txt");

fn expression(text: &str) -> CronExpr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn instant(text: &str) -> Timestamp {
    Timestamp(DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}")).timestamp_millis())
}

#[test]
fn the_table() {
    let (mut count, mut wrong) = (0, String::new());
    for case in CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [text, place, after, expected] = case.split(" | ").collect::<Vec<_>>()[..] else { panic!("{case}") };
        let (expression, zone) = (expression(text), zone(place));
        let mut now = instant(after);
        for next in expected.split(", ") {
            let found = expression.next_after(now, zone);
            if found != Some(instant(next)) {
                wrong += &format!("{case}\n  {next} is {:?}\n", found.map(Timestamp::rfc3339));
                break;
            }
            now = instant(next);
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 150, "{count}");
}

#[test]
fn times_are_whole_seconds_and_later() {
    let every_second = expression("* * * * * *");
    for (after, next) in [(0, 1_000), (1, 1_000), (999, 1_000), (1_000, 2_000), (-1, 0), (-1_000, 0), (-1_001, -1_000)]
    {
        assert_eq!(every_second.next_after(Timestamp(after), TimeZone::UTC), Some(Timestamp(next)), "{after}");
    }
}

#[test]
fn the_end_of_the_calendar_is_no_panic() {
    for text in ["* * * * *", "0 0 29 2 *", "30 2 * * *"] {
        for after in [i64::MAX, i64::MAX / 2, i64::MIN, 8_210_266_876_799_999] {
            assert_eq!(expression(text).next_after(Timestamp(after), zone("Europe/Berlin")), None, "{text} {after}");
        }
        assert_eq!(expression(text).pass(Timestamp(i64::MIN), Timestamp(i64::MAX), 9, zone("Asia/Tokyo")).0, 0);
    }
}

#[test]
fn a_leap_day_on_a_weekday_is_found_across_a_century() {
    // 2100 is no leap year, so the Sundays among the leap days are 2088 and 2128.
    let sunday = expression("0 0 29 2 */7");
    let next = sunday.next_after(instant("2088-02-29T00:00:00Z"), TimeZone::UTC);
    assert_eq!(next, Some(instant("2128-02-29T00:00:00Z")));
}

#[test]
fn expressions_and_zones_are_stored_as_they_were_written() {
    let stored = serde_json::to_string(&(expression(" 0  6 * * MON "), zone("Europe/Berlin"))).unwrap();
    assert_eq!(stored, r#"[" 0  6 * * MON ","Europe/Berlin"]"#);
    assert_eq!(
        serde_json::from_str::<(CronExpr, TimeZone)>(&stored).unwrap(),
        (expression(" 0  6 * * MON "), zone("Europe/Berlin"))
    );
    assert!(serde_json::from_str::<CronExpr>("\"0 6 * *\"").is_err());
    assert!(serde_json::from_str::<TimeZone>("\"Mars\"").is_err());
}
