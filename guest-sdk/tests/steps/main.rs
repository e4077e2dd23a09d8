//! Steps of every signature, called natively through the whole boundary.

mod async_steps;
mod context;
mod derives;
mod describe;
mod errors;
mod files;
mod parameters;
mod streams;
mod ui;

mod values;
