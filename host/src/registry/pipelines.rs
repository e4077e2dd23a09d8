//! Deploying pipelines.

use std::{path::Path, sync::Arc};

use super::{Compiled, Registry, RegistryError, aside, compile};
use crate::{
    definition::{
        self, Pipeline,
        problem::{Problem, Problems},
        trigger::{TriggerDecl, TriggerKind},
    },
    ids::{Name, Timestamp},
    persist::service::{Pins, RevisionRow},
    plan::{ParamKind, Plan, PlanTrigger},
};

/// A deployed pipeline.
#[derive(Debug)]
pub struct Deployed {
    row: RevisionRow,
    compiled: Result<Compiled, Problems>,
    /// The modules that its steps name without a version.
    floating: Vec<Name>,
    /// All modules that its steps name.
    used: Vec<Name>,
    /// What its text says of triggers.
    triggers: Vec<PlanTrigger>,
}

impl Deployed {
    pub(super) fn new(row: RevisionRow, compiled: Result<Compiled, Problems>) -> Self {
        // A text that does not compile may still be a pipeline.
        let parsed = definition::toml::parse(Path::new(""), &row.text).ok();
        let triggers = parsed.iter().flat_map(|pipeline| &pipeline.triggers).map(PlanTrigger::of).collect();
        let (mut floating, mut used) = (Vec::new(), Vec::new());
        for step in parsed.iter().flat_map(|pipeline| &pipeline.steps) {
            let uses = &step.uses.value;
            used.push(uses.module.clone());
            if uses.version.is_none() && !row.pins.contains_key(&uses.module) {
                floating.push(uses.module.clone());
            }
        }
        for names in [&mut floating, &mut used] {
            names.sort();
            names.dedup();
        }
        Self { row, compiled, floating, used, triggers }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.row.pipeline
    }

    /// Its revision, text, and who deployed it.
    #[must_use]
    pub fn row(&self) -> &RevisionRow {
        &self.row
    }

    /// The text that was deployed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.row.text
    }

    /// What a run that starts now executes.
    ///
    /// # Errors
    /// Why it cannot run: it does not fit its modules any more.
    pub fn plan(&self) -> Result<&Arc<Plan>, &Problems> {
        self.compiled.as_ref().map(|compiled| &compiled.plan)
    }

    /// What starts runs of it, while it can run.
    #[must_use]
    pub fn triggers(&self) -> &[PlanTrigger] {
        &self.triggers
    }

    /// What it says, if it can run.
    #[must_use]
    pub fn definition(&self) -> Option<&Pipeline> {
        self.compiled.as_ref().ok().map(|compiled| &compiled.pipeline)
    }

    /// What is doubtful about it, if it can run.
    #[must_use]
    pub fn warnings(&self) -> Option<&Problems> {
        self.compiled.as_ref().ok().map(|compiled| &compiled.warnings)
    }

    /// Whether a step of it names a module without a version, so that it follows what the name means.
    #[must_use]
    pub fn follows(&self, module: &Name) -> bool {
        self.floating.contains(module)
    }

    /// Whether a step of it names a module.
    #[must_use]
    pub fn uses(&self, module: &Name) -> bool {
        self.used.contains(module)
    }
}

/// Takes the defaults of files away: a server reads no file that a pipeline names. Who starts a run sends it.
pub(super) fn forget_local_files(plan: &mut Plan) {
    for param in plan.params.iter_mut().filter(|param| param.kind == ParamKind::File) {
        param.default = None;
    }
}

/// Triggers whose runs would lack a file, because its default is a path of another machine.
pub(super) fn without_file(pipeline: &Pipeline) -> Vec<Problem> {
    let files = pipeline.params.iter().filter(|param| param.kind == ParamKind::File && param.default.is_some());
    let files: Vec<_> = files.map(|param| &param.name.value).collect();
    let gives = |trigger: &TriggerDecl, file: &Name| trigger.payload.as_ref().is_some_and(|param| param.value == *file);
    let mut found = Vec::new();
    for trigger in pipeline.triggers.iter().filter(|trigger| !matches!(trigger.kind, TriggerKind::Custom { .. })) {
        for file in files.iter().filter(|file| !gives(trigger, file)) {
            let name = &trigger.name.value;
            let message =
                format!("trigger `{name}` starts no runs here: a server does not read the default of `{file}`");
            let help = format!(
                "let a `file` or `webhook` trigger give `{file}`, or remove the parameter and fetch the data in a step with the \
                 grant `net`"
            );
            let problem = Problem::warning("stepmill::registry::file_default", message, trigger.name.span.clone());
            found.push(problem.help(help));
        }
    }
    found
}

