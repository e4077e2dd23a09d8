//! What conditions name: the branches that steps are in, and the steps that they wait for because of that.

use std::collections::HashSet;

use super::{
    bind::{Names, Wait, with_suggestion},
    check::{Checker, Misread},
};
use crate::definition::{
    BranchDecl, Pipeline, Spanned, StepDecl,
    condition::{Condition, Read},
    problem::Problem,
};

/// How a condition belongs to a step: the words for it, as `when` or `branch size`.
type Named<'p> = (String, &'p Spanned<Condition>);

/// The conditions that decide on a step: those of its branches up to its own case, then `when`.
pub(super) fn of<'p>(step: &'p StepDecl, pipeline: &'p Pipeline, cases: &[(usize, usize)]) -> Vec<Named<'p>> {
    let in_branches = cases.iter().filter_map(|(branch, case)| Some((pipeline.branches.get(*branch)?, *case)));
    let mut conditions: Vec<Named<'p>> = in_branches.flat_map(|(branch, case)| up_to(branch, case)).collect();
    conditions.extend(step.when.as_ref().map(|when| ("`when`".to_owned(), when)));
    conditions
}

/// The first case that is true wins, so those before a case decide on it too.
fn up_to(branch: &BranchDecl, case: usize) -> impl Iterator<Item = Named<'_>> {
    let conditions = branch.cases.iter().take(case + 1).filter_map(|(_, condition)| condition.as_ref());
    conditions.map(|condition| (format!("branch `{}`", branch.name.value), condition))
}

/// Checks what conditions read, each condition once, and that every branch has steps.
pub(super) fn check(pipeline: &Pipeline, names: &Names<'_>, checker: &Checker<'_, '_>, found: &mut Vec<Problem>) {
    for step in &pipeline.steps {
        if let Some(when) = &step.when {
            let who = format!("`when` of step `{}`", step.name.value);
            reads(&who, when, step.finally, names, checker, found);
        }
    }
    let used: HashSet<&str> =
        pipeline.steps.iter().flat_map(|step| &step.branches).map(|case| case.value.branch.as_str()).collect();
    for branch in &pipeline.branches {
        for (case, condition) in &branch.cases {
            if let Some(condition) = condition {
                let who = format!("case `{}` of branch `{}`", case.value, branch.name.value);
                reads(&who, condition, false, names, checker, found);
            }
        }
        if !used.contains(branch.name.value.as_str()) {
            let message = format!("no step is in branch `{}`", branch.name.value);
            found.push(Problem::warning("stepmill::plan::unused_branch", message, branch.name.span.clone()));
        }
    }
}

fn reads(
    who: &str,
    condition: &Spanned<Condition>,
    finally: bool,
    names: &Names<'_>,
    checker: &Checker<'_, '_>,
    found: &mut Vec<Problem>,
) {
    for read in condition.value.reads() {
        let span = &condition.span;
        let misread = match read {
            Read::Output(name, path) => {
                let from = names.step(name, span, found);
                from.and_then(|from| checker.read_output(from, path)).map(|wrong| (format!("{name}{path}"), wrong))
            }
            Read::State(name) => {
                names.step(name, span, found);
                None
            }
            Read::Param(name, path) => match names.find_param(name.as_str()) {
                Some(from) => checker.read_param(from, path).map(|wrong| (format!("params.{name}{path}"), wrong)),
                None => {
                    found.push(names.unknown_param(name, span));
                    None
                }
            },
            Read::Outcome if !finally => {
                let message = "the outcome is known only to the `when` of `finally` steps".to_owned();
                Some(("run.state".to_owned(), Misread { message, help: Some("add `finally = true`".to_owned()) }))
            }
            Read::Outcome | Read::Run(_) => None,
        };
        if let Some((what, Misread { message, help })) = misread {
            let message = format!("{who} cannot read `{what}`: {message}");
            let mut problem = Problem::error("stepmill::plan::condition", message, span.clone());
            problem.help = help;
            found.push(problem);
        }
    }
}

impl<'p> Names<'p> {
    /// The cases that a step is in; what their conditions and its own read is added to what it waits for.
    pub(super) fn conditions(
        &self,
        step: &'p StepDecl,
        pipeline: &'p Pipeline,
        waits: &mut Vec<Wait>,
        found: &mut Vec<Problem>,
    ) -> Vec<(usize, usize)> {
        let cases: Vec<(usize, usize)> =
            step.branches.iter().filter_map(|case| self.case(case, pipeline, found)).collect();
        let mut seen = HashSet::new();
        for (words, condition) in of(step, pipeline, &cases) {
            for read in condition.value.reads() {
                let (Read::Output(name, _) | Read::State(name)) = read else { continue };
                // Unknown names are reported once, where the condition is checked.
                let Some(on) = self.find_step(name.as_str()).filter(|on| seen.insert(*on)) else { continue };
                let words = format!("{words} of `{}` reads it", step.name.value);
                waits.push(Wait { on, span: condition.span.clone(), condition: true, words });
            }
        }
        cases
    }

    fn case(
        &self,
        wanted: &Spanned<crate::definition::CaseName>,
        pipeline: &Pipeline,
        found: &mut Vec<Problem>,
    ) -> Option<(usize, usize)> {
        let branch = self.branch(&wanted.value.branch, &wanted.span, found)?;
        let cases = &pipeline.branches.get(branch)?.cases;
        let case = cases.iter().position(|(name, _)| name.value == wanted.value.case);
        if case.is_none() {
            let message = format!("branch `{}` has no case `{}`", wanted.value.branch, wanted.value.case);
            let problem = Problem::error("stepmill::plan::unknown_case", message, wanted.span.clone());
            let known = cases.iter().map(|(name, _)| name.value.as_str());
            found.push(with_suggestion(problem, &wanted.value.case, known, "cases"));
        }
        case.map(|case| (branch, case))
    }
}
