//! Who a guest is: what its randomness follows from, and the facts that it may be told.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::bindings::stepmill::step::host::RunFacts;
use crate::{
    execute::ports::{ArgumentData, AttemptJob},
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
    /// The randomness of the job, once a guest has asked for it: arguments may be long, and items many.
    base: OnceLock<[u8; 32]>,
}

impl Given {
    pub(super) fn new(job: AttemptJob) -> Self {
        Self { job, base: OnceLock::new() }
    }

    fn seed(&self) -> &[u8; 32] {
        self.base.get_or_init(|| {
            let job = &self.job;
            let mut parts = Parts::new();
            parts.add(&job.module.0).add(job.function.as_str().as_bytes());
            for argument in &job.arguments {
                parts.add(argument.name.as_str().as_bytes());
                match &argument.data {
                    ArgumentData::Value(value) => parts.add(blake3::hash(value).as_bytes()),
                    ArgumentData::Output { output, path } => parts.add(&output.hash.0).add(path.to_string().as_bytes()),
                    ArgumentData::Item { path } => parts.add(path.to_string().as_bytes()),
                };
            }
            parts.finish()
        })
    }
}

impl Subject {
    /// What it may use outside its sandbox.
    pub(super) fn grants(&self) -> &Grants {
        const NONE: &Grants = &Grants { clock: false, random: false, run: false };
        match self {
            Self::Module(_) => NONE,
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

    /// The same for the same module, step and inputs. Of an item only the bytes count: neither its index nor the batch
    /// that it is run in, so that equal items have equal results.
    pub(super) fn seed(&self) -> [u8; 32] {
        match self {
            Self::Module(digest) => Parts::new().add(&digest.0).finish(),
            Self::Attempt(given, None) => *given.seed(),
            Self::Attempt(given, Some(item)) => Parts::new().add(given.seed()).add(&item.bytes).finish(),
        }
    }
}

/// Hashes parts so that where one ends matters.
struct Parts(blake3::Hasher);

impl Parts {
    fn new() -> Self {
        Self(blake3::Hasher::new_derive_key("stepmill 2026-11 randomness of a pure step"))
    }

    fn add(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        self
    }

    fn finish(&self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
