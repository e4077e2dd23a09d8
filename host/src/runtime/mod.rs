//! runtime/mod
