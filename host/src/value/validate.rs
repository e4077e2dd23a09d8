//! Checks that bytes from a guest are MessagePack before anything else looks at them.
//!
//! No recursion and no allocation by a length that the guest declares: the work is linear in the bytes that are there.

use std::collections::BTreeSet;

use super::{
    cursor::{Cursor, Fault, Token},
    file::{self, FileProblem},
    path::Segment,
};
use crate::{limits::MAX_VALUE_DEPTH, output::FileRef};

/// What [`validate`] found out about a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated {
    /// The files that it refers to, each once, sorted.
    pub files: Vec<FileRef>,
}

/// One whole item of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The files that it refers to, each once, sorted.
    pub files: Vec<FileRef>,
}

/// Why bytes are not a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {offset}{})", if path.is_empty() { String::new() } else { format!(", `{path}`") })]
pub struct ValueError {
    /// What is wrong.
    pub problem: Problem,
    /// The offset of the byte where the broken part begins.
    pub offset: usize,
    /// Where that is in the value, such as `.days[3].name`; empty for the value itself. In a batch it begins with
    /// the item's index.
    pub path: String,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A length or count goes past the end, or nothing is there at all.
    #[error("the data ends in the middle of a value, or a length is wrong")]
    Truncated,
    /// MessagePack gives the byte 0xc1 no meaning.
    #[error("the byte 0xc1 is not MessagePack")]
    Reserved,
    /// A string has other bytes in it.
    #[error("a string is not UTF-8; bytes are written as bin")]
    Utf8,
    /// Lists and maps in lists and maps.
    #[error("lists and maps are nested deeper than {MAX_VALUE_DEPTH} levels")]
    Depth,
    /// Something stands behind the value.
    #[error("{0} bytes follow behind the end of the value")]
    Trailing(usize),
    /// A `$file` that is none.
    #[error(transparent)]
    File(#[from] FileProblem),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Truncated => Self::Truncated,
            Fault::Reserved => Self::Reserved,
        }
    }
}

/// Checks that the bytes are exactly one MessagePack value, and finds the files that it refers to.
///
/// Duplicate keys, keys that are not strings, NaN and extension types are allowed.
///
/// # Errors
/// If they are not, with the place of the first mistake.
pub fn validate(bytes: &[u8]) -> Result<Validated, ValueError> {
    let mut cursor = Cursor::new(bytes);
    let mut files = BTreeSet::new();
    Scanner::new().value(&mut cursor, &mut files).map_err(|found| found.locate(bytes))?;
    match cursor.rest().len() {
        0 => Ok(Validated { files: files.into_iter().collect() }),
        more => Err(ValueError { problem: Problem::Trailing(more), offset: cursor.at(), path: String::new() }),
    }
}

/// Checks a batch: whole values one behind the other. The iterator ends behind the first error.
#[must_use]
pub fn validate_items(bytes: &[u8]) -> ValidItems<'_> {
    ValidItems { bytes, cursor: Cursor::new(bytes), scanner: Scanner::new(), index: 0 }
}

/// The items of a batch; see [`validate_items`].
#[derive(Debug)]
pub struct ValidItems<'a> {
    bytes: &'a [u8],
    cursor: Cursor<'a>,
    scanner: Scanner,
    index: u64,
}

impl<'a> Iterator for ValidItems<'a> {
    type Item = Result<Item<'a>, ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.cursor.at();
        if start == self.bytes.len() {
            return None;
        }
        let mut files = BTreeSet::new();
        if let Err(found) = self.scanner.value(&mut self.cursor, &mut files) {
            let found = Found { offset: found.offset - start, ..found };
            let ValueError { problem, offset, path } = found.locate(&self.bytes[start..]);
            self.cursor = Cursor::new(&[]);
            self.bytes = &[];
            return Some(Err(ValueError { problem, offset: start + offset, path: format!("[{}]{path}", self.index) }));
        }
        self.index += 1;
        Some(Ok(Item { bytes: self.cursor.since(start), files: files.into_iter().collect() }))
    }
}

/// The one loop of the validator, with room for the deepest value.
#[derive(Debug)]
struct Scanner {
    /// For each list and map around the current one: how many values it still lacks.
    outer: [u64; MAX_VALUE_DEPTH],
}

/// A mistake whose place is still only an offset.
struct Found {
    problem: Problem,
    offset: usize,
}

