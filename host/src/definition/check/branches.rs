//! What branches and their cases must obey.

use super::{Places, reserved, unique};
use crate::definition::{
    draft::{BranchDraft, Draft},
    problem::Problem,
    report::Report,
};

/// The most branches of a pipeline.
const MAX_BRANCHES: usize = 1_000;
/// The most cases of a branch.
const MAX_CASES: usize = 100;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    unique("branch", &draft.branches, |branch| &branch.name, report);
    let Ok(branches) = &draft.branches else { return };
    if let Some(Ok(name)) = branches.get(MAX_BRANCHES).map(|branch| &branch.name) {
        let message = format!("the pipeline has {} branches; at most {MAX_BRANCHES} are possible", branches.len());
        report.push(
            Problem::error("stepmill::definition::too_many_branches", message, name.span.clone())
                .help("split it into several pipelines"),
        );
    }
    for branch in branches {
        reserved("branch", &branch.name, report);
        cases(branch, report);
    }
}

fn cases(branch: &BranchDraft, report: &mut Report) {
    let (Ok(cases), title) = (&branch.cases, &branch.title) else { return };
    let place = || branch.name.as_ref().map_or(0..0, |name| name.span.clone());
    if cases.is_empty() {
        let message = format!("branch `{title}` has no cases");
        report.push_absence(
            Problem::error("stepmill::definition::empty_branch", message, place())
                .help("add at least one: `CASE = \"condition\"`"),
        );
    }
    if cases.len() > MAX_CASES {
        let message = format!("branch `{title}` has {} cases; at most {MAX_CASES} are possible", cases.len());
        report.push(
            Problem::error("stepmill::definition::too_many_cases", message, place()).help("use several branches"),
        );
    }
    let mut seen = Places::new();
    for (number, (name, condition)) in cases.iter().enumerate() {
        let Ok(name) = name else { continue };
        if let Some(first) = seen.insert(name.value.as_str(), name.span.clone()) {
            let message = format!("branch `{title}` has two cases named `{}`", name.value);
            report.push(
                Problem::error("stepmill::definition::duplicate", message, name.span.clone())
                    .says("here again")
                    .also(first, "first here")
                    .help("rename or remove one of them"),
            );
        }
        if matches!(condition, Ok(None)) && number + 1 < cases.len() {
            let message = format!("case `{}` of branch `{title}` is `else`, but not the last", name.value);
            report.push(
                Problem::error("stepmill::definition::else", message, name.span.clone())
                    .help("put it last: no case behind it would ever be taken"),
            );
        }
    }
}
