//! Who a guest is: what its randomness follows from, and the facts that it may be told.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use super::bindings::stepmill::step::host::RunFacts;
use crate::{
    execute::{ports::AttemptJob, reuse::JobKey},
    grants::Grants,
    ids::ModuleDigest,
};

/// Who runs in a sandbox.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// A module that describes itself.
    Module(ModuleDigest),
    /// An attempt, and of a `for_each` step its item.
    Attempt(Arc<Given>, Option<Item>),
}

/// One item of a `for_each` step.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) index: u32,
    pub(super) bytes: Bytes,
}

/// What all attempts of a job are given.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) job: AttemptJob,
    /// What its randomness follows from, once a guest has asked for it: arguments may be long, and items many.
    key: OnceLock<JobKey>,
}

impl Given {
    pub(super) fn new(job: AttemptJob) -> Self {
        Self { job, key: OnceLock::new() }
    }

    fn key(&self) -> &JobKey {
        self.key.get_or_init(|| JobKey::of(&self.job))
    }
}

impl Subject {
    /// What it may use outside its sandbox.
    pub(super) fn grants(&self) -> &Grants {
        static NONE: Grants = Grants {
            clock: false,
            random: false,
            run: false,
            net: Vec::new(),
            secrets: BTreeSet::new(),
            env: BTreeSet::new(),
        };
        match self {
            Self::Module(_) => &NONE,
            Self::Attempt(given, _) => &given.job.grants,
        }
    }

    /// The facts of the run; none without the grant `run`.
    pub(super) fn facts(&self) -> Option<RunFacts> {
        let Self::Attempt(given, item) = self else { return None };
        let job = &given.job;
        let item = item.as_ref().map(|item| item.index).or(job.name.item);
        job.grants.run.then(|| RunFacts {
            run: job.name.run.to_string(),
            pipeline: job.pipeline.to_string(),
            step: job.name.step.to_string(),
            attempt: job.name.attempt,
            idempotency_key: job.idempotency_key(item),
            scheduled_for: job.scheduled_for.and_then(|at| u64::try_from(at.0).ok()),
        })
    }

    /// What randomness follows from: the key that a pure step's result is kept under. So results that are found by the
    /// same key are the same, whichever attempt computed them.
    pub(super) fn seed(&self) -> [u8; 32] {
        match self {
            Self::Module(digest) => blake3::derive_key("stepmill 2026-11 randomness of a module", &digest.0),
            Self::Attempt(given, None) => given.key().whole().0,
            Self::Attempt(given, Some(item)) => given.key().of_item(&item.bytes).0,
        }
    }
}
