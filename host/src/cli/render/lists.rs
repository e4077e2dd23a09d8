//! Runs and pipelines in lists, and logs.

use std::time::Duration;

use super::{
    paint::{Paint, Style},
    run::{is_being_cancelled, resume_command, run_state},
    table::{Align, Cell, Table},
    text::safe_text,
    units,
};
use crate::{
    dto::{DisabledPipeline, PipelineSummary, RunSummary},
    execute::ports::LogLevel,
    ids::{Name, Timestamp},
};

/// Runs, a line each; below them how to go on with one that was interrupted.
#[must_use]
pub fn runs(runs: &[(RunSummary, Timestamp)], now: Timestamp, paint: Paint) -> String {
    if runs.is_empty() {
        return "no runs yet\n".to_owned();
    }
    let mut table = Table::new(&[
        ("run", Align::Left),
        ("pipeline", Align::Left),
        ("state", Align::Left),
        ("started", Align::Right),
        ("took", Align::Right),
        ("steps", Align::Right),
    ]);
    for (run, created_at) in runs {
        let (icon, style, word) = run_state(run);
        let cancel = if is_being_cancelled(run) { ", cancel requested" } else { "" };
        let took = run.duration_ms.map(|ms| units::duration(Duration::from_millis(ms)));
        table.row([
            run.id.to_string().into(),
            Cell::new(Style::Strong, run.pipeline.as_str()),
            Cell::new(style, format!("{icon} {word}{cancel}")),
            units::ago(*created_at, now).into(),
            took.unwrap_or_default().into(),
            format!("{}/{}", run.steps.succeeded, run.steps.total()).into(),
        ]);
    }
    let mut text = table.render(paint);
    let left = |run: &RunSummary| run.interrupted && run.interruption.is_none() && !run.cancel_requested;
    if let Some((run, _)) = runs.iter().find(|(run, _)| left(run)) {
        let hint = format!("take up an interrupted run again: {}", resume_command(run.id));
        text.push_str(&format!("\n{}\n", paint.text(Style::Faint, &hint)));
    }
    text
}

/// Pipelines, a line each; below them those that are deployed and cannot run.
#[must_use]
pub fn pipelines(
    pipelines: &[(PipelineSummary, Timestamp)],
    disabled: &[DisabledPipeline],
    now: Timestamp,
    paint: Paint,
) -> String {
    let mut text = if pipelines.is_empty() { "no runs yet\n".to_owned() } else { table(pipelines, now, paint) };
    if !disabled.is_empty() {
        text.push('\n');
    }
    for DisabledPipeline { name, reason } in disabled {
        let name = paint.text(Style::Strong, name.as_str());
        let disabled = paint.text(Style::Bad, "is disabled");
        text.push_str(&format!("{name} {disabled}: {}\n", safe_text(reason)));
    }
    text
}

fn table(pipelines: &[(PipelineSummary, Timestamp)], now: Timestamp, paint: Paint) -> String {
    let mut table = Table::new(&[
        ("pipeline", Align::Left),
        ("runs", Align::Right),
        ("latest", Align::Left),
        ("started", Align::Right),
        ("run", Align::Left),
    ]);
    for (pipeline, created_at) in pipelines {
        let (icon, style, word) = run_state(&pipeline.latest);
        table.row([
            Cell::new(Style::Strong, pipeline.name.as_str()),
            pipeline.runs.to_string().into(),
            Cell::new(style, format!("{icon} {word}")),
            units::ago(*created_at, now).into(),
            Cell::new(Style::Faint, pipeline.latest.id.to_string()),
        ]);
    }
    table.render(paint)
}

