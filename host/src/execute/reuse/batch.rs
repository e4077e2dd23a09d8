//! Batches of `for_each` items: looked up all at once, answered in part, the rest run.

use std::{io, sync::Arc};

use super::{
    Inner, blocking,
    key::JobKey,
    pack::{PackError, Packer, Piece, group, reused},
};
use crate::{
    event::CacheEntry,
    execute::{
        ports::{AttemptEnd, AttemptJob, AttemptReport, Cancel, ItemBatch, LogSink, OutputStore},
        stored::{RowsReader, StoredError},
    },
    ids::ContentHash,
    output::{ItemRange, Place},
    value::items::batch_items,
};

/// Consecutive items of a batch: how they ended, or that they are to be run.
enum Answer {
    Ended(AttemptEnd),
    Run(ItemRange),
}

impl Inner {
    pub(super) async fn batch(
        self: Arc<Self>,
        job: AttemptJob,
        items: ItemBatch,
        logs: Arc<dyn LogSink>,
        cancel: Cancel,
    ) -> AttemptReport {
        let key = Arc::new(JobKey::of(&job));
        let Ok(keys) = self.item_keys(&key, &items).await else {
            // The runner reads the same data, and says best what is wrong with it.
            return self.runner.run(job, logs, cancel).await;
        };
        let keys = Keys { first: items.range.first, keys, key };
        let found = self.lookup(&job.name, keys.keys.clone()).await;
        let pieces = group(items.range, found);
        let answers = match self.answer(pieces, &logs).await {
            Ok(answers) => answers,
            Err(error) => {
                let problem = format!("reused results cannot be stored: {error}");
                return AttemptReport { ended: Vec::new(), interrupted: Some(problem) };
            }
        };
        self.run_rest(&job, &items, answers, &keys, (logs, cancel)).await
    }

    async fn item_keys(&self, key: &Arc<JobKey>, items: &ItemBatch) -> Result<Vec<ContentHash>, StoredError> {
        if matches!(items.source.place, Place::Inline(_)) {
            return item_keys(self.checker.store.as_ref(), key, items);
        }
        let (store, key, items) = (Arc::clone(&self.checker.store), Arc::clone(key), items.clone());
        blocking(move || item_keys(store.as_ref(), &key, &items)).await?
    }

    /// Packs what was found, and says what is left to run.
    async fn answer(self: &Arc<Self>, pieces: Vec<Piece>, logs: &Arc<dyn LogSink>) -> io::Result<Vec<Answer>> {
        if let [Piece::Miss(items)] = pieces[..] {
            return Ok(vec![Answer::Run(items)]);
        }
        let (inner, logs) = (Arc::clone(self), Arc::clone(logs));
        blocking(move || {
            let mut packer = Packer::new(&inner.checker);
            let answers = pieces.into_iter().map(|piece| match piece {
                Piece::Miss(items) => Ok(Answer::Run(items)),
                Piece::Hit { items, first } => match packer.pack(items.count, &first) {
                    Ok(output) => Ok(Answer::Ended(reused(items, output, first.attempt))),
                    Err(PackError::Storage(error)) => Err(error),
                    Err(PackError::Damaged(error)) => {
                        let log = Arc::clone(&logs).of_item(items.first);
                        inner.tell_damage(&first.attempt, &error, log.as_ref());
                        Ok(Answer::Run(items))
                    }
                },
            });
            answers.collect::<io::Result<Vec<_>>>()
        })
        .await?
    }

    /// Has the rest run, range by range, and puts all ends in the order of their items.
    async fn run_rest(
        &self,
        job: &AttemptJob,
        items: &ItemBatch,
        answers: Vec<Answer>,
        keys: &Keys,
        (logs, cancel): (Arc<dyn LogSink>, Cancel),
    ) -> AttemptReport {
        let mut merged = AttemptReport { ended: Vec::new(), interrupted: None };
        // Once the runner has given items back, it shall not be given others: somebody else is to take them.
        let mut may_run = true;
        for answer in join(answers) {
            match answer {
                Answer::Ended(end) => merged.ended.push(keys.note(end)),
                Answer::Run(_) if !may_run => {}
                Answer::Run(range) => {
                    let report = self.runner.run(part_of(job, items, range), Arc::clone(&logs), cancel.clone()).await;
                    may_run = report.interrupted.is_none() && covers(&report.ended, range);
                    for end in report.ended {
                        if let Ok(output) = &end.result {
                            self.checker.remember(output);
                        }
                        merged.ended.push(keys.note(end));
                    }
                    merged.interrupted = merged.interrupted.or(report.interrupted);
                }
            }
        }
        merged
    }
}

/// The keys of a batch's items.
struct Keys {
    /// The index of the first item.
    first: u32,
    keys: Vec<ContentHash>,
    key: Arc<JobKey>,
}

impl Keys {
    /// Adds to a success what it is found by.
    fn note(&self, end: AttemptEnd) -> AttemptEnd {
        let start = end.items.first.checked_sub(self.first).map(|start| start as usize);
        let keys = start.and_then(|start| self.keys.get(start..start.checked_add(end.items.count as usize)?));
        match (&end.result, keys) {
            (Ok(_), Some(keys)) => {
                let entry = CacheEntry { keys: keys.to_vec(), parts: self.key.parts().to_vec() };
                AttemptEnd { cache: Some(Box::new(entry)), ..end }
            }
            _ => end,
        }
    }
}

fn item_keys(store: &dyn OutputStore, key: &JobKey, items: &ItemBatch) -> Result<Vec<ContentHash>, StoredError> {
    let (first, end) = (u64::from(items.range.first), u64::from(items.range.end()));
    let mut rows = RowsReader::open(store, &items.source)?;
    rows.skip_to(first)?;
    let mut keys = Vec::new();
    let mut next = first;
    while next < end {
        let Some(batch) = rows.next_batch_for(end - next)? else { break };
        for (item, index) in batch_items(&batch.bytes).zip(batch.first..end) {
            if index >= first {
                keys.push(key.of_item(item?));
            }
        }
        next = batch.first + batch.items;
    }
    if keys.len() as u64 == end - first {
        Ok(keys)
    } else {
        let text = format!("the items end before item {}", end.saturating_sub(1));
        Err(io::Error::new(io::ErrorKind::InvalidData, text).into())
    }
}

/// Joins ranges to run that follow each other: a damaged result is a reason to run its item, not to run it apart.
fn join(answers: Vec<Answer>) -> Vec<Answer> {
    let mut joined: Vec<Answer> = Vec::with_capacity(answers.len());
    for answer in answers {
        match (joined.last_mut(), answer) {
            (Some(Answer::Run(before)), Answer::Run(range)) => before.count += range.count,
            (_, answer) => joined.push(answer),
        }
    }
    joined
}

/// The job for some of the items of a job.
fn part_of(job: &AttemptJob, items: &ItemBatch, range: ItemRange) -> AttemptJob {
    let mut part = job.clone();
    part.name.item = Some(range.first);
    part.items = Some(ItemBatch { range, ..items.clone() });
    part
}

/// Whether no item of the range was given back.
fn covers(ended: &[AttemptEnd], range: ItemRange) -> bool {
    ended.iter().map(|end| u64::from(end.items.count)).sum::<u64>() >= range.count.into()
}
