//! What a person sees.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

pub(super) fn render(problem: &dyn Diagnostic) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, problem)
        .unwrap();
    text
}
