//! What `gc` removed and what `verify` found.

use std::fmt::Write;

use super::{
    paint::{Paint, Style},
    table::{Align, Cell, Table},
    text::safe_text,
    units,
};
use crate::{
    app::storage::{Collected, Finding, Reason, Tally, Verified},
    ids::Timestamp,
};

/// Runs that went, a line each, then what went with them.
#[must_use]
pub fn collected(collected: &Collected, dry_run: bool, now: Timestamp, paint: Paint) -> String {
    let mut text = String::new();
    if !collected.runs.is_empty() {
        let mut table = Table::new(&[
            ("run", Align::Left),
            ("pipeline", Align::Left),
            ("started", Align::Right),
            ("because of", Align::Left),
        ]);
        for run in &collected.runs {
            let reason = match run.reason {
                Reason::Age => "age",
                Reason::Size => "size",
            };
            table.row([
                run.run.to_string().into(),
                Cell::new(Style::Strong, run.pipeline.as_str()),
                units::ago(run.created_at, now).into(),
                reason.into(),
            ]);
        }
        text.push_str(&table.render(paint));
        text.push('\n');
    }
    let parts = [
        ("outputs", collected.outputs),
        ("outputs that nothing referred to", collected.orphans),
        ("modules", collected.modules),
        ("copies in out/", collected.copies),
        ("leftovers", collected.leftovers),
    ];
    for (what, tally) in parts.into_iter().filter(|(_, tally)| tally.files > 0) {
        line(&mut text, &format!("{what}: {}", self::tally(tally)));
    }
    let total = collected.total();
    let verb = if dry_run { "would remove" } else { "removed" };
    let kept = tally(collected.kept);
    let summary = if collected.runs.is_empty() && total.files == 0 {
        format!("nothing to remove; kept {kept} of outputs")
    } else {
        let runs = units::count(collected.runs.len() as u64, "run");
        format!("{verb} {runs} and {}; kept {kept} of outputs", tally(total))
    };
    line(&mut text, &paint.text(Style::Good, &summary));
    text
}

/// Why old runs stay, and what to do about it.
#[must_use]
pub fn held_back(runs: u64, days: u32, now: Timestamp) -> String {
    let (runs, days) = (units::count(runs, "run"), units::count(days.into(), "day"));
    format!(
        "{runs} held back: more than {days} old by the clock, but not by the time in which this data directory was in use; \
         if the clock is right ({}), `stepmill gc --confirm` removes them",
        now.rfc3339()
    )
}

/// Each problem with its place and what to do, then what was looked at.
#[must_use]
pub fn verified(verified: &Verified, findings: &[Finding], paint: Paint) -> String {
    let mut text = String::new();
    for finding in findings {
        let place = paint.text(Style::Bad, &safe_text(&finding.place));
        line(&mut text, &format!("{place}: {}", safe_text(&finding.problem)));
        line(&mut text, &format!("  help: {}", finding.remedy));
    }
    let unnamed = verified.findings.saturating_sub(findings.len() as u64);
    if unnamed > 0 {
        line(&mut text, &format!("and {}", units::count(unnamed, "more problem")));
    }
    if verified.orphans.files > 0 {
        let tally = tally(verified.orphans);
        line(&mut text, &format!("{tally} of outputs that nothing refers to: `stepmill gc` removes them"));
    }
    let (style, verdict) = match verified.findings {
        0 => (Style::Good, "all is as it was written".to_owned()),
        count => (Style::Bad, units::count(count, "problem")),
    };
    line(&mut text, &format!("{}; looked at {}", paint.text(style, &verdict), progress(verified)));
    text
}

/// How far a check is.
#[must_use]
pub fn progress(verified: &Verified) -> String {
    format!(
        "{} with {}, {} of outputs, {}",
        units::count(verified.runs, "run"),
        units::count(verified.events, "event"),
        tally(verified.outputs),
        units::count(verified.modules.files, "module"),
    )
}

fn tally(tally: Tally) -> String {
    format!("{} ({})", units::count(tally.files, "file"), units::bytes(tally.bytes))
}

fn line(text: &mut String, line: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{line}");
}
