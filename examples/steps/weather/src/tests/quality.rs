//! `check` and `clean`: two views of the same judgement.

use stepmill_sdk::ErrorKind;
use stepmill_sdk::prelude::*;
use stepmill_sdk::testing::call;

use super::{date, rows, seattle};
use crate::check::check;
use crate::clean::clean;
use crate::model::{Finding, Findings, Row};

const ALL: f64 = 1.0;

fn findings(lines: &str) -> Findings {
    check(Rows::from(rows(lines)), ALL).expect("everything is tolerated")
}

fn counts(findings: &[Finding]) -> Vec<(&str, u64)> {
    findings.iter().map(|finding| (finding.what.as_str(), finding.count)).collect()
}

const MIXED: &str = "2012/01/01,0,1,0,1,sun
garbage
2012/01/02,0,1,5,1,sun
2012/01/02,-1,1,0,1,sun
2012/01/02,0,1,0,-1,sun
2012/01/02,0,99,0,1,sun
2012/01/02,0,1,0,1,sun
2012/01/02,0,1,0,1,sun
2012/01/01,0,1,0,1,sun
more garbage
2012/01/05,0,1,0,1,rain
";

#[test]
fn every_bad_line_is_counted_with_its_reason() {
    let findings = findings(MIXED);
    assert_eq!((findings.lines, findings.days, findings.missing_days), (11, 3, 2));
    assert_eq!((findings.first, findings.last), (Some(date("2012-01-01")), Some(date("2012-01-05"))));
    let mut problems = counts(&findings.problems);
    assert_eq!(problems[0], ("more or fewer fields than the header", 2), "the most frequent comes first");
    problems.sort_unstable();
    let expected = [
        ("a temperature that was never seen on Earth", 1),
        ("more or fewer fields than the header", 2),
        ("precipitation is negative", 1),
        ("temp_min is above temp_max", 1),
        ("the date is out of order", 1),
        ("the date is there twice", 1),
        ("wind is negative", 1),
    ];
    assert_eq!(problems, expected);
    assert_eq!(counts(&findings.oddities), [("called rain, drizzle or snow, but has no precipitation", 1)]);
}

#[test]
fn clean_keeps_exactly_the_lines_that_check_counts_as_days() {
    let kept: Vec<_> = clean(Rows::from(rows(MIXED))).map(|day| day.expect("a day").date).collect();
    assert_eq!(kept, ["2012-01-01", "2012-01-02", "2012-01-05"].map(date));
}

#[test]
fn only_the_first_examples_are_shown() {
    let problem = &findings(&"x\n".repeat(1000)).problems[0];
    assert_eq!(problem.count, 1000);
    let lines: Vec<u64> = problem.examples.iter().map(|example| example.line).collect();
    assert_eq!((lines, problem.examples[0].text.as_str()), (vec![2, 3, 4], "x"));
}

#[test]
fn an_empty_table_has_no_findings() {
    assert_eq!(findings(""), Findings::default());
    assert!(check(Rows::from(Vec::new()), 0.0).is_ok(), "nothing is bad in nothing");
}

#[test]
fn more_bad_lines_than_tolerated_fail_the_step_for_good() {
    let lines = "2012/01/01,0,1,0,1,sun\nx\n2012/01/02,0,1,0,1,sun\n2012/01/03,0,1,0,1,sun\n";
    assert!(check(Rows::from(rows(lines)), 0.25).is_ok(), "a quarter is not more than a quarter");
    let error = check(Rows::from(rows(lines)), 0.2).expect_err("a quarter is more than a fifth");
    let expected = "1 of 4 lines are bad, tolerated are 20 %; most often more or fewer fields than the header, \
        first in line 3: mend the table or raise `tolerated`";
    assert_eq!(error.message(), expected);
    assert!(matches!(error.kind(), ErrorKind::Permanent));
}

#[test]
fn a_stream_of_something_else_fails_the_steps_that_read_it() {
    for step in ["check", "clean"] {
        let error = call(step).rows("rows", ["not a row"]).execute().value::<Row>().expect_err("a text is no row");
        assert!(error.message().contains("`rows`"), "{error}");
    }
}

#[test]
fn the_real_table_is_complete_but_its_labels_are_not_measurements() {
    let findings = check(Rows::from(seattle()), 0.0).expect("no line is bad");
    assert_eq!((findings.lines, findings.days, findings.missing_days), (1461, 1461, 0));
    let expected =
        [("called rain, drizzle or snow, but has no precipitation", 100), ("called sun, but has precipitation", 77)];
    assert_eq!(counts(&findings.oddities), expected);
}
