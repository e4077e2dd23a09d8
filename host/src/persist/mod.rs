//! persist/mod
