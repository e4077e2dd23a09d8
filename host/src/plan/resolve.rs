//! From the names of modules and steps to the modules and steps themselves.

use std::{collections::HashMap, sync::Arc};

use super::{
    catalog::{Catalog, CatalogError, HOST_PROBLEM},
    suggest::{listed, nearest},
};
use crate::{
    definition::{ModuleDecl, Pipeline, StepDecl, UseRef, VersionRef, problem::Problem},
    ids::Name,
    module::{ModuleInfo, StepInfo},
};

/// The modules that a pipeline uses.
pub(super) struct Modules {
    /// Each once, in the order in which the steps name them first.
    pub(super) list: Vec<(Name, Arc<ModuleInfo>)>,
    /// Where in the list a module is, by what a step calls it; nowhere if the catalog does not have it.
    places: HashMap<(Name, String), Option<usize>>,
}

/// A step of a module that a step of the pipeline uses.
pub(super) struct Used<'m> {
    /// The place of its module in [`Modules::list`].
    pub(super) module: usize,
    pub(super) info: &'m StepInfo,
}

/// Asks the catalog for each module once.
pub(super) fn modules(pipeline: &Pipeline, catalog: &dyn Catalog, found: &mut Vec<Problem>) -> Modules {
    let mut declared: HashMap<&str, &ModuleDecl> = HashMap::new();
    for decl in &pipeline.modules {
        if declared.insert(decl.name.value.as_str(), decl).is_some() {
            let message = format!("there are two modules `{}`", decl.name.value);
            found.push(Problem::error("stepmill::plan::duplicate", message, decl.name.span.clone()));
        }
    }
    let mut modules = Modules { list: Vec::new(), places: HashMap::new() };
    for step in &pipeline.steps {
        let wanted = &step.uses.value;
        let key = (wanted.module.clone(), version_text(wanted));
        if modules.places.contains_key(&key) {
            continue;
        }
        let decl = declared.get(wanted.module.as_str()).copied();
        let place = match catalog.module(&wanted.module, wanted.version.as_ref(), decl) {
            Ok(info) => Some(modules.place(&wanted.module, info)),
            Err(error) => {
                found.push(missing_module(step, decl, error));
                None
            }
        };
        modules.places.insert(key, place);
    }
    found.extend(unused(pipeline));
    modules
}

/// The step that each step of the pipeline uses, where there is one.
pub(super) fn steps<'m>(pipeline: &Pipeline, modules: &'m Modules, found: &mut Vec<Problem>) -> Vec<Option<Used<'m>>> {
    let resolve = |step: &StepDecl| {
        let wanted = &step.uses.value;
        let place = *modules.places.get(&(wanted.module.clone(), version_text(wanted)))?;
        let (_, module) = modules.list.get(place?)?;
        if let Some(info) = module.step(wanted.step.as_str()) {
            return Some(Used { module: place?, info });
        }
        found.push(missing_step(step, module));
        None
    };
    pipeline.steps.iter().map(resolve).collect()
}

impl Modules {
    fn place(&mut self, name: &Name, info: Arc<ModuleInfo>) -> usize {
        let known = self.list.iter().position(|(known, other)| known == name && other.digest == info.digest);
        known.unwrap_or_else(|| {
            self.list.push((name.clone(), info));
            self.list.len() - 1
        })
    }
}

fn version_text(wanted: &UseRef) -> String {
    match &wanted.version {
        None => String::new(),
        Some(VersionRef::Digest(digest)) => format!("@{digest}"),
        Some(VersionRef::Version(version)) => format!("@{version}"),
    }
}

fn missing_module(step: &StepDecl, decl: Option<&ModuleDecl>, error: CatalogError) -> Problem {
    let wanted = &step.uses.value;
    let message = format!("module `{}{}` cannot be loaded: {}", wanted.module, version_text(wanted), error.message);
    let user = format!("step `{}` uses it", step.name.value);
    let code = if error.host { HOST_PROBLEM } else { "stepmill::plan::module" };
    let problem = match decl {
        Some(decl) => Problem::error(code, message, decl.path.span.clone()).also(step.uses.span.clone(), user),
        None => Problem::error(code, message, step.uses.span.clone()).says(user),
    };
    match error.help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

fn missing_step(step: &StepDecl, module: &ModuleInfo) -> Problem {
    let wanted = &step.uses.value;
    let names = || module.steps.iter().map(|step| step.name.as_str());
    let message = format!("module `{}{}` has no step `{}`", wanted.module, version_text(wanted), wanted.step);
    let suggestion = match nearest(wanted.step.as_str(), names()) {
        Some(name) => format!("did you mean `{name}`? "),
        None => String::new(),
    };
    Problem::error("stepmill::plan::step", message, step.uses.span.clone())
        .says("not in the module")
        .help(format!("{suggestion}Its steps are: {}", listed(names())))
}

fn unused(pipeline: &Pipeline) -> impl Iterator<Item = Problem> {
    let used: std::collections::HashSet<&str> =
        pipeline.steps.iter().map(|step| step.uses.value.module.as_str()).collect();
    pipeline.modules.iter().filter(move |decl| !used.contains(decl.name.value.as_str())).map(|decl| {
        let message = format!("no step uses the module `{}`", decl.name.value);
        Problem::warning("stepmill::plan::unused_module", message, decl.name.span.clone())
    })
}
