//! One run: a pure state machine, and the dispatcher that names what happened, decides, and acts.

pub mod ports;
pub mod stored;
