//! Right files.
