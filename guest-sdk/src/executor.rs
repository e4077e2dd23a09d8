//! Runs the future of an `async fn` step.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::error::{Result, StepError};

struct Flag {
    woken: AtomicBool,
    #[cfg(not(target_family = "wasm"))]
    thread: std::thread::Thread,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        #[cfg(not(target_family = "wasm"))]
        self.thread.unpark();
    }
}

/// Polls `future` until it is ready.
///
/// # Errors
/// If it waits for something that nothing can complete.
pub fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let mut future = pin!(future);
    let flag = Arc::new(Flag {
        woken: AtomicBool::new(false),
        #[cfg(not(target_family = "wasm"))]
        thread: std::thread::current(),
    });
    let waker = Waker::from(Arc::clone(&flag));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok(output);
        }
        while !flag.woken.swap(false, Ordering::Acquire) {
            wait()?;
        }
    }
}

/// A component has one thread: if nothing woke the future while it was polled, only the host can.
#[cfg(target_family = "wasm")]
fn wait() -> Result<()> {
    #[cfg(feature = "http")]
    if crate::http::wait() {
        return Ok(());
    }
    Err(StepError::permanent("the step awaits something that nothing in its component can complete"))
}

/// Another thread may wake the future.
#[cfg(not(target_family = "wasm"))]
#[expect(clippy::unnecessary_wraps, reason = "in a component, waiting fails")]
fn wait() -> Result<(), StepError> {
    std::thread::park();
    Ok(())
}
