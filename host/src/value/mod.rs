//! MessagePack values: the only data that steps exchange. Everything here treats the bytes as hostile.

pub mod json;
pub mod path;
