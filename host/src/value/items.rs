//! Streams and lists: both are items one behind the other, a list has a head in front.

use super::{
    cursor::{Cursor, Fault, Token},
    encode::Encoder,
};

/// Why bytes cannot be taken apart into items, or put together to a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemsError {
    /// Only lists have items.
    #[error("{0} cannot be read as rows: a list is needed")]
    NotAList(&'static str),
    /// The bytes were not validated, or were changed since.
    #[error("the items are not well-formed MessagePack")]
    Malformed,
    /// MessagePack counts with 32 bits.
    #[error("{0} items are too many for a list: at most 4294967295 fit; take the stream as rows")]
    TooMany(u64),
}

impl From<Fault> for ItemsError {
    fn from(_: Fault) -> Self {
        Self::Malformed
    }
}

/// The items of a list or of a batch, as slices of it. Ends behind the first error.
#[derive(Debug, Clone)]
pub struct Items<'a> {
    cursor: Cursor<'a>,
    /// For a list: how many are still to come.
    left: Option<u64>,
}

/// The items of a list.
///
/// # Errors
/// If the value is not a list.
pub fn array_items(bytes: &[u8]) -> Result<Items<'_>, ItemsError> {
    let mut cursor = Cursor::new(bytes);
    match cursor.token()? {
        Token::Array(count) => Ok(Items { cursor, left: Some(count.into()) }),
        other => Err(ItemsError::NotAList(other.kind())),
    }
}

/// The items of a batch: whole values one behind the other, validated before.
#[must_use]
pub fn batch_items(bytes: &[u8]) -> Items<'_> {
    Items { cursor: Cursor::new(bytes), left: None }
}

impl<'a> Items<'a> {
    /// Of a list: how many items are still to come.
    #[must_use]
    pub fn announced(&self) -> Option<u64> {
        self.left
    }

    /// The offset of the next item.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.cursor.at()
    }

    fn item(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.cursor.at();
        self.cursor.skip()?;
        Ok(self.cursor.since(start))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<&'a [u8], ItemsError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.left {
            Some(0) => return None,
            Some(left) => *left -= 1,
            None if self.cursor.rest().is_empty() => return None,
            None => {}
        }
        let item = self.item();
        if item.is_err() {
            *self = Self { cursor: Cursor::new(&[]), left: None };
        }
        Some(item.map_err(ItemsError::from))
    }
}

/// The head of a list of that many items: with the items behind it, it is the list.
///
/// # Errors
/// If there are more than MessagePack can count.
pub fn array_head(count: u64) -> Result<Vec<u8>, ItemsError> {
    let short = u32::try_from(count).map_err(|_| ItemsError::TooMany(count))?;
    let mut head = Encoder::default();
    head.array(short);
    Ok(head.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_head_and_its_items() {
        for count in [0_u64, 1, 15, 16, 65_535, 65_536] {
            let mut list = array_head(count).unwrap();
            list.extend((0..count).flat_map(|_| [0xa1, b'x']));
            let items: Vec<_> = array_items(&list).unwrap().map(Result::unwrap).collect();
            assert_eq!(items.len() as u64, count);
            assert!(items.iter().all(|item| *item == [0xa1, b'x']));
        }
        assert_eq!(array_head(1 << 32), Err(ItemsError::TooMany(1 << 32)));
    }

    #[test]
    fn batches_are_taken_apart() {
        let batch = [1, 0x92, 2, 0x91, 3, 0xc0, 0x81, 4, 5];
        let items: Vec<_> = batch_items(&batch).map(Result::unwrap).collect();
        assert_eq!(items, [&[1_u8][..], &[0x92, 2, 0x91, 3], &[0xc0], &[0x81, 4, 5]]);
    }

    #[test]
    fn broken_items_end_with_an_error() {
        assert_eq!(batch_items(&[1, 0x92, 2]).collect::<Vec<_>>(), [Ok(&[1_u8][..]), Err(ItemsError::Malformed)]);
        let short: Vec<_> = array_items(&[0x92, 0xa1, b'x']).unwrap().collect();
        assert_eq!(short, [Ok(&[0xa1, b'x'][..]), Err(ItemsError::Malformed)]);
        assert_eq!(array_items(&[0x93, 1]).unwrap_err(), ItemsError::Malformed);
        assert_eq!(array_items(&[0xa1, b'x']).unwrap_err(), ItemsError::NotAList("a string"));
    }
}
