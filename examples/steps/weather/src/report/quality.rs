//! How far the numbers can be trusted.

use super::html::table;
use crate::model::{Finding, Findings};
use crate::text::{count, days, escape};

pub fn quality(findings: &Findings) -> String {
    let mut text = format!("<p>{}</p>\n", verdict(findings));
    if !findings.problems.is_empty() {
        text += &listed("Left out", &findings.problems);
    }
    if !findings.oddities.is_empty() {
        text += "<p>These days look odd. They were kept: the label and the measurement disagree, and nobody can say which is right.</p>\n";
        text += &listed("Kept, but odd", &findings.oddities);
    }
    text
}

fn verdict(findings: &Findings) -> String {
    let left_out = match findings.lines - findings.days {
        0 => format!("All {} lines of the table hold a usable day", count(findings.lines)),
        bad => format!("{} of {} lines of the table were left out", count(bad), count(findings.lines)),
    };
    match findings.missing_days {
        0 => format!("{left_out}; no day is missing in between."),
        missing => format!("{left_out}; {} between the first and the last cannot be found in it.", days(missing)),
    }
}

fn listed(heading: &str, findings: &[Finding]) -> String {
    let rows = findings.iter().map(|finding| {
        let examples = finding
            .examples
            .iter()
            .map(|example| format!("<li>line {}: <code>{}</code></li>", example.line, escape(&example.text)));
        let examples = format!("<ul>{}</ul>", examples.collect::<String>());
        vec![escape(&finding.what), count(finding.count), examples]
    });
    table(&[heading, "#Lines", "The first of them"], rows)
}