impl Scanner {
    fn new() -> Self {
        Self { outer: [0; MAX_VALUE_DEPTH] }
    }

    /// Reads one value. `left` counts what the innermost list or map still lacks.
    fn value(&mut self, cursor: &mut Cursor<'_>, files: &mut BTreeSet<FileRef>) -> Result<(), Found> {
        let mut depth = 0;
        let mut left = 1_u64;
        loop {
            while left == 0 {
                if depth == 0 {
                    return Ok(());
                }
                depth -= 1;
                left = self.outer[depth];
            }
            left -= 1;
            let offset = cursor.at();
            let fail = |problem| Found { problem, offset };
            let token = cursor.token().map_err(|fault| fail(fault.into()))?;
            match token {
                Token::Str(text) => {
                    std::str::from_utf8(text).map_err(|_| fail(Problem::Utf8))?;
                }
                Token::Array(_) | Token::Map(_) => {
                    let outer = self.outer.get_mut(depth).ok_or_else(|| fail(Problem::Depth))?;
                    if token == Token::Map(1) && file::enter(cursor) {
                        files.insert(read_file(cursor, depth)?);
                        continue;
                    }
                    *outer = left;
                    depth += 1;
                    left = token.children();
                    left -= cursor.skip_single_bytes(left);
                }
                Token::Bin(_) | Token::Ext(..) | Token::F32(_) | Token::F64(_) => {}
                Token::Nil | Token::Bool(_) | Token::UInt(_) | Token::Negative(_) => {
                    left -= cursor.skip_single_bytes(left);
                }
            }
        }
    }
}

/// Reads what stands behind `$file`, in a map that has `depth` lists and maps around it.
fn read_file(cursor: &mut Cursor<'_>, depth: usize) -> Result<FileRef, Found> {
    let offset = cursor.at();
    if depth + 2 > MAX_VALUE_DEPTH {
        return Err(Found { problem: Problem::Depth, offset });
    }
    file::parse(cursor).map_err(|problem| Found { problem: problem.into(), offset })
}

impl Found {
    /// Walks once more to the mistake, to say where it is. Only a failure pays for this.
    fn locate(self, bytes: &[u8]) -> ValueError {
        let path = path_of(bytes, self.offset);
        ValueError { problem: self.problem, offset: self.offset, path }
    }
}

/// A list or map around the place that is looked for.
struct Level<'a> {
    map: bool,
    left: u64,
    /// The values passed in it.
    passed: u64,
    /// Of a map: the key passed last.
    key: Option<Token<'a>>,
}

impl<'a> Level<'a> {
    fn pass(&mut self, token: Token<'a>) {
        self.left -= 1;
        self.passed += 1;
        self.key = Some(token);
    }

    fn segment(&self) -> String {
        match self.key {
            _ if !self.map => Segment::Index(self.passed).to_string(),
            // Between two entries: the place is a key itself.
            _ if self.passed.is_multiple_of(2) => String::new(),
            Some(Token::Str(key)) => {
                let text = String::from_utf8_lossy(key);
                Segment::Key(text.chars().take(64).collect()).to_string()
            }
            Some(Token::UInt(key)) => format!("{{{key}}}"),
            Some(Token::Negative(key)) => format!("{{{key}}}"),
            key => format!("{{{}}}", key.map_or("", |token| token.kind())),
        }
    }
}

fn path_of(bytes: &[u8], offset: usize) -> String {
    let mut cursor = Cursor::new(bytes);
    let mut levels: Vec<Level<'_>> = Vec::new();
    loop {
        while levels.last().is_some_and(|level| level.left == 0) {
            let closed = levels.pop();
            if let (Some(outer), Some(closed)) = (levels.last_mut(), closed) {
                outer.pass(if closed.map { Token::Map(0) } else { Token::Array(0) });
            }
        }
        if cursor.at() >= offset {
            break;
        }
        match cursor.token() {
            Ok(token @ (Token::Array(_) | Token::Map(_))) => {
                let map = matches!(token, Token::Map(_));
                levels.push(Level { map, left: token.children(), passed: 0, key: None });
            }
            Ok(token) => {
                let Some(level) = levels.last_mut() else { break };
                level.pass(token);
            }
            Err(_) => break,
        }
    }
    levels.iter().map(Level::segment).collect()
}

#[cfg(test)]
mod tests;
