//! Results that were computed before, by what they were computed from.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    AttemptState, QueryError, Reader, codec, columns,
    events::{self, Unfit},
};
use crate::{
    event::{EventKind, KeyPart, RunEvent},
    execute::reuse::CachedResult,
    ids::{ContentHash, Name, RunId, StepIndex},
    output::AttemptName,
    persist::StoreError,
};

/// How many earlier events are looked at to explain a miss.
const MOST_EVENTS: u32 = 50;

impl Reader {
    /// The newest result for each key, where there is one. What cannot be used because its event is damaged counts as
    /// missing, so that it is computed again.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn cached(&self, keys: &[ContentHash]) -> Result<Vec<Option<CachedResult>>, StoreError> {
        self.query(|connection, _| {
            // One view of the database: a run may be removed in the meantime.
            let view = connection.transaction()?;
            let mut events = Events::default();
            keys.iter().map(|key| cached(&view, &mut events, key)).collect()
        })
    }

    /// What the key of a step's result was made of in the newest run of the pipeline before this one, and in which run.
    ///
    /// # Errors
    /// If there is no such run, an event is damaged, or the database cannot be read.
    pub fn previous_parts(
        &self,
        pipeline: &Name,
        step: &Name,
        before: RunId,
    ) -> Result<Option<(RunId, Vec<KeyPart>)>, StoreError> {
        self.query(|connection, path| {
            let key = super::run_key(connection, before)?;
            let mut select = connection.prepare_cached(
                "SELECT r.key, r.id, a.output_event FROM runs r \
                 JOIN steps s ON s.run = r.key AND s.name = ?3 \
                 JOIN attempts a ON a.run = r.key AND a.step = s.step AND a.state = ?4 AND a.attempt > 0 \
                 WHERE r.key < ?1 AND r.pipeline = ?2 ORDER BY r.key DESC LIMIT ?5",
            )?;
            let state = AttemptState::Succeeded.as_str();
            let values = params![key, pipeline.as_str(), step.as_str(), state, MOST_EVENTS];
            let mut rows = select.query(values)?;
            while let Some(row) = rows.next()? {
                let run = RunId::from_bytes(row.get(1)?);
                let event = events::event_at(connection, run, row.get(0)?, row.get(2)?);
                if let Some(EventKind::AttemptSucceeded { cache: Some(entry), .. }) =
                    event.map_err(|error| error.naming(path))?.map(|event| event.kind)
                {
                    return Ok(Some((run, entry.parts)));
                }
            }
            Ok(None)
        })
    }
}

/// The events that keys led to, each decoded once; nothing for those that cannot be used.
type Events = HashMap<(i64, i64), Option<Arc<Source>>>;

struct Source {
    event: RunEvent,
    step: Name,
    packed: bool,
}

fn cached(connection: &Connection, events: &mut Events, key: &ContentHash) -> Result<Option<CachedResult>, QueryError> {
    let mut select = connection.prepare_cached("SELECT run, seq, idx FROM cache WHERE key = ?")?;
    let found = select.query_row([key.0], |row| Ok((row.get(0)?, row.get(1)?, codec::count(row, 2)?))).optional()?;
    let Some((run, seq, index)) = found else { return Ok(None) };
    let source = match events.get(&(run, seq)) {
        Some(source) => source.clone(),
        None => {
            let source = source(connection, run, seq)?.map(Arc::new);
            events.insert((run, seq), source.clone());
            source
        }
    };
    Ok(source.and_then(|source| result(&source, key, index)))
}

fn source(connection: &Connection, run: i64, seq: i64) -> rusqlite::Result<Option<Source>> {
    let mut select = connection.prepare_cached("SELECT id FROM runs WHERE key = ?")?;
    let id = RunId::from_bytes(select.query_row([run], |row| row.get(0))?);
    let event = match events::event_at(connection, id, run, seq) {
        Ok(Some(event)) => event,
        Ok(None) => return Ok(None),
        Err(Unfit::Sqlite(error)) => return Err(error),
        Err(Unfit::Detail(detail)) => {
            tracing::warn!("a cached result is not used: {detail}");
            return Ok(None);
        }
    };
    let EventKind::AttemptSucceeded { step: StepIndex(step), .. } = event.kind else { return Ok(None) };
    let mut select = connection.prepare_cached("SELECT name, items FROM steps WHERE run = ? AND step = ?")?;
    let (step, packed) = select
        .query_row(params![run, step], |row| Ok((columns::name(row, 0)?, row.get::<_, Option<i64>>(1)?.is_some())))?;
    Ok(Some(Source { event, step, packed }))
}

fn result(source: &Source, key: &ContentHash, index: u64) -> Option<CachedResult> {
    let EventKind::AttemptSucceeded { items, attempt, output, cache, reused, .. } = &source.event.kind else {
        return None;
    };
    let place = usize::try_from(index).ok()?;
    if cache.as_ref()?.keys.get(place) != Some(key) {
        return None; // The index does not say what the event says, and that is the truth.
    }
    let offset = u32::try_from(index).ok()?;
    let attempt = match reused.as_deref() {
        Some(origin) => AttemptName { item: origin.item.map(|item| item.saturating_add(offset)), ..origin.clone() },
        None => AttemptName {
            run: source.event.run,
            step: source.step.clone(),
            item: source.packed.then(|| items.first.saturating_add(offset)),
            attempt: *attempt,
        },
    };
    Some(CachedResult { attempt, output: output.clone(), index, packed: source.packed })
}
