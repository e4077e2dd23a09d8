//! When runs start: triggers wait for times, files and whatever else a program registers, and offer events to a sink.
//!
//! Nothing here stores or starts anything. The [`EventSink`] decides, durably, what becomes of an event; every event has
//! a key, and the sink answers [`Offer::Duplicate`] to one that it has had. So a trigger may offer an event again, after
//! a crash or when its clock was set back, and still start one run.

mod clock;
mod due;
mod factory;
pub mod file;
pub mod finished;
mod ports;
mod scheduled;
#[cfg(test)]
mod tests;
mod times;
pub mod webhook;

pub use clock::SystemClock;
pub use factory::Factories;
pub use ports::{
    Clock, Context, EventSink, Offer, Payload, SinkError, Trigger, TriggerError, TriggerEvent, TriggerFactory,
};
pub use times::preview;
