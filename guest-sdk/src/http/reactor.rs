//! Waits for whatever tasks of this component wait for.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use wasip2::io::poll::{Pollable, poll};

thread_local! {
    static WAITING: RefCell<Vec<(Rc<Pollable>, Waker)>> = const { RefCell::new(Vec::new()) };
}

/// A pollable that somebody waits for. What it came from cannot be dropped before it is, so nothing of it may stay behind.
struct Waited(Rc<Pollable>);

impl Drop for Waited {
    fn drop(&mut self) {
        WAITING.with_borrow_mut(|waiting| waiting.retain(|(pollable, _)| !Rc::ptr_eq(pollable, &self.0)));
    }
}

/// Ends when it is ready.
pub(super) async fn ready(pollable: Pollable) {
    let waited = Waited(Rc::new(pollable));
    poll_fn(|cx| {
        if waited.0.ready() {
            return Poll::Ready(());
        }
        WAITING.with_borrow_mut(|waiting| waiting.push((Rc::clone(&waited.0), cx.waker().clone())));
        Poll::Pending
    })
    .await;
}

/// Waits until one of them is ready and wakes its task; whether anybody waits at all.
pub(crate) fn wait() -> bool {
    WAITING.with_borrow_mut(|waiting| {
        if waiting.is_empty() {
            return false;
        }
        let pollables: Vec<&Pollable> = waiting.iter().map(|(pollable, _)| &**pollable).collect();
        let ready = poll(&pollables);
        let mut index = 0;
        waiting.retain(|(_, waker)| {
            let is_ready = ready.contains(&index);
            index += 1;
            if is_ready {
                waker.wake_by_ref();
            }
            !is_ready
        });
        true
    })
}
