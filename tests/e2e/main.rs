//! stepmill as its users meet it: the real binary, real components, real files.

mod bad_input;
mod cases;
mod commands;
mod crash;
mod dev;
mod durability;
mod faults;
mod fixtures;
mod grants;
mod hostile;
mod layering;
mod memory;
mod outside;
mod purity;
mod quickstart;
mod reports;
mod rerun;
mod running;
mod sandbox;
mod serve;
mod showing;
mod storage;
mod values;

use std::process::Child;

/// What Ctrl-C does.
fn interrupt(child: &Child) {
    let process = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("the process is there");
}
