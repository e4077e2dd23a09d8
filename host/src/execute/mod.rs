//! One run: a pure state machine, and the dispatcher that names what happened, decides, and acts.
//!
//! [`state::RunState`] is what the events of a run add up to. It is changed by [`apply`](state::RunState::apply) alone, in a live
//! run as in a replay. The [`dispatcher`] owns it: facts from outside (an attempt ended, somebody cancels) are
//! committed before they are applied; what follows from them (a step is skipped, the next one starts) is applied at
//! once and rides along with the next commit, because a replay would decide the same again.

mod condition;
pub mod dispatcher;
mod fan_out;
mod job;
pub mod ports;
pub mod queued;
pub mod requests;
pub mod rerun;
mod retry;
pub mod reuse;
pub mod state;
pub mod stored;
mod trouble;

#[cfg(test)]
mod tests;
