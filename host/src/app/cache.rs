//! Earlier results are found in the journal's database.

use std::sync::Arc;

use crate::{
    effects,
    execute::{
        ports::BoxFuture,
        reuse::{CachedResult, LookupError, ResultCache},
    },
    ids::ContentHash,
    persist::Reader,
};

/// Up to so many keys are looked up where they are asked for: a key takes some 20 µs, to change threads not less.
const FEW: usize = 4;

/// The journal's index of results.
pub(super) struct JournalResults(pub(super) Arc<Reader>);

impl ResultCache for JournalResults {
    fn lookup(&self, keys: Vec<ContentHash>) -> BoxFuture<'static, Result<Vec<Option<CachedResult>>, LookupError>> {
        let reader = Arc::clone(&self.0);
        Box::pin(async move {
            if keys.len() <= FEW {
                return find(&reader, &keys);
            }
            let found = effects::blocking(move || find(&reader, &keys)).await;
            found.unwrap_or_else(|error| Err(LookupError(error.to_string())))
        })
    }
}

fn find(reader: &Reader, keys: &[ContentHash]) -> Result<Vec<Option<CachedResult>>, LookupError> {
    reader.cached(keys).map_err(|error| LookupError(error.to_string()))
}
