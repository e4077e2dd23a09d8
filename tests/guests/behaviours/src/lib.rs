//! One step per behaviour that the tests want to see, good and bad.

mod failures;
mod files;
mod limits;
mod purity;
mod streams;
mod values;
mod work;
