//! What is no expression, and what is said about it.

use super::*;

const FIELD_MISTAKES: &[(&str, &str, &str)] = &[
    ("60 * * * *", "minute", "60"),
    ("-1 * * * *", "minute", "-1"),
    ("1- * * * *", "minute", "1-"),
    ("1-2-3 * * * *", "minute", "1-2-3"),
    ("30-10 * * * *", "minute", "30-10"),
    ("1,,2 * * * *", "minute", "1,,2"),
    (", * * * *", "minute", ","),
    ("1, * * * *", "minute", "1,"),
    ("*/0 * * * *", "minute", "*/0"),
    ("*/60 * * * *", "minute", "*/60"),
    ("*/-5 * * * *", "minute", "*/-5"),
    ("*/ * * * *", "minute", "*/"),
    ("/5 * * * *", "minute", "/5"),
    ("*/5/5 * * * *", "minute", "*/5/5"),
    ("*5 * * * *", "minute", "*5"),
    ("** * * * *", "minute", "**"),
    ("*-5 * * * *", "minute", "*-5"),
    ("1.5 * * * *", "minute", "1.5"),
    ("mon * * * *", "minute", "mon"),
    ("? * * * *", "minute", "?"),
    ("99999999999999999999 * * * *", "minute", "99999999999999999999"),
    ("0 24 * * *", "hour", "24"),
    ("0 1-24 * * *", "hour", "1-24"),
    ("0 */24 * * *", "hour", "*/24"),
    ("0 0 0 * *", "day of the month", "0"),
    ("0 0 32 * *", "day of the month", "32"),
    ("0 0 ? * 1", "day of the month", "?"),
    ("0 0 L * *", "day of the month", "L"),
    ("0 0 15W * *", "day of the month", "15W"),
    ("0 0 1 0 *", "month", "0"),
    ("0 0 1 13 *", "month", "13"),
    ("0 0 1 foo *", "month", "foo"),
    ("0 0 1 mon *", "month", "mon"),
    ("0 0 1 jan/2 *", "month", "jan/2"),
    ("0 0 1 *feb *", "month", "*feb"),
    ("0 0 * * 8", "day of the week", "8"),
    ("0 0 * * 1-8", "day of the week", "1-8"),
    ("0 0 * * */8", "day of the week", "*/8"),
    ("0 0 * * 5-1", "day of the week", "5-1"),
    ("0 0 * * fri-mon", "day of the week", "fri-mon"),
    ("0 0 * * jan", "day of the week", "jan"),
    ("0 0 * * mo", "day of the week", "mo"),
    ("0 0 * * 1#2", "day of the week", "1#2"),
    ("0 0 * * 5L", "day of the week", "5L"),
    ("0 0 * * ö", "day of the week", "ö"),
    ("60 0 0 * * *", "second", "60"),
    ("x 0 0 * * *", "second", "x"),
];

#[test]
fn a_wrong_field_is_named() {
    for (text, name, field) in FIELD_MISTAKES {
        match text.parse::<CronExpr>() {
            Err(CronError::Field { field: found, text: shown, .. }) => {
                assert_eq!((found, shown.as_str()), (*name, *field), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_never_fires_is_refused() {
    for text in [
        "0 0 30 2 *",
        "0 0 31 2 *",
        "0 0 31 4 *",
        "0 0 31 feb,apr,jun,sep,nov *",
        "0 0 30-31 2 *",
        "0 0 30 2 */2",
        "* * * 31 2 *",
    ] {
        assert_eq!(text.parse::<CronExpr>(), Err(CronError::Never), "{text}");
    }
}

#[test]
fn other_texts_are_refused() {
    for (text, fields) in [("", 0), ("   ", 0), ("*", 1), ("* * * *", 4), ("0 0 0 1 1 * 2026", 7), ("5 minutes", 2)] {
        assert_eq!(text.parse::<CronExpr>(), Err(CronError::FieldCount(fields)), "{text:?}");
    }
    for name in ["@reboot", "@every 5m", "@Daily", "@", "@daily x"] {
        assert_eq!(name.parse::<CronExpr>(), Err(CronError::UnknownName(name.to_owned())), "{name}");
    }
}

#[test]
fn long_texts_are_refused_and_the_longest_is_read() {
    let minutes = |count: usize| format!("{} * * * *", vec!["0"; count].join(","));
    assert_eq!(minutes(5_000).parse::<CronExpr>(), Err(CronError::TooLong(10_007)));
    let longest = minutes(508) + " ";
    assert_eq!(longest.len(), MAX_CRON);
    assert!(longest.parse::<CronExpr>().is_ok());
    assert!((longest + " ").parse::<CronExpr>().is_err());
}

#[test]
fn messages_say_what_to_write() {
    let message = |text: &str| text.parse::<CronExpr>().unwrap_err().to_string();
    insta::assert_snapshot!(message("0 25 * * *"), @"its hour `25` is wrong: use numbers from 0 to 23, `*`, ranges as `1-5`, steps as `*/5`, and `,` between them");
    insta::assert_snapshot!(message("0 0 * * so"), @"its day of the week `so` is wrong: use numbers from 0 to 7 (0 and 7 are Sunday), names as `mon`, `*`, ranges as `1-5`, steps as `*/5`, and `,` between them");
    insta::assert_snapshot!(message("0 0 30 2 *"), @"it never fires: no month that it names has such a day");
    insta::assert_snapshot!(message("0 0 * *"), @"it has 4 fields; five are wanted (minute, hour, day of the month, month, day of the week), or six with the second first");
    insta::assert_snapshot!(message("@reboot"), @"`@reboot` is not known; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly");
}

#[test]
fn unknown_zones_come_with_a_suggestion() {
    for (text, meant) in [
        ("Europe/Berln", Some("Europe/Berlin")),
        ("europe/berlin", Some("Europe/Berlin")),
        ("America/NewYork", Some("America/New_York")),
        ("utc", Some("UTC")),
        ("Middle Earth", None),
        ("", None),
        ("+02:00", None),
    ] {
        let error = text.parse::<TimeZone>().unwrap_err();
        assert_eq!(error.suggestion, meant, "{text}");
        assert_eq!(error.to_string(), format!("`{text}` is not a time zone"));
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[-*/,0-9a-zA-Z@? ]{0,40}") {
        drop(text.parse::<CronExpr>());
    }

    #[test]
    fn no_text_at_all_panics(text in ".{0,40}") {
        drop(text.parse::<CronExpr>());
        drop(text.parse::<TimeZone>());
    }
}
