//! cli/mod
