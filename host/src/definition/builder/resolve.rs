//! From what the builder collected to a draft, which is checked like one from a file.

mod triggers;

use super::{BranchParts, Link, Literal, ParamParts, Parts, Setting, StepParts, Target};
use crate::{
    definition::{
        CaseName, ConfigValue, Reference, Spanned,
        condition::Condition,
        draft::{Argument, BranchDraft, Draft, ModuleDraft, ParamDraft, Read, RetryDraft, StepDraft, is_too_deep},
        mistake,
        problem::Problem,
        report::{Report, Reported},
    },
    ids::Name,
};
use serde_json::Value as Json;

/// Resolves all handles to names.
pub(super) fn draft(parts: &Parts, report: &mut Report) -> Draft {
    let name = name("name of the pipeline", &parts.name, report);
    let modules = parts
        .modules
        .iter()
        .map(|(module, path)| ModuleDraft {
            name: self::name("name of a module", module, report),
            path: Ok(Spanned::built(path.clone())),
        })
        .collect();
    let mut names = Names {
        params: parts.params.iter().map(|param| self::name("name of a parameter", &param.name, report)).collect(),
        steps: parts.steps.iter().map(|step| self::name("name of a step", &step.name, report)).collect(),
        report,
    };
    let params = parts.params.iter().zip(names.params.clone()).map(|(parts, name)| names.param(parts, name)).collect();
    let steps = parts
        .steps
        .iter()
        .zip(names.steps.clone())
        .map(|(step, name)| names.step(step, name, &parts.branches))
        .collect();
    let branches = parts.branches.iter().map(|parts| names.branch(parts)).collect();
    let triggers = parts.triggers.iter().map(|parts| names.trigger(parts)).collect();
    let output = parts.output.map(|target| names.step_name("`output`", target)).transpose();
    Draft {
        name,
        description: Ok(parts.description.clone()),
        output,
        modules: Ok(modules),
        params: Ok(params),
        steps: Ok(steps),
        branches: Ok(branches),
        triggers: Ok(triggers),
    }
}

/// The names behind the handles.
struct Names<'r> {
    params: Vec<Read<Spanned<Name>>>,
    steps: Vec<Read<Spanned<Name>>>,
    report: &'r mut Report,
}

