//! Deployed pipelines, which triggers start: the first by times, the second when that has ended, the third when that one
//! has.

use std::{collections::BTreeMap, sync::Arc};

use super::{broken::Flaw, ledger::Known};
use crate::{
    app::{Service, registry::RegistryError, triggers::TriggersError},
    effects::simulation::Random,
    ids::{ModuleDigest, Name, Timestamp},
    module::{Form, ModuleInfo, OutputInfo, Parameter, Role, StepInfo},
    persist::service::trigger_scope,
    plan::{CatchUp, Overlap},
    registry::Upload,
};

/// How many there are.
pub(super) const COUNT: usize = 3;

/// The trigger of each.
const TRIGGER: &str = "t";

/// What never changes about them.
#[derive(Debug, Clone)]
pub(super) struct Pipelines {
    overlaps: [Overlap; COUNT],
}

impl Pipelines {
    pub(super) fn any(random: &mut Random) -> Self {
        Self { overlaps: std::array::from_fn(|_| *random.pick(&Overlap::ALL).expect("overlaps")) }
    }

    /// A revision of one.
    pub(super) fn text(&self, number: usize, random: &mut Random, flaw: Option<Flaw>) -> String {
        let mut text = format!("name = \"{}\"\n[triggers.{TRIGGER}]\n", name(number));
        match number.checked_sub(1) {
            None => {
                let catch_up = if random.one_in(8) { CatchUp::All } else { CatchUp::Latest };
                text += &format!("every = \"{}s\"\ncatch_up = \"{}\"\n", random.between(5, 90), catch_up.as_str());
            }
            Some(before) => {
                let states = "states = [\"succeeded\", \"failed\", \"cancelled\"]";
                text += &format!("finished = {{ pipeline = \"{}\", {states} }}\n", name(before));
            }
        }
        let overlap = if flaw == Some(Flaw::AllowsOverlap) { Overlap::Allow } else { self.overlaps[number] };
        text += &format!("overlap = \"{}\"\n", overlap.as_str());
        for step in 0..random.between(1, 3) {
            text += &format!("[steps.s{step}]\nuse = \"m/f{}\"\ncache = false\n", random.below(4));
            if let Some(before) = step.checked_sub(1) {
                text += &format!("inputs.of = \"s{before}\"\n");
            }
        }
        text
    }

    /// What becomes of events of the trigger of each while a run of it goes on.
    pub(super) fn overlaps(&self) -> BTreeMap<Name, Overlap> {
        (0..COUNT).map(|number| (name(number), self.overlaps[number])).collect()
    }
}

pub(super) fn name(number: usize) -> Name {
    Name::new(&format!("d{number}")).expect("a name")
}

pub(super) fn trigger() -> Name {
    Name::new(TRIGGER).expect("a name")
}

/// The pipeline whose trigger waits for the runs of another, and what its events are offered as.
pub(super) fn after(pipeline: &Name) -> Option<(Name, String)> {
    let waits = (1..COUNT).find(|number| name(number - 1) == *pipeline).map(name)?;
    let scope = trigger_scope(&waits, &trigger());
    Some((waits, scope))
}

/// Makes the module of all steps known, unless it is.
async fn upload_module(service: &Service) -> Result<(), RegistryError> {
    let upload = Upload { name: None, activate: true, by: "a simulation".to_owned(), force: true };
    service.registry.accept(&module(), upload).await.map(drop)
}

fn module() -> ModuleInfo {
    let any = || serde_json::json!({});
    let step = |number: u32| StepInfo {
        name: Name::new(&format!("f{number}")).expect("a name"),
        description: String::new(),
        parameters: vec![Parameter {
            name: Name::new("of").expect("a name"),
            description: String::new(),
            role: Role::Input,
            form: Form::Value,
            optional: true,
            default: None,
            schema: any(),
        }],
        output: OutputInfo { form: Form::Value, schema: any() },
    };
    ModuleInfo {
        digest: ModuleDigest([0; 32]),
        size: 1,
        name: Name::new("m").ok(),
        version: None,
        sdk: None,
        imports: Vec::new(),
        steps: (0..4).map(step).collect(),
    }
}

/// Deploys a revision; its triggers wait when this returns.
pub(super) async fn deploy(service: &Arc<Service>, text: &str) -> Result<(), String> {
    upload_module(service).await.map_err(|error| error.to_string())?;
    let deployed = service.registry.deploy(text, Default::default(), "a simulation").await;
    deployed.map_err(|error| error.to_string())?;
    service.follow_deployment().await.map_err(|error| error.to_string())
}

/// Notes which triggers wait from now on: every end that is committed later is an event of theirs.
pub(super) fn note_waiting(service: &Service, known: &mut Known) {
    let Ok(rows) = service.store.triggers() else { return };
    known.waiting.extend(rows.into_iter().map(|row| row.pipeline));
}

/// Lets the trigger of times start no runs, or start them again.
pub(super) async fn pause(service: &Arc<Service>, paused: bool, flaw: Option<Flaw>) -> Result<(), TriggersError> {
    if flaw == Some(Flaw::IgnoresPauses) {
        let by = "a simulation".to_owned();
        return Ok(service.store.pause_trigger(name(0), trigger(), paused, by, Timestamp::now()).await?);
    }
    service.pause_trigger(&name(0), &trigger(), paused, "a simulation").await
}

#[test]
fn they_are_pipelines() {
    let mut random = Random::new(1);
    let pipelines = Pipelines::any(&mut random);
    for number in 0..COUNT {
        let text = pipelines.text(number, &mut random, None);
        crate::definition::toml::parse(std::path::Path::new("p.toml"), &text).expect("a pipeline");
    }
}
