//! Whether steps can run at all, and whether what they take can be missing when they do.

use super::{
    bind::{Binding, Bound, Source},
    compile::join_of,
};
use crate::{
    definition::{OnError, Pipeline, StepDecl, problem::Problem},
    event::Join,
};

/// What is known of every step, by its place in the pipeline.
struct Joins<'a, 'p, 'm> {
    pipeline: &'p Pipeline,
    bindings: &'a [Binding<'p, 'm>],
    /// Whether a step may end skipped while the run goes on.
    may_skip: Vec<bool>,
    /// The cases that must have been taken when it succeeds: branch, case and the step that is in it; by branch.
    cases: Vec<Vec<(usize, usize, usize)>>,
}

/// Checks the joins of all steps, which are visited in `order`, so that each comes behind what it waits for.
pub(super) fn check(pipeline: &Pipeline, bindings: &[Binding<'_, '_>], order: &[usize], found: &mut Vec<Problem>) {
    let steps = pipeline.steps.len();
    let mut joins = Joins { pipeline, bindings, may_skip: vec![false; steps], cases: vec![Vec::new(); steps] };
    for &place in order {
        let step = &pipeline.steps[place];
        let mut counted: Vec<usize> =
            bindings[place].waits.iter().filter(|wait| !wait.condition).map(|wait| wait.on).collect();
        counted.sort_unstable();
        counted.dedup();
        found.extend(no_upstreams(step, &counted));
        found.extend(joins.behind_finally(place));
        joins.take_cases(place, &counted, found);
        joins.may_skip[place] = joins.skips(place, &counted);
        joins.absences(place, &counted, found);
    }
}

/// A rule about upstreams where there are none.
fn no_upstreams(step: &StepDecl, counted: &[usize]) -> Option<Problem> {
    let join =
        step.join.as_ref().filter(|join| counted.is_empty() && !step.finally && join.value != Join::default())?;
    let message = format!(
        "step `{}` has `join = \"{}\"`, but nothing before it that counts",
        step.name.value,
        join.value.as_str()
    );
    let problem = Problem::error("stepmill::plan::join", message, join.span.clone());
    Some(
        problem.help("give it an input of a step or `needs`, or leave `join` out; what conditions name does not count"),
    )
}

