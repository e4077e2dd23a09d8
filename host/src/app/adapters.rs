//! Where the port of one room meets the implementation of another.

use std::{io, sync::Arc};

use crate::{
    execute::ports::{Clock, LogLine, LogStore},
    ids::{ModuleDigest, StepIndex, Timestamp},
    output::AttemptName,
    persist::{Artifact, LogEntry, Reader, SqliteJournal},
    runtime::{ArtifactIndex, ArtifactRecord, engine::EngineKey},
};

/// The system's clock.
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Logs go to the journal's database.
pub(super) struct JournalLogs(pub(super) Arc<SqliteJournal>);

impl LogStore for JournalLogs {
    fn append(&self, step: StepIndex, attempt: &AttemptName, line: LogLine) {
        self.0.log(LogEntry {
            run: attempt.run,
            step,
            item: attempt.item.unwrap_or(0),
            attempt: attempt.attempt,
            lines: vec![line],
        });
    }
}

/// Compiled modules are remembered in the journal's database, apart from the files with their code.
pub(super) struct JournalArtifacts {
    pub(super) journal: Arc<SqliteJournal>,
    pub(super) reader: Arc<Reader>,
}

impl ArtifactIndex for JournalArtifacts {
    fn get(&self, digest: &ModuleDigest, engine: &EngineKey) -> Option<ArtifactRecord> {
        match self.reader.artifact(*digest, engine.as_str()) {
            Ok(artifact) => {
                let artifact = artifact?;
                Some(ArtifactRecord {
                    engine: engine.clone(),
                    sha256: artifact.code_hash,
                    size: artifact.code_size,
                    info: artifact.info,
                })
            }
            Err(error) => {
                tracing::warn!(%error, "the index of compiled modules cannot be read; modules are compiled again");
                None
            }
        }
    }

    fn put(&self, record: ArtifactRecord) -> io::Result<()> {
        let artifact = Artifact {
            info: record.info,
            engine: record.engine.as_str().to_owned(),
            code_hash: record.sha256,
            code_size: record.size,
            created_at: Timestamp::now(),
        };
        self.journal.put_artifact(artifact).wait().map_err(io::Error::other)
    }
}
