//! What is left of a run at its end: the report, the values that came out, the files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::rows::{self, Rows};
use crate::{
    app::History,
    cli::{
        args::ReportArgs,
        exit::CliError,
        files,
        output::{note, print, print_json},
        render::{self, paint::Style, units},
        settings::Settings,
    },
    dto::RunDetail,
    event::{EventKind, RunEvent},
    ids::{RunId, StepIndex, Timestamp},
    module::Form,
    output::OutputRef,
    plan::Plan,
    value,
};

/// Values up to this many bytes are printed at the end of a run.
const SMALL_VALUE: u64 = 2 * 1024;
/// The most lines of one value that are printed.
const VALUE_LINES: usize = 12;
/// The most values that are printed.
const VALUES: usize = 6;

/// A run at its end.
pub(super) struct End<'a> {
    history: &'a History,
    plan: &'a Plan,
    detail: RunDetail,
    outputs: Vec<(StepIndex, OutputRef)>,
}

impl<'a> End<'a> {
    pub(super) fn of(history: &'a History, id: RunId, plan: &'a Plan) -> Result<Self, CliError> {
        let events = history.reader().history(id).map_err(super::store_error)?;
        let mut detail = RunDetail::replay(id, plan, &events);
        detail.explain_from(history.reader(), None);
        Ok(Self { history, plan, detail, outputs: outputs(events) })
    }

    /// Reports as it was asked for, and leaves the outputs' files behind.
    pub(super) fn report(&self, settings: &Settings, report: &ReportArgs) -> Result<(), CliError> {
        if report.json {
            self.save(settings, report)?;
            print_json(&self.detail)
        } else if report.json_events {
            self.save(settings, report).map(drop)
        } else {
            self.print(settings, report)
        }
    }

    fn print(&self, settings: &Settings, report: &ReportArgs) -> Result<(), CliError> {
        let mut text = String::new();
        if settings.quiet {
            if let Some(trouble) = render::run::trouble(&self.detail, settings.stderr) {
                note(trouble.trim());
            }
        } else {
            text.push_str(&render::run::report(
                &self.detail,
                self.plan,
                Timestamp::now(),
                settings.width,
                settings.stdout,
            ));
        }
        text.push_str(&self.values(settings));
        let saved = self.save(settings, report)?;
        if !saved.is_empty() && !text.is_empty() {
            text.push('\n');
        }
        for path in saved {
            text.push_str(&format!("{} {}\n", settings.stdout.text(Style::Faint, "wrote"), path.display()));
        }
        print(&text)
    }

    /// Small values and the beginnings of streams, the declared output's last.
    fn values(&self, settings: &Settings) -> String {
        let mut text = String::new();
        let declared = |step: &StepIndex| self.plan.output == Some(*step);
        let (output, others): (Vec<_>, Vec<_>) = self.outputs.iter().partition(|(step, _)| declared(step));
        for (step, output) in others.iter().filter(|_| !settings.quiet).take(VALUES) {
            let Some(value) = self.value(output) else { continue };
            text.push_str(&self.heading(settings, *step, ""));
            text.push_str(&render::value::render(&value, VALUE_LINES, settings.width));
        }
        for (step, output) in output {
            text.push_str(&self.declared(settings, *step, output));
        }
        text
    }

    /// The run's own output.
    fn declared(&self, settings: &Settings, step: StepIndex, output: &OutputRef) -> String {
        if output.form == Form::Value {
            let Some(value) = self.value(output) else { return String::new() };
            let rendered = render::value::render(&value, VALUE_LINES, settings.width);
            return self.heading(settings, step, "") + &rendered;
        }
        let most = if settings.quiet { rows::QUIET } else { rows::SHOWN };
        let store = self.history.outputs().as_ref();
        let Ok(rows) = Rows::first(store, output, most) else { return String::new() };
        let rest = rows.total.saturating_sub(rows.items.len() as u64);
        let all = format!("stepmill runs output {}", self.detail.run.id);
        if settings.quiet {
            if rest > 0 {
                note(&format!("{rest} of {} rows are not shown: `{all}` prints all", rows.total));
            }
            return rows.lines();
        }
        let mut text = self.heading(settings, step, &units::count(rows.total, "row"));
        text.push_str(&rows.cut_lines(settings.width));
        if rest > 0 {
            let more = format!("… and {} more: {all}", units::count(rest, "row"));
            text.push_str(&format!("{}\n", settings.stdout.text(Style::Faint, &more)));
        }
        text
    }

    /// The line above a value: whose it is. Nothing if only values are wanted.
    fn heading(&self, settings: &Settings, step: StepIndex, note: &str) -> String {
        if settings.quiet {
            return String::new();
        }
        let name = settings.stdout.text(Style::Strong, self.plan.step(step).name.as_str());
        let note = if note.is_empty() { String::new() } else { format!(" · {note}") };
        format!("\n{name}{}\n", settings.stdout.text(Style::Faint, &note))
    }

    /// A small value. One that is nothing but files says no more than the list of files.
    fn value(&self, output: &OutputRef) -> Option<serde_json::Value> {
        if output.form != Form::Value || output.size > SMALL_VALUE {
            return None;
        }
        let bytes = self.history.value(output, SMALL_VALUE).ok()?;
        let json = value::json::to_json(&bytes).ok()?;
        let says_nothing = json.is_null() || json.get("$file").is_some();
        (!says_nothing).then_some(json)
    }

    /// Writes the outputs' files: where `--out` says; for people, without it, into the data directory.
    fn save(&self, settings: &Settings, report: &ReportArgs) -> Result<Vec<PathBuf>, CliError> {
        let human = !report.json && !report.json_events;
        let default = || human.then(|| settings.data_dir.join("out").join(self.detail.run.id.to_string()));
        let Some(folder) = report.out.clone().or_else(default) else { return Ok(Vec::new()) };
        let mut paths = Vec::new();
        for (step, output) in &self.outputs {
            paths.extend(self.save_step(*step, output, &folder)?);
        }
        Ok(paths)
    }

    fn save_step(&self, step: StepIndex, output: &OutputRef, folder: &Path) -> Result<Vec<PathBuf>, CliError> {
        let own = if self.plan.output == Some(step) {
            folder.to_owned()
        } else {
            folder.join(self.plan.step(step).name.as_str())
        };
        files::save(&output.files, self.history.outputs().as_ref(), &own).map_err(CliError::host)
    }
}

/// The steps' outputs, in topological order. What single items returned is part of their step's output.
fn outputs(events: Vec<RunEvent>) -> Vec<(StepIndex, OutputRef)> {
    let mut outputs = BTreeMap::new();
    let mut fanned_out = BTreeSet::new();
    for event in events {
        match event.kind {
            EventKind::FannedOut { step, .. } => {
                fanned_out.insert(step);
            }
            EventKind::AttemptSucceeded { step, output, .. } | EventKind::Carried { step, output, .. }
                if !fanned_out.contains(&step) =>
            {
                outputs.insert(step, output);
            }
            EventKind::StepSucceeded { step, output } => {
                outputs.insert(step, output);
            }
            _ => {}
        }
    }
    outputs.into_iter().collect()
}
