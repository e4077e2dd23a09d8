//! A part of a stored output for people: by path and window, as JSON, never more than a response should carry.

use serde::Serialize;
use serde_json::Value as Json;

use super::{RowsReader, StoredError, read_item, read_value};
use crate::{
    execute::ports::OutputStore,
    module::Form,
    output::OutputRef,
    value::{
        self,
        items::{ItemsError, array_items, batch_items},
        path::{PathError, ValuePath},
        select::{SelectError, select},
    },
};

/// The largest value that is decoded to show a part of it.
const MAX_READ: u64 = 64 << 20;
/// The most bytes of MessagePack that become JSON in one answer.
const MAX_SHOWN: usize = 256 << 10;
/// Elements of a window, unless said otherwise.
const LIMIT: u64 = 100;
/// The most elements of a window.
const MAX_LIMIT: u64 = 1_000;

/// Which part of an output.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    path: ValuePath,
    offset: u64,
    limit: u64,
}

impl Window {
    /// The part at a path; of a list or a stream, the elements from `offset` on.
    ///
    /// # Errors
    /// If the path is none.
    pub fn new(path: Option<&str>, offset: Option<u64>, limit: Option<u64>) -> Result<Self, PathError> {
        let path = match path.unwrap_or_default() {
            "" => ValuePath::default(),
            path if path.starts_with(['.', '[']) => path.parse()?,
            path => format!(".{path}").parse()?,
        };
        Ok(Self { path, offset: offset.unwrap_or(0), limit: limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT) })
    }
}

/// A part of an output.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Part {
    /// The value; of a list, the elements of the window. Nothing if it is too large to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// Of a list or a stream: how many elements it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Where the next window begins, if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Whether something is left out because it is too large: a path into it, or a download, shows it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub too_large: bool,
}

/// Why a part cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The output cannot be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// The path leads nowhere.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// What is stored is no MessagePack.
    #[error("the output is damaged: {0}")]
    Damaged(String),
    /// It is too large to be looked into.
    #[error("the output has {0} bytes, too many to look into it here: download it")]
    TooLarge(u64),
}

impl ViewError {
    /// Whether another request would help.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self, Self::Select(_) | Self::TooLarge(_))
    }
}

/// Reads a part of an output; of a packed one, of the element `index`.
///
/// # Errors
/// If the output is damaged or cannot be read, or has no such part.
pub fn read(
    store: &dyn OutputStore,
    output: &OutputRef,
    index: Option<u64>,
    window: &Window,
) -> Result<Part, ViewError> {
    if let Some(index) = index {
        return show(&read_item(store, output, index)?, window);
    }
    if output.form == Form::Rows && window.path.is_empty() {
        return rows(store, output, window);
    }
    if output.size > MAX_READ {
        return Err(ViewError::TooLarge(output.size));
    }
    show(&read_value(store, output, MAX_READ)?, window)
}

/// A window of a stream: only the frames that hold it are read.
fn rows(store: &dyn OutputStore, output: &OutputRef, window: &Window) -> Result<Part, ViewError> {
    let mut reader = RowsReader::open(store, output)?;
    let total = reader.total();
    let mut gathered = Gathered::default();
    if window.offset < total {
        reader.seek(window.offset)?;
        'frames: while let Some(frame) = reader.next_batch()? {
            for (item, at) in batch_items(&frame.bytes).zip(frame.first..) {
                let item = item.map_err(damaged)?;
                if at >= window.offset && !gathered.push(item, window.limit)? {
                    break 'frames;
                }
            }
        }
    }
    Ok(gathered.part(window.offset, total))
}

/// A value, or a window of a list.
fn show(bytes: &[u8], window: &Window) -> Result<Part, ViewError> {
    let part = select(bytes, &window.path)?;
    let Ok(items) = array_items(part) else {
        let too_large = part.len() > MAX_SHOWN;
        let value = if too_large { None } else { Some(json(part)?) };
        return Ok(Part { value, total: None, next: None, too_large });
    };
    let mut gathered = Gathered::default();
    let skip = usize::try_from(window.offset).unwrap_or(usize::MAX);
    let total = items.announced().unwrap_or_default();
    for item in items.skip(skip) {
        let item = item.map_err(damaged)?;
        if !gathered.push(item, window.limit)? {
            break;
        }
    }
    Ok(gathered.part(window.offset, total))
}

/// Elements on their way into an answer.
#[derive(Default)]
struct Gathered {
    elements: Vec<Json>,
    bytes: usize,
    too_large: bool,
}

impl Gathered {
    /// Takes an element; whether there is room for more. One that is too large by itself is left out.
    fn push(&mut self, element: &[u8], limit: u64) -> Result<bool, ViewError> {
        if self.elements.len() as u64 >= limit || (self.bytes + element.len() > MAX_SHOWN && !self.elements.is_empty())
        {
            return Ok(false);
        }
        self.bytes += element.len();
        if element.len() > MAX_SHOWN {
            self.too_large = true;
            self.elements.push(Json::Null);
        } else {
            self.elements.push(json(element)?);
        }
        Ok(true)
    }

    fn part(self, offset: u64, total: u64) -> Part {
        let end = offset.saturating_add(self.elements.len() as u64);
        let next = Some(end).filter(|end| *end < total);
        Part { value: Some(Json::Array(self.elements)), total: Some(total), next, too_large: self.too_large }
    }
}

fn damaged(error: ItemsError) -> ViewError {
    ViewError::Damaged(error.to_string())
}

fn json(bytes: &[u8]) -> Result<Json, ViewError> {
    value::json::to_json(bytes).map_err(|error| ViewError::Damaged(error.to_string()))
}
