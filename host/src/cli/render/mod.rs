//! How things look in a terminal: pure functions from data to text.

pub mod lists;
pub mod module;
pub mod paint;
pub mod run;
pub mod states;
pub mod step;
pub mod storage;
pub mod table;
pub mod text;
pub mod units;
pub mod value;
