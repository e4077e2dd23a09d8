//! dto/mod