impl Names<'_> {
    fn param(&mut self, parts: &ParamParts, name: Read<Spanned<Name>>) -> ParamDraft {
        let who = format!("the default of parameter `{}`", parts.name);
        ParamDraft {
            name,
            kind: Ok(parts.kind),
            description: Ok(parts.description.clone()),
            default: parts.default.as_ref().map(|literal| self.literal(&who, literal).map(Spanned::built)).transpose(),
        }
    }

    fn step(&mut self, parts: &StepParts, name: Read<Spanned<Name>>, branches: &[BranchParts]) -> StepDraft {
        let uses = parts.uses.parse().map(Spanned::built);
        let uses = uses.map_err(|error| self.report.push(mistake::bad_use(&parts.name, &parts.uses, &error, 0..0)));
        let mut step = StepDraft::new(&parts.name, name, uses);
        step.inputs = Ok(parts.inputs.iter().map(|(name, link)| self.input(&parts.name, name, link)).collect());
        step.config = Ok(parts.config.iter().map(|(name, value)| self.config(&parts.name, name, value)).collect());
        let who = format!("`needs` of step `{}`", parts.name);
        step.needs = Ok(parts.needs.iter().map(|target| self.step_name(&who, *target)).collect());
        step.on_error = Ok(parts.on_error.map(Spanned::built));
        step.limits = Ok(parts.limits.iter().map(|(key, value)| (*key, Ok(Spanned::built(*value)))).collect());
        self.flow(parts, &mut step, branches);
        step
    }

    fn flow(&mut self, parts: &StepParts, step: &mut StepDraft, branches: &[BranchParts]) {
        let title = &parts.name;
        step.join = Ok(parts.join.map(Spanned::built));
        let case = |place: &Option<(usize, usize)>| self.case(&format!("branch of step `{title}`"), *place, branches);
        step.branches = Ok(parts.branches.iter().map(case).collect());
        step.when = parts
            .when
            .as_ref()
            .map(|text| self.condition(&format!("`when` of step `{title}`"), text).map(Spanned::built))
            .transpose();
        let who = format!("`for_each` of step `{title}`");
        step.for_each = parts.for_each.as_ref().map(|link| self.link(&who, link).map(Spanned::built)).transpose();
        step.max_parallel = Ok(parts.max_parallel.map(Spanned::built));
        step.retry = Ok(parts.retry.clone().map(|retry| RetryDraft::new(Spanned::built(retry))));
        step.allow_failure = Ok(Some(Spanned::built(parts.allow_failure)));
        step.finally = Ok(Some(Spanned::built(parts.finally)));
        step.grants = Ok(parts.grants.iter().map(|grant| Spanned::built(grant.clone())).collect());
        step.cache = Ok(Some(Spanned::built(!parts.uncached)));
    }

    fn branch(&mut self, parts: &BranchParts) -> BranchDraft {
        let cases = parts.cases.iter().map(|(case, condition)| {
            let who = format!("`{case}` of branch `{}`", parts.name);
            let condition = condition.as_ref().map(|text| self.condition(&who, text).map(Spanned::built));
            (self::name(&format!("case of branch `{}`", parts.name), case, self.report), condition.transpose())
        });
        let cases = Ok(cases.collect());
        BranchDraft { title: parts.name.clone(), name: self::name("name of a branch", &parts.name, self.report), cases }
    }

    fn case(&mut self, who: &str, place: Option<(usize, usize)>, branches: &[BranchParts]) -> Read<Spanned<CaseName>> {
        let branch = place.and_then(|(branch, case)| Some((branches.get(branch)?, case)));
        let Some((branch, (case, _))) = branch.and_then(|(branch, case)| Some((branch, branch.cases.get(case)?)))
        else {
            return Err(self.foreign(who));
        };
        // Names that are none are told where the branch is read; here it only does not become one.
        let branch = self::name("name of a branch", &branch.name, self.report)?.value;
        let case = self::name("name of a case", case, self.report)?.value;
        Ok(Spanned::built(CaseName { branch, case }))
    }

    fn condition(&mut self, who: &str, text: &str) -> Read<Condition> {
        text.parse().map_err(|error| self.report.push(mistake::bad_condition(who, &error, 0..0)))
    }

    fn input(&mut self, step: &str, name: &str, link: &Link) -> Argument<Reference> {
        let who = format!("input `{name}` of step `{step}`");
        (self::name(&format!("input of step `{step}`"), name, self.report), self.link(&who, link).map(Spanned::built))
    }

    fn config(&mut self, step: &str, name: &str, setting: &Setting) -> Argument<ConfigValue> {
        let who = format!("config `{name}` of step `{step}`");
        let value = match setting {
            Setting::Literal(literal) => self.literal(&who, literal).map(ConfigValue::Literal),
            Setting::Link(link) => self.link(&who, link).and_then(|reference| match reference {
                Reference::Param(..) | Reference::Item(_) | Reference::Run(_) => Ok(ConfigValue::Reference(reference)),
                Reference::Step(step, _) => Err(self.report.push(mistake::config_from_step(&who, &step, 0..0))),
            }),
        };
        (self::name(&format!("config of step `{step}`"), name, self.report), value.map(Spanned::built))
    }

    fn link(&mut self, who: &str, link: &Link) -> Read<Reference> {
        let path = link.path.clone().map_err(|error| {
            let problem = Problem::error(mistake::BAD_REFERENCE, format!("{who}: {error}"), 0..0);
            self.report.push(problem.help("such as `years[0].high`"))
        });
        match link.target {
            Target::Item => return path.map(Reference::Item),
            Target::Run(fact) => return Ok(Reference::Run(fact)),
            _ => {}
        }
        if let Target::Param(index) = link.target {
            let param = self.params.get(index).cloned().unwrap_or_else(|| Err(self.foreign(who)));
            return Ok(Reference::Param(param?.value, path?));
        }
        let step = self.step_name(who, link.target);
        Ok(Reference::Step(step?.value, path?))
    }

    fn step_name(&mut self, who: &str, target: Target) -> Read<Spanned<Name>> {
        match target {
            Target::Step(index) => self.steps.get(index).cloned().unwrap_or_else(|| Err(self.foreign(who))),
            Target::Param(_) | Target::Item | Target::Run(_) | Target::Foreign => Err(self.foreign(who)),
        }
    }

    fn foreign(&mut self, who: &str) -> Reported {
        let message = format!("{who} belongs to another pipeline builder");
        let problem = Problem::error("stepmill::definition::foreign_handle", message, 0..0);
        self.report.push(problem.help("use handles only with the builder that made them"))
    }

    fn literal(&mut self, who: &str, literal: &Literal) -> Read<Json> {
        match &literal.0 {
            Ok(json) if is_too_deep(json) => Err(self.report.push(mistake::too_deep(who, 0..0))),
            Ok(json) => Ok(json.clone()),
            Err(number) => Err(self.report.push(mistake::not_finite(who, &number.0.to_string(), 0..0))),
        }
    }
}

fn name(what: &str, text: &str, report: &mut Report) -> Read<Spanned<Name>> {
    match Name::new(text) {
        Ok(name) => Ok(Spanned::built(name)),
        Err(error) => Err(report.push(mistake::bad_name(what, &error, text, 0..0))),
    }
}