impl Joins<'_, '_, '_> {
    fn step(&self, place: usize) -> &StepDecl {
        &self.pipeline.steps[place]
    }

    fn behind_finally(&self, place: usize) -> Option<Problem> {
        let step = self.step(place);
        let waits = &self.bindings[place].waits;
        let wait = waits.iter().find(|wait| !step.finally && self.step(wait.on).finally)?;
        let on = &self.step(wait.on).name.value;
        let message = format!(
            "`{}` cannot wait for `{on}`, which runs once all steps that are not `finally` have ended",
            step.name.value
        );
        let problem = Problem::error("stepmill::plan::finally", message, wait.span.clone());
        Some(
            problem
                .says(wait.words.clone())
                .help(format!("make `{}` a `finally` step too, or `{on}` none", step.name.value)),
        )
    }

    /// Whether a step sees that an upstream ended without a result although it was to run.
    fn sees_failure(&self, place: usize, upstream: usize) -> bool {
        self.step(place).finally || self.step(upstream).on_error == OnError::Continue
    }

    /// Whether an upstream may have ended without a result when a step is decided.
    fn may_lack(&self, place: usize, upstream: usize) -> bool {
        self.sees_failure(place, upstream) || self.may_skip[upstream]
    }

    fn skips(&self, place: usize, counted: &[usize]) -> bool {
        let step = self.step(place);
        let unsatisfied = match join_of(step) {
            Join::AllSuccess => counted.iter().any(|on| self.may_lack(place, *on)),
            Join::NoneFailed => counted.iter().any(|on| self.sees_failure(place, *on)),
            Join::AnySuccess => counted.iter().all(|on| self.may_lack(place, *on)),
            Join::AllDone => false,
        };
        unsatisfied || step.when.is_some() || !step.branches.is_empty()
    }

    /// Collects the cases that a step needs, and says so if no run can take all of them.
    fn take_cases(&mut self, place: usize, counted: &[usize], found: &mut Vec<Problem>) {
        let mut cases: Vec<(usize, usize, usize)> =
            self.bindings[place].cases.iter().map(|(branch, case)| (*branch, *case, place)).collect();
        if join_of(self.step(place)) == Join::AllSuccess {
            cases.extend(counted.iter().flat_map(|on| &self.cases[*on]));
        }
        cases.sort_by_key(|(branch, ..)| *branch);
        let mut kept: Vec<(usize, usize, usize)> = Vec::with_capacity(cases.len());
        for case in cases {
            match kept.last() {
                Some(other) if other.0 == case.0 => {
                    if other.1 != case.1 {
                        found.push(self.exclusive(place, *other, case));
                        break;
                    }
                }
                _ => kept.push(case),
            }
        }
        self.cases[place] = kept;
    }

    fn exclusive(&self, place: usize, one: (usize, usize, usize), other: (usize, usize, usize)) -> Problem {
        let step = self.step(place);
        let branch = &self.pipeline.branches[one.0];
        let side = |(_, case, via): (usize, usize, usize)| {
            let case = branch.cases.get(case).map_or("?", |(name, _)| name.value.as_str());
            format!("`{}` is in case `{case}`", self.step(via).name.value)
        };
        let message = format!(
            "step `{}` can never run: {} and {} of branch `{}`, of which only one is taken",
            step.name.value,
            side(one),
            side(other),
            branch.name.value
        );
        let span = step.join.as_ref().map_or(&step.name.span, |join| &join.span).clone();
        Problem::error("stepmill::plan::unsatisfiable", message, span)
            .help("where cases meet again, write `join = \"none_failed\"` or `join = \"any_success\"`")
    }

    /// Says which inputs may be missing although their parameter cannot.
    fn absences(&self, place: usize, counted: &[usize], found: &mut Vec<Problem>) {
        let step = self.step(place);
        let join = join_of(step);
        let absent = |on: usize| match join {
            Join::AllSuccess => false,
            Join::AllDone => self.may_lack(place, on),
            Join::AnySuccess => counted.len() > 1 && self.may_lack(place, on),
            Join::NoneFailed => self.may_skip[on],
        };
        for bound in &self.bindings[place].arguments {
            if let Source::Step(on, _) = bound.source
                && !bound.parameter.optional
                && absent(on)
            {
                found.push(self.absent(step, join, bound, on));
            }
        }
        if let (Some(Source::Step(on, _)), Some(reference)) = (&self.bindings[place].for_each, &step.for_each)
            && absent(*on)
        {
            let message = format!(
                "step `{}` has nothing to run for if `{}` has no output, which `join = \"{}\"` allows",
                step.name.value,
                self.step(*on).name.value,
                join.as_str()
            );
            let problem = Problem::error("stepmill::plan::absent", message, reference.span.clone());
            found.push(problem.help("write `join = \"all_success\"`"));
        }
    }

    fn absent(&self, step: &StepDecl, join: Join, bound: &Bound<'_, '_>, on: usize) -> Problem {
        let (name, upstream) = (&bound.parameter.name, &self.step(on).name.value);
        let message = format!(
            "`{name}` of step `{}` may be missing: `join = \"{}\"` lets it run although `{upstream}` has no output",
            step.name.value,
            join.as_str()
        );
        Problem::error("stepmill::plan::absent", message, bound.span.clone())
            .says(format!("`{upstream}` may end without an output"))
            .help(format!(
                "make `{name}` an `Option` in `{}/{}`, or change `join`",
                step.uses.value.module, step.uses.value.step
            ))
    }
}
