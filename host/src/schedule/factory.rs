//! Who makes triggers, by kind.

use std::{collections::HashMap, sync::Arc};

use super::{
    file::FileFactory,
    ports::{Trigger, TriggerError, TriggerFactory},
    scheduled::ScheduleFactory,
};
use crate::{
    ids::Name,
    plan::{PlanTrigger, TriggerKind},
};

/// The factories of a host: its own, and those that a program registers.
#[derive(Clone)]
pub struct Factories {
    files: Arc<dyn TriggerFactory>,
    custom: HashMap<Name, Arc<dyn TriggerFactory>>,
}

impl Factories {
    /// The host's own.
    #[must_use]
    pub fn new(files: FileFactory) -> Self {
        Self { files: Arc::new(files), custom: HashMap::new() }
    }

    /// Has `custom` triggers of this kind made by this factory.
    pub fn register(&mut self, kind: Name, factory: Arc<dyn TriggerFactory>) {
        self.custom.insert(kind, factory);
    }

    /// Makes a trigger. There is none for webhooks and finished runs: whoever has the request or the run offers the
    /// event, see [`super::webhook`] and [`super::finished`].
    ///
    /// # Errors
    /// If there is no such kind, or its factory refuses.
    pub fn make(&self, trigger: &PlanTrigger) -> Result<Option<Box<dyn Trigger>>, TriggerError> {
        match &trigger.kind {
            TriggerKind::Cron { .. } | TriggerKind::Interval { .. } => ScheduleFactory.make(trigger).map(Some),
            TriggerKind::File { .. } => self.files.make(trigger).map(Some),
            TriggerKind::Webhook { .. } | TriggerKind::Finished { .. } => Ok(None),
            TriggerKind::Custom { kind, .. } => match self.custom.get(kind) {
                Some(factory) => factory.make(trigger).map(Some),
                None => Err(TriggerError::UnknownKind(kind.to_string())),
            },
        }
    }
}
