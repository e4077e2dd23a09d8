//! Streams of items, in and out, that never are in memory as a whole.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, Fault};
use crate::error::Result;
use crate::host::{RowSink, RowSource};

/// An input that is read item by item, for data that is larger than memory.
///
/// It iterates over `Result<T>`: an item may turn out not to be a `T`. Return one from a step, and its items are
/// written on as they are read.
///
/// ```
/// use stepmill_sdk::prelude::*;
///
/// #[step]
/// fn sum(amounts: Rows<u64>) -> Result<u64> {
///     let mut sum = 0;
///     for amount in amounts {
///         sum += amount?;
///     }
///     Ok(sum)
/// }
///
/// assert_eq!(sum(Rows::from_iter([1, 2, 3]))?, 6);
/// # Ok::<(), StepError>(())
/// ```
pub struct Rows<T> {
    items: Box<dyn Iterator<Item = Result<T>>>,
}

impl<T: DeserializeOwned + 'static> Rows<T> {
    /// Decodes what `source` delivers. `invalid` makes the error for an item that is no `T`.
    pub(crate) fn decode(
        source: Box<dyn RowSource>,
        invalid: fn(Fault, &Place) -> crate::StepError,
        place: Place,
    ) -> Self {
        let items =
            Decoded { source, batch: Vec::new(), read: 0, index: 0, ended: false, invalid, place, item: PhantomData };
        Self { items: Box::new(items) }
    }
}

impl<T: 'static> FromIterator<T> for Rows<T> {
    /// For tests: the items have to be there already.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let items: Vec<T> = items.into_iter().collect();
        Self { items: Box::new(items.into_iter().map(Ok)) }
    }
}

impl<T: 'static> From<Vec<T>> for Rows<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T> Iterator for Rows<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.items.next()
    }
}

/// What an error has to name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) step: &'static str,
    /// Empty for the output.
    pub(crate) parameter: &'static str,
}

struct Decoded<T> {
    source: Box<dyn RowSource>,
    batch: Vec<u8>,
    /// How much of the batch is read.
    read: usize,
    index: u64,
    /// Behind an item that cannot be read, there is no telling where the next one starts.
    ended: bool,
    invalid: fn(Fault, &Place) -> crate::StepError,
    place: Place,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Iterator for Decoded<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended && self.read == self.batch.len() {
            self.read = 0;
            match self.source.next() {
                Some(batch) => self.batch = batch,
                None => self.ended = true,
            }
        }
        if self.ended {
            return None;
        }
        let unread = &self.batch[self.read..];
        match codec::decode_first(unread) {
            Ok((item, rest)) => {
                self.read = self.batch.len() - rest.len();
                self.index += 1;
                Some(Ok(item))
            }
            Err(fault) => {
                self.ended = true;
                Some(Err((self.invalid)(fault.in_item(self.index), &self.place)))
            }
        }
    }
}

/// How much is collected before the host is called.
const BATCH: usize = 64 * 1024;

/// The output of a step, written item by item: take `&mut Writer<T>` as a parameter and return `()` or `Result<()>`.
///
/// ```
/// use stepmill_sdk::prelude::*;
///
/// #[step]
/// fn count_up(#[config] to: u32, out: &mut Writer<u32>) -> Result<()> {
///     for number in 1..=to {
///         out.write(&number)?;
///     }
///     Ok(())
/// }
///
/// assert_eq!(stepmill_sdk::testing::written(|out| count_up(3, out))?, [1, 2, 3]);
/// # Ok::<(), StepError>(())
/// ```
pub struct Writer<T> {
    sink: Box<dyn RowSink>,
    batch: Vec<u8>,
    index: u64,
    place: Place,
    item: PhantomData<fn(&T)>,
}

impl<T: Serialize> Writer<T> {
    pub(crate) fn new(sink: Box<dyn RowSink>, step: &'static str) -> Self {
        let place = Place { step, parameter: "" };
        Self { sink, batch: Vec::new(), index: 0, place, item: PhantomData }
    }

    /// Appends an item.
    ///
    /// # Errors
    /// If the item cannot be serialised, or the host does not take it.
    pub fn write(&mut self, item: &T) -> Result<()> {
        codec::encode(item, &mut self.batch)
            .map_err(|fault| crate::output::invalid(fault.in_item(self.index), self.place.step))?;
        self.index += 1;
        if self.batch.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Hands to the host what is collected.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if !self.batch.is_empty() {
            self.sink.write(&self.batch)?;
            self.batch.clear();
        }
        Ok(())
    }
}
