//! observe/mod