/// What a server does not do: build what it is sent.
pub(super) fn check_for_server(pipeline: &Pipeline, pins: &Pins) -> Result<(), Problems> {
    let mut list = Vec::new();
    for module in pipeline.modules.iter().filter(|module| !pins.contains_key(&module.name.value)) {
        let name = &module.name.value;
        let message = format!("module `{name}` comes from a path, which a server does not read");
        let help =
            format!("`stepmill deploy` uploads it; or `stepmill push` it, and leave `{name}` out of `[modules]`");
        list.push(Problem::error("stepmill::registry::path", message, module.path.span.clone()).help(help));
    }
    if list.is_empty() { Ok(()) } else { Err(Problems::new(&pipeline.source, list)) }
}

impl Registry {
    /// Deploys a pipeline. The same text again changes nothing. `pins` are the modules that it takes from paths, which were
    /// uploaded before; others are of no account.
    ///
    /// # Errors
    /// Everything that is wrong with it; what was deployed before stays.
    pub async fn deploy(&self, text: &str, mut pins: Pins, by: &str) -> Result<Arc<Deployed>, RegistryError> {
        let problems = |problems| RegistryError::Problems(Box::new(problems));
        let pipeline = definition::toml::parse(Path::new("pipeline.toml"), text).map_err(problems)?;
        // What is pinned does not follow its name any more.
        pins.retain(|name, _| pipeline.modules.iter().any(|module| module.name.value == *name));
        let name = pipeline.name.value;
        let _one_at_a_time = self.changing.lock().await;
        self.settle_alone().await?;
        if let Some(known) =
            self.pipeline(&name).filter(|known| known.text() == text && known.row.pins == pins && known.plan().is_ok())
        {
            return Ok(known);
        }
        let compiled = aside(|| compile(&name, (text, &pins), &self.shelf(), &self.policy)).map_err(problems)?;
        let at = Timestamp::now();
        let (revision, paused) =
            self.stored(self.store.deploy(name.clone(), text.to_owned(), pins.clone(), by.to_owned(), at)).await?;
        let row = RevisionRow {
            pipeline: name.clone(),
            revision,
            text: text.to_owned(),
            pins,
            deployed_at: at,
            deployed_by: by.to_owned(),
            paused,
        };
        let deployed = Arc::new(Deployed::new(row, Ok(compiled)));
        self.publish(|state| drop(state.pipelines.insert(name, Arc::clone(&deployed))));
        Ok(deployed)
    }

    /// What deploying a text with these pins would come to; nothing is deployed.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(&self, text: &str, pins: &Pins) -> Result<(Arc<Plan>, Problems), Box<Problems>> {
        let pipeline = definition::toml::parse(Path::new("pipeline.toml"), text).map_err(Box::new)?;
        let name = pipeline.name.value;
        let compiled = aside(|| compile(&name, (text, pins), &self.shelf(), &self.policy));
        compiled.map(|compiled| (compiled.plan, compiled.warnings)).map_err(Box::new)
    }

    /// Deploys an earlier revision again, as a new one.
    ///
    /// # Errors
    /// If there is none, or it does not fit what is deployed now.
    pub async fn deploy_again(&self, name: &Name, revision: u32, by: &str) -> Result<Arc<Deployed>, RegistryError> {
        let row = self.store.revision(name, revision)?;
        let row = row.ok_or_else(|| RegistryError::Unknown(format!("revision {revision} of `{name}`")))?;
        self.deploy(&row.text, row.pins.clone(), by).await
    }

    /// Removes a pipeline. Its runs stay, those that have started go on.
    ///
    /// # Errors
    /// If there is none, or it cannot be stored.
    pub async fn remove_pipeline(&self, name: &Name, by: &str) -> Result<(), RegistryError> {
        let _one_at_a_time = self.changing.lock().await;
        self.settle_alone().await?;
        self.known(name)?;
        self.stored(self.store.remove_pipeline(name.clone(), by.to_owned(), Timestamp::now())).await?;
        self.publish(|state| drop(state.pipelines.remove(name)));
        Ok(())
    }

    /// Lets the triggers of a pipeline start no runs, or start them again.
    ///
    /// # Errors
    /// If there is none, or it cannot be stored.
    pub async fn pause_pipeline(&self, name: &Name, paused: bool, by: &str) -> Result<(), RegistryError> {
        let _one_at_a_time = self.changing.lock().await;
        self.settle_alone().await?;
        let known = self.known(name)?;
        self.stored(self.store.pause_pipeline(name.clone(), paused, by.to_owned(), Timestamp::now())).await?;
        let row = RevisionRow { paused, ..known.row.clone() };
        let deployed = Deployed::new(row, known.compiled.clone());
        self.publish(|state| drop(state.pipelines.insert(name.clone(), Arc::new(deployed))));
        Ok(())
    }

    fn known(&self, name: &Name) -> Result<Arc<Deployed>, RegistryError> {
        self.pipeline(name).ok_or_else(|| RegistryError::Unknown(format!("pipeline `{name}`")))
    }
}
