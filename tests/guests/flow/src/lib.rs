//! Tiny steps that the case folders are composed of. What matters in a case is its pipeline, so a step does one thing
//! that its name says.

mod failing;
mod lasting;
mod values;
