//! How things look in a terminal: pure functions from data to text.

pub mod paint;
pub mod states;
pub mod table;
pub mod text;
pub mod units;
