//! persist/mod
pub mod outputs;
