//! MessagePack values: the only data that steps exchange. Everything here treats the bytes as hostile.

pub(crate) mod cursor;
pub(crate) mod encode;
pub mod file;
pub mod items;
pub mod json;
pub mod path;
pub mod select;
pub mod validate;

#[cfg(test)]
mod testing;
