//! `parse` and `export`: what is read, and what is not.

use stepmill_sdk::ErrorKind;
use stepmill_sdk::prelude::*;

use super::{HEADER, date, day, file, parsed, reason, rows};
use crate::export::export;
use crate::model::{Content, Day};
use crate::monthly::monthly;
use crate::parse::parse;

fn days(lines: &str) -> Vec<Day> {
    let days = rows(lines).into_iter().map(|row| match row.content {
        Content::Day(day) => day,
        Content::Unreadable { text, reason } => panic!("{reason}: {text}"),
    });
    days.collect()
}

#[test]
fn a_line_becomes_a_day() {
    let read = &rows("2012/02/29,10.9,10.6,-2.8,4.5,rain\n")[0];
    let expected = Day {
        date: date("2012-02-29"),
        precipitation: 10.9,
        temp_max: 10.6,
        temp_min: -2.8,
        wind: 4.5,
        weather: "rain".to_owned(),
    };
    assert_eq!((read.line, &read.content), (2, &Content::Day(expected)));
}

#[test]
fn dates_have_dashes_or_slashes_and_must_exist() {
    assert_eq!(days("2012-01-31,0,1,0,1,sun\n")[0].date, date("2012-01-31"));
    for bad in ["2013/02/29", "1900-02-29", "2012-13-01", "2012-04-31", "31.1.2012", "", "yesterday"] {
        assert_eq!(reason(&rows(&format!("{bad},0,1,0,1,sun\n"))[0]), "date is not a date", "{bad}");
    }
    assert_eq!(days("2000-02-29,0,1,0,1,sun\n").len(), 1, "a leap year after all");
}

#[test]
fn numbers_are_finite() {
    for bad in ["", "x", "NaN", "inf", "-inf", "1e999", "1,5"] {
        let row = &rows(&format!("2012/01/01,\"{bad}\",1,0,1,sun\n"))[0];
        assert_eq!(reason(row), "precipitation is not a number", "{bad}");
    }
    assert_eq!(days("2012/01/01, 1.5 ,1,0,1,sun\n")[0].precipitation, 1.5, "spaces do no harm");
}

#[test]
fn quotes_carriage_returns_blank_lines_and_a_byte_order_mark_are_understood() {
    let table = "\u{feff}\"date\",precipitation,temp_max,temp_min,wind,weather\r\n\
        2012/01/01,0,1,0,1,\"sun, mostly\"\r\n\r\n  \n\"2012/01/02\",0,1,0,1,\"a \"\"kind\"\" of rain\"\r\n2012/01/03,0,1,0,1,\"\"";
    let kinds: Vec<_> = parsed(table)
        .into_iter()
        .map(|row| match row.content {
            Content::Day(day) => (row.line, day.weather),
            Content::Unreadable { reason, .. } => (row.line, reason),
        })
        .collect();
    let expected = [(2, "sun, mostly"), (5, "a \"kind\" of rain"), (6, "")];
    assert_eq!(kinds, expected.map(|(line, kind)| (line, kind.to_owned())));
}

#[test]
fn a_wrong_quote_spoils_its_own_line_only() {
    let rows = rows("\"2012/01/01,0,1,0,1,sun\n2012/01/02,0,1,0,1,\"sun\"ny\n2012/01/03,0,1,0,1,6\" of snow\n");
    assert_eq!(reason(&rows[0]), "a quote is not closed");
    assert_eq!(reason(&rows[1]), "there is text behind a closing quote");
    assert!(matches!(&rows[2].content, Content::Day(day) if day.weather == "6\" of snow"));
}

#[test]
fn columns_come_in_any_order_with_others_between() {
    let table = "Weather,station, WIND ,temp_min,temp_max,precipitation,date\nfog,KSEA,1,2,3,4,2012/01/01\n";
    let expected = Day {
        precipitation: 4.0,
        temp_max: 3.0,
        temp_min: 2.0,
        wind: 1.0,
        weather: "fog".to_owned(),
        ..day("2012-01-01")
    };
    assert_eq!(parsed(table)[0].content, Content::Day(expected));
}

#[test]
fn a_header_without_a_column_is_a_permanent_error_that_names_it() {
    for (table, named) in
        [("date,temp_max,weather\n", "no precipitation, temp_min, wind in"), ("", "no date, precipitation")]
    {
        let Err(error) = parse(file(table)) else { panic!("`{table}` was read") };
        assert!(error.message().contains(named), "{error}");
        assert!(matches!(error.kind(), ErrorKind::Permanent));
    }
}

#[test]
fn a_table_without_lines_has_no_rows() {
    assert!(parsed(HEADER).is_empty());
}

#[test]
fn lines_of_the_wrong_length_are_kept_as_they_were() {
    let rows = rows("2012/01/01,0,1\n2012/01/02,0,1,0,1,sun,extra\n2012/01/03,0,1,0,1,sun\n");
    assert_eq!(reason(&rows[0]), "more or fewer fields than the header");
    assert!(matches!(&rows[1].content, Content::Unreadable { text, .. } if text == "2012/01/02,0,1,0,1,sun,extra"));
    assert!(matches!(rows[2].content, Content::Day(_)));
}

#[test]
fn garbage_is_no_reason_to_stop() {
    let mut table = format!("{HEADER}2012/01/01,0,1,0,1,f\u{f6}g\n").into_bytes();
    table.extend([0xff, 0x00].repeat(100_000));
    table.extend(b"\n2012/01/02,0,1,0,1,fog\n");
    let rows = parsed(table);
    assert_eq!(rows.len(), 3);
    let Content::Unreadable { text, .. } = &rows[1].content else { panic!("garbage is no day") };
    assert!(text.chars().count() == 121 && text.ends_with('…'), "a long line is shortened");
    assert!(matches!(rows[2].content, Content::Day(_)));
}

#[test]
fn months_are_exported_as_a_table() {
    let months = monthly(Rows::from(vec![day("2012-02-28"), day("2012-02-29")])).expect("good days");
    let file = export(months).expect("a file");
    assert_eq!((file.name(), file.media_type()), ("months.csv", "text/csv"));
    let expected = "month,days,temp_min,temp_mean,temp_max,precipitation,wet_days,wind\n2012-02,2,10,15,20,0,0,2\n";
    assert_eq!(file.text().expect("text"), expected);
}