/// A line of a step's log: `06:00:01.250 parse  warn  a bad row`.
#[must_use]
pub fn log_line(step: &Name, at: Timestamp, level: LogLevel, text: &str, paint: Paint) -> String {
    let (word, style) = match level {
        LogLevel::Trace => ("trace", Style::Faint),
        LogLevel::Debug => ("debug", Style::Faint),
        LogLevel::Info => ("info", Style::Plain),
        LogLevel::Warn => ("warn", Style::Doubtful),
        LogLevel::Error => ("error", Style::Bad),
    };
    format!(
        "{} {} {} {}",
        paint.text(Style::Faint, &units::time_of_day(at)),
        paint.text(Style::Busy, step.as_str()),
        paint.text(style, word),
        safe_text(text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dto::{RunState, StepCounts},
        execute::ports::LogStream,
        ids::RunId,
    };

    const NO: Paint = Paint { color: false };

    fn summary() -> RunSummary {
        RunSummary {
            id: RunId::from_bytes([7; 16]),
            pipeline: Name::new("weather").unwrap(),
            state: RunState::Failed,
            interrupted: false,
            interruption: None,
            cancel_requested: false,
            created_at: String::new(),
            finished_at: None,
            trigger: None,
            scheduled_for: None,
            duration_ms: Some(1_240),
            steps: StepCounts { succeeded: 3, failed: 1, ..StepCounts::default() },
        }
    }

    #[test]
    fn lists_are_a_line_each() {
        let (then, now) = (Timestamp(0), Timestamp(200_000));
        insta::assert_snapshot!(runs(&[(summary(), then)], now, NO), @r"
        run                                   pipeline  state       started    took  steps
        07070707-0707-0707-0707-070707070707  weather   ✗ failed  3 min ago  1.24 s    3/4
        ");
        let pipeline =
            PipelineSummary { name: Name::new("weather").unwrap(), runs: 12, latest: summary(), recent: Vec::new() };
        insta::assert_snapshot!(pipelines(&[(pipeline, then)], &[], now, NO), @r"
        pipeline  runs  latest      started  run
        weather     12  ✗ failed  3 min ago  07070707-0707-0707-0707-070707070707
        ");
    }

    #[test]
    fn an_interrupted_run_comes_with_the_command_that_takes_it_up() {
        let run = RunSummary { state: RunState::Running, interrupted: true, duration_ms: None, ..summary() };
        insta::assert_snapshot!(runs(&[(run, Timestamp(0))], Timestamp(200_000), NO), @r"
        run                                   pipeline  state            started  steps
        07070707-0707-0707-0707-070707070707  weather   ‖ interrupted  3 min ago    3/4

        take up an interrupted run again: stepmill runs resume 07070707-0707-0707-0707-070707070707
        ");
    }

    #[test]
    fn a_run_that_is_to_be_cancelled_does_not_look_like_the_others() {
        let asked = RunSummary { state: RunState::Running, cancel_requested: true, duration_ms: None, ..summary() };
        let left = RunSummary { interrupted: true, ..asked.clone() };
        let ended = RunSummary { state: RunState::Cancelled, ..asked.clone() };
        let list = [asked, left, ended].map(|run| (run, Timestamp(0)));
        insta::assert_snapshot!(runs(&list, Timestamp(200_000), NO), @r"
        run                                   pipeline  state                              started  steps
        07070707-0707-0707-0707-070707070707  weather   ▸ running, cancel requested      3 min ago    3/4
        07070707-0707-0707-0707-070707070707  weather   ‖ interrupted, cancel requested  3 min ago    3/4
        07070707-0707-0707-0707-070707070707  weather   ⊘ cancelled                      3 min ago    3/4
        ");
    }

    #[test]
    fn a_pipeline_that_cannot_run_is_listed_with_the_reason() {
        let name = Name::new("ticking").unwrap();
        let disabled = [DisabledPipeline { name, reason: "the policy does not allow `clock`".to_owned() }];
        insta::assert_snapshot!(pipelines(&[], &disabled, Timestamp(0), NO), @r"
        no runs yet

        ticking is disabled: the policy does not allow `clock`
        ");
    }

    #[test]
    fn no_runs_are_said_to_be_none() {
        assert_eq!(runs(&[], Timestamp(0), NO), "no runs yet\n");
        assert_eq!(pipelines(&[], &[], Timestamp(0), NO), "no runs yet\n");
    }

    #[test]
    fn log_lines_cannot_steer_the_terminal() {
        let line = crate::execute::ports::LogLine {
            at: Timestamp(1_250),
            level: LogLevel::Warn,
            stream: LogStream::Log,
            text: "bad\x1b[2J row\nforged".into(),
        };
        let step = Name::new("parse").unwrap();
        assert_eq!(
            log_line(&step, line.at, line.level, &line.text, NO),
            "00:00:01.250 parse warn bad\\u{1b}[2J row\\nforged"
        );
    }
}
