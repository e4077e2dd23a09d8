//! What is wrong with the data: counted, with examples, and never dropped in silence.

use stepmill_sdk::prelude::*;

use crate::model::{Example, Findings, Row};
use crate::quality::{Reviewer, odd, shown};
use crate::tally::Tally;
use crate::text::count;

/// Counts bad lines by reason, and days that look odd.
///
/// Fails when the share of bad lines is above `tolerated`: statistics of what is left would mislead.
#[step]
pub fn check(rows: Rows<Row>, #[config(default = 0.05)] tolerated: f64) -> Result<Findings> {
    let (mut findings, mut reviewer) = (Findings::default(), Reviewer::default());
    let (mut problems, mut oddities) = (Tally::default(), Tally::default());
    for row in rows {
        let row = row?;
        findings.lines += 1;
        let example = Example { line: row.line, text: shown(&row.content) };
        match reviewer.review(row) {
            Err(reason) => problems.add(&reason, example),
            Ok(day) => {
                findings.days += 1;
                findings.first = findings.first.or(Some(day.date));
                findings.last = Some(day.date);
                odd(&day).inspect(|what| oddities.add(what, example));
            }
        }
    }
    let span = findings.first.zip(findings.last).map_or(0, |(first, last)| (last - first).num_days() + 1);
    findings.missing_days = u64::try_from(span).unwrap_or(0).saturating_sub(findings.days);
    (findings.problems, findings.oddities) = (problems.sorted(), oddities.sorted());
    verdict(findings, tolerated)
}

fn verdict(findings: Findings, tolerated: f64) -> Result<Findings> {
    let bad = findings.lines - findings.days;
    let Some(worst) = findings.problems.first().filter(|_| bad as f64 > tolerated * findings.lines as f64) else {
        return Ok(findings);
    };
    let (what, line) = (&worst.what, worst.examples.first().map_or(0, |example| example.line));
    let share =
        format!("{} of {} lines are bad, tolerated are {} %", count(bad), count(findings.lines), tolerated * 100.0);
    Err(StepError::permanent(format!(
        "{share}; most often {what}, first in line {line}: mend the table or raise `tolerated`"
    )))
}
